"""Opening the files of a data set: all of them there, readable, with the columns they should have.

Not here: what a column means.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import pandas as pd

from assets.kernel.errors import EquipoiseError


def require_files(directory: Path, names: Iterable[str], *, data_set: str) -> dict[str, Path]:
    """Return the paths of a data set's files.

    Raises
    ------
    EquipoiseError
        If the directory or any file is absent; it names every file that is expected.
    """
    expected = sorted(names)
    missing = [name for name in expected if not (directory / name).is_file()]
    if missing:
        what = "there is no such folder" if not directory.is_dir() else f"{', '.join(missing)} missing"
        raise EquipoiseError(
            what,
            where=str(directory),
            remedy=f"Give the folder of the {data_set} files: {', '.join(expected)}",
        )
    return {name: directory / name for name in expected}


def read_table(path: Path, columns: Sequence[str]) -> pd.DataFrame:
    """Read a CSV that has at least ``columns``, none of them with a gap.

    Raises
    ------
    EquipoiseError
        If it cannot be parsed, lacks a column, has no row, or has a gap in one of the columns.
    """
    try:
        data = pd.read_csv(path)
    except (OSError, ValueError) as error:
        raise EquipoiseError(
            f"the file is not readable CSV: {error}", where=str(path), remedy="Fetch the published file again"
        ) from error
    lacking = [name for name in columns if name not in data.columns]
    gaps = [] if lacking else [name for name in columns if data[name].isna().any()]
    if lacking or gaps or data.empty:
        fault = f"columns {lacking} are missing" if lacking else f"columns {gaps} have gaps" if gaps else "no rows"
        raise EquipoiseError(fault, where=str(path), remedy="Fetch the published file again")
    return data
