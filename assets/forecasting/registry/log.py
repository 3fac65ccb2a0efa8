"""What follows from a network's model records for a plan date: which selection, and whether to refit.

Every answer is a function of the records and of a plan date: no clock is read, and nothing made
for a later date is seen. Not here: files (``registry``), or making a selection.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from assets.forecasting.registry.records import (
    Entered,
    Pin,
    Procedure,
    Promoted,
    Record,
    RolledBack,
    Terms,
    Used,
)
from assets.forecasting.registry.requests import Request, requests

R = TypeVar("R", bound=Record)


@dataclass(frozen=True)
class InForce:
    """A selection in force.

    Attributes
    ----------
    entry : Entered
        The selection.
    since : date
        Plan date from which it is: its own, or that of the rollback that brought it back.
    """

    entry: Entered
    since: dt.date


@dataclass(frozen=True)
class Ruling:
    """What a plan does about its models.

    Attributes
    ----------
    entry : Entered or None
        Selection to use, or, where a refit is due, the one whose champions are challenged.
    refit : str
        Why champions are chosen anew; empty where ``entry`` is used as it is.
    pins : dict
        Segment to what a person put there.
    carried : dict
        Those of ``pins`` that were put there under other terms.
    seen : int
        Records that the ruling saw; of a date that was planned, those that its first one saw.
    procedure : Procedure or None
        Procedure that the date was first ruled by; None where a record of earlier does not say.
    """

    entry: Entered | None
    refit: str = ""
    pins: Mapping[str, Pin] = field(default_factory=dict)
    carried: Mapping[str, Pin] = field(default_factory=dict)
    seen: int | None = None
    procedure: Procedure | None = None


@dataclass(frozen=True)
class ModelLog:
    """The records of one network, oldest first."""

    records: Sequence[Record]

    def of(self, kind: type[R], terms: Terms | None = None) -> Iterator[R]:
        """Return the records of one kind, made under ``terms`` if given."""
        for record in self.records:
            if isinstance(record, kind) and (terms is None or getattr(record, "terms", terms) == terms):
                yield record

    def used(self, plan_date: dt.date, terms: Terms) -> Used | None:
        """Return what the latest plan of a date used, if it was planned under these terms."""
        return next((use for use in reversed([*self.of(Used, terms)]) if use.plan_date == plan_date), None)

    def latest_use(self, as_known: str) -> Used | None:
        """Return the use of the latest plan date, or ``None``."""
        uses = [use for use in self.of(Used) if use.terms.as_known == as_known]
        return max(reversed(uses), key=lambda use: use.plan_date, default=None)

    def entry(self, version: str, terms: Terms | None = None) -> Entered | None:
        """Return the latest record of a selection, made under ``terms`` if given, or ``None``."""
        return next((entry for entry in reversed([*self.of(Entered, terms)]) if entry.version == version), None)

    def installed(self, plan_date: dt.date, terms: Terms) -> list[InForce]:
        """Return the selections that came into force up to a plan date and were not rolled back, the last in force."""
        stack: list[InForce] = []
        for record in self._dated(plan_date, terms):
            if isinstance(record, Entered):
                if stack and stack[-1].entry.made_for == record.made_for:
                    stack.pop()  # Chosen again on corrected data.
                stack.append(InForce(record, record.made_for))
            elif isinstance(record, RolledBack):
                while stack and stack[-1].entry.version != record.version:
                    stack.pop()
                stack = [*stack[:-1], *(InForce(top.entry, record.since) for top in stack[-1:])]
        return stack

    def in_force(self, plan_date: dt.date, terms: Terms) -> InForce | None:
        """Return the selection in force for a plan date; one made for a later date is never seen."""
        return next(reversed(self.installed(plan_date, terms)), None)

    def standing(self, plan_date: dt.date, terms: Terms) -> InForce | None:
        """Return the selection whose champions stand: in force under these terms, or last in force under others."""
        found = self.in_force(plan_date, terms)
        if found is not None:
            return found
        # By the last record of their selections, so that of two equally old ones the later recorded counts.
        others = {each.terms: place for place, each in enumerate(self.of(Entered))}
        known = [other for other in sorted(others, key=others.__getitem__) if other.as_known == terms.as_known]
        stood = [found for other in known if (found := self.in_force(plan_date, other))]
        return max(reversed(stood), key=lambda found: found.since, default=None)

    def pins(self, plan_date: dt.date, terms: Terms) -> dict[str, Pin]:
        """Return the models that persons put into segments and nobody took back."""
        pins: dict[str, Pin] = {}
        for record in self._dated(plan_date, terms):
            if isinstance(record, Entered):
                pins = {**record.carried, **pins}
            elif isinstance(record, Promoted):
                pins[record.segment] = record.pin
            elif isinstance(record, RolledBack):
                found = self.entry(record.version, terms)
                pins = dict(found.pins) if found else {}
        return pins

    def refit_due(self, plan_date: dt.date, terms: Terms, procedure: Procedure, has_drivers: bool) -> str:
        """Return why champions are to be chosen anew for a plan date; empty where they are not."""
        found = self.in_force(plan_date, terms)
        if found is None:
            return "no selection was made under these rules yet"
        if self.pins(plan_date, terms) != found.entry.pins:
            return "a person put another model into a segment"
        for request in self.asked(plan_date, terms):
            if request.is_due(procedure.recalibration):
                return request.told
        age = (plan_date - found.since).days
        if age >= procedure.refit_days:
            return f"the selection of {found.since} is {age} days old"
        return _changed_drivers(found, has_drivers)

    def asked(self, plan_date: dt.date, terms: Terms) -> list[Request]:
        """Return what drift asked for before a plan date and no refit has answered since."""
        found = self.in_force(plan_date, terms)
        return requests(self.records, found.since, plan_date) if found else []

    def unanswered(self, plan_date: dt.date, terms: Terms) -> list[Request]:
        """Return what of it no person has answered either."""
        return [request for request in self.asked(plan_date, terms) if request.waits]

    def procedure(self, plan_date: dt.date, terms: Terms) -> Procedure | None:
        """Return the procedure that a date was first ruled by under these terms; ``None`` where no record says."""
        uses = (use for use in self.of(Used, terms) if use.plan_date == plan_date)
        return next((use.procedure for use in uses), None)

    def ruling(
        self, plan_date: dt.date, terms: Terms, data_version: str, procedure: Procedure, has_drivers: bool
    ) -> Ruling:
        """Return what the plan of a date does about its models.

        A date that was planned uses again what it used, whatever was decided since. Where its data
        have changed, it is ruled on again as it was first: by the records and the procedure of then.
        """
        used = self.used(plan_date, terms)
        entry = self.entry(used.version, terms) if used else None
        if used is None or entry is None:
            return self._first_ruling(plan_date, terms, procedure, has_drivers)
        if used.data_version == data_version:
            return Ruling(entry, "", entry.pins, entry.carried, used.seen, self.procedure(plan_date, terms))
        first = self.procedure(plan_date, terms) or procedure
        return self.before(plan_date, terms)._first_ruling(plan_date, terms, first, has_drivers)

    def _first_ruling(self, plan_date: dt.date, terms: Terms, procedure: Procedure, has_drivers: bool) -> Ruling:
        found = self.standing(plan_date, terms)
        due = self.refit_due(plan_date, terms, procedure, has_drivers)
        pins, seen = self.pins(plan_date, terms), len(self.records)
        if found is None or found.entry.terms == terms:
            return Ruling(found.entry if found else None, due, pins, {}, seen, procedure)
        carried = self.pins(plan_date, found.entry.terms)
        return Ruling(found.entry, due, {**carried, **pins}, carried, seen, procedure)

    def before(self, plan_date: dt.date, terms: Terms) -> ModelLog:
        """Return the log as it was when a date was first planned under these terms: what a replay starts from."""
        first = next((use for use in self.of(Used, terms) if use.plan_date == plan_date), None)
        if first is not None and first.seen is not None:
            return ModelLog(self.records[: first.seen])
        for place, record in enumerate(self.records):
            if getattr(record, "terms", None) != terms:
                continue
            if plan_date in (getattr(record, "made_for", None), getattr(record, "plan_date", None)):
                return ModelLog(self.records[:place])
        return self

    def _dated(self, plan_date: dt.date, terms: Terms) -> list[Record]:
        """Return what counts for a plan date, by the date from which it does; equal dates as they were recorded."""
        counted: list[tuple[dt.date, Record]] = [(entry.made_for, entry) for entry in self.of(Entered, terms)]
        counted += [(act.since, act) for act in self.of(Promoted, terms)]
        counted += [(act.since, act) for act in self.of(RolledBack, terms)]
        place = {id(record): place for place, record in enumerate(self.records)}
        counted.sort(key=lambda dated: (dated[0], place[id(dated[1])]))
        return [record for since, record in counted if since <= plan_date]


def _changed_drivers(found: InForce, has_drivers: bool) -> str:
    """Return what appeared or went since a selection was made; what a person brought back stays as it is."""
    entry = found.entry
    if entry.has_drivers in (None, has_drivers) or found.since != entry.made_for:
        return ""
    if has_drivers:
        return f"the selection of {entry.made_for} knew no promotion, price or event; the first appeared since"
    return f"the selection of {entry.made_for} knew promotions, prices or events; none is known any more"
