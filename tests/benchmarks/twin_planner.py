"""The production planner in the loop of the fast twin: the joint plan of every bucket, through the planner's port.

Not here: the planner or its network (``twin.experiment``, ``plans_networks``), or the rate without it (``twin``).
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
from plans_networks import NETWORKS

from assets.policy.registry import PolicyRegistry
from assets.twin.day import Ints, Lines, Stock
from assets.twin.experiment.player import Player
from assets.twin.experiment.policies import joint_plan
from assets.twin.experiment.setting import Setting
from assets.twin.fast.books import Opening
from assets.twin.fast.chance import Chance, Replayed
from assets.twin.fast.network import FastNetwork, Ways
from assets.twin.fast.planner import Planners
from assets.twin.fast.simulate import Length, simulate

LONGEST_BUCKETS = 60


class Port(Player):
    """A player that hands its planner over instead of playing it."""

    def plan_bucket(self, bucket: int, stock: Stock) -> Lines:
        """Return the lines of the joint plan, as ``play`` would have them."""
        date = self.setting.network.profile.calendar.bucket_start(self.start, bucket)
        frame = joint_plan(self._sights(bucket, date, stock))
        lines = self._priced(frame, date) if len(frame) else Lines.none()
        self._note_receipts(date, stock, lines)
        return lines


def rate(items: int, seed: int, data: Path) -> dict[str, Any]:
    """Return node-periods a second with the joint plan deciding every bucket of the sample's window.

    Forecasts and targets of each date are made before the clock runs: they are the same for every replication.
    """
    network = NETWORKS["sample"](data, items, 1, seed)
    setting = Setting(network, PolicyRegistry().active())
    start = network.starts[0]
    player = Player(setting, start, network.lane_costs[0])
    began = time.process_time()
    played = player.play(joint_plan).run
    warm = time.process_time() - began
    n, buckets, begin = len(network.places), network.buckets, network.column(start)
    chance = Chance(Replayed(network.asked[:, begin : begin + buckets]))
    fast = FastNetwork(setting.rates, Ways.bought(n, 1), LONGEST_BUCKETS)

    def policy_of(replications: Ints) -> Planners:
        return Planners([Port(setting, start, network.lane_costs[0]).plan_bucket for _ in replications])

    wall, began = time.perf_counter(), time.process_time()
    found = simulate(fast, chance, policy_of, Opening(network.opening(start)), Length(buckets), threads=1)
    cpu, wall = time.process_time() - began, time.perf_counter() - wall
    return {
        "item_sites": n,
        "buckets": buckets,
        "node_periods_per_second": n * buckets / wall,
        "node_periods_per_cpu_second": n * buckets / cpu,
        "forecast_and_targets_cpu_seconds": warm - cpu,
        "cost": float(found.cost[0]),
        "cost_in_the_twins_run": float(played.cost.sum()),
        "same_cost": bool(np.isclose(found.cost[0], played.cost.sum(), rtol=1e-12, atol=1e-6)),
    }
