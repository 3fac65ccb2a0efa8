"""Which item-sites meet demand, and what is told of each: segment, category, region, price band, decision level.

Not here: their demand (``series``), or what is declared of their end (``ending``).
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from assets.forecasting.history.arrays import Reals
from assets.forecasting.history.grid import runs_of
from assets.forecasting.history.index import DECISION_LEVEL, KEY
from assets.kernel.errors import EquipoiseError
from assets.kernel.frames.forecasts import QUANTILE_LEVELS
from assets.policy.critical_ratio import critical_ratios
from assets.policy.release import ForecastRules, Release

# Items of a category are told apart by thirds of their list prices.
PRICE_BANDS = 3


def series_to_forecast(
    demand: pd.DataFrame, features: pd.DataFrame, items: pd.DataFrame | None, sites: pd.DataFrame | None
) -> pd.DataFrame:
    """Return the item-sites that meet demand; a site that only serves others has none of its own.

    Parameters
    ----------
    demand, features : DataFrame
        Frames ``FCT_DEMAND`` and ``FEAT_ITEM_SITE``.
    items, sites : DataFrame or None
        Frames ``DIM_ITEM`` and ``DIM_SITE``.

    Raises
    ------
    EquipoiseError
        If an item-site is ranged twice.
    """
    _require_once(features)
    ranged = features[[*KEY, "demand_segment"]]
    if sites is not None:
        located = sites[["site_id", "echelon"]].assign(region=sites.get("region", ""))
        ranged = ranged.merge(located, on="site_id", how="inner")
        selling = pd.MultiIndex.from_frame(runs_of(demand)[0])
        sells = pd.MultiIndex.from_frame(ranged[KEY]).isin(selling)
        ranged = ranged[(ranged["echelon"] == 0).to_numpy() | sells]
    if items is None:
        return ranged.assign(category="", price_band=0)
    told = items[["item_id", "category"]].assign(price_band=price_bands(items))
    return ranged.merge(told, on="item_id", how="left").fillna({"category": "", "price_band": 0})


def _require_once(features: pd.DataFrame) -> None:
    twice = features.loc[features.duplicated(KEY), KEY].drop_duplicates()
    if len(twice):
        item, site = twice.iloc[0]
        raise EquipoiseError(
            f"{len(twice)} item-sites stand twice, first {item} at {site}",
            where="feat_item_site",
            remedy="Keep one row an item and site",
        )


def price_bands(items: pd.DataFrame) -> np.ndarray:
    """Return the third of its category's list prices that each item is in, from 1; 0 without a price.

    Examples
    --------
    >>> price_bands(pd.DataFrame({"category": ["a"] * 3 + ["b"], "unit_price": [9.0, 1.0, 5.0, 7.0]}))
    array([3, 1, 2, 3])
    """
    if "unit_price" not in items:
        return np.zeros(len(items), dtype=np.int64)
    share = items["unit_price"].astype("float64").groupby(items["category"].to_numpy()).rank(pct=True)
    bands: np.ndarray = np.ceil(share.fillna(0.0).to_numpy() * PRICE_BANDS).astype(np.int64)
    return bands


def with_decision_levels(
    ranged: pd.DataFrame,
    features: pd.DataFrame,
    items: pd.DataFrame | None,
    settings: pd.DataFrame | None,
    release: Release,
) -> pd.DataFrame:
    """Return ranged item-sites with ``decision_level``, the quantile of demand at which their models are compared.

    It is the critical ratio of their orders, within the published levels: beyond them no quantile is
    told, and a loss at a level that the quantile is not of would reward tails that are too wide. Where
    a fill rate is promised the ratio depends on the forecast, and the release's quantile counts.

    Parameters
    ----------
    ranged : DataFrame
        As ``series_to_forecast`` returns it.
    features : DataFrame
        Frame ``FEAT_ITEM_SITE``, for ABC classes.
    items, settings : DataFrame or None
        Frames ``DIM_ITEM`` and ``DIM_ITEM_SITE``: costs and service targets.
    release : Release
        Service by default, and the quantile of what nobody states costs or service of.
    """
    usual = release.forecast.decision_quantile
    if items is None or settings is None or not _tells_costs(settings):
        return ranged.assign(**{DECISION_LEVEL: usual})
    costs = settings.merge(items[["item_id", "unit_cost", "unit_price"]], on="item_id")
    costs = costs.merge(features[[*KEY, "abc_class"]], on=KEY, how="left")
    promise = critical_ratios(costs, release)
    level = np.where(promise.by_fill_rate, usual, np.clip(promise.ratio, QUANTILE_LEVELS[0], QUANTILE_LEVELS[-1]))
    told = costs[KEY].assign(**{DECISION_LEVEL: level})
    return ranged.merge(told, on=KEY, how="left").fillna({DECISION_LEVEL: usual})


def decision_levels(index: pd.DataFrame, rules: ForecastRules) -> Reals:
    """Return the level of each series of a panel; the release's quantile where the panel was made without any."""
    if DECISION_LEVEL in index:
        return index[DECISION_LEVEL].to_numpy(dtype=np.float64)
    return np.full(len(index), rules.decision_quantile)


def _tells_costs(settings: pd.DataFrame) -> bool:
    """Return whether settings are those of the mart, and not only lifecycles."""
    return "holding_cost_per_unit_day" in settings
