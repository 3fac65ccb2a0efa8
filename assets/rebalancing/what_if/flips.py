"""The smallest change of each input at which a decision flips, found and confirmed by solving again.

For each input steps of 1, 4, 16 and so on to its bound are tried; the first of them that flips
the decision is narrowed down by halving until the step before it does not. All inputs are tried
side by side. Not here: which inputs there are (``inputs``), and sentences (``told``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from assets.rebalancing.what_if.case import Decision, decide
from assets.rebalancing.what_if.change import Change

WIDENING = 4
"""By how much the steps that are tried grow."""

Flipped = Callable[[Decision], bool]


@dataclass(frozen=True)
class Probe:
    """One input changed and the item solved again.

    Attributes
    ----------
    change : Change
        The input.
    steps : int
        How far it was moved.
    decision : Decision
        What the item does then.
    """

    change: Change
    steps: int
    decision: Decision


@dataclass(frozen=True)
class Flip:
    """What an input must change to flip a decision.

    Attributes
    ----------
    outcome : str
        Which flip: gone, changed or appears.
    change : Change
        The input.
    steps : int or None
        Fewest steps found at which the decision flips, while at one step less it does not; ``None``
        where it flips at none of those that were tried, the bound among them.
    decision : Decision or None
        What the item does then.
    """

    outcome: str
    change: Change
    steps: int | None
    decision: Decision | None

    @property
    def order(self) -> tuple[float, str, str, float]:
        """What the smallest flip is least of: the share of change, then names."""
        share = float("inf") if self.steps is None else self.change.share(self.steps)
        return share, self.change.name, self.change.subject, self.change.step


def search(changes: Sequence[Change], outcomes: Mapping[str, Flipped]) -> tuple[list[Flip], list[Probe]]:
    """Find the smallest flip of each input.

    Parameters
    ----------
    changes : sequence of Change
        Inputs, each with its direction and bound.
    outcomes : mapping of str to callable
        What counts as a flip, by name; none of them may hold of the decision as published.

    Returns
    -------
    flips : list of Flip
        One an outcome and input, the smallest first within an outcome.
    probes : list of Probe
        Every re-solve, by input and steps.

    Notes
    -----
    A decision that flips and flips back between two of the steps tried would not be seen there.
    """
    known: dict[tuple[int, int], Decision] = {}
    _solve(changes, {(k, steps) for k, change in enumerate(changes) for steps in _widening(change.most)}, known)
    brackets = {
        (outcome, k): _bracket([(steps, flipped(known[k, steps])) for steps in _widening(change.most)])
        for outcome, flipped in outcomes.items()
        for k, change in enumerate(changes)
    }
    while wide := {key: pair for key, pair in brackets.items() if pair is not None and pair[1] - pair[0] > 1}:
        middle = {key: (low + high) // 2 for key, (low, high) in wide.items()}
        _solve(changes, {(k, middle[outcome, k]) for outcome, k in wide} - known.keys(), known)
        for key, (low, high) in wide.items():
            at = middle[key]
            brackets[key] = (low, at) if outcomes[key[0]](known[key[1], at]) else (at, high)
    flips = [
        Flip(outcome, changes[k], None, None) if pair is None
        else Flip(outcome, changes[k], pair[1], known[k, pair[1]])
        for (outcome, k), pair in brackets.items()
    ]  # fmt: skip
    names = list(outcomes)
    probes = [Probe(changes[k], steps, decision) for (k, steps), decision in sorted(known.items(), key=lambda i: i[0])]
    return sorted(flips, key=lambda flip: (names.index(flip.outcome), flip.order)), probes


def _widening(most: int) -> list[int]:
    """Return the steps that are tried first.

    >>> _widening(20), _widening(1)
    ([1, 4, 16, 20], [1])
    """
    found, steps = [], 1
    while steps < most:
        found.append(steps)
        steps *= WIDENING
    return [*found, most]


def _bracket(tried: list[tuple[int, bool]]) -> tuple[int, int] | None:
    """Return the last steps before the first that flip, and those; ``None`` where none do."""
    low = 0
    for steps, flips in tried:
        if flips:
            return low, steps
        low = steps
    return None


def _solve(changes: Sequence[Change], asked: set[tuple[int, int]], known: dict[tuple[int, int], Decision]) -> None:
    """Solve the item at every input asked for, all of them side by side."""
    order = sorted(asked)
    if order:
        cases = [changes[k].at(changes[k].value(steps)) for k, steps in order]
        known.update(zip(order, decide(cases), strict=True))
