"""`equipoise ledger`: whether anybody touched what was recorded, and the view of orders made again.

Not here: what is wrong with a ledger (``assets.orders.sql_chain``).
"""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import typer

from assets.kernel.errors import EquipoiseError
from assets.kernel.telling import Record
from assets.policy.access import Permission
from orchestration.cli.command import command
from orchestration.cli.console import Output
from orchestration.cli.documents import open_store
from orchestration.cli.reading import open_network

if TYPE_CHECKING:
    from rich.console import Console

    from assets.orders.sql_store import SqlOrderStore

ledger = typer.Typer(add_completion=False, no_args_is_help=True, help="Verify the order ledger, or mend its view.")
SHOWN_FAULTS = 20


@ledger.command("verify")
@command(needs=Permission.VERIFY_LEDGER)
def verify(out: Output) -> None:
    """Look for events that were changed, removed, inserted or reordered; exit 1 if there are any."""
    with closing(open_store(open_network())) as store:
        found = gather(store)
    out.answer(found, lambda console: _show(console, found))
    if found["faults"]:
        raise EquipoiseError(
            f"{len(found['faults'])} faults, the first: {found['faults'][0]}",
            where="order ledger",
            remedy="Restore a backup from before; where only orders were changed, `equipoise ledger rebuild` mends it",
        )


@ledger.command("rebuild")
@command(needs=Permission.VERIFY_LEDGER)
def rebuild(out: Output) -> None:
    """Make the view of orders again from the events."""
    with closing(open_store(open_network())) as store:
        found: Record = {"events": store.rebuild()}
    out.answer(found, lambda console: console.print(f"Orders stand as {found['events']:,} events left them."))


def gather(store: SqlOrderStore) -> Record:
    """Return what was verified, and every fault as a line."""
    verified = store.verify()
    return {
        "events": verified.events,
        "last_hash": verified.last_hash,
        "checkpoints": verified.checkpoints,
        "faults": [str(fault) for fault in verified.faults],
    }


def _show(console: Console, found: Record) -> None:
    for line in found["faults"][:SHOWN_FAULTS]:
        console.print(line, markup=False, soft_wrap=True)
    if len(found["faults"]) > SHOWN_FAULTS:
        console.print(f"... and {len(found['faults']) - SHOWN_FAULTS} more; --json has all")
    if not found["faults"]:
        console.print(
            f"{found['events']:,} events are as they were recorded, by their chain and the checkpoints outside "
            f"the database ({found['checkpoints']:,}). Digest of the last: {found['last_hash'][:16]}"
        )
