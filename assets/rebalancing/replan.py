"""Some items planned again, with what the others use of shared limits held fixed.

For an event that touches an item or a site: the rest of a published plan stands, and its lines use
the limits as they are now. Not here: publishing what comes of it.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from assets.kernel.errors import EquipoiseError
from assets.rebalancing.expansion import expand
from assets.rebalancing.item_sites import Floats, Ints
from assets.rebalancing.market.limits import Limits, no_limits
from assets.rebalancing.market.parts import part
from assets.rebalancing.plan import Plan, solve_network
from assets.rebalancing.problem import Problem


def replan(problem: Problem, items: Ints, lines: pd.DataFrame, graph: pd.DataFrame) -> Plan:
    """Plan some items of a problem again.

    Parameters
    ----------
    problem : Problem
        Of every item, as things are now.
    items : int array
        Positions in ``item_ids``, ascending.
    lines, graph : DataFrame
        PLAN_LINES and COORDINATION_GRAPH of the plan whose other items stand.

    Returns
    -------
    Plan
        Of these items only; its limits count what the others use among what is fixed.

    Notes
    -----
    The graph knows what others intend later, but only of limits that could bind then; lines know
    what starts now, of every limit as it is now. The larger of the two is held fixed, so that a
    limit that has become tighter or is new is not filled twice.
    """
    some = part(expand(problem), items)
    limits = (problem.limits or no_limits(len(problem.moves))).take(slice(None), some.moves)
    names = {problem.item_sites.item_ids[k] for k in items.tolist()}
    others = lines.loc[~lines["item_id"].isin(names)]
    stands = (problem.limits or no_limits(len(problem.moves))).used(_units_of(problem, others))
    beside = _beside(limits, graph.loc[~graph["item_id"].isin(names)], stands)
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


def _units_of(problem: Problem, lines: pd.DataFrame) -> Ints:
    """Return the units of every move that lines order; a line whose move is there no longer orders nothing."""
    moves, item_sites = problem.moves, problem.item_sites
    keys = item_sites.keys()
    known = pd.DataFrame(
        {
            "kind": moves.kind,
            "item_id": keys["item_id"].to_numpy()[moves.destination],
            "origin_id": moves.source_id,
            "destination_id": keys["site_id"].to_numpy()[moves.destination],
            "mode": moves.mode,
            "move": np.arange(len(moves)),
        }
    ).loc[moves.bucket == 0]
    found = lines[["kind", "item_id", "origin_id", "destination_id", "mode", "quantity_units"]].merge(known)
    units = np.zeros(len(moves), dtype=np.int64)
    np.add.at(units, found["move"].to_numpy(np.int64), found["quantity_units"].to_numpy(np.int64))
    return units


def _beside(limits: Limits, others: pd.DataFrame, stands: Floats) -> Limits:
    """Return limits whose fixed use includes that of other items; what frees room counts as well."""
    used = others.groupby("limit_id")["used"].sum().reindex(list(limits.names)).astype("float64")
    return replace(limits, fixed=limits.fixed + np.fmax(np.asarray(used, dtype=np.float64), stands))
