"""How finely money is counted in integer costs, and amounts that they cannot carry.

Items are solved apart, so that the costs of each must fit 64 bits by its own prices and units, and
so must their sum over items. An item that even a coarse step could not carry is no reason to count
the others' money coarsely: its amounts are held at what can be carried, and named.
Not here: the network (``expansion``).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from assets.policy.release import Objective
from assets.rebalancing.arcs import TIE_STEPS, chain_units, nodes_per_site
from assets.rebalancing.item_sites import KEY, UNLIMITED, Flags, Floats, Ints, ItemSites
from assets.rebalancing.moves import Moves
from assets.rebalancing.snapshot import note
from assets.rebalancing.value import Curves

LARGEST_TOTAL = 2**59
"""Largest integer cost of an item's flow by what is stated of it; curves and solvers add a little on the way."""
LARGEST_SUM = 2**61
"""Largest sum of the integer costs of items, by the same."""
FINEST_STEP, COARSEST_STEP = 10**6, 10**5
"""Money steps of a unit of currency, at best, and those that one item may bring the others down to."""
USUAL = 100.0
"""Items whose penalty is within so many times the median share the largest."""

_SITE_AMOUNTS = (("shortage_cost", "shortage cost"), ("holding_cost", "holding cost"), ("unit_cost", "unit cost"))
_WAY_AMOUNTS = ("price", "transport", "spread", "under_way", "early")


@dataclass(frozen=True)
class Carried:
    """What is planned by amounts that integer costs can carry.

    Attributes
    ----------
    item_sites, moves : ItemSites, Moves
        With no amount above that.
    steps : int
        Money steps of a unit of currency that their costs need; the finest, where they fit.
    faults : list of str
        What was held, and whether a coarser step than the finest is needed.
    """

    item_sites: ItemSites
    moves: Moves
    steps: int
    faults: list[str]


def carried(item_sites: ItemSites, moves: Moves, objective: Objective, change: float) -> Carried:
    """Return item-sites and moves with every amount that integer costs cannot carry held at what they can.

    Parameters
    ----------
    item_sites, moves : ItemSites, Moves
        Of the plan.
    objective : Objective
        Weights of the release.
    change : float
        Price of changing an announced unit, in currency.
    """
    units, weight = _units(item_sites, moves), _weight(item_sites, moves)
    told = _stated(item_sites, moves, objective, change)
    beyond = told * weight * TIE_STEPS * COARSEST_STEP > LARGEST_TOTAL
    within = np.where(beyond, 0.0, told)
    steps = _finest(within * weight, within * units, 1.0, FINEST_STEP)
    faults = _coarser(item_sites, within * weight, within * units, steps)
    if not beyond.any():
        return Carried(item_sites, moves, steps, faults)
    most = np.minimum(LARGEST_TOTAL / weight, LARGEST_SUM / 4 / beyond.sum() / np.maximum(1.0, units))
    amount = np.where(beyond, most / (TIE_STEPS * steps * 3 * (item_sites.horizon + 8)), np.inf)
    item_sites, of_sites = _held_sites(item_sites, amount, units, objective.shortage_weight)
    moves, of_ways = _held_ways(item_sites, moves, amount, units)
    return Carried(item_sites, moves, steps, [*faults, *of_sites, *of_ways])


def step_and_penalties(
    curves: Curves, moves: Moves, item_sites: ItemSites, change: float, steps: int
) -> tuple[float, Ints]:
    """Return the integer cost of a unit of currency, and of each item what a unit beyond a maximum stock costs.

    Parameters
    ----------
    curves : Curves
        Of the plan.
    moves, item_sites : Moves, ItemSites
        Of the plan.
    change : float
        Price of changing an announced unit, in currency.
    steps : int
        Most money steps of a unit of currency.

    Notes
    -----
    A penalty is more than any unit can save by breaking a limit on its way through the horizon: that
    of the dearest usual item for all that can carry it. Of plans that cost the same a solver may find
    another when it changes, so that an item which is dear beyond all others has its own.
    """
    steep, item, inside = np.abs(curves.slope), item_sites.item[curves.row], curves.bucket < item_sites.horizon
    bucket, end, way = (np.zeros(len(item_sites.item_ids)) for _ in range(3))
    np.maximum.at(bucket, item[inside], steep[inside])
    np.maximum.at(end, item[~inside], steep[~inside])
    np.maximum.at(way, item_sites.item[moves.destination], moves.unit_amount)
    own = _penalty(bucket, end, way, change, item_sites.horizon)
    weight = _weight(item_sites, moves)
    scale = float(_finest(own * weight, own * _units(item_sites, moves), 2.0, steps) * TIE_STEPS)
    usual = own <= USUAL * np.median(own) if len(own) else np.zeros(0, dtype=bool)
    steepest, last, longest = (most[usual].max(initial=0.0) for most in (bucket, end, way))
    dearest = _penalty(steepest, last, longest, change, item_sites.horizon)
    return scale, np.round(np.maximum(own, np.minimum(dearest, LARGEST_TOTAL / (scale * weight))) * scale).astype(
        np.int64
    )


def _penalty(bucket: Floats, end: Floats, way: Floats, change: float, horizon: int) -> Floats:
    return np.asarray(bucket * (horizon + 2) + 3.0 * (end + way + 2.0 * change) + 1e-3)


def _units(item_sites: ItemSites, moves: Moves) -> Floats:
    """Return the units of each item that costs are counted for: what any plan moves, more where whole lots are."""
    return chain_units(item_sites, moves) / 4.0


def _weight(item_sites: ItemSites, moves: Moves) -> Floats:
    """Return how often the most that a unit of each item may cost counts in its integer costs, at most.

    That is what it costs all the way through the horizon: once a unit, and where a stock has a
    maximum in every bucket. A solver adds up the nodes, however few units there are.
    """
    limited = np.zeros(len(item_sites.item_ids), dtype=bool)
    limited[item_sites.item[item_sites.maximum < UNLIMITED]] = True
    sites = np.bincount(item_sites.item, minlength=len(limited))
    units = _units(item_sites, moves) * np.where(limited, item_sites.horizon + 1.0, 1.0)
    return np.asarray(np.maximum(units, 16.0 * (1 + sites * nodes_per_site(item_sites))), dtype=np.float64)


def _finest(largest: Floats, total: Floats, slack: float, steps: int) -> int:
    """Return the most money steps, at most ``steps``, at which amounts of items and their sum fit."""
    most, every = float(np.nanmax(largest, initial=0.0)), float(np.nansum(total))
    while steps > 1 and (
        most * steps * TIE_STEPS > slack * LARGEST_TOTAL or every * steps * TIE_STEPS > slack * LARGEST_SUM
    ):
        steps //= 10
    return steps


def _stated(item_sites: ItemSites, moves: Moves, objective: Objective, change: float) -> Floats:
    """Return what a unit of each item may cost through the horizon, by the amounts that are stated."""
    short, held, worth, way = (np.zeros(len(item_sites.item_ids)) for _ in range(4))
    np.maximum.at(short, item_sites.item, item_sites.shortage_cost * objective.shortage_weight)
    np.maximum.at(held, item_sites.item, item_sites.holding_cost)
    np.maximum.at(worth, item_sites.item, item_sites.unit_cost)
    np.maximum.at(way, item_sites.item[moves.destination], moves.unit_amount)
    return _penalty(short + held, worth, way, change, item_sites.horizon)


def _coarser(item_sites: ItemSites, largest: Floats, total: Floats, steps: int) -> list[str]:
    """Return that money is counted more coarsely than at best, because of one item or of all of them together."""
    if steps == FINEST_STEP:
        return []
    told = f"money counted in steps of {1 / steps:g}, because of costs times units of"
    if _finest(largest, np.zeros(1), 1.0, FINEST_STEP) > steps:
        return [f"{told} all {len(total)} items together; plans of fewer items count finer"]
    return [f"{told} {item_sites.item_ids[int(np.nanargmax(largest))]} above all; look at both"]


def _held_sites(item_sites: ItemSites, amount: Floats, units: Floats, weight: float) -> tuple[ItemSites, list[str]]:
    faults: list[str] = []
    keys, most = item_sites.keys(), amount[item_sites.item]
    for name, what in _SITE_AMOUNTS:
        stated, least = getattr(item_sites, name), most / (weight if name == "shortage_cost" else 1.0)
        over = np.flatnonzero(stated > least)
        told = _told(stated[over], least[over], units[item_sites.item[over]])
        note(keys.iloc[over].assign(told=told), [*KEY, "told"], f"{what} {_BEYOND}", faults)
        item_sites = replace(item_sites, **{name: np.minimum(stated, least)})
    return item_sites, faults


def _held_ways(item_sites: ItemSites, moves: Moves, amount: Floats, units: Floats) -> tuple[Moves, list[str]]:
    faults: list[str] = []
    most = amount[item_sites.item[moves.destination]]
    stated = np.max([getattr(moves, name) for name in _WAY_AMOUNTS], axis=0, initial=0.0)
    over: Flags = (stated > most) & (moves.bucket == 0)
    end = moves.destination[over]
    told = _told(stated[over], most[over], units[item_sites.item[end]])
    rows = item_sites.keys().iloc[end].assign(source_id=moves.source_id[over], told=told)
    note(rows, ["item_id", "source_id", "site_id", "told"], f"cost of a way {_BEYOND}", faults)
    return replace(moves, **{name: np.minimum(getattr(moves, name), most) for name in _WAY_AMOUNTS}), faults


_BEYOND = "beyond what costs can carry for the item's units; planned at what they can, correct it or the units"


def _told(stated: Floats, most: Floats, units: Floats) -> list[str]:
    return [f"{s:.2f}, held at {m:.6g} for {u:.0f} units" for s, m, u in zip(stated, most, units, strict=True)]
