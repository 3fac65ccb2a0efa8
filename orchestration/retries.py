"""One more try for a transient fault: a file being replaced, a disk or database that is away for a moment.

Everything else fails at once: what is wrong in the data or in the code is wrong again. A step
asks for its second try itself (``RetryRequested``), because Dagster's retry policy of a job
cannot tell faults apart, and is unknown to runs and backfills of chosen assets. Not here: what
any asset does.
"""

from __future__ import annotations

import functools
import inspect
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import dagster as dg
import duckdb
import sqlalchemy as sa

from orchestration.io_managers import PublishedIOManager

TRANSIENT: tuple[type[Exception], ...] = (
    OSError,
    duckdb.IOException,
    sa.exc.OperationalError,
    sqlite3.OperationalError,
)
"""Faults of a disk, a file or a database; a pure function raises none of them."""
DELAY_SECONDS = 1.0


def is_transient(error: BaseException | None) -> bool:
    """Return whether a transient fault lies under ``error``.

    An ``EquipoiseError`` is final, unless it was raised from such a fault to tell it (the ledger
    that does not answer, the warehouse that another process holds).
    """
    while error is not None:
        if isinstance(error, TRANSIENT):
            return True
        error = error.__cause__
    return False


@contextmanager
def once_more(delay_seconds: float = DELAY_SECONDS) -> Iterator[None]:
    """Ask Dagster to run the step once more if the block fails of a transient fault."""
    try:
        yield
    except Exception as error:
        if is_transient(error):
            raise dg.RetryRequested(max_retries=1, seconds_to_wait=delay_seconds) from error
        raise


def retried(asset: Any, delay_seconds: float = DELAY_SECONDS) -> Any:
    """Return ``asset`` (or a check), its body under ``once_more``; one that nothing computes as it is."""
    if isinstance(asset, dg.AssetsDefinition) and asset.is_executable:
        body = asset.op.compute_fn
        # Dagster has no public way to wrap the function that an asset was declared with.
        asset.op._compute_fn = body._replace(decorated_fn=_watched(body.decorated_fn, delay_seconds))  # type: ignore[union-attr]
    return asset


def _watched(body: Callable[..., Any], delay_seconds: float) -> Callable[..., Any]:
    @functools.wraps(body)
    def whole(*given: Any, **named: Any) -> Any:
        with once_more(delay_seconds):
            return body(*given, **named)

    @functools.wraps(body)
    def piecewise(*given: Any, **named: Any) -> Iterator[Any]:
        with once_more(delay_seconds):
            yield from body(*given, **named)

    return piecewise if inspect.isgeneratorfunction(body) else whole


class RetryingIOManager(PublishedIOManager):
    """Publishes and reads as its base does, under ``once_more``."""

    handle_output = once_more()(PublishedIOManager.handle_output)
    load_input = once_more()(PublishedIOManager.load_input)
