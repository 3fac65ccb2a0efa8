"""The guard metrics of a canary that can be measured from the ledger and published tables, one a plan date.

``cost`` is what the canary's decisions cost over what the active release's would have for the same items on the same
snapshot, by the active prices; the others' reference is themselves, 1. What ERPs order by levels is in neither: where
they do, both releases order nothing, and nobody here sees what an ERP will (``ordered_by_erps`` counts such places).
``rejections`` and ``failures`` compare the documents in which the canary decided a line with the others.
``lost_sales`` are measured in a module of that name. Not here: judging (``guards``), or acting on it
(``canary_watch``).
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Iterable

from assets.governance.guards import Observation
from assets.governance.lost_sales import lost_sales
from assets.kernel.frames.decisions import DECISIONS
from assets.kernel.frames.rollout import CANARY_ITEMS
from assets.kernel.published import Published
from assets.orders.events import Channel
from assets.orders.order import Order, OrderStatus
from assets.orders.receipts import Answer
from assets.orders.store import OrderFilter, OrderStore
from assets.orders.wanted_levels import HANDED_OVER, WITHDRAWAL_WAITS
from assets.policy.oversight import GuardMetric

Test = Callable[[Order], bool]


def observations(
    published: Published, store: OrderStore, network: str, version: str, today: dt.date
) -> tuple[Observation, ...]:
    """Return what is known of a canary by today, one number a metric and plan date.

    Parameters
    ----------
    version : str
        Of the release at stage canary.
    today : date
        Plan dates before it are over for people and gateways; the cost is known of its own as well.
    """
    found: list[Observation] = []
    for date in published.plan_dates(CANARY_ITEMS.name):
        table = published.read(CANARY_ITEMS, date)
        mine = table.loc[table["policy_release"] == version]
        if mine.empty or date > today:
            continue
        found += _cost(date, float(mine["decided_amount"].sum(skipna=False)), mine["active_decided_amount"].sum())
        if date < today:
            orders = store.orders(OrderFilter(network=network, plan_date=date, channel=Channel.LIVE))
            found += _of_orders(date, orders, version)
    return (*found, *lost_sales(published, version, today))


def ordered_by_erps(published: Published, version: str, date: dt.date) -> int:
    """Return at how many item-sites of a canary's items an ERP orders by levels on a plan date: not in ``cost``."""
    if any(published.latest(frame.name, date) is None for frame in (CANARY_ITEMS, DECISIONS)):
        return 0
    items, decisions = published.read(CANARY_ITEMS, date), published.read(DECISIONS, date)
    mine = decisions["item_id"].isin(items.loc[items["policy_release"] == version, "item_id"])
    names = decisions.loc[mine, "binding_constraints"].str.split(",")
    return sum(not {HANDED_OVER, WITHDRAWAL_WAITS}.isdisjoint(found) for found in names)


def _cost(date: dt.date, ours: float, theirs: float) -> list[Observation]:
    if not (math.isfinite(ours) and math.isfinite(theirs)) or theirs <= 0:
        return []
    return [Observation(GuardMetric.COST, date, ours / theirs, 1.0)]


def _of_orders(date: dt.date, orders: Iterable[Order], version: str) -> list[Observation]:
    planned = [order for order in orders if not order.document.provenance.compensates]
    canary = [order for order in planned if version in order.document.releases]
    others = [order for order in planned if version not in order.document.releases]
    shares = {
        GuardMetric.REJECTIONS: [_share(part, _proposed, _rejected) for part in (canary, others)],
        GuardMetric.FAILURES: [_share(part, _issued, _failed) for part in (canary, others)],
    }
    return [
        Observation(metric, date, ours, theirs)
        for metric, (ours, theirs) in shares.items()
        if ours is not None and theirs is not None
    ]


def _share(orders: Iterable[Order], among: Test, which: Test) -> float | None:
    """Return the share of orders for which ``which`` holds among some; ``None`` where there are none."""
    counted = [order for order in orders if among(order)]
    return sum(map(which, counted)) / len(counted) if counted else None


def _proposed(order: Order) -> bool:
    return not order.withdrawn


def _rejected(order: Order) -> bool:
    return order.status is OrderStatus.REJECTED


def _issued(order: Order) -> bool:
    return order.delivery is not None


def _failed(order: Order) -> bool:
    refused = order.receipt is not None and order.receipt.answer is Answer.REFUSED
    return order.status is OrderStatus.FAILED or refused
