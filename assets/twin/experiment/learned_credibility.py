"""How much of what lateral units are told to save they save, learned by playing the plan before what is judged.

For every site that gives or receives before a normal order could come: units of demand that the plan told
to be served (or given up) by it, and those that were. Not here: what a plan does with it
(``rebalancing.credibility``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from assets.rebalancing.early_sales import expand_knowing_sales, sold_early
from assets.rebalancing.expansion import Network, projected
from assets.rebalancing.first_arrivals import earliest_arrivals, first_arrivals
from assets.rebalancing.item_sites import Floats, Ints
from assets.twin.experiment.policies import Policy, Sights, decided, lines_of

LEAST = 0.1
"""Least share that is ever believed: nothing learned from few units should stop them all."""

LEAST_RECEIVERS = 20
"""Receivers below which nothing is learned."""


@dataclass(frozen=True)
class Told:
    """What a plan told of sites that give or receive early; ``k`` of them.

    Attributes
    ----------
    bucket : int
        Of the window, in which it was decided.
    place : int array, shape (k,)
        Item-sites.
    added, arrival, normal : int array, shape (k,)
        Net units; first bucket from then in which any move, and a normal order, can be sold.
    known : int array, shape (k, T)
        Cumulative known supply.
    saved : float array, shape (k,)
        Units of demand told to be served by it; negative where units are given.
    price : float array, shape (k,)
        Currency per lost unit.
    """

    bucket: int
    place: Ints
    added: Ints
    arrival: Ints
    normal: Ints
    known: Ints
    saved: Floats
    price: Floats


@dataclass(frozen=True)
class Credibility:
    """What was learned.

    Attributes
    ----------
    share : float or None
        What is believed, within [``LEAST``, 1]; None where too few units moved.
    told, kept : float
        Currency that lateral units were told to save, givers' losses taken off, and what they saved.
    receivers : int
        Sites and dates that received.
    """

    share: float | None
    told: float
    kept: float
    receivers: int


def watched(seen: list[Told]) -> Policy:
    """Return the joint plan as a policy that notes what it tells of lateral units."""

    def plan(sights: Sights) -> pd.DataFrame:
        network = expand_knowing_sales(sights.with_laterals())
        units = decided(network)
        seen.append(told_by(network, units, sights.bucket))
        return lines_of(network, units)

    return plan


def told_by(network: Network, units: Ints, bucket: int) -> Told:
    """Return what a plan tells of sites whose stock early lateral units change."""
    problem, item_sites = network.problem, network.problem.item_sites
    normal = np.clip(first_arrivals(problem), 0, item_sites.horizon)
    moves = problem.moves.take(network.first)
    lines = np.flatnonzero((units > 0) & moves.lateral & (moves.arrival < normal[moves.destination]))
    added = np.zeros(len(item_sites), dtype=np.int64)
    np.add.at(added, moves.destination[lines], units[lines])
    np.subtract.at(added, moves.origin[lines], units[lines])
    saved = sold_early(projected(problem), added.astype(np.float64))
    place = np.flatnonzero((added != 0) & (normal > 0))
    earliest = np.minimum(earliest_arrivals(problem), normal)
    return Told(
        bucket, place, added[place], earliest[place], normal[place], item_sites.known_supply[place], saved[place],
        item_sites.shortage_cost[place],
    )  # fmt: skip


def served(told: Told, demand: Ints) -> tuple[Ints, Floats]:
    """Return which of the sites' stretches have passed, and the units of demand that the added ones served.

    Parameters
    ----------
    told : Told
        Of ``k`` sites.
    demand : int array, shape (n, T)
        Of the window's item-sites and buckets.

    Notes
    -----
    With ``M[s]`` the most by which demand got ahead of known supply until s, e the first bucket that a move
    reaches and a that of a normal order: ``G = M[a-1] - max(0, M[e-1])`` units were short, and u more served
    ``max(0, G) - max(0, G - u)`` (``rebalancing.projection``).
    """
    rows = np.flatnonzero(told.bucket + told.normal <= demand.shape[1])
    found = np.zeros(len(rows))
    for k, row in enumerate(rows.tolist()):
        last, first = int(told.normal[row]), int(told.arrival[row])
        asked = np.cumsum(demand[told.place[row], told.bucket : told.bucket + last])
        ahead = np.maximum.accumulate(asked - told.known[row, :last])
        short = int(ahead[-1]) - (max(0, int(ahead[first - 1])) if first else 0)
        found[k] = max(0, short) - max(0, short - int(told.added[row]))
    return rows, found


def learned(seen: Sequence[tuple[Told, Ints]]) -> Credibility:
    """Return what is believed after what was told and happened.

    Parameters
    ----------
    seen : sequence of (Told, int array)
        What a plan told, with the demand of its window.
    """
    said, kept, receivers = 0.0, 0.0, 0
    for told, demand in seen:
        rows, units = served(told, demand)
        said += float(told.price[rows] @ told.saved[rows])
        kept += float(told.price[rows] @ units)
        receivers += int((told.added[rows] > 0).sum())
    share = float(np.clip(kept / said, LEAST, 1.0)) if said > 0 and receivers >= LEAST_RECEIVERS else None
    return Credibility(share, said, kept, receivers)
