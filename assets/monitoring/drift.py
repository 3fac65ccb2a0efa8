"""Forecasts against outcomes by segment and horizon: the table of drift.

Here: the numbers of a segment. Not here: windows (``forecast_outcomes``), the rule that asks for
recalibration (``recalibration``), or reading what was published (``earlier_forecasts``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from assets.forecasting.evaluation.pit import pit_coverage, pit_histogram
from assets.forecasting.evaluation.scores import bias, wape
from assets.forecasting.history.arrays import Reals
from assets.kernel.frames.monitoring import ALL_SEGMENTS, FORECAST_DRIFT, PIT_COLUMNS
from assets.monitoring.forecast_outcomes import BAND
from assets.monitoring.recalibration import judge

_DAYS = ("demand_segment", "horizon_buckets", "plan_date", "tracking_signal")


@dataclass(frozen=True)
class Drift:
    """What a plan date finds.

    Attributes
    ----------
    table : DataFrame
        Frame ``FORECAST_DRIFT``.
    days : DataFrame
        ``tracking_signal`` after each plan date compared, by ``demand_segment``, ``horizon_buckets``
        and ``plan_date``: what the page draws.
    """

    table: pd.DataFrame
    days: pd.DataFrame


def forecast_drift(
    windows: Mapping[int, pd.DataFrame],
    scores: pd.DataFrame,
    restarts: Mapping[str, dt.date],
    plan_date: dt.date,
    in_force_since: dt.date | None = None,
) -> Drift:
    """Judge every segment, and add up the network.

    Parameters
    ----------
    windows : mapping
        Buckets of the horizon to its windows (``forecast_outcomes.WINDOW_COLUMNS``), of plan dates
        whose windows do not overlap.
    scores : DataFrame
        Frame ``FORECAST_SCORES``: what the champions' backtest promised.
    restarts : mapping
        Segment to the plan date of its last request; only forecasts made after it are charted.
    plan_date : date
        Plan that looks back.
    in_force_since : date, optional
        First plan date that was forecast with the selection in force: only forecasts from it on are charted,
        because a refit has answered already for those before. All are if not given.
    """
    champions = {row["demand_segment"]: row for row in scores[scores["is_champion"]].to_dict("records")}
    rows: list[dict[str, Any]] = []
    days: list[pd.DataFrame] = []
    for horizon, of_horizon in sorted(windows.items()):
        network = of_horizon.assign(demand_segment=ALL_SEGMENTS)
        for segment, found in pd.concat([network, of_horizon]).groupby("demand_segment", sort=True):
            name = str(segment)
            daily, promised = by_day(found), champions.get(name)
            row = _row(found, daily, promised)
            row |= judge(name, horizon, daily, promised, _later(restarts.get(name), in_force_since))
            row |= {"demand_segment": name, "horizon_buckets": horizon, "plan_date": pd.Timestamp(plan_date)}
            rows.append(row)
            path = daily[["plan_date", "tracking_signal"]]
            days.append(path.assign(demand_segment=name, horizon_buckets=horizon))
    if not rows:
        return Drift(FORECAST_DRIFT.empty(), pd.DataFrame(columns=list(_DAYS)))
    return Drift(FORECAST_DRIFT.conform(pd.DataFrame(rows)), pd.concat(days, ignore_index=True))


def _later(request: dt.date | None, in_force_since: dt.date | None) -> dt.date | None:
    """Return the last plan date that is not charted: that of the last request, or that before the selection's first."""
    before = None if in_force_since is None else in_force_since - dt.timedelta(days=1)
    return max((day for day in (request, before) if day is not None), default=None)


def tracking_signals(errors: Reals) -> Reals:
    """Return the tracking signal after each plan date: errors so far over their mean absolute size.

    Brown (1959), with the plain mean over all of them in place of a smoothed one; 0 without an error.

    >>> tracking_signals(np.array([1.0, -1.0, 4.0]))
    array([0.5, 0. , 2. ])
    """
    deviation = float(np.abs(errors).mean()) if len(errors) else 0.0
    signals: Reals = np.cumsum(errors) / deviation if deviation > 0 else np.zeros(len(errors))
    return signals


def by_day(windows: pd.DataFrame) -> pd.DataFrame:
    """Return sums by plan date, its coverage and the tracking signal so far: what ``judge`` takes."""
    summed = ["forecast_units", "demand_units", "variance"]
    groups = windows.groupby("plan_date", sort=True)
    days = groups[summed].sum().reset_index()
    bounds = [(group["pit_lower"].to_numpy(), group["pit_upper"].to_numpy()) for _, group in groups]
    errors = (days["forecast_units"] - days["demand_units"]).to_numpy()
    return days.assign(
        window_count=groups.size().to_numpy(),
        coverage=np.array([pit_coverage(*both, *BAND) for both in bounds], dtype=np.float64),
        tracking_signal=tracking_signals(errors),
    )


def _row(windows: pd.DataFrame, days: pd.DataFrame, promised: Mapping[Any, Any] | None) -> dict[str, Any]:
    known = windows[windows["is_known"]]
    demand, forecast = windows["demand_units"].to_numpy(), windows["forecast_units"].to_numpy()
    told, expected = known["demand_units"].to_numpy(), known["forecast_units"].to_numpy()
    bounds = windows["pit_lower"].to_numpy(), windows["pit_upper"].to_numpy()
    sold, errs = bool(told.sum() > 0), bool((days["forecast_units"] != days["demand_units"]).any())
    return {
        "first_origin": days["plan_date"].iloc[0],
        "last_origin": days["plan_date"].iloc[-1],
        "origin_count": len(days),
        "window_count": len(windows),
        "lower_bound_count": len(windows) - len(known),
        "forecast_units": float(forecast.sum()),
        "demand_units": float(demand.sum()),
        "bias": bias(demand, forecast) if demand.sum() > 0 else None,
        "wape": wape(told, expected) if sold else None,
        "tracking_signal": float(days["tracking_signal"].iloc[-1]) if errs else None,
        "coverage_80": float(known["is_inside"].mean()) if len(known) else None,
        "pit_coverage_80": pit_coverage(*bounds, *BAND),
        "pinball_loss": float(known["pinball_units"].mean()) / float(told.mean()) if sold else None,
        "backtest_pinball_loss": None if promised is None else float(promised["pinball_loss"]),
        **dict(zip(PIT_COLUMNS, pit_histogram(*bounds, len(PIT_COLUMNS)).tolist(), strict=True)),
    }
