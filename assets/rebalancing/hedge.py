"""Buying split over suppliers as a hedge against uncertain lead times, where it pays.

The flow knows one lead time a source. Two orders that may each be late are seldom late together:
the first that comes bridges the wait for the second (Sculli and Wu 1981, Journal of the
Operational Research Society 32; Ramasesh, Ord, Hayya and Pan 1991, Management Science 37). For
item-sites that can buy from several suppliers today, all from one, all from another and splits
between two are tried; the flow is solved again for each, and what its lead times are expected to
cost beyond the plan's is added. Not here: how long suppliers take (``forecasting.lead_time``), or
how much is bought (``flow``).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations

import numpy as np
import pandas as pd

from assets.rebalancing import constraints, reserve
from assets.rebalancing.distribution import expected_shortage, mean
from assets.rebalancing.expansion import Network
from assets.rebalancing.first_arrivals import first_arrivals
from assets.rebalancing.flow import Flow, Variant, gather, solve_flows
from assets.rebalancing.item_sites import Floats, Ints
from assets.rebalancing.lots import copies
from assets.rebalancing.projection import project

SHARES = (0.25, 0.5, 0.75)
"""Shares of a purchase that the first of two suppliers gets in a split."""

LEAST_SAVING = 0.01
"""Currency that a change must save, so that rounding never moves an order to another supplier."""


@dataclass(frozen=True)
class Hedges:
    """Purchases that were split or moved because lead times are uncertain.

    Attributes
    ----------
    units : int array
        Of first-bucket moves, in the order of ``network.first``.
    row : int array, shape (k,)
        Item-sites whose purchase is another.
    premium, saved : float array, shape (k,)
        Currency: what it adds to the plan's cost, and what lead times are expected to cost less.
    """

    units: Ints
    row: Ints
    premium: Floats
    saved: Floats


def hedged(network: Network, units: Ints) -> Hedges:
    """Return a plan whose purchases are split over suppliers where that pays.

    Parameters
    ----------
    network : Network
        Of every item.
    units : int array
        Of first-bucket moves, in the order of ``network.first``.

    Notes
    -----
    What lead times cost is compared only between ways of buying the same: a plan that buys
    nothing today is late with nothing, but has not met anything either. It is no part of the
    plan's cost, which stays above its proven bound; a premium that a hedge pays widens the gap.
    """
    risk, changed = _Risk.of(network, units), list[tuple[int, float, float]]()
    if risk is None:
        return Hedges(units, np.zeros(0, np.int64), np.zeros(0), np.zeros(0))
    units = units.copy()
    for rows in risk.turns():
        tried = [_candidates(network, risk.bought[row], units) for row in rows.tolist()]
        best = _best(network, risk, rows, tried, units)
        for row, (amounts, premium, saved) in zip(rows.tolist(), best, strict=True):
            if premium or saved:
                units[risk.bought[row]] = amounts
                changed.append((row, premium, saved))
    changed.sort()
    amounts_of = [np.array([change[k] for change in changed], dtype=np.float64) for k in (1, 2)]
    return Hedges(units, np.array([change[0] for change in changed], dtype=np.int64), *amounts_of)


def told(lines: pd.DataFrame, network: Network, units: Ints, hedges: Hedges) -> pd.DataFrame:
    """Return plan lines whose reasons say what a hedge saves; those that the market changed again say nothing.

    Parameters
    ----------
    lines : DataFrame
        PLAN_LINES.
    network : Network
        Of every item.
    units : int array
        That go out, in the order of ``network.first``.
    hedges : Hedges
        What was hedged before.
    """
    keys, first = network.problem.item_sites.keys(), network.problem.moves.destination[network.first]
    reason = lines["reason"].copy()
    for row, premium, saved in zip(hedges.row, hedges.premium, hedges.saved, strict=True):
        own = first == row
        if not np.array_equal(units[own], hedges.units[own]):
            continue
        item, site = keys["item_id"].iloc[row], keys["site_id"].iloc[row]
        mine = (lines["item_id"] == item) & (lines["destination_id"] == site) & (lines["kind"] == "purchase")
        what = f"; bought so because a supplier may be late: {saved:.2f} less is expected to be lost, for {premium:.2f}"
        reason[mine] += what
    return lines.assign(reason=reason)


@dataclass(frozen=True)
class _Risk:
    """Item-sites that buy and have several suppliers, one of uncertain lead time or more."""

    network: Network
    bought: dict[int, Ints]
    """Item-site to its purchases, as positions in ``network.first``."""
    arrivals: dict[int, tuple[Ints, Floats]]
    """Position in ``network.first`` to possible buckets of arrival and their probabilities."""
    knots: Floats
    pool: reserve.Pool

    @classmethod
    def of(cls, network: Network, units: Ints) -> _Risk | None:
        """Return the item-sites of which that is true; none if there are none."""
        problem = network.problem
        if not problem.lead_times:
            return None
        moves = problem.moves.take(network.first)
        buys = np.flatnonzero(~moves.is_transfer)
        order = buys[np.argsort(moves.destination[buys], kind="stable")]
        rows, starts, counts = np.unique(moves.destination[order], return_index=True, return_counts=True)
        bought = {int(rows[k]): order[starts[k] : starts[k] + counts[k]] for k in np.flatnonzero(counts > 1)}
        bought = {row: own for row, own in bought.items() if units[own].any()}
        arrivals = {k: _arrivals(network, k) for own in bought.values() for k in own.tolist()}
        risky = {row: own for row, own in bought.items() if any(len(arrivals[k][0]) > 1 for k in own.tolist())}
        if not risky:
            return None
        projection = project(problem.item_sites, first_arrivals(problem), problem.lost_sales)
        pool = reserve.pool_demand(problem.item_sites, problem.release.objective.shortage_weight)
        return cls(network, risky, arrivals, projection.knots, pool)

    def turns(self) -> list[Ints]:
        """Return item-sites to look at together: one of an item at a time."""
        rows = np.array(sorted(self.bought), dtype=np.int64)
        item = self.network.problem.item_sites.item[rows]
        turn = np.arange(len(rows)) - np.searchsorted(item, item)
        return [rows[turn == k] for k in range(int(turn.max(initial=-1)) + 1)]

    def cost(self, row: int, positions: Ints, units: Ints, stock: Floats) -> float:
        """Return what lead times of purchases are expected to cost beyond the plan's, in currency.

        ``E[loss(x - late)] - loss(x)`` with x the planned supply by bucket and late what has not
        come of it, negative where it came early. The loss is the holding of what is left in each
        bucket and the price of what is short: where sales are lost, of the most that is short at
        the end of any bucket, as a unit is lost once; where they wait, of all in every bucket. At
        a site that serves others it is what the sites below lose by a shortage that they share,
        beyond the stock that the plan leaves there.
        """
        late, chance = self._outcomes(positions[units > 0], units[units > 0], len(stock))
        short = self._loss(row, np.concatenate([stock[None, :], stock[None, :] - late]))
        return float(chance @ short[1:] - short[0])

    def _outcomes(self, positions: Ints, units: Ints, buckets: int) -> tuple[Floats, Floats]:
        """Return what is late by bucket in every outcome, shape (o, T), and the outcomes' probabilities."""
        moves, first = self.network.problem.moves, self.network.first
        late, chance, t = np.zeros((1, buckets)), np.ones(1), np.arange(buckets)
        for position, quantity in zip(positions.tolist(), units.tolist(), strict=True):
            arrival, probability = self.arrivals[position]
            own = quantity * ((t >= moves.arrival[first[position]]) * 1.0 - (t >= arrival[:, None]))
            late = (late[:, None, :] + own[None, :, :]).reshape(-1, buckets)
            chance = (chance[:, None] * probability[None, :]).ravel()
        return late, chance

    def _loss(self, row: int, stock: Floats) -> Floats:
        """Return the loss at supplies by bucket, shape (o, T), in currency (o,)."""
        problem = self.network.problem
        item_sites = problem.item_sites
        held = item_sites.holding_cost[row]
        if not item_sites.has_demand[row] and item_sites.echelon[row] > 0:
            missing, rows = np.maximum(0.0, -stock), np.full(len(stock), row)
            shared = reserve.shared_loss(self.pool, rows, missing[:, None, :])[0][:, 0, :]
            return np.asarray((shared + held * np.maximum(0.0, stock)).sum(axis=1))
        price = item_sites.shortage_cost[row] * problem.release.objective.shortage_weight
        short = expected_shortage(self.knots[row], stock.T).T
        left = stock - mean(self.knots[row]) + short
        return np.asarray(
            price * (short.max(axis=1) if problem.lost_sales else short.sum(axis=1)) + held * left.sum(axis=1)
        )


def _arrivals(network: Network, position: int) -> tuple[Ints, Floats]:
    """Return the buckets in which a purchase may be sold first, and their probabilities."""
    problem = network.problem
    moves, item_sites, k = problem.moves, problem.item_sites, network.first[position]
    site = item_sites.site_ids[item_sites.site[moves.destination[k]]]
    pair = (str(moves.source_id[k]), site)
    if pair not in problem.lead_times:
        return moves.arrival[k : k + 1], np.ones(1)
    days, probability = problem.lead_times[pair]
    left = int((moves.departure[k] - np.datetime64(problem.plan_date, "D")).astype(np.int64))
    arrival, place = np.unique(-(-(left + days) // problem.bucket_days), return_inverse=True)
    return arrival.astype(np.int64), np.bincount(place, weights=probability).astype(np.float64)


def _candidates(network: Network, own: Ints, units: Ints) -> list[Ints]:
    """Return ways of buying what an item-site buys: as it is, all from one supplier, split between two."""
    moves = network.problem.moves.take(network.first[own])
    minimum, multiple = moves.minimum, np.maximum(1, moves.multiple)
    total = int(units[own].sum())
    ways = [units[own]]
    for k in range(len(own)):
        alone = np.zeros(len(own), dtype=np.int64)
        alone[k] = constraints.lot_above(np.array(total), minimum[k], multiple[k])
        ways.append(alone)
    for k, j in permutations(range(len(own)), 2):
        for share in SHARES:
            split = np.zeros(len(own), dtype=np.int64)
            split[k] = constraints.lot_above(np.array(round(total * share)), minimum[k], multiple[k])
            split[j] = constraints.lot_above(np.array(total - split[k]), minimum[j], multiple[j])
            ways.append(split)
    fits = [way for way in ways[1:] if (way <= moves.capacity).all() and way.sum() < total + multiple.max()]
    return [ways[0], *({tuple(way.tolist()): way for way in fits if not np.array_equal(way, ways[0])}).values()]


def _best(
    network: Network, risk: _Risk, rows: Ints, tried: list[list[Ints]], units: Ints
) -> list[tuple[Ints, float, float]]:
    """Return the cheapest way of each item-site with its lead times, its premium, and what it saves over the first.

    Of ways that differ by less than ``LEAST_SAVING`` the first: as it is, then one supplier.
    """
    counts = [len(ways) for ways in tried]
    row = np.repeat(rows, counts)
    items = network.problem.item_sites.item[row]
    fixed, offset = copies(network, items, units)
    every = [way for ways in tried for way in ways]
    for k, way in enumerate(every):
        own = risk.bought[int(row[k])]
        fixed[offset[k] + own - network.first_start[items[k]]] = way
    flow = solve_flows(network, Variant(items, fixed))
    stock = _stock(network, flow, row)
    risked = np.array(
        [risk.cost(int(r), risk.bought[int(r)], way, s) for r, way, s in zip(row, every, stock, strict=True)]
    )
    result, start = [], 0
    for ways in tried:
        here = slice(start, start + len(ways))
        cost = (flow.cost[here] - flow.cost[start]) / network.scale
        total = np.where(flow.broken[here], np.inf, cost + risked[here] - risked[start])
        total[0] = 0.0
        k = int(np.argmax(total <= total.min() + LEAST_SAVING))
        result.append((ways[k], float(cost[k]), float(risked[start] - risked[start + k])))
        start += len(ways)
    return result


def _stock(network: Network, flow: Flow, row: Ints) -> Floats:
    """Return the supply of one item-site of each item of a flow by bucket, less what left, shape (v, T)."""
    counts = gather(network.arc_start, flow.variant.items)[1]
    owner = np.repeat(np.arange(len(counts)), counts)
    segment = network.segment[flow.arcs]
    place = np.where(segment >= 0, segment, 0)
    horizon = network.problem.horizon
    curves = network.curves
    mine = (segment >= 0) & (curves.row[place] == row[owner]) & (curves.bucket[place] < horizon)
    cell = owner[mine] * horizon + curves.bucket[place[mine]]
    units = np.bincount(cell, weights=flow.flows[mine], minlength=len(counts) * horizon)
    return np.asarray(units.reshape(len(counts), horizon), dtype=np.float64)
