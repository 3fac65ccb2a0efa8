"""Ordering rules for lost sales, as tables over states, and the best parameter of each.

``projected ratio`` is the rule that ``projected_order`` follows on sample paths of a real item, here
with the exact distribution. Not here: value iteration (``lost_sales``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from assets.inventory.demand_distributions.lattice import ROUNDING, Integers, Reals
from assets.inventory.single_echelon.lost_sales import LostSales, StatePolicy, evaluate, positions
from assets.kernel.errors import EquipoiseError


@dataclass(frozen=True)
class Rule:
    """A rule, the parameter under which it costs least, and that cost.

    Attributes
    ----------
    parameter : tuple of float
        Level, cap or ratio, in the order of the rule's arguments.
    policy : StatePolicy
        Orders by state and expected cost per period.
    """

    parameter: tuple[float, ...]
    policy: StatePolicy


def base_stock(model: LostSales, level: int) -> Integers:
    """Return ``max(level - position, 0)`` for every state."""
    orders: Integers = np.maximum(level - positions(model.lead_time, model.ceiling), 0)
    return orders


def capped_base_stock(model: LostSales, level: int, cap: int) -> Integers:
    """Return ``min(cap, max(level - position, 0))`` (Johansen and Thorstenson 2008; Xin 2021)."""
    orders: Integers = np.minimum(cap, base_stock(model, level))
    return orders


def projected_level(model: LostSales, level: float) -> Integers:
    """Return the order that lifts the expected stock at its arrival to ``level``.

    ``level - E[x_L]``, to the nearest unit and at least 0 (van Jaarsveld and Arts 2024).
    """
    left = projected_distribution(model) @ np.arange(model.ceiling + 1)
    orders: Integers = np.maximum(np.floor(level - left + 0.5), 0).astype(np.int64)
    return orders


def projected_ratio(model: LostSales, ratio: float) -> Integers:
    """Return the least order that leaves the bucket of its arrival enough with probability ``ratio``.

    The least ``q`` with ``P(D_L <= x_L + q) >= ratio``, ``x_L`` being what is left when it arrives:
    a fixed probability of no stock-out (de Kok and Meijer 2023).
    """
    if not 0.0 < ratio < 1.0:
        raise EquipoiseError(
            f"decision ratio {ratio} is no quantile", where="lost sales", remedy="Give one between 0 and 1"
        )
    enough = np.minimum((_enough(model) < ratio - ROUNDING).sum(axis=-1), model.ceiling)
    orders: Integers = enough.astype(np.int64)
    return orders


def best_rule(model: LostSales, table: Callable[..., Integers], parameters: Sequence[tuple[float, ...]]) -> Rule:
    """Return the cheapest of a rule's parameters, each evaluated exactly; each table once."""
    seen: dict[bytes, Rule] = {}
    for parameter in parameters:
        orders = table(model, *parameter)
        key = orders.tobytes()
        if key not in seen:
            seen[key] = Rule(parameter, evaluate(model, orders))
    return min(seen.values(), key=lambda rule: rule.policy.cost)


def projected_distribution(model: LostSales) -> Reals:
    """Return the distribution of what is left when an order placed now arrives, by state.

    Shape ``(N + 1,) * L + (N + 1,)``: probability of each stock on the last axis, states as in
    ``StatePolicy.orders``.
    """
    size = model.ceiling + 1
    law = np.broadcast_to(np.eye(size), (size, size)).copy()
    law = _after_demand(model, law)
    for _ in range(model.lead_time - 1):
        law = _after_demand(model, _with_arrival(law))
    return law


def _with_arrival(law: Reals) -> Reals:
    """Add one state axis: an order that arrives before the next demand; stock is cut at the ceiling."""
    size = law.shape[-1]
    moved = np.zeros((*law.shape[:-1], size, size))
    for units in range(size):
        moved[..., units, units:] = law[..., : size - units]
        moved[..., units, -1] += law[..., size - units :].sum(axis=-1)
    return moved


def _after_demand(model: LostSales, law: Reals) -> Reals:
    size = law.shape[-1]
    mass = np.concatenate([np.zeros(model.demand.start), model.demand.mass, np.zeros(size)])
    left = np.array([[mass[x - y] if x >= y else 0.0 for y in range(size)] for x in range(size)])
    left[:, 0] += 1.0 - left.sum(axis=1)
    after: Reals = law @ left
    return after


def _enough(model: LostSales) -> Reals:
    """Return P(D_L <= x_L + q) by state and order q, shape ``(N + 1,) * L + (N + 1,)``."""
    size = model.ceiling + 1
    served = np.append(np.zeros(model.demand.start), model.demand.cumulative)
    served = np.append(served, np.ones(2 * size))
    table = np.array([[served[x + q] for q in range(size)] for x in range(size)])
    enough: Reals = projected_distribution(model) @ table
    return enough
