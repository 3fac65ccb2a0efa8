"""Demand of which only a lower bound is known: moments of a count, given that it is at least so much.

Here: the conditional moments and the tails of a negative binomial count. Not here: which buckets are censored, or
their expected demand (``censoring``).
"""

from __future__ import annotations

import numpy as np
from scipy.special import betainc, betaincc, ndtri

from assets.forecasting.history.arrays import Reals

# A count less spread than this is Poisson for all that anybody could see, and the formula stays finite.
LEAST_RATIO = 1.01
# Below this probability a bound says more than the law it is held against: the bound itself counts.
LEAST_PROBABILITY = 1e-9
# What is less likely than this is as far out as a normal law can tell.
LEAST_TAIL = 1e-300


def moments_above(mean: Reals, ratio: Reals, bound: Reals) -> tuple[Reals, Reals]:
    """Return mean and standard deviation of negative binomial counts, given that they reach a bound.

    With size ``r`` and ``P(r)`` the probability that a count of size ``r`` and the same odds reaches its
    bound, ``E[D | D >= L] = m P(r + 1, L - 1) / P(r, L)``, because ``x f(x; r) = m f(x - 1; r + 1)``; the
    second factorial moment follows alike.

    Parameters
    ----------
    mean : array (k,)
        Expected demand before anything was known, above 0.
    ratio : array (k,)
        Variance over mean, above 1.
    bound : array (k,)
        What was certainly asked for; 0 says nothing.

    Returns
    -------
    array (k,), array (k,)
        Both in the unit of the bound; the mean is at least the bound.

    Examples
    --------
    >>> mean, std = moments_above(np.array([4.0, 4.0]), np.array([1.5, 1.5]), np.array([0.0, 6.0]))
    >>> mean.round(2), std.round(2)
    (array([4.  , 7.43]), array([2.45, 1.68]))
    """
    excess = np.maximum(ratio, LEAST_RATIO) - 1.0
    size, odds = mean / excess, excess / (1.0 + excess)
    reached = _reaches(size, odds, bound)
    safe = np.maximum(reached, LEAST_PROBABILITY)
    first = mean * _reaches(size + 1.0, odds, bound - 1.0) / safe
    second = mean * (mean + excess) * _reaches(size + 2.0, odds, bound - 2.0) / safe
    told = reached > LEAST_PROBABILITY
    found = np.maximum(np.where(told, first, bound), bound)
    variance = np.where(told, second + first - first**2, bound * (1.0 + excess))
    return found, np.sqrt(np.maximum(variance, 0.0))


def moments_after(mean: Reals, ratio: Reals, sold: Reals, share: Reals) -> tuple[Reals, Reals]:
    """Return mean and standard deviation of negative binomial counts, given what was sold in a share of the time.

    The rate of a bucket is gamma with mean ``m`` and shape ``r``, and sales arrive at it until the shelf is
    empty; when it is, is decided by what was sold. Then the rate given both is gamma with shape ``r + sold``
    and exposure ``r / m + share``, and what would have been asked for in the rest is negative binomial.

    Parameters
    ----------
    mean, ratio : array (k,)
        As in ``moments_above``.
    sold : array (k,)
        Before the shelf ran empty.
    share : array (k,)
        Of the bucket with stock on the shelf, between 0 and 1.

    Examples
    --------
    >>> moments_after(np.array([4.0]), np.array([1.5]), np.array([6.0]), np.array([0.5]))[0].round(2)
    array([8.8])
    """
    shape = mean / (np.maximum(ratio, LEAST_RATIO) - 1.0)
    rest = (1.0 - share) * (shape + sold) / (shape / mean + share)
    return sold + rest, np.sqrt(rest + rest**2 / (shape + sold))


def deviations_of(found: Reals, mean: Reals, variance: Reals) -> Reals:
    """Return how many standard deviations of a normal law as unlikely a count is, signed.

    Parameters
    ----------
    found, mean, variance : array (k,)
        Counts, and the negative binomial law that they are held against.

    Examples
    --------
    >>> deviations_of(np.array([4.0, 20.0, 0.0]), np.array([4.0, 4.0, 4.0]), np.array([6.0, 6.0, 6.0])).round(1)
    array([ 0. ,  4.1, -1.8])
    """
    excess = np.maximum(variance / np.maximum(mean, 1e-9), LEAST_RATIO) - 1.0
    size, odds = np.maximum(mean, 1e-9) / excess, excess / (1.0 + excess)
    above = np.maximum(_reaches(size, odds, found), LEAST_TAIL)
    below = np.maximum(betaincc(np.maximum(found + 1.0, 1e-9), size, odds), LEAST_TAIL)
    deviations: Reals = np.where(found > mean, -ndtri(np.minimum(above, 0.5)), ndtri(np.minimum(below, 0.5)))
    return deviations


def _reaches(size: Reals, odds: Reals, bound: Reals) -> Reals:
    probability: Reals = np.where(bound > 0, betainc(np.maximum(bound, 1e-9), size, odds), 1.0)
    return probability
