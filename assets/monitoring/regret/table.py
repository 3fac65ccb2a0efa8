"""The regret ledger: every decision about an order line against hindsight, in money with low and high bounds.

The value of a decision is what its units spared against the alternative: lost sales, holding, freight, price. Regret is
what the alternative would have spared. Both have two bounds because demand is censored; other decisions are taken as
they were. Pure. Not here: which decisions (``decisions``), what is known (``hindsight``), or sums by
reason, release, person or site (``grades``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from enum import StrEnum
from typing import Any

import pandas as pd

from assets.kernel.calendar import PlanCalendar
from assets.kernel.frames.monitoring import REGRET
from assets.monitoring.regret.decisions import Units
from assets.monitoring.regret.hindsight import Hindsight, Seen
from assets.monitoring.regret.value import Worth, bounds_of_worth
from assets.monitoring.regret.windows import Judged, Prices, Window


class Finding(StrEnum):
    """What hindsight says of a decision.

    ``borne_out``: it was worth no less than the alternative, whatever demand was hidden. ``refuted``: it was worth
    less, whatever was hidden. ``open``: that depends on the demand that nobody saw.
    """

    BORNE_OUT = "borne_out"
    REFUTED = "refuted"
    OPEN = "open"


def regret_table(lines: Iterable[Judged], known: Hindsight, calendar: PlanCalendar, plan_date: dt.date) -> pd.DataFrame:
    """Return ``REGRET`` of some decided lines.

    Parameters
    ----------
    lines : iterable of Judged
        Whose windows are over.
    known : Hindsight
        Sales and stock of their items, over their windows.
    calendar : PlanCalendar
        Bucket grid.
    plan_date : date
        Plan that looks back.
    """
    rows = [_row(one, known, calendar) for one in lines]
    return REGRET.conform(pd.DataFrame(rows).assign(plan_date=pd.Timestamp(plan_date))) if rows else REGRET.empty()


def finding_of(low: float, high: float) -> Finding:
    """Return what hindsight says of a decision that was worth between two amounts.

    >>> finding_of(0.0, 1.0).value, finding_of(-2.0, -1.0).value, finding_of(-1.0, 1.0).value
    ('borne_out', 'refuted', 'open')
    """
    if low >= 0:
        return Finding.BORNE_OUT
    return Finding.REFUTED if high < 0 else Finding.OPEN


def _row(one: Judged, known: Hindsight, calendar: PlanCalendar) -> dict[str, Any]:
    line, document = one.line, one.line.document
    ours, theirs = line.decided.times(line.arrived_share), line.alternative.times(line.arrived_share)
    seen = known.of(one.destination)
    least, most = _worth(one, known, seen, ours.units - theirs.units, calendar)
    freight, price = ours.freight_amount - theirs.freight_amount, _premium(one, ours) - _premium(one, theirs)
    low, high = (round(worth.total - freight - price, 4) for worth in (least, most))
    return {
        "order_id": document.order_id, "line_number": line.line.line_number, "event_version": line.event_version,
        "decision": line.kind.value, "reason": line.reason, "policy_release": line.policy_release,
        "decided_for": pd.Timestamp(document.plan_date), "kind": document.kind, "item_id": line.line.item_id,
        "origin_id": document.origin_id, "destination_id": document.destination_id,
        "decided_units": ours.units, "alternative_units": theirs.units, "arrival_is_told": line.is_told,
        "window_start": pd.Timestamp(one.destination.start), "window_end": pd.Timestamp(one.destination.end),
        "demand_low_units": float(seen.low.sum()), "demand_high_units": float(seen.high.sum()),
        "supply_units": seen.supply,
        "shortage_low_amount": least.shortage, "shortage_high_amount": most.shortage,
        "holding_low_amount": least.holding, "holding_high_amount": most.holding,
        "freight_amount": freight, "price_amount": price, "value_low_amount": low, "value_high_amount": high,
        "regret_low_amount": max(0.0, -high), "regret_high_amount": max(0.0, -low),
        "hindsight": finding_of(low, high).value,
    }  # fmt: skip


def _worth(one: Judged, known: Hindsight, seen: Seen, more: float, calendar: PlanCalendar) -> tuple[Worth, Worth]:
    """Return the least and the most that units beyond the alternative's spared, where they came and where they left."""
    at = _prices(one, known, one.destination)
    least, most = bounds_of_worth(seen.supply, seen.supply - more, seen.low, seen.high, at.shortage, at.holding)
    if one.origin is None:
        return least, most
    there, at = known.of(one.origin), _prices(one, known, one.origin)
    left = bounds_of_worth(there.supply, there.supply + more, there.low, there.high, at.shortage, at.holding)
    days = (one.line.line.arrival_date - one.line.departure_date).days
    on_its_way = Worth(holding=-at.holding * more * max(days, 0) / calendar.bucket.days)
    return least + left[0] + on_its_way, most + left[1] + on_its_way


def _prices(one: Judged, known: Hindsight, window: Window) -> Prices:
    """Return what a lost unit costs where it would have sold, and a held one where it lies."""
    given = one.terms.prices
    lost = sum(
        share * given.get((window.item_id, site), Prices()).shortage
        for site, share in sorted(known.share_of_demand(window).items())
    )
    return Prices(lost, given.get((window.item_id, window.sites[0]), Prices()).holding)


def _premium(one: Judged, units: Units) -> float:
    """Return what bought units cost beyond the least price; 0 for what a site sends."""
    least = one.terms.replacement.get((one.line.line.item_id, one.line.document.destination_id))
    return 0.0 if one.origin is not None or least is None else units.value_amount - least * units.units
