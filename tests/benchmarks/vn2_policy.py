"""Our policy for the VN2 challenge: what the product's parts decide with the files' information.

Nothing here is fitted to a window: the constants were chosen by the sum of all eight (README of
``assets/forecasting``), and the same code decides a round (``vn2_decide``) and plays (``vn2``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from vn2_files import Challenge
from vn2_rules import LEAD_WEEKS, Integers, Policy, Reals, Stock, iso_weeks

from assets.forecasting.history.levels import deseasonalised
from assets.forecasting.history.panel import SeriesPanel
from assets.forecasting.models.boosted import GROUPS, BoostedModel, fit_boosted
from assets.forecasting.models.boosted_features import Origin
from assets.forecasting.paths import Dispersion, estimated_dispersion, sample_paths
from assets.inventory.projected_order import projected_order
from assets.kernel.calendar import Bucket

HORIZON = LEAD_WEEKS + 1
# Both by the total of all windows; costs are flat around them, in every group of levels.
DECISION_RATIO = 0.78
BOOSTED_WEIGHT = 0.7
PATHS = 400
SEED = 1000
HIERARCHY_GROUPS = (*GROUPS, "product_group")

# What a forecast depends on, and which part of it at which week.
Knowing = tuple[bool, bool]
Made = tuple[str, int, Knowing]


@dataclass(frozen=True)
class Choices:
    """What the policy uses; each ablation changes one.

    Attributes
    ----------
    boosted_weight : float
        Share of the boosted model in the mean; the rest is the shrunken exponential mean.
    seasonal, censored : bool
        Whether demand has a season; whether out-of-stock weeks are unknown.
    projected : bool
        Whether stock is rolled through lost sales to the arrival, or the position is raised to
        the same quantile of cumulative demand.
    dispersion : Dispersion or None
        Stated instead of estimated.
    ratio : float
        Decision ratio.
    """

    boosted_weight: float = BOOSTED_WEIGHT
    seasonal: bool = True
    censored: bool = True
    projected: bool = True
    dispersion: Dispersion | None = None
    ratio: float = DECISION_RATIO

    @property
    def knowing(self) -> Knowing:
        """What the forecasts depend on."""
        return self.seasonal, self.censored


@dataclass(frozen=True)
class Forecasts:
    """Means and dispersions by week, each made once: ablations of the rule alone cost nothing.

    Parameters
    ----------
    challenge : Challenge
        All weeks; the forecast of a week sees only those before it.
    fits : tuple of int
        Weeks before which the boosted model is fitted; the weeks up to the next use it unchanged.
    """

    challenge: Challenge
    fits: tuple[int, ...]
    _made: dict[Made, Any] = field(default_factory=dict, repr=False)
    _origins: dict[Knowing, dict[int, Origin]] = field(default_factory=dict, repr=False)

    def mean(self, week: int, choices: Choices) -> Reals:
        """Return the mean of the weeks from ``week`` on, shape (n, 3)."""
        share = choices.boosted_weight
        parts = [(1.0 - share, self._exponential_mean), (share, self._boosted_mean)]
        return np.sum([weight * self._once(part, week, choices) for weight, part in parts if weight > 0], axis=0)

    def dispersion(self, week: int, choices: Choices) -> Dispersion:
        """Return how far demand strays from the mean, as seen at ``week``."""
        return choices.dispersion or self._once(self._dispersion, week, choices)

    def _once(self, part: Callable[[int, Choices], Any], week: int, choices: Choices) -> Any:
        key = (part.__name__, week, choices.knowing)
        if key not in self._made:
            self._made[key] = part(week, choices)
        return self._made[key]

    def _known(self, week: int, choices: Choices) -> tuple[SeriesPanel, Integers]:
        phase = iso_weeks(self.challenge.weeks[0], week + HORIZON)[week:]
        return panel_of(self.challenge.until(week), censored=choices.censored), phase

    def _exponential_mean(self, week: int, choices: Choices) -> Reals:
        panel, phase = self._known(week, choices)
        return deseasonalised(panel, seasonal=choices.seasonal).base_means(phase)

    def _boosted_mean(self, week: int, choices: Choices) -> Reals:
        fitted = max(fit for fit in self.fits if fit <= week)
        model: BoostedModel = self._once(self._model, fitted, choices)
        return model.means(*self._known(week, choices))

    def _model(self, week: int, choices: Choices) -> BoostedModel:
        made = self._origins.setdefault(choices.knowing, {})
        return fit_boosted(*self._known(week, choices), groups=HIERARCHY_GROUPS, seasonal=choices.seasonal, made=made)

    def _dispersion(self, week: int, choices: Choices) -> Dispersion:
        return estimated_dispersion(self._known(week, choices)[0], HORIZON, seasonal=choices.seasonal)


def our_policy(forecasts: Forecasts, choices: Choices) -> Policy:
    """Return the policy that orders by our forecasts and sample paths."""

    def order(week: int, stock: Stock) -> Integers:
        mean = forecasts.mean(week, choices)
        paths = sample_paths(mean, forecasts.dispersion(week, choices), PATHS, SEED + week)
        if choices.projected:
            return projected_order(stock.on_hand, stock.pipeline, paths, choices.ratio)
        # The position as if it were all on hand, and all demand until the arrival in one bucket.
        nothing = np.empty((len(mean), 0), dtype=np.int64)
        return projected_order(stock.position, nothing, paths, choices.ratio)

    return order


def panel_of(challenge: Challenge, *, censored: bool = True) -> SeriesPanel:
    """Return a history as the panel that the product forecasts from.

    A series begins with its first sale: the files tell weeks before it was ranged as well.
    """
    units = challenge.sales
    begins = np.where((units > 0).any(axis=1), (units > 0).argmax(axis=1), units.shape[1]).astype(np.int64)
    ranged = np.arange(units.shape[1]) >= begins[:, None]
    series = challenge.series
    index = series.assign(
        item_id=[f"product-{number:05d}" for number in series["Product"]],
        site_id=[f"store-{number:05d}" for number in series["Store"]],
        category=[f"department-{number}" for number in series["Department"]],
        product_group=series["ProductGroup"],
        demand_segment="smooth",
    )
    observed = ranged & challenge.in_stock if censored else ranged
    phase = iso_weeks(challenge.weeks[0], units.shape[1])
    return SeriesPanel(index, np.where(ranged, units, 0.0), observed, begins, phase, Bucket.WEEK)
