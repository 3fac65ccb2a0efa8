"""What people did to an order: a rule, a plan and the other side are no people."""

import datetime as dt

import pytest
from unit.orders.order_samples import order_book

from assets.orders.handling import handling_of
from assets.orders.order import Approval, Consent, Order, OrderStatus

DOCUMENT = order_book().content[0]
BY_RULE = Approval(0, (), dt.date(2026, 3, 30))


def order(status: OrderStatus, **changes: object) -> Order:
    return Order(DOCUMENT, 1, status, **changes)  # type: ignore[arg-type]


def test_an_approval_counts_from_the_day_on_which_the_last_person_gave_it() -> None:
    given = tuple(Consent(by, dt.date(2026, 3, day), dt.date(2026, 3, 30)) for by, day in (("ann", 5), ("bob", 7)))
    found = handling_of(
        order(OrderStatus.APPROVED, approval=Approval(2, ("value",), dt.date(2026, 3, 30), given=given))
    )
    assert (found.by_people, found.approved_on) == (True, dt.date(2026, 3, 7))
    assert found.value_amount == DOCUMENT.value_amount


@pytest.mark.parametrize(
    ("stands", "by_people"),
    [
        (order(OrderStatus.PROPOSED), False),
        (order(OrderStatus.ISSUED, approval=BY_RULE), False),
        (order(OrderStatus.CANCELLED, withdrawn=True), False),
        (order(OrderStatus.CANCELLED), True),
        (order(OrderStatus.REJECTED), True),
        (order(OrderStatus.PROPOSED, overridden_by=("ann",)), True),
        (order(OrderStatus.PROPOSED, person_decided="rejected"), True),
    ],
    ids=["proposed", "by rule", "by a plan", "cancelled", "rejected", "overridden", "decided before"],
)
def test_what_a_person_decided_is_told_from_what_a_rule_or_a_plan_did(stands: Order, by_people: bool) -> None:
    found = handling_of(stands)
    assert (found.by_people, found.approved_on) == (by_people, None)
