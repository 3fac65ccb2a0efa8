"""Governance events in the ledger, chained with those of orders: the real GovernanceLog.

Not here: what events mean, or how the ledger keeps them (``orders.store``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args

from assets.governance.events import Event
from assets.governance.log import StreamConflict
from assets.orders.confirmations import ConfirmationsTaken
from assets.orders.events import LedgerEvent
from assets.orders.store import Append, OrderStore, VersionConflict
from assets.orders.strangers import StrangerCancelRequested

LEDGER_EVENTS: tuple[type[LedgerEvent], ...] = (
    *get_args(Event), ConfirmationsTaken, StrangerCancelRequested,
)  # fmt: skip
"""What a ledger holds beside the events of orders; whoever opens one names them."""


@dataclass(frozen=True)
class LedgerLog:
    """Streams of governance events, in the ledger of orders."""

    store: OrderStore

    def history(self, stream: str) -> tuple[Event, ...]:
        """Return all events of a stream, oldest first."""
        recorded = (entry.event for entry in self.store.history(stream))
        return tuple(event for event in recorded if isinstance(event, get_args(Event)))

    def append(self, stream: str, expected_version: int, events: Sequence[Event]) -> None:
        """Record events of one stream, all or none."""
        try:
            self.store.append([Append(stream, expected_version, tuple(events))])
        except VersionConflict as error:
            raise StreamConflict(stream, expected_version, len(self.store.history(stream))) from error
