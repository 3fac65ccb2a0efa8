"""`equipoise bench scorecard`: every candidate of every segment over rolling origins, on four panels.

Quantiles of an origin are calibrated at the other origins; segments are those before the first.
Not here: the panels (``scorecard_panels``), the numbers of a score (``assets.forecasting.evaluation.scorecard``),
coverage of whole plans (``scorecard_plans``), or what each part of the calibration is worth (``scorecard_ablation``).
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from scorecard_ablation import LAWS, ablation
from scorecard_panels import PANELS, BenchPanel
from scorecard_plans import ALL, planned_coverage

from assets.forecasting.evaluation.backtest import SegmentBacktest, backtest
from assets.forecasting.evaluation.calibrate import LEVELS
from assets.forecasting.evaluation.outcomes import Outcomes, joined
from assets.forecasting.evaluation.scorecard import cross_calibrated, score_against
from assets.forecasting.history.arrays import Reals
from assets.forecasting.models.candidates import candidate
from assets.kernel.calendar import Bucket
from assets.kernel.errors import EquipoiseError
from assets.policy.registry import PolicyRegistry
from assets.policy.release import Release
from orchestration.cli.console import table

CHAMPIONS = "champions"
DECIMALS = 4


def run(*, data: Path, panel: Sequence[str] = (), also: Sequence[str] = ()) -> dict[str, Any]:
    """Score the panels.

    Parameters
    ----------
    data : Path
        Folder with a folder of published files for each panel that has any.
    panel : sequence of str
        Which of them; all where it is empty.
    also : sequence of str
        Candidates that every menu gets beside its own.

    Raises
    ------
    EquipoiseError
        If a panel or a candidate is unknown, or files of a panel are missing.
    """
    unknown = [name for name in panel if name not in PANELS]
    if unknown:
        raise EquipoiseError(
            f"there is no panel {unknown[0]}", where="--panel", remedy=f"Name one of {', '.join(PANELS)}"
        )
    release = _with_candidates(PolicyRegistry().active(), also)
    return {
        "panels": {name: measured(make(data), release) for name, make in PANELS.items() if name in (panel or PANELS)}
    }


def _with_candidates(release: Release, also: Sequence[str]) -> Release:
    """Return a release whose menus have some candidates more, at their ends."""
    for name in also:
        try:
            candidate(name, Bucket.DAY)
        except EquipoiseError as unknown:
            raise EquipoiseError(unknown.what, where="--also", remedy=unknown.remedy) from None
    rules = release.forecast
    menus = {
        segment: (*menu, *(name for name in also if name not in menu)) for segment, menu in rules.candidates.items()
    }
    return release.model_copy(update={"forecast": rules.model_copy(update={"candidates": menus})})


def measured(bench: BenchPanel, release: Release) -> dict[str, Any]:
    """Return the scorecard of one panel."""
    started = time.monotonic()
    rules = release.forecast.model_copy(update={"origins": bench.origins})
    panel = bench.panel()
    found = backtest(panel, rules, bench.horizon).segments
    scores = [_row(part, asdict(score)) for part in found for score in part.scores]
    return rounded(
        {
            "series": panel.size,
            "buckets": panel.length,
            "horizon_buckets": bench.horizon,
            "origins": max((part.origin_count for part in found), default=0),
            "decision_quantile": rules.decision_quantile,
            "scores": [*scores, _total(found)],
            "planned": planned_coverage(bench, release),
            "ablation": ablation(found, release.forecast.origins),
            "seconds": round(time.monotonic() - started, 1),
        }
    )


def show(console: Console, found: dict[str, Any]) -> None:
    """Print the scorecard of each panel."""
    for name, panel in found["panels"].items():
        title = (
            f"{name}: {panel['series']:,} series, {panel['origins']} origins, {panel['horizon_buckets']} buckets ahead"
        )
        console.print(table(title, _COLUMNS, [_shown(row) for row in panel["scores"]]))
        covered = [_covered(row) for row in panel["planned"]]
        console.print(table(f"{name}: coverage of the 80 % interval, planned at each origin", _COVERAGE, covered))
        title = f"{name}: raw / PIT coverage, decision loss and bias by what calibrates the champion's earlier origins"
        console.print(table(title, _ABLATION, [_ablated(row) for row in panel["ablation"]]))
        console.print(f"{panel['seconds']:.0f} s")


_COLUMNS = (
    "segment",
    "series",
    "model",
    "champion",
    "pinball",
    "WAPE",
    "bias",
    "MASE",
    "RMSSE",
    "scaled pinball",
    "raw coverage",
    "PIT coverage",
    "windows",
    "uncensored",
)
_METRICS = ("pinball_loss", "wape", "bias", "mase", "rmsse", "scaled_pinball", "coverage_80", "pit_coverage_80")


_COVERAGE = (
    "segment",
    "uncensored windows",
    "raw coverage",
    "PIT coverage",
    "in the wrong tenth",
    "without borrowed forecasts",
    "PIT coverage of each plan, the latest first",
    "tenths of the PIT",
)


def _covered(row: dict[str, Any]) -> list[Any]:
    names = ("coverage_80", "pit_coverage_80", "calibration_error", "pit_coverage_80_not_borrowed")
    shares = ["–" if row[name] is None else f"{row[name]:.3f}" for name in names]
    plans = " ".join(f"{share:.2f}" for share in row["pit_coverage_80_by_plan"])
    tenths = " ".join(f"{100 * share:.0f}" for share in row["pit_histogram"])
    return [row["demand_segment"], row["uncensored_window_count"], *shares, plans, tenths]


_ABLATION = ("segment", "uncensored windows", *LAWS)


def _ablated(row: dict[str, Any]) -> list[Any]:
    laws = [f"{row['coverage_80'][law]:.3f} / {row['pit_coverage_80'][law]:.3f}" for law in LAWS]
    losses = [f"{row['pinball_loss'][law]:.4f}" for law in LAWS]
    biases = [f"{row['bias'][law]:+.3f}" for law in LAWS]
    every = [", ".join(parts) for parts in zip(laws, losses, biases, strict=True)]
    return [row["demand_segment"], row["uncensored_window_count"], *every]


def _shown(row: dict[str, Any]) -> list[Any]:
    metrics = ["–" if row[name] is None else f"{row[name]:.3f}" for name in _METRICS]
    chosen = "yes" if row["is_champion"] else ""
    counts = [row["window_count"], row["uncensored_window_count"]]
    return [row["demand_segment"], row["series_count"], row["model"], chosen, *metrics, *counts]


def _row(part: SegmentBacktest, score: dict[str, Any]) -> dict[str, Any]:
    return {
        "demand_segment": part.segment,
        "series_count": len(part.rows),
        "origin_count": part.origin_count,
        "is_champion": score["model"] == part.champion.name,
        **score,
    }


def _total(found: list[SegmentBacktest]) -> dict[str, Any]:
    """Return the score of the champions together, each with its own segment's calibration."""
    parts = [part for part in found if len(part.outcomes.origin)]
    horizon = parts[0].outcomes.mean.shape[1] if parts else 1
    published = [cross_calibrated(part.outcomes) for part in parts]
    outcomes: Outcomes = joined([corrected for corrected, _ in published], horizon)
    quantiles: Reals = np.concatenate([np.empty((0, horizon, len(LEVELS))), *(found for _, found in published)])
    score = score_against(CHAMPIONS, outcomes, quantiles)
    return {
        "demand_segment": ALL,
        "series_count": sum(len(part.rows) for part in found),
        "origin_count": max((part.origin_count for part in found), default=0),
        "is_champion": True,
        **asdict(score),
    }


def rounded(value: Any) -> Any:
    """Return a document with its floats at four decimals."""
    if isinstance(value, dict):
        return {name: rounded(one) for name, one in value.items()}
    if isinstance(value, list):
        return [rounded(one) for one in value]
    return round(value, DECIMALS) if isinstance(value, float) else value
