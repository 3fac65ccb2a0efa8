"""What the other side says unasked: taken in once, with the place to go on from.

The messages and the new cursor are recorded together, so that a crash between them loses nothing and
counts nothing twice. Not here: how a gateway reads them (``gateways``).
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from assets.kernel.errors import EquipoiseError
from assets.orders.decide import decide
from assets.orders.events import Confirm, LedgerEvent
from assets.orders.evolve import evolve_all
from assets.orders.gateways.port import Confirmation, Gateway
from assets.orders.order import Order
from assets.orders.store import Append, OrderFilter, OrderStore, VersionConflict

_ATTEMPTS = 20
_PAGE = 1000


@dataclass(frozen=True)
class ConfirmationsTaken(LedgerEvent):
    """Messages of a gateway were read up to a cursor.

    Attributes
    ----------
    gateway, cursor : str
        Whose, and where to go on.
    strangers : tuple of str
        Messages about orders that this ledger never issued, or revisions that it never made: id and our reference.
    unreadable : tuple of str
        Messages that the gateway put aside, a line each.
    """

    gateway: str
    cursor: str
    strangers: tuple[str, ...] = ()
    unreadable: tuple[str, ...] = ()


@dataclass(frozen=True)
class Taken:
    """What was said: ids of orders that changed, and what could not be used."""

    orders: tuple[str, ...]
    messages: int
    strangers: tuple[str, ...]
    unreadable: tuple[str, ...]


def stream_of(gateway: Gateway, network: str) -> str:
    """Return the stream that holds how far a gateway's messages were read."""
    return f"gateway/{network}/{gateway.address}"


def take_confirmations(store: OrderStore, gateway: Gateway, network: str) -> Taken:
    """Take in what the other side said since the last time.

    A place that was recorded under the kind alone, before addresses were, goes to the first address that is asked.

    Raises
    ------
    NotSent, OutcomeUnknown, NotUnderstood
        If the other side cannot be asked; nothing that it said is recorded then.
    VersionConflict
        If others changed the same orders in every one of many attempts.
    """
    changed: set[str] = set()
    strangers: list[str] = []
    unreadable: list[str] = []
    aside: tuple[str, ...] = ()
    messages, attempt = 0, 0
    stream = stream_of(gateway, network)
    _take_over_place(store, gateway, network)
    while True:
        before = store.history(stream, last=1)
        last = before[-1].event if before else None
        since = last.cursor if isinstance(last, ConfirmationsTaken) else ""
        said = gateway.confirmations(since)
        # What was put aside is told once only: lines of an attempt that others overtook go into the next.
        aside = tuple(dict.fromkeys((*aside, *said.unreadable)))
        if said.cursor == since and not aside:
            return Taken(tuple(sorted(changed)), messages, tuple(strangers), tuple(unreadable))
        appends, unknown = _appends(store, said.found)
        taken = ConfirmationsTaken(gateway.address, said.cursor, unknown, aside)
        try:
            store.append([*appends, Append(stream, before[-1].version if before else 0, (taken,))])
        except VersionConflict:
            attempt += 1
            if attempt == _ATTEMPTS:
                raise
            continue
        changed |= {append.stream for append in appends}
        strangers += unknown
        unreadable += aside
        messages += len(said.found)
        # A cursor that moves on without bringing anything is followed no further until the next time.
        if said.cursor == since or not (said.found or aside):
            return Taken(tuple(sorted(changed)), messages, tuple(strangers), tuple(unreadable))
        aside = ()


def _take_over_place(store: OrderStore, gateway: Gateway, network: str) -> None:
    """Record where an address goes on, once: where the kind alone stood, unless another address has gone on there."""
    stream, kind = stream_of(gateway, network), f"gateway/{network}/{gateway.name}"
    if stream == kind or store.history(stream, last=1):
        return
    stood = store.history(kind, last=1)
    if not stood or not isinstance(stood[-1].event, ConfirmationsTaken):
        return
    taken_over = _has_event(store, f"{kind}:", after=stood[-1].position)
    cursor = "" if taken_over else stood[-1].event.cursor
    with suppress(VersionConflict):  # another process was first, with the same
        store.append([Append(stream, 0, (ConfirmationsTaken(gateway.address, cursor),))])


def _has_event(store: OrderStore, prefix: str, after: int) -> bool:
    """Tell whether a stream whose name starts so has an event beyond a position."""
    while page := store.events(after, _PAGE):
        if any(recorded.stream.startswith(prefix) for recorded in page):
            return True
        after = page[-1].position
    return False


def _appends(store: OrderStore, found: tuple[Confirmation, ...]) -> tuple[list[Append], tuple[str, ...]]:
    references = tuple(sorted({message.receipt.reference for message in found}))
    stands: dict[str, Order] = {o.order_id: o for o in store.orders(OrderFilter(order_ids=references))}
    before = {order_id: order.version for order_id, order in stands.items()}
    events: dict[str, tuple[LedgerEvent, ...]] = {}
    strangers = []
    for message in found:
        order_id = message.receipt.reference
        try:
            order = stands[order_id]
            new = decide(order, Confirm(message.receipt, message.confirmation_id))
        except (KeyError, EquipoiseError):
            strangers.append(f"{message.confirmation_id} of {order_id}")
            continue
        after = evolve_all(order, new)
        if new and after is not None:
            if after.unmade is not None and after.unmade != order.unmade:
                revision = after.unmade.revision
                strangers.append(
                    f"{message.confirmation_id} of {order_id}: revision {revision}, which was never made here"
                )
            stands[order_id] = after
            events[order_id] = (*events.get(order_id, ()), *new)
    return [Append(order_id, before[order_id], new) for order_id, new in sorted(events.items())], tuple(strangers)
