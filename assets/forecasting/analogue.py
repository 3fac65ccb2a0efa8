"""Series with little or no history of their own: a rate borrowed from analogues.

Demand is Poisson with an unknown rate whose prior is the spread of the analogues' rates (gamma),
so that the forecast is negative binomial and widens by what is not known. Not here: series with
enough history, which models forecast (``candidates``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import betainc

from assets.forecasting.evaluation.calibrate import LEVELS
from assets.forecasting.history.arrays import Flags, Integers, Reals
from assets.forecasting.history.censoring import History
from assets.forecasting.history.fills import LEVEL_WINDOW
from assets.forecasting.history.panel import SeriesPanel

# A prior is never surer than this, and with one or two analogues no surer than exponential.
LEAST_CV2 = 0.25
FEW_ANALOGUES = 3
FEW_ANALOGUES_CV2 = 1.0
# Jeffreys' prior of a Poisson rate: half an event, in no time.
JEFFREYS_SHAPE = 0.5
# What is borrowed from, in this order, and from how many series at least.
ANALOGUE_KEYS: tuple[tuple[tuple[str, ...], int], ...] = (
    (("item_id",), 1),
    (("category", "price_band"), FEW_ANALOGUES),
    (("category",), 1),
    ((), 1),
)
# Series of average demand that a wider profile weighs when a narrower one is told.
PROFILE_SERIES = 40.0


@dataclass(frozen=True)
class AnalogueForecast:
    """Negative-binomial forecast of thin series.

    Attributes
    ----------
    mean : array (m, H)
        Mean demand of each bucket.
    deviation : array (m, H)
        Standard deviation of cumulative demand.
    quantiles : array (m, H, 13)
        Of cumulative demand.
    informed : array (m,)
        Whether analogues with demand were found.
    """

    mean: Reals
    deviation: Reals
    quantiles: Reals
    informed: Flags


def forecast_from_analogues(panel: SeriesPanel, history: History, future_phase: Integers) -> AnalogueForecast:
    """Forecast the thin series of a panel from the others.

    Analogues are the same item at other sites; else the category's items in its price band; else the
    category; else all; each scaled from its site's profile to the series' own. With prior mean ``m`` and
    squared coefficient of variation ``c`` over analogues, and demand ``d`` in ``n`` known buckets of its
    own, the rate is gamma with shape ``1/c + d`` and exposure ``1/(c m) + n``. Without any analogue the
    prior is Jeffreys', spread over the horizon.
    What was certainly sold in censored buckets is a lower bound of the rate.
    """
    rows = np.flatnonzero(panel.is_thin)
    mean, cv2 = _prior(panel, history, panel.is_thin)
    informed = mean > 0
    shape = np.where(informed, 1.0 / cv2, JEFFREYS_SHAPE)
    exposure = np.where(informed, shape / np.where(informed, mean, 1.0), float(len(future_phase)))
    own = np.where(panel.observed[rows], history.level[rows], 0.0).sum(axis=1)
    shape = shape + own
    rate = np.maximum(shape / (exposure + panel.observed_count[rows]), _lower_bound_rate(panel, rows))
    ahead = rate[:, None] * history.ahead(rows, future_phase)
    cumulative = np.cumsum(ahead, axis=1)
    deviation = np.sqrt(cumulative + cumulative**2 / shape[:, None])
    return AnalogueForecast(ahead, deviation, negative_binomial_quantiles(cumulative, shape), informed)


def negative_binomial_quantiles(mean: Reals, shape: Reals) -> Reals:
    """Return quantiles at ``QUANTILE_LEVELS`` of a gamma-Poisson mixture.

    Parameters
    ----------
    mean : array (m, H)
        Means, in units; the variance is ``mean + mean**2 / shape``.
    shape : array (m,)
        Shape of the gamma, above 0.

    Returns
    -------
    array (m, H, 13)
        The least whole number whose cumulative probability reaches the level.
    """
    if mean.size == 0:
        return np.empty((*mean.shape, len(LEVELS)))
    success = (shape[:, None] / (shape[:, None] + mean))[:, :, None]
    size = np.broadcast_to(shape[:, None, None], success.shape)
    levels = np.broadcast_to(LEVELS, (*mean.shape, len(LEVELS)))
    top = (mean + 30.0 * np.sqrt(mean + mean**2 / shape[:, None]) + 1.0).max()
    low = np.full(levels.shape, -1.0)
    high = np.full(levels.shape, np.ceil(top))
    for _ in range(int(np.ceil(np.log2(top + 2.0))) + 1):
        middle = np.floor((low + high) / 2.0)
        reached = betainc(size, np.maximum(middle, 0.0) + 1.0, success) >= levels
        reached &= middle >= 0.0
        high, low = np.where(reached, middle, high), np.where(reached, low, middle)
    return high


def _prior(panel: SeriesPanel, history: History, thin: Flags) -> tuple[Reals, Reals]:
    recent = LEVEL_WINDOW[panel.bucket]
    rate = history.level[:, -recent:].mean(axis=1) if panel.length else np.zeros(panel.size)
    index = panel.index if "price_band" in panel.index else panel.index.assign(price_band=0)
    index = index.assign(rate=np.where(thin, 0.0, rate), profile=site_profiles(index, rate, ~thin))
    known, wanted = index[~thin], index[thin]
    mean, cv2 = np.zeros(len(wanted)), np.full(len(wanted), FEW_ANALOGUES_CV2)
    open_rows = np.ones(len(wanted), dtype=bool)
    for keys, least in ANALOGUE_KEYS:
        group_mean, group_cv2, found = _pool(known, wanted, list(keys), least)
        use = open_rows & found
        mean[use], cv2[use] = group_mean[use], group_cv2[use]
        open_rows &= ~found
    return mean * wanted["profile"].to_numpy(), cv2


def site_profiles(index: pd.DataFrame, rate: Reals, known: Flags) -> Reals:
    """Return how much a site sells of what is sold elsewhere too, for the site and category of each series.

    What a site sells over what its items sell at a site on average, both summed over known series; a
    category at a site shrinks to the site, and a site to 1.

    Parameters
    ----------
    index : DataFrame
        ``item_id``, ``site_id`` and ``category`` of each series.
    rate : array (n,)
        Demand per bucket.
    known : array (n,)
        Which series tell.
    """
    item, site, pair = (_codes(index, *keys) for keys in (("item_id",), ("site_id",), ("site_id", "category")))
    sold, count = np.where(known, rate, 0.0), known.astype(np.float64)
    average = np.bincount(item, sold) / np.maximum(np.bincount(item, count), 1.0)
    expected = np.where(known, average[item], 0.0)
    weight = PROFILE_SERIES * sold.sum() / max(count.sum(), 1.0)
    if weight <= 0:
        return np.ones(len(index))
    of_site = (np.bincount(site, sold) + weight) / (np.bincount(site, expected) + weight)
    first = np.zeros(int(pair.max()) + 1, dtype=site.dtype)
    first[pair] = site
    of_pair = np.bincount(pair, sold) + weight * of_site[first]
    profile: Reals = np.asarray(of_pair / (np.bincount(pair, expected) + weight), dtype=np.float64)[pair]
    return profile


def _codes(index: pd.DataFrame, *names: str) -> Integers:
    return np.asarray(index.groupby(list(names), sort=True).ngroup(), dtype=np.int64)


def _pool(known: pd.DataFrame, wanted: pd.DataFrame, keys: list[str], least: int) -> tuple[Reals, Reals, Flags]:
    """Return mean and spread of the analogues' rates at a site of profile 1, and where there are enough."""
    by = keys or ["every"]
    scaled = known.assign(every=0, scaled=known["rate"] / known["profile"])
    groups = scaled.groupby(by, sort=True)
    pools = groups["scaled"].agg(["var", "count"]).assign(mean=groups["rate"].sum() / groups["profile"].sum())
    found = wanted.assign(every=0).merge(pools.reset_index(), on=by, how="left")
    mean = found["mean"].fillna(0.0).to_numpy(dtype=float)
    count = found["count"].fillna(0).to_numpy(dtype=float)
    variance = found["var"].fillna(0.0).to_numpy(dtype=float)
    cv2 = np.maximum(variance / np.maximum(mean, 1e-12) ** 2, LEAST_CV2)
    cv2 = np.where(count < FEW_ANALOGUES, FEW_ANALOGUES_CV2, cv2)
    return mean, cv2, (mean > 0) & (count >= least)


def _lower_bound_rate(panel: SeriesPanel, rows: Integers) -> Reals:
    censored = ~panel.observed[rows] & (np.arange(panel.length) >= panel.begins[rows][:, None])
    sold = np.where(censored, panel.demand[rows], 0.0).sum(axis=1)
    rate: Reals = sold / np.maximum(censored.sum(axis=1), 1)
    return rate
