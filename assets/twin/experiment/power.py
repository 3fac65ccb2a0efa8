"""What a paired experiment could have seen: its power, and how many pairs a stated difference takes.

By the noncentral t distribution of the paired test (Cohen 1988, chapter 2), two-sided. Not here: the
differences themselves (``paired``).
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import brentq
from scipy.stats import nct
from scipy.stats import t as student

from assets.kernel.errors import EquipoiseError
from assets.twin.experiment.paired import CONFIDENCE

POWER = 0.80
"""Chance of seeing a difference that is asked for where nothing else is said."""

MOST_PAIRS = 1_000_000
"""Pairs beyond which a difference counts as out of reach."""


def power(difference: float, deviation: float, pairs: int) -> float:
    """Return the chance that a true mean difference is told from nought.

    Parameters
    ----------
    difference : float
        True mean of the paired differences.
    deviation : float
        Their standard deviation.
    pairs : int
        Number of pairs, at least 2.

    Examples
    --------
    A difference of half a deviation in 34 pairs is seen in four of five experiments (Cohen's table):

    >>> round(power(0.5, 1.0, 34), 2)
    0.81
    """
    if pairs < 2:
        return 0.0
    if deviation <= 0:
        return 1.0 if difference else 0.0
    shift = abs(difference) / deviation * np.sqrt(pairs)
    limit = float(student.ppf((1 + CONFIDENCE) / 2, pairs - 1))
    # The tail on the wrong side is not a difference seen.
    return float(np.clip(np.nan_to_num(nct.sf(limit, pairs - 1, shift), nan=1.0), 0.0, 1.0))


def detectable(deviation: float, pairs: int, asked: float = POWER) -> float | None:
    """Return the least true mean difference that is seen with a chance; None of fewer than two pairs.

    Examples
    --------
    >>> round(detectable(1.0, 34), 2)
    0.5
    """
    _checked(asked)
    if pairs < 2:
        return None
    if deviation <= 0:
        return 0.0
    return deviation * float(brentq(lambda d: power(d, 1.0, pairs) - asked, 1e-9, 1e3))


def pairs_needed(difference: float, deviation: float, asked: float = POWER) -> int | None:
    """Return the fewest pairs in which a true mean difference is seen with a chance; None beyond a million.

    Examples
    --------
    >>> pairs_needed(0.5, 1.0)
    34
    >>> pairs_needed(0.0, 1.0) is None
    True
    """
    _checked(asked)
    low, high = 1, 2
    while power(difference, deviation, high) < asked:
        low, high = high, 2 * high
        if high > MOST_PAIRS:
            return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if power(difference, deviation, middle) >= asked else (middle, high)
    return high


def _checked(asked: float) -> None:
    if not 0.0 < asked < 1.0:
        raise EquipoiseError(f"a power of {asked:g} is no chance", where="power", remedy="Ask for one between 0 and 1")
