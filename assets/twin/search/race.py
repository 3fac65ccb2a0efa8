"""Candidates on the same chance, the worse ones dropped as soon as that is sure: a race of paired tests.

Successive halving (Jamieson and Talwalkar 2016) whose cuts are paired tests first, as in racing (Maron and Moore
1994): all candidates meet the same futures, so that what they share in luck cancels. Not here: what is a candidate,
or how one is simulated.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
from scipy.stats import t as student

from assets.twin.day import Floats
from assets.twin.fast.outcome import Interval, interval

Candidate = TypeVar("Candidate")
ERROR = 0.05


@dataclass(frozen=True)
class Score:
    """What a candidate did, an entry a future.

    Attributes
    ----------
    cost : float array, shape (R,)
        Currency a bucket.
    fill_rate : float array, shape (R,)
        Share of demand handed over in its own bucket.
    stock_value : float array, shape (R,)
        Currency in stock.
    """

    cost: Floats
    fill_rate: Floats
    stock_value: Floats

    def __add__(self, other: Score) -> Score:
        return Score(
            np.concatenate([self.cost, other.cost]),
            np.concatenate([self.fill_rate, other.fill_rate]),
            np.concatenate([self.stock_value, other.stock_value]),
        )


@dataclass(frozen=True)
class Constraints:
    """What a candidate must keep.

    Attributes
    ----------
    least_fill_rate, most_stock_value : float or None
        Share of demand, and currency; unlimited where ``None``.
    """

    least_fill_rate: float | None = None
    most_stock_value: float | None = None

    def excess(self, score: Score) -> float:
        """Return by how much a score breaks them, as shares of the limits added up; 0 where it keeps them."""
        return self._beyond(interval(score.fill_rate).mean, interval(score.stock_value).mean)

    def surely_broken(self, score: Score) -> bool:
        """Tell whether a score breaks them beyond its 95 % interval."""
        return self._beyond(interval(score.fill_rate).high, interval(score.stock_value).low) > 0

    def surely_kept(self, score: Score) -> bool:
        """Tell whether a score keeps them to the ends of its 95 % interval."""
        return self._beyond(interval(score.fill_rate).low, interval(score.stock_value).high) == 0

    def _beyond(self, fill_rate: float, stock_value: float) -> float:
        low = 0.0 if self.least_fill_rate is None else max(0.0, self.least_fill_rate - fill_rate)
        most = self.most_stock_value
        return low + (0.0 if most is None else max(0.0, stock_value - most) / max(most, 1e-9))


@dataclass(frozen=True)
class Runner(Generic[Candidate]):
    """A candidate and what it did so far."""

    candidate: Candidate
    score: Score


Evaluate = Callable[[Candidate, int, int], Score]
"""Simulates a candidate over futures: the number of the first, and how many."""
Told = Callable[[str], None]


def race(
    candidates: Sequence[Candidate],
    evaluate: Callable[[Candidate, int, int], Score],
    constraints: Constraints,
    *,
    first: int,
    rounds: int,
    keep: int = 1,
    told: Told = lambda _line: None,
) -> list[Runner[Candidate]]:
    """Return the candidates that were not dropped, the best first.

    Parameters
    ----------
    candidates : sequence
        At least one.
    evaluate : callable
        Simulates one over some futures.
    constraints : Constraints
        What must be kept; candidates that break them come after those that do not, the nearer ones first.
    first : int
        Futures of the first round; each round doubles all that were lived.
    rounds : int
        At most.
    keep : int
        As many are not cut for being in the worse half.
    told : callable
        Hears a line a round.
    """
    running = [Runner(one, evaluate(one, 0, first)) for one in candidates]
    lived = first
    for number in range(1, rounds + 1):
        running = _kept(running, constraints, keep)
        told(f"round {number}: {len(running)} of {len(candidates)} candidates are left after {lived} futures")
        if number == rounds or len(running) == 1:
            break
        running = [Runner(one.candidate, one.score + evaluate(one.candidate, lived, lived)) for one in running]
        lived *= 2
    return running


def difference(score: Score, other: Score) -> Interval:
    """Return the paired difference of costs with its 95 % interval."""
    return interval(score.cost - other.cost)


def _kept(running: list[Runner[Candidate]], constraints: Constraints, keep: int) -> list[Runner[Candidate]]:
    """Return the better half at most, without those that are surely worse than the best."""
    ranked = sorted(running, key=lambda one: (constraints.excess(one.score), float(one.score.cost.mean())))
    best = ranked[0].score
    hopeful = [ranked[0]]
    for one in ranked[1:]:
        broken = constraints.surely_broken(one.score) and not constraints.surely_broken(best)
        if not broken and not _surely_dearer(one.score, best, len(ranked)):
            hopeful.append(one)
    return hopeful[: max(keep, -(-len(ranked) // 2))]


def _surely_dearer(score: Score, best: Score, tests: int) -> bool:
    """Test one-sided, the error shared among all that are tested."""
    gap = score.cost - best.cost
    if len(gap) < 2:
        return False
    spread = float(gap.std(ddof=1)) / float(np.sqrt(len(gap)))
    reach = float(student.ppf(1.0 - ERROR / max(tests, 1), len(gap) - 1)) * spread
    return float(gap.mean()) > reach
