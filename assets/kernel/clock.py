"""The Clock port: the only way a business date enters a decision.

A live network asks the wall clock; a simulated or imported one declares its date. Times
that only serve the audit (``landed_at``) come from here as well, so that tests can fix them.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Protocol
from zoneinfo import ZoneInfo


class Clock(Protocol):
    """Tells what day it is for the business, and what time it is for the audit."""

    def today(self) -> dt.date:
        """Return the business date in the network's time zone."""
        ...

    def now(self) -> dt.datetime:
        """Return an aware UTC time, for the audit; what a plan may know of the ledger goes by it too."""
        ...


@dataclass(frozen=True)
class WallClock:
    """The clock of a live network."""

    timezone: str = "UTC"

    def today(self) -> dt.date:
        """Return today's date in the network's time zone."""
        return dt.datetime.now(ZoneInfo(self.timezone)).date()

    def now(self) -> dt.datetime:
        """Return the time in UTC."""
        return dt.datetime.now(dt.UTC)


@dataclass(frozen=True)
class DeclaredClock:
    """The clock of a simulated or imported network: its date is declared, its audit is real."""

    date: dt.date

    def today(self) -> dt.date:
        """Return the declared date."""
        return self.date

    def now(self) -> dt.datetime:
        """Return the time in UTC."""
        return dt.datetime.now(dt.UTC)


@dataclass(frozen=True)
class FixedClock:
    """A clock that stands still: the fake that tests hand to whoever wants a clock."""

    instant: dt.datetime

    def today(self) -> dt.date:
        """Return the date of the instant."""
        return self.instant.date()

    def now(self) -> dt.datetime:
        """Return the instant."""
        return self.instant
