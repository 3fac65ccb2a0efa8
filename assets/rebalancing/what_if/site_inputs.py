"""Inputs of an item at a site: demand, shortage price, stock, maximum stock, guardrails.

Each function returns how its input moves one way, ``sign`` 1 for up and -1 for down; ``None`` or
no entry where the site has no such input. Not here: inputs of a move (``move_inputs``).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from assets.rebalancing import constraints
from assets.rebalancing.item_sites import UNLIMITED
from assets.rebalancing.what_if.case import Case
from assets.rebalancing.what_if.change import (
    FEWEST_UNITS,
    Change,
    percents,
    site_name,
    with_row,
    with_sites,
)


def demand(case: Case, site: int, sign: int) -> Change | None:
    """Return all figures of the site's forecast times a factor; targets stay."""
    sites = case.problem.item_sites
    if sites.mean[site, -1] <= 0:
        return None

    def at(percent: float) -> Case:
        between = sites.protection_demand
        scaled = {
            name: with_row(getattr(between, name), site, getattr(between, name)[site] * percent / 100)
            for name in ("mean", "std", "quantiles")
        }
        changed = {
            name: with_row(getattr(sites, name), site, getattr(sites, name)[site] * percent / 100)
            for name in ("mean", "std", "quantiles", "protection_mean")
        }
        return with_sites(case, **changed, protection_demand=replace(between, **scaled))

    name = site_name(case, site)
    told = f"demand at {name} were {{to}} % of the forecast"
    return Change("demand", name, "% of the forecast", 100.0, sign, percents(sign), 100.0, told, at)


def shortage_price(case: Case, site: int, sign: int) -> Change | None:
    """Return what a unit short costs at a site that meets demand."""
    sites = case.problem.item_sites
    now = float(sites.shortage_cost[site])
    if now <= 0 or sites.mean[site, -1] <= 0:
        return None

    def at(price: float) -> Case:
        return with_sites(case, shortage_cost=with_row(sites.shortage_cost, site, price))

    name = site_name(case, site)
    told = f"a unit short at {name} cost {{to}} instead of {{now}}"
    return Change("shortage price", name, "currency per unit", now, sign * now / 100, percents(sign), now, told, at)


def stock(case: Case, site: int, sign: int, *, units: int = 0, left: int = 0) -> Change:
    """Return the stock that is available at a site, down to ``left``; ``units`` of a line tell how far up."""
    sites = case.problem.item_sites
    now, target = int(sites.available[site]), int(sites.base_stock[site])
    most = max(0, now - left) if sign < 0 else 2 * max(units, target, FEWEST_UNITS)

    def at(value: float) -> Case:
        known = sites.known_supply[site] + int(value) - now
        return with_sites(
            case,
            available=with_row(sites.available, site, int(value)),
            known_supply=with_row(sites.known_supply, site, known),
        )

    name = site_name(case, site)
    told = f"{name} had {{to}} available instead of {{now}}"
    return Change("stock", name, "base units", now, sign, most, max(now, target, 1), told, at)


def maximum_stock(case: Case, site: int, sign: int) -> Change | None:
    """Return the most that a site may hold, where that is limited."""
    sites = case.problem.item_sites
    now = int(sites.maximum[site])
    if now >= UNLIMITED:
        return None

    def at(value: float) -> Case:
        return with_sites(case, maximum=with_row(sites.maximum, site, int(value)))

    name, most = site_name(case, site), now if sign < 0 else now + FEWEST_UNITS
    told = f"{name} might hold at most {{to}} instead of {{now}}"
    return Change("maximum stock", name, "base units", now, sign, most, max(now, 1), told, at)


def guardrails(case: Case, site: int) -> list[Change]:
    """Return the guardrails that forbid a move of the site today, each to be lifted there."""
    moves = case.problem.moves
    touching = case.today & ((moves.destination == site) | (moves.origin == site)) & (moves.blocked > 0)
    # A move that would arrive beyond the horizon has nothing to reach.
    touching &= moves.arrival < case.problem.horizon
    return [_lifted(case, site, code, touching) for code in np.unique(moves.blocked[touching]).tolist()]


def _lifted(case: Case, site: int, code: int, touching: np.ndarray) -> Change:
    moves, name = case.problem.moves, site_name(case, site)

    def at(in_force: float) -> Case:
        free = touching & (moves.blocked == code) & (in_force < 1)
        return replace(
            case, problem=replace(case.problem, moves=replace(moves, blocked=np.where(free, 0, moves.blocked)))
        )

    rule = constraints.BLOCKS[code]
    told = f"{rule} forbade no move of {name} today"
    return Change(f"guardrail {rule}", name, "1 in force, 0 lifted", 1.0, -1.0, 1, 1.0, told, at)
