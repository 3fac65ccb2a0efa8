"""Lines, and absences of lines, of a recorded plan verified by solving their item again.

Not here: rebuilding the plan (``recorded``), and how flips are found (``flips``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from assets.kernel.errors import EquipoiseError
from assets.rebalancing import constraints
from assets.rebalancing.item_sites import Ints
from assets.rebalancing.site_reasons import NEGLIGIBLE
from assets.rebalancing.what_if.case import Case, Decision
from assets.rebalancing.what_if.change import Change, site_name
from assets.rebalancing.what_if.flips import Flip, Flipped, Probe, search
from assets.rebalancing.what_if.inputs import against_line, towards_line
from assets.rebalancing.what_if.next_best import NextBest, instead_of_line, instead_of_nothing
from assets.rebalancing.what_if.one_item import OneItem, lifted, move_of, one_item, row_of
from assets.rebalancing.what_if.recorded import Recorded
from assets.rebalancing.what_if.report import APPEARS, CHANGED, GONE, FlipView, NextBestView, ProbeView, Verified

NOTHING = "nothing starts today"


def verify_line(plan: Recorded, line: pd.Series[Any]) -> Verified:
    """Verify the next best and the flips of a line.

    Parameters
    ----------
    plan : Recorded
        The published plan with its problem rebuilt.
    line : Series
        Row of PLAN_LINES.

    Returns
    -------
    Verified
        Not confirmed, with the reason, where the item solved again does not give the plan's lines.
    """
    try:
        item = one_item(plan.deciding(str(line["item_id"])), str(line["item_id"]))
    except EquipoiseError as error:
        return Verified(False, str(error))
    move = move_of(item.case.problem, line)
    if move is None:
        return Verified(False, "the line is none of the rebuilt plan's moves")
    units = int(item.decision.units[move])
    outcomes: Mapping[str, Flipped] = {
        GONE: lambda then: then.units[move] == 0,
        CHANGED: lambda then: 0 < then.units[move] != units,
    }
    site = int(item.case.problem.moves.destination[move])
    other = instead_of_line(item.case, item.decision, move)
    return _verified(item, site, against_line(item.case, move, units), outcomes, other)


def verify_absence(plan: Recorded, item_id: str, site_id: str) -> Verified:
    """Verify the next best and the flips of an item-site that no line touches.

    Parameters
    ----------
    plan : Recorded
        The published plan with its problem rebuilt.
    item_id, site_id : str
        Planned or held by a verdict.

    Returns
    -------
    Verified
        Not confirmed, with the reason, where the item solved again does not give the plan's lines.
    """
    try:
        plan = plan.deciding(item_id)
    except EquipoiseError as error:
        return Verified(False, str(error))
    held = plan.problem.held
    if ((held["item_id"] == item_id) & (held["site_id"] == site_id)).any():
        return _let_through(plan, item_id, site_id)
    try:
        item = one_item(plan, item_id)
    except EquipoiseError as error:
        return Verified(False, str(error))
    site = row_of(item.case.problem, site_id)
    if site is None:
        return Verified(False, "the rebuilt plan does not plan the item at that site")
    other = instead_of_nothing(item.case, item.decision, site)
    changes = towards_line(item.case, site, None if other is None else other.move)
    return _verified(item, site, changes, {APPEARS: _touches(item.case, site)}, other)


def _let_through(plan: Recorded, item_id: str, site_id: str) -> Verified:
    """Return what would be done if the verdicts on an item-site held nothing."""
    try:
        case = lifted(plan.let_through(item_id, site_id), item_id)
    except EquipoiseError as error:
        return Verified(False, str(error))
    site = row_of(case.problem, site_id)
    if site is None:
        return Verified(False, "the item is not planned there without the verdict either")
    change = Change(
        "verdict", site_id, "1 in force, 0 passed", 1.0, -1.0, 1, 1.0, f"no verdict held {site_id}", lambda _: case
    )  # fmt: skip
    item = OneItem(case, Decision(np.zeros(len(case.problem.moves), dtype=np.int64), 0.0), "with the verdict lifted")
    return _verified(item, site, [change], {APPEARS: _touches(case, site)}, None)


def _verified(
    item: OneItem, site: int, changes: Sequence[Change], outcomes: Mapping[str, Flipped], other: NextBest | None
) -> Verified:
    flips, probes = search(changes, outcomes)
    told = _Told(item, site)
    return Verified(
        True,
        item.terms,
        None if other is None else told.next_best(other),
        tuple(told.flip(flip) for flip in flips),
        tuple(told.probe(probe, outcomes) for probe in probes),
    )


def _touches(case: Case, site: int) -> Flipped:
    moves = case.problem.moves
    touching = (moves.destination == site) | (moves.origin == site)
    return lambda then: bool(then.units[touching].any())


class _Told:
    """Decisions of an item in words, as seen from one of its sites."""

    def __init__(self, item: OneItem, site: int) -> None:
        self._item, self._site = item, site
        moves = item.case.problem.moves
        self._here = (moves.destination == site) | (moves.origin == site)

    def lines(self, units: Ints, among: np.ndarray | None = None) -> tuple[str, ...]:
        chosen = np.flatnonzero((units > 0) if among is None else (units > 0) & among)
        return tuple(self._line(int(m), int(units[m])) for m in chosen)

    def here(self, decision: Decision) -> str:
        """Return the lines that touch the site."""
        return ", ".join(self.lines(decision.units, self._here)) or NOTHING

    def next_best(self, other: NextBest) -> NextBestView:
        action = "wait" if other.move is None else self._line(other.move, int(other.units[other.move]))
        return NextBestView(action, other.costs_more, self.lines(other.units), self._obstacle(other))

    def _obstacle(self, other: NextBest) -> str:
        """Return why what would save is not done."""
        case, move = self._item.case, other.move
        if other.costs_more > -NEGLIGIBLE or move is None:
            return ""
        moves, least = case.problem.moves, case.problem.release.guardrails.minimum_gain_amount
        if not moves.usual[move] and -other.costs_more < least:
            return f"less than the least gain of {least:.2f}"
        if len(constraints.cycles(moves, other.units, np.arange(len(moves)))):
            return "a site would be brought to and taken from sideways on one day"
        over = np.flatnonzero(case.limits.use @ other.units > case.allowed)
        if len(over):
            return f"{case.limits.names[over[0]]} has no room for it"
        return "the search for whole lots did not find it"

    def flip(self, flip: Flip) -> FlipView:
        change, steps = flip.change, flip.steps
        found = steps is not None and flip.decision is not None
        return FlipView(
            flip.outcome, change.name, change.subject, change.unit, change.now,
            change.value(steps) if steps is not None else None,
            change.value(steps - 1) if steps is not None else None,
            change.value(change.most),
            change.share(steps) if steps is not None else None,
            change.told(steps) if steps is not None else "",
            self.here(flip.decision) if found and flip.decision is not None else "",
        )  # fmt: skip

    def probe(self, probe: Probe, outcomes: Mapping[str, Flipped]) -> ProbeView:
        change = probe.change
        return ProbeView(
            change.name, change.subject, change.unit, change.now, change.value(probe.steps),
            self.here(self._item.decision), self.here(probe.decision),
            tuple(name for name, flipped in outcomes.items() if flipped(probe.decision)),
        )  # fmt: skip

    def _line(self, move: int, units: int) -> str:
        moves = self._item.case.problem.moves
        ends = f"{units} from {moves.source_id[move]} to {site_name(self._item.case, int(moves.destination[move]))}"
        return f"{moves.kind[move]} {ends}" + (f" by {moves.mode[move]}" if moves.is_transfer[move] else "")
