"""The calibration plot: the share of outcomes that the 80 % band should hold, and the share it held.

Not here: how coverage is measured (``scorecard``, ``pit``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from assets.kernel.figures import blank_figure, png_bytes
from assets.kernel.page import Plot

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NOMINAL = 0.80
BEST = (0.77, 0.83)
"""Between these the coverage of a band of 80 % is as good as nominal."""
_INK, _BLUE, _GREY, _GREEN = "#334155", "#0369a1", "#cbd5e1", "#dcfce7"
_MARKS = (
    ("coverage_80", "o", "raw: bounds included, so above nominal where demand is few units"),
    ("pit_coverage_80", "D", "randomised PIT: nominal when calibrated"),
)


def calibration_chart(scores: pd.DataFrame) -> Plot:
    """Return a PNG of coverage by segment, of champions in colour and of the other candidates in grey.

    Parameters
    ----------
    scores : DataFrame
        Frame ``FORECAST_SCORES``; what was not tested has no mark.
    """
    segments = sorted(scores["demand_segment"].unique())
    figure = blank_figure(8.0, 1.3 + 0.4 * max(len(segments), 1))
    axes = figure.add_subplot()
    place = scores["demand_segment"].map({segment: row for row, segment in enumerate(segments)}).to_numpy(dtype=float)
    _marks(axes, scores, place)
    coverage = np.concatenate([_numbers(scores, column) for column, *_ in _MARKS])
    axes.set_xlim(max(min([0.6, *(coverage[np.isfinite(coverage)] - 0.02)]), -0.02), 1.01)
    axes.set_yticks(range(len(segments)), segments)
    axes.set_ylim(len(segments) - 0.4, -0.6)
    _explain(axes)
    return png_bytes(figure)


def _marks(axes: Axes, scores: pd.DataFrame, place: np.ndarray) -> None:
    """Mark each candidate's coverage in the row of its segment, and say where there is none."""
    axes.axvspan(*BEST, color=_GREEN, linewidth=0)
    axes.axvline(NOMINAL, color=_INK, linestyle="--", linewidth=1)
    champion = scores["is_champion"].to_numpy(dtype=bool)
    for (column, marker, label), lift in zip(_MARKS, (-0.14, 0.14), strict=True):
        value = _numbers(scores, column)
        # Champions last, so that they lie on top.
        for chosen, color, size, told in ((~champion, _GREY, 24, None), (champion, _BLUE, 44, label)):
            axes.scatter(value[chosen], place[chosen] + lift, marker=marker, color=color, s=size, label=told, zorder=3)
    tested = np.isfinite(_numbers(scores, _MARKS[0][0]))
    for row in sorted(set(place) - set(place[tested])):
        axes.text(NOMINAL, row, "not tested", ha="center", va="center", fontsize=7, color=_INK, backgroundcolor="white")


def _explain(axes: Axes) -> None:
    axes.xaxis.set_major_formatter(lambda share, _place: f"{100 * share:.0f} %")
    axes.set_xlabel("observed; dashed: nominal, green: 77 to 83 %; grey: candidates that lost", fontsize=8)
    title = "Share of backtested cumulative demand between the 10 % and the 90 % quantile"
    # In points, so that neither covers the other however few segments there are.
    axes.set_title(title, loc="left", fontsize=9, pad=20)
    axes.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), frameon=False, fontsize=7, ncols=2, borderpad=0)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=8)


def _numbers(scores: pd.DataFrame, column: str) -> np.ndarray:
    if column not in scores:
        return np.full(len(scores), np.nan)
    return pd.to_numeric(scores[column], errors="coerce").to_numpy(dtype=float)
