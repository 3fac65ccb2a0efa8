"""What the page of shifted levels shows, as plain values. Not here: Dagster."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from assets.kernel.figures import blank_figure, png_bytes
from assets.kernel.page import Page, Plot
from assets.monitoring.signals import Signal

_SHOWN = 20
_PANELS = 4
_COLUMNS = [
    "signal", "member", "score", "score_limit", "shift", "unit", "began_on", "mean_since", "mean_assumed",
    "has_drifted", "reason",
]  # fmt: skip


def process_page(table: pd.DataFrame, signals: Sequence[Signal]) -> Page:
    """Return what has shifted, the signals with the largest scores as a table, and a plot of the first of them."""
    by_score = table.assign(size=table["score"].abs().fillna(-1.0))
    worst = by_score.sort_values(["size", "signal", "member"], ascending=[False, True, True], kind="stable")
    drifted = worst[worst["has_drifted"]]
    page: Page = {
        "drifted": ", ".join(f"{row.signal} of {row.member}" for row in drifted.itertuples()) or "none",
        "judged": int(table["score"].notna().sum()),
        "not_judged": int(table["score"].isna().sum()),
        "signals": worst[_COLUMNS].head(_SHOWN),
    }
    judged = worst[worst["score"].notna()].head(_PANELS)
    if len(judged):
        named = {(signal.kind, signal.member): signal for signal in signals}
        page["largest"] = shift_chart([(row, named[row["signal"], row["member"]]) for row in judged.to_dict("records")])
    return page


def shift_chart(rows: Sequence[tuple[dict[Any, Any], Signal]]) -> Plot:
    """Return a PNG with one panel a signal: its points, the reference's mean, and the stretch that shifted most."""
    figure = blank_figure(height_in=2.0 * len(rows))
    for place, (row, signal) in enumerate(rows):
        axes = figure.add_subplot(len(rows), 1, place + 1)
        count = row["reference_points"]
        latest = len(signal.values) - row["window_points"]
        axes.plot(signal.dates, signal.values, color="#94a3b8", linewidth=1, marker=".", markersize=3)
        axes.axhline(float(signal.values[:count].mean()), color="#334155", linestyle="--", linewidth=1)
        colour = "#dc2626" if row["has_drifted"] else "#0284c7"
        axes.plot(signal.dates[latest:], signal.values[latest:], color=colour, linewidth=2)
        unit = "logarithm of the ratio" if signal.unit == "share" else signal.unit
        axes.set_title(f"{signal.kind} of {signal.member}: score {row['score']:.1f} ({unit})", fontsize=9)
    figure.autofmt_xdate()
    return png_bytes(figure)
