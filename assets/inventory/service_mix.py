"""The same money placed where it earns most: units bought in order of what they save for their price.

Pure marginal analysis on what each further unit saves. Not here: what a unit saves (``mix_curves``), or which
targets are compared (``what_if``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assets.inventory.lead_time_demand import Integers, Reals
from assets.kernel.errors import EquipoiseError


@dataclass(frozen=True)
class UnitGains:
    """Further units of ``n`` item-sites, one after another; ``m`` in all.

    Attributes
    ----------
    owner : array (m,)
        Item-site of each unit, ascending; its units stand in the order that they are bought in.
    gain : array (m,)
        Money that the unit saves; of one item-site it never rises.
    price : array (n,)
        Of a unit of each item-site, in whole small money, above 0.
    least : array (n,)
        Units that each has anyway, and that are paid for.
    """

    owner: Integers
    gain: Reals
    price: Integers
    least: Integers


@dataclass(frozen=True)
class Mix:
    """What a budget buys.

    Attributes
    ----------
    units : array (n,)
        Base stock of each item-site.
    spent : int
        Small money.
    gain : float
        Money that the units above the least save.
    bound : float
        No choice of whole units within the budget saves more.
    """

    units: Integers
    spent: int
    gain: float
    bound: float


def best_mix(gains: UnitGains, budget: int) -> Mix:
    """Return the units that save most for a budget.

    Units are bought by what they save for their price until the next one would exceed the budget. Savings are
    separable and concave, so that what is bought is optimal for the money that it costs (Fox 1966), and the
    optimum of the whole budget exceeds it by less than the share of the next unit that is still affordable.
    What saves nothing is not bought. A larger budget never saves less.

    Parameters
    ----------
    gains : UnitGains
    budget : int
        Small money, that of the least units included.

    Raises
    ------
    EquipoiseError
        If gains of an item-site rise, a price is not above 0, or the least units alone cost more.

    Examples
    --------
    >>> units = UnitGains(np.array([0, 0, 1]), np.array([9.0, 2.0, 5.0]), np.array([3, 1]), np.array([0, 0]))
    >>> best_mix(units, 5)
    Mix(units=array([1, 1]), spent=4, gain=14.0, bound=14.666666666666666)
    """
    committed = _require(gains, budget)
    worth = np.flatnonzero(gains.gain > 0)
    price = gains.price[gains.owner[worth]]
    # Of one item-site the ratio never rises, and the unit's own place breaks ties.
    order = np.lexsort([worth, -(gains.gain[worth] / price)])
    paid = np.cumsum(price[order])
    count = int(np.searchsorted(paid, budget - committed, side="right"))
    bought = worth[order[:count]]
    spent = int(paid[count - 1]) if count else 0
    gain = float(gains.gain[np.sort(bought)].sum())
    units = gains.least + np.bincount(gains.owner[bought], minlength=len(gains.least))
    rest = 0.0
    if count < len(order):
        rest = float(gains.gain[worth[order[count]]]) * (budget - committed - spent) / int(price[order[count]])
    return Mix(units, committed + spent, gain, gain + rest)


def gain_of(gains: UnitGains, units: Integers) -> float:
    """Return what given units save above the least; units beyond the known ones save nothing more."""
    place = np.arange(len(gains.owner)) - np.searchsorted(gains.owner, gains.owner)
    return float(gains.gain[place < (units - gains.least)[gains.owner]].sum())


def _require(gains: UnitGains, budget: int) -> int:
    rises = (np.diff(gains.gain) > 0) & (np.diff(gains.owner) == 0)
    if rises.any() or (gains.price <= 0).any():
        raise EquipoiseError(
            "what a further unit saves rises, or a price is not above 0",
            where="service mix",
            remedy="Give concave savings and prices in whole small money",
        )
    committed = int((gains.least * gains.price).sum())
    if budget < committed:
        raise EquipoiseError(
            f"a budget of {budget} does not pay for the least stock of {committed}, in whole small money",
            where="service mix",
            remedy="Give more, or lower the presentation minimums",
        )
    return committed
