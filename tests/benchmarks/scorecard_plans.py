"""Coverage of what would have been published: a whole forecast at each origin, held against what came.

Segments, champions and calibration are those of the day; nothing after it is seen. Not here: the
scores of candidates (``scorecard``), or the panels (``scorecard_panels``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scorecard_panels import HISTORY_BUCKETS, BenchPanel, Flags, Reals

from assets.forecasting.evaluation.calibrate import LEVELS
from assets.forecasting.evaluation.pit import calibration_error, pit_bounds, pit_coverage, pit_histogram
from assets.forecasting.evaluation.scorecard import BAND, band_of
from assets.forecasting.evaluation.scores import coverage
from assets.forecasting.forecast import forecast_demand
from assets.forecasting.history.series import build_panel
from assets.kernel.frames.forecasts import QUANTILE_COLUMNS
from assets.policy.release import Release

ALL = "all"


@dataclass(frozen=True)
class Windows:
    """Cumulative demand of uncensored windows beside the quantiles that were published for them.

    Attributes
    ----------
    segment : array (n,)
        Segment that the series was in on the day.
    actual : array (n,)
        Base units.
    quantiles : array (n, 13)
        Of the same.
    """

    segment: npt.NDArray[np.object_]
    actual: Reals
    quantiles: Reals


def planned_coverage(bench: BenchPanel, release: Release) -> list[dict[str, Any]]:
    """Return coverage of the 80 % interval by segment, over plans made at each origin.

    Parameters
    ----------
    bench : BenchPanel
        Demand, and where its origins lie.
    release : Release
        Menus and origins of each plan's own backtest.
    """
    parts = [_planned(bench, release, origin) for origin in range(bench.origins)]
    windows = Windows(*(np.concatenate([getattr(part, name) for part in parts]) for name in vars(parts[0])))
    names = [*sorted(set(windows.segment)), ALL]
    return [_coverage(name, windows, (windows.segment == name) | (name == ALL)) for name in names]


def _planned(bench: BenchPanel, release: Release, origin: int) -> Windows:
    plan_date = bench.origin_date(origin)
    features, horizon = bench.features(plan_date), bench.horizon
    made = forecast_demand(
        bench.demand, features, release, bench.calendar, plan_date, horizon, items=bench.items
    ).forecast
    segment = made["demand_segment"].to_numpy(dtype=object).reshape(-1, horizon)
    quantiles = made[list(QUANTILE_COLUMNS)].to_numpy(dtype=np.float64).reshape(-1, horizon, len(LEVELS))
    whole, actual = _happened(bench, made.iloc[::horizon][["item_id", "site_id"]], origin)
    return Windows(segment[whole], actual[whole], quantiles[whole])


def _happened(bench: BenchPanel, series: Any, origin: int) -> tuple[Flags, Reals]:
    """Return which windows after an origin are uncensored, and the demand in them, shape (m, H)."""
    ranged = series.assign(demand_segment="new", category="")
    panel = build_panel(bench.demand, ranged, bench.calendar, bench.plan_date, HISTORY_BUCKETS)
    first = panel.length - bench.horizon * (origin + 1)
    ahead = slice(first, first + bench.horizon)
    whole = np.logical_and.accumulate(panel.observed[:, ahead], axis=1)
    return whole, np.cumsum(panel.demand[:, ahead], axis=1)


def _coverage(name: str, windows: Windows, chosen: Flags) -> dict[str, Any]:
    actual, quantiles = windows.actual[chosen], windows.quantiles[chosen]
    lower, upper = pit_bounds(actual, quantiles, LEVELS)
    histogram = pit_histogram(lower, upper)
    return {
        "demand_segment": name,
        "uncensored_window_count": len(actual),
        "coverage_80": coverage(actual, *band_of(quantiles)),
        "pit_coverage_80": pit_coverage(lower, upper, *BAND),
        "pit_histogram": histogram.tolist(),
        "calibration_error": calibration_error(histogram),
    }
