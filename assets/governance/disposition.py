"""Carrying out what becomes of orders in flight when the release that made them is taken back.

``cancel`` asks the ledger, and through it the other side; ``hold`` keeps the order where it is until a person lifts
it (``held_back`` of ``dispatch`` asks ``held_orders``); ``compensate`` proposes the counter-move, which is approved
and sent like any other order. Every step can be repeated. Not here: the rules (``in_flight``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from assets.governance.events import Event, HoldLifted, RolledBack
from assets.governance.in_flight import Disposition, InFlight, OrderInFlight
from assets.governance.rollback import Rollback
from assets.kernel.errors import EquipoiseError
from assets.orders.answers import answer_each
from assets.orders.decide import decide
from assets.orders.documents import content_digest, order_id
from assets.orders.events import Cancel, Channel, Compensate, Document, OrderLine, Propose, Withdraw
from assets.orders.order import UNSENT, Order, OrderStatus
from assets.orders.store import Append, OrderFilter, OrderStore, VersionConflict
from assets.policy.access import Identity, Permission, require

REASON = "policy_rolled_back"
"""Why orders are cancelled; beside what people may say, because no person says it of one order."""
TRANSFER = "transfer"
CHANGED_LAST = 200
"""Orders, latest first, among which a counter-move that has just arrived is looked for."""
_ATTEMPTS = 5


@dataclass(frozen=True)
class CarriedOut:
    """What became of orders, by id; each sorted.

    Attributes
    ----------
    kept, held, cancelled : tuple of str
        Orders that go on, that wait for a person, and that are cancelled or asked to be.
    compensated : dict
        Order to the proposal that undoes it.
    for_people : dict
        Order to why a person has to see to it: what was bought cannot be sent back by a document.
    """

    kept: tuple[str, ...] = ()
    held: tuple[str, ...] = ()
    cancelled: tuple[str, ...] = ()
    compensated: Mapping[str, str] = field(default_factory=dict)
    for_people: Mapping[str, str] = field(default_factory=dict)


def in_flight(store: OrderStore, network: str, version: str) -> tuple[OrderInFlight, ...]:
    """Return the live orders of which a release decided a line, as a rollback of it sees them."""
    orders = store.orders(OrderFilter(network=network, channel=Channel.LIVE, going_on=True))
    return tuple(
        OrderInFlight(order.order_id, order.status, version)
        for order in orders
        if version in order.document.releases and not order.document.provenance.compensates
    )


def carry_out(store: OrderStore, rollback: Rollback, *, by: str, plan_date: dt.date) -> CarriedOut:
    """Carry out what a rollback says of orders, through the ledger.

    Parameters
    ----------
    by : str
        Who took the release back.
    plan_date : date
        The clock's: counter-moves are documents of this date.

    Raises
    ------
    EquipoiseError
        If the ledger refuses a step.
    """
    done: dict[InFlight, list[str]] = {action: [] for action in InFlight}
    counter: dict[str, str] = {}
    people: dict[str, str] = {}
    note = f"{rollback.taken_back.version} was taken back"
    for one in rollback.orders:
        done[one.action].append(one.order_id)
        if one.action is InFlight.CANCEL and not _cancelled(store, one, by, note):
            done[one.action].remove(one.order_id)
            people[one.order_id] = "it went on while the release was taken back; look at it again"
        if one.action is InFlight.COMPENSATE:
            order = _order(store, one.order_id)
            if order.document.kind == TRANSFER:
                counter[one.order_id] = _proposed(store, counter_move(order, plan_date))
            else:
                people[one.order_id] = f"a {order.document.kind} under way is sent back by no document of ours"
    return CarriedOut(
        tuple(done[InFlight.KEEP]), tuple(done[InFlight.HOLD]), tuple(done[InFlight.CANCEL]), counter, people
    )


def counter_move(order: Order, plan_date: dt.date) -> Document:
    """Return the document that sends back what an order has moved: the same items the other way.

    Its arrival is as many days after its departure as the order's was; it gains nothing by the model.

    Raises
    ------
    EquipoiseError
        If nothing of the order has moved.
    """
    document, moved = order.standing, _moved(order)
    lines = tuple(
        _back(line, number, moved[line.line_number], plan_date)
        for number, line in enumerate((one for one in document.lines if moved.get(one.line_number)), 1)
    )
    if not lines:
        raise EquipoiseError(
            "nothing of it has moved", where=f"order {order.order_id}", remedy="Cancel it with `equipoise cancel`"
        )
    ends = (TRANSFER, document.destination_id, document.origin_id)
    name = order_id(document.network, plan_date, *ends, Channel.LIVE, apart=f"undoes {order.order_id}")
    made_by = replace(document.provenance, compensates=order.order_id)
    reason = f"sends back what {order.order_id} moved, because {document.provenance.policy_release} was taken back"
    return Document(
        name, document.network, plan_date, Channel.LIVE, *ends, reason, content_digest(lines), lines, made_by
    )


def close_compensated(store: OrderStore, network: str) -> tuple[str, ...]:
    """Mark orders as compensated whose counter-move has arrived, and return their ids.

    Not before: until then the other side still has something to say of the order itself.
    """
    back = {
        order.document.provenance.compensates: order.order_id
        for order in store.orders(OrderFilter(network=network, channel=Channel.LIVE, latest=CHANGED_LAST))
        if order.document.provenance.compensates and order.status in (OrderStatus.RECEIVED, OrderStatus.CLOSED)
    }
    undone = store.orders(OrderFilter(order_ids=tuple(sorted(back))))
    return answer_each(
        store,
        [
            (order, Compensate(back[order.order_id], "rule", "its goods are back"))
            for order in undone
            if order.status in (OrderStatus.RECEIVED, OrderStatus.CLOSED)
        ],
    )


def held_orders(orders: Iterable[Order], history: Sequence[Event]) -> dict[str, str]:
    """Return, by order, why it may not leave: a release that decided it was taken back, and nobody lifted the hold."""
    gone = {event.version: event.restored_version for event in history if isinstance(event, RolledBack)}
    lifted = {(event.order_id, event.revision) for event in history if isinstance(event, HoldLifted)}
    found: dict[str, str] = {}
    for order in orders:
        taken_back = [version for version in order.document.releases if version in gone]
        undoes = bool(order.document.provenance.compensates)
        if taken_back and not undoes and (order.order_id, order.revision) not in lifted:
            found[order.order_id] = f"{taken_back[0]} decided it and was taken back; a person says whether it holds"
    return found


def lift_hold(order: Order, history: Sequence[Event], *, by: Identity, at: dt.datetime, why: str) -> tuple[Event, ...]:
    """Say that a held order still holds, as it is now.

    Raises
    ------
    EquipoiseError
        If they may not, if it is not held, or if no reason is given.
    """
    require(by, Permission.APPROVE)
    if order.status not in UNSENT or order.order_id not in held_orders([order], history):
        raise EquipoiseError(
            f"it is not held by a rollback; it is {order.status}", where=f"order {order.order_id}",
            remedy="See `equipoise inbox`",
        )  # fmt: skip
    if not why.strip():
        raise EquipoiseError("no reason was given", where=f"order {order.order_id}", remedy="Say why with --reason")
    return (HoldLifted(order.order_id, order.revision, by.person, at, why),)


def _cancelled(store: OrderStore, one: Disposition, by: str, note: str) -> bool:
    """Cancel an order, also where somebody else changes it meanwhile; tell whether it could be."""
    for _ in range(_ATTEMPTS):
        order = _order(store, one.order_id)
        if order.status in (OrderStatus.RECEIVED, OrderStatus.CLOSED):
            return False
        if order.status is OrderStatus.CANCELLED:
            return True
        # What nobody acted on is withdrawn, so that the restored release may propose the very same.
        gives_up = Withdraw(note, "") if order.status is OrderStatus.PROPOSED else Cancel(by, REASON, note)
        events = decide(order, gives_up)
        try:
            if events:
                store.append([Append(order.order_id, order.version, events)])
        except VersionConflict:
            continue
        return True
    return False


def _proposed(store: OrderStore, document: Document) -> str:
    """Propose a document, if it was not before, and return its id."""
    known = store.orders(OrderFilter(order_ids=(document.order_id,)))
    if not known:
        try:
            store.append([Append(document.order_id, 0, decide(None, Propose(document)))])
        except VersionConflict:
            # Another process proposed the same document: one is enough.
            return document.order_id
    return document.order_id


def _order(store: OrderStore, name: str) -> Order:
    (order,) = store.orders(OrderFilter(order_ids=(name,)))
    return order


def _moved(order: Order) -> dict[int, int]:
    """Return the units that left, by line number, as far as the other side has said."""
    return {line.line_number: line.shipped_units for line in order.receipt.lines} if order.receipt else {}


def _back(line: OrderLine, number: int, units: int, plan_date: dt.date) -> OrderLine:
    value = (line.value_amount * units / max(1, line.quantity_units)).quantize(line.value_amount)
    return replace(
        line,
        line_number=number,
        quantity_units=units,
        departure_date=plan_date,
        arrival_date=plan_date + (line.arrival_date - line.departure_date),
        value_amount=value,
        gain_amount=line.gain_amount * 0,
        reason="sends back what a release ordered that was taken back",
        binding_constraints="",
    )
