"""What some units were worth by hindsight: the cost of the supply that there was, and of what there would have been.

One cost model, that of the twin (``assets/twin/README``) over one interval: a lost unit costs its shortage price
once, a unit left at the end of a bucket its holding, and what is left at the end of the interval is worth its
landed cost. All supply counts from the beginning of the interval. Not here: whose units they were
(``decisions``), or what sold (``hindsight``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Reals = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Worth:
    """Money that a supply spared against another one; negative where it cost more.

    Attributes
    ----------
    shortage, holding : float
        In the network's currency.
    """

    shortage: float = 0.0
    holding: float = 0.0

    @property
    def total(self) -> float:
        """Both."""
        return self.shortage + self.holding

    def __add__(self, other: Worth) -> Worth:
        """Return both together."""
        return Worth(self.shortage + other.shortage, self.holding + other.holding)


def cost_of_supply(supply: float, demand: Reals, shortage_price: float, holding_price: float) -> Worth:
    """Return what a supply costs against a demand that is known: lost sales, and stock at the end of each bucket.

    ``p max(D - x, 0) + h sum_t max(x - D_1..t, 0)``: the newsvendor's cost (Arrow, Harris and Marschak 1951), with
    holding by bucket.

    Parameters
    ----------
    supply : float
        Base units that there are to sell in the interval, at least 0.
    demand : array, shape (buckets,)
        Base units asked for.
    shortage_price, holding_price : float
        Of a lost unit, and of a unit held for a bucket.

    Examples
    --------
    >>> cost_of_supply(3.0, np.array([2.0, 2.0]), 5.0, 0.5)
    Worth(shortage=5.0, holding=0.5)
    """
    asked = np.cumsum(demand)
    lost = max(float(asked[-1]) - supply, 0.0) if len(asked) else 0.0
    held = float(np.maximum(supply - asked, 0.0).sum())
    return Worth(shortage_price * lost, holding_price * held)


def worth_of(supply: float, alternative: float, demand: Reals, shortage_price: float, holding_price: float) -> Worth:
    """Return what a supply spared against an alternative one, for one demand; 0 where both are the same.

    Monotone in every bucket's demand: it never falls with it where the supply is the larger, never rises where it
    is the smaller. So the ends of a range of demand give the ends of the worth.

    Examples
    --------
    >>> worth_of(5.0, 3.0, np.array([2.0, 2.0]), 5.0, 0.5)
    Worth(shortage=5.0, holding=-1.5)
    """
    ours = cost_of_supply(max(supply, 0.0), demand, shortage_price, holding_price)
    theirs = cost_of_supply(max(alternative, 0.0), demand, shortage_price, holding_price)
    return Worth(theirs.shortage - ours.shortage, theirs.holding - ours.holding)


def bounds_of_worth(
    supply: float, alternative: float, low: Reals, high: Reals, shortage_price: float, holding_price: float
) -> tuple[Worth, Worth]:
    """Return the least and the most that a supply can have spared, demand lying between two bounds in every bucket.

    Parameters
    ----------
    low, high : array, shape (buckets,)
        Units that were certainly asked for, and as many as may have been.
    """
    ends = [worth_of(supply, alternative, demand, shortage_price, holding_price) for demand in (low, high)]
    least, most = sorted(ends, key=lambda worth: worth.total)
    return least, most
