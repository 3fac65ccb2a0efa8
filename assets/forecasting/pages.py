"""What Dagster shows of lead times and forecasts: numbers, tables and plots as plain values.

Not here: Dagster; the face wraps the values.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from assets.kernel.figures import blank_figure, png_bytes
from assets.kernel.frames.decisions import quantile_column
from assets.kernel.page import Page, Plot

HISTORY_SHOWN = 60
LONGEST_SHOWN = 10
BANDS = ((0.05, 0.95), (0.2, 0.8), (0.4, 0.6))


def lead_time_page(lead_times: pd.DataFrame) -> Page:
    """Return how many sources are known, and those that vary most."""
    keys = ["receipt_kind", "source_id", "site_id", "mode"]
    weighted = lead_times.assign(
        mean_days=lead_times["lead_time_days"] * lead_times["probability"],
        square=lead_times["lead_time_days"] ** 2 * lead_times["probability"],
    )
    groups = weighted.groupby(keys, sort=True)[["mean_days", "square"]].sum().reset_index()
    groups["std_days"] = np.sqrt(np.maximum(groups["square"] - groups["mean_days"] ** 2, 0.0)).round(2)
    groups["mean_days"] = groups["mean_days"].round(2)
    worst = groups.sort_values(["std_days", *keys], ascending=[False, True, True, True, True])
    return {
        "sources": len(groups),
        "longest_mean_days": float(groups["mean_days"].max()) if len(groups) else 0.0,
        "most_variable": worst.drop(columns="square").head(LONGEST_SHOWN),
    }


def forecast_page(forecast: pd.DataFrame, demand: pd.DataFrame) -> Page:
    """Return the totals, which model forecasts how many series, and the largest series as a fan."""
    first = forecast[forecast["bucket_index"] == 0]
    models = first.groupby(["demand_segment", "model"], sort=True).size().rename("series").reset_index()
    page: Page = {
        "series": len(first),
        "expected_units_next_bucket": round(float(first["mean_units"].sum()), 1),
        "expected_units_over_horizon": round(float(forecast["mean_units"].sum()), 1),
        "model_version": str(forecast["model_version"].iloc[0]) if len(forecast) else "",
        "models": models,
    }
    if len(forecast):
        page["largest_series"] = fan_chart(forecast, demand)
    return page


def scores_page(scores: pd.DataFrame) -> Page:
    """Return the champions and how well their 80 % band is calibrated."""
    champions = scores[scores["is_champion"]]
    columns = ["demand_segment", "model", "series_count", "pinball_loss", "wape", "bias", "coverage_80"]
    tested = champions.dropna(subset=["coverage_80"])
    page: Page = {
        "segments": len(champions),
        "candidates": len(scores),
        "champions": champions[columns].fillna({"coverage_80": 0.0}).round(4),
    }
    if len(tested):
        weights = tested["series_count"].to_numpy(dtype=float)
        page["coverage_80_of_champions"] = round(float(np.average(tested["coverage_80"], weights=weights)), 4)
        page["calibration"] = calibration_chart(tested)
    return page


def fan_chart(forecast: pd.DataFrame, demand: pd.DataFrame) -> Plot:
    """Return a PNG of the series with the largest expected demand: its past, and quantiles ahead.

    Both sides are cumulative, because that is what a protection interval needs.
    """
    keys = ["item_id", "site_id"]
    totals = forecast.groupby(keys, sort=True)["mean_units"].sum().reset_index()
    largest = totals.nlargest(1, "mean_units")
    item, site = largest["item_id"].iloc[0], largest["site_id"].iloc[0]
    ahead = forecast[(forecast["item_id"] == item) & (forecast["site_id"] == site)]
    past = demand[(demand["item_id"] == item) & (demand["site_id"] == site)]
    past = past[past["bucket_start"] < ahead["bucket_start"].min()]
    past = past.sort_values(["bucket_start", "available_at"]).drop_duplicates("bucket_start", keep="last")
    past = past.tail(HISTORY_SHOWN)
    figure = blank_figure()
    axes = figure.add_subplot()
    level = past["demand_lower_bound_units"].cumsum() - past["demand_lower_bound_units"].sum()
    axes.plot(past["bucket_start"], level, color="#334155", label="sold so far")
    for low, high in BANDS:
        bounds = ahead[quantile_column(low)], ahead[quantile_column(high)]
        axes.fill_between(ahead["bucket_start"], *bounds, color="#0284c7", alpha=0.25, linewidth=0)
    axes.plot(ahead["bucket_start"], ahead[quantile_column(0.5)], color="#0369a1", label="median")
    axes.set_title(f"{item} at {site}: cumulative demand, bands of 20, 60 and 90 %")
    axes.set_ylabel("base units from the plan date")
    axes.legend(loc="upper left", frameon=False)
    figure.autofmt_xdate()
    return png_bytes(figure)


def calibration_chart(champions: pd.DataFrame) -> Plot:
    """Return a PNG of each segment's share of outcomes inside the 80 % band."""
    figure = blank_figure()
    axes = figure.add_subplot()
    axes.bar(champions["demand_segment"], champions["coverage_80"], color="#0284c7")
    axes.axhline(0.8, color="#334155", linestyle="--", linewidth=1)
    axes.set_ylim(0, 1)
    axes.set_title("Share of backtested outcomes inside the 10 % to 90 % band")
    return png_bytes(figure)
