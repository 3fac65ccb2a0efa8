"""The table of what has shifted: every watched signal with its score, its size, and since when.

Not here: the signals (``signals``), the statistic (``shift_scan``), or what anybody does about a shift.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from assets.kernel.frames.monitoring import PROCESS_DRIFT
from assets.monitoring.shift_scan import scan
from assets.monitoring.signals import Signal

LEAST_REFERENCE = 30
"""Points before those watched without which nothing is judged."""


def process_drift(signals: Iterable[Signal], plan_date: dt.date, before: pd.DataFrame | None = None) -> pd.DataFrame:
    """Judge signals at a plan date.

    Parameters
    ----------
    signals : iterable of Signal
        What is watched.
    plan_date : date
        Plan that looks back.
    before : DataFrame, optional
        What earlier plan dates told of (``watched.told_before``). A shift in the same direction whose stretch
        overlaps that of one told before is the same shift, and keeps the date that first told of it.

    Returns
    -------
    DataFrame
        Frame ``PROCESS_DRIFT``, one row a signal.
    """
    told = {} if before is None else {(row["signal"], row["member"]): row for row in before.to_dict("records")}
    rows = [_judged(signal) | {"plan_date": pd.Timestamp(plan_date)} for signal in signals]
    for row in rows:
        row["first_told"] = _first_told(row, told.get((row["signal"], row["member"]))) if row["has_drifted"] else None
    return PROCESS_DRIFT.conform(pd.DataFrame(rows)) if rows else PROCESS_DRIFT.empty()


def _first_told(row: Mapping[str, Any], before: Mapping[Any, Any] | None) -> Any:
    """Return the plan date that first told of a shift: an earlier one where it is the same."""
    if before is None or (row["shift"] > 0) != (before["shift"] > 0):
        return row["plan_date"]
    apart = row["began_on"] > before["last_point"] or row["last_point"] < before["began_on"]
    return row["plan_date"] if apart else before["first_told"]


def _judged(signal: Signal) -> dict[str, Any]:
    watched = max(signal.plan.windows)
    reference = len(signal.values) - watched
    row: dict[str, Any] = {
        "signal": signal.kind, "member": signal.member, "unit": signal.unit,
        "reference_points": max(reference, 0), "score_limit": signal.plan.limit,
        "last_point": signal.dates[-1] if len(signal.dates) else None,
        "score": None, "shift": None, "window_points": 0, "began_on": None, "has_drifted": False,
        "mean_since": None, "mean_assumed": None,
    }  # fmt: skip
    if reference < LEAST_REFERENCE:
        needed = LEAST_REFERENCE + watched
        return row | {"reason": f"Not judged yet: {len(signal.values)} of {needed} points"}
    before, latest = signal.values[:reference], signal.values[reference:]
    found = scan(before[None], latest[None], signal.plan)
    score, window = float(found.score[0, -1]), int(found.window[0, -1])
    moved = float(latest[-window:].mean() - before.mean())
    shift = float(np.expm1(moved)) if signal.unit == "share" else moved
    drifted = bool(found.alarms[0, -1])
    row |= {"score": score, "shift": shift, "window_points": window, "began_on": signal.dates[-window]}
    row |= _against_plan(signal, window)
    row["reason"] = _words(signal, shift, window, score, drifted=drifted)
    return row | {"has_drifted": drifted}


def _against_plan(signal: Signal, window: int) -> dict[str, float | None]:
    """Return the mean of the latest points, and what the plan assumes of them; nothing where it assumes nothing."""
    if signal.assumed is None:
        return {}
    known = signal.assumed[-window:][np.isfinite(signal.assumed[-window:])]
    assumed = float(known.mean()) if len(known) else None
    return {"mean_since": float(signal.values[-window:].mean()), "mean_assumed": assumed}


def _words(signal: Signal, shift: float, window: int, score: float, *, drifted: bool) -> str:
    size = f"{abs(shift):.0%}" if signal.unit == "share" else f"{abs(shift):.1f} {signal.unit}"
    direction = {"lead_time": ("later", "earlier")}.get(signal.kind, ("above", "below"))[0 if shift >= 0 else 1]
    beside = "than before" if signal.kind == "lead_time" else "what it was"
    judged = "beyond" if drifted else "within"
    return (
        f"The last {window} points are {size} {direction} {beside} "
        f"(score {abs(score):.1f}, {judged} the limit of {signal.plan.limit:g})"
    )
