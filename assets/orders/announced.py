"""What orders of a date announced before it is planned again, from the ledger.

The port is the planner's (``rebalancing.announced``); commitments flow back to it so and never as
an edge between assets. Not here: what changing them costs.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import pandas as pd

from assets.kernel.calendar import AsKnown
from assets.kernel.clock import Clock
from assets.kernel.frames.decisions import ANNOUNCED_LINES
from assets.kernel.network import NetworkProfile
from assets.orders.documents import channel_of
from assets.orders.events import PARAMETERS
from assets.orders.order import Order, OrderStatus
from assets.orders.store import OrderFilter, OrderStore
from assets.policy.registry import PolicyRegistry

_GONE = {
    OrderStatus.CANCELLED, OrderStatus.REJECTED, OrderStatus.EXPIRED, OrderStatus.FAILED, OrderStatus.COMPENSATED,
}  # fmt: skip


@dataclass(frozen=True)
class LedgerAnnouncements:
    """Lines of the orders that stand in the channel of the plan that is made.

    A plan never counts the orders of the other channel: what a backfill proposes was announced to
    nobody who acts on it.
    """

    store: OrderStore
    profile: NetworkProfile
    clock: Clock
    as_known: AsKnown
    policies: PolicyRegistry

    def of(self, plan_date: dt.date) -> pd.DataFrame:
        """Return ANNOUNCED_LINES of a plan date: of orders that still stand, departing on or after it."""
        channel = channel_of(
            plan_date, self.clock.today(), self.profile.calendar, as_known=self.as_known,
            dispatch_days=self.policies.active().dispatch.window_days,
        )  # fmt: skip
        found = self.store.orders(OrderFilter(network=self.profile.name, plan_date=plan_date, channel=channel))
        told = [order for order in found if order.status not in _GONE and order.document.kind != PARAMETERS]
        rows = [row for order in told for row in _rows(order)]
        table = ANNOUNCED_LINES.conform(pd.DataFrame(rows)) if rows else ANNOUNCED_LINES.empty()
        return table.loc[table["departure_date"] >= pd.Timestamp(plan_date)]


def _rows(order: Order) -> list[dict[str, object]]:
    document = order.document
    return [
        {
            "plan_date": pd.Timestamp(document.plan_date),
            "kind": document.kind,
            "item_id": line.item_id,
            "origin_id": document.origin_id,
            "destination_id": document.destination_id,
            "mode": line.mode,
            "quantity_units": line.quantity_units,
            "departure_date": pd.Timestamp(line.departure_date),
            "arrival_date": pd.Timestamp(line.arrival_date),
            "line_amount": float(line.value_amount),
            "transport_amount": float(line.transport_amount),
            "gain_amount": float(line.gain_amount),
            "reason": line.reason,
            "order_id": order.order_id,
        }
        for line in document.lines
    ]
