"""Promoting and taking back releases of a network: its files, events, evidence and orders brought to one act.

Called by the command line. Not here: the rules (``governance.stages``, ``rollback``, ``disposition``).
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass

from assets.governance.carrying_out import CarriedOut, finish, see_to
from assets.governance.disposition import in_flight
from assets.governance.events import RELEASES, Event, Evidence
from assets.governance.ledger_log import LedgerLog
from assets.governance.log import settle
from assets.governance.rollback import Rollback, RollbackProof, prove_restored, roll_back
from assets.governance.shadow_evidence import published_evidence
from assets.governance.stages import promote, release_named
from assets.kernel.clock import Clock
from assets.kernel.network import NetworkProfile
from assets.kernel.published import Published
from assets.orders.store import OrderStore
from assets.policy.access import Identity
from assets.policy.registry import PolicyRegistry
from assets.policy.release import Release
from orchestration.ledger import open_ledger
from orchestration.policies import registry_of
from orchestration.settings import Settings


@dataclass(frozen=True)
class Promoted:
    """A release at its new stage, what spoke for it, and every stage that changed with it."""

    release: Release
    evidence: tuple[Evidence, ...]
    events: tuple[Event, ...]


@dataclass(frozen=True)
class TakenBack:
    """A rollback that was recorded, what became of orders, and the proof that what decides is what decided before."""

    rollback: Rollback
    orders: CarriedOut
    proof: RollbackProof


def promote_release(
    settings: Settings, name: str, *, by: Identity, why: str, evidence: tuple[Evidence, ...] = ()
) -> Promoted:
    """Move a release one stage on; what its shadow plans or canary parts say speaks for it without being asked.

    Parameters
    ----------
    settings : Settings
        The installation.
    name : str
        Name or version of the release.
    by : Identity
        Who promotes it.
    why : str
        The reason.
    evidence : tuple of Evidence
        More that speaks for it: its backtest, where it becomes a shadow.

    Raises
    ------
    EquipoiseError
        As ``governance.stages.promote``.
    """
    with closing(open_ledger(settings, settings.network_home().profile.clock)) as store:
        return promote_on(settings, store, name, by=by, why=why, evidence=evidence)


def promote_on(
    settings: Settings, store: OrderStore, name: str, *, by: Identity, why: str, evidence: tuple[Evidence, ...] = ()
) -> Promoted:
    """Do so on an open ledger; see ``promote_release``."""
    home = settings.network_home()
    finish_rollbacks(store, home.profile, home.profile.clock)
    clock, registry = home.profile.clock, registry_of(home, store)
    version = release_named(name, registry.releases()).version
    told = (*published_evidence(Published(home.published), version), *evidence)

    def decide(history: tuple[Event, ...]) -> Sequence[Event]:
        return promote(history, name, registry.releases(), by=by, at=clock.now(), why=why, evidence=told)

    events = settle(LedgerLog(store), RELEASES, decide)
    return Promoted(release_named(name, registry.releases()), told, events)


def roll_back_release(settings: Settings, name: str, *, by: Identity, why: str) -> TakenBack:
    """Take back the canary or the active release, carry out what becomes of its orders, and prove what decides.

    The date is to be planned again by the release that decides now: ``equipoise plan``.

    Raises
    ------
    EquipoiseError
        As ``governance.rollback.roll_back`` and ``prove_restored``.
    """
    home = settings.network_home()
    with closing(open_ledger(settings, home.profile.clock)) as store:
        return take_back(settings, store, name, by=by, why=why)


def take_back(settings: Settings, store: OrderStore, name: str, *, by: Identity, why: str) -> TakenBack:
    """Do so on an open ledger; see ``roll_back_release``."""
    home = settings.network_home()
    profile, log, registry = home.profile, LedgerLog(store), registry_of(home, store)
    finish_rollbacks(store, profile, profile.clock)
    today = profile.calendar.start_of_bucket(profile.clock.today())
    made: list[Rollback] = []

    def decide(history: tuple[Event, ...]) -> Sequence[Event]:
        releases = _releases_with(registry, name)
        version = release_named(name, releases).version
        orders = in_flight(store, profile.name, version)
        made[:] = [roll_back(history, name, releases, orders, by=by, at=profile.clock.now(), why=why, plan_date=today)]
        return made[0].events

    settle(log, RELEASES, decide)
    done = see_to(store, log, made[0].rolled, today=today, at=profile.clock.now())
    return TakenBack(made[0], done, prove_restored(log.history(RELEASES), registry.active()))


def _releases_with(registry: PolicyRegistry, name: str) -> list[Release]:
    """Return the releases that are whole; where the one that is named is not among them, say what is wrong."""
    whole = registry.whole()
    return whole if any(name in (one.name, one.version) for one in whole) else registry.releases()


def finish_rollbacks(store: OrderStore, profile: NetworkProfile, clock: Clock) -> tuple[CarriedOut, ...]:
    """Go on with rollbacks that were recorded by a process which died before it had seen to their orders.

    Called before a plan, a dispatch run and whatever changes a release, so that none of them meets a rollback that
    is half done.
    """
    today = profile.calendar.start_of_bucket(clock.today())
    return finish(store, LedgerLog(store), today=today, at=clock.now())
