"""One order: what may happen to it (``decide``) and what it is after that (``evolve``).

Both are pure. ``decide`` answers a command with events or refuses it; ``evolve`` applies an
event and never refuses. States are those of the ledger's full life; transitions beyond a
proposal come with approval and dispatch, and are refused until then.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from assets.kernel.errors import EquipoiseError
from assets.orders.events import (
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


class OrderStatus(StrEnum):
    """States of an order. Only ``proposed`` and ``cancelled`` (withdrawn by a replan) are reached so far."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    RESERVED = "reserved"
    ISSUED = "issued"
    ACKNOWLEDGED = "acknowledged"
    SHIPPED = "shipped"
    RECEIVED = "received"
    CLOSED = "closed"
    REJECTED = "rejected"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    FAILED = "failed"
    UNKNOWN = "unknown"
    COMPENSATED = "compensated"


@dataclass(frozen=True)
class Order:
    """An order as its events left it.

    Attributes
    ----------
    document : Document
        Latest content.
    revision : int
        1 for the first content.
    status : OrderStatus
        Where it stands.
    status_reason : str
        Why it stands there; empty for a proposal.
    version : int
        Events applied, which is the version that the next append expects.
    """

    document: Document
    revision: int
    status: OrderStatus
    status_reason: str = ""
    version: int = 1

    @property
    def order_id(self) -> str:
        """Id of the document."""
        return self.document.order_id

    @property
    def data_version(self) -> str:
        """Names one revision's content, as its materialization carries it."""
        return f"r{self.revision}.{self.document.content_digest[:16]}"


def decide(order: Order | None, command: Command) -> tuple[Event, ...]:
    """Return the events that a command leads to; none if nothing changes.

    Raises
    ------
    EquipoiseError
        If the rules refuse the command.
    """
    match command:
        case Propose():
            return _propose(order, command)
        case Withdraw():
            return _withdraw(order, command)
        case Issue():
            return _issue(order)


def evolve(order: Order | None, event: Event) -> Order:
    """Return the order after an event."""
    match event:
        case OrderProposed(document):
            return Order(document, 1, OrderStatus.PROPOSED)
        case OrderRevised(document, revision):
            version = order.version + 1 if order else 1
            return Order(document, revision, OrderStatus.PROPOSED, version=version)
        case OrderWithdrawn(_, reason, _):
            before = _existing(order)
            return replace(before, status=OrderStatus.CANCELLED, status_reason=reason, version=before.version + 1)


def evolve_all(order: Order | None, events: Iterable[Event]) -> Order | None:
    """Return the order after events in sequence; ``None`` if there never was one."""
    for event in events:
        order = evolve(order, event)
    return order


def _propose(order: Order | None, command: Propose) -> tuple[Event, ...]:
    document = command.document
    if order is None:
        return (OrderProposed(document),)
    if order.document.identity != document.identity:
        raise EquipoiseError(
            f"{order.document.identity} and {document.identity} have the same order id",
            where=f"order {document.order_id}",
            remedy="Report it: the digest of order ids is too short",
        )
    if order.status not in (OrderStatus.PROPOSED, OrderStatus.CANCELLED):
        raise _refused(order, "only a proposal can be revised", "Cancel the order first, or plan a later date")
    same = order.document.content_digest == document.content_digest
    if same and order.status is OrderStatus.PROPOSED:
        return ()
    return (OrderRevised(document, order.revision + 1),)


def _withdraw(order: Order | None, command: Withdraw) -> tuple[Event, ...]:
    before = _existing(order)
    if before.status is OrderStatus.CANCELLED:
        return ()
    if before.status is not OrderStatus.PROPOSED:
        raise _refused(before, "only a proposal can be withdrawn", "Cancel the order instead")
    return (OrderWithdrawn(before.order_id, command.reason, command.run_id),)


def _issue(order: Order | None) -> tuple[Event, ...]:
    before = _existing(order)
    if before.document.channel is Channel.BACKFILL:
        raise _refused(
            before, "a document of channel backfill is never issued", "Plan the current date inside its window"
        )
    raise _refused(before, "only an approved and reserved order can be issued", "Have it approved first")


def _existing(order: Order | None) -> Order:
    if order is None:
        raise EquipoiseError("there is no such order", where="order ledger", remedy="List them with `equipoise orders`")
    return order


def _refused(order: Order, rule: str, remedy: str) -> EquipoiseError:
    return EquipoiseError(f"{rule}; it is {order.status}", where=f"order {order.order_id}", remedy=remedy)
