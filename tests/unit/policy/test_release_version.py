"""The version of a release is that of what it decides; a field that joined later changes none of before."""

from typing import Any

import pytest

from assets.policy.registry import PolicyRegistry
from assets.policy.release import Release


def changed(**sections: dict[str, Any]) -> Release:
    """Return the shipped release with other values in some sections."""
    document = PolicyRegistry().active().model_dump(mode="json")
    return Release.model_validate(document | {name: document[name] | new for name, new in sections.items()})


def test_the_shipped_release_keeps_the_version_that_plans_of_before_name() -> None:
    # A change of standard.yaml changes it by right; a field that joins the schema must not.
    assert PolicyRegistry().active().version == "standard@57232c27b48b"


@pytest.mark.parametrize(
    "sections",
    [
        {"forecast": {"recalibration": "on_approval"}},
        {"targets": {"service_measure": {"A": "fill_rate"}}},
        {"limits": {"purchase_budget_amount": 1.0}},
        {"guardrails": {"allowed_lanes": [["a", "*"]]}},
        {"guardrails": {"announced_change_price": 0.5}},
        {"guardrails": {"announced_freeze_days": 1}},
        {"guardrails": {"lateral_credibility": 0.5}},
        {"approvals": {"sensitive_approvers": 2}},
        {"masking": {"numbers": False}},
        {"toggles": {"amendments": False}},
        {"rollout": {"share": 0.2}},
        {"dispatch": {"window_days": 2}},
        {"parameters": {"handed_over": [{"site": "S1"}]}},
        {"parameters": {"free_change_share": 0.2}},
    ],
    ids=lambda sections: ".".join([*sections, *next(iter(sections.values()))]),
)
def test_a_later_field_counts_where_a_release_sets_it(sections: dict[str, Any]) -> None:
    assert changed(**sections).version != changed().version


def test_a_later_field_that_says_nothing_does_not_count() -> None:
    guardrails = {
        "allowed_lanes": [],
        "announced_change_price": 0,
        "announced_freeze_days": 0,
        "lateral_credibility": 1,
    }
    silent = changed(
        forecast={"recalibration": "at_once"},
        targets={"service_measure": {}},
        limits={"purchase_budget_amount": None},
        guardrails=guardrails,
        approvals={},
        masking={"numbers": True},
        toggles={},
        rollout={},
        dispatch={"window_days": 1},
        parameters={"handed_over": [], "free_change_share": 0.5},
    )
    assert silent.version == PolicyRegistry().active().version


def test_stage_author_and_description_do_not_count() -> None:
    release = PolicyRegistry().active()
    other = release.model_copy(update={"stage": "retired", "author": "a", "description": "d"})
    assert other.version == release.version
