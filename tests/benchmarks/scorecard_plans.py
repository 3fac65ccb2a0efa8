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
from assets.forecasting.history.build_panel import build_panel
from assets.forecasting.segment_forecasts import ANALOGUE, UNINFORMED
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
    origin : array (n,)
        Which plan it was; 0 is the latest.
    borrowed : array (n,)
        Whether the series told too little of itself and was forecast from others.
    """

    segment: npt.NDArray[np.object_]
    actual: Reals
    quantiles: Reals
    origin: npt.NDArray[np.int64]
    borrowed: Flags


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
    borrowed = made["model"].isin([ANALOGUE, UNINFORMED]).to_numpy(dtype=bool).reshape(-1, horizon)
    whole, actual = _happened(bench, made.iloc[::horizon][["item_id", "site_id"]], origin)
    plan = np.full(int(whole.sum()), origin, dtype=np.int64)
    return Windows(segment[whole], actual[whole], quantiles[whole], plan, borrowed[whole])


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
        "pit_coverage_80_by_plan": _by_plan(windows.origin[chosen], lower, upper),
        "pit_coverage_80_not_borrowed": _covered(lower, upper, ~windows.borrowed[chosen]),
    }


def _by_plan(origin: npt.NDArray[np.int64], lower: Reals, upper: Reals) -> list[float | None]:
    """Return the coverage of each plan that has a window, the latest first."""
    return [_covered(lower, upper, origin == plan) for plan in np.unique(origin)]


def _covered(lower: Reals, upper: Reals, chosen: Flags) -> float | None:
    return pit_coverage(lower[chosen], upper[chosen], *BAND)
