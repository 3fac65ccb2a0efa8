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
            return f"{self.input} of {self.subject} ({figure(self.now)} to {figure(self.bound)})"
        near = "" if self.before == self.now else f" (not yet at {figure(self.before)})"
        return f"{_SAID[self.outcome]} if {self.told}{near}: {self.then}"


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

    def found(self, outcome: str) -> list[FlipView]:
        """Return the flips of an outcome that were found, the smallest change first."""
        return [flip for flip in self.flips if flip.outcome == outcome and flip.to is not None]

    def flips_when(self) -> str:
        """Say in one line what is the smallest change that makes or undoes a line, and that changes it."""
        first = [self.found(outcome)[0].sentence() for outcome in _SAID if self.found(outcome)]
        return "; ".join(first) or "no change of one input that was tried flips it"

    def sentences(self) -> list[str]:
        """Return every flip that was found in a line each, then what was tried in vain."""
        told, vain = [flip.sentence() for outcome in _SAID for flip in self.found(outcome)], []
        for outcome, words in _VAIN.items():
            names = [flip.sentence() for flip in self.flips if flip.outcome == outcome and flip.to is None]
            vain += [f"{words}: {', '.join(names)}"] if names else []
        return told + vain

    def next_best_sentence(self) -> str:
        """Say what else could be done in one line."""
        return "none: no line could start today" if self.next_best is None else self.next_best.sentence()


_SAID = {CHANGED: "the line changes", GONE: "the line goes", APPEARS: "a line appears"}
_VAIN = {GONE: "the line stays whatever else was tried", APPEARS: "no line appears whatever else was tried"}
