"""Plots of the report as SVG: the same records draw the same bytes, without a display.

Text is drawn as outlines, so that a plot looks the same wherever it is opened. Not here: the records.
"""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from assets.kernel.figures import blank_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, PALE, BLUE, AMBER = "#1f2937", "#cbd5e1", "#1d4ed8", "#b45309"
_LIGHT_BLUE = "#93c5fd"
_WIDTH = 7.2
_STYLE: dict[str, Any] = {
    "svg.hashsalt": "equipoise",
    "svg.fonttype": "path",
    "font.size": 9,
    "font.family": "DejaVu Sans",
}

Rows = Sequence[Mapping[str, Any]]


def costs_more(policies: Rows, currency: str) -> bytes:
    """Return bars of what each baseline would have cost more than the plan; empty where nothing is known."""
    known = [row for row in policies[1:] if row["costs_more_amount"] is not None]
    if not known:
        return b""
    figure, axes = _axes(0.55 + 0.38 * len(known))
    names = [row["policy"] for row in known]
    amounts = [float(row["costs_more_amount"]) for row in known]
    bars = axes.barh(names, amounts, color=BLUE, height=0.62)
    axes.bar_label(bars, labels=[f" {amount:,.0f}" for amount in amounts], padding=2)
    axes.invert_yaxis()
    axes.margins(x=0.14)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    axes.axvline(0.0, color=INK, linewidth=0.8)
    _titled(axes, f"What else would have cost more than this plan, {currency} over the horizon")
    return _svg(figure)


def stock_by_site(sites: Rows, currency: str) -> bytes:
    """Return stock of sites beside what their targets ask for; empty without sites."""
    known = [row for row in sites if row["stock_amount"] is not None and row["target_amount"] is not None]
    if not known:
        return b""
    figure, axes = _axes(0.8 + 0.26 * len(known))
    places = range(len(known))
    axes.barh(places, [row["stock_amount"] for row in known], color=_LIGHT_BLUE, height=0.62, label="stock now")
    before = [(place, row["stock_before_amount"]) for place, row in enumerate(known) if row["stock_before_amount"]]
    if before:
        axes.plot([x for _, x in before], [y for y, _ in before], "|", color=INK, markersize=9, label="last plan")
    targets = [row["target_amount"] for row in known]
    axes.plot(targets, places, "D", color=AMBER, markersize=4.5, label="target")
    axes.set_yticks(list(places), [str(row["site_id"]) for row in known])
    axes.invert_yaxis()
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    axes.legend(frameon=False, ncols=3, loc="lower right")
    _titled(axes, f"Stock of the largest sites against their targets, {currency} at standard cost")
    return _svg(figure)


def demand(past: Rows, ahead: Rows) -> bytes:
    """Return the network's demand of the last buckets and its forecast; empty without a forecast."""
    if not ahead or any(row["units"] is None for row in (*past, *ahead)):
        return b""
    figure, axes = _axes(2.4)
    if past:
        axes.plot(*_curve(past), color=INK, linewidth=1.2, label="sold, at least asked for")
    axes.plot(*_curve(ahead), color=BLUE, linewidth=1.8, label="expected")
    axes.axvline(dt.date.fromisoformat(ahead[0]["bucket"]), color=PALE, linewidth=1)  # type: ignore[arg-type]
    axes.set_ylim(bottom=0)
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    axes.legend(frameon=False, ncols=2, loc="lower left")
    _titled(axes, "Demand of the network, units a bucket")
    return _svg(figure)


def bias_by_segment(segments: Rows) -> bytes:
    """Return by how much forecasts of each segment were off; empty where none was compared."""
    known = [row for row in segments if row["bias"] is not None]
    if not known:
        return b""
    figure, axes = _axes(0.6 + 0.3 * len(known))
    names, values = [row["segment"] for row in known], [100.0 * float(row["bias"]) for row in known]
    bars = axes.barh(names, values, color=[AMBER if abs(value) > 10 else _LIGHT_BLUE for value in values], height=0.62)
    axes.bar_label(bars, labels=[f" {value:+.0f} %" for value in values], padding=2)
    axes.axvline(0.0, color=INK, linewidth=0.8)
    axes.invert_yaxis()
    axes.margins(x=0.2)
    _titled(axes, "Forecasts too high (+) or too low (−), next bucket, last four weeks of plans")
    return _svg(figure)


def _curve(rows: Rows) -> tuple[Any, list[float]]:
    return [dt.date.fromisoformat(row["bucket"]) for row in rows], [float(row["units"]) for row in rows]


def _axes(height_in: float) -> tuple[Figure, Axes]:
    import matplotlib as mpl

    with mpl.rc_context(_STYLE):
        figure = blank_figure(_WIDTH, height_in)
        axes = figure.add_subplot()
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.tick_params(length=2, colors=INK)
    return figure, axes


def _titled(axes: Axes, title: str) -> None:
    axes.set_title(title, loc="left", fontsize=9.5, color=INK)


def _svg(figure: Figure) -> bytes:
    import matplotlib as mpl

    buffer = io.BytesIO()
    # Without a date and a version, and with ids that follow from what is drawn.
    nothing = {"Date": None, "Creator": None}
    with mpl.rc_context(_STYLE):
        figure.savefig(buffer, format="svg", metadata=nothing, transparent=True)
    return buffer.getvalue()
