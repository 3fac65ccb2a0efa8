"""The policies that are played, each one plan's first decisions: the joint plan and its baselines.

All see the same forecast, targets, lots and guardrails; lines leave as an order document would say
them. Not here: playing them (``plans_play``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from assets.rebalancing.baselines import greedy_pairs
from assets.rebalancing.expansion import Network, expand
from assets.rebalancing.item_sites import Ints
from assets.rebalancing.min_max import min_max
from assets.rebalancing.plan import choose
from assets.rebalancing.problem import Problem

JOINT, NO_TRANSFERS, GREEDY, MIN_MAX, NOTHING = "joint_plan", "no_transfers", "greedy_pairs", "min_max", "do_nothing"


@dataclass(frozen=True)
class Sights:
    """What a policy may look at, made when asked for.

    Attributes
    ----------
    with_laterals, without : callable
        The problem with and without lanes between stores.
    """

    with_laterals: Callable[[], Problem]
    without: Callable[[], Problem]


def joint_plan(sights: Sights) -> pd.DataFrame:
    """Return the lines of the joint plan."""
    network = expand(sights.with_laterals())
    return lines_of(network, choose(network).units)


def no_transfers(sights: Sights) -> pd.DataFrame:
    """Return the lines of the same planner where no lane joins two stores, now or later."""
    network = expand(sights.without())
    return lines_of(network, choose(network).units)


def greedy_pairs_policy(sights: Sights) -> pd.DataFrame:
    """Return what ``no_transfers`` does, and pairs of the largest excess and shortage while they pay."""
    free = expand(sights.without())
    network = expand(sights.with_laterals())
    units = np.zeros(len(network.first), dtype=np.int64)
    units[~network.problem.moves.lateral[network.first]] = choose(free).units
    return lines_of(network, greedy_pairs(network, units))


def min_max_policy(sights: Sights) -> pd.DataFrame:
    """Return what each item-site orders for itself."""
    network = expand(sights.without())
    return lines_of(network, min_max(network))


def do_nothing(sights: Sights) -> pd.DataFrame:
    """Return no lines."""
    problem = sights.without()
    return _lines(problem, np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64))


POLICIES: dict[str, Callable[[Sights], pd.DataFrame]] = {
    JOINT: joint_plan,
    NO_TRANSFERS: no_transfers,
    GREEDY: greedy_pairs_policy,
    MIN_MAX: min_max_policy,
    NOTHING: do_nothing,
}
LATERAL = (JOINT, GREEDY)
"""Policies that the cost of a lane between stores changes."""


def lines_of(network: Network, units: Ints) -> pd.DataFrame:
    """Return the lines of first-bucket units: kind, item, origin, destination, mode, quantity, dates."""
    used = units > 0
    return _lines(network.problem, network.first[used], units[used])


def _lines(problem: Problem, chosen: Ints, units: Ints) -> pd.DataFrame:
    moves, item_sites = problem.moves.take(chosen), problem.item_sites
    sites = np.array(item_sites.site_ids, dtype=object)
    return pd.DataFrame(
        {
            "kind": moves.kind,
            "item_id": np.array(item_sites.item_ids, dtype=object)[item_sites.item[moves.destination]],
            "origin_id": moves.source_id,
            "destination_id": sites[item_sites.site[moves.destination]],
            "mode": moves.mode,
            "quantity_units": units,
            "departure_date": moves.departure,
            "arrival_date": moves.arrival_date,
        }
    )
