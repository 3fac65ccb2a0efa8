"""What changes between two releases, in words and in money."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, get_args

import pytest
from pydantic import BaseModel
from unit.governance.governance_samples import release_with

from assets.governance.diff import PlanTotals, diff, money_diff
from assets.governance.words import WORDS
from assets.policy.oversight import Feature
from assets.policy.release import Release
from orchestration.cli.policy_money import caveats

STANDARD = release_with()


def fields(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    """Yield the path of each field that is no section itself."""
    for name, field in model.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from fields(kind, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}"


def test_every_field_of_a_release_has_a_word_and_no_word_is_of_nothing() -> None:
    assert set(WORDS) == set(fields(Release))


def test_a_release_changes_nothing_against_itself() -> None:
    assert diff(STANDARD, release_with("other", description="new", author="ada")) == ()


@pytest.mark.parametrize(
    ("sections", "path", "sentence"),
    [
        (
            {"targets": {"default_service_target": {"A": 0.98, "B": 0.95, "C": 0.9}}},
            "targets.default_service_target.A",
            "Service level of class A where the feed gives neither target nor cost rises to 98 % from 97 %.",
        ),
        (
            {"guardrails": {"cool_down_days": 1}},
            "guardrails.cool_down_days",
            "Time in which a site does not give away what it received falls to 1 day from 3 days.",
        ),
        (
            {"guardrails": {"forbidden_lanes": [["DC1", "*"]]}},
            "guardrails.forbidden_lanes",
            "Forbidden lanes: with DC1 to any.",
        ),
        (
            {"guardrails": {"sensitive_items_stay": False}},
            "guardrails.sensitive_items_stay",
            "Sensitive items are never moved laterally: no, was yes.",
        ),
        (
            {"limits": {"purchase_budget_amount": 5000}},
            "limits.purchase_budget_amount",
            "Budget of purchases in a period: 5,000.00, was not limited or not said.",
        ),
        (
            {"approvals": {"sensitive_approvers": 2}},
            "approvals.sensitive_approvers",
            "Approval of orders with sensitive items rises to 2 people from 1 person.",
        ),
        ({"toggles": {"amendments": False}}, "toggles.amendments", "Amendments: no, was yes."),
        (
            {"rollout": {"guards": [{"metric": "cost"}]}},
            "rollout.guards",
            "Guards of a canary: with cost (tolerated 0, at most 1); without cost (tolerated 0.02, at most 0.5), "
            "lost sales (tolerated 0.01, at most 0.2), rejections (tolerated 0.05, at most 1), "
            "failures (tolerated 0.02, at most 1).",
        ),
        (
            {"targets": {"service_measure": {"A": "fill_rate"}}},
            "targets.service_measure.A",
            "Measure of service of class A: fill rate, was not limited or not said.",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) and " " not in value else "",
)
def test_a_change_is_told_in_a_planners_words(sections: dict[str, Any], path: str, sentence: str) -> None:
    (change,) = diff(STANDARD, release_with("other", **sections))
    assert (change.path, change.sentence) == (path, sentence)
    assert change.before != change.after


def test_a_menu_in_another_order_is_a_change() -> None:
    menus = STANDARD.model_dump(mode="json")["forecast"]["candidates"]
    turned = {"candidates": menus | {"dying": menus["dying"][::-1]}}
    (change,) = diff(STANDARD, release_with("other", forecast=turned))
    assert change.sentence.startswith("Forecasting models to choose from for dying series: in the order Boosted")


def test_a_toggle_that_says_what_silence_means_is_no_change() -> None:
    assert diff(STANDARD, release_with("other", toggles={Feature.AMENDMENTS.value: True})) == ()


def test_every_field_that_decides_can_be_told_when_it_changes() -> None:
    other = release_with(
        "other",
        forecast={
            "origins": 5, "history_buckets": 100, "decision_quantile": 0.8, "refit_days": 1, "promotion_margin": 0,
        },
        targets={"protect_donor_quantile": 0.8},
        guardrails={
            "minimum_gain_amount": 2.5, "freeze_days": 1, "allowed_lanes": [["a", "b"]],
            "announced_change_price": 0.5, "announced_freeze_days": 2, "lateral_credibility": 0.5,
        },
        objective={"end_value_share": 0.5, "shortage_weight": 2, "transport_weight": 0.5},
        limits={"budget_days": 14},
        approvals={
            "one_approver_above_amount": 1, "two_approvers_above_amount": 2, "irreversible_above_amount": 3,
            "novel_approvers": 0, "doubtful_approvers": 2, "widest_forecast": 2.5, "valid_days": 1,
        },
        masking={"numbers": False},
        rollout={"share": 0.2, "false_alarm_rate": 0.01, "observation_days": 7},
        dispatch={"window_days": 2},
    )  # fmt: skip
    sentences = [change.sentence for change in diff(STANDARD, other)]
    assert len(sentences) == len(set(sentences)) == 28
    assert all(sentence.endswith(".") and "None" not in sentence for sentence in sentences)
    assert "Approval of an item, lane or supplier never ordered before falls to nobody from 1 person." in sentences


def test_money_is_told_by_kind_the_largest_change_first() -> None:
    totals = {
        "standard": PlanTotals({"holding": Decimal(100), "shortage": Decimal(50), "transport": Decimal(5)}, 7),
        "other": PlanTotals({"holding": Decimal(110), "shortage": Decimal(20), "transport": Decimal(5)}, 9),
    }
    told = money_diff(STANDARD, release_with("other"), lambda release: totals[release.name], "EUR")
    assert told == (
        "On this snapshot the plan would cost 20.00 EUR less: 135.00 instead of 155.00 EUR (-12.9%).",
        "Shortage: 30.00 EUR less.",
        "Holding: 10.00 EUR more.",
        "Orders: 9 instead of 7.",
    )


def test_plans_that_cost_the_same_say_so() -> None:
    told = money_diff(STANDARD, STANDARD, lambda _: PlanTotals({"holding": Decimal(1)}))
    assert told == ("On this snapshot both plans cost the same: 1.00.",)


def test_a_table_is_walked_by_key() -> None:
    assert get_args(Release.model_fields["toggles"].annotation)[0] is Feature


def test_what_erps_order_by_levels_is_said_to_be_not_priced() -> None:
    for path in ("parameters.handed_over", "toggles.parameters_document"):
        (told,) = caveats([path])
        assert told.startswith("Not priced: what ERPs order by levels.")
    assert caveats(["guardrails.cool_down_days"]) == []
