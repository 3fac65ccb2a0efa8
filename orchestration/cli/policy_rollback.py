"""A release taken back by a person, and what becomes of the orders that it made, carried out.

What is to be cancelled is cancelled; where orders are to be held, their lane is paused until somebody says
whether they still stand. Not here: which order meets which fate (``governance.in_flight``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console

from orchestration.cli.console import table
from orchestration.cli.policy import registry
from orchestration.cli.reading import Record

if TYPE_CHECKING:
    from assets.governance.in_flight import Disposition
    from assets.governance.rollback import Rollback
    from assets.orders.order import Order
    from orchestration.access import Access


def roll_back(access: Access, name: str, reason: str) -> Record:
    """Take a release back, prove that the former one decides, and carry out what becomes of its orders.

    Raises
    ------
    EquipoiseError
        If they may not, or if the release decides nothing.
    """
    from assets.governance.events import RELEASES, Event
    from assets.governance.in_flight import OrderInFlight
    from assets.governance.log import settle
    from assets.governance.rollback import prove_restored
    from assets.governance.rollback import roll_back as rolled_back
    from assets.orders.store import OrderFilter

    orders = {one.order_id: one for one in access.store.orders(OrderFilter(network=access.network))}
    flying = [OrderInFlight(i, one.status, one.document.provenance.policy_release) for i, one in orders.items()]
    done: list[Rollback] = []

    def decide(history: tuple[Event, ...]) -> tuple[Event, ...]:
        releases = registry(access).releases()
        done.append(rolled_back(history, name, releases, flying, by=access.identity, at=access.clock.now(), why=reason))
        return done[-1].events

    settle(access.log, RELEASES, decide)
    taken = done[-1]
    proof = prove_restored(access.log.history(RELEASES), registry(access).active())
    why = f"{taken.taken_back.version} was rolled back: {reason}"
    return {
        "taken_back": taken.taken_back.version,
        "restored": taken.restored.version,
        "proof": {"former_hash": proof.former_hash, "restored_hash": proof.restored_hash},
        "orders": [
            {
                "order_id": one.order_id, "status": str(one.status), "action": str(one.action), "why": one.why,
                "done": _carried_out(access, orders[one.order_id], one, why),
            }
            for one in taken.orders
        ],
    }  # fmt: skip


def show(console: Console, found: Record) -> None:
    """Print a rollback for people."""
    console.print(
        f"{found['taken_back']} is taken back; {found['restored']} decides again, of content "
        f"{found['proof']['restored_hash'][:12]} as before.",
        markup=False,
    )
    rows = [[one["order_id"], one["status"], one["action"], one["done"] or one["why"]] for one in found["orders"]]
    if rows:
        console.print(table("Orders that it made", ["order", "was", "", "what was done"], rows))


def _carried_out(access: Access, order: Order, one: Disposition, why: str) -> str:
    """Do what becomes of an order, and say it; an order that cannot be cancelled is told and left."""
    from assets.governance.in_flight import InFlight
    from assets.kernel.errors import EquipoiseError
    from assets.orders.events import Cancel
    from assets.orders.order import UNSENT
    from assets.orders.outbox import record_one

    try:
        if one.action is InFlight.CANCEL:
            after = record_one(access.store, order.order_id, Cancel(access.identity.person, "rolled_back", why))
            return "the other side is asked to cancel" if after.cancel_pending else "cancelled"
        if one.action is InFlight.HOLD and order.status in UNSENT:
            return _paused(access, order, why)
    except EquipoiseError as error:
        return f"left as it is: {error.what}"
    return ""


def _paused(access: Access, order: Order, why: str) -> str:
    from assets.governance.events import PAUSE, PauseKind, PauseScope
    from assets.governance.log import settle
    from assets.governance.pause import pause, pause_state

    document = order.document
    scope = PauseScope(PauseKind.LANE, f"{document.origin_id}>{document.destination_id}")
    if scope not in {held.scope for held in pause_state(access.log.history(PAUSE), access.today).pauses}:
        settle(
            access.log, PAUSE,
            lambda history: pause(
                history, scope, by=access.identity, at=access.clock.now(), today=access.today, why=why
            ),
        )  # fmt: skip
    return f"held: lane={scope.name} is paused; reject the order or not, then resume the lane"
