"""From a plan's lines to order documents: one per kind, origin and destination.

Pure: the same lines and evidence give the same documents, whatever the order of rows. Not
here: documents that hand levels over (``level_documents``), what the ledger makes of documents
(``record``), or how they were decided (``rebalancing``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal

import pandas as pd

from assets.kernel.calendar import AsKnown, PlanCalendar
from assets.kernel.errors import EquipoiseError
from assets.kernel.frames.decisions import PLAN_LINES
from assets.kernel.frames.schema import MONEY_DECIMALS
from assets.kernel.identifiers import digest
from assets.orders.events import PARAMETERS, Channel, Document, Levels, OrderBook, OrderLine, Provenance
from assets.orders.evidence import Evidence

PREFIXES: Mapping[str, str] = {"transfer": "T", "purchase": "P", "expedite": "E", PARAMETERS: "L"}
ID_DIGITS = 12
LIVE = Channel.LIVE
"""Channel of the documents that may leave."""
_ENDS = ["kind", "origin_id", "destination_id"]


def channel_of(
    plan_date: dt.date,
    today: dt.date,
    calendar: PlanCalendar,
    *,
    as_known: AsKnown = AsKnown.THEN,
    dispatch_days: int,
) -> Channel:
    """Return the channel of a plan.

    Parameters
    ----------
    plan_date : date
        Plan in question.
    today : date
        What the network's clock says.
    calendar : PlanCalendar
        The network's buckets.
    as_known : AsKnown
        A plan with hindsight never leaves.
    dispatch_days : int
        Length of the dispatch window from the plan date, in days: a weekly plan decided on
        Monday's stock is not sent on Thursday.

    Returns
    -------
    Channel
        ``live`` only for the plan date of the bucket that holds ``today``, inside its window.
    """
    current = calendar.start_of_bucket(today) == plan_date
    in_window = (today - plan_date).days < dispatch_days
    return Channel.LIVE if current and in_window and as_known is AsKnown.THEN else Channel.BACKFILL


def order_id(
    network: str, plan_date: dt.date, kind: str, origin_id: str, destination_id: str, channel: Channel, apart: str = ""
) -> str:
    """Return the id of a document: a readable prefix and a digest of what the document means.

    ``apart`` keeps documents apart whose ends and channel are the same: of several shadows, or what undoes an order.

    >>> order_id("demo", dt.date(2026, 1, 5), "transfer", "DC1", "S1", channel=Channel.LIVE)[:2]
    'T-'
    """
    if kind not in PREFIXES:
        raise EquipoiseError(
            f"kind {kind!r} is not a kind of order", where="plan lines", remedy=f"Use {', '.join(PREFIXES)}"
        )
    meaning = digest(
        network, plan_date.isoformat(), kind, origin_id, destination_id, channel.value, *([apart] if apart else [])
    )
    return f"{PREFIXES[kind]}-{meaning[:ID_DIGITS]}"


def compose(
    plan_lines: pd.DataFrame,
    *,
    network: str,
    plan_date: dt.date,
    channel: Channel,
    evidence: Evidence,
    run_id: str,
) -> OrderBook:
    """Return the documents of a plan.

    Parameters
    ----------
    plan_lines : DataFrame
        Frame ``plan_lines`` of one plan date; quantities in base units, money in the currency.
    evidence : Evidence
        What the plan was made from.
    run_id : str
        Run that composes; part of the provenance, not of any digest.

    Notes
    -----
    Documents of channel shadow have their release in the id, so that several shadows do not meet.

    Raises
    ------
    EquipoiseError
        If a line belongs to another plan date or has an unknown kind.
    """
    lines = PLAN_LINES.conform(plan_lines)
    strangers = lines.loc[lines["plan_date"] != pd.Timestamp(plan_date), "plan_date"]
    if len(strangers):
        raise EquipoiseError(
            f"{len(strangers)} lines belong to {strangers.iloc[0].date()}",
            where=f"plan lines of {plan_date}",
            remedy="Compose one plan date at a time",
        )
    keys: list[tuple[str, str, str]] = list(lines[_ENDS].itertuples(index=False, name=None))
    release = evidence.policy_release if channel is Channel.SHADOW else ""
    ids = {key: order_id(network, plan_date, *key, channel=channel, apart=release) for key in sorted(set(keys))}
    lines["order_id"] = [ids[key] for key in keys]
    made_by = evidence.behind(lines, run_id)
    groups = dict(list(lines.groupby("order_id")))
    documents = [
        _document((network, plan_date, channel, *key), name, _lines(groups[name]), made_by[name])
        for key, name in ids.items()
    ]
    return OrderBook(network, plan_date, channel, tuple(sorted(documents, key=lambda d: d.order_id)), run_id, release)


def content_digest(lines: Sequence[OrderLine]) -> str:
    """Return the digest of what the receiver of a document acts on.

    Reasons, gains and freight explain a line and do not count: a document whose quantities,
    dates and values stand is not announced again.
    """
    return digest(
        [
            (
                line.item_id, line.mode, line.quantity_units, line.departure_date.isoformat(),
                line.arrival_date.isoformat(), str(line.value_amount), *_level_facts(line.levels),
            )
            for line in lines
        ]
    )  # fmt: skip


def _level_facts(levels: Levels | None) -> tuple[object, ...]:
    """Return what a receiver acts on of levels; what they promise, and what stood there before, explains them."""
    if levels is None:
        return ()
    return (
        levels.reorder_point_units, levels.minimum_units, levels.maximum_units, levels.source_id, levels.is_withdrawn,
    )  # fmt: skip


def _document(
    identity: tuple[str, dt.date, Channel, str, str, str],
    name: str,
    lines: tuple[OrderLine, ...],
    made_by: Provenance,
) -> Document:
    return Document(name, *identity, _reason(lines), content_digest(lines), lines, made_by)


def _lines(group: pd.DataFrame) -> tuple[OrderLine, ...]:
    rows = group.sort_values(["item_id", "mode"], kind="stable").to_dict("records")
    return tuple(
        OrderLine(
            line_number=number,
            item_id=row["item_id"],
            mode=row["mode"],
            quantity_units=int(row["quantity_units"]),
            departure_date=row["departure_date"].date(),
            arrival_date=row["arrival_date"].date(),
            value_amount=_decimal(row["line_amount"]),
            transport_amount=_decimal(row["transport_amount"]),
            gain_amount=_decimal(row["gain_amount"]),
            reason=row["reason"],
            binding_constraints=row["binding_constraints"],
        )
        for number, row in enumerate(rows, 1)
    )


def _decimal(amount: float) -> Decimal:
    # Adding zero turns -0.0 into 0, so that equal amounts have equal text.
    return Decimal(f"{amount + 0.0:.{MONEY_DECIMALS}f}") + 0


def _reason(lines: Sequence[OrderLine]) -> str:
    best = min(lines, key=lambda line: (-line.gain_amount, line.line_number))
    if len(lines) == 1:
        return best.reason
    return f"{len(lines)} lines; the most valuable is {best.item_id}: {best.reason}"
