"""`equipoise bench twin`: rate and memory of the fast twin, published costs, and the planner in the loop.

A node-period is one item-site in one bucket of one replication. Not here: the published cases
(``twin_published``), the planner (``twin_planner``), stockpyl (``twin_peer``).
"""

from __future__ import annotations

import multiprocessing
import resource
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import twin_peer
import twin_planner
import twin_published
from rich.console import Console

from assets.inventory.demand_distributions.families import negative_binomial, poisson
from assets.inventory.demand_distributions.lattice import Lattice
from assets.twin.day import SUPPLIER, Ints, Rates
from assets.twin.fast.books import Opening
from assets.twin.fast.chance import Chance, Sampled
from assets.twin.fast.network import FastNetwork, Ways
from assets.twin.fast.rules import BaseStock
from assets.twin.fast.simulate import Length, simulate
from assets.twin.fast.streams import Purpose
from orchestration.cli.console import table

ASKED_RATE, ASKED_WIDTH = 10e6, twin_published.WIDTH
SIZES = ((1, 20_000, 400), (100, 400, 400), (1_000, 40, 400), (10_000, 10, 200), (100_000, 2, 60))
"""Item-sites, replications and buckets."""
MEMORY_BUCKETS = (200, 2_000)
STORES = 9
"""Behind each warehouse of the network with lots, lead times and transfers."""


def run(*, data: Path = Path(), seed: int = 1, planner_items: int = 20) -> dict[str, Any]:
    """Measure every part.

    Parameters
    ----------
    data : Path
        Folder with the folder ``lost_sales``.
    seed : int
        Of everything that is drawn.
    planner_items : int
        Items of the sample that the joint plan decides on.
    """
    return {
        "seed": seed,
        "rates": [_rate("base stock, lots off", _free, *size, seed) for size in SIZES]
        + [_rate("lots, transfers, random lead times", _network, *size, seed) for size in SIZES[1:4]],
        "memory": [{"buckets": buckets, "peak_mb": _peak(buckets, seed)} for buckets in MEMORY_BUCKETS],
        "published": _published(data, seed),
        "stockpyl_node_periods_per_second": twin_peer.node_periods_per_second(),
        "planner": twin_planner.rate(planner_items, seed, data),
    }


Game = tuple[FastNetwork, Chance, Ints]


def _free(n: int, seed: int) -> Game:
    """Return item-sites that buy for themselves: lost sales, two buckets of lead time, 40 kinds of Poisson demand."""
    kinds = [poisson(1.0 + 0.2 * kind) for kind in range(40)]
    laws = [kinds[place % len(kinds)] for place in range(n)]
    rates = Rates(np.ones(n), np.full(n, 9.0), np.zeros(n), lost_sales=True)
    return FastNetwork(rates, Ways.bought(n, 2), 2), Chance(Sampled.of(laws, seed)), _level(laws, 3.0)


def _network(n: int, seed: int) -> Game:
    """Return warehouses with nine stores each: lead times that cross, lots of twelve buckets, rationing."""
    kinds = [negative_binomial(1.0 + 0.2 * kind, 2.0 + 0.6 * kind) for kind in range(40)]
    nothing, days = Lattice(0, np.ones(1)), Lattice(1, np.array([0.5, 0.3, 0.1, 0.1]))
    is_store = np.arange(n) % (STORES + 1) > 0
    laws = [kinds[place % len(kinds)] if is_store[place] else nothing for place in range(n)]
    ways = Ways(**{**vars(Ways.bought(n, 2)), "origin": np.where(is_store, np.arange(n) // 10 * 10, SUPPLIER)})
    rates = Rates(np.ones(n), np.full(n, 9.0), np.zeros(n), lost_sales=True)
    network = FastNetwork(rates, ways, 4, shelf_life=np.full(n, 12))
    chance = Chance(Sampled.of(laws, seed), Sampled.of([days] * n, seed, Purpose.LEAD_TIME))
    level = _level(laws, 4.0)
    served = np.add.reduceat(level, np.arange(0, n, STORES + 1))
    return network, chance, np.where(is_store, level, np.repeat(served, STORES + 1)[:n])


def _level(laws: list[Lattice], buckets: float) -> Ints:
    return np.array([int(buckets * law.mean + 2.0 * np.sqrt(buckets * law.variance)) for law in laws])


def _rate(
    name: str, game_of: Callable[[int, int], Game], n: int, replications: int, buckets: int, seed: int
) -> dict[str, Any]:
    network, chance, level = game_of(n, seed)
    length, opening = Length(buckets, 0, replications), Opening.empty(level)
    simulate(network, chance, lambda _: BaseStock(level[:, None]), opening, Length(2, 0, 1))
    wall, cpu = time.perf_counter(), time.process_time()
    found = simulate(network, chance, lambda _: BaseStock(level[:, None]), opening, length)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    periods = n * replications * buckets
    return {
        "what": name,
        "item_sites": n,
        "replications": replications,
        "buckets": buckets,
        "node_periods_per_second": periods / wall,
        "node_periods_per_cpu_second": periods / cpu,
        "fill_rate": found.fill_rate,
    }


def _peak(buckets: int, seed: int) -> float:
    """Return the peak of memory of a process that simulates so many buckets, MB."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(_peak_here, buckets, seed).result()


def _peak_here(buckets: int, seed: int) -> float:
    network, chance, level = _network(1_000, seed)
    simulate(network, chance, lambda _: BaseStock(level[:, None]), Opening.empty(level), Length(buckets, 0, 32))
    status = Path("/proc/self/status")
    if status.exists():
        # What getrusage tells of a fresh process is its parent's too.
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _published(data: Path, seed: int) -> list[dict[str, Any]]:
    found = []
    for case in twin_published.cases(data):
        interval, replications = twin_published.simulated(case, seed)
        held = case.published if case.exact is None else case.exact
        found.append(
            {
                "case": case.name,
                "published": case.published,
                "exact": case.exact,
                "mean": interval.mean,
                "low": interval.low,
                "high": interval.high,
                "width": interval.width,
                "replications": replications,
                "published_inside": interval.low - case.digits <= case.published <= interval.high + case.digits,
                "inside": interval.low - case.digits <= held <= interval.high + case.digits,
            }
        )
    return found


def show(console: Console, found: dict[str, Any]) -> None:
    """Print a table a part."""
    columns = ["what", "item-sites", "replications", "buckets", "million a second", "million a CPU second", "fill rate"]
    rows = [
        [one["what"], one["item_sites"], one["replications"], one["buckets"], one["node_periods_per_second"] / 1e6,
         one["node_periods_per_cpu_second"] / 1e6, f"{one['fill_rate']:.3f}"]
        for one in found["rates"]
    ]  # fmt: skip
    console.print(table(f"Node-periods ({ASKED_RATE / 1e6:.0f} million a second asked)", columns, rows))
    peaks = ", ".join(f"{one['peak_mb']:.0f} MB at {one['buckets']:,} buckets" for one in found["memory"])
    console.print(f"Peak memory of a process, 1,000 item-sites and 32 replications: {peaks}")
    peer = found["stockpyl_node_periods_per_second"]
    console.print("stockpyl: not installed, nothing measured" if peer is None else f"stockpyl: {peer:,.0f} a second")
    planner = found["planner"]
    console.print(
        f"The joint plan in the loop, {planner['item_sites']:,} item-sites over {planner['buckets']} buckets: "
        f"{planner['node_periods_per_second']:,.0f} node-periods a second "
        f"({planner['node_periods_per_cpu_second']:,.0f} a CPU second), forecasts and targets made before; "
        f"cost {planner['cost']:,.2f}, in the twin's own run {planner['cost_in_the_twins_run']:,.2f}"
    )
    _show_published(console, found["published"])


def _show_published(console: Console, found: list[dict[str, Any]]) -> None:
    rows = [
        [one["case"], f"{one['published']:.4f}", "" if one["exact"] is None else f"{one['exact']:.4f}",
         f"{one['mean']:.4f}", f"{one['low']:.4f} to {one['high']:.4f}", f"{one['width']:.3%}", one["published_inside"],
         one["inside"], one["replications"]]
        for one in found
    ]  # fmt: skip
    columns = ["case", "published", "exact", "simulated", "95 %", "width", "published inside", "inside", "replications"]
    console.print(table(f"Published costs, intervals at most {ASKED_WIDTH:.1%} wide", columns, rows))
    inside = sum(one["inside"] for one in found)
    console.print(
        f"{inside} of {len(found)} inside, by the exact cost where the published one was simulated; an interval of "
        "95 % misses one in twenty"
    )
