"""Paired intervals of cost differences, and the cost of a lane at which two policies cost the same.

Not here: where the differences come from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import t as student

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Interval:
    """Mean of paired differences and its interval; infinite where there is one difference only.

    Attributes
    ----------
    mean, low, high : float
        Of the differences.
    deviation : float
        Standard deviation of the differences; 0 of one.
    pairs : int
        How many they are.
    """

    mean: float
    low: float
    high: float
    deviation: float = 0.0
    pairs: int = 1


def paired(differences: npt.NDArray[np.float64]) -> Interval:
    """Return the mean of paired differences with its 95 % interval by Student's t.

    Parameters
    ----------
    differences : array (n,)
        One a pair, taken as independent.
    """
    mean, count = float(differences.mean()), len(differences)
    if count < 2:
        return Interval(mean, -np.inf, np.inf, 0.0, count)
    deviation = float(differences.std(ddof=1))
    half = float(student.ppf((1 + CONFIDENCE) / 2, count - 1)) * deviation / np.sqrt(count)
    return Interval(mean, mean - half, mean + half, deviation, count)


def cells_of(items: pd.Series[str], blocks: int, seed: int) -> pd.Series[int]:
    """Return the block of each item-site: items are dealt out by a seed, an item's sites stay together.

    Parameters
    ----------
    items : Series
        Item of each item-site.
    blocks : int
        Number of blocks; as many as items where there are fewer.
    seed : int
        Of the deal.
    """
    names = np.sort(items.unique())
    dealt = np.random.default_rng(seed).permutation(len(names)) % min(blocks, len(names))
    return items.map(dict(zip(names, dealt, strict=True))).astype("int64")


def break_even(lane_costs: Sequence[float], savings: Sequence[float]) -> tuple[float | None, str]:
    """Return the lane cost at which savings are nought, and how it was found.

    Parameters
    ----------
    lane_costs, savings : sequence of float
        Costs in rising order, and what the plan saved at each.

    Examples
    --------
    >>> break_even([1.0, 3.0], [4.0, -4.0])
    (2.0, '2 by interpolation between 1 and 3')
    >>> break_even([1.0, 3.0], [4.0, 0.5])
    (None, 'above 3, the highest that was played')
    """
    pairs = list(zip(lane_costs, savings, strict=True))
    if pairs[0][1] <= 0:
        return None, f"below {pairs[0][0]:g}, the lowest that was played"
    for (low, before), (high, after) in pairwise(pairs):
        if after <= 0:
            crossing = low + (high - low) * before / (before - after)
            return crossing, f"{crossing:.3g} by interpolation between {low:g} and {high:g}"
    return None, f"above {pairs[-1][0]:g}, the highest that was played"
