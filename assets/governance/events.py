"""What can have happened in governance. Facts for ever; the ledger chains them with those of orders.

All events stand here, with what they carry: text, whole numbers, flags, decimals, dates, UTC times, closed
words, tuples of those, and frozen records of those. Each names the stream it belongs to. Not here: rules, or
what people say of an order, which is the order's own (``orders.events``).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from assets.governance.in_flight import Disposition
from assets.orders.events import LedgerEvent
from assets.policy.access import Permission, Role
from assets.policy.stage import Stage

RELEASES, ACCESS, PAUSE = "releases", "access", "pause"


def access_log_of(person: str) -> str:
    """Return the stream that holds what a person read and was refused."""
    return f"access-log/{person}"


class EvidenceKind(StrEnum):
    """Where evidence for a release comes from."""

    BACKTEST = "backtest"
    SIMULATION = "simulation"
    SHADOW = "shadow"
    CANARY = "canary"


@dataclass(frozen=True)
class Figure:
    """One number of evidence, with its unit in words."""

    name: str
    value: Decimal
    unit: str = ""


@dataclass(frozen=True)
class Evidence:
    """What speaks for a release: numbers, and where they can be found again."""

    kind: EvidenceKind
    source: str
    figures: tuple[Figure, ...] = ()


@dataclass(frozen=True)
class _OfReleases(LedgerEvent):
    @property
    def stream(self) -> str:
        """All releases share one stream, so that exactly one is active."""
        return RELEASES


@dataclass(frozen=True)
class StageChanged(_OfReleases):
    """A release went from one stage to another, with the content that it had then."""

    release: str
    version: str
    content_hash: str
    before: Stage
    after: Stage
    by: str
    at: dt.datetime
    why: str
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True)
class RolledBack(_OfReleases):
    """A release was taken back and another decides again; ``guard`` is empty where a person did it.

    ``orders`` is what becomes of each order in flight and ``plan_date`` the clock's, so that whoever finds that nobody
    carried it out can; both are ``None`` where they were not recorded yet.
    """

    version: str
    restored_version: str
    restored_hash: str
    by: str
    at: dt.datetime
    why: str
    guard: str = ""
    orders: tuple[Disposition, ...] | None = None
    plan_date: dt.date | None = None


@dataclass(frozen=True)
class LeftToPeople:
    """An order that a rollback could not settle, and why."""

    order_id: str
    why: str


@dataclass(frozen=True)
class Arrival:
    """An order whose goods came, and the clock's plan date on which a rollback that waits for them first saw it."""

    order_id: str
    plan_date: dt.date


@dataclass(frozen=True)
class RollbackCarriedOut(_OfReleases):
    """The orders of the rollback that was recorded at ``rolled_back_at`` were seen to, all but those that wait.

    ``waiting`` are orders that were sent and of which nobody knows yet whether they arrived, or whose goods no plan
    date can count yet: when that is known they are seen to by where they stand then, and another event says so.
    ``arrived`` are those of them whose goods were found to have come since the last such event.
    """

    version: str
    rolled_back_at: dt.datetime
    at: dt.datetime
    left_to_people: tuple[LeftToPeople, ...] = ()
    waiting: tuple[str, ...] = ()
    arrived: tuple[Arrival, ...] = ()


@dataclass(frozen=True)
class HoldLifted(_OfReleases):
    """A person says that a revision of an order still holds, though the release that made it was taken back."""

    order_id: str
    revision: int
    by: str
    at: dt.datetime
    why: str


@dataclass(frozen=True)
class _OfAccess(LedgerEvent):
    @property
    def stream(self) -> str:
        """Grants and tokens share one stream."""
        return ACCESS


@dataclass(frozen=True)
class RoleGranted(_OfAccess):
    """A person has a role from now on."""

    person: str
    role: Role
    by: str
    at: dt.datetime
    why: str


@dataclass(frozen=True)
class RoleRevoked(_OfAccess):
    """A person has a role no more."""

    person: str
    role: Role
    by: str
    at: dt.datetime
    why: str


@dataclass(frozen=True)
class PersonRemoved(_OfAccess):
    """A person left or goes by another name: every role and token of theirs is gone."""

    person: str
    by: str
    at: dt.datetime
    why: str


@dataclass(frozen=True)
class TokenIssued(_OfAccess):
    """A token stands for a person. Of its secret only a salted scrypt hash is kept; ``cost`` is scrypt's N."""

    token_id: str
    person: str
    salt: str
    secret_hash: str
    cost: int
    expires_on: dt.date
    by: str
    at: dt.datetime


@dataclass(frozen=True)
class TokenRevoked(_OfAccess):
    """A token stands for nobody any more."""

    token_id: str
    by: str
    at: dt.datetime
    why: str


@dataclass(frozen=True)
class _OfAccessLog(LedgerEvent):
    person: str

    @property
    def stream(self) -> str:
        """A stream for each person."""
        return access_log_of(self.person)


@dataclass(frozen=True)
class SensitiveRead(_OfAccessLog):
    """Somebody saw sensitive items unmasked: in what, and which (their ids)."""

    what: str
    item_ids: tuple[str, ...]
    at: dt.datetime


@dataclass(frozen=True)
class PermissionRefused(_OfAccessLog):
    """Somebody asked for what they may not do."""

    permission: Permission
    what: str
    at: dt.datetime


@dataclass(frozen=True)
class TokenRefused(_OfAccessLog):
    """A token was shown that stands for nobody; the person is its public id."""

    why: str
    at: dt.datetime


class PauseKind(StrEnum):
    """What can be paused."""

    SITE = "site"
    LANE = "lane"
    SUPPLIER = "supplier"
    ALL = "all"


@dataclass(frozen=True)
class PauseScope:
    """Where nothing leaves: ``name`` is a site, a supplier, ``origin>destination`` or, for all, empty."""

    kind: PauseKind
    name: str = ""


@dataclass(frozen=True)
class _OfPause(LedgerEvent):
    @property
    def stream(self) -> str:
        """All pauses share one stream."""
        return PAUSE


@dataclass(frozen=True)
class Paused(_OfPause):
    """Nothing leaves there any more; ``until`` is the first day on which it does again, if it is known."""

    scope: PauseScope
    by: str
    at: dt.datetime
    since: dt.date
    why: str
    until: dt.date | None = None


@dataclass(frozen=True)
class Resumed(_OfPause):
    """Orders leave there again."""

    scope: PauseScope
    by: str
    at: dt.datetime
    why: str


Event = (
    StageChanged | RolledBack | RollbackCarriedOut | HoldLifted
    | RoleGranted | RoleRevoked | PersonRemoved | TokenIssued | TokenRevoked
    | SensitiveRead | PermissionRefused | TokenRefused
    | Paused | Resumed
)  # fmt: skip
