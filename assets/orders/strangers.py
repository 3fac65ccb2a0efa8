"""Orders that the other side has under our reference and no ledger of ours issued, cancelled there on a person's word.

The wish is recorded before it is handed over. Not here: finding them (``reconcile``), or orders of ours (``decide``).
"""

from __future__ import annotations

from dataclasses import dataclass

from assets.kernel.errors import EquipoiseError
from assets.orders.events import LedgerEvent
from assets.orders.gateways.port import Cancellation, Gateway, Receipt
from assets.orders.order import Order
from assets.orders.store import Append, OrderFilter, OrderStore


@dataclass(frozen=True)
class StrangerCancelRequested(LedgerEvent):
    """A person has an order cancelled on the other side that was never issued here.

    Attributes
    ----------
    gateway, reference : str
        Whose, and what it is called there.
    by, reason : str
        Who asked for it, and why.
    """

    gateway: str
    reference: str
    by: str
    reason: str


def strangers_stream(gateway: Gateway, network: str) -> str:
    """Return the stream of what was asked of a gateway about strangers."""
    return f"strangers/{network}/{gateway.address}"


def issued_here(store: OrderStore, references: tuple[str, ...]) -> dict[str, Order]:
    """Return those of some references that this ledger issued, of whichever of its networks, by reference."""
    found = store.orders(OrderFilter(order_ids=references)) if references else ()
    return {order.order_id: order for order in found if order.delivery is not None}


def cancel_stranger(
    store: OrderStore, gateway: Gateway, network: str, reference: str, *, by: str, reason: str
) -> Receipt:
    """Record that a person wants a stranger cancelled, ask for it, and return what the other side says.

    Raises
    ------
    EquipoiseError
        If this ledger issued it, or if the other side has nothing of it; nothing is recorded then.
    NotSent, OutcomeUnknown, NotUnderstood
        If the other side does not answer; the wish stays recorded, and may be uttered again.
    VersionConflict
        If somebody else asked for something at the same moment.
    """
    ours = issued_here(store, (reference,)).get(reference)
    if ours is not None:
        owner = ours.document.network
        remedy = f"Use `equipoise cancel {reference}`" + ("" if owner == network else f" on network {owner}")
        raise EquipoiseError("this ledger issued it", where=f"order {reference}", remedy=remedy)
    if gateway.find(reference) is None:
        raise EquipoiseError(
            "the other side has nothing of it", where=f"order {reference}", remedy="Look with `equipoise reconcile`"
        )
    stream = strangers_stream(gateway, network)
    last = store.history(stream, last=1)
    asked = StrangerCancelRequested(gateway.address, reference, by, reason)
    store.append([Append(stream, last[-1].version if last else 0, (asked,))])
    return gateway.cancel(Cancellation(reference, f"{reason}, by {by}"))
