"""A release taken back by a person, and what became of the orders that it made.

Not here: carrying it out (``orchestration.rollout``), or which order meets which fate (``governance.in_flight``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console

from assets.kernel.telling import Record
from orchestration.cli.console import table

if TYPE_CHECKING:
    from orchestration.access import Access


def roll_back(access: Access, name: str, reason: str) -> Record:
    """Take a release back, prove that the former one decides, and carry out what becomes of its orders.

    Raises
    ------
    EquipoiseError
        If they may not, or if the release decides nothing.
    """
    from orchestration.rollout import take_back

    taken = take_back(access.settings, access.store, name, by=access.identity, why=reason)
    done = {
        **dict.fromkeys(taken.orders.kept, "goes on"),
        **dict.fromkeys(taken.orders.as_before, "its amendment is withdrawn; it goes on"),
        **dict.fromkeys(taken.orders.held, "held: `equipoise policy lift` lets it go"),
        **dict.fromkeys(taken.orders.cancelled, "cancelled, or the other side is asked to"),
        **{order_id: _sent_back(other) for order_id, other in taken.orders.compensated.items()},
        **taken.orders.for_people,
    }
    return {
        "taken_back": taken.rollback.taken_back.version,
        "restored": taken.rollback.restored.version,
        "proof": {"former_hash": taken.proof.former_hash, "restored_hash": taken.proof.restored_hash},
        "orders": [
            {
                "order_id": one.order_id, "status": str(one.status), "action": str(one.action), "why": one.why,
                "done": done.get(one.order_id, ""),
            }
            for one in taken.rollback.orders
        ],
    }  # fmt: skip


def _sent_back(counter_move: str) -> str:
    return f"{counter_move} sends it back" if counter_move else "sending back is proposed once its goods have come"


def show(console: Console, found: Record) -> None:
    """Print a rollback for people."""
    console.print(
        f"{found['taken_back']} is taken back; {found['restored']} decides again, of content "
        f"{found['proof']['restored_hash'][:12]} as before. Plan the date again with `equipoise plan`.",
        markup=False,
    )
    rows = [[one["order_id"], one["status"], one["action"], one["done"] or one["why"]] for one in found["orders"]]
    if rows:
        console.print(table("Orders that it made", ["order", "was", "", "what was done"], rows))
