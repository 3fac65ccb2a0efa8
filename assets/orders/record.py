"""Bringing a plan's documents into the ledger, as often as one likes.

The same book twice adds nothing; a changed one adds revisions; a document that the plan no longer
contains is withdrawn. What has left, or what a person decided, stays. Not here: the rules of one
order (``decide``).
"""

from __future__ import annotations

from assets.orders.decide import decide
from assets.orders.events import Command, OrderBook, OrderProposed, OrderRevised, Propose, Withdraw
from assets.orders.order import ENDED, Order
from assets.orders.store import Append, OrderFilter, OrderStore, RecordReport, VersionConflict

_ATTEMPTS = 5
NO_LONGER_PLANNED = "a later plan of the same date does not contain it"


def record(book: OrderBook, store: OrderStore) -> RecordReport:
    """Bring a book into the ledger and say what changed.

    Raises
    ------
    VersionConflict
        If other writers changed the same orders in every one of a few attempts.
    EquipoiseError
        If a rule of the ledger refuses a change.
    """
    for attempt in range(1, _ATTEMPTS + 1):
        appends, report = _decided(book, store)
        try:
            if appends:
                store.append(appends)
            return report
        except VersionConflict:
            # Another run recorded meanwhile: its orders are read and decided on again.
            if attempt == _ATTEMPTS:
                raise
    raise AssertionError("unreachable")


def _decided(book: OrderBook, store: OrderStore) -> tuple[list[Append], RecordReport]:
    planned = {document.order_id: document for document in book.content}
    wanted = OrderFilter(network=book.network, plan_date=book.plan_date, channel=book.channel)
    stands = {order.order_id: order for order in store.orders(wanted) if book.speaks_for(order.document)}
    withdraw = Withdraw(NO_LONGER_PLANNED, book.run_id)
    appends: list[Append] = []
    outcome: dict[str, list[str]] = {"new": [], "revised": [], "unchanged": [], "withdrawn": [], "kept": []}
    for order_id in sorted(planned.keys() | stands.keys()):
        order = stands.get(order_id)
        document = planned.get(order_id)
        appended, what = _decide_one(order, Propose(document) if document else withdraw, order_id)
        appends += appended
        if what:
            outcome[what].append(order_id)
    return appends, RecordReport(**{what: tuple(ids) for what, ids in outcome.items()})


def _decide_one(order: Order | None, command: Command, order_id: str) -> tuple[list[Append], str]:
    events = decide(order, command)
    if not events:
        return [], _left(order, command)
    appends = [Append(order_id, order.version if order else 0, events)]
    match events[0]:
        case OrderProposed():
            return appends, "new"
        case OrderRevised():
            return appends, "revised"
    return appends, "withdrawn"


def _left(order: Order | None, command: Command) -> str:
    """Tell why a plan changes nothing of an order: it says the same, or the order has gone too far."""
    if isinstance(command, Propose):
        same = order is not None and order.document.content_digest == command.document.content_digest
        return "unchanged" if same else "kept"
    return "" if order is None or order.status in ENDED else "kept"
