"""What drift found after a plan, handed to the models of the plans after it.

It is no edge of the graph: the tables of a plan date become a request in the registry once the
run has ended, where alerts are delivered. Not here: judging drift (``assets.monitoring``), or
what a request leads to (``assets.forecasting.registry.log``).
"""

from __future__ import annotations

import datetime as dt

import pandas as pd

from assets.forecasting.registry.log import ModelLog
from assets.forecasting.registry.records import RefitRequested
from assets.forecasting.registry.registry import ModelRegistry
from assets.kernel.calendar import AsKnown
from assets.kernel.frames import Frame
from assets.kernel.frames.monitoring import FORECAST_DRIFT, PROCESS_DRIFT
from assets.kernel.home import NetworkHome
from assets.kernel.published import Published
from assets.orders.standing import as_known_of


def request_refits(home: NetworkHome, plan_date: dt.date) -> list[str]:
    """Ask for a refit in the plans after a date whose drift tables do, once however often it is called.

    Forecasts that drift ask each time that their charts do; a level of demand that has shifted asks once a
    shift. A plan with hindsight asks for nothing: what it saw was not known then.

    Returns
    -------
    list of str
        Segments that ask for it, in order.
    """
    published, registry = Published(home.published), ModelRegistry(home.root)
    off = _live(published, FORECAST_DRIFT, plan_date)
    reasons = _reasons(off[off["recalibration_requested"]], "demand_segment")
    shifted = _new_shifts(_live(published, PROCESS_DRIFT, plan_date), registry.log(), plan_date)
    shifts = {str(row.member): row.first_told.date() for row in shifted.itertuples()}
    segments = sorted({*reasons, *shifts})
    if segments:
        told = [f"{name}: {why}" for name, why in reasons.items()]
        told += [f"demand of {name}: {why}" for name, why in _reasons(shifted, "member").items()]
        registry.request_refit(plan_date, tuple(segments), "; ".join(told), shifts)
    return segments


def _live(published: Published, frame: Frame, plan_date: dt.date) -> pd.DataFrame:
    """Return the latest table of a plan date; nothing where it is not there as declared, or knew what came later."""
    latest = published.latest(frame.name, plan_date)
    if latest is None or as_known_of(published, plan_date, latest.run_id) == AsKnown.NOW:
        return frame.empty()
    found = published.part(frame, plan_date, frame.names, run_id=latest.run_id)
    return frame.empty() if found is None else found


def _new_shifts(drift: pd.DataFrame, log: ModelLog, plan_date: dt.date) -> pd.DataFrame:
    """Return the segments whose demand has shifted by a shift that no other plan date has asked for."""
    asked = {
        (segment, first_told)
        for request in log.of(RefitRequested)
        if request.asked_for != plan_date
        for segment, first_told in request.shifts.items()
    }
    shifted = drift[(drift["signal"] == "demand") & drift["has_drifted"]]
    told = zip(shifted["member"], shifted["first_told"].dt.date, strict=True)
    return shifted[pd.Series([one not in asked for one in told], index=shifted.index, dtype=bool)]


def _reasons(rows: pd.DataFrame, name: str) -> dict[str, str]:
    first = rows.drop_duplicates(name)
    return dict(zip(first[name].astype(str), first["reason"].astype(str), strict=True))
