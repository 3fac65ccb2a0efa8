"""Candidates that look at all series at once: the shrunken mean, the boosted model, both combined, and mlforecast's.

Here: their place in a menu. Not here: the level (``levels``) or the trees (``boosted``, ``lagged``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import version
from typing import Any

import numpy as np

from assets.forecasting.history.arrays import Integers, Reals
from assets.forecasting.models.boosted import GROUPS
from assets.forecasting.models.boosted_lessons import BOOSTING
from assets.forecasting.models.known import Known, MeanForecast, said
from assets.forecasting.models.lagged import settings as lagged_settings
from assets.kernel.calendar import Bucket

# Share of the boosted model in the combination (README): the least cost on VN2.
BOOSTED_WEIGHT = 0.7
SHRUNKEN_MEAN = "ShrunkenMean"


@dataclass(frozen=True)
class ShrunkenMean:
    """A fast and a slow exponential mean of known buckets, in season."""

    name: str = SHRUNKEN_MEAN
    fallback: str = SHRUNKEN_MEAN
    fits: tuple[str, ...] = ()
    learns_from_all: bool = False

    def settings(self) -> Mapping[str, Any]:
        """Return its name: it has no parameter of its own."""
        return asdict(self)

    def forecast(self, known: Known, rows: Integers, fitted: Reals | None = None) -> MeanForecast:  # noqa: ARG002
        """Forecast any series."""
        return said(known.shrunken_means[rows])


@dataclass(frozen=True)
class BoostedMean:
    """The model of all series, weighed against the shrunken mean that it corrects.

    Attributes
    ----------
    name : str
        ``Boosted`` or ``Combination``.
    weight : float
        Share of the boosted model.
    bucket : Bucket
        Grid, which decides how trees are grown.
    """

    name: str
    weight: float
    bucket: Bucket
    fallback: str = SHRUNKEN_MEAN
    fits: tuple[str, ...] = ()
    learns_from_all: bool = True

    def settings(self) -> Mapping[str, Any]:
        """Return weight, growth of the trees, and the version of the library that grows them."""
        return {
            **asdict(self),
            "boosting": asdict(BOOSTING[self.bucket]),
            "groups": GROUPS,
            "lightgbm": version("lightgbm"),
        }

    def forecast(self, known: Known, rows: Integers, fitted: Reals | None = None) -> MeanForecast:  # noqa: ARG002
        """Forecast any series; where the panel taught nothing, the shrunken mean stands in."""
        taught = known.boosted is not None and known.boosted.taught
        mean = self.weight * known.boosted_means[rows]
        if self.weight < 1.0:
            mean = mean + (1.0 - self.weight) * known.shrunken_means[rows]
        return said(mean, np.full(len(rows), not taught))


@dataclass(frozen=True)
class LaggedMean:
    """mlforecast's model of all series, fitted anew at every origin and every day.

    At an origin of a backtest it is fitted on the series that are backtested, in a plan on all.
    """

    bucket: Bucket
    name: str = "MLForecast"
    fallback: str = SHRUNKEN_MEAN
    fits: tuple[str, ...] = ()
    learns_from_all: bool = False

    def settings(self) -> Mapping[str, Any]:
        """Return how its trees are grown, and the versions of the libraries that grow them."""
        return {
            **asdict(self),
            **lagged_settings(self.bucket),
            "lightgbm": version("lightgbm"),
            "mlforecast": version("mlforecast"),
        }

    def forecast(self, known: Known, rows: Integers, fitted: Reals | None = None) -> MeanForecast:  # noqa: ARG002
        """Forecast any series; where the panel taught nothing, the shrunken mean stands in."""
        means = known.lagged_means
        stood_in = np.full(len(rows), means is None)
        return said((known.shrunken_means if means is None else means)[rows], stood_in)


def network_models(bucket: Bucket) -> tuple[ShrunkenMean | BoostedMean | LaggedMean, ...]:
    """Return the models of all series that a release may name."""
    return (
        ShrunkenMean(),
        BoostedMean("Boosted", 1.0, bucket),
        BoostedMean("Combination", BOOSTED_WEIGHT, bucket),
        LaggedMean(bucket),
    )
