"""How far each series follows the season of its category, as far as its own years say.

Not here: the season itself (``factors``).
"""

from __future__ import annotations

import numpy as np

from assets.forecasting.history.arrays import Reals
from assets.forecasting.history.yearly.place import YEAR_WEEKS


def amplitudes(demand: Reals, expected: Reals, season: Reals) -> Reals:
    """Return how far each series follows a season, shrunk to 1 by how sure its own regression is.

    One Newton step of a Poisson regression of demand on ``1 + b (season - 1)`` from the level alone. Its
    variance is what years of one series disagree by, pooled over series; that of true amplitudes around 1 is
    what series differ by beyond it (moments, as DerSimonian and Laird 1986).

    Parameters
    ----------
    demand, expected, season : array (n, W)
        Demand of each week, what its level promises, and the factor of the season.
    """
    years = demand.shape[1] // YEAR_WEEKS
    shape = (len(demand), years, YEAR_WEEKS)
    beside = season - 1.0
    terms = [(demand - expected) * beside, expected * beside**2]
    score, information = (part[:, -years * YEAR_WEEKS :].reshape(shape).sum(axis=2) for part in terms)
    told, certain = information > 0, information.sum(axis=1)
    of_year = np.divide(score, information, out=np.zeros_like(score), where=told)
    own = np.divide(score.sum(axis=1), certain, out=np.ones(len(demand)), where=certain > 0)
    apart = information * (of_year - own[:, None]) ** 2
    freedom = int(np.maximum(told.sum(axis=1) - 1, 0).sum())
    variance = float(apart.sum()) / max(freedom, 1)
    if freedom == 0 or variance <= 0:
        return own if freedom else np.ones(len(demand))
    weight = certain / variance
    spread = max(float((weight * (own - 1.0) ** 2).sum() - (weight > 0).sum()) / float(weight.sum()), 0.0)
    shrunk: Reals = 1.0 + (own - 1.0) * (weight * spread) / (1.0 + weight * spread)
    return shrunk
