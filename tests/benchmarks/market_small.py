"""Small random instances beside their optimum, everything at once as a mixed-integer program.

``limits``: four items that share six limits. ``trucks``: the same items under looser limits, with
four departures that cost something whatever they carry, and every other instance with a document
minimum. The instances are those of the unit tests. Not here: how the program is written
(``market_worlds``, ``charged_monolith``).
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).parents[1]))

from charged_monolith import charged_monolith
from market_worlds import base, limits, monolith, network, problem

from assets.rebalancing.consolidated import consolidated
from assets.rebalancing.market.negotiate import negotiate

ITEMS = 4
TIGHT, LOOSE = 0.2, 0.6
TRUCKS, LEAST = 1.0, 40.0
SLACK = 1e-6
"""Share of the cost by which solvers may round."""
ASKED = 0.01
"""Share above the optimum that counts as the same: asked beforehand, whatever gap an instance then states."""
NEAR = (0.001, 0.005, ASKED)


def beside_the_optimum(instances: int) -> dict[str, list[dict[str, Any]]]:
    """Return one object an instance, of each of the two kinds."""
    return {"limits": [_limited(seed) for seed in range(instances)],
            "trucks": [_trucked(seed) for seed in range(instances)]}  # fmt: skip


def _limited(seed: int) -> dict[str, Any]:
    made = problem(ITEMS, seed)
    net, shared = network(made), limits(made, seed, TIGHT)
    began = time.process_time()
    found = negotiate(net, shared)
    seconds = time.process_time() - began
    best = monolith(net, shared)
    return _beside(seed, found.cost, found.bound, best, best, seconds)


def _trucked(seed: int) -> dict[str, Any]:
    made = problem(ITEMS, seed, trucks=TRUCKS, least=LEAST * (seed % 2))
    net, shared = network(made), limits(made, seed, LOOSE)
    began = time.process_time()
    done = consolidated(net, shared)
    seconds = time.process_time() - began
    whole, cost = charged_monolith(net, shared), done.found.costs.total
    best, proven = base(net) + whole.value, base(net) + whole.bound
    one = _beside(seed, cost, cost - done.found.over_bound, best, proven, seconds)
    return {**one, "trucks": int(made.departures.trucks(done.found.every_unit).sum()),
            "document_minimum": LEAST * (seed % 2)}  # fmt: skip


def _beside(seed: int, cost: float, bound: float, best: float, proven: float, seconds: float) -> dict[str, Any]:
    """Return an instance: its share above the optimum, and whether its bound is one."""
    slack, share = SLACK * abs(best), (cost - best) / abs(best)
    return {
        "seed": seed, "cost": cost, "optimum": best, "difference": cost - best,
        "difference_share": share, "bound": bound, "gap": (cost - bound) / abs(cost),
        "optimum_proven": best - proven <= slack, "same_optimum": abs(cost - best) <= slack,
        "within_asked": share <= ASKED + SLACK, "cpu_seconds": seconds,
        "bound_holds": bound <= best + slack and proven <= cost + slack,
    }  # fmt: skip


def show(console: Console, found: dict[str, list[dict[str, Any]]]) -> None:
    """Print both kinds of instances, and how many meet their optimum."""
    for kind, title in (
        ("limits", "Market against monolithic MILP, {} small random instances"),
        ("trucks", "With trucks of a fixed cost and document minimums, {} small random instances"),
    ):
        _table(console, found[kind], title.format(len(found[kind])))


def _table(console: Console, instances: list[dict[str, Any]], title: str) -> None:
    table = Table(title=title)
    for name in (
        "seed",
        "cost",
        "optimum",
        "difference",
        "share",
        "bound",
        "stated gap",
        f"within {ASKED:.0%}",
        "bound holds",
        "CPU s",
    ):
        table.add_column(name, justify="right")
    for one in instances:
        table.add_row(
            str(one["seed"]), f"{one['cost']:.4f}", f"{one['optimum']:.4f}", f"{one['difference']:.4f}",
            f"{one['difference_share']:.3%}", f"{one['bound']:.4f}", f"{one['gap']:.3%}",
            *("yes" if one[name] else "no" for name in ("within_asked", "bound_holds")), f"{one['cpu_seconds']:.2f}",
        )  # fmt: skip
    console.print(table)
    count, shares = len(instances), [one["difference_share"] for one in instances]
    close = {most: sum(share <= most + SLACK for share in shares) for most in NEAR}
    console.print(
        f"Within {ASKED:.0%} of the optimum: {sum(one['within_asked'] for one in instances)} of {count}; the optimum "
        f"itself: {sum(one['same_optimum'] for one in instances)}; "
        + ", ".join(f"at most {most:.1%} above: {near}" for most, near in close.items())
        + f"; worst {max(shares):.3%}; worst stated gap {max(one['gap'] for one in instances):.3%}; bounds that hold: "
        f"{sum(one['bound_holds'] for one in instances)}; optima proven: "
        f"{sum(one['optimum_proven'] for one in instances)}"
    )
