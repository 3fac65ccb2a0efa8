"""Which release decides for which items beside the active one: the port, and what somebody recorded of it.

Not here: the rule (``governance.canary``), or planning the part (``canary``).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from assets.policy.release import Release

if TYPE_CHECKING:
    from assets.rebalancing.plan import Plan


@dataclass(frozen=True)
class Part:
    """The items that a release decides for beside the active one."""

    release: Release
    items: frozenset[str]


class Canaries(Protocol):
    """Says which release decides for which part of a plan."""

    def release(self) -> Release | None:
        """Return the release at stage canary, if there is one."""

    def part(self, plan: Plan, plan_date: dt.date) -> Part | None:
        """Return its part of the active release's plan, the same from day to day."""


@dataclass(frozen=True)
class Decided:
    """A part as somebody recorded it, for a replay; ``None`` for no canary."""

    told: Part | None = None

    def release(self) -> Release | None:
        """Return the recorded release."""
        return self.told.release if self.told else None

    def part(self, plan: Plan, plan_date: dt.date) -> Part | None:  # noqa: ARG002 - the port's own
        """Return the recorded part."""
        return self.told
