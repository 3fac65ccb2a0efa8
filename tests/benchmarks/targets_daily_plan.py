"""What the daily plan orders in every state of the lost-sales model, as a table that is evaluated exactly.

The flow of ``rebalancing`` decides an item from its state alone: one item a state, one plan, the whole table. Not
here: the model and its optimum (``assets.inventory.single_echelon``), or rules that no plan uses
(``targets_lost_sales``).
"""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt

sys.path.insert(0, str(Path(__file__).parents[1]))

from small_networks import PLAN_DATE, poisson_forecast, profile, release, snapshot

from assets.inventory.single_echelon.lost_sales import LostSales
from assets.rebalancing import expansion, lots
from assets.rebalancing.problem import Problem, build_problem

Integers = npt.NDArray[np.int64]

HORIZON = 3
"""Buckets that the plan sees beyond the arrival of today's order."""
SLACK = 6
"""Units that a plan may hold above the position that no optimal order exceeds."""


def flow_orders(model: LostSales) -> Integers:
    """Return what the flow orders in every state of a model of Poisson demand (see ``StatePolicy.orders``)."""
    states = np.indices((model.ceiling + SLACK + 1,) * model.lead_time).reshape(model.lead_time, -1).T
    made = items_of_one_store(len(states), model)
    coming = np.concatenate([states, np.zeros((len(states), HORIZON), np.int64)], axis=1)
    orders: Integers = ordered(made, coming).reshape((model.ceiling + SLACK + 1,) * model.lead_time)
    return orders


def ordered(made: Problem, coming: Integers) -> Integers:
    """Return what is bought of items that have, and are to have, so many units at the start of each bucket."""
    known = coming.cumsum(axis=1)
    item_sites = dataclasses.replace(made.item_sites, known_supply=known, available=known[:, 0])
    return lots.relaxed_optimum(expansion.expand(dataclasses.replace(made, item_sites=item_sites))).units


def items_of_one_store(count: int, model: LostSales) -> Problem:
    """Return the problem of items alike that one store buys."""
    horizon, names = model.lead_time + HORIZON, [f"i{k:04d}" for k in range(count)]
    costs = {
        "holding_cost_per_unit_bucket": model.holding_cost, "shortage_cost_per_unit": model.shortage_cost,
    }  # fmt: skip
    network = snapshot(
        [{"item_id": name, "site_id": "a", **costs} for name in names],
        [row for name in names for row in poisson_forecast(name, "a", model.demand.mean, horizon)],
        sourcing=[
            {"item_id": name, "supplier_id": "sup", "site_id": "a", "quoted_lead_time_days": model.lead_time}
            for name in names
        ],
    )
    return build_problem(network, release=release(), profile=profile(horizon), plan_date=PLAN_DATE)
