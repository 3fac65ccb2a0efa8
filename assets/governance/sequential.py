"""A test of whether the mean of bounded observations is above a limit, which may be looked at every day.

Testing by betting (Waudby-Smith and Ramdas 2024, Estimating means of bounded random variables by betting, JRSS B
86(1), section 4 and appendix B: capital process with the approximate GRAPA bet). Under the hypothesis that the
mean, given the past, is at most the limit, the capital is a nonnegative supermartingale, so that it ever reaches
``1 / alpha`` with probability at most ``alpha`` (Ville's inequality), whenever one looks and stops. Observations
need no distribution and may differ in law; their mean given the past must not exceed the limit, so that a shock
that lasts for days counts as a difference while it lasts. Where days resemble the days before, one observation is
to be the mean of several. Not here: what is observed (``guards``).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

_MOST_STAKED = 0.8
"""Of the capital, at the worst observation."""


@dataclass(frozen=True)
class Capital:
    """What bets against the hypothesis have made of 1.

    Attributes
    ----------
    largest : float
        Largest capital so far; its inverse is an always-valid p-value.
    observations : int
        How many there were.
    first_above : int
        Observation, from 1, at which the capital first reached what was asked for; 0 if it never did.
    """

    largest: float
    observations: int
    first_above: int

    @property
    def p_value(self) -> float:
        """Always valid: at most ``a`` with probability at most ``a``, at any time."""
        return min(1.0, 1.0 / self.largest)


def bet_above(observations: Iterable[float], limit: float, bound: float, alpha: float) -> Capital:
    """Bet that observations in ``[-bound, bound]`` have a mean above a limit.

    Parameters
    ----------
    observations : iterable of float
        In the order in which they came; what lies beyond the bounds counts as the bound.
    limit : float
        Mean that is still tolerated; within the bounds.
    bound : float
        Largest size of an observation.
    alpha : float
        Chance of a false alarm, over all time.

    Returns
    -------
    Capital
        ``first_above`` says when the hypothesis is rejected.

    Examples
    --------
    >>> bet_above([1.0] * 20, 0.0, 1.0, 0.05).first_above
    7
    >>> bet_above([0.0] * 1000, 0.0, 1.0, 0.05).first_above
    0
    """
    mean_limit = (limit + bound) / (2 * bound)
    most = _MOST_STAKED / mean_limit
    capital = largest = 1.0
    # Half an observation in the middle stands before the first, so that no bet is made on nothing.
    total, squares, count, first_above = 0.5, 0.25, 0, 0
    for observation in observations:
        seen = (min(bound, max(-bound, observation)) + bound) / (2 * bound)
        mean = total / (count + 1)
        variance = squares / (count + 1)
        stake = 0.0
        if mean > mean_limit:
            stake = min(most, (mean - mean_limit) / (variance + (mean - mean_limit) ** 2))
        capital *= 1.0 + stake * (seen - mean_limit)
        largest = max(largest, capital)
        count += 1
        total += seen
        squares += (seen - total / (count + 1)) ** 2
        if not first_above and capital >= 1.0 / alpha:
            first_above = count
    return Capital(largest, count, first_above)
