"""Single-echelon and stochastic-service answers beside the published ones.

Lines of `equipoise bench targets`. A reference is a published cost (``PUBLISHED``),
or a bound that the same run computes; what is reached is computed for each row. Lost sales are in
``targets_lost_sales``.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from targets_lost_sales import LOST_SALES, lost_sales
from targets_rows import Row, timed

from assets.inventory.demand_distributions.families import poisson, tabulated
from assets.inventory.single_echelon import order_quantity
from assets.inventory.single_echelon.base_stock import base_stock_normal
from assets.inventory.single_echelon.newsvendor import (
    newsvendor_lattice,
    newsvendor_lognormal,
    newsvendor_normal,
    newsvendor_poisson,
)
from assets.inventory.single_echelon.reorder_level import ReorderLevelModel
from assets.inventory.single_echelon.reorder_quantity import NormalReorder, best_reorder_quantity
from assets.inventory.stochastic_service.distribution import DistributionSystem, Retailer
from assets.inventory.stochastic_service.distribution_levels import balanced_levels, best_levels
from assets.inventory.stochastic_service.distribution_simulation import Run, simulate
from assets.inventory.stochastic_service.rationing import FirstComeFirstServed, Myopic
from assets.inventory.stochastic_service.serial import SerialSystem, normal_demand, optimal_levels, poisson_demand

Answers = dict[str, float]

INSTANCES = Path("stockpyl_instances") / "stockpyl_instances.json"

# Published costs by instance (Snyder and Shen 2019; Shang and Song 2003), as the data's README or the
# package that the instances come from states them.
PUBLISHED: Answers = {
    "example_3_1": 68.410525505948272,
    "problem_3_1": 475230.2073732266,
    "example_3_8": 66.921363550973254,
    "problem_3_2b": 1999.148244415212,
    "problem_3_22": 3.736794931975310,
    "example_4_1": 1.9976,
    "example_4_3": 1.997605193176645,
    "problem_4_1": 2718.196781782411,
    "example_4_4": 4.466781004149578,
    "problem_4_7b": 1225000.0,
    "problem_4_8a": 786.0884409351115,
    "problem_4_8b": 29.442543582135290,
    "example_4_7": 8.0341,
    "problem_4_31": 223.5748295669688,
    "example_5_1": 78.0711,
    "problem_5_1": 484.2110418415538,
    "problem_5_2": 28.241312842169155,
    "example_5_8": 107.92,
    "example_6_1": 47.665,
    "shang_song_1": 12.687,
    "shang_song_9": 53.006,
}
GRID_STEP = 0.01  # units, of normal demand in a serial system whose standard deviation is 1 a period
RUN = Run(systems=2_000, periods=200)
# Warehouse and retailers: alike; unlike in demand, lead time and costs; many.
NETWORKS = {
    "3 alike retailers": DistributionSystem(0.5, 2, (Retailer(2, 1, 1, 9),) * 3, 1),
    "3 unlike retailers": DistributionSystem(
        0.5, 2, (Retailer(2, 1, 1, 9), Retailer(1, 2, 1, 19), Retailer(4, 1, 1.2, 5)), 1
    ),
    "20 unlike retailers": DistributionSystem(
        0.5, 2, tuple(Retailer(0.3 + 0.1 * place, 1 + place % 2, 1, 5 + place) for place in range(20)), 1
    ),
}


def _where_it_is(path: Path, part: Callable[[Path], Iterator[Row]]) -> list[Row]:
    """Return the lines of a part, or that its file is absent."""
    if not path.exists():
        return [Row(path.name, math.nan, note=f"{path.name} is absent")]
    return list(part(path.parents[1]))


def published(data: Path, names: dict[str, float] | None = None) -> Iterator[Row]:
    """Yield the textbook instances that have a published cost."""
    told = json.loads((data / INSTANCES).read_text())
    found = {instance["name"]: instance["data"] for instance in told["instances"]}
    for name, reference in (names or PUBLISHED).items():
        yield _row(name, reference, lambda data=found[name]: _solve(data))


def distribution(networks: dict[str, DistributionSystem] = NETWORKS, run: Run = RUN) -> Iterator[Row]:
    """Yield warehouse networks: exact cost, its simulation, and rationing beside the bound of any policy."""
    for name, system in networks.items():
        plan, bound = best_levels(system), balanced_levels(system).cost
        levels = plan.warehouse_level, plan.retailer_levels
        yield _row(f"{name}: first come first served, beside the bound", bound, lambda s=system: best_levels(s).cost)
        first, myopic = FirstComeFirstServed(np.random.default_rng(run.seed)), Myopic(system, plan.retailer_levels)
        for rule, reference, title in (
            (first, plan.cost, "first come first served simulated, beside its exact cost"),
            (myopic, bound, "myopic rationing simulated, beside the bound"),
        ):
            yield _row(
                f"{name}: {title}",
                reference,
                lambda s=system, at=levels, by=rule: simulate(s, *at, by, run).mean,
            )


def _row(case: str, reference: float, solve: Callable[[], float], note: str = "") -> Row:
    reached, seconds = timed(solve)
    return Row(case, reached, reference, seconds, note)


def _solve(data: dict[str, Any]) -> float:
    if "_nodes" in data:
        return optimal_levels(serial_system(data)).cost
    if "demand_rate" in data:
        return _order_quantity(data)
    if "fixed_cost" in data:
        return _reorder(data)
    return _newsvendor(data)


def _order_quantity(data: dict[str, Any]) -> float:
    fixed, holding, rate = data["fixed_cost"], data["holding_cost"], data["demand_rate"]
    if "production_rate" in data:
        return order_quantity.economic_production_quantity(fixed, holding, rate, data["production_rate"]).cost
    if "stockout_cost" in data:
        return order_quantity.economic_order_quantity_with_backorders(fixed, holding, data["stockout_cost"], rate).cost
    return order_quantity.economic_order_quantity(fixed, holding, rate).cost


def _newsvendor(data: dict[str, Any]) -> float:
    costs = data["holding_cost"], data["stockout_cost"]
    if "demand_pmf" in data:
        mass = {int(units): share for units, share in data["demand_pmf"].items()}
        return newsvendor_lattice(*costs, tabulated(mass)).cost
    if "mu" in data:
        return newsvendor_lognormal(*costs, data["mu"], data["sigma"]).cost
    if "demand_sd" not in data:
        return newsvendor_poisson(*costs, data["demand_mean"]).cost
    if "lead_time" in data:
        return base_stock_normal(*costs, data["demand_mean"], data["demand_sd"], data["lead_time"]).cost
    return newsvendor_normal(*costs, data["demand_mean"], data["demand_sd"]).cost


def _reorder(data: dict[str, Any]) -> float:
    costs, mean = (data["holding_cost"], data["stockout_cost"], data["fixed_cost"]), data["demand_mean"]
    if "lead_time" not in data:
        return ReorderLevelModel(*costs, poisson(mean)).best().cost
    over = mean * data["lead_time"]
    if "demand_sd" not in data:
        return best_reorder_quantity(*costs, mean, poisson(over)).cost
    return NormalReorder(*costs, mean, over, data["demand_sd"] * data["lead_time"] ** 0.5).best().cost


def serial_system(data: dict[str, Any]) -> SerialSystem:
    """Return the serial system of an instance, whose nodes state echelon holding costs."""
    nodes = {node["_index"]: node for node in data["_nodes"]}
    (place,) = [index for index, node in nodes.items() if not node["_successor_indices"]]
    chain = [nodes[place]]
    while chain[-1]["_predecessor_indices"]:
        chain.append(nodes[chain[-1]["_predecessor_indices"][0]])
    source = chain[0]["demand_source"]
    demand = (
        poisson_demand(source["mean"])
        if source["type"] == "P"
        else normal_demand(source["mean"], source["standard_deviation"], GRID_STEP * source["standard_deviation"])
    )
    return SerialSystem(
        tuple(float(node["echelon_holding_cost"]) for node in chain),
        tuple(float(node["shipment_lead_time"]) for node in chain),
        float(chain[0]["stockout_cost"]),
        demand,
    )


PARTS: Mapping[str, Callable[[Path], list[Row]]] = {
    "One item and site, and serial systems: published answers": lambda data: _where_it_is(data / INSTANCES, published),
    "Lost sales: ordering rules beside the optimum, on their own chain of states": lambda data: _where_it_is(
        data / LOST_SALES, lost_sales
    ),
    "One warehouse and its retailers: beside the exact cost or the bound": lambda _: list(distribution()),
}
