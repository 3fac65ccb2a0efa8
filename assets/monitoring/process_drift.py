"""The table of what has shifted: every watched signal with its score, its size, and since when.

Not here: the signals (``signals``), the statistic (``shift_scan``), or what anybody does about a shift.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from assets.kernel.frames.monitoring import PROCESS_DRIFT
from assets.monitoring.shift_scan import scan
from assets.monitoring.signals import Signal

LEAST_REFERENCE = 30
"""Points before those watched without which nothing is judged."""


def process_drift(signals: Iterable[Signal], plan_date: dt.date) -> pd.DataFrame:
    """Judge signals at a plan date.

    Returns
    -------
    DataFrame
        Frame ``PROCESS_DRIFT``, one row a signal.
    """
    rows = [_judged(signal) | {"plan_date": pd.Timestamp(plan_date)} for signal in signals]
    return PROCESS_DRIFT.conform(pd.DataFrame(rows)) if rows else PROCESS_DRIFT.empty()


def _judged(signal: Signal) -> dict[str, Any]:
    watched = max(signal.plan.windows)
    reference = len(signal.values) - watched
    row: dict[str, Any] = {
        "signal": signal.kind, "member": signal.member, "unit": signal.unit,
        "reference_points": max(reference, 0), "score_limit": signal.plan.limit,
        "last_point": signal.dates[-1] if len(signal.dates) else None,
        "score": None, "shift": None, "window_points": 0, "began_on": None, "has_drifted": False,
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
    row["reason"] = _words(signal, shift, window, score, drifted=drifted)
    return row | {"has_drifted": drifted}


def _words(signal: Signal, shift: float, window: int, score: float, *, drifted: bool) -> str:
    size = f"{abs(shift):.0%}" if signal.unit == "share" else f"{abs(shift):.1f} {signal.unit}"
    direction = {"lead_time": ("later", "earlier")}.get(signal.kind, ("above", "below"))[0 if shift >= 0 else 1]
    beside = "than before" if signal.kind == "lead_time" else "what it was"
    judged = "beyond" if drifted else "within"
    return (
        f"The last {window} points are {size} {direction} {beside} "
        f"(score {abs(score):.1f}, {judged} the limit of {signal.plan.limit:g})"
    )
