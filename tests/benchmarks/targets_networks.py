"""Guaranteed-service networks as published, and trees of any size drawn from a seed.

Not here: what is measured on them (``targets``), or the answers (``tests/golden/inventory``).
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from targets_peer import SAFETY_FACTOR

from assets.inventory.guaranteed_service.network import Arc, Demand, Stage, StageNetwork

ANSWERS = Path(__file__).parents[1] / "golden" / "inventory" / "guaranteed_service.json"


def published_cases() -> list[dict[str, Any]]:
    """Return the cases that have a known answer."""
    cases: list[dict[str, Any]] = json.loads(ANSWERS.read_text())["cases"]
    return cases


def case_network(case: Mapping[str, Any], data: Path) -> StageNetwork:
    """Return the network of a case: its own stages, those of a file, or of an instance in a file."""
    if "stages" in case:
        return stated_network(case)
    path = data / case["file"]
    if "instance" in case:
        return stockpyl_network(path, case["instance"])
    network = read_network(path, case["holding_rate"])
    costs = case.get("unit_cost", {})
    return replace(
        network, stages=tuple(replace(one, unit_cost=costs.get(one.name, one.unit_cost)) for one in network.stages)
    )


def case_cost(case: Mapping[str, Any], data: Path) -> float:
    """Return the known cost of a case, stated with it or in the file that it names."""
    if "cost_file" in case:
        return float(json.loads((data / case["cost_file"]).read_text())["cost"])
    return float(case["cost"])


def stated_network(case: Mapping[str, Any]) -> StageNetwork:
    """Return a network whose stages and arcs are written out."""
    stages = [
        Stage(**{**one, "demand": Demand(**one["demand"])}) if "demand" in one else Stage(**one)
        for one in case["stages"]
    ]
    return StageNetwork(tuple(stages), tuple(Arc(*arc) for arc in case["arcs"]), case.get("holding_rate", 1.0))


def read_network(path: Path, holding_rate: float) -> StageNetwork:
    """Return the network of a text file: a stage a line, its inputs and their units in pairs at the end."""
    rows = [line.split(",") for line in path.read_text().splitlines()[1:] if line.strip()]
    arcs = [
        Arc(above, row[0], float(units))
        for row in rows
        for above, units in zip(row[8::2], row[9::2], strict=False)
        if above
    ]
    return StageNetwork(tuple(_stage(*row[:8]) for row in rows), tuple(arcs), holding_rate)


def _stage(name: str, time: str, limit: str, cost: str, pooling: str, *demand: str) -> Stage:
    return Stage(
        name,
        int(time),
        added_cost=float(cost),
        max_service_time=int(limit) if limit else None,
        demand=Demand(*(float(one) for one in demand)) if demand[0] else None,
        pooling=float(pooling or 2),
    )


def stockpyl_network(path: Path, name: str) -> StageNetwork:
    """Return one of stockpyl's instances; its holding costs are per unit, and its safety factor per stage."""
    found = next(one["data"] for one in json.loads(path.read_text())["instances"] if one["name"] == name)
    nodes = found["_nodes"]
    arcs = [Arc(str(node["_index"]), str(below)) for node in nodes for below in node["_successor_indices"]]
    return StageNetwork(tuple(_stockpyl_stage(node) for node in nodes), tuple(arcs))


def _stockpyl_stage(node: Mapping[str, Any]) -> Stage:
    source = node["demand_source"]
    factor = node["demand_bound_constant"]
    return Stage(
        str(node["_index"]),
        node["processing_time"],
        unit_cost=node["local_holding_cost"],
        max_service_time=node["external_outbound_cst"],
        supply_time=node["external_inbound_cst"] or 0,
        demand=Demand(source["mean"], source["standard_deviation"], factor) if source["type"] else None,
    )


def drawn_tree(size: int, *, branching: int = 3, slowest: int = 10, seed: int = 0) -> StageNetwork:
    """Return a tree of ``size`` stages, each serving ``branching`` others but the last, which sell.

    364 stages with a branching of 3 are six full echelons. Processing times are 1 to ``slowest``
    periods, and customers wait 0 to 2.
    """
    draw = random.Random(seed)
    stages = tuple(_drawn_stage(draw, at, slowest, sells=branching * at + 1 >= size) for at in range(size))
    arcs = tuple(Arc(str((at - 1) // branching), str(at)) for at in range(1, size))
    return StageNetwork(stages, arcs, 0.3)


def _drawn_stage(draw: random.Random, at: int, slowest: int, *, sells: bool) -> Stage:
    time, cost, wait, std = draw.randint(1, slowest), draw.uniform(1, 10), draw.randint(0, 2), draw.uniform(1, 5)
    if not sells:
        return Stage(str(at), time, added_cost=cost)
    return Stage(str(at), time, added_cost=cost, max_service_time=wait, demand=Demand(10.0, std, SAFETY_FACTOR))


def drawn_acyclic(size: int, extra: int, *, slowest: int = 10, seed: int = 0) -> StageNetwork:
    """Return a network of ``size`` stages that is no tree: ``extra`` arcs more than hold it together."""
    draw = random.Random(seed)
    links = {(at, draw.randrange(max(0, at - 4), at)) for at in range(1, size)}
    links |= set(_more_links(draw, size, extra, links))
    feeding = {above for above, _ in links}
    stages = tuple(_drawn_stage(draw, at, slowest, sells=at not in feeding) for at in range(size))
    return StageNetwork(stages, tuple(Arc(str(above), str(below)) for above, below in sorted(links)), 0.3)


def _more_links(draw: random.Random, size: int, extra: int, links: set[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    taken = set(links)
    while len(taken) < len(links) + extra:
        above = draw.randrange(1, size)
        link = (above, draw.randrange(0, above))
        if link not in taken:
            taken.add(link)
            yield link
