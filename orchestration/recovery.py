"""Runs that were killed: found by a lock that only a living process can hold, and closed.

Dagster keeps a killed run as started, which would occupy the one slot for ever.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import dagster as dg

from orchestration import locks

_RUNS = "runs"
_IN_PROGRESS = [dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING]


@contextlib.contextmanager
def alive(lock_folder: Path, run_id: str) -> Iterator[None]:
    """Show that the process of ``run_id`` lives for as long as the block runs."""
    path = lock_folder / _RUNS / f"{run_id}.lock"
    try:
        with locks.hold(path, f"run {run_id}"):
            yield
    finally:
        path.unlink(missing_ok=True)


def release_dead_runs(instance: dg.DagsterInstance, lock_folder: Path, *, except_run: str = "") -> list[str]:
    """Close every started run whose process is gone and return their ids.

    A run is dead if it left its lock file behind and nobody holds it. A run without a lock
    file has not reached the warehouse yet, or does not need it, and is left alone.
    """
    dead = []
    for run in instance.get_runs(dg.RunsFilter(statuses=_IN_PROGRESS)):
        path = lock_folder / _RUNS / f"{run.run_id}.lock"
        if run.run_id == except_run or not path.exists() or locks.holder_of(path) is not None:
            continue
        instance.report_run_failed(run, "Its process was killed. What it held was released; plan again.")
        path.unlink(missing_ok=True)
        dead.append(run.run_id)
    return dead
