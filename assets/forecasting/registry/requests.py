"""What drift asked for, and how persons answered it: a request is due, waits, or has ended.

Not here: who may answer (the command line asks), what is recorded of it (``records``), or the other
reasons for a refit (``log``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from assets.forecasting.registry.records import Record, RefitApproved, RefitRejected, RefitRequested
from assets.kernel.errors import EquipoiseError
from assets.policy.release import Recalibration


class RefitRejection(StrEnum):
    """Why champions are not chosen anew although drift asked for it."""

    PASSING = "passing"
    WRONG_DATA = "wrong_data"
    NO_BETTER = "no_better"
    TOO_EARLY = "too_early"


MEANINGS: Mapping[RefitRejection, str] = {
    RefitRejection.PASSING: "what moved demand is known and ends by itself",
    RefitRejection.WRONG_DATA: "a feed is wrong; demand has not moved",
    RefitRejection.NO_BETTER: "what was shown would serve decisions no better",
    RefitRejection.TOO_EARLY: "too little of the new level is known to learn from",
}
"""One line for each reason: a closed list, so that reasons can be graded later."""


@dataclass(frozen=True)
class Request:
    """What drift asked for after the plan of one date, as a plan date sees it.

    Attributes
    ----------
    asked_for : date
        Plan date after which it was asked.
    waits : tuple of str
        Segments that nobody has answered for.
    approved : tuple of str
        Segments that a person has approved.
    why : str
        What was seen.
    approval : str
        By whom and why it was approved; empty if it was not.
    """

    asked_for: dt.date
    waits: tuple[str, ...]
    approved: tuple[str, ...]
    why: str
    approval: str

    def is_due(self, recalibration: Recalibration) -> bool:
        """Tell whether a plan answers it: if a person approved it, or if nobody has to and not all was rejected."""
        return bool(self.approved) or (recalibration == "at_once" and bool(self.waits))

    @property
    def told(self) -> str:
        """Why it has champions chosen anew."""
        asked = f"asked for after the plan of {self.asked_for}: {self.why}"
        return f"{asked}; {self.approval}" if self.approval else asked


def requests(records: Sequence[Record], since: dt.date, plan_date: dt.date) -> list[Request]:
    """Return what was asked for from ``since`` on and before a plan date, as it was recorded.

    Parameters
    ----------
    since : date
        From which the selection in force is: what was asked for before, it has answered.
    plan_date : date
        Answers that count from a later date on are not seen.
    """
    answers = [one for one in records if isinstance(one, RefitApproved | RefitRejected) and one.since <= plan_date]
    return [
        _seen(one, [answer for answer in answers if answer.asked_for == one.asked_for])
        for one in records
        if isinstance(one, RefitRequested) and since <= one.asked_for < plan_date
    ]


def rejection(word: str) -> RefitRejection:
    """Return the reason for a rejection that a word names.

    Raises
    ------
    EquipoiseError
        If there is no such reason; the error lists them.
    """
    try:
        return RefitRejection(word)
    except ValueError:
        known = ", ".join(f"{one} ({MEANINGS[one]})" for one in RefitRejection)
        raise EquipoiseError(f"{word!r} is no reason", where="--reason", remedy=f"Use one of {known}") from None


def _seen(request: RefitRequested, answers: Iterable[RefitApproved | RefitRejected]) -> Request:
    told = [*answers]
    said_yes = [one for one in told if isinstance(one, RefitApproved)]
    yes = {segment for one in said_yes for segment in one.segments}
    answered = {segment for one in told for segment in one.segments}
    approved = tuple(segment for segment in request.segments if segment in yes)
    by = "; ".join(f"approved by {one.by}: {one.reason}" for one in said_yes) if approved else ""
    return Request(
        request.asked_for, tuple(one for one in request.segments if one not in answered), approved, request.why, by
    )
