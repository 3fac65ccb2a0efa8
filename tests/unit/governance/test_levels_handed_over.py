"""Levels go the way of every document: proposed, approved, sent once, acknowledged, amended, refused, withdrawn."""

import dataclasses
import datetime as dt
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import pytest
from unit.governance.governance_samples import BEN, DORA, release_with
from unit.governance.test_dispatch import ANN, KNOWN, day
from unit.orders.level_samples import BASE_STOCKS, told, wanted
from unit.orders.order_samples import PLAN_DATE, order_book
from unit.orders.test_outbox import TERMS, Down, Time

from assets.governance.approval import approve, override
from assets.governance.dispatch import Dispatched, dispatch
from assets.governance.disposition import in_flight
from assets.governance.events import Paused, PauseKind, PauseScope
from assets.governance.facts import Known, OrderFacts, facts_of
from assets.governance.in_flight import InFlight, dispositions
from assets.governance.pause import PauseState, paused_by
from assets.governance.reasons import OverrideReason
from assets.governance.requirement import ApprovalRule, requirement
from assets.kernel.clock import FixedClock
from assets.kernel.errors import EquipoiseError
from assets.orders.answers import answer_one
from assets.orders.commitments import commitments_frame
from assets.orders.events import Approve, Channel, Confirm, Document, OrderBook, OrderLine, Resend
from assets.orders.gateways.counterpart import Behaviour, Counterpart, CounterpartStore
from assets.orders.gateways.memory import MemoryGateway
from assets.orders.gateways.port import Answer, Receipt, Submission
from assets.orders.levels_there import LedgerLevels
from assets.orders.order import Order, OrderStatus
from assets.orders.reconcile import Cause, reconcile
from assets.orders.record import record
from assets.orders.store import MemoryOrderStore, OrderFilter
from orchestration.cli.reconcile import told_of_resend

NOON = dt.datetime.combine(PLAN_DATE, dt.time(12), dt.UTC)
NEXT_DAY = PLAN_DATE + dt.timedelta(days=1)
FREE = release_with(approvals={"novel_approvers": 0})
RELAXED = release_with(parameters={"free_change_share": 9}, approvals={"novel_approvers": 0})
SMALLER = (("S1", "I1", 10), *BASE_STOCKS[1:])


@dataclass
class Saying:
    """An other side that says one thing of whatever it is asked."""

    behind: MemoryGateway
    receipt: Receipt

    def __getattr__(self, name: str) -> Any:
        return getattr(self.behind, name)

    def find(self, _: str) -> Receipt:
        return self.receipt


class Network:
    """A ledger and an other side, planned and dispatched day by day."""

    def __init__(self, **behaviour: Any) -> None:
        self.store = MemoryOrderStore(FixedClock(NOON))
        self.gateway = MemoryGateway(Counterpart(CounterpartStore(), Behaviour(**behaviour)))

    def plan(self, *args: Any, on: dt.date = PLAN_DATE, **options: Any) -> OrderBook:
        book = wanted(self.store, on, *args, **options)
        record(book, self.store)
        return book

    def send(self, on: dt.date = PLAN_DATE, gateway: Any = None, **changes: Any) -> Dispatched:
        told = day(**({"plan_date": on, "today": on, "release": FREE, "known": Known()} | changes))
        return dispatch(self.store, gateway or self.gateway, told, TERMS, Time())

    def order(self, site: str = "S1", on: dt.date = PLAN_DATE) -> Order:
        (found,) = [o for o in self.store.orders(OrderFilter(plan_date=on)) if o.document.destination_id == site]
        return found

    def there(self) -> dict[tuple[str, str], tuple[int, int, int]]:
        found = self.gateway.other_side.levels()
        return {key: (one.reorder_point_units, one.minimum_units, one.maximum_units) for key, one in found.items()}


def test_levels_are_sent_once_closed_with_the_acknowledgement_and_nothing_is_sent_again_while_they_hold() -> None:
    network = Network()
    network.plan()
    found = network.send()
    assert len(found.issued.issued) == 2
    assert {order.status for order in network.store.orders()} == {OrderStatus.CLOSED}
    assert network.there() == {("S1", "I1"): (11, 4, 12), ("S1", "I2"): (4, 1, 5), ("S2", "I1"): (7, 2, 8)}
    before = len(network.store.events())
    assert len(network.plan().content) == 2
    assert network.send().changed == ()
    assert network.plan(on=NEXT_DAY).content == ()
    assert network.send(NEXT_DAY).changed == ()
    assert len(network.store.events()) == before
    assert {order.times_delivered for order in network.gateway.other_side.orders()} == {1}


def test_they_hold_no_stock_and_commit_to_nothing() -> None:
    network = Network(answer=Answer.PENDING)
    network.plan()
    network.send()
    assert {order.status for order in network.store.orders()} == {OrderStatus.ISSUED}
    assert {order.holds for order in network.store.orders()} == {()}
    assert commitments_frame(network.store.orders()).empty


def test_the_next_day_tells_what_changed_and_no_more() -> None:
    network = Network()
    network.plan()
    network.send()
    (document,) = network.plan(SMALLER, on=NEXT_DAY).content
    assert told(document) == {"I1": (9, 3, 10)}
    network.send(NEXT_DAY)
    assert network.there()["S1", "I1"] == (9, 3, 10)
    assert network.there()["S1", "I2"] == (4, 1, 5)
    assert network.plan(SMALLER, on=NEXT_DAY + dt.timedelta(days=1)).content == ()


def test_a_plan_of_the_same_day_amends_levels_that_were_taken() -> None:
    network = Network()
    network.plan()
    network.send()
    network.plan(SMALLER)
    assert network.order().status is OrderStatus.PROPOSED
    network.send()
    order = network.order()
    assert (order.status, order.revision) == (OrderStatus.CLOSED, 2)
    assert network.there()["S1", "I1"] == (9, 3, 10)
    assert [o.times_amended for o in network.gateway.other_side.orders()].count(1) == 1


def test_an_amendment_that_is_withdrawn_or_refused_leaves_what_was_taken() -> None:
    network = Network(takes_amendments=False)
    network.plan()
    network.send()
    network.plan(SMALLER)
    network.plan()
    assert (network.order().status, network.order().revision) == (OrderStatus.CLOSED, 2)
    network.plan(SMALLER)
    network.send()
    order = network.order()
    assert (order.status, told(order.document)["I1"]) == (OrderStatus.CLOSED, (11, 4, 12))
    assert "amendments are not taken" in order.status_reason
    assert network.there()["S1", "I1"] == (11, 4, 12)
    assert {told(d)["I1"] for d in network.plan(SMALLER, on=NEXT_DAY).content} == {(9, 3, 10)}


def test_levels_that_were_refused_are_told_again_the_next_day() -> None:
    network = Network(answer=Answer.REFUSED)
    network.plan()
    network.send()
    assert {order.status for order in network.store.orders()} == {OrderStatus.FAILED}
    record(wanted(network.store), network.store)
    assert network.send().issued.issued == ()
    assert len(network.plan(on=NEXT_DAY).content) == 2


def test_levels_that_were_not_taken_as_asked_are_named_and_told_again() -> None:
    network = Network(accepted_percent=50)
    network.plan()
    network.send()
    assert network.order().status is OrderStatus.CLOSED
    assert network.order().status_reason == "2 of 2 levels not taken: I1, I2"
    assert len(network.plan(on=NEXT_DAY).content) == 2


def test_what_was_not_sent_in_its_window_expires_and_the_next_day_tells_it() -> None:
    network = Network()
    network.plan()
    network.send(gateway=Down(network.gateway))
    assert len(network.send(NEXT_DAY).expired) == 2
    assert network.there() == {}
    network.plan(on=NEXT_DAY)
    network.send(NEXT_DAY)
    assert len(network.there()) == 3


def test_what_is_handed_over_no_more_is_withdrawn_there() -> None:
    network = Network()
    network.plan()
    network.send()
    network.plan(BASE_STOCKS[1:], on=NEXT_DAY, ours=[("S1", "I1")])
    network.send(NEXT_DAY)
    assert ("S1", "I1") not in network.there()
    assert network.plan(BASE_STOCKS[1:], on=NEXT_DAY + dt.timedelta(days=1), ours=[("S1", "I1")]).content == ()
    (document,) = network.plan(on=NEXT_DAY + dt.timedelta(days=1)).content
    assert document.reason == "levels of 1 item: 1 new"


def test_a_backfill_hands_nothing_over() -> None:
    network = Network()
    network.plan()
    book = dataclasses.replace(
        wanted(network.store, NEXT_DAY, SMALLER), channel=Channel.BACKFILL
    )  # fmt: skip
    documents = [
        dataclasses.replace(one, channel=Channel.BACKFILL, order_id=f"{one.order_id}b") for one in book.content
    ]
    record(dataclasses.replace(book, content=tuple(documents)), network.store)
    network.send(NEXT_DAY)
    assert network.there() == {}


def rules(network: Network, **release: Any) -> dict[ApprovalRule, str]:
    asked = requirement(facts_of(network.order().document, 1, KNOWN), release_with(**release)).asked
    return {one.rule: one.sentence for one in asked}


def test_a_person_sees_what_is_handed_over_for_the_first_time_and_rules_approve_small_changes() -> None:
    network = Network()
    network.plan()
    assert rules(network) == {ApprovalRule.LEVELS: "handed over for the first time: I1, I2"}
    found = network.send(release=release_with())
    assert len(found.waiting_for_people) == 2
    order = network.order()
    yes = approve(order, release_with(), seen_digest=order.document.content_digest, by=BEN, today=PLAN_DATE)
    assert isinstance(yes, Approve)
    answer_one(network.store, order.order_id, yes)
    network.send(release=release_with())
    assert network.there() == {("S1", "I1"): (11, 4, 12), ("S1", "I2"): (4, 1, 5)}
    network.plan((*SMALLER[:2],), on=NEXT_DAY, held=[("S2", "I1")])
    network.send(NEXT_DAY, release=release_with())
    assert network.there()["S1", "I1"] == (9, 3, 10)


@pytest.mark.parametrize(("units", "share", "asks"), [(18, 0.5, True), (18, 0.6, False), (6, 0.5, True), (13, 0, True)])
def test_a_large_change_of_a_level_asks_a_person(units: int, share: float, asks: bool) -> None:
    network = Network()
    network.plan(BASE_STOCKS[:1])
    network.send()
    record(wanted(network.store, NEXT_DAY, (("S1", "I1", units),)), network.store)
    document = network.order(on=NEXT_DAY).document
    found = requirement(facts_of(document, 1, KNOWN), release_with(parameters={"free_change_share": share}))
    assert (ApprovalRule.LEVELS in found.rules) is asks


def test_small_changes_do_not_add_up_unseen() -> None:
    """Half as much again each day is free by itself; against what a person approved it soon is not."""
    network = Network()
    network.plan(BASE_STOCKS[:1])
    network.send()
    asks = []
    for days, units in enumerate((15, 19, 24, 30), 1):
        network.plan((("S1", "I1", units),), on=PLAN_DATE + days * dt.timedelta(days=1))
        document = network.order(on=PLAN_DATE + days * dt.timedelta(days=1)).document
        asks.append(ApprovalRule.LEVELS in requirement(facts_of(document, 1, KNOWN), release_with()).rules)
        network.send(PLAN_DATE + days * dt.timedelta(days=1), release=RELAXED)
    assert asks == [False, True, True, True]


def moved(source: str, kind: str) -> OrderFacts:
    network = Network()
    network.plan(BASE_STOCKS[:1])
    network.send()
    book = wanted(network.store, NEXT_DAY, BASE_STOCKS[:1], source_id=source, receipt_kind=kind)
    return facts_of(book.content[0], 1, KNOWN)


@pytest.mark.parametrize(
    ("source", "kind", "novel"),
    [
        ("SUP", "purchase", ""), ("NEW", "purchase", "never ordered before: supplier NEW"),
        ("DC2", "transfer", "never ordered before: lane DC2 to S1"),
    ],
)  # fmt: skip
def test_another_source_of_levels_asks_a_person_and_a_new_one_is_named(source: str, kind: str, novel: str) -> None:
    asked = {one.rule: one.sentence for one in requirement(moved(source, kind), release_with()).asked}
    assert asked.pop(ApprovalRule.LEVELS) == f"ordered from another source: I1 from {source}"
    assert asked == ({ApprovalRule.NOVELTY: novel} if novel else {})


@pytest.mark.parametrize(
    ("kind", "name", "held"),
    [
        ("supplier", "SUP", True), ("supplier", "OTHER", False), ("site", "SUP", False), ("lane", "SUP>S1", True),
        ("site", "S1", True), ("lane", "SUP>S2", False),
    ],
)  # fmt: skip
def test_a_pause_holds_levels_by_which_an_erp_would_order_there(kind: str, name: str, held: bool) -> None:
    pause = Paused(PauseScope(PauseKind(kind), name), ANN, "strike", "", NEXT_DAY)
    assert bool(paused_by(moved("SUP", "purchase"), PauseState((pause,)))) is held


def test_a_paused_site_gives_nothing_to_the_levels_of_others() -> None:
    pause = Paused(PauseScope(PauseKind.SITE, "DC2"), ANN, "strike", "", NEXT_DAY)
    assert paused_by(moved("DC2", "transfer"), PauseState((pause,)))


def test_a_withdrawal_asks_a_person() -> None:
    network = Network()
    network.plan(BASE_STOCKS[:1])
    network.send()
    record(wanted(network.store, NEXT_DAY, (), ours=[("S1", "I1")]), network.store)
    (asked,) = requirement(facts_of(network.order(on=NEXT_DAY).document, 1, KNOWN), release_with()).asked
    assert (asked.approvers, asked.sentence) == (1, "handed over no more: I1")


def test_a_sensitive_item_asks_a_person_for_levels_too() -> None:
    network = Network()
    network.plan()
    known = Known(sensitive_items=frozenset({"I2"}), warnings={"S1": ("freshness",)})
    assert set(requirement(facts_of(network.order().document, 1, known), FREE).rules) == {
        ApprovalRule.SENSITIVITY, ApprovalRule.VERDICT,
    }  # fmt: skip


def test_a_paused_site_gets_no_levels() -> None:
    network = Network()
    network.plan()
    pause = Paused(PauseScope(PauseKind.SITE, "S1"), ANN, "strike", "", NEXT_DAY)
    network.send(pauses=PauseState((pause,)))
    assert set(network.there()) == {("S2", "I1")}


def test_levels_are_not_overridden_line_by_line() -> None:
    network = Network()
    network.plan()
    order = network.order()
    with pytest.raises(EquipoiseError, match="levels follow from targets"):
        override(
            order, seen_digest=order.document.content_digest, line_number=1, units=5, by=DORA,
            reason=next(iter(OverrideReason)),
        )  # fmt: skip


def test_levels_that_the_other_side_lost_are_told_by_reconciling_and_handed_over_again() -> None:
    network = Network()
    network.plan()
    network.send()
    network.gateway.other_side = Counterpart(CounterpartStore())
    found = reconcile(network.store, network.gateway, "sample", PLAN_DATE).differences
    assert {one.cause for one in found} == {Cause.MISSING_THERE}
    for one in found:
        answer_one(network.store, one.order_id, Resend(ANN, "back with an older state"))
    network.send()
    assert len(network.there()) == 3
    assert reconcile(network.store, network.gateway, "sample", PLAN_DATE).differences == ()


def test_a_rollback_lists_the_levels_that_stand_and_what_becomes_of_them() -> None:
    network = Network()
    network.plan()
    network.send()
    release = network.order().document.provenance.policy_release
    network.plan(SMALLER[:1], on=NEXT_DAY, held=[("S1", "I2"), ("S2", "I1")])
    network.send(NEXT_DAY)
    found = dispositions(in_flight(network.store, "sample", release), release)
    assert [one.status for one in found] == [OrderStatus.CLOSED] * 3
    assert {one.action for one in found} == {InFlight.KEEP}
    assert "until the next plan tells others or withdraws them" in found[0].why
    # Once a later document has replaced all that one told, it stands no more.
    network.plan(SMALLER[:1], on=NEXT_DAY + dt.timedelta(days=1), ours=[("S1", "I2"), ("S2", "I1")])
    network.send(NEXT_DAY + dt.timedelta(days=1))
    (left,) = in_flight(network.store, "sample", release)
    assert left.order_id == network.order(on=NEXT_DAY).order_id


def test_levels_that_the_other_side_cancelled_later_are_taken_back_here_and_told_again() -> None:
    network = Network()
    network.plan(BASE_STOCKS[:1])
    network.send()
    order = network.order()
    said = replace(order.receipt, answer=Answer.CANCELLED, reason="a buyer set them back")
    network.gateway = Saying(network.gateway, said)
    (found,) = reconcile(network.store, network.gateway, "sample", NEXT_DAY).differences
    assert (found.cause, found.remedy) == (Cause.NEWS, f"equipoise reconcile --take {order.order_id}")
    answer_one(network.store, order.order_id, Confirm(said, "find"))
    assert network.order().status is OrderStatus.CANCELLED
    assert network.order().status_reason == "a buyer set them back"
    (document,) = network.plan(BASE_STOCKS[:1], on=NEXT_DAY).content
    assert document.reason == "levels of 1 item: 1 new"


def test_levels_that_are_called_off_without_a_word_on_lines_are_told_again_until_they_surely_stand() -> None:
    network = Network()
    network.plan(BASE_STOCKS[:1])
    network.send()
    network.gateway.other_side.call_off(network.order().order_id)
    assert network.send().changed == (network.order().order_id,)
    assert (network.order().status, network.there()) == (OrderStatus.CANCELLED, {})
    assert reconcile(network.store, network.gateway, "sample", NEXT_DAY).differences == ()
    before = len(network.store.events())
    assert network.send().changed == ()
    assert len(network.store.events()) == before
    (document,) = network.plan(BASE_STOCKS[:1], on=NEXT_DAY).content
    assert told(document) == {"I1": (11, 4, 12)}
    assert document.reason == "levels of 1 item: 1 changed", "as far as anybody knows its ERP may still order by them"
    network.send(NEXT_DAY)
    assert network.there() == {("S1", "I1"): (11, 4, 12)}
    assert network.plan(BASE_STOCKS[:1], on=NEXT_DAY + dt.timedelta(days=1)).content == ()


def test_levels_that_are_called_off_and_handed_over_no_more_are_withdrawn() -> None:
    network = Network()
    network.plan(BASE_STOCKS[:1])
    network.send()
    network.gateway.other_side.call_off(network.order().order_id)
    network.send()
    (document,) = network.plan((), on=NEXT_DAY, ours=[("S1", "I1")]).content
    assert [line.levels.is_withdrawn for line in document.lines if line.levels] == [True]


def test_documents_whose_levels_were_replaced_are_not_asked_for_again() -> None:
    network = Network()
    network.plan(BASE_STOCKS[:1])
    network.send()
    network.plan(SMALLER[:1], on=NEXT_DAY)
    network.send(NEXT_DAY)
    assert reconcile(network.store, network.gateway, "sample", NEXT_DAY).compared == 1


def test_what_is_sent_again_of_an_older_date_is_not_sent_but_told_by_the_next_plan() -> None:
    network = Network()
    network.plan(BASE_STOCKS[:1])
    network.send()
    network.gateway.other_side = Counterpart(CounterpartStore())
    after = answer_one(network.store, network.order().order_id, Resend(ANN, "lost"))
    assert told_of_resend(after, PLAN_DATE).endswith("handed over again by the next `equipoise dispatch`.")
    assert told_of_resend(after, NEXT_DAY).endswith("it expires. The next plan tells its levels anew.")
    for days in (1, 40):
        network.send(NEXT_DAY, today=PLAN_DATE + days * dt.timedelta(days=1))
    assert network.order().status is OrderStatus.EXPIRED
    assert network.there() == {}
    (document,) = network.plan(BASE_STOCKS[:1], on=NEXT_DAY).content
    assert document.reason == "levels of 1 item: 1 new"


def test_levels_leave_after_what_the_same_plan_orders_however_little_that_gains() -> None:
    worthless = tuple(replace(one, lines=_worth_nothing(one)) for one in order_book().content)
    book = replace(order_book(), content=(*worthless, *wanted(MemoryOrderStore()).content))
    stores = [MemoryOrderStore(FixedClock(NOON)) for _ in range(2)]
    for store in stores:
        record(book, store)
    gateway = Noting()
    dispatch(stores[0], gateway, day(release=FREE), TERMS, Time())
    assert [name[0] for name in gateway.sent] == ["P", "T", "T", "L", "L"]
    found = dispatch(stores[1], Noting(), day(release=FREE, capacity=3), TERMS, Time())
    assert [name[0] for name in found.issued.held] == ["L", "L"]


def test_on_the_date_itself_nobody_s_turn_changes_whatever_the_erp_says() -> None:
    network = Network()
    network.plan(BASE_STOCKS[:1])
    network.send()
    (there,) = LedgerLevels(network.store, "sample").of(PLAN_DATE).to_dict("records")
    assert (there["of_this_date"], there["erp_orders"]) == (True, False), "a plan of the date still orders"
    network.plan((), on=NEXT_DAY, ours=[("S1", "I1")])
    network.send(NEXT_DAY)
    assert network.there() == {}
    stood, left = LedgerLevels(network.store, "sample").of(NEXT_DAY).to_dict("records")
    assert (stood["erp_orders"], left["is_withdrawn"]) == (True, True), "a plan of the date still does not order"
    (after,) = LedgerLevels(network.store, "sample").of(NEXT_DAY + dt.timedelta(days=1)).to_dict("records")
    assert (after["erp_orders"], after["is_certain"]) == (False, True)


class Noting(MemoryGateway):
    """Remembers in which order things were handed over."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[str] = []

    def submit(self, submission: Submission) -> Receipt:
        self.sent.append(submission.reference)
        return super().submit(submission)


def _worth_nothing(document: Document) -> tuple[OrderLine, ...]:
    return tuple(replace(line, gain_amount=Decimal("-1")) for line in document.lines)
