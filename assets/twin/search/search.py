"""Parameters of a release tuned by simulation: a screening, a race on the same chance, and an honest last word.

Candidates are spread over the bounds, raced, and sought again around the best ones; the winner then meets futures
that no choice has seen, beside the release that it was made from. Not here: the race itself (``race``), the network
(``bench``), or the draft that comes of it (``draft``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy.stats import qmc

from assets.kernel.errors import EquipoiseError
from assets.policy.release import Release
from assets.twin.day import Floats
from assets.twin.fast.outcome import Interval, interval
from assets.twin.search.bench import Effort
from assets.twin.search.race import Constraints, Runner, Score, Told, difference, race
from assets.twin.search.tunable import Tunable, Values, value_of, values_at

FINALISTS, REFINED_REACH = 3, 0.15
"""Best candidates that are sought around and chosen from, and how far, as a share of the bounds."""


class Playable(Protocol):
    """What a search plays candidates on."""

    @property
    def release(self) -> Release:
        """Where the search starts."""

    @property
    def effort(self) -> Effort:
        """How much is simulated."""

    @property
    def item_sites(self) -> int:
        """How many there are."""

    def play(self, values: Values, first: int, count: int, seed: int) -> Score:
        """Return what a release with these values does over some futures."""

    def has_effect(self, one: Tunable) -> bool:
        """Tell whether anything that the simulation sees depends on a parameter, within its bounds."""


@dataclass(frozen=True)
class Found:
    """What a search found.

    Attributes
    ----------
    values, before : mapping
        Parameters that were tuned: as found, and as the release has them.
    winner, base : Score
        On futures that no choice has seen.
    cost_change : Interval
        Paired difference of cost a bucket on them.
    without_effect : tuple of str
        Parameters that nothing in this network depends on.
    candidates : int
        How many were simulated.
    """

    values: Mapping[str, float]
    before: Mapping[str, float]
    winner: Score
    base: Score
    cost_change: Interval
    without_effect: tuple[str, ...]
    candidates: int

    def is_better(self, constraints: Constraints) -> bool:
        """Tell whether the found values are worth a draft: surely cheaper, or what they replace breaks a constraint."""
        changed = dict(self.values) != dict(self.before)
        return changed and (self.cost_change.high < 0 or constraints.excess(self.base) > 0)


def search(bench: Playable, tunables: Sequence[Tunable], constraints: Constraints, told: Told) -> Found:
    """Return the cheapest values that keep the constraints.

    Raises
    ------
    EquipoiseError
        If no parameter matters on this network, or no values keep the constraints: then the best that was reached
        is named.
    """
    effort, release = bench.effort, bench.release
    told(f"{bench.item_sites:,} item-sites; which of {len(tunables)} parameters matter")
    matter = tuple(one for one in tunables if bench.has_effect(one))
    if not matter:
        raise EquipoiseError(
            f"nothing in this network depends on {', '.join(one.path for one in tunables)}", where="policy search",
            remedy="Tune others: where feeds give costs or service by item-site, a release's own do not count",
        )  # fmt: skip
    before = {one.path: value_of(release, one.path) for one in matter}

    def evaluate(values: Values, first: int, count: int) -> Score:
        return bench.play(values, first, count, effort.seed)

    screened = _spread(matter, effort) | {tuple(before.items()): None}
    length: dict[str, int] = {"first": effort.first, "rounds": effort.rounds, "keep": FINALISTS}
    best = race(list(screened), evaluate, constraints, told=told, **length)
    near = _around([one.candidate for one in best[:FINALISTS]], matter, effort)
    told(f"{len(near)} candidates around the best")
    ends = race([*(one.candidate for one in best), *near], evaluate, constraints, told=told, **length)
    winner = _chosen(ends, constraints)
    told(f"the last word: {effort.holdout} futures that no choice has seen")
    scores = [bench.play(values, 0, effort.holdout, effort.seed + 1) for values in (winner, tuple(before.items()))]
    return Found(
        values=dict(winner),
        before=before,
        winner=scores[0],
        base=scores[1],
        cost_change=difference(*scores),
        without_effect=tuple(one.path for one in tunables if one not in matter),
        candidates=len(screened) + len(near),
    )


def _spread(tunables: Sequence[Tunable], effort: Effort) -> dict[Values, None]:
    """Return candidates over the whole of the bounds, by Sobol's sequence; repeated ones once."""
    points = qmc.Sobol(len(tunables), rng=np.random.default_rng(effort.seed)).random(_power(effort.candidates))
    return dict.fromkeys(_values(tunables, point) for point in points[: effort.candidates])


def _around(best: Sequence[Values], tunables: Sequence[Tunable], effort: Effort) -> list[Values]:
    """Return candidates around the best ones."""
    count = max(1, effort.candidates // 2 // len(best))
    found: dict[Values, None] = {}
    for number, values in enumerate(best):
        centre = np.array([one.share_of(dict(values)[one.path]) for one in tunables])
        rng = np.random.default_rng([effort.seed, number])
        points = qmc.Sobol(len(tunables), rng=rng).random(_power(count))[:count]
        near = np.clip(centre + (2 * points - 1) * REFINED_REACH, 0.0, 1.0)
        found |= dict.fromkeys(_values(tunables, point) for point in near)
    return [values for values in found if values not in best]


def _values(tunables: Sequence[Tunable], point: Floats) -> Values:
    return tuple(values_at(tunables, point).items())


def _power(count: int) -> int:
    """Return the power of two from ``count`` on: Sobol's points are balanced in such numbers only."""
    return 1 << max(0, (count - 1).bit_length())


def _chosen(finalists: Sequence[Runner[Values]], constraints: Constraints) -> Values:
    """Return the cheapest that is sure to keep the constraints; the cheapest that keeps them if none is sure."""
    best = next((one for one in finalists if constraints.surely_kept(one.score)), finalists[0])
    if constraints.excess(best.score) > 0:
        fill, stock = interval(best.score.fill_rate), interval(best.score.stock_value)
        at = ", ".join(f"{path} = {value:g}" for path, value in best.candidate)
        raise EquipoiseError(
            f"no values keep the constraints; the best fill rate reached is {fill.mean:.4f}, with {stock.mean:,.2f} "
            f"in stock, at {at}",
            where="policy search",
            remedy="Ask for a lower fill rate or allow more stock, or widen the bounds with --tune",
        )  # fmt: skip
    return best.candidate
