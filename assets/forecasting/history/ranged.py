"""Which item-sites meet demand, and what is told of each: segment, category, region, price band, critical ratio.

Not here: their demand (``series``), or what is declared of their end (``ending``).
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from assets.forecasting.history.series import KEY, Reals, runs_of
from assets.policy.critical_ratio import COSTS, critical_ratios
from assets.policy.release import ForecastRules, Release

# Items of a category are told apart by thirds of their list prices.
PRICE_BANDS = 3
CRITICAL_RATIO = "critical_ratio"


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
    """
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


def with_critical_ratios(
    ranged: pd.DataFrame,
    features: pd.DataFrame,
    items: pd.DataFrame | None,
    settings: pd.DataFrame | None,
    release: Release,
) -> pd.DataFrame:
    """Return ranged item-sites with ``critical_ratio``, the quantile of demand that their orders rest on.

    Parameters
    ----------
    ranged : DataFrame
        As ``series_to_forecast`` returns it.
    features : DataFrame
        Frame ``FEAT_ITEM_SITE``, for ABC classes.
    items, settings : DataFrame or None
        Frames ``DIM_ITEM`` and ``DIM_ITEM_SITE``: costs and service targets.
    release : Release
        Service by default, and the quantile of what has no settings.
    """
    told = [] if items is None or settings is None else [*items, *settings, *features]
    if not set(COSTS) <= set(told):
        return ranged.assign(**{CRITICAL_RATIO: release.forecast.decision_quantile})
    assert items is not None
    assert settings is not None
    costs = settings.merge(items[["item_id", "unit_cost", "unit_price"]], on="item_id")
    costs = costs.merge(features[[*KEY, "abc_class"]], on=KEY, how="left")
    ratios = costs[KEY].assign(**{CRITICAL_RATIO: critical_ratios(costs, release).ratio})
    return ranged.merge(ratios, on=KEY, how="left").fillna({CRITICAL_RATIO: release.forecast.decision_quantile})


def decision_levels(index: pd.DataFrame, rules: ForecastRules) -> Reals:
    """Return the quantile at which the loss of each series is taken: its critical ratio, or the release's."""
    if CRITICAL_RATIO in index:
        return index[CRITICAL_RATIO].to_numpy(dtype=np.float64)
    return np.full(len(index), rules.decision_quantile)
