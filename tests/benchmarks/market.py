"""The market on seeded problems: seconds, rounds, gaps, and the gap against time.

Small ones stand beside their optimum instead (``market_small``). With trucks the whole decision is
measured: which leave, what items do on them, what is shared.
Seconds run from the network's arrays to the settlement; CPU seconds stand beside them because
the machine may be busy with other things. Limits are those that free plans use most, at a
share of that use; what they cost is the bound over the free optimum, a proven figure. The curve is
the value of the master, which the bound may still reach, over the bound; the award comes after it.
"""

from __future__ import annotations

import resource
import time
from typing import Any

import market_small
import numpy as np
from market_problem import shared, trucked, world
from rich.console import Console
from rich.table import Table

from assets.rebalancing.consolidated import consolidated
from assets.rebalancing.expansion import Network, expand
from assets.rebalancing.lots import relaxed_optimum
from assets.rebalancing.market.negotiate import negotiate
from assets.rebalancing.market.rounds import Budget, Round, base_cost
from assets.rebalancing.market.verify import breaches


def run(
    item_sites: int = 10_000,
    limits: int = 100,
    tightness: float = 0.35,
    seeds: int = 1,
    multiple: int = 1,
    least_gain: float = 0.0,
    gap: float = 0.0,
    trucks: float = 0.0,
    small: int = 0,
) -> dict[str, Any]:
    """Settle ``seeds`` problems, or only ``small`` random instances beside their optimum.

    Returns
    -------
    dict
        ``small``: instances of both kinds, and nothing else; ``trucked``: one object a seed, and nothing
        else; otherwise ``problems``: one object a seed; ``flow``: item-sites a CPU second of the flow without limits;
        ``peak_memory_gb`` of the process.
    """
    if small:
        return {"small": market_small.beside_the_optimum(small)}
    if trucks:
        found = [_trucked(item_sites // 10, limits, tightness, seed, trucks) for seed in range(seeds)]
        return {"item_sites": item_sites, "limits": limits, "tightness": tightness, "trucks": trucks, "trucked": found}
    budget = Budget(gap=gap)
    problems = [
        _settled(item_sites // 10, limits, tightness, seed, multiple, least_gain, budget) for seed in range(seeds)
    ]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    return {
        "item_sites": item_sites, "limits": limits, "tightness": tightness, "multiple": multiple,
        "least_gain": least_gain, "gap": gap, "problems": problems, "peak_memory_gb": peak,
        "flow_item_sites_per_cpu_second": float(np.median([p["flow_item_sites_per_cpu_second"] for p in problems])),
    }  # fmt: skip


def _settled(
    items: int, count: int, tightness: float, seed: int, multiple: int, least_gain: float, budget: Budget
) -> dict[str, Any]:
    made = world(items, seed, multiple=multiple, least_gain=least_gain)
    network = expand(made.problem)
    began = time.process_time()
    free, units = _free(network)
    flow = len(made.problem.item_sites) / (time.process_time() - began)
    limits = shared(made, units, count, tightness)
    network = expand(made.problem)
    base, curve = base_cost(network), []
    wall, cpu = time.perf_counter(), time.process_time()

    def watch(round_: Round) -> None:
        gap = (round_.value - round_.bound) / network.scale / abs(base + round_.bound / network.scale)
        curve.append(
            {"round": round_.prices.round, "seconds": time.perf_counter() - wall,
             "cpu_seconds": time.process_time() - cpu, "gap": gap}
        )  # fmt: skip

    found = negotiate(network, limits, budget, watch)
    seconds, cpu_seconds = time.perf_counter() - wall, time.process_time() - cpu
    return {
        "seed": seed, "limits": len(limits), "priced": int((found.prices > 0).sum()), "rounds": found.rounds,
        "seconds": seconds, "cpu_seconds": cpu_seconds, "cost": found.cost, "bound": found.bound,
        "free_cost": free, "limits_cost_share": found.bound / free - 1, "gap": found.gap,
        "decidable_gap": found.decidable_gap, "broken_limits": len(breaches(limits, found.units)),
        "curve": curve, "flow_item_sites_per_cpu_second": flow,
    }  # fmt: skip


def _trucked(items: int, count: int, tightness: float, seed: int, cost: float) -> dict[str, Any]:
    """Decide departures and lines of a seeded problem whose trucks cost about ``cost`` each."""
    made = trucked(world(items, seed), cost, seed)
    limits = shared(made, _free(expand(made.problem))[1], count, tightness)
    network, departures = expand(made.problem), made.problem.departures
    wall, cpu = time.perf_counter(), time.process_time()
    done = consolidated(network, limits)
    seconds, cpu_seconds = time.perf_counter() - wall, time.process_time() - cpu
    units, cost_, over = done.found.every_unit, done.found.costs.total, done.found.over_bound
    still = done.choice.policies["do_nothing"].cost.sum() / network.scale + base_cost(network)
    leaving = departures.trucks(units)
    # Doing nothing shares nothing later: it may cost less than any plan within the limits.
    decidable = still - cost_ + over
    return {
        "seed": seed, "limits": len(limits), "departures": len(departures), "departures_open": int((leaving > 0).sum()),
        "trucks": int(leaving.sum()), "bill": departures.bill(units), "cost": cost_, "bound": cost_ - over,
        "gap": over / abs(cost_), "decidable_gap": over / decidable if decidable > 0 else None, "seconds": seconds,
        "cpu_seconds": cpu_seconds, "settled_by": done.found.settled_by,
        "broken_limits": len(breaches(done.limits, units)),
    }  # fmt: skip


def _free(network: Network) -> tuple[float, np.ndarray]:
    """Return cost and units by move of the optimum without limits."""
    flow = relaxed_optimum(network)
    move = network.move[flow.arcs]
    units = np.zeros(len(network.problem.moves), dtype=np.int64)
    units[move[move >= 0]] = flow.flows[move >= 0]
    return base_cost(network) + float(flow.cost.sum()) / network.scale, units


def show(console: Console, found: dict[str, Any]) -> None:
    """Print what was measured."""
    if "small" in found:
        market_small.show(console, found["small"])
    elif "trucked" in found:
        _show_trucks(console, found)
    else:
        _show_problems(console, found)


def _show_trucks(console: Console, found: dict[str, Any]) -> None:
    table = Table(
        title=f"{found['item_sites']:,} item-sites, {found['limits']} limits at {found['tightness']:.0%}, "
        f"trucks of about {found['trucks']:g}"
    )
    columns = (
        "seed",
        "departures open",
        "trucks",
        "bill",
        "cost",
        "gap",
        "decidable gap",
        "seconds",
        "CPU s",
        "broken",
    )
    for name in columns:
        table.add_column(name, justify="right")
    for one in found["trucked"]:
        table.add_row(
            str(one["seed"]), f"{one['departures_open']} of {one['departures']}", str(one["trucks"]),
            f"{one['bill']:,.0f}", f"{one['cost']:,.0f}", f"{one['gap']:.3%}",
            "–" if one["decidable_gap"] is None else f"{one['decidable_gap']:.2%}",
            f"{one['seconds']:.1f}", f"{one['cpu_seconds']:.1f}", str(one["broken_limits"]),
        )  # fmt: skip
    console.print(table)


def _show_problems(console: Console, found: dict[str, Any]) -> None:
    table = Table(title=f"{found['item_sites']:,} item-sites, {found['limits']} limits at {found['tightness']:.0%}")
    columns = ("seed", "priced", "rounds", "seconds", "CPU s", "limits cost", "gap", "decidable gap", "broken")
    for name in columns:
        table.add_column(name, justify="right")
    for one in found["problems"]:
        table.add_row(
            str(one["seed"]), f"{one['priced']} of {one['limits']}", str(one["rounds"]), f"{one['seconds']:.1f}",
            f"{one['cpu_seconds']:.1f}", f"{one['limits_cost_share']:.2%}", f"{one['gap']:.4%}",
            f"{one['decidable_gap']:.3%}", str(one["broken_limits"]),
        )  # fmt: skip
    console.print(table)
    worst = {name: max(one[name] for one in found["problems"]) for name in ("gap", "seconds", "cpu_seconds")}
    console.print(
        f"Asked gap {found['gap']:.2%}. Worst of {len(found['problems'])}: gap {worst['gap']:.4%}, "
        f"{worst['seconds']:.1f} s, {worst['cpu_seconds']:.1f} CPU s"
    )
    curve = Table(title=f"Master over bound against time, seed {found['problems'][-1]['seed']}")
    for name in ("round", "seconds", "CPU s", "gap"):
        curve.add_column(name, justify="right")
    for point in found["problems"][-1]["curve"]:
        curve.add_row(
            str(point["round"]), f"{point['seconds']:.1f}", f"{point['cpu_seconds']:.1f}", f"{point['gap']:.4%}"
        )
    console.print(curve)
    console.print(
        f"Flow without limits: {found['flow_item_sites_per_cpu_second']:,.0f} item-sites a CPU second; "
        f"peak memory {found['peak_memory_gb']:.2f} GB"
    )
