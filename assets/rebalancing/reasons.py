"""Lines and decisions as published frames, each with its reason, limits and next best choice.

Numbers come from the solution: unit prices are what one more unit would save with the plan
fixed, at the prices of scarce shared limits. Not here: solving, and answering questions about
published frames (``explain``).
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from assets.kernel.frames.decisions import DECISIONS, PLAN_LINES
from assets.rebalancing import constraints
from assets.rebalancing.expansion import Network
from assets.rebalancing.item_sites import KEY, UNLIMITED, Flags, Floats, Ints
from assets.rebalancing.market.scarcity import Scarcity
from assets.rebalancing.moves import Moves
from assets.rebalancing.site_reasons import (
    HANDED_OVER,
    LEVELS_WAIT,
    NEGLIGIBLE,
    WITHDRAWAL_WAITS,
    move_name,
    stories,
)
from assets.rebalancing.spare import spare_units

_OF_THE_RECEIVER = {"departure_days", "freeze_fence", "horizon", HANDED_OVER, WITHDRAWAL_WAITS}
"""A calendar or a horizon holds the receiver back, an ERP orders for it; a guardrail concerns the giver too."""
NET = "net"
"""What a gain is: after all that the line costs."""


def plan_lines(network: Network, units: Ints, gains: Floats, prices: Floats, scarce: Scarcity) -> pd.DataFrame:
    """Return PLAN_LINES.

    Parameters
    ----------
    network : Network
        Of every item.
    units : int array, shape (len(network.first),)
        Plan.
    gains : float array
        Gain of each line, in the order of the positive ``units``.
    prices : float array, shape (nodes,)
        See ``flow.unit_prices``.
    scarce : Scarcity
        Shared limits that are scarce.
    """
    problem = network.problem
    item_sites, chosen = problem.item_sites, np.flatnonzero(units > 0)
    moves = problem.moves.take(network.first[chosen])
    keys = item_sites.keys()
    quantity = units[chosen]
    value = np.where(moves.is_transfer, item_sites.unit_cost[moves.destination], moves.price)
    reduced = reduced_costs(network, prices, scarce, units)
    pays = quantity * scarce.per_unit[network.first[chosen]]
    bill = _departure_shares(network, units)[network.first[chosen]]
    table = pd.DataFrame(
        {
            "plan_date": pd.Timestamp(problem.plan_date),
            "kind": moves.kind,
            "item_id": keys["item_id"].to_numpy()[moves.destination],
            "origin_id": moves.source_id,
            "destination_id": keys["site_id"].to_numpy()[moves.destination],
            "mode": moves.mode,
            "quantity_units": quantity,
            "departure_date": pd.to_datetime(moves.departure),
            "arrival_date": pd.to_datetime(moves.arrival_date),
            "line_amount": quantity * value,
            "transport_amount": quantity * moves.transport + bill,
            "gain_amount": gains,
            "limits_amount": pays,
            "reason": _line_reasons(
                network, moves, quantity, gains, pays, quantity * scarce.per_unit_left[network.first[chosen]]
            ),
            "binding_constraints": _line_limits(network, chosen, units, scarce),
            "next_best": [
                _next_best(network, i, reduced, units, g) for i, g in zip(chosen.tolist(), gains.tolist(), strict=True)
            ],
        }
    )
    return PLAN_LINES.conform(table)


def _departure_shares(network: Network, units: Ints) -> Floats:
    """Return what each move pays of its departure's bill."""
    problem = network.problem
    every = np.zeros(len(problem.moves), dtype=np.int64)
    every[network.first] = units
    return np.zeros(len(every)) if problem.departures is None else problem.departures.shares(every)


def reduced_costs(network: Network, prices: Floats, scarce: Scarcity, units: Ints) -> Floats:
    """Return what one unit of each first-bucket move would add to the cost, in currency.

    What it would pay for scarce limits included. Negative where a whole lot forbids a unit that
    would pay, or a limit without a price is full; infinite where its giver has nothing left to give.
    """
    moves, rows = network.problem.moves, network.first
    here = prices[network.chain_node(moves.destination[rows], moves.arrival[rows])]
    there = np.where(
        moves.is_transfer[rows], prices[network.chain_node(np.maximum(moves.origin[rows], 0), 0 * rows)], 0.0
    )
    own = np.asarray(moves.unit_amount[rows] + there - here)
    own = np.where(scarce.touched[rows], own + scarce.per_unit[rows], own)
    return np.where((units > 0) | (spare_units(network, units) > 0), own, np.inf)


def _line_reasons(
    network: Network, moves: Moves, quantity: Ints, gains: Floats, pays: Floats, unused: Floats
) -> list[str]:
    """Return why each line is there; ``unused`` is what it pays for limits of which some is left."""
    item_sites = network.problem.item_sites
    site = item_sites.keys()["site_id"].to_numpy()
    texts = []
    for k in range(len(moves)):
        d = moves.destination[k]
        need = (
            f"{site[d]} has {item_sites.available[d]} available and {item_sites.incoming[d]} coming "
            f"against a base stock of {item_sites.base_stock[d]}"
        )
        spare = ""
        if moves.is_transfer[k]:
            o = moves.origin[k]
            spare = f"; {moves.source_id[k]} holds {item_sites.available[o]} against {item_sites.base_stock[o]}"
        moved = "1 unit" if quantity[k] == 1 else f"{quantity[k]} units"
        verb = ("avoids" if quantity[k] == 1 else "avoid") if gains[k] >= 0 else "costs" if quantity[k] == 1 else "cost"
        takes = "takes" if quantity[k] == 1 else "take"
        # Of what is left nobody is deprived.
        whose = "to others" if abs(unused[k]) <= NEGLIGIBLE else "at the prices of limits"
        room = f", and {takes} room worth {pays[k]:.2f} {whose}" if pays[k] > NEGLIGIBLE else ""
        amount = f"{verb} {abs(gains[k]):.2f}" + (" of expected cost" if gains[k] >= 0 else " more than waiting")
        texts.append(f"{need}{spare}; {moved} {amount}, {NET}{room}")
    return texts


def _line_limits(network: Network, chosen: Ints, units: Ints, scarce: Scarcity) -> list[str]:
    """Return the constraints that hold a line at its quantity, comma separated."""
    item_sites, moves = network.problem.item_sites, network.problem.moves
    left = _left_to_give(network, units)
    total_in = np.zeros(len(item_sites), dtype=np.int64)
    np.add.at(total_in, moves.destination[network.first], units)
    texts = []
    for position in chosen:
        m, names = network.first[position], []
        o, d, q = moves.origin[m], moves.destination[m], units[position]
        lot = int(constraints.smallest_lot(moves.minimum[m : m + 1], moves.multiple[m : m + 1])[0])
        if moves.multiple[m] > 1:
            names.append("order_multiple")
        if q == lot and moves.minimum[m] > 1:
            names.append("minimum_order_quantity")
        if o >= 0 and left[o] <= 0:
            names.append("donor_protection" if moves.lateral[m] else "stock_at_origin")
        if item_sites.maximum[d] < UNLIMITED and item_sites.available[d] + total_in[d] >= item_sites.maximum[d]:
            names.append("maximum_stock")
        if q >= moves.capacity[m]:
            names.append("supplier_capacity")
        texts.append(",".join(names + scarce.names_of(int(m))))
    return texts


def _left_to_give(network: Network, units: Ints) -> Ints:
    """Return what each item-site could still give today, by its own kind of moves."""
    item_sites, moves = network.problem.item_sites, network.problem.moves
    sent = moves.is_transfer[network.first]
    out = np.zeros(len(item_sites), dtype=np.int64)
    np.add.at(out, moves.origin[network.first][sent], units[sent])
    meets = item_sites.has_demand | (item_sites.echelon == 0)
    return np.where(meets, constraints.donor_protection(item_sites), item_sites.available) - out


def _next_best(network: Network, position: int, reduced: Floats, units: Ints, gain: float) -> str:
    """Return the cheapest other way to bring a unit to the line's destination, or to wait."""
    moves = network.problem.moves
    destination = moves.destination[network.first[position]]
    item = network.problem.item_sites.item[destination]
    mine = np.arange(network.first_start[item], network.first_start[item + 1])
    others = mine[(moves.destination[network.first[mine]] == destination) & (mine != position)]
    # A giver that is out of stock, or has a whole lot to keep to, is no choice.
    others = others[(units[others] == 0) & np.isfinite(reduced[others])]
    wait = f"wait, which costs {abs(gain):.2f} {'more' if gain >= 0 else 'less'}"
    if not len(others):
        return wait
    best = others[np.argmin(reduced[others])]
    extra = max(0.0, float(reduced[best] - reduced[position])) * float(units[position])
    return wait if extra >= gain else f"{move_name(network, network.first[best])}, about {extra:.2f} more"


def decisions(
    network: Network, units: Ints, prices: Floats, gains: Floats, scarce: Scarcity, barred: Flags
) -> pd.DataFrame:
    """Return DECISIONS: one row per item-site, planned or held.

    ``barred`` are moves on departures and documents that stay, shape (m,); for the rest see ``plan_lines``.
    """
    item_sites, problem = network.problem.item_sites, network.problem
    moves = problem.moves.take(network.first)
    n = len(item_sites)
    inbound, outbound = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64)
    np.add.at(inbound, moves.destination, units)
    np.add.at(outbound, moves.origin[moves.is_transfer], units[moves.is_transfer])
    decision = _decided(n, moves, units)
    marginal = prices[network.chain_node(np.arange(n), np.zeros(n, np.int64))] if n else np.zeros(0)
    reduced = reduced_costs(network, prices, scarce, units)
    limits = _site_limits(network, units, reduced, scarce)
    stays = _kept_by_departures(network, units, barred)
    told = stories(network, decision, units, reduced, limits, gains, scarce, stays)
    planned = item_sites.keys().assign(
        decision=decision,
        available_units=item_sites.available,
        incoming_units=item_sites.incoming,
        base_stock_units=item_sites.base_stock,
        protection_mean_units=item_sites.protection_mean,
        marginal_value=marginal,
        inbound_units=inbound,
        outbound_units=outbound,
        binding_constraints=[",".join(names) for names in limits],
        reason=[s[0] for s in told],
        next_best=[s[1] for s in told],
        flips_when=[s[2] for s in told],
    )
    table = pd.concat([part for part in (planned, _held(problem.held)) if len(part)] or [planned], ignore_index=True)
    return DECISIONS.conform(table.assign(plan_date=pd.Timestamp(problem.plan_date)))


def _kept_by_departures(network: Network, units: Ints, barred: Flags) -> Flags:
    """Return which item-sites something could reach today that is there, but does not go out, shape (n,)."""
    moves = network.problem.moves.take(network.first)
    there = ~moves.is_transfer | (_left_to_give(network, units)[np.maximum(moves.origin, 0)] > 0)
    stays = np.zeros(len(network.problem.item_sites), dtype=bool)
    stays[moves.destination[barred[network.first] & there]] = True
    return stays


def _decided(n: int, moves: Moves, units: Ints) -> np.ndarray:
    """Return each item-site's decision; what brings most comes first, then what it gives."""
    decision = np.full(n, "wait", dtype=object)
    used = units > 0
    decision[moves.origin[used & moves.is_transfer]] = "move_out"
    for kind, name in (("transfer", "move_in"), ("purchase", "buy"), ("expedite", "expedite")):
        decision[moves.destination[used & (moves.kind == kind)]] = name
    return decision


def _site_limits(network: Network, units: Ints, reduced: Floats, scarce: Scarcity) -> list[list[str]]:
    """Return the names of constraints that forbid a first-bucket move at each item-site, or bind there.

    A scarce limit binds where a unit would move if it were free.
    """
    item_sites, moves = network.problem.item_sites, network.problem.moves
    limits: list[set[str]] = [set() for _ in range(len(item_sites))]
    for m in np.flatnonzero((moves.blocked > 0) & (moves.bucket == 0)):
        name = constraints.BLOCKS[moves.blocked[m]]
        limits[moves.destination[m]].add(name)
        if moves.origin[m] >= 0 and name not in _OF_THE_RECEIVER:
            limits[moves.origin[m]].add(name)
    # Said of each, also where another rule forbids its ways: orders read from it whom they hand levels over for.
    for i in np.flatnonzero(item_sites.handed_over | item_sites.erp_orders):
        stands = HANDED_OVER if item_sites.erp_orders[i] else LEVELS_WAIT
        limits[i].add(stands if item_sites.handed_over[i] else WITHDRAWAL_WAITS)
    chosen = np.flatnonzero(units > 0)
    own = _line_limits(network, chosen, units, scarce)
    for position, names in zip(chosen, own, strict=True):
        for name in filter(None, names.split(",")):
            site = moves.origin if name in ("donor_protection", "stock_at_origin") else moves.destination
            limits[site[network.first[position]]].add(name)
    held_back = scarce.touched[network.first] & (units == 0) & np.isfinite(reduced)
    held_back &= reduced - scarce.per_unit[network.first] < -NEGLIGIBLE
    for m in network.first[held_back]:
        limits[moves.destination[m]].update(scarce.names_of(int(m)))
    return [sorted(names) for names in limits]


def _held(held: pd.DataFrame) -> pd.DataFrame:
    """Return the decisions of item-sites that verdicts leave out."""
    return held[KEY].assign(
        decision="held",
        available_units=held["available_units"].to_numpy(),
        incoming_units=held["incoming_units"].to_numpy(),
        base_stock_units=held["base_stock_units"].to_numpy(),
        protection_mean_units=held["protection_mean_units"].to_numpy(),
        marginal_value=np.nan,
        inbound_units=0,
        outbound_units=0,
        reason="left out of this plan by " + held["reason"].astype(str),
        binding_constraints="verdict_hold",
        next_best="none",
        flips_when="the verdict passes",
    )
