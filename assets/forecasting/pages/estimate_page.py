"""What Dagster shows of past demand: what stock-outs hid, and what stands out. Not here: Dagster."""

from __future__ import annotations

import pandas as pd

from assets.forecasting.demand_estimate import PUBLISHED_BUCKETS
from assets.forecasting.history.anomalies import Anomaly
from assets.kernel.calendar import PlanCalendar
from assets.kernel.page import Page

KEY = ["item_id", "site_id"]
SHOWN = 10


def estimate_page(estimate: pd.DataFrame, demand: pd.DataFrame, calendar: PlanCalendar) -> Page:
    """Return how much demand stock-outs hid, how often, and where most.

    Parameters
    ----------
    estimate : DataFrame
        Frame ``DEMAND_ESTIMATE``.
    demand : DataFrame
        Frame ``FCT_DEMAND``, which the estimate was made from.
    calendar : PlanCalendar
        Grid of the network.
    """
    censored = estimate[estimate["is_censored"]]
    sold, buckets = _recent(estimate, demand, calendar)
    lost = float(censored["lost_units"].sum())
    return {
        "rows": len(estimate),
        "lost_units_estimated": round(lost, 1),
        "lost_share_of_demand": round(lost / max(sold + lost, 1e-9), 4),
        "censored_buckets": len(censored),
        "censored_share_of_buckets": round(len(censored) / max(buckets, 1), 4),
        "partly_in_stock_buckets": int((censored["lower_bound_units"] > 0).sum()),
        "not_reported_buckets": int(estimate["sold_units"].isna().sum()),
        "most_lost": _most_lost(censored),
    }


def anomalies_page(anomalies: pd.DataFrame) -> Page:
    """Return how many buckets stand out and levels moved, and the largest of both."""
    counts = anomalies["kind"].value_counts()
    return {
        **{kind.value: int(counts.get(kind.value, 0)) for kind in Anomaly},
        "series": len(anomalies[KEY].drop_duplicates()),
        "largest_outliers": _largest(anomalies[anomalies["kind"].isin([Anomaly.SPIKE, Anomaly.DIP])]),
        "largest_shifts": _largest(anomalies[anomalies["kind"].isin([Anomaly.LEVEL_UP, Anomaly.LEVEL_DOWN])]),
    }


def _recent(estimate: pd.DataFrame, demand: pd.DataFrame, calendar: PlanCalendar) -> tuple[float, int]:
    """Return units sold and buckets reported in the window that the estimate is published of."""
    if estimate.empty:
        return 0.0, 0
    days = PUBLISHED_BUCKETS[calendar.bucket] * calendar.bucket.days
    plan_date = estimate["plan_date"].iloc[0]
    inside = (demand["bucket_start"] >= plan_date - pd.Timedelta(days=days)) & (demand["bucket_start"] < plan_date)
    return float(demand.loc[inside, "demand_lower_bound_units"].sum()), int(inside.sum())


def _most_lost(censored: pd.DataFrame) -> pd.DataFrame:
    groups = censored.groupby(KEY, sort=True)
    table = groups.agg(
        censored_buckets=("is_censored", "size"),
        sold_units=("lower_bound_units", "sum"),
        estimated_units=("estimated_units", "sum"),
        lost_units=("lost_units", "sum"),
        last_bucket=("bucket_start", "max"),
    ).reset_index()
    return table.sort_values(["lost_units", *KEY], ascending=[False, True, True]).head(SHOWN).round(1)


def _largest(found: pd.DataFrame) -> pd.DataFrame:
    order = found.assign(size=found["size_units"].abs()).sort_values(
        ["size", *KEY, "bucket_start"], ascending=[False, True, True, True]
    )
    columns = [*KEY, "bucket_start", "kind", "found_units", "usual_units", "evidence_deviations"]
    return order[columns].head(SHOWN).round(1)
