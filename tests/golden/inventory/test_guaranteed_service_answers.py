"""Published placements of safety stock; a case more in the file needs no code."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from assets.inventory.guaranteed_service.placement import place_safety_stock
from orchestration.cli.bench import load

networks = load("targets_networks")
CASES = networks.published_cases()


def services(case: Mapping[str, Any], data: Path) -> dict[str, int]:
    if "service_file" in case:
        return {name: one["s"] for name, one in json.loads((data / case["service_file"]).read_text())}
    return case.get("services", {})


@pytest.fixture
def folder(case: dict[str, Any], request: pytest.FixtureRequest) -> Path:
    """Return the folder of real data if the case needs it."""
    if "file" not in case:
        return Path()
    data = request.getfixturevalue("data_directory")
    if not (data / case["file"]).exists():
        pytest.skip(f"{data / case['file']} is absent")
    return data


@pytest.mark.parametrize("fold", [True, False], ids=["dynamic program", "integer program"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_the_published_answer_is_found(case, fold, folder):
    placed = place_safety_stock(networks.case_network(case, folder), fold=fold)
    assert placed.cost == pytest.approx(networks.case_cost(case, folder), rel=case["tolerance"])
    assert placed.gap <= 1e-6
    found = {stage.name: stage.service_time for stage in placed.stages}
    expected = services(case, folder)
    assert {name: found[name] for name in expected} == expected
