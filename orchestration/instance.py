"""Dagster's own home: one per network, without telemetry, one run at a time."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dagster as dg
import sqlalchemy as sa
import yaml

from assets.kernel.errors import EquipoiseError
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
        content["storage"] = {"postgres": {"postgres_url": _driven(settings.dagster_postgres_url)}}
    return content


def _driven(url: str) -> str:
    """Return a PostgreSQL URL with the driver that dagster-postgres speaks through.

    SQLAlchemy 2.1 takes psycopg 3 where a URL names none; under it Dagster's NOTIFY is a syntax error.
    """
    try:
        address = sa.make_url(url.replace("postgres://", "postgresql://", 1))
    except sa.exc.ArgumentError as error:
        raise _no_database("it is not the URL of a database") from error
    return address.set(drivername="postgresql+psycopg2").render_as_string(hide_password=False)


def _reach(url: str) -> None:
    """Connect once: Dagster itself would try for half a minute, and end in a traceback."""
    engine = sa.create_engine(url, poolclass=sa.pool.NullPool)
    try:
        engine.connect().close()
    except sa.exc.OperationalError as error:
        raise _no_database(f"Dagster's database does not answer: {error.orig}") from error


def _no_database(what: str) -> EquipoiseError:
    return EquipoiseError(
        what,
        where="EQUIPOISE_DAGSTER_POSTGRES_URL",
        remedy="Name a database that is there, as postgresql://USER@HOST:PORT/NAME, or unset it for SQLite files",
    )


def prepare(settings: Settings) -> Path:
    """Write ``dagster.yaml`` where it differs and return Dagster's home.

    Raises
    ------
    EquipoiseError
        If Dagster is to keep its record in a database that does not answer.
    """
    if settings.dagster_postgres_url:
        _reach(_driven(settings.dagster_postgres_url))
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
