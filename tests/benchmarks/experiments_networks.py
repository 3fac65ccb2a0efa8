"""The networks of `equipoise bench experiments`: those of `bench plans`, over longer stretches.

Not here: M5 (``experiments_m5``), or playing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from plans_networks import RECENT_WEEKS, favorita, vn2
from plans_policies_vn2 import official
from plans_sample import sample

from assets.twin.day import Stock
from assets.twin.experiment.network import ExperimentNetwork
from assets.twin.experiment.policies import Policy
from assets.twin.experiment.warm_up import warmed_up_by_means

FIRST_WEEK, LAST_WEEK = 60, 118
FAVORITA_ITEMS, VN2_WINDOWS = 24, 4
SAMPLE_ITEMS, SAMPLE_WINDOWS = 100, 2
FAVORITA_LEARNED = 26
LIVED_BEFORE_TUNING = 10
"""Weeks of the first 13 in which stock becomes what a rule of recent means makes it."""


@dataclass(frozen=True)
class Case:
    """A network with how it is played.

    Attributes
    ----------
    network : ExperimentNetwork
        With its windows.
    items, items_of : int
        Items drawn by a seed, of how many.
    blocks : int
        Blocks of items that differences are paired by.
    tuned_buckets, recent : int
        Buckets before the first window that levels are tuned on, and of the mean that levels may follow.
    before_tuning : callable
        Stock on the eve of these.
    selected_every : int
        Buckets after which models are chosen anew.
    learned_on : int
        Buckets before the first window on which the credibility of lateral units is learned.
    policies : callable
        Policies that only this network has.
    """

    network: ExperimentNetwork
    items: int
    items_of: int
    blocks: int
    tuned_buckets: int
    recent: int
    before_tuning: Callable[[ExperimentNetwork, dt.date], Stock]
    selected_every: int
    learned_on: int
    policies: Callable[[ExperimentNetwork], dict[str, Policy]]


def favorita_weeks(data: Path, items: int | None, windows: int | None, seed: int, small: bool) -> Case:
    """Return Favorita in weeks 60 to 117, one window; ``windows`` cuts them into so many, one after the other."""
    count = (2 if small else FAVORITA_ITEMS) if items is None else items
    whole = favorita(data, count, 1, seed)
    last = FIRST_WEEK + 6 if small else LAST_WEEK
    parts = windows or 1
    weeks = (last - FIRST_WEEK) // parts
    begin = whole.first + dt.timedelta(days=7 * FIRST_WEEK)
    starts = tuple(begin + dt.timedelta(days=7 * weeks * part) for part in range(parts))
    network = replace(whole, starts=starts, buckets=weeks)
    return Case(
        network, count, 288, blocks=288, tuned_buckets=FIRST_WEEK - RECENT_WEEKS, recent=RECENT_WEEKS,
        before_tuning=_warmed_up, selected_every=13, learned_on=FAVORITA_LEARNED,
        policies=lambda _network: {},
    )  # fmt: skip


def vn2_weeks(data: Path, items: int | None, windows: int | None, seed: int, small: bool) -> Case:
    """Return VN2 in windows of eight weeks at the end of its history."""
    count = (20 if small else 0) if items is None else items
    network = vn2(data, count, windows or (1 if small else VN2_WINDOWS), seed)
    if small:
        network = replace(network, buckets=3)
    return Case(
        network, count, 297, blocks=5, tuned_buckets=52, recent=RECENT_WEEKS,
        before_tuning=lambda played, date: played.opening(date), selected_every=1_000, learned_on=network.buckets,
        policies=lambda played: {"official_vn2": official(data / "vn2", played)},
    )  # fmt: skip


def sample_days(data: Path, items: int | None, windows: int | None, seed: int, small: bool) -> Case:
    """Return the sample network in windows of 28 days at the end of its history."""
    count = (4 if small else SAMPLE_ITEMS) if items is None else items
    network = sample(data, count, windows or (1 if small else SAMPLE_WINDOWS), seed)
    if small:
        network = replace(network, buckets=6)
    return Case(
        network, count, 500, blocks=5, tuned_buckets=56, recent=28,
        before_tuning=lambda played, date: played.opening(date), selected_every=1_000, learned_on=network.buckets,
        policies=lambda _network: {},
    )  # fmt: skip


def _warmed_up(network: ExperimentNetwork, date: dt.date) -> Stock:
    return warmed_up_by_means(network, date, LIVED_BEFORE_TUNING, RECENT_WEEKS)


NETWORKS: dict[str, Callable[[Path, int | None, int | None, int, bool], Case]] = {
    "favorita": favorita_weeks,
    "vn2": vn2_weeks,
    "sample": sample_days,
}
