"""`equipoise bench stress`: every scenario over several seeds, our orders against min/max on the same chance.

Days are lived with production's functions called directly (``orchestration.simulation_direct``). Not here: the
full graph (``twin_full``).
"""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from rich.console import Console
from scipy import stats

from assets.twin.scenario import UNDISTURBED, shipped_scenarios
from orchestration.cli.console import percent, table
from orchestration.settings import Settings
from orchestration.simulation_run import Request, Speed, WorldKind, simulate, world_of

CONFIDENCE = 0.95


def run(
    scenario: list[str], seeds: int = 3, days: int = 28, world: str = "small", home: Path | None = None
) -> dict[str, Any]:
    """Return fill rate lost, days to recover and cost difference by scenario.

    Parameters
    ----------
    scenario : list of str
        Names; all if empty.
    seeds : int
        Worlds, numbered from 7 on.
    home : Path, optional
        Where runs are kept, so that a killed benchmark goes on; gone afterwards if not given.
    """
    names = scenario or [name for name in shipped_scenarios() if name != UNDISTURBED]
    with TemporaryDirectory() as temporary:
        settings = Settings(home=home or Path(temporary))
        rows = [_row(settings, name, seeds, days, world) for name in names]
    return {
        "world": world, "days": days, "seeds": seeds, "confidence": CONFIDENCE,
        "load": round(os.getloadavg()[0], 2), "rows": rows,
        "every_bound_at_most_zero": all(
            row["cost_difference_upper"] is not None and row["cost_difference_upper"] <= 0 for row in rows
        ),
    }  # fmt: skip


def _row(settings: Settings, name: str, seeds: int, days: int, world: str) -> dict[str, Any]:
    cards = [
        simulate(settings, Request(name, world_of(WorldKind(world), 7 + number), days, Speed.DIRECT))
        for number in range(seeds)
    ]
    difference = np.array([card["cost_difference"] / card["min_max"]["cost"] for card in cards])
    return {
        "scenario": name,
        "cost_difference": round(float(difference.mean()), 4),
        "cost_difference_upper": upper_bound(difference),
        "seeds_that_cost_less": int((difference <= 0).sum()),
        **{
            f"{kind}_{policy}": _mean(cards, kind, policy)
            for kind in ("fill_rate_lost", "days_to_recover")
            for policy in ("ours", "min_max")
        },
        "never_back_ours": sum(card["days_to_recover"]["ours"] is None for card in cards),
        "never_back_min_max": sum(card["days_to_recover"]["min_max"] is None for card in cards),
        "fill_rate_ours": round(float(np.mean([card["ours"]["fill_rate"] for card in cards])), 4),
        "fill_rate_min_max": round(float(np.mean([card["min_max"]["fill_rate"] for card in cards])), 4),
        "failed_plans": sum(card["software"]["failed_plans"] for card in cards),
    }


def upper_bound(values: np.ndarray) -> float | None:
    """Return the one-sided upper bound of the mean by Student's t; ``None`` for a single value.

    >>> upper_bound(np.array([-0.2, -0.1, -0.15]))
    -0.0657
    """
    if len(values) < 2:
        return None
    spread = float(values.std(ddof=1)) / np.sqrt(len(values))
    return round(float(values.mean() + stats.t.ppf(CONFIDENCE, len(values) - 1) * spread), 4)


def _mean(cards: list[dict[str, Any]], kind: str, policy: str) -> float | None:
    told = [card[kind][policy] for card in cards if card[kind][policy] is not None]
    return round(float(np.mean(told)), 4) if told else None


def show(console: Console, found: dict[str, Any]) -> None:
    """Print what was measured."""
    rows = [
        [
            row["scenario"], percent(row["cost_difference"]), percent(row["cost_difference_upper"]),
            percent(row["fill_rate_ours"]), percent(row["fill_rate_min_max"]),
            percent(row["fill_rate_lost_ours"]), percent(row["fill_rate_lost_min_max"]),
            _back(row, "ours"), _back(row, "min_max"),
        ]
        for row in found["rows"]
    ]  # fmt: skip
    headings = [
        "scenario", "cost, ours less min/max", "upper 95 % bound", "fill, ours", "fill, min/max", "fill lost, ours",
        "fill lost, min/max", "days to recover, ours", "days to recover, min/max",
    ]  # fmt: skip
    title = f"Stress: {found['seeds']} seeds, {found['days']} days, {found['world']} world, same chance for both"
    console.print(table(title, headings, rows, right=headings[1:]))
    console.print("Cost differences are shares of what min/max costs; bounds are one-sided, by Student's t over seeds")


def _back(row: dict[str, Any], policy: str) -> str:
    mean, never = row[f"days_to_recover_{policy}"], row[f"never_back_{policy}"]
    return (f"{mean:.1f}" if mean is not None else "-") + (f" ({never} never)" if never else "")
