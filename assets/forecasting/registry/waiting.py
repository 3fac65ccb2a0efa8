"""What waits for a person of what drift asked for: by a plan date, and by now.

Not here: what an answer is (``acts``), or what a plan makes of it (``log``).
"""

from __future__ import annotations

import datetime as dt

from assets.forecasting.registry.log import ModelLog
from assets.forecasting.registry.records import Used
from assets.forecasting.registry.requests import Request
from assets.kernel.calendar import AsKnown
from assets.policy.release import Recalibration


def unanswered(log: ModelLog) -> list[Request]:
    """Return what drift asked for, and neither a refit nor a person has answered for the plan after the latest."""
    latest = log.latest_use(AsKnown.THEN)
    return log.unanswered(latest.plan_date + dt.timedelta(days=1), latest.terms) if latest else []


def waiting_now(log: ModelLog, recalibration: Recalibration) -> list[Request]:
    """Return what of it waits for a person; nothing where the release has the next plan answer at once."""
    return unanswered(log) if recalibration == "on_approval" else []


def due_next(log: ModelLog, recalibration: Recalibration) -> list[Request]:
    """Return what of what drift asked for the plan after the latest answers with a refit."""
    latest = log.latest_use(AsKnown.THEN)
    asked = log.asked(latest.plan_date + dt.timedelta(days=1), latest.terms) if latest else []
    return [request for request in asked if request.is_due(recalibration)]


def waiting_at(log: ModelLog, recalibration: Recalibration, plan_date: dt.date) -> list[Request]:
    """Return what the plan of a date left waiting for a person; nothing of what was seen after it."""
    uses = [use for use in log.of(Used) if use.plan_date == plan_date and use.terms.as_known == AsKnown.THEN]
    return log.unanswered(plan_date, uses[-1].terms) if uses and recalibration == "on_approval" else []
