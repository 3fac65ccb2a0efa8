"""Sentences of item-sites: why each acts or waits, what it could do next, what would change that.

By unit prices and gains of the plan as it is. Not here: frames (``reasons``), and solving again
(``what_if``).
"""

from __future__ import annotations

import numpy as np

from assets.rebalancing import constraints
from assets.rebalancing.expansion import Network
from assets.rebalancing.item_sites import Flags, Floats, Ints
from assets.rebalancing.market.limits import TOLERANCE
from assets.rebalancing.market.scarcity import Scarcity

NEGLIGIBLE = 0.005
"""Half a cent: amounts below it are not worth a sentence."""
HANDED_OVER, LEVELS_WAIT, WITHDRAWAL_WAITS = "handed_over", "levels_wait", "withdrawal_waits"
"""Of item-sites that a release leaves to an ERP, which took their levels, or has not yet and the plan orders; and of
those that it leaves to it no more, while the ERP still orders."""
STAYS = "what could bring it today does not go out"
"""Of a site that departures or documents which stay could serve, and nothing else."""


def stories(
    network: Network,
    decision: np.ndarray,
    units: Ints,
    reduced: Floats,
    limits: list[list[str]],
    gains: Floats,
    scarce: Scarcity,
    stays: Flags,
) -> list[tuple[str, str, str]]:
    """Return (reason, next best, flips when) of every item-site; ``stays`` where what could come does not go out."""
    moves, item_sites = network.problem.moves, network.problem.item_sites
    rows = network.first
    own: list[list[float]] = [[] for _ in range(len(item_sites))]
    for position, gain in zip(np.flatnonzero(units > 0), gains.tolist(), strict=True):
        for end in {int(moves.destination[rows[position]]), int(moves.origin[rows[position]])} - {-1}:
            own[end].append(gain)
    best = _cheapest_unused(network, reduced, units)
    site, served = item_sites.keys()["site_id"].to_numpy(), np.zeros(len(item_sites), dtype=bool)
    served[moves.destination[rows]] = True
    result = []
    for i in range(len(item_sites)):
        stock = f"{site[i]} has {item_sites.available[i]} available and {item_sites.incoming[i]} coming"
        against = f"base stock {item_sites.base_stock[i]}"
        if decision[i] == "wait" and best[i] < 0:
            result.append(_unserved(f"{stock}, {against}", limits[i], bool(served[i]), bool(stays[i])))
        elif decision[i] == "wait":
            result.append(_waiting(network, int(best[i]), reduced, f"{stock}, {against}", scarce))
        else:
            result.append(_acting(network, decision[i], int(best[i]), reduced, f"{stock}, {against}", own[i]))
    return result


def _cheapest_unused(network: Network, reduced: Floats, units: Ints) -> Ints:
    """Return, by item-site, the cheapest inbound first-bucket move that is not used; -1 for none."""
    moves, rows = network.problem.moves, network.first
    best = np.full(len(network.problem.item_sites), -1, dtype=np.int64)
    idle = np.flatnonzero((units == 0) & np.isfinite(reduced))
    order = idle[np.lexsort((idle, reduced[idle], moves.destination[rows[idle]]))]
    destination, start = np.unique(moves.destination[rows[order]], return_index=True)
    best[destination] = order[start]
    return best


def _unserved(stock: str, limits: list[str], served: bool, stays: bool) -> tuple[str, str, str]:
    if HANDED_OVER in limits:
        told = "its ERP orders for it by the levels that it is handed, so that the plan orders nothing"
        return f"{stock}; {told}", "none", "the policy release hands it over no more"
    if WITHDRAWAL_WAITS in limits:
        told = "its ERP orders for it until it has acknowledged that it is to order no more"
        return f"{stock}; {told}", "none", "its ERP acknowledges that its levels are withdrawn"
    if stays:
        return f"{stock}; {STAYS}", "none", "what could bring it goes out"
    if served:
        return f"{stock}; whoever could serve it now has nothing left to give", "none", "a giver has more"
    limits = [name for name in limits if name != LEVELS_WAIT]
    why = f"no source may serve it now ({', '.join(limits)})" if limits else "no lane or supplier serves it"
    return f"{stock}; {why}", "none", "a lane or supplier opens"


def _waiting(network: Network, best: int, reduced: Floats, stock: str, scarce: Scarcity) -> tuple[str, str, str]:
    name, extra = move_name(network, network.first[best]), float(reduced[best])
    used, pays = scarce.names_of(int(network.first[best])), float(scarce.per_unit[network.first[best]])
    one = len(used) == 1
    if used and extra - pays < -NEGLIGIBLE:
        why = _in_the_way(network, scarce, int(network.first[best]))
        told = f"one more unit would save {pays - extra:.2f}, but {why}"
        return (
            f"{stock}; {told}",
            f"{name}, which takes room worth {pays:.2f} per unit to others",
            "that limit grows, or others need less of it" if one else "those limits grow, or others need less of them",
        )
    if extra <= NEGLIGIBLE:
        told, why = _held_back(network, network.first[best], max(0.0, -extra))
        return f"{stock}; {told}", f"{name}, not worth {why}", f"demand rises until {why} pays"
    told = f"one more unit now would cost {extra:.2f} more than it saves"
    return (
        f"{stock}; {told}",
        f"{name}, {extra:.2f} more per unit",
        f"that source gets {extra:.2f} per unit cheaper, or a unit here worth as much more",
    )


def _held_back(network: Network, move: int, saved: float) -> tuple[str, str]:
    """Return why a move that saves what it costs, by the unit, does not start; and what it is not worth."""
    moves, least = network.problem.moves, network.problem.release.guardrails.minimum_gain_amount
    told = f"one more unit would save {saved:.2f}"
    if moves.multiple[move] > 1 or moves.minimum[move] > 1:
        return f"{told}, but a whole lot costs more than it saves", "a whole lot"
    if not moves.usual[move] and least > 0:
        return f"{told}, and a line less than the least gain of {least:.2f}", "a line of the least gain"
    if saved <= NEGLIGIBLE:
        return "one more unit now would save next to nothing", "a line"
    return f"{told}, but no whole plan was found that uses it", "a line"


def _in_the_way(network: Network, scarce: Scarcity, move: int) -> str:
    """Return which scarce limits keep a move out: those into which its smallest lot does not fit.

    All that the plan uses counts, what starts later as well. Where a lot fits, it is the price
    that keeps it out: others need the room.
    """
    moves, names = network.problem.moves, scarce.limits.names
    lot = int(constraints.smallest_lot(moves.minimum[move : move + 1], moves.multiple[move : move + 1])[0])
    uses, slack = scarce.limits.use[:, [move]].toarray()[:, 0], TOLERANCE * scarce.limits.room
    full = sorted(names[k] for k in np.flatnonzero((uses > 0) & (uses > scarce.left + slack)))
    if full:
        return f"{' and '.join(full)} {'is' if len(full) == 1 else 'are'} full"
    tight = np.flatnonzero((uses > 0) & (uses * lot > scarce.left + slack))
    if len(tight):
        k = min(tight.tolist(), key=lambda k: names[k])
        return f"{names[k]} has room for {scarce.left[k]:.6g}, and the smallest lot takes {uses[k] * lot:.6g}"
    return f"others need the room of {' and '.join(scarce.names_of(move))}"


def _acting(
    network: Network, decision: str, best: int, reduced: Floats, stock: str, gains: list[float]
) -> tuple[str, str, str]:
    verb = {"move_out": "gives", "move_in": "receives", "buy": "buys", "expedite": "expedites"}[decision]
    saved = ", ".join(f"{gain:.2f}" for gain in sorted(gains, reverse=True))
    if len(gains) == 1:
        what, flips = f"avoids {saved}", f"its line saves {saved} less, the item's other lines as they are"
    else:
        what = f"avoids, line by line beside the others, {saved}"
        flips = f"a line saves less than it does beside the others: {min(gains):.2f} at the smallest"
    reason = f"{stock}; it {verb}, which {what} of expected cost, net"
    if best < 0:
        other = "wait; each line's gain is what that costs more"
    else:
        other = f"{move_name(network, network.first[best])}, {max(0.0, float(reduced[best])):.2f} more per unit"
    return reason, other, flips


def move_name(network: Network, move: int) -> str:
    """Return a move in words."""
    moves, item_sites = network.problem.moves, network.problem.item_sites
    destination = item_sites.site_ids[item_sites.site[moves.destination[move]]]
    verb = "buy from" if moves.origin[move] < 0 else f"{moves.kind[move]} from"
    return f"{verb} {moves.source_id[move]} to {destination} by {moves.mode[move]}"
