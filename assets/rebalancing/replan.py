"""Some items planned again, with what the others use of shared limits held fixed.

For an event that touches an item or a site: the rest of a published plan stands, and its use of
every limit is told by its coordination graph. Not here: publishing what comes of it.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from assets.kernel.errors import EquipoiseError
from assets.rebalancing.expansion import expand
from assets.rebalancing.item_sites import Ints
from assets.rebalancing.market.limits import Limits, no_limits
from assets.rebalancing.market.parts import part
from assets.rebalancing.plan import Plan, solve_network
from assets.rebalancing.problem import Problem


def replan(problem: Problem, items: Ints, graph: pd.DataFrame) -> Plan:
    """Plan some items of a problem again.

    Parameters
    ----------
    problem : Problem
        Of every item, as things are now.
    items : int array
        Positions in ``item_ids``, ascending.
    graph : DataFrame
        COORDINATION_GRAPH of the plan whose other items stand.

    Returns
    -------
    Plan
        Of these items only; its limits count what the others use among what is fixed.
    """
    some = part(expand(problem), items)
    limits = (problem.limits or no_limits(len(problem.moves))).take(slice(None), some.moves)
    names = {problem.item_sites.item_ids[k] for k in items.tolist()}
    beside = _beside(limits, graph.loc[~graph["item_id"].isin(names)])
    held = problem.held.loc[problem.held["item_id"].isin(names)]
    alone = replace(some.network, problem=replace(some.network.problem, limits=beside, held=held))
    return solve_network(alone, beside)


def items_at(problem: Problem, item: str | None = None, site: str | None = None) -> Ints:
    """Return the items that an event at an item, a site or both touches, as positions.

    Raises
    ------
    EquipoiseError
        If the plan knows no such item or site.
    """
    keys = problem.item_sites.keys()
    rows = np.ones(len(keys), dtype=bool)
    for column, asked in (("item_id", item), ("site_id", site)):
        if asked is not None:
            rows &= (keys[column] == asked).to_numpy()
    if not rows.any():
        raise EquipoiseError(
            "the plan knows no such item or site",
            where=f"item {item or 'any'}, site {site or 'any'}",
            remedy="Ask for an item that is ranged at an open site",
        )
    return np.unique(problem.item_sites.item[rows])


def _beside(limits: Limits, others: pd.DataFrame) -> Limits:
    """Return limits whose fixed use includes that of other items; what frees room counts as well."""
    used = others.groupby("limit_id")["used"].sum().reindex(list(limits.names)).fillna(0.0)
    return replace(limits, fixed=limits.fixed + np.asarray(used, dtype=np.float64))
