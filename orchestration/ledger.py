"""The order ledger that the settings name, with its checkpoints in the network's home.

Not here: what a ledger is (``assets.orders``).
"""

from __future__ import annotations

from assets.governance.ledger_log import LEDGER_EVENTS
from assets.kernel.clock import Clock
from assets.orders.checkpoints import CheckpointFile
from assets.orders.sql_store import SqlOrderStore
from orchestration.settings import Settings


def open_ledger(settings: Settings, clock: Clock) -> SqlOrderStore:
    """Return the ledger; nothing is connected or made before it is used.

    Parameters
    ----------
    settings : Settings
        The installation.
    clock : Clock
        Stamps events for the audit.
    """
    checkpoints = CheckpointFile(settings.network_home().ledger_checkpoints)
    return SqlOrderStore(settings.ledger(), clock, checkpoints, LEDGER_EVENTS)
