"""Forecasts of earlier plan dates beside the demand that is known by now: one row per window.

A window is an item, a site and a plan date, from that date to the end of a bucket ahead. Here: which
windows count, and what a censored one says. Not here: reading what was published
(``earlier_forecasts``), or whether a forecast has drifted (``drift``).

A censored bucket is never left out for being censored, because those that sell out are the days of
high demand. Its lower bound counts: its transform lies anywhere above that of the bound, and its
demand is what was to be expected given the bound. Both are right on average as long as the stock at
hand was not chosen with knowledge of the demand that came.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from assets.forecasting.evaluation.calibrate import LEVELS
from assets.forecasting.evaluation.outcomes import SCORED_SHARE
from assets.forecasting.evaluation.pit import pit_bounds
from assets.forecasting.evaluation.scorecard import at_quantile_level
from assets.forecasting.history.arrays import Reals
from assets.forecasting.history.index import KEY
from assets.kernel.frames.forecasts import QUANTILE_COLUMNS, quantile_column

BAND = (0.1, 0.9)
WINDOW_COLUMNS = (
    "plan_date",
    *KEY,
    "demand_segment",
    "is_known",
    "forecast_units",
    "variance",
    "demand_units",
    "pit_lower",
    "pit_upper",
    "is_inside",
    "pinball_units",
)
"""One row per window: what was forecast and what came, in base units; variance is of the forecast, and the pinball
loss is taken at its decision level."""


def standing_demand(demand: pd.DataFrame) -> pd.DataFrame:
    """Return the latest version of each bucket: key, ``bucket_start``, ``lower_units`` and ``is_censored``."""
    # As the forecaster's series: what is told at the same time by the same batch is told apart by what it says.
    told = ["available_at", "batch_id", "demand_lower_bound_units", "is_censored"]
    order = [name for name in told if name in demand]
    versions = demand.sort_values([*KEY, "bucket_start", *order], kind="stable")
    latest = versions.drop_duplicates([*KEY, "bucket_start"], keep="last")
    lower = np.maximum(latest["demand_lower_bound_units"].to_numpy(dtype=np.float64), 0.0)
    return latest[[*KEY, "bucket_start", "is_censored"]].assign(lower_units=lower).reset_index(drop=True)


def next_bucket_windows(forecast: pd.DataFrame, demand: pd.DataFrame) -> pd.DataFrame:
    """Compare the first bucket of forecasts with its demand.

    Parameters
    ----------
    forecast : DataFrame
        Rows of ``DEMAND_FORECAST`` with ``bucket_index`` 0, of any plan dates.
    demand : DataFrame
        As ``standing_demand`` returns it; windows without a row drop out.

    Returns
    -------
    DataFrame
        Columns ``WINDOW_COLUMNS``.
    """
    both = forecast.merge(demand, on=[*KEY, "bucket_start"], how="inner")
    mean, lower = both["cumulative_mean_units"].to_numpy(), both["lower_units"].to_numpy()
    known = ~both["is_censored"].to_numpy(dtype=bool)
    expected = expected_given_at_least(mean, both["cumulative_std_units"].to_numpy(), lower)
    bounds = pit_bounds(lower, both[list(QUANTILE_COLUMNS)].to_numpy(), LEVELS)
    upper = np.where(known, bounds[1], 1.0)
    return _windows(both, known, np.where(known, lower, expected), (bounds[0], upper))


def whole_horizon_windows(forecast: pd.DataFrame, means: pd.DataFrame, demand: pd.DataFrame) -> pd.DataFrame:
    """Compare forecasts over their whole horizon with the demand of all its buckets.

    Unlike that of one bucket, a lower bound of the sum says little about where in the distribution
    it lies: most buckets are known exactly. An unknown bucket counts what was to be expected of it,
    given its lower bound; windows with less than half of their buckets known drop out, as in the
    backtest.

    Parameters
    ----------
    forecast : DataFrame
        Rows of ``DEMAND_FORECAST`` of the last bucket ahead, one per plan date, item and site.
    means : DataFrame
        ``mean_units`` of every bucket of the same.
    demand : DataFrame
        As ``standing_demand`` returns it.

    Returns
    -------
    DataFrame
        Columns ``WINDOW_COLUMNS``.
    """
    by = ["plan_date", *KEY]
    buckets = means[[*by, "bucket_start", "mean_units"]].merge(
        forecast[[*by, "cumulative_mean_units", "cumulative_std_units"]], on=by
    )
    buckets = buckets.merge(demand, on=[*KEY, "bucket_start"], how="left")
    # Censored, or not reported at all.
    unknown = ~buckets["is_censored"].isin([False]).to_numpy()
    mean, lower = buckets["mean_units"].to_numpy(), buckets["lower_units"].fillna(0.0).to_numpy()
    # The variance of a bucket as its share of the mean, as if buckets were independent.
    share = mean / np.maximum(buckets["cumulative_mean_units"].to_numpy(), 1e-9)
    spread = buckets["cumulative_std_units"].to_numpy() * np.sqrt(np.minimum(share, 1.0))
    filled = np.where(unknown, expected_given_at_least(mean, spread, lower), lower)
    told = buckets[by].assign(demand_units=filled, known=~unknown)
    sums = told.groupby(by, sort=True).agg(demand_units=("demand_units", "sum"), known_share=("known", "mean"))
    both = forecast.merge(sums.reset_index(), on=by)
    both = both[both["known_share"] >= SCORED_SHARE].reset_index(drop=True)
    units = both["demand_units"].to_numpy()
    bounds = pit_bounds(units, both[list(QUANTILE_COLUMNS)].to_numpy(), LEVELS)
    return _windows(both, both["known_share"].to_numpy() == 1.0, units, bounds)


def expected_given_at_least(mean: Reals, deviation: Reals, lower: Reals) -> Reals:
    """Return what demand was to be expected of a bucket, given that at least so much was asked for.

    Demand as a gamma distribution of shape k and scale s: ``E[D | D >= b] = k s Q(k + 1, b/s) / Q(k, b/s)``
    with the regularised upper incomplete gamma function Q (Abramowitz and Stegun 1964, 6.5 and 26.4),
    half a unit below the bound, because demand is counted.

    Parameters
    ----------
    mean, deviation : array (n,)
        Forecast of the bucket.
    lower : array (n,)
        Units that were certainly asked for; 0 says nothing and returns the mean.

    Examples
    --------
    >>> expected_given_at_least(np.array([4.0, 4.0]), np.array([2.0, 2.0]), np.array([0.0, 6.0])).round(2)
    array([4.  , 7.09])
    """
    from scipy.special import gammaincc

    usable = (mean > 0.0) & (deviation > 0.0)
    shape = np.where(usable, (mean / np.where(usable, deviation, 1.0)) ** 2, 1.0)
    bound = np.maximum(lower - 0.5, 0.0) * shape / np.where(usable, mean, 1.0)
    below, above = gammaincc(shape, bound), gammaincc(shape + 1.0, bound)
    # Beyond what the forecast thought possible, the bound itself is all that is known.
    possible = usable & (below > 1e-12)
    expected = np.where(possible, mean * above / np.where(possible, below, 1.0), mean)
    found: Reals = np.maximum(expected, lower)
    return found


def _windows(both: pd.DataFrame, known: Reals, units: Reals, bounds: tuple[Reals, Reals]) -> pd.DataFrame:
    low, high = (both[quantile_column(edge)].to_numpy() for edge in BAND)
    level = both["decision_level"].to_numpy()
    error = units - at_quantile_level(both[list(QUANTILE_COLUMNS)].to_numpy()[:, None, :], level)[:, 0]
    found = {
        "plan_date": both["plan_date"].to_numpy(),
        **{name: both[name].to_numpy() for name in KEY},
        "demand_segment": both["demand_segment"].to_numpy(),
        "is_known": known,
        "forecast_units": both["cumulative_mean_units"].to_numpy(),
        "variance": both["cumulative_std_units"].to_numpy() ** 2,
        "demand_units": units,
        "pit_lower": bounds[0],
        "pit_upper": bounds[1],
        "is_inside": (low <= units) & (units <= high),
        "pinball_units": np.maximum(level * error, (level - 1.0) * error),
    }
    return pd.DataFrame(found, columns=list(WINDOW_COLUMNS))
