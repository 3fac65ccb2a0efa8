"""Guards of a canary: how often a harmless one is taken back, and how soon a harmful one."""

import datetime as dt
import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.governance.governance_samples import TODAY, release_with

from assets.governance.guards import Observation, watch
from assets.governance.sequential import bet_above
from assets.kernel.errors import EquipoiseError
from assets.policy.oversight import GuardMetric

RUNS, DAYS, ALPHA = 400, 120, 0.05
COST = {"guards": [{"metric": "cost", "tolerance": 0.02, "largest_difference": 0.5}]}

HARMLESS: dict[str, Callable[[random.Random], float]] = {
    "normal": lambda chance: chance.gauss(0, 0.3),
    "two points": lambda chance: chance.choice((-1.0, 1.0)),
    "rarely very bad": lambda chance: 0.95 if chance.random() < 0.05 else -0.05,
    "rarely very good": lambda chance: -0.95 if chance.random() < 0.05 else 0.05,
}


def observed(differences: list[float], metric: GuardMetric = GuardMetric.COST) -> list[Observation]:
    return [Observation(metric, TODAY + dt.timedelta(days=at), 1.0 + x, 1.0) for at, x in enumerate(differences)]


@pytest.mark.parametrize("name", list(HARMLESS))
def test_a_harmless_canary_is_taken_back_no_more_often_than_promised_however_often_one_looks(name: str) -> None:
    chance = random.Random(f"{name} 20260105")
    draws = ([HARMLESS[name](chance) for _ in range(DAYS)] for _ in range(RUNS))
    alarms = sum(bool(bet_above(draw, 0.0, 1.0, ALPHA).first_above) for draw in draws)
    # At the promised rate 400 runs alarm more than 31 times with a chance of less than 1 %.
    assert alarms <= 31


def test_a_harmful_canary_is_taken_back_within_weeks() -> None:
    chance = random.Random(20260105)
    seen = sorted(
        bet_above([chance.gauss(0.2, 0.3) for _ in range(DAYS)], 0.0, 0.5, ALPHA).first_above or DAYS + 1
        for _ in range(100)
    )
    assert seen[50] <= 28


@given(st.lists(st.floats(-5, 0), max_size=60))
def test_a_canary_that_is_never_worse_never_breaks_a_guard(differences: list[float]) -> None:
    assert bet_above(differences, 0.0, 1.0, ALPHA).first_above == 0


@given(st.lists(st.floats(-1, 1), min_size=1, max_size=60), st.integers(1, 60))
def test_what_was_found_does_not_depend_on_what_comes_later(differences: list[float], days: int) -> None:
    whole = bet_above(differences, 0.0, 1.0, 0.5).first_above
    part = bet_above(differences[:days], 0.0, 1.0, 0.5).first_above
    assert part == (whole if 0 < whole <= days else 0)


def test_a_broken_guard_takes_the_canary_back_and_says_why() -> None:
    found = watch(release_with("bold", rollout=COST), observed([0.4] * 30))
    assert found.rolls_back
    assert found.broken[0].broken_on is not None
    assert found.why.startswith("cost: +0.4000 on average over 30 days, 0.02 tolerated, broken on 2026-01-")


def test_a_release_may_leave_the_decision_to_people() -> None:
    found = watch(release_with("bold", rollout=COST, toggles={"automatic_rollback": False}), observed([0.4] * 30))
    assert (bool(found.broken), found.rolls_back) == (True, False)


def test_a_difference_that_is_tolerated_breaks_nothing() -> None:
    found = watch(release_with("bold", rollout=COST), observed([0.02] * 300))
    assert (found.broken, found.rolls_back, found.why) == ((), False, "")


def test_all_guards_share_the_rate_of_false_alarms() -> None:
    found = watch(release_with("bold"), observed([0.4] * 30))
    assert [finding.alpha for finding in found.findings] == [0.0125] * 4
    assert [finding.guard.metric for finding in found.broken] == [GuardMetric.COST]
    assert "nothing was observed yet" in found.findings[1].sentence


def test_the_order_in_which_days_are_told_does_not_matter() -> None:
    release = release_with("bold", rollout=COST)
    days = observed([0.1 * (at % 5) for at in range(40)])
    assert watch(release, days) == watch(release, days[::-1])


def test_days_that_resemble_the_days_before_are_joined_to_keep_the_promise() -> None:
    weekly = release_with("bold", rollout=COST | {"observation_days": 7, "false_alarm_rate": ALPHA})
    daily = release_with("bold", rollout=COST | {"false_alarm_rate": ALPHA})
    chance = random.Random(20260105)
    alarms = {"weekly": 0, "daily": 0}
    for _ in range(100):
        level, draw = 0.0, []
        for _ in range(DAYS):
            level = 0.8 * level + chance.gauss(0, 0.12)
            draw.append(level)
        alarms["weekly"] += bool(watch(weekly, observed(draw)).broken)
        alarms["daily"] += bool(watch(daily, observed(draw)).broken)
    assert alarms["weekly"] <= 5 < alarms["daily"]


def test_a_week_that_is_not_over_is_no_observation() -> None:
    weekly = release_with("bold", rollout=COST | {"observation_days": 7, "false_alarm_rate": 0.9})
    assert watch(weekly, observed([0.5] * 13)).broken == ()
    assert watch(weekly, observed([0.5] * 20)).broken[0].broken_on == TODAY + dt.timedelta(days=13)


@pytest.mark.parametrize(
    "days",
    [
        [Observation(GuardMetric.COST, TODAY, float("nan"), 1.0)],
        [Observation(GuardMetric.COST, TODAY, 1.0, 1.0)] * 2,
    ],
    ids=["missing", "twice"],
)
def test_a_number_that_is_missing_or_told_twice_is_an_error(days: list[Observation]) -> None:
    with pytest.raises(EquipoiseError, match="guard cost on 2026-01-05"):
        watch(release_with("bold"), days)
