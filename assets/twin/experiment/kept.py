"""What is known of demand by date, kept in a folder from run to run.

One Parquet file a table and date, in a folder named by what the tables depend on: the code that makes them,
the release, and whatever the caller adds. Not here: making it (``setting``).
"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Iterable
from dataclasses import dataclass, fields
from pathlib import Path

import pandas as pd

from assets.kernel.identifiers import bytes_digest

MAKERS = ("kernel", "features", "forecasting", "inventory", "policy")
"""Packages whose code decides what is known."""

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
    def of(cls, root: Path, says: Iterable[str]) -> Keep:
        """Return the keep of what ``says`` and the code at hand name together."""
        code = [path.read_text(encoding="utf-8") for name in MAKERS for path in sorted((ASSETS / name).rglob("*.py"))]
        return cls(root / bytes_digest("\0".join([*says, *code]).encode())[:16])

    def read(self, date: dt.date) -> Known | None:
        """Return what was kept of a date; None where something of it is missing."""
        paths = [self._path(date, field.name) for field in fields(Known)]
        if not all(path.exists() for path in paths):
            return None
        return Known(*(pd.read_parquet(path) for path in paths))

    def write(self, date: dt.date, known: Known) -> None:
        """Keep what is known on a date; each file appears whole or not at all."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for field in fields(Known):
            path = self._path(date, field.name)
            half = path.with_suffix(f".{os.getpid()}")
            getattr(known, field.name).to_parquet(half, index=False)
            half.replace(path)

    def _path(self, date: dt.date, name: str) -> Path:
        return self.folder / f"{date:%Y%m%d}-{name}.parquet"
