"""The policies that are played, each one plan's first decisions: the joint plan and its baselines.

All see the same forecast, targets, lots and guardrails; lines leave as an order document would say
them. Not here: playing them (``player``), or levels tuned on history (``tuned_levels``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from assets.rebalancing.baselines import greedy_pairs
from assets.rebalancing.choice import choose
from assets.rebalancing.consolidated import consolidated
from assets.rebalancing.early_sales import expand_knowing_sales
from assets.rebalancing.expansion import Network, expand
from assets.rebalancing.item_sites import Ints
from assets.rebalancing.market.limits import no_limits
from assets.rebalancing.min_max import min_max
from assets.rebalancing.problem import Problem
from assets.twin.day import Stock

JOINT, NO_TRANSFERS, GREEDY, MIN_MAX, NOTHING = "joint_plan", "no_transfers", "greedy_pairs", "min_max", "do_nothing"
BY_SHARES = "departures_by_shares"

LINE_COLUMNS = (
    "kind", "item_id", "origin_id", "destination_id", "mode", "quantity_units", "departure_date", "arrival_date",
)  # fmt: skip


@dataclass(frozen=True)
class Sights:
    """What a policy may look at, made when asked for.

    Attributes
    ----------
    date : date
        The bucket begins.
    bucket : int
        Of the window.
    stock : Stock
        As the bucket begins.
    with_laterals, without : callable
        The problem with and without lanes between stores.
    """

    date: dt.date
    bucket: int
    stock: Stock
    with_laterals: Callable[[], Problem]
    without: Callable[[], Problem]


def joint_plan(sights: Sights) -> pd.DataFrame:
    """Return the lines of the joint plan."""
    network = expand_knowing_sales(sights.with_laterals())
    return lines_of(network, decided(network))


def departures_by_shares(sights: Sights) -> pd.DataFrame:
    """Return the lines of the joint plan in which every departure leaves, and units pay a share of it."""
    network = expand(sights.with_laterals())
    return lines_of(network, choose(network).units)


def no_transfers(sights: Sights) -> pd.DataFrame:
    """Return the lines of the same planner where no lane joins two stores, now or later."""
    network = expand(sights.without())
    return lines_of(network, decided(network))


def greedy_pairs_policy(sights: Sights) -> pd.DataFrame:
    """Return what ``no_transfers`` does, and pairs of the largest excess and shortage while they pay."""
    free = expand(sights.without())
    network = expand(sights.with_laterals())
    units = np.zeros(len(network.first), dtype=np.int64)
    units[~network.problem.moves.lateral[network.first]] = decided(free)
    return lines_of(network, greedy_pairs(network, units))


def min_max_policy(sights: Sights) -> pd.DataFrame:
    """Return what each item-site orders for itself."""
    network = expand(sights.without())
    return lines_of(network, min_max(network))


def do_nothing(_sights: Sights) -> pd.DataFrame:
    """Return no lines."""
    return pd.DataFrame(columns=list(LINE_COLUMNS))


Policy = Callable[[Sights], pd.DataFrame]
"""Lines that start in a bucket, in the columns of ``LINE_COLUMNS``."""

POLICIES: dict[str, Policy] = {
    JOINT: joint_plan,
    BY_SHARES: departures_by_shares,
    NO_TRANSFERS: no_transfers,
    GREEDY: greedy_pairs_policy,
    MIN_MAX: min_max_policy,
    NOTHING: do_nothing,
}
LATERAL = (JOINT, BY_SHARES, GREEDY)
"""Policies that the cost of a lane between stores changes."""


def decided(network: Network) -> Ints:
    """Return first-bucket units of a plan that also decides which departures leave and which documents go out."""
    return consolidated(network, no_limits(len(network.problem.moves))).found.units


def lines_of(network: Network, units: Ints) -> pd.DataFrame:
    """Return the lines of first-bucket units: kind, item, origin, destination, mode, quantity, dates."""
    used = units > 0
    moves, item_sites = network.problem.moves.take(network.first[used]), network.problem.item_sites
    sites, items = (np.array(ids, dtype=object) for ids in (item_sites.site_ids, item_sites.item_ids))
    destination = moves.destination
    told = (
        moves.kind, items[item_sites.item[destination]], moves.source_id, sites[item_sites.site[destination]],
        moves.mode, units[used], moves.departure, moves.arrival_date,
    )  # fmt: skip
    return pd.DataFrame(dict(zip(LINE_COLUMNS, told, strict=True)))
