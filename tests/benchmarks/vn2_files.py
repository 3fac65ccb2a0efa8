"""The organiser's files of the VN2 challenge: read as they are published, orders written back.

Not here: the rules of the game (``vn2_rules``).
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from assets.feeds.importers.files import read_table
from assets.feeds.importers.vn2 import IN_STOCK_FILE, MASTER_FILE, SALES_FILE
from assets.kernel.errors import EquipoiseError

SERIES = ["Store", "Product"]
STATE_COLUMNS = ["End Inventory", "In Transit W+1", "In Transit W+2"]
HIERARCHY = ["ProductGroup", "Department", "StoreFormat"]
# As in the organiser's submission template.
ORDER_COLUMN = "0"
TRUE = ("true", "1", "1.0")
FALSE = ("false", "0", "0.0")
# With fewer quantities among its cells a file is not one of sales.
LEAST_READABLE = 0.5


@dataclass(frozen=True)
class Challenge:
    """The history of the challenge.

    Attributes
    ----------
    series : DataFrame
        Store, Product and hierarchy of each row, sorted by store and product.
    sales : array (n, T)
        Units sold, by week.
    in_stock : array (n, T)
        Whether the week's sales were the whole demand.
    weeks : DatetimeIndex
        Mondays, T of them.
    unreadable : int
        Cells of the sales that are no quantity: weeks of which nothing is known.
    """

    series: pd.DataFrame
    sales: npt.NDArray[np.float64]
    in_stock: npt.NDArray[np.bool_]
    weeks: pd.DatetimeIndex
    unreadable: int = 0

    def until(self, week: int) -> Challenge:
        """Return what was known before week ``week``."""
        return replace(self, sales=self.sales[:, :week], in_stock=self.in_stock[:, :week], weeks=self.weeks[:week])


def published_files(directory: Path) -> tuple[Path, Path, Path]:
    """Return the history's files of week 0, as the organiser calls them: sales, flags, master."""
    return directory / SALES_FILE, directory / IN_STOCK_FILE, directory / MASTER_FILE


def read_challenge(sales: Path, in_stock: Path, master: Path) -> Challenge:
    """Read a history; weeks without a flag count as in stock, a sale that is no quantity as unknown.

    Raises
    ------
    EquipoiseError
        If a file is missing, is not of this kind (few of its sales are quantities), or lacks a series of the
        sales.
    """
    sold, flags, hierarchy = _keyed(sales, []), _keyed(in_stock, []), _keyed(master, HIERARCHY)
    series = sold.sort_index().index
    weeks = _weeks(sold, sales)
    units, told = _sales(sold.loc[series, weeks], sales)
    _require_series(series, flags, in_stock)
    _require_series(series, hierarchy, master)
    known = flags.loc[series].reindex(columns=weeks)
    keys = hierarchy.loc[series, HIERARCHY].reset_index()
    whole = _truths(known, in_stock) & told
    return Challenge(keys, units, whole, pd.DatetimeIndex(weeks), int((~told).sum()))


def read_state(path: Path, series: pd.DataFrame) -> pd.DataFrame:
    """Read what is on hand and in transit, in the order of the file.

    Raises
    ------
    EquipoiseError
        If the file is missing, is not of this kind, or has a series without a history.
    """
    state = _keyed(path, STATE_COLUMNS)
    unknown = state.index.difference(pd.MultiIndex.from_frame(series[SERIES]))
    if len(unknown):
        raise EquipoiseError(
            f"store {unknown[0][0]}, product {unknown[0][1]} has no history ({len(unknown)} such series)",
            where=str(path),
            remedy="Give the sales of every series in the state",
        )
    units = _numbers(state[STATE_COLUMNS], path)
    return pd.DataFrame(np.rint(units).astype(np.int64), index=state.index, columns=STATE_COLUMNS)


def require_place(path: Path) -> None:
    """Raise before anything is decided if orders could not be written there."""
    if path.is_dir() or not os.access(path if path.exists() else path.parent, os.W_OK):
        raise EquipoiseError(
            "orders cannot be written there", where=str(path), remedy="Name a file in a folder that you may write to"
        )


def write_orders(path: Path, orders: pd.Series) -> None:
    """Write store, product and one column of whole units, in the order given.

    Raises
    ------
    EquipoiseError
        If the file cannot be written.
    """
    try:
        orders.rename(ORDER_COLUMN).to_frame().to_csv(path)
    except OSError as error:
        raise EquipoiseError(
            f"orders cannot be written: {error.strerror or error}",
            where=str(path),
            remedy="Name a file in a folder that exists",
        ) from error


def _keyed(path: Path, columns: list[str]) -> pd.DataFrame:
    if not path.is_file():
        raise EquipoiseError("there is no such file", where=str(path), remedy="Name one of the organiser's CSV files")
    table = read_table(path, [*SERIES, *columns])
    if table.duplicated(SERIES).any():
        store, product = table.loc[table.duplicated(SERIES), SERIES].iloc[0]
        raise EquipoiseError(
            f"store {store}, product {product} stands twice", where=str(path), remedy="Keep one row a series"
        )
    return table.set_index(SERIES)


def _weeks(sold: pd.DataFrame, path: Path) -> list[str]:
    weeks = list(sold.columns)
    days = pd.to_datetime(pd.Series(weeks, dtype="object"), format="%Y-%m-%d", errors="coerce")
    if not weeks or days.isna().any() or (days.diff().dropna() != pd.Timedelta(days=7)).any():
        raise EquipoiseError(
            "the columns after Store and Product are not consecutive weeks",
            where=str(path),
            remedy="Name each week by its Monday, such as 2024-04-08, without a gap",
        )
    return weeks


def _sales(table: pd.DataFrame, path: Path) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    """Return units sold, and which cells are quantities: a return, a gap or a word tells nothing of demand."""
    units = table.apply(pd.to_numeric, errors="coerce").to_numpy(dtype=np.float64)
    told = np.isfinite(units) & (units >= 0)
    if told.mean() < LEAST_READABLE:
        # Not this kind of file: the first cell says so.
        _numbers(table, path)
    return np.where(told, units, 0.0), told


def _numbers(table: pd.DataFrame, path: Path) -> npt.NDArray[np.float64]:
    numbers = table.apply(pd.to_numeric, errors="coerce").to_numpy(dtype=np.float64)
    if not np.isfinite(numbers).all() or (numbers < 0).any():
        row, column = np.argwhere(~(np.isfinite(numbers) & (numbers >= 0)))[0]
        store, product = table.index[row]
        raise EquipoiseError(
            f"store {store}, product {product}, {table.columns[column]} is not a quantity",
            where=str(path),
            remedy="Give units of at least 0",
        )
    return numbers


def _truths(flags: pd.DataFrame, path: Path) -> npt.NDArray[np.bool_]:
    words = flags.astype(object).where(flags.notna(), "true").astype(str).apply(lambda column: column.str.lower())
    known = words.isin([*TRUE, *FALSE]).to_numpy()
    if not known.all():
        row, column = np.argwhere(~known)[0]
        raise EquipoiseError(
            f"{words.iloc[row, column]} in week {words.columns[column]} is not a flag",
            where=str(path),
            remedy="Give True, False or nothing",
        )
    return words.isin(TRUE).to_numpy()


def _require_series(series: pd.MultiIndex, table: pd.DataFrame, path: Path) -> None:
    lacking = series.difference(table.index)
    if len(lacking):
        raise EquipoiseError(
            f"store {lacking[0][0]}, product {lacking[0][1]} is missing ({len(lacking)} series are)",
            where=str(path),
            remedy="Give a row for every series of the sales",
        )
