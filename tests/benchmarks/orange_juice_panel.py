"""Dominick's orange juice as a panel: weekly units, and the prices and promotions that drive them.

Not here: the rounds and their scores (``orange_juice``).
"""

from __future__ import annotations

import warnings
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from assets.feeds.importers.files import read_table
from assets.forecasting.history.arrays import Integers, Reals
from assets.forecasting.models.driven_features import DrivenPanel
from assets.kernel.errors import EquipoiseError

KEY = ["store", "brand", "week"]
REFERENCE_WEEKS = 13
CHEAPER = 1e-9


@dataclass(frozen=True)
class Juice:
    """The file's weeks on a grid without gaps.

    Attributes
    ----------
    panel : DrivenPanel
        Series sorted by store and brand; groups are brand and store.
    first_week : int
        Week of the first column.
    """

    panel: DrivenPanel
    first_week: int

    @property
    def weeks(self) -> int:
        """Columns of the grid."""
        return self.panel.units.shape[1]


@dataclass(frozen=True)
class _Shelf:
    # Arrays (n, T) of a series' own, and (n, T, brands) of all brands in its store; NaN where unknown.
    price: Reals
    deal: Reals
    feature: Reals
    prices: Reals
    deals: Reals
    features: Reals
    brand: Integers


def read_juice(path: Path) -> Juice:
    """Read the file of sales, prices, deals and features.

    Raises
    ------
    EquipoiseError
        If it cannot be read, lacks a column, or has a key twice or a price that is not positive.
    """
    rows = _checked(_read(path), path).sort_values(KEY)
    series = pd.MultiIndex.from_frame(rows[KEY[:2]].drop_duplicates())
    place = series.get_indexer(pd.MultiIndex.from_frame(rows[KEY[:2]]))
    first = int(rows["week"].min())
    column = rows["week"].to_numpy() - first
    shape = (len(series), int(column.max()) + 1)

    def wide(values: pd.Series) -> Reals:
        grid = np.full(shape, np.nan)
        grid[place, column] = values
        return grid

    store = np.unique(series.get_level_values("store"), return_inverse=True)[1]
    brand = series.get_level_values("brand").to_numpy(dtype=np.int64) - 1
    prices = np.stack([wide(np.log(rows[name])) for name in _price_columns(rows)], axis=2)
    shelf = _shelf(wide(rows["deal"]), wide(rows["feat"]), prices, store, brand)
    own, regressors, market = _drivers(shelf)
    units = wide(np.round(np.exp(rows["logmove"])))
    return Juice(DrivenPanel(units, own, regressors, market, np.stack([brand, store], axis=1)), first)


def _read(path: Path) -> pd.DataFrame:
    try:
        rows = read_table(path, [*KEY, "logmove", "deal", "feat", "price1"])
        return read_table(path, _price_columns(rows)) if rows["brand"].isin(_brands(rows)).all() else _unpriced(path)
    except (EOFError, zlib.error) as error:
        raise EquipoiseError(
            f"the file is cut short: {error}", where=str(path), remedy="Fetch the published file again"
        ) from error


def _price_columns(rows: pd.DataFrame) -> list[str]:
    return [f"price{brand}" for brand in _brands(rows)]


def _brands(rows: pd.DataFrame) -> list[int]:
    return sorted(int(name[5:]) for name in rows.columns if name[:5] == "price" and name[5:].isdigit())


def _unpriced(path: Path) -> pd.DataFrame:
    raise EquipoiseError(
        "a brand has no price column", where=str(path), remedy="Give a column price<brand> for each brand"
    )


def _checked(rows: pd.DataFrame, path: Path) -> pd.DataFrame:
    twice = rows[rows.duplicated(KEY)]
    if not twice.empty:
        at = ", ".join(f"{name} {twice.iloc[0][name]:.0f}" for name in KEY)
        raise EquipoiseError(f"{at} stands twice", where=str(path), remedy="Fetch the published file again")
    if (rows[_price_columns(rows)] <= 0).to_numpy().any():
        raise EquipoiseError("a price is not positive", where=str(path), remedy="Fetch the published file again")
    return rows


def _shelf(deal: Reals, feature: Reals, prices: Reals, store: Integers, brand: Integers) -> _Shelf:
    """Gather what stands beside each series; a store's prices stand in each of its rows."""
    beside = (int(store.max()) + 1, deal.shape[1], prices.shape[2])
    deals, features, known = np.full(beside, np.nan), np.full(beside, np.nan), np.empty(beside)
    deals[store, :, brand], features[store, :, brand] = deal, feature
    for code in range(beside[0]):
        with warnings.catch_warnings():
            # A store closed for a week has no price.
            warnings.simplefilter("ignore", RuntimeWarning)
            known[code] = np.nanmax(prices[store == code], axis=0)
    return _Shelf(known[store, :, brand], deal, feature, known[store], deals[store], features[store], brand)


def _drivers(shelf: _Shelf) -> tuple[Reals, Reals, Reals]:
    with warnings.catch_warnings():
        # A week or a store without any row knows nothing of its rivals.
        warnings.simplefilter("ignore", RuntimeWarning)
        rivals = shelf.prices.copy()
        rivals[np.arange(len(shelf.brand)), :, shelf.brand] = np.nan
        rival_price = np.nanmean(rivals, axis=2)
        own = np.stack([shelf.price, shelf.feature, shelf.deal], axis=2)
        regressors = np.dstack([own, shelf.feature * shelf.price, rival_price, _featured_rivals(shelf)])
        return own, regressors, _market(shelf, rivals, rival_price)


def _market(shelf: _Shelf, rivals: Reals, rival_price: Reals) -> Reals:
    gap = shelf.prices - shelf.price[..., None]
    change = rivals - _reference(rivals)
    against_chain = np.empty_like(shelf.price)
    for brand in np.unique(shelf.brand):
        same = shelf.brand == brand
        against_chain[same] = shelf.price[same] - np.nanmean(shelf.price[same], axis=0)
    singles = (
        rival_price - shelf.price,
        np.nanmin(shelf.prices, axis=2),
        (gap < -CHEAPER).sum(axis=2),
        against_chain,
        np.nanmean(change, axis=2),
        np.nanmin(change, axis=2),
        _featured_rivals(shelf),
        np.nansum(shelf.deals, axis=2) - np.nan_to_num(shelf.deal),
    )
    return np.concatenate([gap, shelf.features, np.stack(singles, axis=2)], axis=2)


def _featured_rivals(shelf: _Shelf) -> Reals:
    rivals: Reals = np.nansum(shelf.features, axis=2) - np.nan_to_num(shelf.feature)
    return rivals


def _reference(prices: Reals) -> Reals:
    """Return the mean of the weeks before each, up to ``REFERENCE_WEEKS`` of them."""
    means = np.full(prices.shape, np.nan)
    for week in range(1, prices.shape[1]):
        means[:, week] = np.nanmean(prices[:, max(0, week - REFERENCE_WEEKS) : week], axis=1)
    return means
