"""Whether a segment's forecasts have to be recalibrated: two control charts, and a reason in words.

Only the next bucket is judged. Its windows do not overlap, and it is known first. A plan date is one
point, however many series it has, because series share their weather: what they have in common is in
the spread of the points. Windows over the whole horizon are shown, so far apart that they do not
overlap; there are too few of them for a chart. Not here: the charts' recursion and limits
(``control_chart``), or the refit, which a request leaves to the next plan.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from assets.kernel.frames.monitoring import ALL_SEGMENTS
from assets.monitoring.control_chart import LIMIT, MINIMUM_POINTS, Chart, cumulative_sum, spread_of

NEXT_BUCKET = 1
COVERAGE = 0.8
LEVEL_TOLERANCE = 0.05
"""Share by which forecasts may be off, unless the backtest of the champion was off by more."""
COVERAGE_TOLERANCE = 0.03
"""Distance of coverage from 80 % that is no fault, unless the backtest's was larger."""
SPREAD_FLOOR = 0.02
"""Least standard deviation of a point: no network is known better than by two percent."""


@dataclass(frozen=True)
class _Charted:
    """The plan dates of the selection in force and after the last request, on both charts."""

    origins: pd.Series[Any]
    error: pd.Series[Any]
    coverage: pd.Series[Any]
    level_chart: Chart
    coverage_chart: Chart


def judge(
    segment: str, horizon_buckets: int, days: pd.DataFrame, promised: Mapping[Any, Any] | None, restart: dt.date | None
) -> dict[str, Any]:
    """Judge one segment and horizon.

    Parameters
    ----------
    segment : str
        Demand segment; that of the whole network is charted and asks for nothing.
    horizon_buckets : int
        Buckets of the windows; only those of ``NEXT_BUCKET`` are judged.
    days : DataFrame
        One row per plan date, in order: ``plan_date``, ``forecast_units``, ``demand_units``,
        ``variance``, ``coverage``, ``window_count``.
    promised : mapping, optional
        The champion's row of ``FORECAST_SCORES``.
    restart : date, optional
        Plan date of the last request, or the last before the selection in force; later forecasts are charted.

    Returns
    -------
    dict
        Columns of ``FORECAST_DRIFT`` from ``charted_from`` on.
    """
    charted = _charted(days, promised, restart)
    level, coverage = charted.level_chart, charted.coverage_chart
    why_not = _unjudged(segment, horizon_buckets, len(days), len(charted.origins))
    judged = horizon_buckets == NEXT_BUCKET and len(days) >= MINIMUM_POINTS
    asks = not why_not and (level.signals or coverage.signals)
    return {
        "charted_from": charted.origins.iloc[0] if len(charted.origins) else None,
        "charted_origin_count": len(charted.origins),
        "level_signal": level.signal if judged else None,
        "coverage_signal": coverage.signal if judged else None,
        "recalibration_requested": asks,
        "reason": why_not or (_why(charted) if asks else f"Both charts are within {LIMIT:g}"),
    }


def _charted(days: pd.DataFrame, promised: Mapping[Any, Any] | None, restart: dt.date | None) -> _Charted:
    """Chart the relative error of a segment's units, and its coverage less 80 %."""
    expected = np.maximum(days["forecast_units"], 1.0)
    error: pd.Series[Any] = (days["forecast_units"] - days["demand_units"]) / expected
    missed = days["coverage"] - COVERAGE
    # What chance alone would do to each, were series independent.
    alone = np.sqrt(days["variance"]) / expected
    chance = np.sqrt(COVERAGE * (1.0 - COVERAGE) / days["window_count"])
    since = pd.Series(data=True, index=days.index) if restart is None else days["plan_date"] > pd.Timestamp(restart)
    charts = [
        cumulative_sum(values[since].to_numpy(), spread[since.to_numpy()], tolerance)
        for values, spread, tolerance in (
            (error, spread_of(error.to_numpy(), alone.to_numpy(), SPREAD_FLOOR), _level_tolerance(promised)),
            (missed, spread_of(missed.to_numpy(), chance.to_numpy(), SPREAD_FLOOR), _coverage_tolerance(promised)),
        )
    ]
    return _Charted(days["plan_date"][since], error[since], days["coverage"][since], *charts)


def _level_tolerance(promised: Mapping[Any, Any] | None) -> float:
    """Return how far the level may be off: what the backtest has shown already is no drift."""
    shown = None if promised is None or promised["origin_count"] == 0 else promised["bias"]
    return LEVEL_TOLERANCE if pd.isna(shown) else max(LEVEL_TOLERANCE, abs(float(shown)))


def _coverage_tolerance(promised: Mapping[Any, Any] | None) -> float:
    shown = None if promised is None else promised["pit_coverage_80"]
    return COVERAGE_TOLERANCE if pd.isna(shown) else max(COVERAGE_TOLERANCE, abs(float(shown) - COVERAGE))


def _unjudged(segment: str, horizon_buckets: int, points: int, charted: int) -> str:
    """Return why nothing is asked for whatever the charts say; empty if they decide."""
    if horizon_buckets != NEXT_BUCKET:
        return "Shown only: windows over the whole horizon that do not overlap are too few to judge"
    if points < MINIMUM_POINTS:
        return f"Not judged yet: {points} of {MINIMUM_POINTS} plan dates"
    if segment == ALL_SEGMENTS:
        return "Shown only: segments are judged"
    return "" if charted else "No forecast of the selection in force made after the last request is known yet"


def _why(charted: _Charted) -> str:
    reasons = []
    if charted.level_chart.signals:
        run = charted.level_chart.run
        off = float(charted.error.tail(run).mean())
        reasons.append(
            f"forecasts were {abs(off):.0%} too {'high' if charted.level_chart.signal > 0 else 'low'} over the last "
            f"{run} plan dates (chart {abs(charted.level_chart.signal):.1f}, limit {LIMIT:g})"
        )
    if charted.coverage_chart.signals:
        run = charted.coverage_chart.run
        share = float(charted.coverage.tail(run).mean())
        reasons.append(
            f"the 80 % band held {share:.0%} of outcomes over the last {run} plan dates "
            f"(chart {abs(charted.coverage_chart.signal):.1f}, limit {LIMIT:g})"
        )
    text = "; ".join(reasons)
    return f"{text[0].upper()}{text[1:]}"
