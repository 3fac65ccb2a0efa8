"""One experiment: releases and baselines played on the same windows of a network, paired with the first.

Not here: where the network comes from (``recorded``), or what differences prove (``comparison``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from assets.kernel.errors import EquipoiseError
from assets.policy.release import Release
from assets.twin.experiment.comparison import Design, compared
from assets.twin.experiment.foresight import bound_of
from assets.twin.experiment.kept import Keep
from assets.twin.experiment.learned_credibility import Told, learned, watched
from assets.twin.experiment.network import ExperimentNetwork
from assets.twin.experiment.paired import cells_of
from assets.twin.experiment.played import Played
from assets.twin.experiment.player import Player
from assets.twin.experiment.policies import JOINT, POLICIES
from assets.twin.experiment.setting import Setting

Hear = Callable[[str], None]
"""Told a line of progress."""


@dataclass(frozen=True)
class Contender:
    """Who is played.

    Attributes
    ----------
    name : str
        As it is told.
    policy : str
        One of ``POLICIES``.
    release : Release
        Under which it plans.
    """

    name: str
    policy: str
    release: Release


@dataclass
class Trial:
    """Contenders on a network.

    Attributes
    ----------
    network : ExperimentNetwork
        With its windows.
    contenders : sequence of Contender
        The first is the reference.
    keep : callable, optional
        Where what is known under a release is kept from run to run.
    blocks, seed : int
        Blocks that items are dealt to, and the seed of the deal.
    stated : float
        Difference, as a share of the reference's cost, whose power and pairs are told.
    hear : callable
        Told how far it is.
    """

    network: ExperimentNetwork
    contenders: Sequence[Contender]
    keep: Callable[[Release], Keep] | None
    blocks: int
    seed: int
    stated: float
    hear: Hear
    _settings: dict[str, Setting] = field(default_factory=dict, repr=False)

    def run(self) -> dict[str, Any]:
        """Play everything; return what each did, differences, the bound and what lateral units kept.

        Raises
        ------
        EquipoiseError
            If two contenders have one name.
        """
        names = [one.name for one in self.contenders]
        if len(set(names)) < len(names):
            raise EquipoiseError("two contenders have one name", where="experiment", remedy="Name each once")
        played, told = {}, {}
        for one in self.contenders:
            seen: list[tuple[Told, Any]] = []
            played[one.name] = [self._window(one, start, seen) for start in self.network.starts]
            if one.policy == JOINT:
                told[one.name] = asdict(learned(seen))
        reference = self.contenders[0]
        found = compared(played, reference.name, self._design())
        return {
            "reference": reference.name,
            "contenders": found,
            "lateral_credibility": told,
            "clairvoyant": self._bound(self._setting(reference.release), found[reference.name]["cost"]),
        }

    def _setting(self, release: Release) -> Setting:
        if release.version not in self._settings:
            keep = self.keep(release) if self.keep else None
            self._settings[release.version] = Setting(self.network, release, keep)
        return self._settings[release.version]

    def _window(self, one: Contender, start: dt.date, seen: list[tuple[Told, Any]]) -> Played:
        notes: list[Told] = []
        policy = watched(notes) if one.policy == JOINT else POLICIES[one.policy]
        played = Player(self._setting(one.release), start, self.network.lane_costs[0]).play(policy)
        begin = self.network.column(start)
        seen += [(told, self.network.asked[:, begin : begin + self.network.buckets]) for told in notes]
        self.hear(f"{one.name} from {start}: cost {played.cost.sum():,.0f}, fill rate {played.run.fill_rate:.3f}")
        return played

    def _design(self) -> Design:
        places, calendar = self.network.places, self.network.profile.calendar
        blocks = cells_of(places["item_id"], self.blocks, self.seed).to_numpy().astype(np.int64)
        items = pd.factorize(places["item_id"], sort=True)[0].astype(np.int64)
        labels = tuple(
            np.array([f"{calendar.bucket_start(start, k):%Y-%m}" for k in range(self.network.buckets)], dtype=object)
            for start in self.network.starts
        )
        return Design(blocks, items, labels, self.stated)

    def _bound(self, setting: Setting, cost: float) -> dict[str, Any]:
        """Return the clairvoyant bound and what is left above it, or why there is none."""
        network = self.network
        lanes = pd.concat([network.lanes, network.laterals], ignore_index=True)
        try:
            least = float(sum(bound_of(network, setting.rates, start, lanes).total for start in network.starts))
        except EquipoiseError as error:
            return {"cost": None, "left_on_the_table": None, "why_not": error.what}
        return {"cost": least, "left_on_the_table": cost - least, "why_not": None}
