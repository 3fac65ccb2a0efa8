"""Published reorder points, levels and quantities; a case more in the file needs no code."""

import json
from pathlib import Path
from typing import Any

import pytest

from assets.inventory.demand_distributions.families import poisson
from assets.inventory.single_echelon.reorder_level import ReorderLevelModel
from assets.inventory.single_echelon.reorder_quantity import NormalReorder, best_reorder_quantity

CASES = json.loads((Path(__file__).parent / "reorder.json").read_text())["cases"]


def solve(case: dict[str, Any]) -> tuple[float, float, float]:
    costs = case["holding_cost"], case["shortage_cost"], case["fixed_cost"]
    if case["model"] == "reorder_level":
        level = ReorderLevelModel(*costs, poisson(case["mean"])).best()
        return level.reorder, level.upto, level.cost
    over = case["mean"] * case["lead_time"]
    if case["model"] == "reorder_quantity_poisson":
        best = best_reorder_quantity(*costs, case["mean"], poisson(over))
    else:
        best = NormalReorder(*costs, case["mean"], over, case["std"] * case["lead_time"] ** 0.5).best()
    return best.point, best.quantity, best.cost


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_the_published_policy_is_found(case: dict[str, Any]) -> None:
    first, second, cost = solve(case)
    # Published quantities of continuous demand stop at a tolerance of 1e-4.
    assert [first, second] == pytest.approx(case["levels"], abs=1e-4)
    assert cost == pytest.approx(case["cost"], rel=2e-5)
