"""Lines of `equipoise bench targets` on guaranteed service: published networks, a peer, growth, general networks.

Not here: where networks come from (``targets_networks``), or how the peer is called (``targets_peer``).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from targets_networks import case_cost, case_network, drawn_acyclic, drawn_tree, published_cases
from targets_peer import is_installed, peer_network, stockpyl_cost
from targets_rows import Row, timed

from assets.inventory.guaranteed_service.network import StageNetwork
from assets.inventory.guaranteed_service.placement import Placement, place_safety_stock

PEER_SIZE = 364
PEER_SLOWEST = 2
"""Longest processing time on the peer's tree: its time grows with the cube of the service times."""
FASTER = 100.0
SIZES = (1_000, 3_000, 10_000)
EXPONENT = 1.3
SECONDS = 10.0
ACYCLIC = ((10, 4), (20, 6), (30, 8))
"""Stages and arcs beyond a tree of the drawn general networks."""


def published(data: Path) -> list[Row]:
    """Return the cost of each published network by both methods, beside the known one."""
    return [row for case in published_cases() for row in published_rows(case, data)]


def published_rows(case: Mapping[str, Any], data: Path) -> list[Row]:
    """Return the lines of one case: dynamic program and integer program, or that its file is absent."""
    if "file" in case and not (data / case["file"]).exists():
        return [Row(case["name"], math.nan, note=f"{case['file']} is absent")]
    network, known = case_network(case, data), case_cost(case, data)
    note = f"within {case['tolerance']:g}"
    return [
        Row(f"{case['name']}, {method}", placed.cost, known, seconds, note)
        for method, fold in (("dynamic program", True), ("integer program", False))
        for placed, seconds in [placed_in(network, fold=fold)]
    ]


def peer(_: Path, *, size: int = PEER_SIZE) -> list[Row]:
    """Return cost and time on one tree beside stockpyl's in the same run."""
    network = drawn_tree(size, slowest=PEER_SLOWEST)
    placed, seconds = placed_in(network, times=5)
    name = f"tree of {size:,} stages"
    if not is_installed():
        return [Row(name, placed.cost, None, seconds, "stockpyl not installed")]
    handed = peer_network(network)
    cost, peer_seconds = timed(lambda: stockpyl_cost(handed))
    return [
        Row(name, placed.cost, cost, seconds, f"stockpyl took {peer_seconds:.1f} s"),
        Row("times faster than stockpyl", peer_seconds / seconds, FASTER, note="at least the reference"),
    ]


def growth(_: Path, *, sizes: tuple[int, ...] = SIZES) -> list[Row]:
    """Return the seconds of growing trees, and their growth from the smallest to the largest."""
    found = [placed_in(drawn_tree(size), times=3) for size in sizes]
    rows = [
        Row(f"tree of {size:,} stages", placed.cost, None, seconds, "cost; drawn, no reference")
        for size, (placed, seconds) in zip(sizes, found, strict=True)
    ]
    exponent = math.log(found[-1][1] / found[0][1]) / math.log(sizes[-1] / sizes[0])
    return [
        *rows,
        Row(f"growth exponent, {sizes[0]:,} to {sizes[-1]:,}", exponent, EXPONENT, note="at most the reference"),
        Row(f"seconds at {sizes[-1]:,} stages", found[-1][1], SECONDS, note="at most the reference"),
    ]


def acyclic(_: Path, *, shapes: tuple[tuple[int, int], ...] = ACYCLIC) -> list[Row]:
    """Return the cost of drawn general networks beside its proven bound."""
    rows = []
    for size, extra in shapes:
        placed, seconds = placed_in(drawn_acyclic(size, extra, slowest=5))
        name = f"{size} stages, {size - 1 + extra} arcs"
        rows.append(Row(name, placed.cost, placed.bound, seconds, f"the bound; core of {placed.core_size} stages"))
    return rows


def placed_in(network: StageNetwork, *, fold: bool = True, times: int = 1) -> tuple[Placement, float]:
    """Return the placement and its CPU seconds, validation included."""
    return timed(lambda: place_safety_stock(network, fold=fold), times=times)


PARTS: Mapping[str, Callable[[Path], list[Row]]] = {
    "Guaranteed service: known answers, money a year": published,
    "Guaranteed service: a tree, beside stockpyl": peer,
    "Guaranteed service: growth with the stages": growth,
    "Guaranteed service: general networks, beside the proven bound": acyclic,
}
