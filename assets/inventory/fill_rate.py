"""The least base stock that fills a share of demand. Not here: what a base stock fills (``promise``)."""

from __future__ import annotations

import numpy as np

from assets.inventory.lead_time_demand import Integers, Reals
from assets.inventory.promise import ReviewCycle, expected_service

# Doublings, and then halvings, of a number of units: enough for any that a site could hold.
STEPS = 40


def least_base_stock(cycle: ReviewCycle, fill_rate: Reals) -> Integers:
    """Return the least whole base stock whose expected fill rate reaches a target, shape (n,).

    The fill rate does not fall when the base stock rises, so that halving finds it. Sources are taken to owe
    nothing.

    Parameters
    ----------
    cycle : ReviewCycle
    fill_rate : array (n,)
        Below 1.
    """
    none = np.zeros(len(fill_rate))

    def reached(units: Integers) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        met: np.ndarray[tuple[int], np.dtype[np.bool_]] = (
            expected_service(cycle, units, none, none).fill_rate >= fill_rate - 1e-12
        )
        return met

    high = np.ones(len(fill_rate), dtype=np.int64)
    for _ in range(STEPS):
        short = ~reached(high)
        if not short.any():
            break
        high = np.where(short, high * 2, high)
    low = np.full(len(fill_rate), -1, dtype=np.int64)
    while (high - low > 1).any():
        middle = (low + high) // 2
        met = reached(middle)
        low, high = np.where(met, low, middle), np.where(met, middle, high)
    return np.maximum(high, 0)
