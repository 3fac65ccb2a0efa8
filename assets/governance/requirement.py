"""How many people must approve an order, and which rules ask for them.

One rule, one function. Not here: whether those who approved count (``approval``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from assets.governance.facts import OrderFacts
from assets.policy.oversight import Feature
from assets.policy.release import Release


class ApprovalRule(StrEnum):
    """Rules that can ask for people."""

    VALUE = "value"
    REVERSIBILITY = "reversibility"
    SENSITIVITY = "sensitivity"
    NOVELTY = "novelty"
    LEVELS = "levels"
    CONFIDENCE = "confidence"
    VERDICT = "verdict"
    OVERRIDE = "override"
    DECIDED_BEFORE = "decided_before"
    NO_AUTOMATIC_APPROVAL = "no_automatic_approval"


@dataclass(frozen=True)
class Asked:
    """One rule that asks for people, and why."""

    rule: ApprovalRule
    approvers: int
    sentence: str


@dataclass(frozen=True)
class Requirement:
    """What an order needs before it may leave.

    Attributes
    ----------
    asked : tuple of Asked
        The rules that ask for people; none where rules approve.
    expires_on : date
        First day on which it may leave no more, approved or not.
    """

    asked: tuple[Asked, ...]
    expires_on: dt.date

    @property
    def approvers(self) -> int:
        """People who must approve: 0 (the rules do), 1 or 2."""
        return max((one.approvers for one in self.asked), default=0)

    @property
    def rules(self) -> tuple[ApprovalRule, ...]:
        """The rules that ask, in the order of their list."""
        return tuple(one.rule for one in self.asked)


def requirement(facts: OrderFacts, release: Release) -> Requirement:
    """Return what an order needs by a release's limits."""
    told = ((rule, *judge(facts, release)) for rule, judge in _RULES.items())
    asked = tuple(Asked(rule, approvers, sentence) for rule, approvers, sentence in told if approvers)
    return Requirement(asked, facts.plan_date + dt.timedelta(days=release.dispatch.window_days))


def _value(facts: OrderFacts, release: Release) -> tuple[int, str]:
    limits = release.approvals
    value = float(facts.value_amount)
    for approvers, limit in ((2, limits.two_approvers_above_amount), (1, limits.one_approver_above_amount)):
        if value > limit:
            return approvers, f"its value of {facts.value_amount:,.2f} is above {limit:,.2f}"
    return 0, ""


def _reversibility(facts: OrderFacts, release: Release) -> tuple[int, str]:
    limit = release.approvals.irreversible_above_amount
    if facts.reversible or float(facts.value_amount) <= limit:
        return 0, ""
    return 1, f"a {facts.kind} of {facts.value_amount:,.2f}, above {limit:,.2f}, cannot be taken back without cost"


def _sensitivity(facts: OrderFacts, release: Release) -> tuple[int, str]:
    if not facts.sensitive_items:
        return 0, ""
    verb = "is" if len(facts.sensitive_items) == 1 else "are"
    return release.approvals.sensitive_approvers, f"{', '.join(facts.sensitive_items)} {verb} sensitive"


def _novelty(facts: OrderFacts, release: Release) -> tuple[int, str]:
    lane = f"{facts.origin_id} to {facts.destination_id}"
    new = [f"item {item}" for item in facts.new_items]
    new += [f"lane {lane}"] if facts.new_lane else []
    new += [f"supplier {facts.origin_id}"] if facts.new_supplier else []
    new += facts.new_level_sources
    return (release.approvals.novel_approvers, f"never ordered before: {', '.join(new)}") if new else (0, "")


def _levels(facts: OrderFacts, release: Release) -> tuple[int, str]:
    limit = release.parameters.free_change_share
    far = sorted(((item, share) for item, share in facts.level_changes if share > limit), key=lambda one: -one[1])
    said = [f"handed over for the first time: {', '.join(facts.new_levels)}"] if facts.new_levels else []
    said += [f"handed over no more: {', '.join(facts.withdrawn_levels)}"] if facts.withdrawn_levels else []
    moved = ", ".join(f"{item} from {source}" for item, source in facts.moved_sources)
    said += [f"ordered from another source: {moved}"] if moved else []
    told = ", ".join(f"{item} by {share:.0%}" for item, share in far)
    said += [f"levels that change by more than {limit:.0%}: {told}"] if far else []
    return (release.approvals.novel_approvers, "; ".join(said)) if said else (0, "")


def _confidence(facts: OrderFacts, release: Release) -> tuple[int, str]:
    widest = release.approvals.widest_forecast
    # Written so that a width that is no number is in doubt.
    if facts.forecast_width <= widest:
        return 0, ""
    return (
        release.approvals.doubtful_approvers,
        f"its forecast is {facts.forecast_width:.1f} medians wide, above {widest}",
    )


def _verdict(facts: OrderFacts, release: Release) -> tuple[int, str]:
    if not facts.warnings:
        return 0, ""
    return release.approvals.doubtful_approvers, f"a quality gate warned: {', '.join(facts.warnings)}"


def _override(facts: OrderFacts, _: Release) -> tuple[int, str]:
    return (1, f"{' and '.join(facts.requested_by)} asked for it") if facts.requested_by else (0, "")


def _decided_before(facts: OrderFacts, _: Release) -> tuple[int, str]:
    return (1, f"a person decided of it before: {facts.decided_before}") if facts.decided_before else (0, "")


def _no_automatic_approval(_: OrderFacts, release: Release) -> tuple[int, str]:
    if release.enabled(Feature.AUTOMATIC_APPROVAL):
        return 0, ""
    return 1, f"{release.name} lets no rule approve"


_RULES: Mapping[ApprovalRule, Callable[[OrderFacts, Release], tuple[int, str]]] = {
    ApprovalRule.VALUE: _value,
    ApprovalRule.REVERSIBILITY: _reversibility,
    ApprovalRule.SENSITIVITY: _sensitivity,
    ApprovalRule.NOVELTY: _novelty,
    ApprovalRule.LEVELS: _levels,
    ApprovalRule.CONFIDENCE: _confidence,
    ApprovalRule.VERDICT: _verdict,
    ApprovalRule.OVERRIDE: _override,
    ApprovalRule.DECIDED_BEFORE: _decided_before,
    ApprovalRule.NO_AUTOMATIC_APPROVAL: _no_automatic_approval,
}
