"""What Dagster shows of the hierarchy: totals by level, and what reconciliation is worth.

Not here: Dagster; the face wraps the values.
"""

from __future__ import annotations

import pandas as pd

from assets.kernel.page import Page

LARGEST_SHOWN = 10


def hierarchy_page(forecast: pd.DataFrame) -> Page:
    """Return the total, and the largest groups of every level and their 80 % band."""
    last = forecast[forecast["bucket_index"] == forecast["bucket_index"].max()]
    columns = [
        "level",
        "member",
        "series_count",
        "cumulative_mean_units",
        "cumulative_q10_units",
        "cumulative_q90_units",
    ]
    ranked = last.sort_values(["cumulative_mean_units", "member"], ascending=[False, True])
    largest = ranked[ranked.groupby("level").cumcount() < LARGEST_SHOWN].sort_values("level", kind="stable")
    whole = last[last["level"] == "network"]["cumulative_mean_units"]
    return {
        "groups": len(last),
        "expected_units_over_horizon": round(float(whole.sum()), 1),
        "largest_groups": largest[columns].round(1),
    }


def coherence_page(coherence: pd.DataFrame) -> Page:
    """Return the decision loss of every method, the method that the backtest asks for, and accuracy by level."""
    if coherence.empty:
        return {"methods": 0}
    losses = coherence.dropna(subset=["item_site_pinball_loss"]).drop_duplicates("method")
    columns = [
        "method",
        "item_site_pinball_loss",
        "gain",
        "gain_low",
        "better_origin_count",
        "passes_margin",
        "is_used",
    ]
    passing = losses[losses["passes_margin"]]["method"]
    return {
        "methods": len(losses),
        "origins": int(coherence["origin_count"].iloc[0]),
        "used": ", ".join(losses[losses["is_used"]]["method"]),
        "backtest_asks_for": ", ".join(passing) or "bottom_up",
        "decision_loss": losses[columns].round(5),
        "wape_by_level": _wide(coherence, "wape"),
        "incoherence_before": _wide(coherence[coherence["method"] == "base"], "incoherence"),
    }


def _wide(coherence: pd.DataFrame, column: str) -> pd.DataFrame:
    wide = coherence.pivot_table(index="method", columns="level", values=column, sort=True)
    return wide.round(4).reset_index().rename_axis(columns=None)
