"""The levels that stand in ERPs before a plan.

The port ``LevelsThere`` and its two implementations: the ledger's, and one that was told, for a replay. Not here:
which levels a plan wants (``wanted_levels``), or the documents (``level_documents``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

import pandas as pd

from assets.kernel.errors import EquipoiseError
from assets.kernel.frames.decisions import LEVELS_THERE
from assets.orders.events import PARAMETERS, Channel, Document, OrderLine
from assets.orders.levels import Word, words_on, words_taken_back
from assets.orders.order import Order
from assets.orders.receipts import Answer
from assets.orders.store import OrderFilter, OrderStore

_KEY = ["site_id", "item_id"]
_TAKEN_BACK = frozenset({Answer.CANCELLED, Answer.REFUSED})
_APPROVED = {"approved_reorder_point_units": "reorder_point_units", "approved_maximum_units": "maximum_units"}


class LevelsThere(Protocol):
    """The levels that stand in ERPs."""

    def of(self, plan_date: dt.date) -> pd.DataFrame:
        """Return LEVELS_THERE of a plan date."""
        ...


@dataclass(frozen=True)
class TheseLevels:
    """Levels that somebody tells.

    Attributes
    ----------
    table : DataFrame
        LEVELS_THERE.
    """

    table: pd.DataFrame

    def of(self, plan_date: dt.date) -> pd.DataFrame:
        """Return the rows of a plan date."""
        return self.table.loc[self.table["plan_date"] == pd.Timestamp(plan_date)].reset_index(drop=True)


@dataclass(frozen=True)
class LedgerLevels:
    """Levels by what ERPs acknowledged of the ledger's live documents."""

    store: OrderStore
    network: str

    def of(self, plan_date: dt.date) -> pd.DataFrame:
        """Return LEVELS_THERE: what stands by documents of earlier dates, and what left on the date itself."""
        wanted = OrderFilter(network=self.network, channel=Channel.LIVE, kind=PARAMETERS)
        return levels_there(self.store.orders(wanted), plan_date)


def require_still(read: pd.DataFrame, now: pd.DataFrame, plan_date: dt.date) -> None:
    """Raise if lines of the plan date left after LEVELS_THERE was read: a revision would leave them behind there."""
    sent = [set(table.loc[table["of_this_date"].astype(bool), _KEY].itertuples(index=False, name=None))
            for table in (read, now)]  # fmt: skip
    if late := sorted(sent[1] - sent[0]):
        raise EquipoiseError(
            f"levels of {len(late)} item-sites left while the date was planned, first {' '.join(late[0])}",
            where=f"levels of {plan_date}", remedy=f"Run `equipoise plan --date {plan_date}` again",
        )  # fmt: skip


def levels_there(orders: Iterable[Order], plan_date: dt.date) -> pd.DataFrame:
    """Return LEVELS_THERE of a plan date.

    An ERP orders by levels of ours from its word that it goes by them until its word that it goes by a withdrawal;
    silence, refusals and documents that nobody can read change nothing of that.

    Parameters
    ----------
    orders : iterable of Order
        Of kind ``parameters``, in any order; those of later dates are left out.
    plan_date : date
        What was acknowledged on it counts for later dates only, so that planning it twice wants the same.
    """
    stand: dict[tuple[str, str], dict[str, object]] = {}
    today: dict[tuple[str, str], dict[str, object]] = {}
    for order in sorted(orders, key=lambda one: (one.document.plan_date, one.order_id)):
        site = order.document.destination_id
        if order.document.plan_date == plan_date:
            told = order.standing
            today |= {(site, line.item_id): _row(line, told, True) for line in _left(order)}
        elif order.document.plan_date < plan_date:
            for document, line, word in _said(order):
                _heard(stand, document, line, word, approved=_by_a_person(order))
    rows = [table[key] for key in sorted({*stand, *today}) for table in (stand, today) if key in table]
    return LEVELS_THERE.conform(pd.DataFrame(rows).assign(plan_date=pd.Timestamp(plan_date))) if rows else (
        LEVELS_THERE.empty()
    )  # fmt: skip


def standing_documents(orders: Iterable[Order]) -> frozenset[str]:
    """Return the documents by which levels stand, or may stand, in an ERP: no later one has replaced all of them."""
    known = levels_there(orders, dt.date.max)
    stand = known["erp_orders"].astype(bool) | ~known["is_certain"].astype(bool)
    return frozenset(known.loc[stand, "order_id"])


def _said(order: Order) -> Iterator[tuple[Document, OrderLine, Word | None]]:
    """Return lines that the other side may have, and its word on each; ``None`` where it surely took that back."""
    receipt, standing = order.receipt, order.standing
    if receipt is not None and receipt.answer in (Answer.ACCEPTED, Answer.CLOSED):
        yield from ((standing, *said) for said in words_on(standing, receipt))
        if order.former is not None and _may_have_arrived(order):
            yield from ((order.document, line, Word.UNSAID) for line in order.document.lines)
    elif receipt is not None and receipt.answer in _TAKEN_BACK:
        yield from ((standing, *said) for said in words_taken_back(standing, receipt))
    elif receipt is None or receipt.answer is Answer.PENDING:
        may = receipt is not None or _may_have_arrived(order)
        yield from ((order.document, line, Word.UNSAID) for line in order.document.lines if may)


def _may_have_arrived(order: Order) -> bool:
    delivery = order.delivery
    return order.amendment_in_hand or (delivery is not None and delivery.may_have_arrived)


def _by_a_person(order: Order) -> bool:
    """Tell whether people approved what the other side answered: an amendment's approval is not its former's."""
    answered = order.receipt is not None and order.receipt.revision >= order.revision and order.former is None
    return answered and order.approval is not None and bool(order.approval.given)


def _heard(
    stand: dict[tuple[str, str], dict[str, object]],
    document: Document,
    line: OrderLine,
    word: Word | None,
    *,
    approved: bool,
) -> None:
    """Change what stands at an item-site by the word on one line of a document."""
    key = (document.destination_id, line.item_id)
    before = stand.get(key)
    if word is Word.REFUSED or (word is None and before is None):
        return
    if word is None and before is not None:
        stand[key] = {**before, "is_certain": False}
        return
    row, withdraws = _row(line, document, False), line.levels is not None and line.levels.is_withdrawn
    known = {name: before[name] if before else None for name in _APPROVED}
    if word is Word.TAKEN:
        here = {name: row[level] for name, level in _APPROVED.items()}
        known = dict.fromkeys(known) if withdraws else here if approved or None in known.values() else known
        stand[key] = {**row, **known, "erp_orders": not withdraws, "is_certain": True}
    elif withdraws and before is not None:
        # It was not, or not surely, withdrawn: what stood may stand.
        stand[key] = {**before, "is_certain": False}
    else:
        orders = word is Word.OTHERWISE or bool(before and before["erp_orders"])
        stand[key] = {**row, **known, "erp_orders": orders, "is_certain": False}


def _left(order: Order) -> tuple[OrderLine, ...]:
    """Return the lines of an order that left, or are about to; not those that the other side surely does not go by."""
    if order.former is not None:
        return order.former.document.lines
    if order.delivery is None:
        return ()
    if order.receipt is None or order.receipt.answer not in _TAKEN_BACK:
        return order.document.lines
    words = words_taken_back(order.document, order.receipt)
    return tuple(line for line, word in words if word not in (None, Word.REFUSED))


def _row(line: OrderLine, document: Document, today: bool) -> dict[str, object]:
    levels = line.levels
    assert levels is not None, "lines of a document of this kind have levels"
    return {
        "site_id": document.destination_id,
        "item_id": line.item_id,
        "of_this_date": today,
        "erp_orders": False,
        "is_certain": False,
        "order_id": document.order_id,
        "receipt_kind": line.mode,
        "source_id": levels.source_id,
        "reorder_point_units": levels.reorder_point_units,
        "minimum_units": levels.minimum_units,
        "maximum_units": levels.maximum_units,
        "service_measure": levels.service_measure,
        "promised_service": float(levels.promised_service),
        "is_withdrawn": levels.is_withdrawn,
        **dict.fromkeys(_APPROVED),
    }
