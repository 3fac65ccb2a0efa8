"""Champions and challengers of a plan date, as a table and a page: what the registry used, and why.

Not here: choosing (``selection``), or when (``registry.log``).
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from assets.forecasting.daily import DayForecast
from assets.forecasting.registry.records import Entered, Pin, Used
from assets.forecasting.registry.segment_choice import SegmentChoice
from assets.kernel.frames.forecasts import CHAMPIONS
from assets.kernel.page import Page


def champions_frame(day: DayForecast) -> pd.DataFrame:
    """Return the champions that a plan date was forecast with.

    Returns
    -------
    DataFrame
        Frame ``CHAMPIONS``.
    """
    source = _source(day.entered, day.used)
    rows = [{**_told(choice, day.entered.pins.get(choice.segment)), **source} for choice in day.made.selection.choices]
    return CHAMPIONS.conform(pd.DataFrame(rows)) if rows else CHAMPIONS.empty()


def champions_page(champions: pd.DataFrame) -> Page:
    """Return which selection is in force, and each segment's champion beside its challenger."""
    if champions.empty:
        return {"segments": 0}
    first = champions.iloc[0]
    shown = ["demand_segment", "champion", "mean_factor", "champion_since", "promoted_by", "champion_reason"]
    margins = ["challenger", "margin", "margin_low", "margin_high", "challenger_reason"]
    table = champions[[*shown, *margins]].assign(champion_since=champions["champion_since"].dt.date)
    return {
        "models": told(first),
        "segments": len(champions),
        "selection_version": str(first["selection_version"]),
        "data_version": str(first["data_version"]),
        "model_version": str(first["model_version"]),
        "refit_reason": str(first["refit_reason"]),
        "champions": table.round(4),
    }


def told(champion: Any) -> str:
    """Return in a few words which models a plan used: ``models of 2026-03-02, reused``."""
    return f"models of {champion['selected_for'].date()}, {'refit' if champion['is_refit'] else 'reused'}"


def _told(choice: SegmentChoice, pin: Pin | None) -> dict[str, Any]:
    test = choice.evidence
    return {
        "demand_segment": choice.segment,
        "champion": choice.champion,
        "mean_factor": choice.calibration.mean_factor,
        "champion_since": pd.Timestamp(pin.since if pin else choice.since),
        "promoted_by": pin.by if pin else choice.by,
        "champion_reason": pin.reason if pin else choice.reason,
        "challenger": test.challenger if test else "",
        "margin": test.gain if test else None,
        "margin_low": test.gain_low if test else None,
        "margin_high": test.gain_high if test else None,
        "is_promoted": test.promoted if test else False,
        "challenger_reason": test.reason if test else "",
    }


def _source(entered: Entered, used: Used) -> dict[str, Any]:
    return {
        "plan_date": pd.Timestamp(used.plan_date),
        "selected_for": pd.Timestamp(entered.made_for),
        "is_refit": entered.made_for == used.plan_date,
        "refit_reason": entered.why,
        "selection_version": entered.version,
        "data_version": entered.data_version,
        "model_version": used.model_version,
    }
