"""What becomes of orders in flight when the release that made them is taken back: one rule for each status.

Not here: taking back (``rollback``), or carrying out what is said here (``orders``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from assets.orders.order import OrderStatus


class InFlight(StrEnum):
    """What becomes of an order that a release made which was taken back.

    ``keep``: it goes on. ``hold``: it goes no further until a person says so. ``cancel``: it is withdrawn, or the
    other side is asked to cancel. ``compensate``: it can no longer be stopped; once it has arrived, what sends it
    back is proposed, and a person says whether that is worth it.
    """

    KEEP = "keep"
    HOLD = "hold"
    CANCEL = "cancel"
    COMPENSATE = "compensate"


IN_FLIGHT: Mapping[OrderStatus, tuple[InFlight, str]] = {
    OrderStatus.PROPOSED: (InFlight.CANCEL, "nobody has acted on it; the restored release proposes its own"),
    OrderStatus.APPROVED: (InFlight.HOLD, "a person approved it, so a person says whether it still holds"),
    OrderStatus.RESERVED: (InFlight.HOLD, "its stock stays reserved until a person says whether it still holds"),
    OrderStatus.UNKNOWN: (
        InFlight.HOLD,
        "it may be on the other side; that is found out first, and then it goes by where it stands",
    ),
    OrderStatus.ISSUED: (InFlight.CANCEL, "the other side has not answered yet and is asked to cancel"),
    OrderStatus.ACKNOWLEDGED: (InFlight.CANCEL, "the other side is asked to cancel; if it refuses, the order is kept"),
    OrderStatus.SHIPPED: (
        InFlight.COMPENSATE,
        "goods on their way cannot be stopped; back they may go",
    ),
    OrderStatus.RECEIVED: (InFlight.KEEP, "it is stock by now, and planned with as such"),
    OrderStatus.CLOSED: (InFlight.KEEP, "it is over"),
    OrderStatus.REJECTED: (InFlight.KEEP, "it never left"),
    OrderStatus.EXPIRED: (InFlight.KEEP, "it never left"),
    OrderStatus.CANCELLED: (InFlight.KEEP, "it is over"),
    OrderStatus.FAILED: (InFlight.KEEP, "the other side certainly has not got it"),
    OrderStatus.COMPENSATED: (InFlight.KEEP, "it was undone already"),
}
"""One rule for each status."""
LEVELS_STAND = (
    InFlight.KEEP,
    "its ERP orders by its levels until the next plan tells others or withdraws them; a person approves that",
)
"""Rule of levels that an ERP took."""


@dataclass(frozen=True)
class OrderInFlight:
    """An order as far as a rollback is concerned; ``levels_stand`` of one by whose levels an ERP orders."""

    order_id: str
    status: OrderStatus
    policy_release: str
    levels_stand: bool = False


@dataclass(frozen=True)
class Disposition:
    """What becomes of one order, and why."""

    order_id: str
    status: OrderStatus
    action: InFlight
    why: str


def dispositions(orders: Iterable[OrderInFlight], version: str) -> tuple[Disposition, ...]:
    """Return what becomes of the orders that a release made, by id."""
    return tuple(
        Disposition(order.order_id, order.status, *(LEVELS_STAND if order.levels_stand else IN_FLIGHT[order.status]))
        for order in sorted(orders, key=lambda order: order.order_id)
        if order.policy_release == version
    )
