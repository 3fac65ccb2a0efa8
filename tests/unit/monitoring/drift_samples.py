"""Simulated networks whose forecasts are right, or were right until demand changed."""

import datetime as dt

import numpy as np
import pandas as pd
from scipy.stats import nbinom

from assets.kernel.frames.forecasts import FORECAST_SCORES, QUANTILE_COLUMNS, QUANTILE_LEVELS

FIRST = dt.date(2026, 1, 5)
DAYS = 200
SIZE = 2.0
"""Of the negative binomial: variance is mean + mean squared / SIZE."""


def forecasts(levels: np.ndarray, days: int, *, bucket_index: int = 0, segment: str = "smooth") -> pd.DataFrame:
    """Return the right distribution of the next bucket of every series, on each of some plan dates."""
    quantiles = nbinom.ppf(np.array(QUANTILE_LEVELS), SIZE, SIZE / (SIZE + levels[:, None]))
    one = pd.DataFrame(quantiles, columns=list(QUANTILE_COLUMNS)).assign(
        item_id=[f"item-{place:03d}" for place in range(len(levels))],
        site_id="store-01",
        demand_segment=segment,
        decision_level=0.9,
        bucket_index=bucket_index,
        mean_units=levels,
        cumulative_mean_units=levels,
        cumulative_std_units=np.sqrt(levels + levels**2 / SIZE),
    )
    dates = [pd.Timestamp(FIRST + dt.timedelta(days=day)) for day in range(days)]
    return pd.concat([one.assign(plan_date=day, bucket_start=day) for day in dates], ignore_index=True)


def drawn(levels: np.ndarray, days: int, seed: int, *, shift: float = 1.0, since: int = 10**6) -> np.ndarray:
    """Return demand (days, series) of those distributions; ``shift`` times as much from day ``since`` on."""
    rng = np.random.default_rng(seed)
    mean = levels[None, :] * np.where(np.arange(days) >= since, shift, 1.0)[:, None]
    return rng.negative_binomial(SIZE, SIZE / (SIZE + mean)).astype(float)


def demand_of(forecast: pd.DataFrame, units: np.ndarray, stock: np.ndarray | None = None) -> pd.DataFrame:
    """Return the demand table of drawn units; with a stock, whatever empties the shelf is censored at it."""
    table = forecast[["item_id", "site_id", "bucket_start"]].copy()
    flat = units.ravel()
    lower = flat if stock is None else np.minimum(flat, stock.ravel())
    return table.assign(
        demand_lower_bound_units=lower.astype(int),
        is_censored=False if stock is None else flat >= stock.ravel(),
        available_at=table["bucket_start"] + pd.Timedelta(days=1),
    )


def scores(segment: str = "smooth", *, bias: float = 0.0, coverage: float = 0.8) -> pd.DataFrame:
    """Return the backtest of one champion."""
    values: dict[str, object] = dict.fromkeys(FORECAST_SCORES.names, 0.0)
    values |= {
        "plan_date": pd.Timestamp(FIRST), "demand_segment": segment, "model": "SomeModel", "origin_count": 3,
        "bias": bias, "coverage_80": coverage, "pit_coverage_80": coverage, "pinball_loss": 0.2, "is_champion": True,
    }  # fmt: skip
    return FORECAST_SCORES.conform(pd.DataFrame([values]))
