"""What a stock-out is worth against holding: the quantile of demand that base stock covers.

Here: the ratio, and the shortage cost that implies it. Not here: the demand it is taken of.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from assets.policy.release import Release

Reals = npt.NDArray[np.float64]

# Beyond it the forecast's tail is a guess, and stock grows without bound.
HIGHEST_RATIO = 0.999
COST = "cost"
SERVICE = "service"
CYCLE_SERVICE, FILL_RATE = "cycle_service", "fill_rate"


@dataclass(frozen=True)
class Promise:
    """Critical ratios of ``n`` item-sites and the costs they stand for.

    Attributes
    ----------
    ratio : array
        Critical ratio, between 0 and ``HIGHEST_RATIO``.
    source : array of str
        ``cost`` or ``service``: what the ratio came from.
    shortage_cost : array
        Per unit; the one under which the ratio is optimal. Above the given one by the shadow price
        of the service floor where that binds.
    floor_price : array
        That shadow price; 0 where the floor does not bind, NaN where no cost is given.
    measure : array of str
        ``cycle_service`` or ``fill_rate``: what is promised. A critical ratio is a cycle service.
    promised : array
        How much of it.
    """

    ratio: Reals
    source: np.ndarray[tuple[int], np.dtype[np.object_]]
    shortage_cost: Reals
    floor_price: Reals
    measure: np.ndarray[tuple[int], np.dtype[np.object_]]
    promised: Reals

    @property
    def by_fill_rate(self) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        """Whether a fill rate is promised; the ratio then follows from the base stock that fills it."""
        promised: np.ndarray[tuple[int], np.dtype[np.bool_]] = self.measure == FILL_RATE
        return promised


def critical_ratios(settings: pd.DataFrame, release: Release) -> Promise:
    """Return the critical ratio of each item-site.

    A unit too many is held until the next review, ``R`` days later; a unit short loses ``p``
    once: ``ratio = p / (p + h R)``, ``h`` per unit and day. (With a review every bucket this is
    the per-bucket newsvendor ratio.) A service target ``s`` without a cost implies ``p = h R s /
    (1 - s)``; with a cost it is a floor. Without either the release's target of the item's ABC
    class counts, by the measure that the release names for the class; a feed's is a cycle service.
    Where holding is free any cost implies any ratio; the unit's margin then stands as shortage cost.

    Parameters
    ----------
    settings : DataFrame
        ``holding_cost_per_unit_day``, ``shortage_cost_per_unit``, ``service_target``,
        ``review_days``, ``abc_class``, ``unit_cost``, ``unit_price``.
    release : Release
        Default service targets, and the weight of shortage in the objective, by which a given
        cost is multiplied here (not in the column that leaves, so that it is weighed once).
    """
    holding = _holding_of_a_review(settings)
    given = settings["shortage_cost_per_unit"].to_numpy(dtype=float)
    target = settings["service_target"].to_numpy(dtype=float)
    defaults = {str(name): value for name, value in release.targets.default_service_target.items()}
    fallback = settings["abc_class"].map(defaults).fillna(min(defaults.values())).to_numpy(dtype=float)
    has_cost = np.isfinite(given)
    floor = np.where(np.isfinite(target), target, np.where(has_cost, 0.0, fallback))
    floor = np.clip(floor, 0.0, HIGHEST_RATIO)
    weight = release.objective.shortage_weight
    weighted = np.where(has_cost, given, 0.0) * weight
    total = weighted + holding
    by_cost = np.clip(np.where(total > 0, weighted / np.where(total > 0, total, 1.0), 0.0), 0.0, HIGHEST_RATIO)
    from_cost = has_cost & (by_cost >= floor)
    ratio = np.where(from_cost, by_cost, floor)
    implied = implied_shortage_cost(settings, floor, weight)
    implied = np.where(holding > 0, implied, np.maximum(implied, np.where(has_cost, given, 0.0)))
    filled = {str(name) for name, one in release.targets.service_measure.items() if one == FILL_RATE}
    by_fill = settings["abc_class"].isin(filled).to_numpy() & ~has_cost & ~np.isfinite(target)
    shortage = np.where(from_cost, np.where(has_cost, given, 0.0), implied)
    return Promise(
        ratio,
        np.where(from_cost, COST, SERVICE).astype(object),
        shortage,
        np.where(has_cost, np.maximum(0.0, shortage - given), np.nan),
        np.where(by_fill, FILL_RATE, CYCLE_SERVICE).astype(object),
        ratio,
    )


def implied_shortage_cost(settings: pd.DataFrame, ratio: Reals, weight: float) -> Reals:
    """Return the shortage cost per unit under which a ratio is optimal; the margin where holding is free.

    The objective multiplies it by ``weight``, so that it is divided by it here.
    """
    holding = _holding_of_a_review(settings)
    ratio = np.clip(ratio, 0.0, HIGHEST_RATIO)
    margin = np.maximum((settings["unit_price"] - settings["unit_cost"]).to_numpy(dtype=float), 0.0)
    cost: Reals = np.where(holding > 0, holding * ratio / (1.0 - ratio) / weight, margin)
    return cost


def _holding_of_a_review(settings: pd.DataFrame) -> Reals:
    cost: Reals = (settings["holding_cost_per_unit_day"] * settings["review_days"]).to_numpy(dtype=float)
    return cost
