"""Up to a million item-sites, part by part on two processes: seconds, memory, growth.

The arrays of all parts (stock, quantiles, moves) are in memory before the clock starts, and
workers inherit them; each expands and solves a part and hands back the units of its moves.
"""

from __future__ import annotations

import math
import multiprocessing
import resource
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from market_problem import SITES_AN_ITEM, world

from assets.rebalancing.expansion import expand
from assets.rebalancing.flow import free_variant, solve_flows
from assets.rebalancing.problem import Problem
from assets.rebalancing.what_if.copies import side_by_side

WORKERS, SIZES = 2, 3
PARTS_OF_THE_LEAST = 2
PARTS: list[Problem] = []
"""What workers inherit."""


def grow(largest: int) -> list[dict[str, Any]]:
    """Return one object a size, from a hundredth of ``largest`` to all of it.

    ``peak_memory_gb`` is the parent's peak and what each worker had by itself at the end of a part,
    on Linux; elsewhere what they share is counted for each. ``exponent`` is the slope of CPU seconds
    since the size before.
    """
    found: list[dict[str, Any]] = []
    items = max(1, largest // 10 ** (SIZES - 1) // PARTS_OF_THE_LEAST // SITES_AN_ITEM)
    for size in (PARTS_OF_THE_LEAST * 10**k for k in range(SIZES)):
        PARTS.extend(world(items, seed).problem for seed in range(len(PARTS), size))
        one = measured(PARTS)
        before = found[-1] if found else None
        one["exponent"] = None if before is None else (
            math.log(one["cpu_seconds"] / before["cpu_seconds"]) / math.log(one["item_sites"] / before["item_sites"])
        )  # fmt: skip
        found.append(one)
    PARTS.clear()
    return found


def alike(largest: int) -> dict[str, Any]:
    """Return the same of as many item-sites whose items are all the same, and whether all do the same."""
    items = max(1, largest // 10 ** (SIZES - 1) // PARTS_OF_THE_LEAST // SITES_AN_ITEM)
    one = world(1, 0).problem
    PARTS.extend([side_by_side([one] * items)] * (PARTS_OF_THE_LEAST * 10 ** (SIZES - 1)))
    found, units = measured(PARTS), solved(0)[0].reshape(items, -1)
    PARTS.clear()
    same = bool((units == units[0]).all()) and found["units"] == int(units[0].sum()) * (
        found["item_sites"] // SITES_AN_ITEM
    )
    return {**found, "same_units": same}


def measured(parts: list[Problem]) -> dict[str, Any]:
    """Solve parts that workers inherit: nothing is sent to them but a number.

    Forked, so that a process whose threads hold locks must not ask for it.
    """
    began = time.perf_counter()
    # Whose workers end by themselves: a pool that is terminated may wait for one that waits for its lock.
    with ProcessPoolExecutor(WORKERS, multiprocessing.get_context("fork")) as workers:
        done = list(workers.map(solved, range(len(parts))))
    peaks = [peak for *_, peak in done]
    seconds = time.perf_counter() - began
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    return {
        "item_sites": sum(len(part.item_sites) for part in parts),
        "seconds": seconds,
        "cpu_seconds": sum(expanding + solving for _, expanding, solving, _ in done),
        "expanding_cpu_seconds": sum(expanding for _, expanding, _, _ in done),
        "units": sum(int(units.sum()) for units, *_ in done),
        "peak_memory_gb": own + WORKERS * max(peaks),
    }


def solved(number: int) -> tuple[np.ndarray, float, float, float]:
    """Return the units of a part's moves, CPU seconds of expanding and of solving, the worker's own memory in GB."""
    began = time.process_time()
    network = expand(PARTS[number])
    between = time.process_time()
    found = solve_flows(network, free_variant(network, np.arange(network.items)))
    solving = time.process_time() - between
    units = np.zeros(len(network.problem.moves), dtype=np.int64)
    moved = network.move[found.arcs] >= 0
    units[network.move[found.arcs][moved]] = found.flows[moved]
    return units, between - began, solving, own_memory()


def own_memory() -> float:
    """Return the memory in GB that this process shares with none, or all of its peak where that is not known."""
    rollup = Path("/proc/self/smaps_rollup")
    if not rollup.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    lines = (line.split() for line in rollup.read_text().splitlines() if line.startswith("Private"))
    return sum(int(line[1]) for line in lines) / 1024**2
