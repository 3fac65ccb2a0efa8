"""The DuckDB warehouse: opened late, closed early, by one writer at a time.

No connection outlives the step that opened it, so that dbt and the next run meet no lock.
Who may open it at all is decided by the writer lock of the run (``orchestration``).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from assets.kernel.errors import EquipoiseError


@dataclass(frozen=True)
class Warehouse:
    """The warehouse file of one network.

    Parameters
    ----------
    path : Path
        DuckDB file; made on first use.
    threads : int
        Threads of a connection. Float aggregates that feed a decision use one (``exact``).
    """

    path: Path
    threads: int = 2

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
            If another process holds the file.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        try:
            connection = duckdb.connect(str(self.path), config={"threads": 1 if exact else self.threads})
        except duckdb.IOException as error:
            raise EquipoiseError(
                f"the warehouse cannot be opened: {error}",
                where=str(self.path),
                remedy="Wait for the run that holds it, or end that process",
            ) from error
        try:
            connection.execute("set timezone = 'UTC'")
            yield connection
        finally:
            connection.close()
