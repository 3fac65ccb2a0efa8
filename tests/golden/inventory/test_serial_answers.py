"""Published serial systems under stochastic service; a case more in the file needs no code."""

import json
from pathlib import Path
from typing import Any

import pytest

from assets.inventory.stochastic_service.serial import SerialSystem, normal_demand, optimal_levels, poisson_demand

CASES = json.loads((Path(__file__).parent / "serial.json").read_text())["cases"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_the_published_cost_is_found(case: dict[str, Any]) -> None:
    demand = poisson_demand(case["mean"])
    if case["demand"] == "normal":
        demand = normal_demand(case["mean"], case["std"], case["step"])
    plan = optimal_levels(
        SerialSystem(tuple(case["holding_costs"]), tuple(case["lead_times"]), case["shortage_cost"], demand)
    )
    assert plan.cost == pytest.approx(case["cost"], rel=case["tolerance"])
    if "levels" in case:
        assert plan.echelon_levels == pytest.approx(case["levels"], abs=0.006)
