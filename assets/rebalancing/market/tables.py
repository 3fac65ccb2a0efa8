"""The market as published frames: its limits, its transcript and its coordination graph.

Not here: deciding anything, and what their pages show (``pages``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components

from assets.kernel.frames.market import COORDINATION_GRAPH, MARKET_TRANSCRIPT, SHARED_LIMITS
from assets.rebalancing.expansion import Network
from assets.rebalancing.item_sites import Floats, Ints
from assets.rebalancing.market.components import Component, components, edges, largest_use
from assets.rebalancing.market.limits import Limits
from assets.rebalancing.market.settlement import Settlement

UNITS = {"lane_weight": "kg", "lane_volume": "m3", "storage": "m3", "budget": "currency", "truck_weight": "kg",
         "truck_volume": "m3"}  # fmt: skip
"""Unit of a kind of limit; the others count base units."""


def limits_table(network: Network, limits: Limits, settlement: Settlement) -> pd.DataFrame:
    """Return SHARED_LIMITS.

    Parameters
    ----------
    network : Network
        Of every item.
    limits : Limits
        That were settled over, in any order.
    settlement : Settlement
        What came of it.
    """
    limits = limits.ordered()
    deal = np.full(len(limits), -1, dtype=np.int64)
    for number, struck in enumerate(settlement.deals):
        deal[struck.component.limits] = number
    table = pd.DataFrame(
        {
            "limit_id": list(limits.names),
            "kind": list(limits.kinds),
            "unit": [UNITS.get(kind, "base units") for kind in limits.kinds],
            "capacity": limits.capacity,
            "fixed": limits.fixed,
            "asked": settlement.asked,
            "used": settlement.used,
            "price": settlement.prices,
            "component": _nullable(_of_limits(components(network, limits), len(limits))),
            "deal": _nullable(deal),
            "truck_amount": np.nan,
            "worth_amount": np.nan,
            "fill_share": np.nan,
        }
    )
    return SHARED_LIMITS.conform(table.assign(plan_date=pd.Timestamp(network.problem.plan_date)))


def transcript_table(settlement: Settlement, plan_date: dt.date) -> pd.DataFrame:
    """Return MARKET_TRANSCRIPT: statements numbered in the order in which they were made."""
    rows = [(number, *row) for number, deal in enumerate(settlement.deals) for row in deal.rows]
    columns = ["deal", "round", "agent", "subject", "bid", "price", "outcome", "reason"]
    table = pd.DataFrame(rows, columns=columns).assign(statement=range(len(rows)))
    return MARKET_TRANSCRIPT.conform(table.assign(plan_date=pd.Timestamp(plan_date)))


def graph_table(
    network: Network, limits: Limits, settlement: Settlement, touching: Collection[str] = ()
) -> pd.DataFrame:
    """Return COORDINATION_GRAPH: which item can use which limit that can bind, and what it uses.

    Parameters
    ----------
    network, limits, settlement : Network, Limits, Settlement
        As of ``limits_table``.
    touching : collection of str
        Limits that can bind among items beside those of the network.
    """
    limits = limits.ordered()
    binding = (largest_use(network, limits) > limits.room) | np.isin(limits.names, list(touching))
    item, limit = edges(network, limits, binding)
    used = _looked_up(_use_of_items(network, limits, settlement.units), item, limit)
    names = np.array(network.problem.item_sites.item_ids, dtype=object)
    table = pd.DataFrame(
        {
            "item_id": names[item],
            "limit_id": np.array(limits.names, dtype=object)[limit],
            "component": joined(pd.Series(item), pd.Series(limit)),
            "used": used,
            "paid_amount": used * settlement.prices[limit],
        }
    )
    return COORDINATION_GRAPH.conform(table.assign(plan_date=pd.Timestamp(network.problem.plan_date)))


def joined(item: pd.Series[Any], limit: pd.Series[Any]) -> Ints:
    """Return the component of each pair of an item and a limit, numbered by their first items.

    >>> joined(pd.Series(["a", "b", "b", "c"]), pd.Series(["x", "y", "z", "z"])).tolist()
    [0, 1, 1, 1]
    """
    if not len(item):
        return np.zeros(0, dtype=np.int64)
    one, items = pd.factorize(item, sort=True)
    other, limits = pd.factorize(limit)
    count = len(items) + len(limits)
    pairs = coo_array((np.ones(len(one)), (one, len(items) + other)), shape=(count, count))
    label = connected_components(pairs, directed=False)[1][: len(items)]
    numbered = pd.factorize(label)[0]
    return np.asarray(numbered[one], dtype=np.int64)


def _of_limits(joined: list[Component], count: int) -> Ints:
    component = np.full(count, -1, dtype=np.int64)
    for number, one in enumerate(joined):
        component[one.limits] = number
    return component


def _use_of_items(network: Network, limits: Limits, units: Ints) -> csr_array:
    """Return the use of every limit by every item, shape (items, L)."""
    moves, item_sites = network.problem.moves, network.problem.item_sites
    sent = np.flatnonzero(units)
    shape = (network.items, len(moves))
    of_item = csr_array((units[sent].astype(np.float64), (item_sites.item[moves.destination[sent]], sent)), shape=shape)
    return csr_array(of_item @ limits.use.T)


def _looked_up(table: csr_array, row: Ints, column: Ints) -> Floats:
    """Return the entries of a sparse table at some places, 0 where it has none."""
    known = table.tocoo()
    key = known.coords[0].astype(np.int64) * table.shape[1] + known.coords[1]
    order = np.argsort(key)
    asked = row * np.int64(table.shape[1]) + column
    place = np.minimum(np.searchsorted(key[order], asked), max(0, len(key) - 1))
    if not len(key):
        return np.zeros(len(asked))
    found = order[place]
    return np.where(key[found] == asked, known.data[found], 0.0)


def _nullable(numbers: Ints) -> pd.Series[int]:
    found: pd.Series[int] = pd.Series(numbers).astype("Int64")
    return found.mask(found < 0)
