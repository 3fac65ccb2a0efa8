"""The DuckDB warehouse: opened late, closed early, by one writer at a time.

No connection outlives the step that opened it, so that dbt and the next run meet no lock.
Who may open it at all is decided by the writer lock of the run (``orchestration``); what a killed
run had begun in a process of its own may outlive that lock by seconds, and is waited for.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from assets.kernel.errors import EquipoiseError

_POLL_SECONDS = 0.1


@dataclass(frozen=True)
class Warehouse:
    """The warehouse file of one network.

    Parameters
    ----------
    path : Path
        DuckDB file; made on first use.
    threads : int
        Threads of a connection. Float aggregates that feed a decision use one (``exact``).
    patience_seconds : float
        How long to wait for another process that holds the file: longer than dbt goes on after a killed run.
    """

    path: Path
    threads: int = 2
    patience_seconds: float = 15.0

    @contextmanager
    def connect(self, *, exact: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
        """Open the warehouse for one step.

        Parameters
        ----------
        exact : bool
            One thread, so that sums of floats are the same in every run.

        Raises
        ------
        EquipoiseError
            If another process still holds the file after the wait.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        connection = self._opened(threads=1 if exact else self.threads)
        try:
            connection.execute("set timezone = 'UTC'")
            yield connection
        finally:
            connection.close()

    def _opened(self, threads: int) -> duckdb.DuckDBPyConnection:
        ends = time.monotonic() + self.patience_seconds
        while True:
            try:
                return duckdb.connect(str(self.path), config={"threads": threads})
            except duckdb.IOException as error:
                if time.monotonic() >= ends:
                    raise EquipoiseError(
                        f"the warehouse cannot be opened: {error}",
                        where=str(self.path),
                        remedy="Wait for the run that holds it, or end that process",
                    ) from error
            time.sleep(_POLL_SECONDS)
