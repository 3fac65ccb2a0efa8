"""Published economic order quantities; a case more in the file needs no code."""

import json
from pathlib import Path
from typing import Any

import pytest

from assets.inventory.single_echelon import order_quantity as models

CASES = json.loads((Path(__file__).parent / "order_quantity.json").read_text())["cases"]
MODELS = {
    "plain": models.economic_order_quantity,
    "backorders": models.economic_order_quantity_with_backorders,
    "production": models.economic_production_quantity,
}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_the_published_quantity_is_found(case: dict[str, Any]) -> None:
    answer = MODELS[case["model"]](*case["arguments"])
    assert answer.quantity == pytest.approx(case["quantity"], rel=1e-9)
    assert answer.cost == pytest.approx(case["cost"], rel=1e-9)
