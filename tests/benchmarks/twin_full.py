"""`equipoise bench twin-full`: the seconds of a day through the whole production graph, in a simulated network.

Data tests of dbt are off, the gates are on. Not here: what a run is worth (``equipoise simulate``).
"""

from __future__ import annotations

import os
import resource
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from rich.console import Console

from orchestration.cli.console import table
from orchestration.settings import Settings
from orchestration.simulation_run import Request, WorldKind, played, world_of

ASKED_MINUTES, ASKED_DAYS = 15.0, 30


def run(days: int = ASKED_DAYS, seed: int = 7, scenario: str = "undisturbed") -> dict[str, Any]:
    """Live some days in a home that is gone afterwards, and return what each took."""
    rows: list[dict[str, Any]] = []
    started, before = time.monotonic(), _cpu()
    spent = before

    def on_day(_run: str, number: int, _count: int, lived: Any) -> None:
        nonlocal spent
        used, spent = _cpu() - spent, _cpu()
        rows.append(
            {
                "day": number, "seconds": lived.seconds, "cpu_seconds": round(used, 2),
                "load": round(os.getloadavg()[0], 2), "orders": lived.software.issued,
                "planned": lived.software.planned,
            }
        )  # fmt: skip

    with TemporaryDirectory() as home:
        request = Request(scenario, world_of(WorldKind.FIVE, seed), days)
        played(Settings(home=Path(home)), request, on_day=on_day)
    minutes = (time.monotonic() - started) / 60
    return {
        "days": days, "sites": 5, "items": 50, "minutes": round(minutes, 2),
        "minutes_of_30_days": round(minutes / days * ASKED_DAYS, 2),
        # dbt's process counts once it has ended.
        "cpu_seconds_a_day": round((_cpu() - before) / days, 2),
        "processors": os.cpu_count(), "load": round(sum(row["load"] for row in rows) / len(rows), 2),
        "every_plan_made": all(row["planned"] for row in rows), "by_day": rows,
    }  # fmt: skip


def show(console: Console, found: dict[str, Any]) -> None:
    """Print what was measured."""
    rows = [[row["day"], row["seconds"], row["cpu_seconds"], row["load"], row["orders"]] for row in found["by_day"]]
    console.print(
        table("Full twin, 5 sites x 50 items", ["day", "seconds", "CPU seconds without dbt", "load", "orders"], rows)
    )
    console.print(
        f"{found['days']} days in {found['minutes']:.1f} minutes, {found['minutes_of_30_days']:.1f} for 30 days "
        f"(asked: {ASKED_MINUTES:g}); {found['cpu_seconds_a_day']:.1f} CPU seconds a day, "
        f"mean load {found['load']:.1f} on {found['processors']} processors"
    )


def _cpu() -> float:
    told = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in told)
