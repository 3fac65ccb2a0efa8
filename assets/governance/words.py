"""A planner's words for every field of a policy release, with its unit.

Not here: comparing two releases (``diff``). A test holds that no field of the model is without a word.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Unit(StrEnum):
    """How a value is written."""

    PLAIN = ""
    SHARE = "share"
    DAYS = "days"
    BUCKETS = "buckets"
    MONEY = "money"
    UNIT_MONEY = "money per unit"
    PEOPLE = "people"
    YES_NO = "yes or no"


@dataclass(frozen=True)
class Word:
    """What a field is called; ``{key}`` stands for the key of a table, as a segment or a class."""

    name: str
    unit: Unit = Unit.PLAIN


WORDS: Mapping[str, Word] = {
    "name": Word("name of the release"),
    "parent": Word("release it was made from"),
    "author": Word("author"),
    "description": Word("description"),
    "stage": Word("stage"),
    "forecast.candidates": Word("forecasting models to choose from for {key} series"),
    "forecast.origins": Word("past dates that models are tried on"),
    "forecast.history_buckets": Word("history that models see", Unit.BUCKETS),
    "forecast.decision_quantile": Word(
        "quantile that models are judged at where nobody states costs or service", Unit.SHARE
    ),
    "forecast.refit_days": Word("time after which models are chosen and fitted anew", Unit.DAYS),
    "forecast.recalibration": Word("when what drift asks of the models is done"),
    "forecast.promotion_margin": Word("loss that a new model must save to replace the present one", Unit.SHARE),
    "targets.default_service_target": Word(
        "service level of class {key} where the feed gives neither target nor cost", Unit.SHARE
    ),
    "targets.service_measure": Word("measure of service of class {key}"),
    "targets.protect_donor_quantile": Word("quantile of its own demand that a giving site keeps", Unit.SHARE),
    "guardrails.minimum_gain_amount": Word("least gain of a lateral or expedited line", Unit.MONEY),
    "guardrails.cool_down_days": Word("time in which a site does not give away what it received", Unit.DAYS),
    "guardrails.freeze_days": Word("time from the plan date in which nothing may depart", Unit.DAYS),
    "guardrails.forbidden_lanes": Word("forbidden lanes"),
    "guardrails.allowed_lanes": Word("lanes that alone are allowed"),
    "guardrails.sensitive_items_stay": Word("sensitive items are never moved laterally", Unit.YES_NO),
    "guardrails.lateral_credibility": Word("belief in what lateral units are told to save", Unit.SHARE),
    "guardrails.announced_change_price": Word("price of changing an announced line", Unit.UNIT_MONEY),
    "guardrails.announced_freeze_days": Word("time in which announced lines may not change", Unit.DAYS),
    "objective.end_value_share": Word("worth of stock left at the horizon, of its replacement cost", Unit.SHARE),
    "objective.shortage_weight": Word("weight of the cost of shortage"),
    "objective.transport_weight": Word("weight of the cost of transport"),
    "limits.purchase_budget_amount": Word("budget of purchases in a period", Unit.MONEY),
    "limits.budget_days": Word("period of the budget of purchases", Unit.DAYS),
    "approvals.one_approver_above_amount": Word("value of an order above which one person approves", Unit.MONEY),
    "approvals.two_approvers_above_amount": Word("value of an order above which two people approve", Unit.MONEY),
    "approvals.irreversible_above_amount": Word(
        "value above which one person approves what cannot be taken back", Unit.MONEY
    ),
    "approvals.sensitive_approvers": Word("approval of orders with sensitive items", Unit.PEOPLE),
    "approvals.novel_approvers": Word("approval of an item, lane or supplier never ordered before", Unit.PEOPLE),
    "approvals.doubtful_approvers": Word("approval where the forecast is wide or a gate warned", Unit.PEOPLE),
    "approvals.widest_forecast": Word("width of a forecast, in medians, above which it is in doubt"),
    "approvals.valid_days": Word("time for which an approval counts", Unit.DAYS),
    "masking.numbers": Word("quantities and money of sensitive items are hidden", Unit.YES_NO),
    "toggles": Word("{key}", Unit.YES_NO),
    "rollout.share": Word("most of the network's money that a canary decides for", Unit.SHARE),
    "rollout.false_alarm_rate": Word("chance that a harmless canary is taken back", Unit.SHARE),
    "rollout.observation_days": Word("days whose mean is one observation of a guard", Unit.DAYS),
    "rollout.guards": Word("guards of a canary"),
    "dispatch.window_days": Word("time from the plan date in which orders may leave", Unit.DAYS),
    "parameters.handed_over": Word("sites and categories that an ERP replenishes by itself"),
    "parameters.free_change_share": Word("change of a level handed over that rules approve", Unit.SHARE),
}
"""Path of a field in the release to its word."""
