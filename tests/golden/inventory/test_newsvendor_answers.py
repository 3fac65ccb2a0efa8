"""Published newsvendor and base-stock answers; a case more in the file needs no code."""

import json
from pathlib import Path
from typing import Any

import pytest

from assets.inventory.single_echelon.base_stock import base_stock_normal
from assets.inventory.single_echelon.newsvendor import (
    BaseStock,
    newsvendor_discrete,
    newsvendor_lognormal,
    newsvendor_normal,
    newsvendor_poisson,
)

CASES = json.loads((Path(__file__).parent / "newsvendor.json").read_text())["cases"]
INSTANCES = {
    "example_4_1": (56.603955927433887, 1.9976),
    "problem_4_1": (922.7214038234755, 2718.196781782411),
    "example_4_4": (264.7668943741548, 4.466781004149578),
    "problem_4_8a": (19, 786.0884409351115),
}


def solve(case: dict[str, Any]) -> BaseStock:
    costs = case["holding_cost"], case["shortage_cost"]
    if case["demand"] == "poisson":
        return newsvendor_poisson(*costs, case["mean"])
    if case["demand"] == "discrete":
        return newsvendor_discrete(*costs, {int(units): mass for units, mass in case["probability"].items()})
    if case["demand"] == "lognormal":
        return newsvendor_lognormal(*costs, case["log_mean"], case["log_std"])
    if case["demand"] == "base_stock":
        return base_stock_normal(*costs, case["mean"], case["std"], case["lead_time"])
    return newsvendor_normal(*costs, case["mean"], case["std"])


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_the_published_answer_is_found(case):
    answer = solve(case)
    assert answer.level == pytest.approx(case["level"], abs=1e-6)
    assert answer.cost == pytest.approx(case["cost"], rel=1e-9)


@pytest.mark.parametrize("name", sorted(INSTANCES))
def test_the_instance_as_distributed_has_the_published_answer(name, data_directory):
    path = data_directory / "stockpyl_instances" / "stockpyl_instances.json"
    if not path.exists():
        pytest.skip(f"{path} is absent")
    found = {instance["name"]: instance["data"] for instance in json.loads(path.read_text())["instances"]}
    data = found[name]
    case = {
        "demand": "poisson" if name == "problem_4_8a" else "base_stock" if "lead_time" in data else "normal",
        "holding_cost": data["holding_cost"],
        "shortage_cost": data["stockout_cost"],
        "mean": data["demand_mean"],
        "std": data.get("demand_sd"),
        "lead_time": data.get("lead_time"),
    }
    level, cost = INSTANCES[name]
    assert solve(case).level == pytest.approx(level, abs=1e-6)
    assert solve(case).cost == pytest.approx(cost, rel=1e-4)
