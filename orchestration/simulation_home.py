"""The home of a simulated network: settings, clock and release of its own, and the feeds of its world.

Nothing of it can reach the ledger, the gateway or the alerts of the network that it stands beside. Not here: a
day of it (``simulation``, ``simulation_direct``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from assets.feeds.envelope import batch_available_at
from assets.feeds.landing import LandingArea
from assets.feeds.synthetic.batch import FeedBatch
from assets.feeds.synthetic.demo import demo_dates, demo_profile
from assets.feeds.synthetic.emission import feeds
from assets.feeds.synthetic.world import World
from assets.governance.events import RELEASES, Event
from assets.governance.ledger_log import LedgerLog
from assets.governance.log import settle
from assets.governance.stages import change, standings
from assets.kernel.clock import Clock, DeclaredClock
from assets.kernel.home import NetworkHome
from assets.kernel.network import PROFILE_FILE
from assets.policy.oversight import ApprovalLimits, Feature
from assets.policy.registry import PolicyRegistry
from assets.policy.release import Release
from assets.policy.stage import Stage
from assets.twin.scenario_world import Staged
from orchestration.ledger import open_ledger
from orchestration.settings import GatewayKind, Settings, Tracing

FOLDER = "simulations"
RELEASE = "simulation"
BY = "simulation"
MORNING, EVENING = 4, 20
"""UTC hours at which a simulated day is planned, and at which the other side tells of it."""
_UNLIMITED = 1e15


@dataclass
class SimulatedClock:
    """A clock that tells the run's day, and times of that day which follow each other whatever the machine does.

    Attributes
    ----------
    date : date
        The day.
    hour : int
        UTC hour from which its times count.
    """

    date: dt.date
    hour: int = MORNING
    _ticks: int = field(default=0, repr=False)

    def today(self) -> dt.date:
        """Return the day."""
        return self.date

    def turn(self, date: dt.date, hour: int) -> None:
        """Go to an hour of a day."""
        self.date, self.hour, self._ticks = date, hour, 0

    def now(self) -> dt.datetime:
        """Return a time of the day, a millisecond after the last."""
        self._ticks += 1
        start = dt.datetime.combine(self.date, dt.time(self.hour), dt.UTC)
        return start + dt.timedelta(milliseconds=self._ticks)


def settings_of(settings: Settings, name: str) -> Settings:
    """Return the settings of a simulated network: its ledger, gateway and alerts are its own, in a home of its own."""
    return settings.model_copy(
        update={
            "home": settings.home / FOLDER, "network": name, "ledger_url": None, "dagster_postgres_url": None,
            "alert_urls": [], "digest_urls": [], "gateway": GatewayKind.FILEDROP, "gateway_folder": None,
            "tracing": Tracing.OFF, "sender": BY,
        }
    )  # fmt: skip


def simulation_release(base: Release) -> Release:
    """Return a release that decides as another and lets its rules approve everything."""
    limits = ApprovalLimits(
        one_approver_above_amount=_UNLIMITED, two_approvers_above_amount=_UNLIMITED,
        irreversible_above_amount=_UNLIMITED, sensitive_approvers=0, novel_approvers=0, doubtful_approvers=0,
        widest_forecast=_UNLIMITED,
    )  # fmt: skip
    return base.model_copy(
        update={
            "name": RELEASE, "parent": None, "author": BY, "stage": Stage.DRAFT,
            "description": f"As {base.version}; its rules approve.", "approvals": limits,
            # Nobody there replenishes by levels while this release decides.
            "toggles": {**base.toggles, Feature.AUTOMATIC_APPROVAL: True, Feature.PARAMETERS_DOCUMENT: False},
        }
    )  # fmt: skip


def make_network(settings: Settings, staged: Staged, release: Release | None = None) -> NetworkHome:
    """Make the home of a simulated network as it stands before its first day; again, nothing changes.

    Parameters
    ----------
    settings : Settings
        Of the simulated network (``settings_of``).
    staged : Staged
        The scenario in its world.
    release : Release, optional
        What decides; the shipped release if not given. Its rules approve everything.
    """
    home, world = settings.network_home(), staged.world
    declare(home, staged.start, world)
    start, end = demo_dates(world.parameters)
    land(home, world, feeds(world, start, end), DeclaredClock(staged.start))
    chosen = simulation_release(release or PolicyRegistry().active())
    home.policies.mkdir(parents=True, exist_ok=True)
    path = home.policies / f"{RELEASE}.yaml"
    if not path.exists():
        partial = path.with_suffix(".partial")
        partial.write_text(yaml.safe_dump(chosen.model_dump(mode="json", exclude={"stage"}), sort_keys=False))
        partial.replace(path)
    _activate(settings, home, staged.start)
    return home


def declare(home: NetworkHome, date: dt.date, world: World) -> None:
    """Have the network's clock say a date."""
    first = demo_profile(world.parameters)
    profile = first.model_copy(update={"name": home.root.name, "title": "Simulated network", "declared_date": date})
    partial = home.root / f".{RELEASE}"
    profile.write(partial).replace(home.root / PROFILE_FILE)
    partial.rmdir()


def land(home: NetworkHome, world: World, batches: Iterator[FeedBatch], clock: Clock) -> None:
    """Land batches of a world; the same again are the same."""
    landing = LandingArea(home.landing, clock)
    for batch in batches:
        available_at = batch_available_at(batch.table, batch.business_date, world.parameters.timezone)
        landing.land_frame(
            batch.table, batch.data, batch.business_date, available_at=available_at,
            row_availability=batch.row_availability,
        )  # fmt: skip


def _activate(settings: Settings, home: NetworkHome, date: dt.date) -> None:
    """Let the simulation's release decide, and retire the one that did; there is nobody to promote it."""
    clock = SimulatedClock(date, 0)
    with closing(open_ledger(settings, clock)) as store:
        releases = PolicyRegistry(own=home.policies).releases()

        def decide(history: tuple[Event, ...]) -> Sequence[Event]:
            if RELEASE in standings(history):
                return ()
            return [
                change(one, after, BY, clock.now(), "a simulated network")
                for one in releases
                if (after := _stage_of(one)) is not one.stage
            ]

        settle(LedgerLog(store), RELEASES, decide)


def _stage_of(release: Release) -> Stage:
    if release.name == RELEASE:
        return Stage.ACTIVE
    return Stage.RETIRED if release.stage is Stage.ACTIVE else release.stage


def record_folder(home: NetworkHome) -> Path:
    """Return where the days of a simulated network are kept."""
    return home.root / "days"
