"""What people did to an order, without its lines: what is counted over months of orders.

Not here: the whole order (``order``), or its list (``headers``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from assets.orders.order import Order, OrderStatus


@dataclass(frozen=True)
class Handling:
    """How an order came to stand where it stands.

    Attributes
    ----------
    value_amount : Decimal
        Over all lines, in the network's currency.
    withdrawn : bool
        Whether a later plan of its date dropped it.
    overridden : bool
        Whether its content is a person's.
    by_people : bool
        Whether a person approved, changed, refused or cancelled it.
    approved_on : date or None
        Day of the last approval by a person that counts.
    """

    order_id: str
    plan_date: dt.date
    destination_id: str
    value_amount: Decimal
    status: OrderStatus
    withdrawn: bool
    overridden: bool
    by_people: bool
    approved_on: dt.date | None


def handling_of(order: Order) -> Handling:
    """Return what people did to an order."""
    document = order.document
    given = order.approval.given if order.approval else ()
    state = {
        "withdrawn": order.withdrawn, "overridden_by": order.overridden_by, "person_decided": order.person_decided,
        "cancel_reason": order.cancel_reason, "receipt": order.receipt,
        "approval": {"given": [{"given_on": consent.given_on.isoformat()} for consent in given]},
    }  # fmt: skip
    key = (order.order_id, document.plan_date, document.destination_id, document.value_amount)
    return handling(*key, order.status, state)


def handling(
    order_id: str,
    plan_date: dt.date,
    destination_id: str,
    value_amount: Decimal,
    status: OrderStatus,
    state: Mapping[str, Any],
) -> Handling:
    """Return the same from an order's fields by name; a field that is not there has its default."""
    approval = state.get("approval") or {}
    days = [dt.date.fromisoformat(consent["given_on"]) for consent in approval.get("given", ())]
    withdrawn, overridden = bool(state.get("withdrawn")), bool(state.get("overridden_by"))
    # Where the other side was never heard of, nobody but a plan or a person can have cancelled it.
    asked = bool(state.get("cancel_reason")) or not state.get("receipt")
    refused = status is OrderStatus.REJECTED or (status is OrderStatus.CANCELLED and not withdrawn and asked)
    return Handling(
        order_id, plan_date, destination_id, value_amount, status, withdrawn, overridden,
        bool(days) or overridden or refused or bool(state.get("person_decided")), max(days, default=None),
    )  # fmt: skip
