"""Expected shortage of a stock against demand over a random lead time.

Here: the loss function of the mixture whose quantiles are known. Not here: the mixture
(``lead_time_demand``), or what the shortage means (``promise``).
"""

from __future__ import annotations

import numpy as np

from assets.inventory.lead_time_demand import LEVELS, LeadTimeDemand, Reals, distribution_function, tail_decay


def expected_excess(demand: LeadTimeDemand, stock: Reals) -> Reals:
    """Return how much demand is expected to exceed a stock, ``E[(D - S)+]``, shape (n,).

    The integral of ``1 - F`` from ``S`` on: exact for the interpolated distribution function. A stock below 0
    is exceeded by as much more.

    Examples
    --------
    >>> from assets.inventory.lead_time_demand import CumulativeDemand
    >>> steady = CumulativeDemand(np.array([[4.0]]), np.zeros((1, 1)), np.full((1, 1, 13), 4.0))
    >>> certain = LeadTimeDemand(steady, np.ones((1, 1)))
    >>> expected_excess(certain, np.array([4.0])).tolist()
    [0.0]
    """
    each = _excess(demand.components.quantiles, np.maximum(stock, 0.0)[:, None])
    total: Reals = (demand.probability * each).sum(axis=1) - np.minimum(stock, 0.0)
    return total


def probability_of_at_most(demand: LeadTimeDemand, stock: Reals) -> Reals:
    """Return the probability that demand is at most a stock, shape (n,)."""
    each = distribution_function(demand.components.quantiles, stock[:, None])
    total: Reals = (demand.probability * each).sum(axis=1)
    return total


def _excess(quantiles: Reals, stock: Reals) -> Reals:
    """Return the integral of ``1 - F`` from ``stock`` on, for each distribution."""
    start = np.concatenate([np.zeros((*quantiles.shape[:-1], 1)), quantiles[..., :-1]], axis=-1)
    low = np.concatenate([[0.0], LEVELS[:-1]])
    width = quantiles - start
    slope = (LEVELS - low) / np.where(width > 0, width, 1.0)
    at = np.clip(stock[..., None], start, quantiles)
    reached = low + slope * (at - start)
    inside = ((quantiles - at) * (1.0 - (reached + LEVELS) / 2.0)).sum(axis=-1)
    decay = tail_decay(quantiles)
    beyond = np.maximum(stock - quantiles[..., -1], 0.0) / np.where(decay > 0, decay, 1.0)
    excess: Reals = inside + (1.0 - LEVELS[-1]) * decay * np.exp(-beyond)
    return excess
