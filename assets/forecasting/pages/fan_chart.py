"""Fan charts of demand as PNG: what buckets asked for and are expected to, and the cumulative bands.

Not here: which series are drawn (``noteworthy``), and the terminal's chart (the command line).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from assets.forecasting.history.announced import PROMOTION
from assets.forecasting.history.effects_table import EVENT, PRICE
from assets.forecasting.pages.series_view import Known, SeriesView
from assets.kernel.figures import blank_figure, png_bytes
from assets.kernel.frames.forecasts import quantile_column
from assets.kernel.page import Plot

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BANDS = ((0.05, 0.95), (0.20, 0.80), (0.40, 0.60))
"""Bounds of the bands of 90, 60 and 20 %, the widest first."""
_INK, _DEEP, _GREY, _AMBER, _PALE = "#334155", "#0369a1", "#94a3b8", "#d97706", "#fcd34d"
_SHADES = ("#e0f2fe", "#bae6fd", "#7dd3fc")
_ANNOUNCED = {
    PROMOTION: ("#dcfce7", "promotion announced"),
    PRICE: ("#f1f5f9", "price announced"),
    EVENT: ("#ede9fe", "event announced"),
}
_STRETCHES_SHOWN = 8
_WIDTH, _ROW, _FOOT = 9.0, 2.5, 0.7
"""Inches: of the figure, of a row, and of the legend below."""
_BAR_POINTS = 300.0
"""What the bars of a row share of its width."""


def fan_charts(views: Sequence[tuple[SeriesView, str]]) -> Plot:
    """Return a PNG with one row for each series.

    On the left demand by bucket, past and expected, with the buckets whose demand is not known
    marked and announced promotions, prices and events shaded. On the right demand added up from the plan
    date: the bands of 20, 60 and 90 %, which are what a protection interval needs and do not follow from those
    of single buckets, over the earlier stretches of the same length, so that past and forecast are seen in one
    unit.

    Parameters
    ----------
    views : sequence of (SeriesView, str)
        The series, and why each is shown.
    """
    rows = max(len(views), 1)
    height = _ROW * rows + _FOOT
    figure = blank_figure(_WIDTH, height, layout=None)
    grid = figure.subplots(rows, 2, squeeze=False, width_ratios=(3, 2))
    # Placed by hand: measuring every text to place it costs as much as drawing it.
    figure.subplots_adjust(0.06, (_FOOT + 0.33) / height, 0.985, 1 - 0.42 / height, wspace=0.17, hspace=0.42)
    for (left, right), (view, why) in zip(grid, views, strict=False):
        draw_buckets(left, view)
        draw_cumulative(right, view)
        left.set_title(_title(view, why), loc="left", fontsize=9, y=1.0)
    for axes in grid.flat:
        _plain(axes)
    if not views:
        grid[0][0].set_title("No series is forecast", loc="left")
    _legend(figure, list(grid.flat))
    return png_bytes(figure)


def draw_buckets(axes: Axes, view: SeriesView) -> None:
    """Draw what each bucket asked for, and is expected to, in base units a bucket."""
    length = pd.Timedelta(days=view.bucket_days)
    middle = _days(view.past["bucket_start"] + length / 2)
    units = np.nan_to_num(view.past["demand_units"].to_numpy(dtype=float))
    known = view.past["known"].to_numpy()
    whole, least = known == Known.WHOLE, known == Known.AT_LEAST
    # As lines, because a bar is a shape of its own and a page has hundreds.
    thick = min(_BAR_POINTS / max(len(middle) + view.horizon, 1), 12.0)
    axes.vlines(middle[whole], 0, units[whole], color=_GREY, linewidth=thick, label="asked for")
    axes.vlines(middle[least], 0, units[least], color=_PALE, linewidth=thick, label="at least asked for")
    foot = np.full(np.count_nonzero(~whole), 0.03)
    axes.scatter(middle[~whole], foot, marker="^", s=14, color=_AMBER, transform=axes.get_xaxis_transform(),
                 label="demand not known (stock-out, no report)", clip_on=False, zorder=3)  # fmt: skip
    _shade_announced(axes, view)
    if view.horizon:
        edges = _days(pd.Series([*view.ahead["bucket_start"], view.ahead["bucket_start"].iloc[-1] + length]))
        # Without a foot, which would read as demand that ends where the horizon does.
        axes.stairs(view.ahead["mean_units"], edges, baseline=None, color=_DEEP, linewidth=1.6, label="expected")
        axes.axvline(edges[0], color=_INK, linewidth=0.8, linestyle=":")
    axes.set_ylim(bottom=0)
    axes.xaxis.set_major_formatter(_day_and_month)
    axes.set_ylabel(f"units a {view.bucket_name}", fontsize=8)


def _shade_announced(axes: Axes, view: SeriesView) -> None:
    """Shade the days of announced promotions, prices and events, past and ahead."""
    for one in view.announced:
        color, label = _ANNOUNCED[one.driver]
        begin, end = _days(pd.Series([pd.Timestamp(one.first_date), pd.Timestamp(one.last_date)]))
        axes.axvspan(begin, end + 1.0, color=color, linewidth=0, zorder=0, label=label)


def draw_cumulative(axes: Axes, view: SeriesView) -> None:
    """Draw the bands of demand added up from the plan date, over earlier stretches."""
    if not view.horizon:
        return
    count = np.arange(view.horizon + 1)
    for (low, high), shade in zip(BANDS, _SHADES, strict=True):
        lower, upper = (_from_zero(view.ahead[quantile_column(level)]) for level in (low, high))
        axes.fill_between(count, lower, upper, color=shade, linewidth=0, label=f"{round(100 * (high - low))} % band")
    for units, whole in view.earlier_stretches()[:_STRETCHES_SHOWN]:
        color, style, label = (_GREY, "-", "earlier stretch") if whole else (_AMBER, "--", "earlier stretch, at least")
        axes.plot(count, _from_zero(units), color=color, linestyle=style, linewidth=0.8, label=label)
    axes.plot(count, _from_zero(view.ahead["cumulative_mean_units"]), color=_DEEP, linewidth=1.6, label="expected")
    axes.set_xlim(0, view.horizon)
    axes.set_ylim(bottom=0)
    axes.set_ylabel("units added up", fontsize=8)
    axes.set_xlabel(f"{view.bucket_name}s from the plan date", fontsize=7, labelpad=1)


def _title(view: SeriesView, why: str) -> str:
    if not view.horizon:
        return f"{view.name}: no forecast"
    first = view.ahead.iloc[0]
    return f"{view.name} ({first['demand_segment']}, {first['model']})\n{why}"


def _from_zero(values: Sequence[float] | pd.Series | np.ndarray) -> np.ndarray:
    return np.concatenate([[0.0], np.asarray(values, dtype=float)])


def _days(times: pd.Series) -> np.ndarray:
    """Return times as days since 1970, so that the axis needs no converter of dates."""
    return times.to_numpy(dtype="datetime64[us]").astype(np.int64) / 86_400e6


def _day_and_month(day: float, _place: float) -> str:
    """Return the date of an axis.

    >>> _day_and_month(20_000.0, 0)
    '4 Oct 24'
    """
    date = pd.Timestamp("1970-01-01") + pd.Timedelta(days=round(day))
    return f"{date.day} {date:%b %y}"


def _plain(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=7)
    # Each label is measured before it is drawn: few of them are most of the speed.
    axes.locator_params(nbins=5)


def _legend(figure: Figure, grid: Sequence[Axes]) -> None:
    """Explain below the figure whatever any of its rows drew."""
    told = {label: handle for axes in grid for handle, label in zip(*axes.get_legend_handles_labels(), strict=True)}
    if told:
        figure.legend(told.values(), told, loc="lower center", frameon=False, fontsize=7, ncols=5)
