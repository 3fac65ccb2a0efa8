"""Inputs of a move: its cost, least gain, lots, capacity, what the giver keeps, and shared limits.

Each function returns how its input moves one way, ``sign`` 1 for up and -1 for down; ``None`` or
no entry where the move has no such input. Not here: inputs of a site (``site_inputs``).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from assets.rebalancing.item_sites import UNLIMITED, Flags
from assets.rebalancing.what_if.case import Case
from assets.rebalancing.what_if.change import (
    FEWEST_UNITS,
    Change,
    percents,
    site_name,
    way,
    with_row,
    with_sites,
)

MONEY_STEPS = 10_000
CENT = 0.01
NEAR = 4
"""Room is tried where it is at most so many times what a line takes."""


def unit_cost(case: Case, move: int, sign: int) -> Change:
    """Return what a unit costs to bring this way today: freight and handling, or the purchase price.

    What it costs later stands, and with it what stock is worth.

    Upwards it is tried to twice the dearest shortage and the item's cost together.
    """
    moves, sites = case.problem.moves, case.problem.item_sites
    transfer = bool(moves.is_transfer[move])
    field, name, verb = (
        ("transport", "transport cost", "bringing a unit") if transfer else ("price", "purchase price", "buying a unit")
    )
    now = float(getattr(moves, field)[move])
    bound = now if sign < 0 else max(1.0, 2.0 * float(sites.shortage_cost.max() + sites.unit_cost[0]))
    step = CENT
    while bound / step > MONEY_STEPS:
        step *= 10
    told = f"{verb} {way(case, move)} cost {{to}} today instead of {{now}}"
    most = math.floor(bound / step + 1e-9)
    return Change(
        name, way(case, move), "currency per unit", now, sign * step, most, max(now, step), told,
        _of_moves(case, _alike(case, move) & case.today, field, float),
    )  # fmt: skip


def truck_cost(case: Case, move: int, sign: int) -> Change | None:
    """Return what a truck of the move's departure costs beyond what others on it save, where the item pays for one."""
    departures = case.problem.departures
    row = -1 if departures is None else int(departures.row[move])
    if departures is None or row < 0 or departures.most[row] <= departures.paid[row]:
        return None
    now, name = float(departures.cost[row]), departures.names[row]

    def at(value: float) -> Case:
        changed = replace(departures, cost=with_row(departures.cost, row, max(0.0, value)))
        return replace(case, problem=replace(case.problem, departures=changed))

    told = f"a truck of {name} cost {{to}} beyond what others on it save, instead of {{now}}"
    most = math.floor(now / CENT + 1e-9) if sign < 0 else MONEY_STEPS
    return Change("truck", name, "currency", now, sign * CENT, most, max(now, CENT), told, at)


def truck_costs_into(case: Case, site: int, but: int | None) -> list[Change]:
    """Return what a truck of each departure to a site would cost less, but of that of move ``but``."""
    departures, moves = case.problem.departures, case.problem.moves
    if departures is None:
        return []
    into = np.flatnonzero(case.today & (moves.destination == site) & (departures.row >= 0) & (moves.capacity > 0))
    rows, first = np.unique(departures.row[into], return_index=True)
    told = -1 if but is None else int(departures.row[but])
    found = [truck_cost(case, int(into[k]), -1) for k, row in zip(first, rows, strict=True) if row != told]
    return [change for change in found if change is not None]


def least_gain(case: Case, move: int, sign: int) -> Change | None:
    """Return the least gain of the policy release, for a move that it judges."""
    release = case.problem.release
    if case.problem.moves.usual[move]:
        return None
    now = release.guardrails.minimum_gain_amount

    def at(value: float) -> Case:
        rules = release.guardrails.model_copy(update={"minimum_gain_amount": max(0.0, value)})
        return replace(case, problem=replace(case.problem, release=release.model_copy(update={"guardrails": rules})))

    told = "the least gain of a lateral or expedited line were {to} instead of {now}"
    most = math.floor(now / CENT + 1e-9) if sign < 0 else MONEY_STEPS
    return Change("least gain", "policy release", "currency per line", now, sign * CENT, most, max(now, CENT), told, at)


def lots(case: Case, move: int, sign: int) -> list[Change]:
    """Return the order multiple and the minimum order quantity of a move, where they are more than a unit."""
    moves, name = case.problem.moves, way(case, move)
    found = []
    for label, field, least, told in (
        ("order multiple", "multiple", 1, f"the order multiple of {name} were {{to}} instead of {{now}}"),
        ("minimum order quantity", "minimum", 0, f"the minimum order of {name} were {{to}} units instead of {{now}}"),
    ):
        now = int(getattr(moves, field)[move])
        if now > 1:
            most = now - least if sign < 0 else 4 * now
            at = _of_moves(case, _alike(case, move), field, int)
            found.append(Change(label, name, "base units", now, sign, most, now, told, at))
    return found


def source_capacity(case: Case, move: int, sign: int) -> Change | None:
    """Return the most units of a move, where its source states one."""
    now = int(case.problem.moves.capacity[move])
    if now >= UNLIMITED:
        return None
    name, most = way(case, move), now - 1 if sign < 0 else now + FEWEST_UNITS
    told = f"{name} could carry {{to}} units instead of {{now}}"
    at = _of_moves(case, _alike(case, move), "capacity", int)
    return Change("capacity of the source", name, "base units", now, sign, most, max(now, 1), told, at)


def donor_protection(case: Case, move: int, sign: int) -> Change | None:
    """Return what the giver of a lateral move keeps; never less than it must show."""
    moves, sites = case.problem.moves, case.problem.item_sites
    if not moves.lateral[move]:
        return None
    giver = int(moves.origin[move])
    shown = int(sites.presentation[giver])
    now = max(int(sites.protection[giver]), shown)

    def at(value: float) -> Case:
        return with_sites(case, protection=with_row(sites.protection, giver, int(value)))

    name, most = site_name(case, giver), now - shown if sign < 0 else max(0, int(sites.available[giver]) - 1 - now)
    told = f"{name} kept at least {{to}} instead of {{now}} when it gives"
    return Change("donor protection", name, "base units", now, sign, most, max(now, 1), told, at)


def limit_prices(case: Case, move: int, sign: int) -> list[Change]:
    """Return the shadow prices of shared limits that a move uses."""
    return [_limit_price(case, k, sign) for k in _used_limits(case, move) if case.prices[k] > 0]


def _limit_price(case: Case, k: int, sign: int) -> Change:
    now, name = float(case.prices[k]), case.limits.names[k]
    told = f"a unit of {name} were worth {{to}} to others instead of {{now}}"
    return Change(
        "shadow price", name, "currency per unit", now, sign * now / 100, percents(sign), now, told,
        lambda price: replace(case, prices=with_row(case.prices, k, max(0.0, price))),
    )  # fmt: skip


def limit_rooms(case: Case, move: int, sign: int, units: int = 1) -> list[Change]:
    """Return the room that others leave of shared limits that a move uses, where it is near to what a line takes.

    A step is what a unit uses; ``units`` are those of the line.
    """
    found = []
    for k in _used_limits(case, move):
        now, unit, name = float(case.allowed[k]), float(case.limits.use[[k]][:, [move]].sum()), case.limits.names[k]
        if now > NEAR * unit * max(units, FEWEST_UNITS):
            continue
        most = max(0, math.floor(now / unit + 1e-9) - 1) if sign < 0 else 2 * FEWEST_UNITS
        told = f"others left room for {{to}} instead of {{now}} in {name}"
        base = max(float(case.limits.capacity[k]), unit)
        at = _room(case, k)
        found.append(Change("room", name, "unit of the limit", now, sign * unit, most, base, told, at))
    return found


def _room(case: Case, k: int) -> Callable[[float], Case]:
    return lambda room: replace(case, allowed=with_row(case.allowed, k, room))


def _used_limits(case: Case, move: int) -> list[int]:
    if not len(case.limits):
        return []
    found: list[int] = np.flatnonzero(case.limits.use[:, [move]].toarray()[:, 0] > 0).tolist()
    return found


def _alike(case: Case, move: int) -> Flags:
    """Return the moves of the same kind, source, destination and mode, of every bucket."""
    moves = case.problem.moves
    names = ("kind", "source_id", "destination", "mode")
    return np.asarray(np.all([getattr(moves, name) == getattr(moves, name)[move] for name in names], axis=0))


def _of_moves(case: Case, same: Flags, field: str, kind: type) -> Callable[[float], Case]:
    """Return what sets a figure of some moves."""
    moves = case.problem.moves

    def at(value: float) -> Case:
        changed = np.where(same, kind(value), getattr(moves, field))
        return replace(case, problem=replace(case.problem, moves=replace(moves, **{field: changed})))

    return at
