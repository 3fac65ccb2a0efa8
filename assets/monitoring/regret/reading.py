"""Reads the decisions whose outcome became known between two plan dates, and what is known of their outcome.

A decision is told once: by the first plan date on which its windows are over. Not here: judging (``table``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import pandas as pd
import pyarrow.compute as pc

from assets.forecasting.history.index import KEY
from assets.kernel.calendar import PlanCalendar
from assets.kernel.frames import Frame
from assets.kernel.frames.decisions import PLAN_LINES, PROTECTION_DEMAND, TARGETS
from assets.kernel.frames.forecasts import DEMAND_ESTIMATE
from assets.kernel.frames.marts import DIM_SOURCING, FCT_DEMAND, FCT_INVENTORY_POSITION
from assets.kernel.frames.monitoring import REGRET
from assets.kernel.network import NetworkProfile
from assets.kernel.published import Published
from assets.monitoring.earlier_forecasts import earlier
from assets.monitoring.forecast_outcomes import standing_demand
from assets.monitoring.regret.decisions import decisions_of
from assets.monitoring.regret.hindsight import Hindsight, demand_bounds, hindsight
from assets.monitoring.regret.table import regret_table
from assets.monitoring.regret.windows import Judged, PlanTerms, judged
from assets.orders.events import Channel
from assets.orders.order import Order, OrderStatus
from assets.orders.store import OrderFilter, OrderStore

LOOK_BACK = 91
"""Plan dates whose decisions are looked at: lead time and protection interval together are shorter."""

_TARGETS = (
    *KEY, "source_id", "lead_time_mean_days", "protection_buckets", "shortage_cost_per_unit",
    "holding_cost_per_unit_bucket",
)  # fmt: skip
_PROTECTION = (*KEY, "first_bucket", "last_bucket")
_DEMAND = (*KEY, "bucket_start", "demand_lower_bound_units", "is_censored", "available_at", "batch_id")
_ESTIMATE = (*KEY, "bucket_start", "sold_units", "is_censored", "estimated_units", "estimated_std_units")
_STOCK = (*KEY, "on_hand_units", "in_transit_units")
_SOURCING = (*KEY, "unit_cost")


@dataclass(frozen=True)
class RegretDay:
    """A plan date that looks back, and where it looks.

    Attributes
    ----------
    published : Published
        Tables of the network.
    orders : OrderStore
        The ledger.
    profile : NetworkProfile
        The network.
    plan_date : date
        Until then outcomes are known.
    """

    published: Published
    orders: OrderStore
    profile: NetworkProfile
    plan_date: dt.date

    @property
    def calendar(self) -> PlanCalendar:
        """The network's bucket grid."""
        return self.profile.calendar


def regret_of(day: RegretDay) -> pd.DataFrame:
    """Return ``REGRET`` of a plan date: live decisions whose outcome became known since the plan date before."""
    lines = [one for date in _origins(day) for one in _known_lines(day, date)]
    return regret_table(lines, _known(day, lines), day.calendar, day.plan_date) if lines else REGRET.empty()


def _since(day: RegretDay) -> dt.date:
    """Return the plan date before, by which earlier outcomes were told."""
    return max(earlier(day.published, REGRET, day.plan_date, LOOK_BACK), default=dt.date.min)


def _origins(day: RegretDay) -> Iterator[dt.date]:
    """Yield plan dates some of whose decisions can have become known."""
    since = _since(day)
    for date in earlier(day.published, TARGETS, day.plan_date, LOOK_BACK):
        arrivals = _part(day.published, PLAN_LINES, date, ("arrival_date",))["arrival_date"]
        lasts = _part(day.published, PROTECTION_DEMAND, date, ("last_bucket",))["last_bucket"]
        protected = _part(day.published, TARGETS, date, ("protection_buckets",))["protection_buckets"]
        buckets = max(lasts.max() + 1 if len(lasts) else 0, protected.max() if len(protected) else 0)
        latest = max(arrivals.max().date(), date) if len(arrivals) else date
        if day.calendar.bucket_start(latest, int(buckets)) > since:
            yield date


def _known_lines(day: RegretDay, date: dt.date) -> Iterator[Judged]:
    """Yield the decided lines of a plan date that became known since the plan date before."""
    since, terms = _since(day), _terms(day, date)
    counts = [one for one in day.published.plan_dates(FCT_INVENTORY_POSITION.name) if one <= day.plan_date]
    wanted = OrderFilter(network=day.profile.name, plan_date=date, channel=Channel.LIVE)
    for order in day.orders.orders(wanted):
        if _came_to_nothing(order):
            continue
        events = [recorded.event for recorded in day.orders.history(order.order_id)]
        for line in decisions_of(order, events):
            one = judged(line, terms, day.calendar, counts)
            if one is not None and one.known_on > since:
                yield one


def _came_to_nothing(order: Order) -> bool:
    """Tell whether nobody outside ever said anything of an order, and no person said no."""
    return order.receipt is None and order.status is not OrderStatus.REJECTED


def _terms(day: RegretDay, date: dt.date) -> PlanTerms:
    published = day.published
    sourcing = _part(published, DIM_SOURCING, date, _SOURCING)
    least = sourcing.groupby(KEY)["unit_cost"].min()
    return PlanTerms(
        date, _part(published, TARGETS, date, _TARGETS), _part(published, PROTECTION_DEMAND, date, _PROTECTION),
        {(str(key[0]), str(key[1])): float(cost) for key, cost in least.items()},  # type: ignore[index]
        day.calendar.bucket.days,
    )  # fmt: skip


def _known(day: RegretDay, lines: Sequence[Judged]) -> Hindsight:
    """Return what is known of the items of some lines, over their windows."""
    windows = [window for one in lines for window in one.windows]
    items = pc.field("item_id").isin(sorted({window.item_id for window in windows}))
    since = min((window.start for window in windows), default=day.plan_date)
    inside = items & (pc.field("bucket_start") >= since) & (pc.field("bucket_start") < day.plan_date)
    bounds = demand_bounds(
        standing_demand(_part(day.published, FCT_DEMAND, day.plan_date, _DEMAND, inside)),
        _part(day.published, DEMAND_ESTIMATE, day.plan_date, _ESTIMATE, inside),
    )
    ends = sorted({window.end for window in windows})
    stock = {end: _part(day.published, FCT_INVENTORY_POSITION, end, _STOCK, items) for end in ends}
    return hindsight(bounds, stock, day.calendar, since, day.plan_date)


def _part(
    published: Published, frame: Frame, date: dt.date, columns: Iterable[str], where: pc.Expression | None = None
) -> pd.DataFrame:
    found = published.part(frame, date, tuple(columns), where=where)
    return frame.empty()[list(columns)] if found is None else found
