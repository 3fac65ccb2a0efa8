"""A simulation from a scenario's name to its scorecard: runs that can be killed and go on, ours beside min/max.

Called by the command line and by benchmarks. Not here: production in a run (``simulation``,
``simulation_direct``), or what the words of a scorecard mean (``assets.twin.scorecard``).
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import pandas as pd

from assets.feeds.synthetic.parameters import WorldParameters, WorldSize
from assets.kernel.home import NetworkHome
from assets.kernel.identifiers import digest
from assets.policy.registry import PolicyRegistry
from assets.policy.release import Release
from assets.twin.full import play, play_rule
from assets.twin.full_record import LivedDay, RunRecord, digest_of
from assets.twin.scenario import UNDISTURBED, Scenario, named_scenario
from assets.twin.scenario_world import Staged, staged
from assets.twin.scorecard import days_to_recover, score, software_score
from assets.twin.scorecard_costs import Costing
from assets.twin.scorecard_file import write_scorecard
from orchestration import locks, simulation, simulation_home
from orchestration.settings import Settings

OnDay = Callable[[str, int, int, LivedDay], None]
"""Told of each day: which run, number of the day, of how many, the day."""


class Speed(StrEnum):
    """How production is run: through the graph and the gateway, or by calling the same functions."""

    FULL = "full"
    DIRECT = "direct"


class WorldKind(StrEnum):
    """Sizes of the world: 5 sites by 50 items, 7 by 20, or the 24 by 500 of the sample network."""

    FIVE = "five"
    SMALL = "small"
    SAMPLE = "sample"


def world_of(kind: WorldKind, seed: int) -> WorldParameters:
    """Return the parameters of a world in which nobody rations unless a scenario says so, and nothing spoils.

    A departure of few items costs and takes their share of one of the sample network.
    """
    if kind is WorldKind.SMALL:
        made = WorldParameters.small(seed)
    elif kind is WorldKind.SAMPLE:
        made = WorldParameters(seed=seed)
    else:
        size = WorldSize(
            supply_dcs=1, regional_warehouses=1, stores=3, items=50, suppliers=5, stores_per_item=2.2
        )  # fmt: skip
        made = WorldParameters(seed=seed, size=size, history_days=120, transaction_days=60)
    sample, size = WorldSize(), made.size
    items_at_a_store = size.items * size.stores_per_item / size.stores
    share = min(items_at_a_store / (sample.items * sample.stores_per_item / sample.stores), 1.0)
    # The world's own planners ignore what suppliers say that they can ship, and are delivered all the same. And in
    # the world goods are as good as new wherever they arrive, while their feeds tell dates of expiry that plans obey.
    return replace(made, allocation_share=0.0, perishable_share=0.0, truck_share=share)


@dataclass(frozen=True)
class Request:
    """What is simulated.

    Attributes
    ----------
    scenario : str
        Name of a shipped scenario, or a file.
    world : WorldParameters
        The world.
    days : int
        Length of the run.
    speed : Speed
        How production is run.
    release : Release or None
        What decides; the shipped release if not given.
    """

    scenario: str
    world: WorldParameters
    days: int
    speed: Speed = Speed.FULL
    release: Release | None = None

    def staged(self) -> Staged:
        """Return the scenario in its world, judged."""
        return staged(named_scenario(self.scenario), self.world, self.days)

    def network(self, scenario: Scenario) -> str:
        """Return the name of the simulated network: another world, scenario, release or speed never meets the first."""
        release = self.release or PolicyRegistry().active()
        told = (repr(self.world), scenario.model_dump_json(), release.version, self.speed.value)
        return f"{scenario.name}-{digest(*told)[:8]}"


@dataclass(frozen=True)
class Played:
    """A scenario lived by both.

    Attributes
    ----------
    staged : Staged
        What was lived.
    home : NetworkHome
        Where it is kept.
    ours, min_max : tuple of LivedDay
        Under the network's orders, and under the world's own rule.
    """

    staged: Staged
    home: NetworkHome
    ours: tuple[LivedDay, ...]
    min_max: tuple[LivedDay, ...]


def played(
    settings: Settings,
    request: Request,
    *,
    restart: bool = False,
    on_day: OnDay | None = None,
) -> Played:
    """Live a scenario, or go on where a killed run ended.

    Parameters
    ----------
    restart : bool
        Whether to forget what was lived before.

    Raises
    ------
    EquipoiseError
        If the scenario cannot happen, or another process lives it.
    """
    told = request.staged()
    own = simulation_home.settings_of(settings, request.network(told.scenario))
    home = own.home_of(str(own.network))
    lock = own.home / f"{home.root.name}.lock"
    with locks.hold(lock, f"equipoise simulate {told.scenario.name}"):
        if restart:
            shutil.rmtree(home.root, ignore_errors=True)
        record = RunRecord(simulation_home.record_folder(home))
        count = counted(told, on_day)
        if len(record.days(told.dates)) == len(told.dates):
            return Played(told, home, play(told, _Nobody(), record, count), play_rule(told))
        with _network(own, told, request) as network:
            return Played(told, home, play(told, network, record, count), play_rule(told))


def _network(own: Settings, told: Staged, request: Request) -> Any:
    if request.speed is Speed.DIRECT:
        from orchestration.simulation_direct import DirectNetwork

        release = simulation_home.simulation_release(request.release or PolicyRegistry().active())
        return DirectNetwork(own.home_of(str(own.network)), told, release)
    simulation_home.make_network(own, told, request.release)
    return simulation.GraphNetwork(own, told)


class _Nobody:
    """Who plans when every day has been lived already."""

    def plan_day(self, *_: Any) -> Any:
        """Be never called."""
        raise AssertionError("every day has been lived")

    def day_passed(self, *_: Any) -> Any:
        """Be never called."""
        raise AssertionError("every day has been lived")


def counted(told: Staged, on_day: OnDay | None) -> Callable[[LivedDay], None] | None:
    """Return what is told of each day, with its number and whose it is."""
    if on_day is None:
        return None
    return lambda one: on_day(told.scenario.name, (one.day.date - told.start).days + 1, told.days, one)


def simulate(
    settings: Settings,
    request: Request,
    *,
    restart: bool = False,
    beside_undisturbed: bool = True,
    on_day: OnDay | None = None,
) -> dict[str, Any]:
    """Return the scorecard of a scenario, ours and min/max, stressed and undisturbed, and keep it.

    Parameters
    ----------
    beside_undisturbed : bool
        Whether the same days are lived undisturbed as well, without which nothing is said of recovery.

    Raises
    ------
    EquipoiseError
        As ``played``.
    """
    stressed = played(settings, request, restart=restart, on_day=on_day)
    calm = None
    if beside_undisturbed and stressed.staged.scenario.events:
        calm = played(settings, replace(request, scenario=UNDISTURBED), restart=restart, on_day=on_day)
    answer, rows = scorecard(stressed, calm, request)
    write_scorecard(stressed.home.root, answer, rows)
    return answer


def scorecard(stressed: Played, calm: Played | None, request: Request) -> tuple[dict[str, Any], pd.DataFrame]:
    """Return what a scenario did, as one answer and as a row a run."""
    release = request.release or PolicyRegistry().active()
    scores = _scores(stressed, release)
    scenario = stressed.staged.scenario
    rows = [{"run": "stressed", "policy": name, **told} for name, told in scores.items()]
    answer: dict[str, Any] = {
        "scenario": scenario.name, "title": scenario.title, "speed": request.speed.value,
        "seed": request.world.seed, "start": stressed.staged.start.isoformat(), "days": stressed.staged.days,
        "digest": digest_of(stressed.ours), **scores,
        "cost_difference": round(scores["ours"]["cost"] - scores["min_max"]["cost"], 4),
        "software": software_score(stressed.ours, scenario.first_day, scenario.last_day),
        "undisturbed": None, "fill_rate_lost": None, "days_to_recover": None,
        "kept_in": stressed.home.root.name,
    }  # fmt: skip
    if calm is not None:
        still = _scores(calm, release)
        rows += [{"run": UNDISTURBED, "policy": name, **told} for name, told in still.items()]
        answer["undisturbed"] = still
        answer["fill_rate_lost"] = {
            name: round(still[name]["fill_rate"] - scores[name]["fill_rate"], 6) for name in scores
        }
        answer["days_to_recover"] = {
            name: days_to_recover(getattr(stressed, name), getattr(calm, name), scenario.last_day) for name in scores
        }
    return answer, pd.DataFrame(rows)


def _scores(one: Played, release: Release) -> dict[str, dict[str, Any]]:
    world = one.staged.world
    costing = Costing(world, release)
    return {
        name: score(costing, world.history.closing, days, world.catalogue).told()
        for name, days in (("ours", one.ours), ("min_max", one.min_max))
    }
