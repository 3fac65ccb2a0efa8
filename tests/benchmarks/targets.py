"""`equipoise bench targets`: stock targets over echelons beside published answers, bounds and peers.

Gathers parts, each a function from the folder of data to its lines. Not here: what a part measures
(``targets_guaranteed``, ``targets_stochastic``).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import targets_guaranteed
import targets_stochastic
from rich.console import Console
from targets_rows import Row

from orchestration.cli.console import table

PARTS = {**targets_guaranteed.PARTS, **targets_stochastic.PARTS}


def run(*, data: Path) -> dict[str, Any]:
    """Measure every part.

    Parameters
    ----------
    data : Path
        Folder with a folder of published files for each source.
    """
    return {"parts": {title: [told(row) for row in part(data)] for title, part in PARTS.items()}}


def told(row: Row) -> dict[str, Any]:
    """Return a line as plain values; what could not be reached is nothing, not a number."""
    reached = None if math.isnan(row.reached) else row.reached
    return {**asdict(row), "reached": reached, "difference": row.difference}


def show(console: Console, found: dict[str, Any]) -> None:
    """Print one table a part."""
    columns = ("case", "reached", "reference", "difference", "CPU seconds", "note")
    for title, rows in found["parts"].items():
        console.print(table(title, columns, [_cells(row) for row in rows]))


def _cells(row: Mapping[str, Any]) -> list[Any]:
    """Return the cells of a line; numbers keep the digits that their size leaves room for."""
    numbers = ("" if row[name] is None else f"{row[name]:,.7g}" for name in ("reached", "reference"))
    difference = "" if row["difference"] is None else f"{row['difference']:+.4%}".replace("%", " %")
    seconds = "" if row["seconds"] is None else f"{row['seconds']:.4f}"
    return [row["case"], *numbers, difference, seconds, row["note"]]
