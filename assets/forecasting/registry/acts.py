"""What a person decides about models: a model promoted, a selection rolled back, what drift asks for answered.

All count from the first plan date on that was not planned yet, so that what was planned stays
as it was. Not here: who may (the command line asks who and why), or what a plan makes of it.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from assets.forecasting.registry.log import ModelLog
from assets.forecasting.registry.records import Pin, Promoted, RefitApproved, RefitRejected, RolledBack, Terms
from assets.forecasting.registry.registry import ModelRegistry
from assets.forecasting.registry.requests import rejection
from assets.forecasting.registry.waiting import unanswered
from assets.kernel.calendar import AsKnown
from assets.kernel.errors import EquipoiseError


def promote(registry: ModelRegistry, segment: str, model: str, by: str, reason: str) -> Promoted:
    """Put a model into a segment until a rollback or another promotion.

    Raises
    ------
    EquipoiseError
        If nothing was planned yet, or if the model was not scored for the segment.
    """
    log = registry.log()
    terms, since = _next(log, registry)
    scored = _scored(registry, log, terms, since)
    if model not in scored.get(segment, ()):
        known = f"{segment}: {', '.join(scored[segment])}" if segment in scored else f"segments {', '.join(scored)}"
        raise EquipoiseError(
            f"{model} was not scored for segment {segment}", where=str(registry.folder), remedy=f"Choose among {known}"
        )
    return Promoted(terms=terms, segment=segment, pin=Pin(model=model, since=since, by=by, reason=reason))


def roll_back(registry: ModelRegistry, by: str, reason: str) -> RolledBack:
    """Put in force again what was before the last promotion or selection; twice goes two steps back.

    Raises
    ------
    EquipoiseError
        If nothing was planned yet, or if there is nothing before it.
    """
    log = registry.log()
    terms, since = _next(log, registry)
    installed = log.installed(since, terms)
    # A promotion that no plan has met yet is the last step, and goes first.
    is_pending = bool(installed) and log.pins(since, terms) != installed[-1].entry.pins
    steps = 1 if is_pending else 2
    if len(installed) < steps:
        raise EquipoiseError(
            "no selection stood before the one in force",
            where=str(registry.folder),
            remedy="See `equipoise models list`",
        )
    return RolledBack(terms=terms, since=since, version=installed[-steps].entry.version, by=by, reason=reason)


def approve_refits(registry: ModelRegistry, segment: str | None, by: str, reason: str) -> list[RefitApproved]:
    """Let the next plan choose champions anew, as drift asked.

    Parameters
    ----------
    segment : str or None
        Segment whose requests are approved; all if not given.

    Raises
    ------
    EquipoiseError
        If nothing waits.
    """
    return [RefitApproved(**told) for told in _answers(registry, segment, by, reason)]


def reject_refits(registry: ModelRegistry, segment: str | None, by: str, reason: str) -> list[RefitRejected]:
    """End what drift asked for, without a refit.

    Parameters
    ----------
    segment : str or None
        Segment whose requests are rejected; all if not given.
    reason : str
        A word of ``requests.RefitRejection``.

    Raises
    ------
    EquipoiseError
        If nothing waits, or the reason is none of the list.
    """
    why = str(rejection(reason))
    return [RefitRejected(**told) for told in _answers(registry, segment, by, why)]


def _answers(registry: ModelRegistry, segment: str | None, by: str, reason: str) -> list[dict[str, Any]]:
    log = registry.log()
    asked = unanswered(log)
    found = {
        one.asked_for: tuple(
            sorted({name for other in asked if other.asked_for == one.asked_for for name in other.waits})
        )
        for one in asked
    }
    if segment is not None:
        found = {day: (segment,) for day, segments in found.items() if segment in segments}
    if not found:
        known = sorted({name for one in asked for name in one.waits})
        raise EquipoiseError(
            f"nothing waits for {segment}" if segment else "no request for a refit waits",
            where=str(registry.folder),
            remedy=f"Name one of {', '.join(known)}" if known else "See `equipoise models list`",
        )
    _, since = _next(log, registry)
    told = {"since": since, "by": by, "reason": reason}
    return [{"asked_for": day, "segments": segments, **told} for day, segments in sorted(found.items())]


def _next(log: ModelLog, registry: ModelRegistry) -> tuple[Terms, dt.date]:
    """Return the terms of the latest plan and the first date after it."""
    latest = log.latest_use(AsKnown.THEN)
    if latest is None:
        raise EquipoiseError(
            "no plan has used a model yet", where=str(registry.folder), remedy="Run `equipoise plan` first"
        )
    return latest.terms, latest.plan_date + dt.timedelta(days=1)


def _scored(registry: ModelRegistry, log: ModelLog, terms: Terms, since: dt.date) -> dict[str, list[str]]:
    found = log.in_force(since, terms)
    choices = registry.selection(found.entry.version).choices if found else ()
    return {choice.segment: [score.model for score in choice.scores] for choice in choices}
