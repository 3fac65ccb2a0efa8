"""What the pages of alerts and drift show, as plain values. Not here: Dagster."""

from __future__ import annotations

import numpy as np
import pandas as pd

from assets.kernel.figures import blank_figure, png_bytes
from assets.kernel.frames.monitoring import ALL_SEGMENTS, PIT_BINS, PIT_COLUMNS
from assets.kernel.page import Page, Plot
from assets.monitoring.alerts import SEVERITIES, by_money, message
from assets.monitoring.drift import Drift
from assets.monitoring.recalibration import NEXT_BUCKET
from assets.monitoring.report.digest import digest_markdown

_SHOWN = 20
_DRIFT_SHOWN = [
    "demand_segment", "horizon_buckets", "origin_count", "window_count", "bias", "wape", "tracking_signal",
    "pit_coverage_80", "pinball_loss", "backtest_pinball_loss", "level_signal", "coverage_signal",
    "recalibration_requested", "reason",
]  # fmt: skip
BROWN_LIMIT = 4.0
"""Mean absolute deviations that Brown (1959) allows a tracking signal; drawn, and no rule here."""


def alerts_page(alerts: pd.DataFrame) -> Page:
    """Return the number of alerts by severity and those with most money at stake."""
    counts = alerts["severity"].value_counts()
    ranked = by_money(alerts).head(_SHOWN)
    titles = [message(row)[0] for row in ranked.to_dict("records")]
    return {
        **{f"{severity}_alerts": int(counts.get(severity, 0)) for severity in reversed(SEVERITIES)},
        "alerts": ranked[["stake_amount", "owner", "message", "remedy"]].assign(title=titles),
    }


def digest_page(lines: pd.DataFrame) -> Page:
    """Return the digest as it is read."""
    return {"lines": len(lines), "digest": digest_markdown(lines)}


def drift_page(drift: Drift) -> Page:
    """Return which segments ask for recalibration, all segments as a table, and two plots."""
    table = drift.table
    asked = table.loc[table["recalibration_requested"], "demand_segment"]
    page: Page = {
        "recalibration_requested": ", ".join(asked) or "none",
        "plan_dates_compared": int(table["origin_count"].max()) if len(table) else 0,
        "segments": table[_DRIFT_SHOWN],
    }
    if len(table):
        page["tracking_signal"] = tracking_chart(drift.days)
        page["pit_histogram"] = pit_chart(table)
    return page


def tracking_chart(days: pd.DataFrame) -> Plot:
    """Return a PNG of each segment's tracking signal at the next bucket, over the plan dates compared."""
    figure = blank_figure()
    axes = figure.add_subplot()
    near = days[days["horizon_buckets"] == NEXT_BUCKET]
    for segment, path in near.groupby("demand_segment", sort=True):
        width = 2.4 if segment == ALL_SEGMENTS else 1.2
        axes.plot(path["plan_date"], path["tracking_signal"], marker=".", label=str(segment), linewidth=width)
    for limit in (-BROWN_LIMIT, BROWN_LIMIT):
        axes.axhline(limit, color="#94a3b8", linestyle="--", linewidth=1)
    axes.set_title("Tracking signal of the next bucket: sum of errors over their mean size; above 0 too high")
    axes.legend(loc="upper left", frameon=False, ncols=4)
    figure.autofmt_xdate()
    return png_bytes(figure)


def pit_chart(table: pd.DataFrame) -> Plot:
    """Return a PNG of the network's histogram of transforms, one panel a horizon; flat is calibrated."""
    figure = blank_figure()
    network = table[table["demand_segment"] == ALL_SEGMENTS]
    middle = (np.arange(PIT_BINS) + 0.5) / PIT_BINS
    for place, row in enumerate(network.to_dict("records")):
        axes = figure.add_subplot(1, len(network), place + 1)
        axes.bar(middle, [row[name] for name in PIT_COLUMNS], width=0.9 / PIT_BINS, color="#0284c7")
        axes.axhline(1.0 / PIT_BINS, color="#334155", linestyle="--", linewidth=1)
        buckets = row["horizon_buckets"]
        axes.set_title(f"{buckets} bucket{'s' if buckets > 1 else ''}, {row['window_count']} windows")
        axes.set_xlabel("where demand fell in its forecast distribution")
    return png_bytes(figure)
