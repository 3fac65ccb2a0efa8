"""The terms that a published plan's departures and order documents put on one item.

It pays for departures that nobody else pays for; else, where that does not give its lines, a departure is
open for nothing exactly if something rides on it. A document that was asked for and stayed is shut, and so
is one of a site that is full; lines that fill one stand. Not here: prices and room of shared limits
(``one_item``).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from assets.rebalancing.announced import units_of
from assets.rebalancing.early_sales import expand_knowing_sales
from assets.rebalancing.flow import FREE_UNITS, Variant, solve_flows
from assets.rebalancing.item_sites import Flags, Floats, Ints
from assets.rebalancing.market.departure_search import LEAST_SAVING
from assets.rebalancing.market.departures import Departures, no_departures
from assets.rebalancing.market.limits import Limits, no_limits, together
from assets.rebalancing.market.minimums import no_minimums
from assets.rebalancing.market.shares import at_shares
from assets.rebalancing.problem import Problem
from assets.rebalancing.what_if.recorded import Recorded


def as_decided(problem: Problem, plan: Recorded) -> tuple[Problem, Ints]:
    """Return the problem of one item on the departures that leave, for nothing, without documents that stay.

    And what each of its moves could carry that does not go out, shape (m,); 0 for others.

    Parameters
    ----------
    problem : Problem
        Of one item.
    plan : Recorded
        That it is an item of.
    """
    departures, trucks = _departures(problem, plan)
    barred = departures.moves_of(trucks <= 0) | _without_documents(problem, plan)
    least, closed = _barred(problem, barred)
    limits = together([problem.limits or no_limits(len(problem.moves)), departures.limits(trucks)])
    return replace(least, limits=_used(limits), departures=None), closed


def at_their_bills(problem: Problem, plan: Recorded) -> tuple[Problem, Ints]:
    """Return the problem of one item that pays for departures nobody else rides on; see ``as_decided``.

    A departure that others ride on is open, with as many trucks as leave. One on which it is alone costs
    its bill. One that stays costs what the others that would have ridden on it do not save; at least what
    the item would save by it, as the plan did not open it.

    Parameters
    ----------
    problem : Problem
        Of one item.
    plan : Recorded
        That it is an item of.
    """
    departures, trucks = _departures(problem, plan)
    whole = plan.problem.departures
    if whole is None or not len(departures):
        return as_decided(problem, plan)
    whole = whole.decided_at(plan.shared_limits)
    mine = plan.problem.item_sites.item_ids.index(problem.item_sites.item_ids[0])
    of_item = plan.problem.item_sites.item[plan.problem.moves.destination]
    others = np.where(of_item == mine, 0, units_of(plan.problem.moves, plan.problem.item_sites, plan.lines))
    shared = whole.beside(others).take(np.flatnonzero(of_item == mine)).ridden()
    least, closed = _barred(problem, _without_documents(problem, plan))
    worth = plan.shared_limits.set_index("limit_id")["worth_amount"].reindex(list(departures.names)).fillna(0.0)
    own = _saved_by(replace(least, departures=shared), trucks <= 0)
    paid = np.maximum(0.0, worth.to_numpy(np.float64) - own)
    cost = np.where(trucks <= 0, np.maximum(departures.cost - paid, own + LEAST_SAVING), departures.cost)
    most = np.where(shared.paid > 0, trucks, np.where(trucks > 0, trucks, departures.most))
    billed = replace(shared, cost=cost, most=most)
    limits = together([problem.limits or no_limits(len(problem.moves)), departures.limits(most)])
    return replace(least, limits=_used(limits), departures=billed), closed


def _departures(problem: Problem, plan: Recorded) -> tuple[Departures, Ints]:
    """Return the departures that an item can ride on, and how many trucks of each leave."""
    departures = (problem.departures or no_departures(len(problem.moves))).ridden()
    table = plan.shared_limits.set_index("limit_id")
    return departures, table["used"].reindex(list(departures.names)).fillna(0.0).to_numpy(np.int64)


def _saved_by(problem: Problem, stay: Flags) -> Floats:
    """Return what an item would save by each departure that stays, the others as decided, shape (d,)."""
    departures = problem.departures
    assert departures is not None
    network = at_shares(expand_knowing_sales(problem), departures)
    saved, rows = np.zeros(len(departures)), np.flatnonzero(stay)
    open_ = np.tile(~stay, (len(rows) + 1, 1))
    open_[np.arange(len(rows)), rows] = True
    row = departures.row[network.first]
    units = np.where(np.append(open_, np.ones((len(open_), 1), dtype=bool), axis=1)[:, row], FREE_UNITS, 0)
    flow = solve_flows(network, Variant(np.zeros(len(units), dtype=np.int64), units.ravel()))
    shares = (flow.units.reshape(units.shape) * departures.spread[network.first]).sum(axis=1)
    cost = flow.cost / network.scale - shares
    saved[rows] = np.maximum(0.0, cost[-1] - cost[:-1])
    return saved


def _without_documents(problem: Problem, plan: Recorded) -> Flags:
    """Return which moves of an item are on documents that stay, shape (m,)."""
    minimums = problem.minimums or no_minimums(len(problem.moves))
    told = plan.shared_limits.set_index("limit_id").reindex(list(minimums.names))
    stays = ((told["asked"] > 0) & (told["used"] <= 0)).to_numpy(bool)
    return np.asarray(minimums.moves_of(stays) | _without_room(problem, plan))


def _barred(problem: Problem, barred: Flags) -> tuple[Problem, Ints]:
    """Return the problem with some moves that carry nothing, and what they could carry."""
    moves = problem.moves
    least = replace(moves, capacity=np.where(barred, 0, moves.capacity))
    return replace(problem, moves=least), np.where(barred, moves.capacity, 0)


def _used(limits: Limits) -> Limits:
    return limits.take(np.diff(limits.use.indptr) > 0).ordered()


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
