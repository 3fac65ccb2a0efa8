"""Scorecards kept: one JSON document and one Parquet table of a run, each there whole or not at all.

Not here: what a score is (``scorecard``).
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

SCORECARD = "scorecard"


def write_scorecard(folder: Path, told: Mapping[str, Any], rows: pd.DataFrame) -> tuple[Path, Path]:
    """Write a scorecard and return its files: JSON of all, Parquet of a row a run.

    Parameters
    ----------
    folder : Path
        Made if it is not there.
    told : mapping
        Everything that the command answers.
    rows : DataFrame
        One row per policy and run.
    """
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(told, indent=2, sort_keys=True, allow_nan=False)
    return (
        _whole(folder / f"{SCORECARD}.json", lambda path: path.write_text(text + "\n", "utf-8")),
        _whole(folder / f"{SCORECARD}.parquet", lambda path: rows.to_parquet(path, index=False)),
    )


def _whole(path: Path, write: Callable[[Path], object]) -> Path:
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    write(partial)
    os.replace(partial, path)
    return path
