"""The flow without shared limits: speed on one core, our layer beside the bare solver, growth, a published answer.

Ten sites and six buckets an item, whose curves have up to 16 segments a bucket. *Bare* is OR-Tools
called in a loop on arrays that are already cut; *layer* is ``relaxed_optimum``, from a network's
arrays to units, costs and proofs; *expanding* makes these arrays from stock, demand and lanes.
Growth and memory (``flow_growth``) count both. CPU seconds stand beside seconds because the machine
may be busy with other things.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import flow_growth
import numpy as np
from flow_dimacs import read
from market_problem import SITES_AN_ITEM, world
from ortools.graph.python import min_cost_flow
from rich.console import Console

from assets.kernel.solvers.min_cost_flow import optimal_flows
from assets.rebalancing.expansion import Network, expand
from assets.rebalancing.flow import free_variant, solve_flows
from orchestration.cli.console import table

PUBLISHED = {"netgen-2.dmx": 6_749_969_302}
ITEMS, REPEATS = 1_000, 5


def run(*, data: Path, largest: int = 1_000_000) -> dict[str, Any]:
    """Measure all of it.

    Parameters
    ----------
    data : Path
        Folder with a folder of published files for each source.
    largest : int
        Most item-sites of the growth; tenths of it come before.
    """
    network = expand(world(ITEMS, 0).problem)
    return {
        "layer": layer(network),
        "published": [published(data / "mincostflow" / name, answer) for name, answer in PUBLISHED.items()],
        "growth": flow_growth.grow(largest),
        "alike": flow_growth.alike(largest),
    }


def layer(network: Network, repeats: int = REPEATS) -> dict[str, Any]:
    """Return item-sites a CPU second on one core, bare and with our layer, medians of turns."""
    item_sites, graphs = len(network.problem.item_sites), cut(network)
    every = free_variant(network, np.arange(network.items))
    solve_bare(graphs[:1])
    bare, ours, same = [], [], True
    for _ in range(repeats):
        network.solved.clear()
        began = time.process_time()
        cost = sum(solve_bare(graphs))
        between = time.process_time()
        found = solve_flows(network, every)
        ours.append(time.process_time() - between)
        bare.append(between - began)
        same &= cost == int(found.cost.sum())
    seconds = {"bare": float(np.median(bare)), "ours": float(np.median(ours))}
    return {
        "item_sites": item_sites,
        "arcs_an_item_site": len(network.cost) / item_sites,
        "most_segments": most_segments(network),
        "bare_item_sites_per_cpu_second": item_sites / seconds["bare"],
        "item_sites_per_cpu_second": item_sites / seconds["ours"],
        "overhead": seconds["ours"] / seconds["bare"] - 1,
        "same_cost": same,
    }


def most_segments(network: Network) -> int:
    """Return the most segments of a curve."""
    chained = network.segment >= 0
    owner = np.repeat(np.arange(network.items), np.diff(network.arc_start))
    return int(np.unique(network.tail[chained] + network.node_start[owner[chained]], return_counts=True)[1].max())


def cut(network: Network) -> list[tuple[np.ndarray, ...]]:
    """Return the arrays of every item as the solver takes them."""
    ends = np.cumsum(np.diff(network.arc_start))[:-1]
    arcs = [
        np.split(values, ends)
        for values in (network.tail.astype(np.int32), network.head.astype(np.int32), network.capacity, network.cost)
    ]
    return list(zip(*arcs, np.split(network.supply, network.node_start[1:-1]), strict=True))


def solve_bare(graphs: list[tuple[np.ndarray, ...]]) -> list[int]:
    """Return the least cost of each graph, by the solver alone."""
    result = []
    for tail, head, capacity, cost, supply in graphs:
        solver = min_cost_flow.SimpleMinCostFlow()
        arcs = solver.add_arcs_with_capacity_and_unit_cost(tail, head, capacity, cost)
        solver.set_nodes_supplies(np.arange(len(supply), dtype=np.int32), supply)
        assert solver.solve() == solver.OPTIMAL
        result.append(int((solver.flows(arcs) * cost).sum()))
    return result


def published(path: Path, answer: int) -> dict[str, Any]:
    """Return what our layer makes of a published instance, beside its answer."""
    tail, head, capacity, cost, supply = read(path)
    began = time.process_time()
    ends = np.array([0, len(tail)]), np.array([0, len(supply)])
    flows = optimal_flows(tail, head, capacity, cost, supply, *ends, lambda _: path.name)
    return {
        "instance": path.name, "reached": int((flows * cost).sum()), "published": answer,
        "cpu_seconds": time.process_time() - began,
    }  # fmt: skip


def show(console: Console, found: dict[str, Any]) -> None:
    """Print what was measured."""
    one = found["layer"]
    console.print(
        f"{one['item_sites']:,} item-sites at {SITES_AN_ITEM} an item, {one['arcs_an_item_site']:.0f} arcs each, up to "
        f"{one['most_segments']} segments a bucket: {one['item_sites_per_cpu_second']:,.0f} a CPU second on one core, "
        f"the bare solver {one['bare_item_sites_per_cpu_second']:,.0f}; overhead {one['overhead']:.0%}, "
        f"{'the same' if one['same_cost'] else 'ANOTHER'} cost"
    )
    for line in found["published"]:
        took = 1000 * line["cpu_seconds"]
        console.print(f"{line['instance']}: {line['reached']:,}, published {line['published']:,}, {took:.1f} CPU ms")
    columns = ("item-sites", "seconds", "CPU s", "of it expanding", "item-sites a second", "peak GB", "n^")
    rows = [
        [
            f"{size['item_sites']:,}", f"{size['seconds']:.1f}", f"{size['cpu_seconds']:.1f}",
            f"{size['expanding_cpu_seconds']:.1f}", f"{size['item_sites'] / size['seconds']:,.0f}",
            f"{size['peak_memory_gb']:.2f}", "" if size["exponent"] is None else f"{size['exponent']:.2f}",
        ]
        for size in found["growth"]
    ]  # fmt: skip
    console.print(table(f"Growth, {flow_growth.WORKERS} processes, expanding included", columns, rows))
    alike = found["alike"]
    console.print(
        f"{alike['item_sites']:,} item-sites of items that are all the same: {alike['seconds']:.1f} seconds, "
        f"{'the same' if alike['same_units'] else 'NOT the same'} units of all, {alike['peak_memory_gb']:.2f} GB"
    )
