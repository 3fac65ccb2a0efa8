"""Plots of key figures, as PNG. Not here: what the page says beside them (``page``)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from assets.kernel.figures import blank_figure, png_bytes
from assets.kernel.frames.forecasts import QUANTILE_LEVELS
from assets.kernel.frames.kpis import SEGMENT, SITE
from assets.kernel.page import Plot
from assets.monitoring.kpis.definitions import PROMISED, Facts
from assets.monitoring.kpis.forecast_figures import below_column
from assets.monitoring.kpis.service_figures import fill_rate

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BLUE, ORANGE, GREY, DARK = "#0284c7", "#ea580c", "#94a3b8", "#334155"
SMOOTHED_BUCKETS = 7
_SITES_SHOWN = 20


def over_time(facts: Mapping[Facts, pd.DataFrame]) -> Plot:
    """Return the network's fill rate, a bucket and over seven, and the stock of every day that was counted."""
    figure = blank_figure(9.0, 4.5, layout=None)
    above, below = figure.subplots(2, 1, sharex=True, gridspec_kw={"height_ratios": [3, 2]})
    ratio = fill_rate(facts[Facts.SERVICE])
    rows = facts[Facts.SERVICE][["day"]].assign(met=ratio.numerator, asked=ratio.denominator)
    days = rows.groupby("day", sort=True)[["met", "asked"]].sum()
    smooth = days.rolling(SMOOTHED_BUCKETS).sum()
    above.plot(days.index, 100 * days["met"] / days["asked"].where(days["asked"] > 0), color=GREY, linewidth=0.8)
    above.plot(smooth.index, 100 * smooth["met"] / smooth["asked"].where(smooth["asked"] > 0), color=BLUE, linewidth=2)
    above.set_ylabel("fill rate, %")
    above.set_title(f"Fill rate (line: {SMOOTHED_BUCKETS} buckets), lost units estimated, and stock")
    counted = facts[Facts.STOCK].loc[facts[Facts.STOCK]["stock_amount"] > 0]
    stock = counted.groupby("day", sort=True)["stock_amount"].sum()
    below.bar(stock.index, stock / 1e3, color=ORANGE)
    below.set_ylabel("stock, thousands")
    below.set_ylim(0, 1.15 * float(stock.max()) / 1e3 if len(stock) else 1.0)
    if stock.empty:
        below.text(0.5, 0.5, "no count is known", transform=below.transAxes, ha="center", color=DARK)
    figure.subplots_adjust(left=0.09, right=0.98, top=0.92, bottom=0.1)
    return png_bytes(figure)


def promised_and_achieved(table: pd.DataFrame) -> Plot:
    """Return what targets promised beside what was achieved, by site and segment, and the quantiles of forecasts.

    Parameters
    ----------
    table : DataFrame
        Frame ``KPIS`` of one window.
    """
    figure = blank_figure(12.0, 3.8, layout=None)
    panels = figure.subplots(1, len(PROMISED) + 1)
    figure.subplots_adjust(left=0.05, right=0.985, top=0.91, bottom=0.14, wspace=0.2)
    for axes, (promise, achieved) in zip(panels, PROMISED.items(), strict=False):
        low = 1.0
        for dimension, colour, marker in ((SITE, BLUE, "o"), (SEGMENT, ORANGE, "s")):
            both = _pairs(table, dimension, promise, achieved)
            axes.scatter(100 * both[promise], 100 * both[achieved], s=22, color=colour, marker=marker, label=dimension)
            low = min([low, *both[promise], *both[achieved]])
        _diagonal(axes, 100 * max(0.0, low - 0.02), 101.0)
        axes.set_title(achieved.replace("_", " "))
        axes.set_xlabel("promised, %")
        axes.legend(loc="upper left", frameon=False)
    panels[0].set_ylabel("achieved, %")
    _quantiles(panels[-1], table)
    return png_bytes(figure)


def stock_out_pareto(table: pd.DataFrame) -> Plot:
    """Return lost sales by site, the worst first, and what share of all the worst make up together.

    Parameters
    ----------
    table : DataFrame
        Frame ``KPIS`` of one window.
    """
    figure = blank_figure(9.0, 4.0, layout=None)
    axes = figure.add_subplot()
    figure.subplots_adjust(left=0.1, right=0.92, top=0.92, bottom=0.2)
    lost = table.loc[(table["kpi"] == "lost_sales") & (table["dimension"] == SITE), ["member", "value"]]
    lost = lost.loc[lost["value"] > 0].sort_values(["value", "member"], ascending=[False, True])
    shown = lost.head(_SITES_SHOWN)
    axes.bar(shown["member"], shown["value"], color=BLUE)
    axes.set_ylabel("lost sales, estimated")
    axes.tick_params(axis="x", rotation=60)
    share = axes.twinx()
    total = float(lost["value"].sum())
    if total > 0:
        share.plot(shown["member"], 100 * shown["value"].cumsum() / total, color=ORANGE, marker=".")
    share.set_ylim(0, 105)
    share.set_ylabel("together, %")
    axes.set_title("What empty shelves lost, by site, at list price")
    return png_bytes(figure)


def _pairs(table: pd.DataFrame, dimension: str, *kpis: str) -> pd.DataFrame:
    rows = table.loc[(table["dimension"] == dimension) & table["kpi"].isin(kpis)]
    return rows.pivot_table(index="member", columns="kpi", values="value").reindex(columns=list(kpis)).dropna()


def _quantiles(axes: Axes, table: pd.DataFrame) -> None:
    network = table.loc[table["dimension"] == "network"].set_index("kpi")["value"]
    achieved = np.array([network.get(below_column(level), np.nan) for level in QUANTILE_LEVELS], dtype=np.float64)
    _diagonal(axes, 0.0, 100.0)
    axes.set_title("quantiles of the next bucket")
    axes.set_xlabel("level, %")
    if np.isfinite(achieved).any():
        axes.plot(100 * np.array(QUANTILE_LEVELS), 100 * achieved, color=BLUE, marker="o", markersize=4)
    else:
        axes.text(0.5, 0.5, "no forecast is over yet", transform=axes.transAxes, ha="center", color=DARK)


def _diagonal(axes: Axes, low: float, high: float) -> None:
    axes.plot([low, high], [low, high], color=GREY, linestyle="--", linewidth=1)
    axes.set_xlim(low, high)
    axes.set_ylim(low, high)
    axes.locator_params(nbins=5)
