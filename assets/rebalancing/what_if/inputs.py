"""Which inputs of one item speak for a line, or against one: what is tried, and in which direction.

Not here: what each input does (``site_inputs``, ``move_inputs``).
"""

from __future__ import annotations

from assets.rebalancing.what_if.case import Case
from assets.rebalancing.what_if.change import Change
from assets.rebalancing.what_if.move_inputs import (
    donor_protection,
    least_gain,
    limit_prices,
    limit_rooms,
    lots,
    source_capacity,
    truck_cost,
    truck_costs_into,
    unit_cost,
)  # fmt: skip
from assets.rebalancing.what_if.site_inputs import demand, guardrails, maximum_stock, shortage_price, stock


def against_line(case: Case, move: int, units: int) -> list[Change]:
    """Return the inputs that speak for a line, each moving against it.

    Parameters
    ----------
    case : Case
        As published.
    move, units : int
        The line's move and quantity.
    """
    moves, site = case.problem.moves, int(case.problem.moves.destination[move])
    found = [
        unit_cost(case, move, 1), truck_cost(case, move, 1), demand(case, site, -1), shortage_price(case, site, -1),
        stock(case, site, 1, units=units), least_gain(case, move, 1), *lots(case, move, 1),
        *limit_prices(case, move, 1), *limit_rooms(case, move, -1, units), source_capacity(case, move, -1),
        maximum_stock(case, site, -1),
    ]  # fmt: skip
    if moves.is_transfer[move]:
        giver = int(moves.origin[move])
        # That nothing can be given of nothing says nothing: a unit is left.
        found += [stock(case, giver, -1, left=1), donor_protection(case, move, 1)]
    return [change for change in found if change is not None and change.most > 0]


def towards_line(case: Case, site: int, move: int | None) -> list[Change]:
    """Return the inputs that keep an item-site without a line, each moving towards one.

    Parameters
    ----------
    case : Case
        As published.
    site : int
        The item-site.
    move : int, optional
        The best action that is not taken.
    """
    found = [
        demand(case, site, 1), demand(case, site, -1), shortage_price(case, site, 1),
        stock(case, site, -1), stock(case, site, 1), *guardrails(case, site), *truck_costs_into(case, site, move),
    ]  # fmt: skip
    if move is not None:
        found += [
            unit_cost(case, move, -1), truck_cost(case, move, -1), least_gain(case, move, -1), *lots(case, move, -1),
            *limit_prices(case, move, -1), *limit_rooms(case, move, 1), source_capacity(case, move, 1),
            maximum_stock(case, int(case.problem.moves.destination[move]), 1), donor_protection(case, move, -1),
        ]  # fmt: skip
        giver = int(case.problem.moves.origin[move])
        if giver not in (-1, site):
            found.append(stock(case, giver, 1))
    return [change for change in found if change is not None and change.most > 0]
