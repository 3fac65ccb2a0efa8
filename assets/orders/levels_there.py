"""The levels that stand in ERPs before a plan.

The port ``LevelsThere`` and its two implementations: the ledger's, and one that was told, for a replay. Not here:
which levels a plan wants (``wanted_levels``), or the documents (``level_documents``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

import pandas as pd

from assets.kernel.frames.decisions import LEVELS_THERE
from assets.orders.events import PARAMETERS, Channel, Document, OrderLine
from assets.orders.levels import taken
from assets.orders.order import Order
from assets.orders.receipts import Answer
from assets.orders.store import OrderFilter, OrderStore


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
        """Return LEVELS_THERE: the last acknowledged before the date, and what left on it, whatever became of it."""
        wanted = OrderFilter(network=self.network, channel=Channel.LIVE, kind=PARAMETERS)
        return levels_there(self.store.orders(wanted), plan_date)


def levels_there(orders: Iterable[Order], plan_date: dt.date) -> pd.DataFrame:
    """Return LEVELS_THERE of a plan date.

    Parameters
    ----------
    orders : iterable of Order
        Of kind ``parameters``, in any order; those of later dates are left out.
    plan_date : date
        What was acknowledged on it counts for later dates only, so that planning it twice wants the same.
    """
    found: dict[tuple[str, str, bool], dict[str, object]] = {}
    for order in sorted(orders, key=lambda one: (one.document.plan_date, one.order_id)):
        document, today = order.standing, order.document.plan_date == plan_date
        if order.document.plan_date > plan_date:
            continue
        for line in _left(order) if today else _acknowledged(order):
            found[document.destination_id, line.item_id, today] = _row(line, document, plan_date, today)
    rows = [found[key] for key in sorted(found)]
    return LEVELS_THERE.conform(pd.DataFrame(rows)) if rows else LEVELS_THERE.empty()


def _acknowledged(order: Order) -> tuple[OrderLine, ...]:
    receipt = order.receipt
    if receipt is None or receipt.answer not in (Answer.ACCEPTED, Answer.CLOSED):
        return ()
    return taken(order.standing, receipt)


def _left(order: Order) -> tuple[OrderLine, ...]:
    """Return the lines of an order that left, or are about to; nothing where the other side refused them."""
    if order.former is not None:
        return order.former.document.lines
    gone = order.receipt is not None and order.receipt.answer in (Answer.REFUSED, Answer.CANCELLED)
    return () if order.delivery is None or gone else order.document.lines


def _row(line: OrderLine, document: Document, plan_date: dt.date, today: bool) -> dict[str, object]:
    levels = line.levels
    assert levels is not None, "lines of a document of this kind have levels"
    return {
        "plan_date": pd.Timestamp(plan_date),
        "site_id": document.destination_id,
        "item_id": line.item_id,
        "of_this_date": today,
        "order_id": document.order_id,
        "receipt_kind": line.mode,
        "source_id": levels.source_id,
        "reorder_point_units": levels.reorder_point_units,
        "minimum_units": levels.minimum_units,
        "maximum_units": levels.maximum_units,
        "service_measure": levels.service_measure,
        "promised_service": float(levels.promised_service),
        "is_withdrawn": levels.is_withdrawn,
    }
