"""Key figures of the network over four weeks. Not here: what they mean (``monitoring.kpis``)."""

from __future__ import annotations

import pandas as pd

from assets.kernel.frames.kpis import KPIS, NETWORK
from assets.monitoring.report.day import Day, Row

WINDOW_DAYS = 28
"""The window that is told; shorter ones jump about, longer ones hide what changed."""
_COLUMNS = ("kpi", "window_days", "dimension", "value", "unit", "previous_value")


def key_figures(day: Day) -> list[Row]:
    """Return the key figures of the whole network, beside the four weeks before; none where none are published."""
    table = day.part(KPIS, _COLUMNS)
    mine = table[(table["window_days"] == WINDOW_DAYS) & (table["dimension"] == NETWORK) & table["value"].notna()]
    return [
        {
            "kpi": str(row["kpi"]).replace("_", " "),
            "value": float(row["value"]),
            "value_before": None if pd.isna(row["previous_value"]) else float(row["previous_value"]),
            "unit": str(row["unit"]),
        }
        for row in mine.sort_values("kpi").to_dict("records")
    ]
