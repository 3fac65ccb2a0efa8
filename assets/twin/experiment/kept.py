"""What is known of demand by date, and what policies decided, kept in a folder from run to run.

One Parquet file a table and date, or a policy and window, in folders named by what they depend on: the
code that makes them, the release, and whatever the caller adds. Not here: making it (``setting``, ``player``).
"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import pandas as pd

from assets.kernel.identifiers import bytes_digest
from assets.twin.day import Lines

MAKERS = ("kernel", "features", "forecasting", "inventory", "policy")
"""Packages whose code decides what is known."""

DECIDERS = (*MAKERS, "rebalancing", "twin")
"""Packages whose code decides what policies do with it."""

ASSETS = Path(__file__).parents[2]


@dataclass(frozen=True)
class Known:
    """What every policy knows on a date.

    Attributes
    ----------
    forecast, targets, protection : DataFrame
        Forecast and targets as published, demand between two arrivals.
    """

    forecast: pd.DataFrame
    targets: pd.DataFrame
    protection: pd.DataFrame


@dataclass(frozen=True)
class Keep:
    """A folder of what is known.

    Attributes
    ----------
    folder : Path
        Of this network, release and code; made when something is written.
    """

    folder: Path

    @classmethod
    def of(cls, root: Path, says: Iterable[str], packages: Iterable[str] = MAKERS) -> Keep:
        """Return the keep of what ``says`` and the code of some packages name together."""
        code = [path.read_text(encoding="utf-8") for name in packages for path in sorted((ASSETS / name).rglob("*.py"))]
        return cls(root / bytes_digest("\0".join([*says, *code]).encode())[:16])

    def read(self, date: dt.date) -> Known | None:
        """Return what was kept of a date; None where something of it is missing."""
        paths = [self._path(date, field.name) for field in fields(Known)]
        if not all(path.exists() for path in paths):
            return None
        return Known(*(pd.read_parquet(path) for path in paths))

    def write(self, date: dt.date, known: Known) -> None:
        """Keep what is known on a date; each file appears whole or not at all."""
        for field in fields(Known):
            self._write(self._path(date, field.name), getattr(known, field.name))

    def lines(self, name: str) -> tuple[Lines, ...] | None:
        """Return the lines of every bucket of a window that was played; None where it was not."""
        path = self.folder / f"{name}.parquet"
        if not path.exists():
            return None
        table = pd.read_parquet(path)
        last = table["bucket"] < 0
        every, rows = int(table.loc[last, "units"].iloc[0]), table[~last]
        columns = [rows[field.name].to_numpy() for field in fields(Lines)]
        of_bucket = [np.flatnonzero(rows["bucket"].to_numpy() == bucket) for bucket in range(every)]
        return tuple(Lines(*(column[own] for column in columns)) for own in of_bucket)

    def write_lines(self, name: str, lines: Sequence[Lines]) -> None:
        """Keep the lines of every bucket of a window; a row of bucket -1 tells how many buckets there are."""
        tables = [
            pd.DataFrame({field.name: getattr(one, field.name) for field in fields(Lines)}).assign(bucket=bucket)
            for bucket, one in enumerate((*lines, Lines.none()))
        ]
        end = pd.DataFrame([dict.fromkeys((field.name for field in fields(Lines)), 0)]).assign(
            units=len(lines), bucket=-1, price=0.0, freight=0.0
        )
        whole = [table for table in [*tables, end] if len(table)]
        self._write(self.folder / f"{name}.parquet", pd.concat(whole, ignore_index=True))

    def _write(self, path: Path, table: pd.DataFrame) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        half = path.with_suffix(f".{os.getpid()}")
        table.to_parquet(half, index=False)
        half.replace(path)

    def _path(self, date: dt.date, name: str) -> Path:
        return self.folder / f"{date:%Y%m%d}-{name}.parquet"
