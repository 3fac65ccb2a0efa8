"""Published optimal costs with lost sales; a case more in the file needs no code."""

import json
from pathlib import Path
from typing import Any

import pytest

from assets.inventory.demand_distributions.families import poisson
from assets.inventory.single_echelon.lost_sales import LostSales, best_policy

CASES = json.loads((Path(__file__).parent / "lost_sales.json").read_text())["cases"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_the_published_cost_is_found(case: dict[str, Any]) -> None:
    policy = best_policy(LostSales(1, case["shortage_cost"], poisson(5), case["lead_time"]))
    assert policy.cost == pytest.approx(case["cost"], abs=0.0051)
    assert policy.error <= 1e-6 * policy.cost
