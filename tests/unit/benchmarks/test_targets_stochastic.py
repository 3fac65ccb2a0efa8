"""The benchmark of stochastic targets on small cases, and on the real ones where they are."""

import json
from dataclasses import replace
from itertools import islice
from pathlib import Path

import pytest

from orchestration.cli.bench import load

bench = load("targets_stochastic")


def node(index: int, above: list[int], below: list[int], **more: object) -> dict[str, object]:
    return {
        "_index": index, "_predecessor_indices": above, "_successor_indices": below, "shipment_lead_time": 1,
        "echelon_holding_cost": 0.5, "stockout_cost": 9, "demand_source": {"type": None}, **more,
    }  # fmt: skip


def test_instances_are_solved_by_what_they_state(tmp_path: Path) -> None:
    folder = tmp_path / "stockpyl_instances"
    folder.mkdir()
    instances = [
        {"name": "steady", "data": {"fixed_cost": 8, "holding_cost": 2, "demand_rate": 8}},
        {"name": "once", "data": {"holding_cost": 1, "stockout_cost": 4, "demand_mean": 6}},
        {
            "name": "row",
            "data": {
                "_nodes": [
                    node(2, [], [1], shipment_lead_time=2, echelon_holding_cost=0.25),
                    node(1, [2], [], demand_source={"type": "P", "mean": 3, "standard_deviation": 3**0.5}),
                ]
            },
        },
    ]
    (folder / "stockpyl_instances.json").write_text(json.dumps({"instances": instances}))
    system = bench.SerialSystem((0.5, 0.25), (1.0, 2.0), 9.0, bench.poisson_demand(3))
    row = bench.optimal_levels(system).cost
    made = list(bench.published(tmp_path, {"steady": 16.0, "once": 3.57, "row": row}))
    assert [row.case for row in made] == ["steady", "once", "row"]
    # EOQ sqrt(2 K l h) = 16; a newsvendor; a serial system, its stages in the order of its links.
    assert [row.difference for row in made] == pytest.approx([0.0, 0.0, 0.0], abs=1e-4)


def test_every_published_answer_is_reached(data_directory: Path) -> None:
    made = list(bench.published(data_directory))
    assert len(made) == len(bench.PUBLISHED)
    assert [row for row in made if abs(row.difference) > 1e-3] == []


def test_our_rule_is_near_the_optimum_and_base_stock_is_not(data_directory: Path) -> None:
    made = {row.case.split(": ")[1]: row.difference for row in islice(bench.lost_sales(data_directory), 6)}
    assert abs(made["value iteration"]) < 5e-4
    assert made["projected ratio"] < 0.01
    assert made["projected_order on sample paths"] < 0.01
    assert made["base stock"] > 0.02


@pytest.mark.slow
def test_our_rule_is_within_a_percent_on_the_whole_grid(data_directory: Path) -> None:
    made = [row for row in bench.lost_sales(data_directory) if "projected_order" in row.case]
    assert len(made) == 8
    assert max(row.difference for row in made) < 0.01


def test_a_network_stands_beside_its_bound_and_its_simulation() -> None:
    networks = {"3": bench.NETWORKS["3 alike retailers"]}
    run = replace(bench.RUN, systems=300, periods=60)
    first, simulated, myopic = (row.difference for row in bench.distribution(networks, run))
    assert myopic > -0.02
    assert myopic < first
    assert abs(simulated) < 0.02
