"""Sections of a release that say how its decisions are watched: approvals, masking, toggles, rollout, dispatch.

Not here: what a plan decides (``release``), or the functions that obey these rules (``governance``, ``masking``).
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from pydantic import Field, model_validator

from assets.policy.section import Section


class Feature(StrEnum):
    """What a release can turn on or off.

    ``automatic_approval``: rules may approve an order that asks for nobody. ``automatic_rollback``: a broken
    guard takes the canary back by itself. ``amendments``: a replan may change what was issued.
    ``parameters_document``: reorder points are handed over.
    """

    AUTOMATIC_APPROVAL = "automatic_approval"
    AUTOMATIC_ROLLBACK = "automatic_rollback"
    AMENDMENTS = "amendments"
    PARAMETERS_DOCUMENT = "parameters_document"


FEATURE_DEFAULTS: Mapping[Feature, bool] = dict.fromkeys(Feature, True)
"""Whether a feature is on where a release does not say."""


class ApprovalLimits(Section):
    """When an order waits for a person. Amounts are in the network's currency.

    Attributes
    ----------
    one_approver_above_amount, two_approvers_above_amount : float
        Value of a document above which one person, or two, must approve.
    irreversible_above_amount : float
        Value above which one person must approve what cannot be taken back without cost.
    sensitive_approvers, novel_approvers, doubtful_approvers : int
        People who must approve a document with a sensitive item; with an item, lane or supplier that was never
        ordered before; with a forecast wider than ``widest_forecast`` or a warning of a gate.
    widest_forecast : float
        Width of a forecast (90 % quantile less 10 % quantile, over the median) above which it is in doubt.
    valid_days : int
        Days for which an approval counts, the day it is given included.
    """

    one_approver_above_amount: float = Field(default=10_000, ge=0, allow_inf_nan=False)
    two_approvers_above_amount: float = Field(default=100_000, ge=0, allow_inf_nan=False)
    irreversible_above_amount: float = Field(default=5_000, ge=0, allow_inf_nan=False)
    sensitive_approvers: int = Field(default=1, ge=0, le=2)
    novel_approvers: int = Field(default=1, ge=0, le=2)
    doubtful_approvers: int = Field(default=1, ge=0, le=2)
    widest_forecast: float = Field(default=4.0, gt=0, allow_inf_nan=False)
    valid_days: int = Field(default=3, ge=1)

    @model_validator(mode="after")
    def _two_are_asked_for_more_than_one(self) -> ApprovalLimits:
        if self.two_approvers_above_amount < self.one_approver_above_amount:
            raise ValueError("two_approvers_above_amount is below one_approver_above_amount")
        return self


class MaskingRules(Section):
    """What those who may not see sensitive items see of them.

    Attributes
    ----------
    numbers : bool
        Whether quantities and money of sensitive items are hidden beside their names.
    """

    numbers: bool = True


class GuardMetric(StrEnum):
    """What a canary is watched by; each a number per observation of which less is better.

    ``cost``: cost over the cost that the baseline would have had. ``lost_sales``: lost units over demand.
    ``rejections``: orders that people rejected, over orders proposed. ``failures``: orders that failed or were
    refused, over orders issued.
    """

    COST = "cost"
    LOST_SALES = "lost_sales"
    REJECTIONS = "rejections"
    FAILURES = "failures"


class Guard(Section):
    """One guard of a canary.

    Attributes
    ----------
    metric : GuardMetric
        What is watched: the canary's less the others'.
    tolerance : float
        Mean difference that is still tolerated.
    largest_difference : float
        Differences beyond it, either way, count as this much.
    """

    metric: GuardMetric
    tolerance: float = Field(default=0.0, ge=0, allow_inf_nan=False)
    largest_difference: float = Field(default=1.0, gt=0, allow_inf_nan=False)

    @model_validator(mode="after")
    def _can_be_broken(self) -> Guard:
        if self.tolerance >= self.largest_difference:
            raise ValueError("a guard whose tolerance reaches largest_difference is never broken")
        return self


class RolloutRules(Section):
    """How a release comes to decide for everything.

    Attributes
    ----------
    share : float
        Most of the network's money that the canary decides for.
    false_alarm_rate : float
        Chance that any guard is ever broken by a canary that is no worse than tolerated, over all guards.
    observation_days : int
        Days whose mean is one observation of a guard. Where a day's difference resembles that of the day before,
        more days keep the false-alarm rate, and a harmful canary lives longer.
    guards : tuple of Guard
        What takes a canary back.
    """

    share: float = Field(default=0.1, gt=0, lt=1)
    false_alarm_rate: float = Field(default=0.05, gt=0, lt=1)
    observation_days: int = Field(default=1, ge=1, le=28)
    guards: tuple[Guard, ...] = (
        Guard(metric=GuardMetric.COST, tolerance=0.02, largest_difference=0.5),
        Guard(metric=GuardMetric.LOST_SALES, tolerance=0.01, largest_difference=0.2),
        Guard(metric=GuardMetric.REJECTIONS, tolerance=0.05),
        Guard(metric=GuardMetric.FAILURES, tolerance=0.02),
    )

    @model_validator(mode="after")
    def _one_guard_a_metric(self) -> RolloutRules:
        if len({guard.metric for guard in self.guards}) != len(self.guards):
            raise ValueError("two guards watch the same metric")
        return self


class DispatchRules(Section):
    """When orders may leave.

    Attributes
    ----------
    window_days : int
        Days from the plan date, itself included, on which its orders may leave.
    """

    window_days: int = Field(default=1, ge=1, le=28)
