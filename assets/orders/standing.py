"""Whether the documents of a plan date are what its last plan wants.

A plan that a gate stops leaves the documents of an earlier plan in the ledger as they are; a
plan with hindsight is never sent. Both are read from the published tables. Not here: the
ledger's own rules (``order``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

import pandas as pd

from assets.kernel.calendar import AsKnown
from assets.kernel.frames.decisions import DOCUMENTS
from assets.kernel.frames.feeds import FEED_STATE
from assets.kernel.frames.quality import FORECAST_VERDICTS, PLAN_VERDICTS, VERDICTS
from assets.kernel.published import Publication, Published

_GATES = (VERDICTS, FORECAST_VERDICTS, PLAN_VERDICTS)


def judged(published: Published, plan_date: dt.date) -> tuple[Publication | None, ...]:
    """Return what the last plan of a date published of all that ``stopped`` and ``hindsight`` look at."""
    return tuple(published.latest(frame.name, plan_date) for frame in (*_GATES, DOCUMENTS, FEED_STATE))


def stopped(published: Published, plan_date: dt.date) -> str:
    """Return one line if a gate stopped the last plan of a date, with what stands instead; empty if none did."""
    stops = _stops(published, plan_date)
    if stops.empty:
        return ""
    first = stops.iloc[0]
    remedy = str(first["remedy"]).rstrip(".")
    why = f"rule {first['rule']} on {first['feed']}: {str(first['message']).rstrip('.')}; remedy: {remedy}"
    made = published.latest(DOCUMENTS.name, plan_date)
    stands = f"its documents are of run {made.run_id} before it" if made else "it has no documents"
    return f"The last plan of {plan_date} was stopped ({why}); {stands}."


def newest_stopped(published: Published, plan_date: dt.date) -> str:
    """Return what ``stopped`` says of the newest date that was judged, if it is later than ``plan_date``."""
    dates = published.plan_dates(VERDICTS.name)
    return stopped(published, dates[-1]) if dates and dates[-1] > plan_date else ""


def hindsight(published: Published, plan_date: dt.date, run_ids: Iterable[str]) -> str:
    """Return one line if the last plan of a date, or a run that made a document, decided with hindsight."""
    latest = published.latest(FEED_STATE.name, plan_date)
    known = {run_id: as_known_of(published, plan_date, run_id) for run_id in sorted(set(run_ids))}
    runs = [run_id for run_id, as_known in known.items() if as_known == AsKnown.NOW]
    if runs:
        return f"Documents of run {', '.join(runs)} were decided with hindsight (--as-known now); they are never sent."
    if latest and as_known_of(published, plan_date, latest.run_id) == AsKnown.NOW:
        return f"The last plan of {plan_date}, run {latest.run_id}, was made with hindsight (--as-known now)."
    return ""


def as_known_of(published: Published, plan_date: dt.date, run_id: str) -> str:
    """Return what a run of a date knew (``AsKnown``); empty if it took no feeds in."""
    state = published.of_run(FEED_STATE, plan_date, run_id)
    return "" if state is None or state.empty else str(state["as_known"].iloc[0])


def _stops(published: Published, plan_date: dt.date) -> pd.DataFrame:
    """Return the ``stop`` verdicts of the last plan of a date; those of an earlier run do not count."""
    first = published.latest(VERDICTS.name, plan_date)
    found = [VERDICTS.empty()]
    for frame in _GATES:
        latest = published.latest(frame.name, plan_date)
        if first is not None and latest is not None and latest.run_id == first.run_id:
            verdicts = published.read(frame, plan_date)
            found.append(verdicts[verdicts["action"] == "stop"])
    return next((stops for stops in found if len(stops)), found[0])
