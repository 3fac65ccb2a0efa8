"""How many people an order needs, and whose word counts."""

import dataclasses
import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.governance.governance_samples import (
    ADA,
    APPROVERS,
    BEN,
    CLEO,
    DORA,
    TODAY,
    TOMORROW,
    VERA,
    order,
    release_with,
)
from unit.orders.order_lives import DOCUMENT, life
from unit.orders.order_samples import order_book

from assets.governance.approval import approve, not_counted, override, reject, required, uncounted
from assets.governance.facts import Known, OrderFacts, facts_of
from assets.governance.reasons import (
    MEANINGS,
    OverrideReason,
    RejectionReason,
    override_reason,
    rejection_reason,
)
from assets.governance.requirement import ApprovalRule, requirement
from assets.kernel.errors import EquipoiseError
from assets.orders.events import Document, Propose, Require
from assets.orders.order import Order, OrderStatus
from assets.policy.access import Identity, NotPermitted

STANDARD = release_with()
LARGE = order(value_amount=Decimal(200_000))


def proposed(*, approvers: int = 1, document: Document | None = None) -> Order:
    needed = Require(approvers, ("value",), TOMORROW)
    return life(Propose(document or DOCUMENT), needed)


def yes(order: Order, by: Identity, today: dt.date = TODAY, seen: str = "") -> Order:
    told = approve(order, STANDARD, seen_digest=seen or order.document.content_digest, by=by, today=today)
    return life(told, order=order)


def test_a_small_known_reversible_order_needs_nobody() -> None:
    assert requirement(order(), STANDARD).approvers == 0
    assert required(requirement(order(), STANDARD)).approvers == 0


@pytest.mark.parametrize(
    ("facts", "rule", "approvers"),
    [
        (order(value_amount=Decimal("10000.01")), ApprovalRule.VALUE, 1),
        (order(value_amount=Decimal("100000.01")), ApprovalRule.VALUE, 2),
        (order(kind="purchase", reversible=False, value_amount=Decimal(5001)), ApprovalRule.REVERSIBILITY, 1),
        (order(sensitive_items=("I1",)), ApprovalRule.SENSITIVITY, 1),
        (order(new_items=("I1",)), ApprovalRule.NOVELTY, 1),
        (order(new_lane=True), ApprovalRule.NOVELTY, 1),
        (order(new_supplier=True), ApprovalRule.NOVELTY, 1),
        (order(forecast_width=4.1), ApprovalRule.CONFIDENCE, 1),
        (order(forecast_width=float("nan")), ApprovalRule.CONFIDENCE, 1),
        (order(warnings=("stale_stock",)), ApprovalRule.VERDICT, 1),
        (order(requested_by=("dora#1003",)), ApprovalRule.OVERRIDE, 1),
        (order(decided_before="revision 1: rejected by ann#1"), ApprovalRule.DECIDED_BEFORE, 1),
    ],
)
def test_one_rule_asks_for_people_and_says_why(facts: OrderFacts, rule: ApprovalRule, approvers: int) -> None:
    needed = requirement(facts, STANDARD)
    assert (needed.rules, needed.approvers) == ((rule,), approvers)
    assert needed.asked[0].sentence


@pytest.mark.parametrize(
    "facts",
    [
        order(value_amount=Decimal(10_000)),
        order(kind="purchase", reversible=False, value_amount=Decimal(5000)),
        order(forecast_width=4.0),
    ],
)
def test_a_limit_that_is_only_reached_asks_for_nobody(facts: OrderFacts) -> None:
    assert requirement(facts, STANDARD).approvers == 0


def test_the_release_says_how_many_people_and_may_forbid_automatic_approval() -> None:
    strict = release_with(approvals={"sensitive_approvers": 2}, toggles={"automatic_approval": False})
    assert requirement(order(sensitive_items=("I1",)), strict).approvers == 2
    assert requirement(order(), strict).rules == (ApprovalRule.NO_AUTOMATIC_APPROVAL,)


@given(st.integers(0, 300_000), st.integers(0, 300_000), st.booleans(), st.booleans())
def test_more_value_never_needs_fewer_people(small: int, large: int, reversible: bool, new_lane: bool) -> None:
    low, high = sorted((small, large))
    needed = [
        requirement(order(value_amount=Decimal(v), reversible=reversible, new_lane=new_lane), STANDARD).approvers
        for v in (low, high)
    ]
    assert needed[0] <= needed[1]


def test_what_the_rules_ask_for_is_told_to_the_order_in_words() -> None:
    told = required(requirement(LARGE, STANDARD))
    assert (told.approvers, told.rules, told.expires_on) == (2, ("value",), TOMORROW)
    assert told.why == "its value of 200,000.00 is above 100,000.00"


def test_two_approvers_are_two_people() -> None:
    once = yes(proposed(approvers=2), BEN)
    assert once.status is OrderStatus.PROPOSED
    with pytest.raises(EquipoiseError, match="approved it already"):
        yes(once, BEN)
    assert yes(once, CLEO).status is OrderStatus.APPROVED


def overridden(units: int, line_number: int = 1, by: Identity = DORA, seen: str = "") -> Order:
    before = proposed()
    command = override(
        before, seen_digest=seen or before.document.content_digest, line_number=line_number, units=units, by=by,
        reason=OverrideReason.KNOWN_EVENT,
    )  # fmt: skip
    return life(command, order=before)


def test_who_overrides_an_order_makes_it_their_own_and_another_approves_it() -> None:
    own = life(Require(1, ("override",), TOMORROW), order=overridden(20, by=ADA))
    assert own.overridden_by == (ADA.person,)
    with pytest.raises(EquipoiseError, match="nobody approves their own"):
        yes(own, ADA)
    assert yes(own, BEN).status is OrderStatus.APPROVED


def test_an_override_changes_units_value_and_freight_and_claims_no_gain() -> None:
    before, after = DOCUMENT.lines[0], overridden(20).document.lines[0]
    assert after.quantity_units == 20
    assert after.value_amount == before.value_amount * 20 / before.quantity_units
    assert after.gain_amount == 0


@pytest.mark.parametrize(
    ("units", "line", "fault"), [(-1, 1, "cannot be ordered"), (5, 9, "no line 9"), (0, 1, "nothing would be left")]
)
def test_an_override_that_makes_no_order_is_refused(units: int, line: int, fault: str) -> None:
    single = dataclasses.replace(DOCUMENT, lines=DOCUMENT.lines[:1])
    with pytest.raises(EquipoiseError, match=fault):
        override(
            proposed(document=single), seen_digest=DOCUMENT.content_digest, line_number=line, units=units, by=DORA,
            reason=OverrideReason.PACKING,
        )  # fmt: skip


def test_an_approval_is_for_the_content_that_was_shown() -> None:
    with pytest.raises(EquipoiseError, match="changed since it was shown"):
        yes(proposed(), BEN, seen="b" * 32)
    with pytest.raises(EquipoiseError, match="changed since it was shown"):
        reject(proposed(), seen_digest="", by=BEN, reason=RejectionReason.DUPLICATE)


def test_an_approval_after_the_dispatch_window_is_refused() -> None:
    with pytest.raises(EquipoiseError, match="could leave until 2026-01-05"):
        yes(proposed(), BEN, today=TOMORROW)


def test_an_approval_counts_only_while_its_person_may_and_in_its_days() -> None:
    order = yes(proposed(), BEN)
    assert not_counted(order, APPROVERS, TODAY) == ()
    assert not_counted(order, APPROVERS - {BEN.person}, TODAY) == ("ben#1001 may not approve any more",)
    assert "expired" in not_counted(order, APPROVERS, TODAY + dt.timedelta(days=5))[0]
    assert "has not come" in not_counted(order, APPROVERS, TODAY - dt.timedelta(days=1))[0]
    assert uncounted(order, APPROVERS, TODAY + dt.timedelta(days=5)) == (BEN.person,)
    assert uncounted(order, APPROVERS, TODAY - dt.timedelta(days=1)) == ()
    assert not_counted(life(Propose(DOCUMENT)), APPROVERS, TODAY) == ("its rules were never asked",)


def test_what_is_rejected_says_who_and_why() -> None:
    order = proposed()
    told = reject(
        order, seen_digest=order.document.content_digest[:12], by=DORA, reason=RejectionReason.NOT_NEEDED, note="shut"
    )
    assert life(told, order=order).status_reason == "not_needed, by dora#1003: shut"


@pytest.mark.parametrize("by", [DORA, VERA], ids=lambda one: one.person)
def test_only_who_may_approves(by: Identity) -> None:
    with pytest.raises(NotPermitted):
        yes(proposed(), by)


def test_only_who_may_rejects_and_overrides() -> None:
    with pytest.raises(NotPermitted):
        reject(proposed(), seen_digest=DOCUMENT.content_digest, by=VERA, reason=RejectionReason.NOT_NEEDED)
    with pytest.raises(NotPermitted):
        overridden(20, by=BEN)


def test_every_reason_has_one_line_of_meaning() -> None:
    assert set(MEANINGS) == {str(reason) for kind in (OverrideReason, RejectionReason) for reason in kind}
    assert all(meaning and "\n" not in meaning for meaning in MEANINGS.values())


def test_a_word_that_is_no_reason_is_answered_with_the_list() -> None:
    assert override_reason("packing") is OverrideReason.PACKING
    assert rejection_reason("duplicate") is RejectionReason.DUPLICATE
    with pytest.raises(EquipoiseError, match="known_event"):
        override_reason("because")
    with pytest.raises(EquipoiseError, match="too_expensive"):
        rejection_reason("packing")


def test_the_facts_of_a_document_come_from_it_and_from_what_is_known() -> None:
    document = next(one for one in order_book().content if one.kind == "purchase")
    known = Known(
        sensitive_items=frozenset({"I1"}),
        ordered_items=frozenset({"I1"}),
        ordered_lanes=frozenset({("SUP", "DC1")}),
        forecast_widths={("I1", "DC1"): 2.5, ("I1", "S1"): 9.0},
        warnings={"DC1": ("stale_stock",), "S2": ("other",)},
    )
    facts = facts_of(document, 3, known, ("dora#1003",))
    assert (facts.order_id, facts.revision, facts.content_digest) == (document.order_id, 3, document.content_digest)
    assert (facts.reversible, facts.sensitive_items, facts.new_items) == (False, ("I1",), ())
    assert (facts.new_lane, facts.new_supplier, facts.forecast_width) == (False, True, 2.5)
    assert (facts.warnings, facts.requested_by) == (("stale_stock",), ("dora#1003",))


def test_a_transfer_on_a_new_lane_is_new() -> None:
    document = next(one for one in order_book().content if one.kind == "transfer")
    facts = facts_of(document, 1, Known(ordered_items=frozenset({"I1", "I2"})))
    assert (facts.reversible, facts.new_lane, facts.new_supplier, facts.new_items) == (True, True, False, ())
