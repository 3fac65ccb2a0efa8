"""A network on which releases are played: what the production code makes of their values, simulated.

Not here: which values are tried (``search``), or how the network is fitted (``model``).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from assets.inventory.supply import KEY
from assets.policy.release import Release
from assets.twin.day import Ints
from assets.twin.fast.books import Opening
from assets.twin.fast.rules import NetworkBaseStock
from assets.twin.fast.simulate import Length, simulate
from assets.twin.search.model import TuningModel, TuningTables, least_help, model_of
from assets.twin.search.race import Score
from assets.twin.search.tunable import Tunable, Values, with_values


@dataclass(frozen=True)
class Effort:
    """How much is simulated.

    Attributes
    ----------
    candidates : int
        Spread over the bounds, and half as many around the best.
    buckets, warm_up : int
        Of a future.
    first, rounds : int
        Futures of the first round, and rounds, each of which doubles them.
    holdout : int
        Futures of the last word.
    seed : int
        Everything drawn follows from it.
    """

    candidates: int = 24
    buckets: int = 84
    warm_up: int = 42
    first: int = 4
    rounds: int = 4
    holdout: int = 32
    seed: int = 7


@dataclass(frozen=True)
class Levers:
    """What a release makes of the network: all that the simulation sees of it."""

    base_stock: Ints
    kept: Ints
    least: Ints

    def same_as(self, other: Levers) -> bool:
        """Tell whether both are alike."""
        return all(
            np.array_equal(getattr(self, name), getattr(other, name)) for name in ("base_stock", "kept", "least")
        )


@dataclass
class Bench:
    """The network, and candidates played on it.

    Attributes
    ----------
    tables, model, release : TuningTables, TuningModel, Release
        What is known, what is played, and where the search starts.
    effort : Effort
        How much is simulated.
    """

    tables: TuningTables
    model: TuningModel
    release: Release
    effort: Effort
    _targets: dict[str, pd.DataFrame] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, tables: TuningTables, release: Release, effort: Effort) -> Bench:
        """Return the bench of a plan date and a release."""
        return cls(tables, model_of(tables, release), release, effort)

    @property
    def item_sites(self) -> int:
        """How many are played."""
        return len(self.model.network)

    def levers(self, values: Values) -> Levers:
        """Return what the production code makes of a release with these values."""
        release = with_values(self.release, dict(values))
        # Guardrails change no target, and setting targets costs more than simulating them.
        key = f"{release.targets.model_dump_json()}{release.objective.model_dump_json()}"
        if key not in self._targets:
            self._targets[key] = self.model.places[KEY].merge(self.tables.targets(release), on=KEY, how="left")
        rows, least = self._targets[key], least_help(self.model, release.guardrails.minimum_gain_amount)
        return Levers(_units(rows, "base_stock_units"), _units(rows, "protection_units"), least)

    def play(self, values: Values, first: int, count: int, seed: int) -> Score:
        """Return what a release with these values does over some futures."""
        levers, network, effort = self.levers(values), self.model.network, self.effort
        rule = NetworkBaseStock(
            levers.base_stock[:, None], self.model.needed[:, None], levers.kept[:, None], levers.least,
            self.model.supplied,
        )  # fmt: skip
        outcome = simulate(
            network, self.model.chance(seed), lambda _replications: rule, Opening.empty(levers.base_stock),
            Length(effort.buckets, effort.warm_up, count, first),
        )  # fmt: skip
        return Score(outcome.cost / outcome.buckets, outcome.fill_rates, outcome.stock_value)

    def has_effect(self, one: Tunable) -> bool:
        """Tell whether anything that the simulation sees depends on a parameter, within its bounds."""
        low, high = (self.levers(((one.path, value),)) for value in (one.low, one.high))
        return not low.same_as(high)


def _units(rows: pd.DataFrame, name: str) -> Ints:
    return np.asarray(rows[name].astype("Float64").fillna(0), dtype=np.int64)
