"""What a stock-out is worth against holding: the quantile of demand that base stock covers.

Here: the ratio, and the shortage cost that implies it. Not here: the demand it is taken of.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from assets.inventory.lead_time_demand import Reals
from assets.policy.release import Release

# Beyond it the forecast's tail is a guess, and stock grows without bound.
HIGHEST_RATIO = 0.999
COST = "cost"
SERVICE = "service"


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
    """

    ratio: Reals
    source: np.ndarray[tuple[int], np.dtype[np.object_]]
    shortage_cost: Reals


def critical_ratios(settings: pd.DataFrame, release: Release) -> Promise:
    """Return the critical ratio of each item-site.

    A unit too many is held until the next review, ``R`` days later; a unit short loses ``p``
    once: ``ratio = p / (p + h R)``, ``h`` per unit and day. (With a review every bucket this is
    the per-bucket newsvendor ratio.) A service target ``s`` without a cost implies ``p = h R s /
    (1 - s)``; with a cost it is a floor. Without either the release's target of the item's ABC
    class counts. Where holding is free any cost implies any ratio; the unit's margin then stands
    as shortage cost.

    Parameters
    ----------
    settings : DataFrame
        ``holding_cost_per_unit_day``, ``shortage_cost_per_unit``, ``service_target``,
        ``review_days``, ``abc_class``, ``unit_cost``, ``unit_price``.
    release : Release
        Default service targets, and the weight of shortage in the objective, by which a given
        cost is multiplied here (not in the column that leaves, so that it is weighed once).
    """
    holding = (settings["holding_cost_per_unit_day"] * settings["review_days"]).to_numpy(dtype=float)
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
    implied = holding * floor / (1.0 - floor) / weight
    margin = np.maximum((settings["unit_price"] - settings["unit_cost"]).to_numpy(dtype=float), 0.0)
    implied = np.where(holding > 0, implied, np.maximum(margin, np.where(has_cost, given, 0.0)))
    return Promise(
        np.where(from_cost, by_cost, floor),
        np.where(from_cost, COST, SERVICE).astype(object),
        np.where(from_cost, np.where(has_cost, given, 0.0), implied),
    )
