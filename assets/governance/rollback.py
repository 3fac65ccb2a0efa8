"""Taking a release back: which one decides again, what becomes of orders in flight, and proof of both.

Pure. Here: the events and the proof. Not here: when a guard asks for it (``guards``), the rules for orders
(``in_flight``), or carrying them out (``orders``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from assets.governance.events import Event, RolledBack, StageChanged
from assets.governance.in_flight import Disposition, OrderInFlight, dispositions
from assets.governance.stages import change, release_named
from assets.kernel.errors import EquipoiseError
from assets.policy.access import Identity, Permission, require
from assets.policy.release import Release
from assets.policy.stage import Stage

GUARD = "guard"


@dataclass(frozen=True)
class Rollback:
    """A rollback that may be recorded.

    Attributes
    ----------
    events : tuple of events
        For the stream ``releases``, in one append.
    rolled : RolledBack
        The last of them, with what becomes of the orders that the release made.
    taken_back, restored : Release
        The release that decides no more, and the one that decides everything again.
    """

    events: tuple[Event, ...]
    rolled: RolledBack
    taken_back: Release
    restored: Release

    @property
    def orders(self) -> tuple[Disposition, ...]:
        """What becomes of the orders that the release made, by id."""
        return self.rolled.orders or ()


@dataclass(frozen=True)
class RollbackProof:
    """That the release which decides is the one that decided before, to the bit.

    Attributes
    ----------
    version : str
        The restored release.
    former_hash, restored_hash : str
        Content hash that events kept from when it last became or was active, and that of its file now.
    """

    version: str
    former_hash: str
    restored_hash: str


def roll_back(
    history: Sequence[Event],
    name: str,
    releases: Sequence[Release],
    orders: Iterable[OrderInFlight],
    *,
    by: Identity,
    at: dt.datetime,
    why: str,
    plan_date: dt.date,
) -> Rollback:
    """Take back a canary or the active release because a person says so.

    The release that decided before it decides again: for a canary the active one, for an active release the one
    that it retired.

    Raises
    ------
    EquipoiseError
        If they may not, if the release decides nothing, if there was none before it, or if the content of the
        one before it changed meanwhile.
    """
    require(by, Permission.ROLL_BACK_RELEASE)
    return _rolled_back(history, name, releases, orders, by.person, at, why, "", plan_date)


def roll_back_by_guard(
    history: Sequence[Event],
    name: str,
    releases: Sequence[Release],
    orders: Iterable[OrderInFlight],
    *,
    guard: str,
    at: dt.datetime,
    why: str,
    plan_date: dt.date,
) -> Rollback:
    """Take back a canary or the active release because a guard is broken. It asks nobody for permission."""
    return _rolled_back(history, name, releases, orders, GUARD, at, why, guard, plan_date)


def prove_restored(history: Sequence[Event], active: Release) -> RollbackProof:
    """Prove of the last rollback that what decides now is what decided before.

    Parameters
    ----------
    history : sequence of events
        Of the stream ``releases``, the rollback included.
    active : Release
        What the registry says is active, read from its file.

    Raises
    ------
    EquipoiseError
        If there was no rollback, or if another release or another content decides.
    """
    last = max((at for at, event in enumerate(history) if isinstance(event, RolledBack)), default=-1)
    if last < 0:
        raise EquipoiseError("nothing was rolled back", where="policy releases", remedy="There is nothing to prove")
    event = history[last]
    assert isinstance(event, RolledBack)
    # The event before it is the rollback's own.
    former = _former_hash(history[: last - 1], event)
    if (active.version, active.content_hash) != (event.restored_version, former):
        raise EquipoiseError(
            f"restored = {event.restored_version} of content {former[:12]}, "
            f"active = {active.version} of content {active.content_hash[:12]}",
            where="policy releases",
            remedy="Bring the restored release's file back as it was",
        )
    return RollbackProof(active.version, former, active.content_hash)


def _rolled_back(
    history: Sequence[Event],
    name: str,
    releases: Sequence[Release],
    orders: Iterable[OrderInFlight],
    by: str,
    at: dt.datetime,
    why: str,
    guard: str,
    plan_date: dt.date,
) -> Rollback:
    release = release_named(name, releases)
    if not why.strip():
        raise _refused(release, "no reason was given", "Say why with --reason")
    if release.stage is Stage.CANARY:
        restored = _active(release, releases)
        events: list[Event] = [change(release, Stage.RETIRED, by, at, why)]
    elif release.stage is Stage.ACTIVE:
        restored = _before(release, history, releases)
        again = change(restored, Stage.ACTIVE, by, at, f"{release.version} was rolled back")
        events = [change(release, Stage.RETIRED, by, at, why), again]
    else:
        raise _refused(
            release, f"it is {release.stage} and decides nothing", "Roll back a canary or the active release"
        )
    fates, kept = dispositions(orders, release.version), restored.content_hash
    rolled = RolledBack(release.version, restored.version, kept, by, at, why, guard, fates, plan_date)
    return Rollback((*events, rolled), rolled, release, restored)


def _active(canary: Release, releases: Sequence[Release]) -> Release:
    for one in releases:
        if one.stage is Stage.ACTIVE:
            return one
    raise _refused(canary, "the active release is not there, or its file was changed", "Bring its file back as it was")


def _before(release: Release, history: Sequence[Event], releases: Sequence[Release]) -> Release:
    """Return the release that was retired when this one was promoted; being restored is no promotion."""
    activated = [at for at, event in enumerate(history) if _was_promoted(event, release.version)]
    for event in history[activated[-1] + 1 :] if activated else ():
        if isinstance(event, StageChanged) and (event.before, event.after) == (Stage.ACTIVE, Stage.RETIRED):
            restored = release_named(event.release, releases)
            if restored.content_hash != event.content_hash:
                raise _refused(restored, "its content is not the one that decided before", "Bring its file back")
            return restored
    raise _refused(release, "no release decided before it", "Promote another release instead")


def _was_promoted(event: Event, version: str) -> bool:
    if not isinstance(event, StageChanged) or event.version != version:
        return False
    return (event.before, event.after) == (Stage.CANARY, Stage.ACTIVE)


def _former_hash(before: Sequence[Event], rolled: RolledBack) -> str:
    """Return the content hash under which the restored release was last active before the rollback."""
    name = rolled.restored_version.partition("@")[0]
    hashes = [
        event.content_hash
        for event in before
        if isinstance(event, StageChanged) and event.release == name and Stage.ACTIVE in (event.before, event.after)
    ]
    return hashes[-1] if hashes else ""


def _refused(release: Release, what: str, remedy: str) -> EquipoiseError:
    return EquipoiseError(what, where=f"policy release {release.name}", remedy=remedy)
