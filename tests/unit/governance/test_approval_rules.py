"""How many people an order needs, and whose word counts."""

import dataclasses
import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.governance.governance_samples import (
    ADA,
    APPROVERS,
    AT,
    BEN,
    CLEO,
    DORA,
    TODAY,
    TOMORROW,
    VERA,
    order,
    release_with,
)
from unit.orders.order_samples import order_book

from assets.governance.approval import approve, override, reject, requesters, standing
from assets.governance.events import ApprovalGiven, Event, OrderOverridden, OrderRejected
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
from assets.policy.access import Identity, NotPermitted, Role
from assets.policy.release import Release

STANDARD = release_with()
LARGE = order(value_amount=Decimal(200_000))


def yes(
    facts: OrderFacts, by: Identity, history: tuple[Event, ...] = (), today: dt.date = TODAY, **changes: Any
) -> tuple[Event, ...]:
    release: Release = changes.get("release", STANDARD)
    return history + approve(
        facts, requirement(facts, release), release, history,
        seen_digest=changes.get("seen", facts.content_digest), by=by, at=AT, today=today,
    )  # fmt: skip


def stands(
    facts: OrderFacts, history: tuple[Event, ...], today: dt.date = TODAY, may: frozenset[str] = APPROVERS
) -> Any:
    return standing(facts, requirement(facts, STANDARD), history, may_approve=may, today=today)


def test_a_small_known_reversible_order_needs_nobody() -> None:
    assert requirement(order(), STANDARD).approvers == 0
    assert stands(order(), ()).approved


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


def test_two_approvers_are_two_people() -> None:
    history = yes(LARGE, BEN)
    assert yes(LARGE, BEN, history) == history
    assert (stands(LARGE, history).missing, stands(LARGE, history).approved) == (1, False)
    forged = (*history, dataclasses.replace(history[0], remark="again"))
    assert stands(LARGE, forged).missing == 1
    assert stands(LARGE, yes(LARGE, CLEO, history)).approved


def test_nobody_approves_their_own() -> None:
    own = order(requested_by=(BEN.person,))
    with pytest.raises(EquipoiseError, match="nobody approves their own"):
        yes(own, BEN)
    forged = yes(order(), BEN)
    assert stands(own, forged).not_counted == ((BEN.person, "nobody approves their own"),)


def test_who_overrides_an_order_makes_it_their_own() -> None:
    overridden = override(
        order(), seen_digest="a" * 32, line_number=1, before_units=5, after_units=9, by=DORA, at=AT,
        reason=OverrideReason.KNOWN_EVENT,
    )  # fmt: skip
    assert [type(event) for event in overridden] == [OrderOverridden]
    assert requesters((*overridden, *overridden)) == (DORA.person,)
    assert requirement(order(requested_by=requesters(overridden)), STANDARD).approvers == 1


def test_an_override_of_nothing_is_none_and_of_negative_units_is_refused() -> None:
    def to(units: int) -> tuple[Event, ...]:
        return override(
            order(), seen_digest="a" * 32, line_number=1, before_units=5, after_units=units, by=DORA, at=AT,
            reason=OverrideReason.PACKING,
        )  # fmt: skip

    assert to(5) == ()
    with pytest.raises(EquipoiseError, match="cannot be ordered"):
        to(-1)


def test_an_approval_is_for_the_content_that_was_shown() -> None:
    with pytest.raises(EquipoiseError, match="changed since it was shown"):
        yes(LARGE, BEN, seen="b" * 32)
    with pytest.raises(EquipoiseError, match="changed since it was shown"):
        reject(LARGE, seen_digest="b" * 32, by=BEN, at=AT, reason=RejectionReason.DUPLICATE)


@pytest.mark.parametrize("changes", [{"revision": 2}, {"content_digest": "b" * 32}])
def test_an_approval_of_another_content_or_revision_is_stale(changes: dict[str, Any]) -> None:
    history = yes(LARGE, CLEO, yes(LARGE, BEN))
    found = stands(dataclasses.replace(LARGE, **changes), history)
    assert (found.missing, found.approved) == (2, False)
    assert "it was of revision 1" in found.not_counted[0][1]


def test_an_approval_of_another_order_is_none() -> None:
    assert stands(dataclasses.replace(LARGE, order_id="T-2"), yes(LARGE, BEN)).approvers == ()


def test_an_approval_ends_on_its_day_and_an_order_after_its_dispatch_window() -> None:
    weekly = release_with(dispatch={"window_days": 7}, approvals={"valid_days": 2})
    facts = order(value_amount=Decimal(20_000))
    history = yes(facts, BEN, release=weekly)
    given_event = history[0]
    assert isinstance(given_event, ApprovalGiven)
    assert given_event.expires_on == TODAY + dt.timedelta(days=2)
    needed = requirement(facts, weekly)
    for days, approved in ((0, True), (1, True), (2, False), (7, False)):
        today = TODAY + dt.timedelta(days=days)
        assert standing(facts, needed, history, may_approve=APPROVERS, today=today).approved is approved
    assert standing(order(), requirement(order(), weekly), (), may_approve=APPROVERS, today=needed.expires_on).expired


def test_an_approval_after_the_dispatch_window_is_refused() -> None:
    with pytest.raises(EquipoiseError, match="could leave until 2026-01-05"):
        yes(LARGE, BEN, today=TOMORROW)


def test_an_approval_from_a_day_that_has_not_come_does_not_count() -> None:
    ahead = dataclasses.replace(yes(LARGE, BEN)[0], given_on=TOMORROW)
    assert "has not come" in stands(LARGE, (ahead,)).not_counted[0][1]


def test_an_approver_who_lost_the_role_does_not_count() -> None:
    history = yes(LARGE, CLEO, yes(LARGE, BEN))
    found = stands(LARGE, history, may=APPROVERS - {BEN.person})
    assert (found.approvers, found.missing) == ((CLEO.person,), 1)
    assert found.not_counted == ((BEN.person, "ben#1001 may not approve any more"),)


def test_a_rejected_content_is_not_approved_any_more_and_its_next_revision_may_be() -> None:
    rejected = reject(order(), seen_digest="a" * 32, by=DORA, at=AT, reason=RejectionReason.NOT_NEEDED)
    assert [type(event) for event in rejected] == [OrderRejected]
    assert not stands(order(), rejected).approved
    with pytest.raises(EquipoiseError, match=r"dora#1003 rejected"):
        yes(order(), BEN, rejected)
    assert stands(order(revision=2, content_digest="b" * 32), rejected).approved


@pytest.mark.parametrize("by", [DORA, VERA], ids=lambda one: one.person)
def test_only_who_may_approves(by: Identity) -> None:
    with pytest.raises(NotPermitted):
        yes(LARGE, by)


def test_only_who_may_rejects_and_overrides() -> None:
    with pytest.raises(NotPermitted):
        reject(order(), seen_digest="a" * 32, by=VERA, at=AT, reason=RejectionReason.NOT_NEEDED)
    with pytest.raises(NotPermitted):
        override(
            order(), seen_digest="a" * 32, line_number=1, before_units=1, after_units=2,
            by=Identity("ben#1", frozenset({Role.APPROVER})), at=AT, reason=OverrideReason.SPACE,
        )  # fmt: skip
    assert ADA.roles


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
