"""What Dagster shows of lead times and forecasts: numbers, tables and plots as plain values.

Not here: Dagster; the face wraps the values.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pandas as pd

from assets.forecasting.pages.announcements import Calendar
from assets.forecasting.pages.calibration_chart import calibration_chart
from assets.forecasting.pages.fan_chart import fan_charts
from assets.forecasting.pages.noteworthy import Noteworthy, largest_series, worst_series
from assets.forecasting.pages.series_view import bucket_days_of, series_view
from assets.kernel.frames.forecasts import FORECAST_SCORES
from assets.kernel.page import Page, Plot

# Buckets of history that a chart shows.
HISTORY_SHOWN = 60
LONGEST_SHOWN = 10
SERIES_DRAWN = 3


def lead_time_page(evidence: pd.DataFrame) -> Page:
    """Return how many sources are known, what their orders told, and those that vary most.

    Parameters
    ----------
    evidence : DataFrame
        What ``learn_lead_times`` found beside the distributions.
    """
    keys = ["receipt_kind", "source_id", "site_id", "mode"]
    worst = evidence.sort_values(["std_days", *keys], ascending=[False, True, True, True, True])
    return {
        "sources": len(evidence),
        "sources_without_orders": int((evidence["order_days"] == 0).sum()),
        "order_days": int(evidence["order_days"].sum()),
        "longest_mean_days": round(float(evidence["mean_days"].max()), 2) if len(evidence) else 0.0,
        "most_variable": worst.head(LONGEST_SHOWN).round(3),
    }


def forecast_page(
    forecast: pd.DataFrame,
    demand: pd.DataFrame,
    scores: pd.DataFrame,
    sensitive: Collection[str] = (),
    *,
    recent: pd.DataFrame | None = None,
    calendar: Calendar | None = None,
) -> Page:
    """Return totals, which model forecasts how many series, how good champions are, fans of the largest and worst.

    Parameters
    ----------
    forecast : DataFrame
        Frame ``DEMAND_FORECAST``.
    demand : DataFrame
        Frame ``FCT_DEMAND``, which the forecast was made from.
    scores : DataFrame
        Frame ``FORECAST_SCORES``: each segment's champion is shown; all candidates by ``scores_page``.
    sensitive : collection of str
        Items of which nothing is drawn: nobody can hide a curve once it is a picture.
    recent : DataFrame, optional
        Demand of the last stretch (``last_stretch``), which the worst are found by.
    calendar : Calendar, optional
        What is announced, which is shaded.
    """
    first = forecast[forecast["bucket_index"] == 0]
    page: Page = {
        "series": len(first),
        "expected_units_next_bucket": round(float(first["mean_units"].sum()), 1),
        "expected_units_over_horizon": round(float(forecast["mean_units"].sum()), 1),
        "model_version": str(forecast["model_version"].iloc[0]) if len(forecast) else "",
        "models": _models(forecast),
    }
    champions = scores[scores["is_champion"]]
    if len(champions):
        page["scorecard"] = scorecard_table(champions)
        page |= _calibration(scores)
    drawn = forecast[~forecast["item_id"].isin(list(sensitive))] if sensitive else forecast
    if len(drawn):
        largest = largest_series(drawn, SERIES_DRAWN)
        page["largest_series"] = _fans(largest, drawn, demand, calendar)
        page["worst_series"] = _fans(worst_series(drawn, recent, SERIES_DRAWN, largest), drawn, demand, calendar)
    return page


def scores_page(scores: pd.DataFrame) -> Page:
    """Return the champions, every candidate's scores, and how well the 80 % band is calibrated."""
    champions = scores[scores["is_champion"]]
    page: Page = {
        "segments": len(champions),
        "candidates": len(scores),
        **{f"{name}_of_champions": value for name, value in _coverages(champions).items()},
        "champions": champions[["demand_segment", "model", "series_count", "pinball_loss"]].round(4),
        "scorecard": scorecard_table(scores),
    }
    return page | _calibration(scores)


def _calibration(scores: pd.DataFrame) -> Page:
    return {"calibration": calibration_chart(scores)} if scores["coverage_80"].notna().any() else {}


def scorecard_table(scores: pd.DataFrame) -> pd.DataFrame:
    """Return every score of every candidate: by segment, the champion first, then the lowest loss."""
    counts = [name for name in FORECAST_SCORES.names if name.endswith("_count")]
    told = [name for name in FORECAST_SCORES.names if name not in ("plan_date", "is_champion", *counts)]
    # What a champion is chosen by and whether its band holds come first: the page shows a few columns.
    first = ["demand_segment", "model", "pinball_loss", "coverage_80", "pit_coverage_80"]
    columns = [name for name in dict.fromkeys((*first, *told, *counts)) if name in scores]
    order = ["demand_segment", "is_champion", "pinball_loss", "model"]
    ranked = scores.sort_values(order, ascending=[True, False, True, True])
    marked = ranked.assign(model=np.where(ranked["is_champion"], ranked["model"] + " (champion)", ranked["model"]))
    return marked[columns].round(4).reset_index(drop=True)


def _models(forecast: pd.DataFrame) -> pd.DataFrame:
    last = forecast.sort_values("bucket_index", kind="stable").drop_duplicates(["item_id", "site_id"], keep="last")
    groups = last.groupby(["demand_segment", "model"], sort=True)["cumulative_mean_units"].agg(["size", "sum"])
    named = groups.rename(columns={"size": "series", "sum": "expected_units"}).round(1)
    return named.reset_index()


def _coverages(champions: pd.DataFrame) -> dict[str, float]:
    """Return raw and randomised coverage of champions, segments weighted by their series."""
    found = {}
    for name in ("coverage_80", "pit_coverage_80"):
        tested = champions.dropna(subset=[name]) if name in champions else champions.iloc[:0]
        weights = tested["series_count"].to_numpy(dtype=float)
        if weights.sum() > 0:
            found[name] = round(float(np.average(tested[name].astype(float), weights=weights)), 4)
    return found


def _fans(series: list[Noteworthy], forecast: pd.DataFrame, demand: pd.DataFrame, calendar: Calendar | None) -> Plot:
    days = bucket_days_of(forecast, demand)
    since = forecast["bucket_start"].min() - pd.Timedelta(days=HISTORY_SHOWN * days)
    # By date first: names are compared for the rows that are drawn, not for years of all series.
    recent = demand[demand["bucket_start"] >= since]
    views = [
        (series_view(recent, forecast, one.item, one.site, buckets=HISTORY_SHOWN, bucket_days=days), one.why)
        for one in series
    ]
    if calendar is not None:
        views = [(view.with_announced(calendar), why) for view, why in views]
    return fan_charts(views)
