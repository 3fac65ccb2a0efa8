"""What is published of groups: sums of the item-site forecast, their spread, and what reconciliation is worth.

Here: the two frames. Not here: the methods (``reconcile``), their test (``coherence``), or the
item-site forecast itself (``forecast``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd

from assets.forecasting.evaluation.calibrate import LEVELS, MINIMUM_POOL, calibrate, untested
from assets.forecasting.evaluation.outcomes import Outcomes
from assets.forecasting.hierarchy.coherence import CoherenceTest, coherence_test
from assets.forecasting.hierarchy.coherence_scores import BASE, CoherenceScores, coherence_scores
from assets.forecasting.hierarchy.hierarchy import Hierarchy, build_hierarchy
from assets.forecasting.hierarchy.named_means import means_by_name
from assets.forecasting.hierarchy.reconcile import BOTTOM_UP, level_means
from assets.forecasting.history.arrays import Reals
from assets.forecasting.history.censoring import fill_censored
from assets.forecasting.history.index import DECISION_LEVEL, KEY
from assets.forecasting.history.panel import SeriesPanel
from assets.forecasting.history.phase import season_phase
from assets.forecasting.history.remembered import remembered_panel
from assets.forecasting.models.boosted import BoostedModel
from assets.kernel.calendar import PlanCalendar
from assets.kernel.frames.forecasts import COHERENCE, HIERARCHY_FORECAST
from assets.policy.release import ForecastRules, Release

# A reconciled mean is good to some 1e-10 of itself: beyond, scores differ by where arrays lie in memory.
SCORE_DIGITS = 6
_SPREAD = ["cumulative_std_units", "cumulative_q10_units", "cumulative_q90_units"]
_QUANTILES = [int(np.flatnonzero(level == LEVELS)[0]) for level in (0.1, 0.9)]


@dataclass(frozen=True)
class HierarchyForecast:
    """Frames ``HIERARCHY_FORECAST`` and ``COHERENCE``."""

    forecast: pd.DataFrame
    coherence: pd.DataFrame


def forecast_hierarchy(
    forecast: pd.DataFrame,
    demand: pd.DataFrame,
    items: pd.DataFrame,
    sites: pd.DataFrame,
    release: Release,
    calendar: PlanCalendar,
    plan_date: dt.date,
    *,
    events: pd.DataFrame | None = None,
    tested: BoostedModel | None = None,
    mean_factors: Mapping[str, float] | None = None,
    used: str = BOTTOM_UP,
) -> HierarchyForecast:
    """Add the item-site forecast up, and test whether the groups' own forecasts would improve it.

    Parameters
    ----------
    forecast : DataFrame
        Frame ``DEMAND_FORECAST`` of the plan date.
    demand, items, sites : DataFrame
        Frames ``FCT_DEMAND``, ``DIM_ITEM`` (category) and ``DIM_SITE`` (region).
    release : Release
        Menu of the groups, origins and margin.
    calendar : PlanCalendar
        Bucket grid.
    plan_date : date
        First bucket forecast.
    events : DataFrame, optional
        Frame ``DIM_EVENT`` that the item-site forecast was made with.
    tested : BoostedModel, optional
        Model of all series as the backtest had it (``Selection.tested``); fitted again without it.
    mean_factors : mapping, optional
        Segment to what its models' means were multiplied with; 1 for what it does not name.
    used : str
        Reconciliation method that the item-site forecast was made with.

    Returns
    -------
    HierarchyForecast
        Empty frames for an empty forecast.
    """
    if forecast.empty:
        return HierarchyForecast(HIERARCHY_FORECAST.empty(), COHERENCE.empty())
    first = forecast[forecast["bucket_index"] == 0].sort_values(KEY, ignore_index=True)
    horizon = len(forecast) // len(first)
    panel = _panel_of(first, demand, items, sites, release.forecast, calendar, plan_date, events, horizon)
    means = forecast.sort_values([*KEY, "bucket_index"])["mean_units"].to_numpy().reshape(panel.size, -1)
    region_of = dict(zip(sites["site_id"], sites["region"], strict=True))
    named = first[[*KEY, "model"]].assign(mean_factor=first["demand_segment"].map(dict(mean_factors or {})))
    test = coherence_test(panel, region_of, means_by_name(named, tested), release.forecast.origins, means.shape[1])
    scores = coherence_scores(test, release.forecast)
    hierarchy = build_hierarchy(panel.index, region_of)
    phase = season_phase(calendar, plan_date, 0, means.shape[1])
    base = level_means(panel, fill_censored(panel), hierarchy, test.models, phase)
    table = _forecast_frame(hierarchy, hierarchy.sums(means), base, test)
    dates = {place: calendar.bucket_start(plan_date, place) for place in range(means.shape[1])}
    table["bucket_start"] = pd.to_datetime(table["bucket_index"].map(dates))
    stamped = table.assign(plan_date=pd.Timestamp(plan_date))
    return HierarchyForecast(HIERARCHY_FORECAST.conform(stamped), coherence_frame(scores, plan_date, used))


def _panel_of(
    first: pd.DataFrame,
    demand: pd.DataFrame,
    items: pd.DataFrame,
    sites: pd.DataFrame,
    rules: ForecastRules,
    calendar: PlanCalendar,
    plan_date: dt.date,
    events: pd.DataFrame | None,
    horizon: int,
) -> SeriesPanel:
    """Return the panel that the item-site forecast was made of, its series as the rows of ``first`` name them."""
    ranged = first[[*KEY, "demand_segment", DECISION_LEVEL]].merge(
        items[["item_id", "category"]], on="item_id", how="left"
    )
    located = ranged.merge(sites[["site_id", "region"]], on="site_id", how="left").fillna({"category": ""})
    return remembered_panel(
        demand, located, calendar, plan_date, rules.history_buckets,
        events=events, horizon=horizon, origins=rules.origins,
    )  # fmt: skip


def coherence_frame(scores: CoherenceScores, plan_date: dt.date, used: str = BOTTOM_UP) -> pd.DataFrame:
    """Return the scores of all methods as frame ``COHERENCE``."""
    base = next(score for score in scores.methods if score.method == BASE)
    told = {level.level: {"base_model": level.model, "incoherence": level.incoherence} for level in base.levels}
    rows = [
        {
            **asdict(level),
            "method": score.method,
            "item_site_pinball_loss": score.pinball_loss,
            "gain": score.gain,
            "gain_low": score.gain_low,
            "better_origin_count": score.better_origins,
            "passes_margin": score.method == scores.used != BOTTOM_UP,
            "is_used": score.method == used,
            **told.get(level.level, {"base_model": "", "incoherence": 0.0}),
        }
        for score in scores.methods
        for level in score.levels
    ]
    table = pd.DataFrame(rows).rename(columns={"members": "member_count"})
    shown = table.assign(plan_date=pd.Timestamp(plan_date), origin_count=scores.origin_count)
    optional = ["item_site_pinball_loss", "gain", "gain_low"]
    typed = shown.assign(**{name: shown[name].astype("float64") for name in optional})
    return COHERENCE.conform(typed.round(SCORE_DIGITS))


def _forecast_frame(hierarchy: Hierarchy, means: Reals, base: Reals, test: CoherenceTest) -> pd.DataFrame:
    count, horizon = means.shape
    cumulative = np.cumsum(means, axis=1)
    spread = np.full((count, horizon, len(_SPREAD)), np.nan)
    for level, rows in hierarchy.levels.items():
        spread[rows] = _spread(test, level, cumulative[rows], means[rows].mean(axis=1))
    levels = hierarchy.level_of_group
    table = pd.DataFrame(
        {
            "level": np.repeat(levels, horizon),
            "member": np.repeat(hierarchy.members, horizon),
            "bucket_index": np.tile(np.arange(horizon), count),
            "series_count": np.repeat(hierarchy.sums(np.ones(hierarchy.series_count)), horizon),
            "mean_units": means.ravel(),
            "cumulative_mean_units": cumulative.ravel(),
            "base_mean_units": base.ravel(),
            "base_model": np.repeat([test.models[name] for name in levels], horizon),
        }
    )
    return table.assign(**{name: spread[:, :, place].ravel() for place, name in enumerate(_SPREAD)})


def _spread(test: CoherenceTest, level: str, cumulative: Reals, size: Reals) -> Reals:
    """Return standard deviation and quantiles of a level's cumulative demand, shape (k, H, 3); NaN where unknown.

    Errors of the sums in the backtest, pooled over the level. A test of some of the items tells of
    items only: sums over fewer items are not as sums over all.
    """
    found = np.full((*cumulative.shape, len(_SPREAD)), np.nan)
    outcomes = _group_outcomes(test, test.hierarchy.levels[level])
    if len(outcomes.series) < MINIMUM_POOL or (test.is_part and level != "item"):
        return found
    calibration = calibrate(outcomes, untested(cumulative.shape[1]))
    found[:, :, 0] = calibration.deviation_of(cumulative, size)
    found[:, :, 1:] = calibration.quantiles_of(cumulative, size)[:, :, _QUANTILES]
    return found


def _group_outcomes(test: CoherenceTest, rows: slice) -> Outcomes:
    """Return sums of the series' base forecasts beside what happened, over what is known of the members."""
    sums = test.hierarchy.sums
    mean = [sums(origin.bottom * origin.known)[rows] for origin in test.origins]
    demand = [sums(origin.demand)[rows] for origin in test.origins]
    size, none = rows.stop - rows.start, np.empty((0, 1))
    expected, actual = np.concatenate(mean or [none]), np.concatenate(demand or [none])
    cuts = np.array([origin.cut for origin in test.origins], dtype=np.int64)
    unused = np.full(len(expected), np.nan)
    return Outcomes(
        mean=expected,
        demand=actual,
        known=np.ones(expected.shape, dtype=bool),
        series=np.tile(np.arange(size, dtype=np.int64), len(cuts)),
        origin=np.repeat(cuts, size),
        naive_error=unused,
        naive_square=unused,
        decision_level=unused,
        excess=np.zeros(expected.shape),
    )
