"""Records of what happened to a network's models, as the registry's index holds them.

Not here: what follows from them for a plan date (``registry.log``).
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, RootModel

from assets.policy.release import Recalibration


class _Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Record(_Frozen):
    """One line of the index."""


class Terms(_Frozen):
    """What a selection is made under; under other terms it is not used.

    Attributes
    ----------
    rules : str
        Digest of menus, parameters, horizon and library.
    feature_set : str
        Version of the feature set, which draws the segments.
    as_known : str
        then or now: what hindsight chose serves hindsight alone.
    """

    rules: str
    feature_set: str
    as_known: str


class Procedure(_Frozen):
    """What of a release says when champions are challenged and who wins, and not what a champion forecasts.

    Attributes
    ----------
    refit_days : int
        Days after which champions are chosen anew.
    promotion_margin : float
        Least gain of a challenger.
    recalibration : str
        Whether the next plan answers what drift asks for at once, or waits for a person.
    """

    refit_days: int
    promotion_margin: float
    recalibration: Recalibration = "at_once"


class Pin(_Frozen):
    """A model that a person put into a segment, for plan dates from ``since`` on."""

    model: str
    since: dt.date
    by: str
    reason: str


class Entered(Record):
    """A selection was made.

    Attributes
    ----------
    version : str
        Digest of the selection; it is kept under this name.
    made_for : date
        Plan date whose data chose it.
    data_version : str
        Digest of the tables that it was chosen on.
    policy_release : str
        Release that decided, for the record.
    standing : str
        Version whose champions were challenged; empty where there were none.
    pins : dict
        Segment to what a person put there.
    carried : dict
        Those of ``pins`` that were taken over from a selection under other terms.
    why : str
        Why it was time to select.
    has_drivers : bool or None
        Whether a promotion, a varying price or an event was known; None where a record of earlier does not say.
    """

    kind: Literal["entered"] = "entered"
    terms: Terms
    version: str
    made_for: dt.date
    data_version: str
    policy_release: str = ""
    standing: str = ""
    pins: dict[str, Pin] = {}
    carried: dict[str, Pin] = {}
    why: str = ""
    has_drivers: bool | None = None


class Used(Record):
    """A plan date was forecast with a selection; a later plan of the date uses it again.

    Attributes
    ----------
    seen : int or None
        Records that stood when the date was first ruled on: what came while it was forecast is not among them.
    procedure : Procedure or None
        Procedure that it was first ruled by; None where a record of earlier does not say.
    """

    kind: Literal["used"] = "used"
    terms: Terms
    plan_date: dt.date
    version: str
    data_version: str
    model_version: str = ""
    seen: int | None = None
    procedure: Procedure | None = None


class RefitRequested(Record):
    """What was seen after the plan of a date asks for a refit in the plans after it.

    Attributes
    ----------
    asked_for : date
        Plan date after which it was seen.
    segments : tuple of str
        Demand segments that it was seen in; ``all`` for the network.
    why : str
        What was seen.
    shifts : dict
        Of the segments whose level of demand has shifted: the plan date that first told of the shift.
    """

    kind: Literal["refit_requested"] = "refit_requested"
    asked_for: dt.date
    segments: tuple[str, ...]
    why: str
    shifts: dict[str, dt.date] = {}


class _Answered(Record):
    """A person answered a request, for plan dates from ``since`` on.

    Attributes
    ----------
    asked_for : date
        Plan date of the request.
    segments : tuple of str
        Those of its segments that are answered.
    since : date
        First plan date that sees it.
    by, reason : str
        Who, and why.
    """

    asked_for: dt.date
    segments: tuple[str, ...]
    since: dt.date
    by: str
    reason: str


class RefitApproved(_Answered):
    """A person approved what drift asked for: the next plan refits."""

    kind: Literal["refit_approved"] = "refit_approved"


class RefitRejected(_Answered):
    """A person rejected what drift asked for: the request has ended."""

    kind: Literal["refit_rejected"] = "refit_rejected"


class Promoted(Record):
    """A person put a model into a segment."""

    kind: Literal["promoted"] = "promoted"
    terms: Terms
    segment: str
    pin: Pin

    @property
    def since(self) -> dt.date:
        """Plan date from which it counts."""
        return self.pin.since


class RolledBack(Record):
    """A person put an earlier selection in force again, for plan dates from ``since`` on."""

    kind: Literal["rolled_back"] = "rolled_back"
    terms: Terms
    since: dt.date
    version: str
    by: str
    reason: str


_Any = Entered | Used | RefitRequested | RefitApproved | RefitRejected | Promoted | RolledBack


class Line(RootModel[Annotated[_Any, Field(discriminator="kind")]]):
    """A line of the index, whichever record it holds."""
