"""What the page of the key figures shows, as plain values. Not here: Dagster, or how plots are drawn (``charts``)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from assets.kernel.frames.kpis import KPI_WINDOWS, NETWORK, SITE
from assets.kernel.page import Page
from assets.monitoring.kpis.charts import over_time, promised_and_achieved, stock_out_pareto
from assets.monitoring.kpis.definitions import KEY_FIGURES, Better, Facts

SHOWN_WINDOW = 28
_HEADLINES = ("fill_rate", "otif", "days_of_inventory")


def kpi_page(table: pd.DataFrame, facts: Mapping[Facts, pd.DataFrame]) -> Page:
    """Return the headlines, what is not measured yet, three plots, all key figures of the network, and the sites.

    Parameters
    ----------
    table : DataFrame
        Frame ``KPIS`` of one plan date.
    facts : mapping
        Facts that it was made of.
    """
    shown = table.loc[table["window_days"] == SHOWN_WINDOW]
    now = _network(shown, "value")
    unmeasured = [kpi.name for kpi in KEY_FIGURES if pd.isna(now[kpi.name])]
    return {
        **{f"{name}_{SHOWN_WINDOW}_days": _number(now[name]) for name in _HEADLINES},
        "not_measured_yet": ", ".join(unmeasured) or "none",
        "fill_rate_and_stock": over_time(facts),
        "promised_and_achieved": promised_and_achieved(shown),
        "pareto_of_stock_outs": stock_out_pareto(shown),
        "key_figures": _network_table(table),
        "sites": _by_site(shown),
    }


def change_of(value: float, before: float, better: Better) -> str:
    """Return in a word what became of a key figure since the window before; empty where that cannot be told.

    >>> change_of(0.9, 0.8, Better.HIGHER), change_of(0.9, 0.8, Better.LOWER), change_of(0.9, 0.8, Better.LEVEL)
    ('better', 'worse', '')
    """
    if pd.isna(value) or pd.isna(before) or better in (Better.LEVEL, Better.PROMISE):
        return ""
    gain = {Better.HIGHER: value - before, Better.LOWER: before - value, Better.ZERO: abs(before) - abs(value)}[better]
    return "better" if gain > 0 else "worse" if gain < 0 else "as before"


def _network_table(table: pd.DataFrame) -> pd.DataFrame:
    values = {days: _network(table.loc[table["window_days"] == days], "value") for days in KPI_WINDOWS}
    before = _network(table.loc[table["window_days"] == SHOWN_WINDOW], "previous_value")
    rows: list[dict[str, Any]] = [
        {
            "kpi": kpi.name,
            f"{SHOWN_WINDOW} days": values[SHOWN_WINDOW][kpi.name],
            "before": before[kpi.name],
            "change": change_of(values[SHOWN_WINDOW][kpi.name], before[kpi.name], kpi.better),
            **{f"{days} days": values[days][kpi.name] for days in KPI_WINDOWS if days != SHOWN_WINDOW},
            "unit": kpi.unit,
        }
        for kpi in KEY_FIGURES
    ]
    return pd.DataFrame(rows)


def _network(rows: pd.DataFrame, column: str) -> dict[str, float]:
    """Return a column of the network's rows of one window, by key figure."""
    network = rows.loc[rows["dimension"] == NETWORK]
    return dict(zip(network["kpi"], network[column].astype("float64"), strict=True))


def _by_site(shown: pd.DataFrame) -> pd.DataFrame:
    names = ["fill_rate", "cycle_service", "stock_out_days", "lost_sales", "days_of_inventory", "otif"]
    rows = shown.loc[(shown["dimension"] == SITE) & shown["kpi"].isin(names)]
    sites = rows.pivot_table(index="member", columns="kpi", values="value", dropna=False).reindex(columns=names)
    return sites.sort_values("lost_sales", ascending=False, kind="stable").reset_index(names="site")


def _number(value: float) -> float | None:
    return None if pd.isna(value) else round(float(value), 4)
