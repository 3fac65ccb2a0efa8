"""The terms that a published plan's departures and order documents put on one item.

A departure is open exactly if something rides on it, and costs nothing more; a document that was asked
for and stayed is shut, and so is one of a site that is full; lines that fill one stand. Not here: prices
and room of shared limits (``one_item``).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from assets.rebalancing.announced import units_of
from assets.rebalancing.item_sites import Flags, Ints
from assets.rebalancing.market.departures import no_departures
from assets.rebalancing.market.limits import no_limits, together
from assets.rebalancing.market.minimums import no_minimums
from assets.rebalancing.problem import Problem
from assets.rebalancing.what_if.recorded import Recorded


def on_departures(problem: Problem, plan: Recorded) -> tuple[Problem, Ints]:
    """Return the problem of one item on the departures that leave, without documents that stay.

    And what each of its moves could carry that does not go out, shape (m,); 0 for others.

    Parameters
    ----------
    problem : Problem
        Of one item.
    plan : Recorded
        That it is an item of.
    """
    moves, shared_limits = problem.moves, plan.shared_limits
    departures = problem.departures or no_departures(len(moves))
    minimums = problem.minimums or no_minimums(len(moves))
    table = shared_limits.set_index("limit_id")
    trucks = table["used"].reindex(list(departures.names)).fillna(0.0).to_numpy(np.float64)
    told = table.reindex(list(minimums.names))
    stays = ((told["asked"] > 0) & (told["used"] <= 0)).to_numpy(bool)
    barred = departures.moves_of(trucks <= 0) | minimums.moves_of(stays) | _without_room(problem, plan)
    limits = together([problem.limits or no_limits(len(moves)), departures.limits(trucks.astype(np.int64))])
    limits = limits.take(np.diff(limits.use.indptr) > 0).ordered()
    least = replace(moves, capacity=np.where(barred, 0, moves.capacity))
    return replace(problem, moves=least, limits=limits), np.where(barred, moves.capacity, 0)


def _without_room(problem: Problem, plan: Recorded) -> Flags:
    """Return which moves of an item are on a document that a site cannot handle beside the plan's, shape (m,)."""
    whole = plan.problem.documents
    if problem.documents is None or whole is None:
        return np.zeros(len(problem.moves), dtype=bool)
    units = units_of(plan.problem.moves, plan.problem.item_sites, plan.lines)
    return problem.documents.moves_of(whole.unopened(units))


def pins(problem: Problem, shared_limits: pd.DataFrame, standing: Ints) -> Ints:
    """Return the units of an item's lines that fill a document, shape (m,); 0 for others.

    Parameters
    ----------
    problem : Problem
        Of one item.
    shared_limits : DataFrame
        SHARED_LIMITS of the plan.
    standing : int array, shape (m,)
        Units of its published lines.
    """
    if problem.minimums is None:
        return np.zeros_like(standing)
    told = shared_limits.set_index("limit_id").reindex(list(problem.minimums.names))
    least = (told["capacity"] - told["fixed"]).clip(lower=0)
    filled = ((told["asked"] < least * (1 - 1e-9)) & (told["used"] > 0)).to_numpy(bool)
    return np.where(problem.minimums.moves_of(filled), standing, 0)
