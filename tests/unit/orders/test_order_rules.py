"""What may happen to one order: laws of decide and evolve."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.orders.order_samples import order_book

from assets.kernel.errors import EquipoiseError
from assets.orders.codec import event_type, from_json, to_json
from assets.orders.events import (
    SCHEMA_VERSION,
    Channel,
    Command,
    Document,
    Event,
    Issue,
    OrderProposed,
    OrderRevised,
    OrderWithdrawn,
    Propose,
    Withdraw,
)
from assets.orders.order import Order, OrderStatus, decide, evolve_all

DOCUMENT = order_book().content[0]


def variant(content: str, channel: Channel = Channel.LIVE) -> Document:
    return dataclasses.replace(DOCUMENT, content_digest=content, channel=channel)


def commands(channel: Channel = Channel.LIVE) -> st.SearchStrategy[Command]:
    return st.one_of(
        st.sampled_from("abc").map(lambda content: Propose(variant(content, channel))),
        st.just(Withdraw("gone", "run-2")),
        st.just(Issue("operator")),
    )


def run(sequence: list[Command]) -> tuple[Order | None, list[Event]]:
    order: Order | None = None
    log: list[Event] = []
    for command in sequence:
        try:
            events = decide(order, command)
        except EquipoiseError:
            continue
        log += events
        order = evolve_all(order, events)
    return order, log


@given(st.lists(commands(), max_size=12))
def test_whatever_is_decided_can_be_evolved_and_replayed(sequence: list[Command]) -> None:
    order, log = run(sequence)
    assert evolve_all(None, log) == order
    if order:
        assert order.version == len(log)
        assert order.revision == sum(isinstance(e, OrderProposed | OrderRevised) for e in log)


@given(st.lists(commands(), max_size=8), st.sampled_from("abc"))
def test_proposing_twice_changes_nothing(sequence: list[Command], content: str) -> None:
    order, _ = run([*sequence, Propose(variant(content))])
    assert decide(order, Propose(variant(content))) == ()


@given(st.lists(commands(Channel.BACKFILL), max_size=12))
def test_a_backfill_document_is_never_issued(sequence: list[Command]) -> None:
    order, _ = run(sequence)
    assert order is None or order.status in (OrderStatus.PROPOSED, OrderStatus.CANCELLED)
    with pytest.raises(EquipoiseError):
        decide(order, Issue("operator"))


def test_issuing_a_backfill_document_names_the_rule() -> None:
    order = evolve_all(None, [OrderProposed(variant("a", Channel.BACKFILL))])
    with pytest.raises(EquipoiseError, match="channel backfill is never issued"):
        decide(order, Issue("operator"))


def test_issuing_a_proposal_asks_for_approval_first() -> None:
    order = evolve_all(None, [OrderProposed(variant("a"))])
    with pytest.raises(EquipoiseError, match="approved"):
        decide(order, Issue("operator"))


def test_a_withdrawn_document_that_is_planned_again_comes_back_as_a_revision() -> None:
    order, log = run([Propose(variant("a")), Withdraw("gone", "r"), Propose(variant("a"))])
    assert order is not None
    assert (order.status, order.revision, len(log)) == (OrderStatus.PROPOSED, 2, 3)


def test_withdrawing_twice_is_withdrawing_once() -> None:
    order, log = run([Propose(variant("a")), Withdraw("gone", "r"), Withdraw("gone", "r")])
    assert order is not None
    assert (order.status, len(log)) == (OrderStatus.CANCELLED, 2)


def test_two_documents_with_one_id_are_refused() -> None:
    order = evolve_all(None, [OrderProposed(DOCUMENT)])
    with pytest.raises(EquipoiseError, match="same order id"):
        decide(order, Propose(dataclasses.replace(DOCUMENT, origin_id="elsewhere")))


@pytest.mark.parametrize("status", sorted(set(OrderStatus) - {OrderStatus.PROPOSED, OrderStatus.CANCELLED}))
def test_a_replan_never_touches_an_order_beyond_proposal(status: OrderStatus) -> None:
    order = Order(DOCUMENT, 1, status)
    for command in (Propose(variant("other")), Withdraw("gone", "r")):
        with pytest.raises(EquipoiseError, match="only a proposal"):
            decide(order, command)


@pytest.mark.parametrize(
    "event", [OrderProposed(DOCUMENT), OrderRevised(DOCUMENT, 2), OrderWithdrawn("T-1", "gone", "r")]
)
def test_an_event_survives_storage_to_the_byte(event: Event) -> None:
    text = to_json(event)
    again = from_json(event_type(event), SCHEMA_VERSION, text)
    assert again == event
    assert to_json(again) == text


def test_an_event_of_a_newer_release_is_refused() -> None:
    with pytest.raises(EquipoiseError, match="newer"):
        from_json("OrderProposed", SCHEMA_VERSION + 1, "{}")
