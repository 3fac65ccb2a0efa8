"""The same money placed where it earns most: units bought in order of what they save for their price.

Pure marginal analysis on what each further unit saves. Not here: what a unit saves, or which targets are compared
(``what_if``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

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
        Money that the unit saves, below 0 where it costs more than it saves.
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


@dataclass(frozen=True)
class _Blocks:
    """Units that are bought together, in the order that they are bought in."""

    owner: Integers
    units: Integers
    gain: Reals
    paid: Integers
    ratio: Reals


def best_mix(gains: UnitGains, budget: int) -> Mix:
    """Return the units that save most for a budget.

    Where a further unit of an item-site saves more than those before it, they are bought together: savings are
    then concave in these blocks. Blocks are bought by what they save for their price; until one does not fit, what
    is bought is optimal for its money (Fox 1966), and no choice for the whole budget saves more than that and the
    affordable share of that block. The money that is left goes on to later blocks that fit, of other item-sites.
    What saves nothing is not bought. A larger budget never saves less.

    Parameters
    ----------
    gains : UnitGains
    budget : int
        Small money, that of the least units included.

    Raises
    ------
    EquipoiseError
        If a price is not above 0, or the least units alone cost more.

    Examples
    --------
    >>> units = UnitGains(np.array([0, 0, 1]), np.array([9.0, 2.0, 5.0]), np.array([3, 1]), np.array([0, 0]))
    >>> best_mix(units, 5)
    Mix(units=array([1, 1]), spent=4, gain=14.0, bound=14.666666666666666)
    """
    committed = _require(gains, budget)
    blocks = _blocks(gains)
    bought, bound = _bought(blocks, budget - committed)
    units = gains.least.copy()
    np.add.at(units, blocks.owner[bought], blocks.units[bought])
    gain = float(blocks.gain[bought].sum())
    return Mix(units, committed + int(blocks.paid[bought].sum()), gain, gain if bound is None else bound)


def _blocks(gains: UnitGains) -> _Blocks:
    """Return the blocks that save anything, those that save most for their price first."""
    owner, units, gain = _concave(gains.owner, gains.gain)
    worth = gain > 0
    owner, units, gain = owner[worth], units[worth], gain[worth]
    paid = units * gains.price[owner]
    # Rounding must not put a block before one of its own item-site that it stands on.
    ratio = np.asarray(pd.Series(gain / paid).groupby(owner).cummin(), dtype=np.float64)
    order = np.lexsort([np.arange(len(ratio)), -ratio])
    return _Blocks(owner[order], units[order], gain[order], paid[order], ratio[order])


def _concave(owner: Integers, gain: Reals) -> tuple[Integers, Integers, Reals]:
    """Pool units that save more than the ones before them: owner, units and savings of each block."""
    pooled: list[tuple[int, int, float]] = []
    for who, saves in zip(owner.tolist(), gain.tolist(), strict=True):
        units, total = 1, saves
        while pooled and pooled[-1][0] == who and pooled[-1][2] * units < total * pooled[-1][1]:
            _, before, saved = pooled.pop()
            units, total = units + before, total + saved
        pooled.append((who, units, total))
    owners, counts, sums = zip(*pooled, strict=True) if pooled else ((), (), ())
    return np.array(owners, dtype=np.int64), np.array(counts, dtype=np.int64), np.array(sums, dtype=np.float64)


def _bought(blocks: _Blocks, money: int) -> tuple[Integers, float | None]:
    """Return the places of the blocks bought, and the bound if one did not fit."""
    bought: list[int] = []
    without: set[int] = set()
    bound: float | None = None
    for place, (who, paid) in enumerate(zip(blocks.owner.tolist(), blocks.paid.tolist(), strict=True)):
        if who in without:
            continue
        if paid <= money:
            bought.append(place)
            money -= paid
            continue
        without.add(who)
        if bound is None:
            bound = float(blocks.gain[bought].sum() + blocks.ratio[place] * money)
    return np.array(bought, dtype=np.int64), bound


def _require(gains: UnitGains, budget: int) -> int:
    if (gains.price <= 0).any():
        raise EquipoiseError("a price is not above 0", where="service mix", remedy="Give prices in whole small money")
    committed = int((gains.least * gains.price).sum())
    if budget < committed:
        raise EquipoiseError(
            f"a budget of {budget} does not pay for the least stock of {committed}, in whole small money",
            where="service mix",
            remedy="Give more, or lower the presentation minimums",
        )
    return committed
