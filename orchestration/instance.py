"""Dagster's own home: one per network, without telemetry, one run at a time."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dagster as dg
import yaml

from orchestration.settings import Settings


def configuration(settings: Settings) -> dict[str, Any]:
    """Return the content of ``dagster.yaml``."""
    content: dict[str, Any] = {
        "telemetry": {"enabled": False},
        "nux": {"enabled": False},
        # DuckDB admits one writer; the queue admits one run.
        "concurrency": {"runs": {"max_concurrent_runs": 1}},
        "run_monitoring": {"enabled": True, "start_timeout_seconds": 300},
        "run_retries": {"enabled": False},
        "freshness": {"enabled": True},
        # Capturing what steps print takes two processes a run; dbt's log stands in the network's home.
        "compute_logs": {
            "module": "dagster._core.storage.noop_compute_log_manager",
            "class": "NoOpComputeLogManager",
        },
    }
    if settings.dagster_postgres_url:
        content["storage"] = {"postgres": {"postgres_url": settings.dagster_postgres_url}}
    return content


def prepare(settings: Settings) -> Path:
    """Write ``dagster.yaml`` where it differs and return Dagster's home."""
    home = settings.network_home().dagster
    home.mkdir(parents=True, exist_ok=True)
    path, text = home / "dagster.yaml", yaml.safe_dump(configuration(settings), sort_keys=False)
    if not path.exists() or path.read_text() != text:
        path.write_text(text)
    return home


@contextmanager
def opened(settings: Settings) -> Iterator[dg.DagsterInstance]:
    """Open Dagster's record of runs and assets while the block runs."""
    logging.getLogger("alembic").setLevel(logging.WARNING)
    with dg.DagsterInstance.from_config(str(prepare(settings))) as instance:
        yield instance
