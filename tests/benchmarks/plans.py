"""`equipoise bench plans`: the joint plan and its baselines, played against demand that came later.

Closed loop: in every bucket each policy plans anew from its own stock, all from the same forecast of
what was known then; the twin plays what customers then asked for. Not here: networks
(``plans_networks``), policies, playing and intervals (``assets.twin.experiment``).
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from plans_networks import NETWORKS
from rich.console import Console

from assets.kernel.errors import EquipoiseError
from assets.policy.registry import PolicyRegistry
from assets.policy.release import Release
from assets.twin.experiment.network import ExperimentNetwork
from assets.twin.experiment.paired import Interval, break_even, cells_of, paired
from assets.twin.experiment.played import Played as PlayedWindow
from assets.twin.experiment.player import Player
from assets.twin.experiment.policies import JOINT, LATERAL, NO_TRANSFERS, POLICIES
from assets.twin.experiment.setting import Setting
from assets.twin.run import Run
from orchestration.cli.console import table

# Items (0 for all) and windows that were measured, within six minutes of processor time a network.
SIZES = {"sample": (100, 2), "vn2": (0, 4), "favorita": (4, 3)}
SMALL = {"sample": (4, 1), "vn2": (40, 1), "favorita": (2, 1)}
BLOCKS = 5


@dataclass(frozen=True)
class Played:
    """One policy over all windows at one cost of lanes.

    Attributes
    ----------
    runs : tuple of Run
        One a window.
    units, freight : float
        Moved between stores, and what the carrier got for it.
    lines : int
        Order lines.
    cpu_seconds : float
        Of planning and playing.
    """

    runs: tuple[Run, ...]
    units: int
    freight: float
    lines: int
    cpu_seconds: float

    @property
    def cost(self) -> float:
        """Of all windows."""
        return float(sum(run.cost.sum() for run in self.runs))


def run(
    *,
    data: Path,
    network: Sequence[str] = (),
    small: bool = False,
    items: int | None = None,
    windows: int | None = None,
    seed: int = 1,
    least_gain: float | None = None,
) -> dict[str, Any]:
    """Play every policy on the networks.

    Parameters
    ----------
    data : Path
        Folder with a folder a data set.
    network : sequence of str
        Which of them; all where it is empty.
    small : bool
        Few items and windows, to see it work.
    items, windows : int, optional
        Instead of the sizes that the network has; 0 items stands for all.
    seed : int
        Draws items and blocks.
    least_gain : float, optional
        Least gain of a transfer line instead of the release's.

    Raises
    ------
    EquipoiseError
        If a network is unknown, or its files are missing.
    """
    unknown = [name for name in network if name not in NETWORKS]
    if unknown:
        raise EquipoiseError(
            f"there is no network {unknown[0]}", where="--network", remedy=f"Name one of {', '.join(NETWORKS)}"
        )
    release, found = _release(least_gain), {}
    for name in network or NETWORKS:
        size = (SMALL if small else SIZES)[name]
        made = NETWORKS[name](data, size[0] if items is None else items, size[1] if windows is None else windows, seed)
        found[name] = measured(made, release, seed)
    return {"seed": seed, "least_gain": release.guardrails.minimum_gain_amount, "networks": found}


def measured(network: ExperimentNetwork, release: Release, seed: int) -> dict[str, Any]:
    """Return what every policy cost on one network."""
    began, setting = time.process_time(), Setting(network, release)
    fixed = {name: _played(setting, name, network.lane_costs[0]) for name in POLICIES if name not in LATERAL}
    blocks = cells_of(network.places["item_id"], BLOCKS, seed)
    costs, savings = [], []
    for lane_cost in network.lane_costs:
        played = fixed | {name: _played(setting, name, lane_cost) for name in LATERAL}
        joint = played[JOINT]
        savings.append(played[NO_TRANSFERS].cost - joint.cost)
        costs.append(
            {
                "lane_cost": lane_cost,
                "policies": {name: _summary(played[name], joint, blocks) for name in POLICIES},
                "worth_of_a_lateral_unit": (savings[-1] + joint.freight) / joint.units if joint.units else None,
            }
        )
    crossing, how = break_even(network.lane_costs, savings)
    return {
        "item_sites": len(network.places),
        "items": int(network.places["item_id"].nunique()),
        "lateral_lanes": len(network.laterals),
        "plan_dates": [f"{start}" for start in network.starts],
        "buckets": network.buckets,
        "bucket": str(network.profile.bucket),
        "demand": network.demand_told,
        "lane_costs": costs,
        "break_even_lane_cost": crossing,
        "break_even_how": how,
        "cpu_seconds": time.process_time() - began,
    }


def _release(least_gain: float | None) -> Release:
    release = PolicyRegistry().active()
    if least_gain is None:
        return release
    rules = release.guardrails.model_copy(update={"minimum_gain_amount": least_gain})
    return release.model_copy(update={"guardrails": rules})


def _played(setting: Setting, policy: str, lane_cost: float) -> Played:
    began = time.process_time()
    windows: list[PlayedWindow] = [
        Player(setting, start, lane_cost).play(POLICIES[policy]) for start in setting.network.starts
    ]
    return Played(
        tuple(window.run for window in windows),
        sum(window.lateral_units for window in windows),
        sum(window.lateral_freight for window in windows),
        sum(window.order_lines for window in windows),
        time.process_time() - began,
    )


def _summary(played: Played, joint: Played, blocks: pd.Series[int]) -> dict[str, Any]:
    parts = [(run.total, run.purchase) for run in played.runs]
    differences = np.stack(
        [_by_block(one, blocks) - _by_block(other, blocks) for one, other in zip(played.runs, joint.runs, strict=True)]
    )
    asked = sum(int(total.asked.sum()) for total, _ in parts)
    unmet = sum(int(total.unmet.sum()) for total, _ in parts)
    return {
        "holding": float(sum(total.holding.sum() for total, _ in parts)),
        "shortage": float(sum(total.shortage.sum() for total, _ in parts)),
        "transport": float(sum(total.transport.sum() for total, _ in parts)),
        "purchase": float(sum(purchase.sum() for _, purchase in parts)),
        "cost": played.cost,
        "fill_rate": 1 - unmet / asked if asked else 1.0,
        "lines": played.lines,
        "lateral_units": played.units,
        "lateral_freight": played.freight,
        "over_joint": played.cost / joint.cost - 1,
        "cells": _interval(paired(differences.ravel()), differences.size, joint.cost),
        "dates": _interval(paired(differences.sum(axis=1)), len(differences), joint.cost),
        "cpu_seconds": played.cpu_seconds,
    }


def _by_block(run: Run, blocks: pd.Series[int]) -> np.ndarray:
    return np.bincount(blocks.to_numpy(), weights=run.cost)


def _interval(found: Interval, count: int, joint_cost: float) -> dict[str, Any]:
    """Return an interval of mean differences as shares of the joint plan's cost; of one difference there is none."""
    scale = count / joint_cost
    low, high = (bound * scale if np.isfinite(bound) else None for bound in (found.low, found.high))
    return {"n": count, "low": low, "high": high}


_COLUMNS = (
    "policy", "holding", "shortage", "transport", "purchase", "cost", "fill", "lateral",
    "over joint", "95 %, dates x blocks",
)  # fmt: skip


def show(console: Console, found: dict[str, Any]) -> None:
    """Print a table a network and cost of lanes."""
    for name, network in found["networks"].items():
        dates = ", ".join(network["plan_dates"])
        for one in network["lane_costs"]:
            title = (
                f"{name}: {network['item_sites']:,} item-sites, {network['lateral_lanes']:,} lanes between stores at "
                f"{one['lane_cost']:g}; {network['buckets']} {network['bucket']}s from {dates}"
            )
            console.print(table(title, _COLUMNS, [_row(*policy) for policy in one["policies"].items()]))
            worth = one["worth_of_a_lateral_unit"]
            if worth is not None:
                console.print(f"A unit moved sideways by the joint plan was worth {worth:.2f} before its freight")
        console.print(
            f"Break-even cost of a lane: {network['break_even_how']}. Demand: {network['demand']}. "
            f"{network['cpu_seconds']:.0f} CPU seconds"
        )


def _row(name: str, one: dict[str, Any]) -> list[Any]:
    money = [round(one[part]) for part in ("holding", "shortage", "transport", "purchase", "cost")]
    same = name == JOINT
    over = "" if same else f"{one['over_joint']:+.2%}"
    return [name, *money, f"{one['fill_rate']:.3f}", one["lateral_units"], over, "" if same else _shown(one["cells"])]


def _shown(interval: dict[str, Any]) -> str:
    if interval["low"] is None:
        return f"none (n {interval['n']})"
    return f"{interval['low']:+.2%} to {interval['high']:+.2%} (n {interval['n']})"
