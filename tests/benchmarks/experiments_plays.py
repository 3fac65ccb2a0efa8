"""Playing the policies of `equipoise bench experiments`, several at once, what they decided kept.

What is known is made first and kept; then each policy is played in a process that reads it. Lines that
were kept are played again by the physics alone. Not here: what is compared (``experiments``).
"""

from __future__ import annotations

import datetime as dt
import multiprocessing
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

import pandas as pd
from experiments_networks import NETWORKS, Case

from assets.kernel.errors import EquipoiseError
from assets.policy.registry import PolicyRegistry
from assets.twin.experiment.foresight import bound_of
from assets.twin.experiment.kept import DECIDERS, Keep
from assets.twin.experiment.learned_credibility import Credibility, learned, watched
from assets.twin.experiment.levels import level_policy
from assets.twin.experiment.played import Played
from assets.twin.experiment.player import Player
from assets.twin.experiment.policies import JOINT, POLICIES, Policy
from assets.twin.experiment.setting import Setting
from assets.twin.experiment.tuned_levels import tuned

FIXED, FOLLOWING, CREDIBLE = "min_max_tuned", "min_max_tuned_following", "joint_plan_credible"
PER_LINE = 5
"""Buckets between two lines of progress."""


@dataclass(frozen=True)
class Task:
    """A policy at a cost of lanes between stores; None where it knows none."""

    policy: str
    lane_cost: float | None


@dataclass(frozen=True)
class Stretch:
    """Buckets ``low`` to ``high`` (exclusive) of a window whose forecasts share their models."""

    before: bool
    start: dt.date
    low: int
    high: int


@dataclass(frozen=True)
class Made:
    """A network of the benchmark, made anew in every process from what a command said.

    Attributes
    ----------
    data, name, items, windows, seed, small
        As ``experiments.run`` has them.
    keep : Path
        Where what is known and decided is kept.
    """

    data: Path
    name: str
    items: int | None
    windows: int | None
    seed: int
    small: bool
    keep: Path

    @cached_property
    def case(self) -> Case:
        """The network, and how it is played."""
        return NETWORKS[self.name](self.data, self.items, self.windows, self.seed, self.small)

    @cached_property
    def setting(self) -> Setting:
        """What is known on it."""
        release = PolicyRegistry().active()
        keep = Keep.of(self.keep, self._says(release.content_hash))
        return Setting(self.case.network, release, keep, self.case.selected_every)

    def credible(self, lane_cost: float) -> Setting:
        """Return the setting whose release believes lateral units as far as they kept what they told before."""
        release, found = self.setting.release, self.learned(lane_cost)
        if found.share is None:
            return self.setting
        rules = release.guardrails.model_copy(update={"lateral_credibility": round(found.share, 4)})
        return replace(self.setting, release=release.model_copy(update={"guardrails": rules}))

    @cached_property
    def before(self) -> Setting:
        """What is known in the window of ``learned_on`` buckets, all before the first that is judged."""
        network, release = self.case.network, self.setting.release
        days, buckets = network.profile.calendar.bucket.days, self.case.learned_on
        start = network.starts[0] - dt.timedelta(days=days * buckets)
        keep = Keep.of(self.keep, (*self._says(release.content_hash), f"{start} {buckets}"))
        return Setting(replace(network, starts=(start,), buckets=buckets), release, keep, self.case.selected_every)

    def learned(self, lane_cost: float) -> Credibility:
        """Return what lateral units kept of what they were told to save, before the first window that is judged."""
        network, seen = self.before.network, []
        (start,) = network.starts
        progress = _Progress(f"{self.name} learning, lanes at {lane_cost:g}")
        Player(self.before, start, lane_cost, progress).play(watched(seen))
        begin = network.column(start)
        found = learned([(told, network.asked[:, begin : begin + network.buckets]) for told in seen])
        _say(
            f"{self.name}: lanes at {lane_cost:g}, {found.receivers} receivers from {start} were told to save "
            f"{found.told:,.0f} and kept {found.kept:,.0f}: believed {found.share}"
        )
        return found

    @cached_property
    def _decided(self) -> Keep:
        return Keep.of(self.keep, self._says(self.setting.release.content_hash), DECIDERS)

    def _says(self, release: str) -> tuple[str, ...]:
        network = self.case.network
        starts = " ".join(f"{start}" for start in network.starts)
        return (self.name, f"{self.case.items} {self.seed} {starts} {network.buckets}", release)

    def stretches(self, *, before: bool) -> list[Stretch]:
        """Return the stretches of dates that share their models, of windows that are judged and, if asked, before."""
        every, found = self.case.selected_every, []
        for early in (True, False) if before else (False,):
            network = (self.before if early else self.setting).network
            for start in network.starts:
                edges = [*range(0, network.buckets, min(every, network.buckets)), network.buckets]
                found += [Stretch(early, start, low, high) for low, high in pairwise(edges)]
        return found

    def learn(self, stretch: Stretch) -> None:
        """Make what is known on the dates of a stretch."""
        setting, began = self.before if stretch.before else self.setting, time.process_time()
        for bucket in range(stretch.low, stretch.high):
            setting.known(setting.network.profile.calendar.bucket_start(stretch.start, bucket))
        _say(f"{self.name}: known in buckets {stretch.low} to {stretch.high} from {stretch.start}, {_cpu(began)}")

    def play_all(
        self, tasks: Sequence[Task], bounds: Sequence[float | None], processes: int
    ) -> tuple[dict[Task, list[Played]], dict[float | None, dict[str, Any]]]:
        """Play tasks and find bounds of costs of lanes, ``processes`` at once.

        A process that plays hands over what it decided through the keep; the physics are played again here.
        """
        stretches = self.stretches(before=any(task.policy == CREDIBLE for task in tasks))
        if processes > 1:
            context = multiprocessing.get_context("forkserver")
            context.set_forkserver_preload(["experiments_plays"])
            with ProcessPoolExecutor(processes, mp_context=context) as pool:
                for known in [pool.submit(_learn, self._bare(), stretch) for stretch in stretches]:
                    known.result()
                waiting = [pool.submit(_play, self._bare(), task) for task in tasks]
                found = {cost: pool.submit(_bound, self._bare(), cost) for cost in bounds}
                for one in waiting:
                    one.result()
                told = {cost: one.result() for cost, one in found.items()}
        else:
            for stretch in stretches:
                self.learn(stretch)
            told = {cost: self.bound(cost) for cost in bounds}
        return {task: self.play(task) for task in tasks}, told

    def _bare(self) -> Made:
        """Return the same without what it has made: that is read from the keep."""
        return Made(self.data, self.name, self.items, self.windows, self.seed, self.small, self.keep)

    def play(self, task: Task) -> list[Played]:
        """Return every window under a policy; progress goes to stderr."""
        network, windows, setting = self.case.network, [], None
        for start in network.starts:
            told = "none" if task.lane_cost is None else f"{task.lane_cost:g}"
            name = f"{task.policy}-{told}-{start:%Y%m%d}"
            kept = self._decided.lines(name)
            player = Player(self.setting, start, task.lane_cost or 0.0, _Progress(f"{self.name} {name}"))
            if kept is None:
                if task.policy == CREDIBLE:
                    setting = setting or self.credible(task.lane_cost or 0.0)
                    player = replace(player, setting=setting)
                played = player.play(self._policy(task.policy))
                self._decided.write_lines(name, played.lines)
                _say(f"{self.name} {name}: cost {played.cost.sum():,.0f}, fill rate {played.run.fill_rate:.3f}")
            else:
                played = player.again(kept)
            windows.append(played)
        return windows

    def _policy(self, name: str) -> Policy:
        if name in (FIXED, FOLLOWING):
            return self._by_levels(following=name == FOLLOWING)
        return (self.case.policies(self.case.network) | POLICIES | {CREDIBLE: POLICIES[JOINT]})[name]

    def _by_levels(self, *, following: bool) -> Policy:
        """Return the policy of levels tuned before the first window."""
        case, network, began = self.case, self.case.network, time.process_time()
        first = network.starts[0] - dt.timedelta(days=network.profile.calendar.bucket.days * case.tuned_buckets)
        columns = range(network.column(first), network.column(network.starts[0]))
        opening = case.before_tuning(network, first)
        found = tuned(network, self.setting.rates, opening, columns, following=following, recent=case.recent)
        _say(f"{self.name}: levels tuned in {found.simulations} simulations of {len(columns)} buckets, {_cpu(began)}")
        return level_policy(found.levels, network)

    def bound(self, lane_cost: float | None) -> dict[str, Any]:
        """Return the clairvoyant bound of all windows, or why there is none."""
        network, began = self.case.network, time.process_time()
        lanes = network.lanes
        if lane_cost is not None:
            lanes = pd.concat([lanes, network.lateral_lanes(lane_cost)], ignore_index=True)
        try:
            bounds = [bound_of(network, self.setting.rates, start, lanes) for start in network.starts]
        except EquipoiseError as error:
            return {"cost": None, "why_not": str(error)}
        _say(f"{self.name}: clairvoyant bound, lanes at {lane_cost}, {_cpu(began)}")
        return {"cost": float(sum(b.total for b in bounds)), "lost_units": sum(int(b.lost.sum()) for b in bounds)}


@dataclass
class _Progress:
    """Tells every so many buckets how far a policy is."""

    name: str

    def __post_init__(self) -> None:
        self._began = time.process_time()

    def __call__(self, done: int, buckets: int) -> None:
        if done % PER_LINE == 0:
            _say(f"{self.name}: {done} of {buckets} buckets, {_cpu(self._began)}")


def _learn(made: Made, stretch: Stretch) -> None:
    made.learn(stretch)


def _play(made: Made, task: Task) -> None:
    made.play(task)


def _bound(made: Made, lane_cost: float | None) -> dict[str, Any]:
    return made.bound(lane_cost)


def _cpu(began: float) -> str:
    return f"{time.process_time() - began:.0f} CPU seconds"


def _say(line: str) -> None:
    print(line, file=sys.__stderr__, flush=True)
