"""A policy release: the versioned, hashed document that says how decisions are made.

Releases are YAML files validated here. Here are the sections that say what is decided; those that say how
decisions are watched are in ``oversight``, and what an ERP replenishes by itself is in ``parameters``. Which
release is active is the registry's business.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from assets.kernel.identifiers import digest
from assets.policy.oversight import (
    FEATURE_DEFAULTS,
    ApprovalLimits,
    DispatchRules,
    Feature,
    MaskingRules,
    RolloutRules,
)
from assets.policy.parameters import ParameterRules
from assets.policy.section import Section
from assets.policy.stage import Stage

Segment = Literal["smooth", "erratic", "intermittent", "lumpy", "new", "dying", "seasonal", "promoted"]
Recalibration = Literal["at_once", "on_approval"]
"""When a plan answers what drift asks for: the next one does, or the next one after a person approved it."""


class ForecastRules(Section):
    """How demand is forecast.

    Attributes
    ----------
    candidates : dict
        Segment to the menu of models its champion is chosen from, in order of preference on ties.
    origins : int
        Origins of the rolling backtest.
    history_buckets : int
        Buckets of history that models see.
    decision_quantile : float
        Quantile at which the backtest's pinball loss is taken for series that nobody states costs or service of;
        others have their critical ratio.
    refit_days : int
        Days after which champions are chosen and fitted anew; plans between only update them.
    promotion_margin : float
        Least share of the standing champion's decision loss that a challenger must save to replace it.
    recalibration : str
        Whether champions are chosen anew as soon as drift asks for it, or when a person approved; what
        ``refit_days`` asks for needs no approval.
    """

    candidates: dict[Segment, tuple[str, ...]]
    origins: int = Field(default=3, ge=1, le=26)
    history_buckets: int = Field(default=364, ge=8)
    decision_quantile: float = Field(default=0.9, gt=0, lt=1)
    refit_days: int = Field(default=7, ge=1)
    promotion_margin: float = Field(default=0.01, ge=0, lt=1)
    recalibration: Recalibration = "at_once"


class TargetRules(Section):
    """How stock targets are set.

    Attributes
    ----------
    default_service_target : dict
        ABC class to service level, for item-sites whose feed gives neither target nor cost.
    service_measure : dict
        ABC class to what its default target measures; a class that is not named promises cycle service.
    protect_donor_quantile : float
        Quantile of demand over the protection interval that a donor keeps.
    """

    default_service_target: dict[Literal["A", "B", "C"], float]
    service_measure: dict[Literal["A", "B", "C"], Literal["cycle_service", "fill_rate"]] = Field(default_factory=dict)
    protect_donor_quantile: float = Field(default=0.7, gt=0, lt=1)


class Guardrails(Section):
    """What a plan may not do.

    Attributes
    ----------
    minimum_gain_amount : float
        Least expected gain, net of costs, of a lateral or expedited line.
    cool_down_days : int
        Days after a site received an item in which it does not give it away.
    freeze_days : int
        Days from the plan date in which nothing may depart.
    forbidden_lanes : tuple of (str, str)
        Origin and destination; ``*`` stands for any.
    allowed_lanes : tuple of (str, str)
        The same; where any is given, transfers go on no other lane. What is forbidden stays forbidden.
    sensitive_items_stay : bool
        Whether sensitive items are never moved laterally.
    lateral_credibility : float
        Share of what lateral units are told to save that is believed; learned from what earlier ones saved.
    announced_change_price : float
        Currency for each unit by which a line that was announced is changed; 0 for nothing.
    announced_freeze_days : int
        Days from the plan date within which announced lines that depart may not be changed.
    """

    minimum_gain_amount: float = Field(default=1.0, ge=0)
    cool_down_days: int = Field(default=3, ge=0)
    freeze_days: int = Field(default=0, ge=0)
    forbidden_lanes: tuple[tuple[str, str], ...] = ()
    allowed_lanes: tuple[tuple[str, str], ...] = ()
    sensitive_items_stay: bool = True
    lateral_credibility: float = Field(default=1.0, gt=0, le=1)
    announced_change_price: float = Field(default=0.0, ge=0, le=1e6)
    announced_freeze_days: int = Field(default=0, ge=0)


class Objective(Section):
    """What a plan is worth.

    Attributes
    ----------
    end_value_share : float
        Share of landed replacement cost that stock left at the horizon is worth.
    shortage_weight, transport_weight : float
        Multipliers of the costs in the feed.
    """

    end_value_share: float = Field(default=1.0, ge=0, le=1)
    shortage_weight: float = Field(default=1.0, gt=0)
    transport_weight: float = Field(default=1.0, gt=0)


class SharedLimits(Section):
    """What all items of a plan may use together, beside the limits that feeds state.

    Attributes
    ----------
    purchase_budget_amount : float or None
        Most that purchases of a period may cost, in currency; none if unlimited.
    budget_days : int
        Length of the period; periods are counted from Monday 1970-01-05.
    """

    purchase_budget_amount: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    budget_days: int = Field(default=7, ge=1)


JOINED_LATER: Mapping[tuple[str, ...], Any] = {
    ("forecast", "recalibration"): "at_once",
    ("limits",): SharedLimits().model_dump(mode="json"),
    ("targets", "service_measure"): {},
    ("guardrails", "allowed_lanes"): [],
    ("guardrails", "lateral_credibility"): 1.0,
    ("guardrails", "announced_change_price"): 0.0,
    ("guardrails", "announced_freeze_days"): 0,
    ("approvals",): ApprovalLimits().model_dump(mode="json"),
    ("masking",): MaskingRules().model_dump(mode="json"),
    ("toggles",): {},
    ("rollout",): RolloutRules().model_dump(mode="json"),
    ("dispatch",): DispatchRules().model_dump(mode="json"),
    ("parameters",): ParameterRules().model_dump(mode="json"),
}
"""Fields younger than the first releases, and what they hold where a release does not set them."""


class Release(Section):
    """One policy release.

    Attributes
    ----------
    name : str
        Name of the release.
    parent : str or None
        Version it was made from.
    stage : Stage
        Where it stands. In a file it counts only for shipped releases, and only until an event says otherwise.
    toggles : dict
        Features that the release turns on or off; the others are as ``FEATURE_DEFAULTS`` says.
    """

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_.-]*$")
    parent: str | None = None
    author: str = ""
    description: str = ""
    stage: Stage = Stage.DRAFT
    forecast: ForecastRules
    targets: TargetRules
    guardrails: Guardrails = Guardrails()
    objective: Objective = Objective()
    limits: SharedLimits = SharedLimits()
    approvals: ApprovalLimits = ApprovalLimits()
    masking: MaskingRules = MaskingRules()
    toggles: dict[Feature, bool] = Field(default_factory=dict)
    rollout: RolloutRules = RolloutRules()
    dispatch: DispatchRules = DispatchRules()
    parameters: ParameterRules = ParameterRules()

    def enabled(self, feature: Feature) -> bool:
        """Tell whether the release has a feature on."""
        return self.toggles.get(feature, FEATURE_DEFAULTS[feature])

    @property
    def content_hash(self) -> str:
        """Digest of what the release decides; its stage and author do not count, nor younger fields it does not set."""
        told = self.model_dump(mode="json", exclude={"stage", "author", "description"})
        for (*sections, name), silence in JOINED_LATER.items():
            holder = told
            for section in sections:
                holder = holder[section]
            if holder[name] == silence:
                del holder[name]
        return digest(told)

    @property
    def version(self) -> str:
        """Name and short hash, as documents carry it."""
        return f"{self.name}@{self.content_hash[:12]}"
