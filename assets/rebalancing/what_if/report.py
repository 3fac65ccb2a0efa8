"""What solving again found, as plain values and sentences: next best, flips and every probe.

Not here: solving (``verify``).
"""

from __future__ import annotations

from dataclasses import dataclass

from assets.rebalancing.what_if.change import figure

GONE, CHANGED, APPEARS = "gone", "changed", "appears"
"""How a decision can flip: a line is no longer there, is another, or is there."""


@dataclass(frozen=True)
class NextBestView:
    """The best action not taken.

    Attributes
    ----------
    action : str
        What is done instead, or wait.
    costs_more : float
        Expected cost over the horizon above the plan's, payments for shared limits included, in
        currency; below 0 where it would save.
    lines : tuple of str
        Every line of the item that would start today then.
    obstacle : str
        Why it is not done although it would save; empty where it would not.
    """

    action: str
    costs_more: float
    lines: tuple[str, ...]
    obstacle: str = ""

    def sentence(self) -> str:
        """Say it in one line."""
        if self.obstacle:
            return f"{self.action}, which would save {-self.costs_more:.2f}: {self.obstacle}"
        return f"{self.action}, which costs {self.costs_more:.2f} more"


@dataclass(frozen=True)
class FlipView:
    """What one input must become to flip the decision, the others as they are.

    Attributes
    ----------
    outcome : str
        gone or changed of a line, appears of its absence.
    input, subject, unit : str
        What changes, of what, and the unit of its values.
    now : float
        Published value.
    to : float or None
        Nearest value found at which the decision flips; ``None`` where it flips at none that was tried.
    before : float or None
        The value one step nearer, at which it does not.
    bound : float
        The farthest value tried.
    share : float or None
        Size of the change beside what it is compared with.
    told : str
        The change in words.
    then : str
        What is done then.
    """

    outcome: str
    input: str
    subject: str
    unit: str
    now: float
    to: float | None
    before: float | None
    bound: float
    share: float | None
    told: str
    then: str

    def sentence(self) -> str:
        """Say it in one line."""
        if self.to is None or self.before is None:
            return (
                f"{self.input} of {self.subject}: no flip from {figure(self.now)} to {figure(self.bound)} {self.unit}"
            )
        near = "" if self.before == self.now else f", not yet at {figure(self.before)}"
        return f"{_SAID[self.outcome]} if {self.told}{near}; then {self.then}"


@dataclass(frozen=True)
class ProbeView:
    """One re-solve: an input, its published value, the value tried, and what was decided at either."""

    input: str
    subject: str
    unit: str
    now: float
    to: float
    decided_now: str
    decided_then: str
    flips: tuple[str, ...]


@dataclass(frozen=True)
class Verified:
    """What solving the item again found.

    Attributes
    ----------
    confirmed : bool
        Whether the item, solved again as published, gave the plan's lines; nothing else is told if not.
    terms : str
        On which terms it was solved, or why nothing was verified.
    next_best : NextBestView or None
        The best action not taken; ``None`` where none is possible.
    flips : tuple of FlipView
        One an outcome and input, the smallest change first.
    probes : tuple of ProbeView
        Every re-solve.
    """

    confirmed: bool
    terms: str
    next_best: NextBestView | None = None
    flips: tuple[FlipView, ...] = ()
    probes: tuple[ProbeView, ...] = ()

    def smallest(self) -> FlipView | None:
        """Return the smallest change that undoes a line or makes one; else the smallest that changes it."""
        found = [flip for flip in self.flips if flip.to is not None]
        return next((flip for flip in found if flip.outcome != CHANGED), next(iter(found), None))

    def flips_when(self) -> str:
        """Say what flips the decision in one line."""
        smallest = self.smallest()
        if smallest is None:
            return "no change of one input within the bounds tried flips it"
        return smallest.sentence()

    def next_best_sentence(self) -> str:
        """Say what else could be done in one line."""
        return "none: no line could start today" if self.next_best is None else self.next_best.sentence()


_SAID = {GONE: "the line goes", CHANGED: "the line changes", APPEARS: "a line appears"}
_NOT = {GONE: "the line stays", CHANGED: "the line stays as it is or goes", APPEARS: "no line appears"}
