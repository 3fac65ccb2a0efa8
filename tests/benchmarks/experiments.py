"""`equipoise bench experiments`: what the plan is worth on real demand, how sure that is, and what is left.

Policies in closed loop on one long window (Favorita, weeks 60 to 117) or several (VN2), paired; levels
tuned on what came before; the clairvoyant bound. M5 is one snapshot as a test of scale
(``experiments_m5``). Not here: playing in processes (``experiments_plays``), networks
(``experiments_networks``), or the tables (``experiments_tables``).
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import experiments_m5
import numpy as np
import pandas as pd
from experiments_networks import NETWORKS, Case
from experiments_plays import CREDIBLE, FIXED, FOLLOWING, Made, Task
from experiments_tables import show

from assets.kernel.errors import EquipoiseError
from assets.twin.experiment.comparison import Design, compared
from assets.twin.experiment.paired import break_even, cells_of
from assets.twin.experiment.played import Played
from assets.twin.experiment.policies import GREEDY, JOINT, MIN_MAX, NO_TRANSFERS

__all__ = ["run", "show"]

LATERAL = (JOINT, GREEDY)


def run(
    *,
    data: Path,
    network: Sequence[str] = (),
    items: int | None = None,
    windows: int | None = None,
    lane_cost: Sequence[float] = (),
    seed: int = 1,
    small: bool = False,
    keep: Path | None = None,
    processes: int = 1,
    credible: bool = False,
) -> dict[str, Any]:
    """Play the experiments.

    Parameters
    ----------
    data : Path
        Folder with a folder a data set.
    network : sequence of str
        favorita, vn2 or m5; all where it is empty.
    items, windows : int, optional
        Instead of what the network has; 0 items stands for all.
    lane_cost : sequence of float
        Costs of lanes between stores that are played; the network's three where it is empty.
    seed : int
        Draws items and blocks.
    small : bool
        Few items and buckets, to see it work.
    keep : Path, optional
        Folder in which forecasts and what policies decided are kept from run to run.
    processes : int
        Policies that are played at once, each in a process of its own.
    credible : bool
        Whether the joint plan is also played that believes lateral units as far as they kept before.

    Raises
    ------
    EquipoiseError
        If a network is unknown, a lane costs less than nothing, or files are missing.
    """
    known = (*NETWORKS, "m5")
    for name in network:
        if name not in known:
            raise EquipoiseError(
                f"there is no network {name}", where="--network", remedy=f"Name one of {', '.join(known)}"
            )
    if any(cost < 0 for cost in lane_cost):
        raise EquipoiseError("a lane costs less than nothing", where="--lane-cost", remedy="Name costs of 0 or more")
    found: dict[str, Any] = {}
    for name in network or known:
        if name == "m5":
            found[name] = experiments_m5.measured(data, items, seed, small)
            continue
        with TemporaryDirectory() as passing:
            made = Made(data, name, items, windows, seed, small, keep or Path(passing))
            found[name] = measured(made, tuple(sorted(lane_cost)), processes, credible)
    return {"seed": seed, "networks": found}


def measured(made: Made, lane_costs: Sequence[float], processes: int, credible: bool = False) -> dict[str, Any]:
    """Return what every policy cost on one network, paired, beside the bound."""
    began, case = time.perf_counter(), made.case
    network, costs = case.network, lane_costs or case.network.lane_costs
    own = (FIXED, FOLLOWING, *case.policies(network), NO_TRANSFERS, MIN_MAX)
    tasks = [Task(name, None) for name in own] + [Task(name, cost) for cost in costs for name in LATERAL]
    if credible:
        tasks += [Task(CREDIBLE, cost) for cost in costs]
    bounds = [None, *costs]
    played, bound = made.play_all(tasks, bounds, processes)
    fixed = {name: played[Task(name, None)] for name in own}
    design, found, savings = _design(case, made.seed), [], []
    for cost in costs:
        every = (
            {JOINT: played[Task(JOINT, cost)]}
            | fixed
            | {name: played[Task(name, cost)] for name in (*LATERAL, *((CREDIBLE,) if credible else ()))}
        )
        told = _compared(every, JOINT, design, bound[cost]) | {"lane_cost": cost}
        joint, without = told["policies"][JOINT], told["policies"][NO_TRANSFERS]
        savings.append(without["cost"] - joint["cost"])
        units = joint["lateral_units"]
        told["worth_of_a_lateral_unit"] = (savings[-1] + joint["lateral_freight"]) / units if units else None
        found.append(told)
    crossing, how = break_even(costs, savings)
    return {
        "item_sites": len(network.places),
        "items": int(network.places["item_id"].nunique()),
        "items_of": case.items_of,
        "first_dates": [f"{start}" for start in network.starts],
        "buckets": network.buckets,
        "bucket": str(network.profile.bucket),
        "demand": network.demand_told,
        "tuned_on": case.tuned_buckets,
        "as_given": _compared(fixed, NO_TRANSFERS, design, bound[None]),
        "lane_costs": found,
        "break_even_lane_cost": crossing,
        "break_even_how": how,
        "seconds": time.perf_counter() - began,
    }


def _design(case: Case, seed: int) -> Design:
    network = case.network
    blocks = cells_of(network.places["item_id"], case.blocks, seed).to_numpy(np.int64)
    items = pd.factorize(network.places["item_id"], sort=True)[0].astype(np.int64)
    calendar = network.profile.calendar
    labels = tuple(
        np.array([_quarter(calendar.bucket_start(start, bucket)) for bucket in range(network.buckets)], dtype=object)
        for start in network.starts
    )
    return Design(blocks, items, labels)


def _quarter(date: dt.date) -> str:
    return f"{date.year} Q{(date.month + 2) // 3}"


def _compared(
    played: Mapping[str, Sequence[Played]], ours: str, design: Design, bound: dict[str, Any]
) -> dict[str, Any]:
    """Return every policy against ours, ours against levels, and how far the bound is."""
    told = compared(played, ours, design)
    over = {
        name: compared({ours: played[ours], name: played[name]}, name, design)[ours]
        for name in (FIXED, FOLLOWING, MIN_MAX)
    }
    left = None if bound["cost"] is None else told[ours]["cost"] - bound["cost"]
    return {"ours": ours, "policies": told, "ours_over": over, "clairvoyant": bound | {"left_on_the_table": left}}
