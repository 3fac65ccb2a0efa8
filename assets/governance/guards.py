"""Whether a canary is taken back: each guard metric by a sequential test, over all days until now.

Pure. Here: observations, findings and the decision. Not here: the test itself (``sequential``), measuring the
metrics (``monitoring``), or taking back (``rollback``).
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass

from assets.governance.sequential import bet_above
from assets.kernel.errors import EquipoiseError
from assets.policy.oversight import Feature, Guard, GuardMetric, RolloutRules
from assets.policy.release import Release


@dataclass(frozen=True)
class Observation:
    """One metric on one day, of the part that the canary decides for and of the rest.

    Both are shares of their own reference (see ``GuardMetric``), so that a part that always was dearer does not
    look worse; where the parts differ even so, subtract from each its mean before the canary began.
    """

    metric: GuardMetric
    day: dt.date
    canary: float
    others: float

    @property
    def difference(self) -> float:
        """How much worse the canary did."""
        return self.canary - self.others


@dataclass(frozen=True)
class GuardFinding:
    """What one guard says by today.

    Attributes
    ----------
    guard : Guard
        The rule.
    days : int
        Observations behind it.
    mean_difference : float
        How much worse the canary did on average; NaN without observations.
    p_value : float
        Always valid.
    alpha : float
        The guard's part of the release's false-alarm rate.
    broken_on : date or None
        Day whose observation broke it.
    """

    guard: Guard
    days: int
    mean_difference: float
    p_value: float
    alpha: float
    broken_on: dt.date | None

    @property
    def sentence(self) -> str:
        """The finding in words."""
        name = self.guard.metric.replace("_", " ")
        if not self.days:
            return f"{name}: nothing was observed yet"
        told = (
            f"{name}: {self.mean_difference:+.4f} on average over {self.days} days, {self.guard.tolerance:g} tolerated"
        )
        return f"{told}, broken on {self.broken_on} (p = {self.p_value:.2g})" if self.broken_on else told


@dataclass(frozen=True)
class Watch:
    """What all guards of a canary say by today.

    Attributes
    ----------
    findings : tuple of GuardFinding
        In the order of the release.
    rolls_back : bool
        Whether the canary is to be taken back without asking anybody.
    """

    findings: tuple[GuardFinding, ...]
    rolls_back: bool

    @property
    def broken(self) -> tuple[GuardFinding, ...]:
        """The guards that are broken."""
        return tuple(finding for finding in self.findings if finding.broken_on)

    @property
    def why(self) -> str:
        """Why the canary is to be taken back; empty if no guard is broken."""
        return "; ".join(finding.sentence for finding in self.broken)


def watch(release: Release, observations: Sequence[Observation]) -> Watch:
    """Judge a canary by the guards of its own release, which share its false-alarm rate evenly.

    Parameters
    ----------
    release : Release
        The canary.
    observations : sequence of Observation
        All since it became one, in any order.

    Raises
    ------
    EquipoiseError
        If a number is missing or infinite, or if a metric was observed twice on one day.
    """
    _require_sound(observations)
    rules = release.rollout
    findings = tuple(_finding(guard, rules, observations) for guard in rules.guards)
    broken = any(finding.broken_on for finding in findings)
    return Watch(findings, broken and release.enabled(Feature.AUTOMATIC_ROLLBACK))


def _finding(guard: Guard, rules: RolloutRules, observations: Sequence[Observation]) -> GuardFinding:
    mine = sorted((one for one in observations if one.metric is guard.metric), key=lambda one: one.day)
    alpha = rules.false_alarm_rate / len(rules.guards)
    size = rules.observation_days
    whole = [mine[at : at + size] for at in range(0, len(mine) - size + 1, size)]
    means = [math.fsum(one.difference for one in batch) / size for batch in whole]
    capital = bet_above(means, guard.tolerance, guard.largest_difference, alpha)
    return GuardFinding(
        guard,
        len(mine),
        math.fsum(one.difference for one in mine) / len(mine) if mine else math.nan,
        capital.p_value,
        alpha,
        whole[capital.first_above - 1][-1].day if capital.first_above else None,
    )


def _require_sound(observations: Sequence[Observation]) -> None:
    seen = set()
    for one in observations:
        where = f"guard {one.metric} on {one.day}"
        if not math.isfinite(one.difference):
            raise EquipoiseError(
                f"canary = {one.canary}, others = {one.others}", where=where, remedy="Leave out days without a number"
            )
        if (one.metric, one.day) in seen:
            raise EquipoiseError("it was observed twice", where=where, remedy="Give one number a day")
        seen.add((one.metric, one.day))
