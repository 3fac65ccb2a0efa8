"""Orders in flight when the release that made them is taken back: which they are, held ones, counter-moves.

A held order stays where it is until a person lifts the hold (``held_back`` of ``dispatch`` asks ``held_orders``); a
counter-move is approved and sent like any other order. Not here: the rules (``in_flight``), or acting by them
(``carrying_out``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import replace

from assets.governance.events import Event, HoldLifted, RollbackCarriedOut, RolledBack
from assets.governance.in_flight import OrderInFlight
from assets.kernel.errors import EquipoiseError
from assets.orders.answers import answer_each
from assets.orders.documents import content_digest, order_id
from assets.orders.events import PARAMETERS, Channel, Compensate, Document, OrderLine
from assets.orders.levels_there import standing_documents
from assets.orders.order import ENDED, UNSENT, Order, OrderStatus, certainly_here
from assets.orders.store import OrderFilter, OrderStore
from assets.policy.access import Identity, Permission, require

TRANSFER = "transfer"
CHANGED_LAST = 200
"""Orders, latest first, among which a counter-move that has just arrived is looked for."""


def in_flight(store: OrderStore, network: str, version: str) -> tuple[OrderInFlight, ...]:
    """Return the live orders of which a release decided a line, as a rollback of it sees them.

    Levels that an ERP took are among them, though their documents are closed: it goes on ordering by them.
    """
    orders = store.orders(OrderFilter(network=network, channel=Channel.LIVE, going_on=True))
    levels = store.orders(OrderFilter(network=network, channel=Channel.LIVE, kind=PARAMETERS))
    stand = standing_documents(levels)
    there = [order for order in levels if order.status is OrderStatus.CLOSED and order.order_id in stand]
    return tuple(
        OrderInFlight(order.order_id, order.status, version, levels_stand=True)
        for order in there
        if version in order.document.releases
    ) + tuple(
        OrderInFlight(order.order_id, order.status, version)
        for order in orders
        if version in order.document.releases and not order.document.provenance.compensates
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
    name = counter_move_id(order, plan_date)
    made_by = replace(document.provenance, compensates=order.order_id)
    reason = f"sends back what {order.order_id} moved, because {document.provenance.policy_release} was taken back"
    return Document(
        name, document.network, plan_date, Channel.LIVE, *ends, reason, content_digest(lines), lines, made_by
    )


def counter_move_id(order: Order, plan_date: dt.date) -> str:
    """Return the id of the document of a plan date that undoes an order."""
    document = order.standing
    ends = (TRANSFER, document.destination_id, document.origin_id)
    return order_id(document.network, plan_date, *ends, Channel.LIVE, apart=f"undoes {order.order_id}")


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


def left_to_people(orders: Iterable[Order], history: Sequence[Event]) -> dict[str, str]:
    """Return, by order, why a person has to see to it: a rollback could not settle it and it is still under way.

    Until it has arrived or ended, or somebody says that it was seen to (``lift_hold``).
    """
    left: dict[str, str] = {}
    for event in history:
        if isinstance(event, RollbackCarriedOut):
            said = f"{event.version} decided it and was taken back"
            left |= {one.order_id: f"{said}: {one.why}" for one in event.left_to_people}
        elif isinstance(event, HoldLifted):
            left.pop(event.order_id, None)
    over = ENDED | {OrderStatus.RECEIVED}
    return {
        order.order_id: left[order.order_id] for order in orders if order.order_id in left and order.status not in over
    }


def lift_hold(order: Order, history: Sequence[Event], *, by: Identity, at: dt.datetime, why: str) -> tuple[Event, ...]:
    """Say that a held order still holds, as it is now, or that one which a rollback left to people was seen to.

    Raises
    ------
    EquipoiseError
        If they may not, if it is not held, or if no reason is given.
    """
    require(by, Permission.APPROVE)
    held = (order.status in UNSENT or certainly_here(order)) and order.order_id in held_orders([order], history)
    if not held and order.order_id not in left_to_people([order], history):
        raise EquipoiseError(
            f"it is not held by a rollback; it is {order.status}", where=f"order {order.order_id}",
            remedy="See `equipoise inbox`",
        )  # fmt: skip
    if not why.strip():
        raise EquipoiseError("no reason was given", where=f"order {order.order_id}", remedy="Say why with --reason")
    return (HoldLifted(order.order_id, order.revision, by.person, at, why),)


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
