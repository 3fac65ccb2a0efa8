"""Gates on profiles made by hand: verdicts, scores, causes and holds."""

import datetime as dt
from typing import Any

import duckdb
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from assets.feeds.contract import contract
from assets.kernel.errors import EquipoiseError
from assets.kernel.frames.quality import ACTIONS, PROFILES, VERDICTS
from quality.expectations import judge
from quality.gate import anomaly_score, run_gate
from quality.profiles import wide
from quality.suite import Rule, Suite, read_suite
from quality.verdicts import held, stops, worst_offenders, write_to_warehouse

PLAN_DATE = dt.date(2026, 3, 2)


def profile(*rows: tuple[str, str, str, str, float]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["feed", "site_id", "item_id", "measure", "value"])
    return PROFILES.conform(table.assign(plan_date=pd.Timestamp(PLAN_DATE)))


def rule(name: str, **given: Any) -> dict[str, Any]:
    return {
        "rule": name, "scope": "site", "column": "a", "kwargs": {"max_value": 1}, "action": "warn",
        "message": "{site_id}: {a:.0f}", "remedy": "mend", **given,
    }  # fmt: skip


def suite(*rules: dict[str, Any]) -> Suite:
    return Suite.model_validate({"gate": "feeds", "description": "d", "rules": rules})


def verdicts(*rows: tuple[str, str, str]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["site_id", "item_id", "action"])
    return VERDICTS.conform(
        table.assign(
            plan_date=pd.Timestamp(PLAN_DATE), gate="feeds", rule="r", feed="f", severity="warning", observed=1.0,
            expected=0.0, offender_count=1, anomaly_score=0.5, message="m", remedy="r",
        )
    )  # fmt: skip


def test_a_measure_beyond_its_bound_is_a_verdict_and_the_rest_pass() -> None:
    found = run_gate(suite(rule("high")), profile(("f", "S1", "", "a", 3), ("g", "S1", "", "a", 1)), PLAN_DATE)
    assert found[["feed", "rule", "action"]].to_numpy().tolist() == [["f", "high", "warn"], ["g", "passed", "pass"]]
    assert found.loc[0, ["observed", "expected", "message"]].tolist() == [3.0, 1.0, "S1: 3"]


def test_a_rule_judges_rows_of_its_scope_only() -> None:
    rows = profile(("f", "", "", "a", 9), ("f", "S1", "", "a", 9), ("f", "S1", "I1", "a", 9))
    for scope, place in (("feed", ("", "")), ("site", ("S1", "")), ("item", ("S1", "I1"))):
        found = run_gate(suite(rule("high", scope=scope)), rows, PLAN_DATE)
        assert [(v.site_id, v.item_id) for v in found.itertuples()] == [place]


def test_what_nobody_measured_is_no_fault() -> None:
    assert run_gate(suite(rule("high")), profile(("f", "S1", "", "b", 9)), PLAN_DATE)["action"].tolist() == ["pass"]


def test_infinity_is_beyond_every_bound() -> None:
    found = run_gate(suite(rule("high")), profile(("f", "S1", "", "a", float("inf"))), PLAN_DATE)
    assert found[["rule", "anomaly_score"]].to_numpy().tolist() == [["high", 1.0]]


def test_a_cause_speaks_for_its_symptoms_at_its_site_alone() -> None:
    rules = suite(rule("cause", column="b", action="hold", explains=["high"]), rule("high"))
    rows = profile(("f", "S1", "", "a", 3), ("f", "S1", "", "b", 3), ("f", "S2", "", "a", 3))
    found = run_gate(rules, rows, PLAN_DATE)
    assert [(v.rule, v.site_id) for v in found.itertuples()] == [("cause", "S1"), ("high", "S2")]


def test_a_cause_of_the_whole_feed_speaks_for_every_site() -> None:
    rules = suite(rule("cause", scope="feed", column="b", explains=["high"]), rule("high"))
    rows = profile(("f", "", "", "b", 3), ("f", "S1", "", "a", 3), ("f", "S2", "", "a", 3))
    assert run_gate(rules, rows, PLAN_DATE)["rule"].tolist() == ["cause"]


def test_a_cause_at_one_item_never_frees_another() -> None:
    rules = suite(
        rule("cause", scope="item", column="b", action="hold", explains=["high"]),
        rule("high", scope="item", action="hold_outbound"),
    )
    rows = profile(("f", "S1", "I1", "a", 3), ("f", "S1", "I1", "b", 3), ("f", "S1", "I2", "a", 3))
    found = run_gate(rules, rows, PLAN_DATE)
    assert [(v.rule, v.item_id) for v in found.itertuples()] == [("cause", "I1"), ("high", "I2")]


def test_a_cause_may_speak_for_another_feed() -> None:
    rules = suite(rule("cause", feeds=["f"], column="b", explains=["g.high"]), rule("high"))
    rows = profile(("f", "S1", "", "b", 3), ("g", "S1", "", "a", 3), ("g", "S2", "", "a", 3))
    found = run_gate(rules, rows, PLAN_DATE)
    assert [(v.rule, v.site_id) for v in found.itertuples()] == [("high", "S2"), ("cause", "S1")] or [
        (v.rule, v.site_id) for v in found.itertuples()
    ] == [("cause", "S1"), ("high", "S2")]


def test_a_cause_may_not_silence_what_is_stricter() -> None:
    with pytest.raises(ValidationError, match="may not silence the stricter"):
        suite(rule("cause", explains=["high"]), rule("high", action="hold"))


def test_a_cause_may_not_name_a_rule_that_is_not_there() -> None:
    with pytest.raises(ValidationError, match="is no rule"):
        suite(rule("cause", explains=["typo"]))


def test_an_unknown_expectation_is_told_by_its_rule() -> None:
    with pytest.raises(EquipoiseError, match=r"rule high: there is no expectation called expect_magic"):
        judge(wide(profile(("f", "S1", "", "a", 3))), suite(rule("high", expectation="expect_magic")))


def test_other_expectations_of_the_library_serve_as_well() -> None:
    rules = suite(rule("odd", expectation="expect_column_values_to_be_in_set", kwargs={"value_set": [1, 3]}))
    rows = profile(("f", "S1", "", "a", 3), ("f", "S2", "", "a", 4))
    found = run_gate(rules, rows, PLAN_DATE)
    assert [(v.rule, v.site_id) for v in found.itertuples()] == [("odd", "S2")]


def test_every_action_occurs_in_the_suite_of_the_feeds() -> None:
    assert {one.action for one in read_suite("feeds").rules} | {"pass"} == set(ACTIONS)


@pytest.mark.parametrize("gate", ["feeds", "forecasts", "plan"])
def test_every_rule_says_what_is_wrong_and_what_to_do(gate: Any) -> None:
    for one in read_suite(gate).rules:
        assert len(one.message) > 20, one.rule
        assert len(one.remedy) > 20, one.rule


@given(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6))
def test_the_anomaly_score_rises_with_distance_and_stays_a_share(low: float, high: float) -> None:
    one = Rule.model_validate(rule("r", kwargs={"max_value": 5}))
    scores = [anomaly_score(one, value) for value in sorted((low, high))]
    assert 0 <= scores[0] <= scores[1] <= 1
    assert (scores[1] > 0.5) == (max(low, high) > 5)


def test_a_score_of_a_lower_bound_rises_downwards() -> None:
    one = Rule.model_validate(rule("r", kwargs={"min_value": 0.5}, usual=1, scale=0.5))
    assert [anomaly_score(one, value) for value in (2.0, 1.0, 0.5, 0.0)] == [0.0, 0.0, 0.5, pytest.approx(2 / 3)]


def test_an_empty_item_or_site_of_a_verdict_stands_for_all() -> None:
    pairs = pd.DataFrame([("I1", "S1"), ("I2", "S1"), ("I1", "S2")], columns=["item_id", "site_id"])

    def asked(*rows: tuple[str, str, str]) -> list[tuple[bool, bool]]:
        found = held(verdicts(*rows), pairs)
        return list(zip(found["hold"], found["hold_outbound"], strict=True))

    assert asked(("S1", "I1", "hold")) == [(True, True), (False, False), (False, False)]
    assert asked(("S1", "", "hold_outbound")) == [(False, True), (False, True), (False, False)]
    assert asked(("", "I1", "hold")) == [(True, True), (False, False), (True, True)]
    assert asked(("", "", "hold_outbound")) == [(False, True)] * 3
    assert asked(("S1", "I1", "warn"), ("", "", "pass")) == [(False, False)] * 3


def test_verdicts_are_kept_once_per_plan_date() -> None:
    with duckdb.connect() as connection:
        for _ in range(2):
            assert write_to_warehouse(connection, verdicts(("S1", "I1", "hold")), PLAN_DATE) == 1
        write_to_warehouse(connection, VERDICTS.empty(), PLAN_DATE + dt.timedelta(days=1))
        assert connection.execute("select count(*) from quality.verdicts").fetchone() == (1,)


def test_the_worst_come_first() -> None:
    found = worst_offenders(verdicts(("S1", "", "warn"), ("S2", "", "stop"), ("S3", "", "pass"), ("S4", "", "hold")))
    assert found["action"].tolist() == ["stop", "hold", "warn"]
    assert stops(verdicts(("S2", "", "stop")))
    assert not stops(verdicts(("S2", "", "hold")))


def test_a_rejected_batch_is_told_of_every_table_of_the_contract() -> None:
    suite = read_suite("feeds")
    told = [feed for one in suite.rules if one.rule == "batch_rejected" for feed in one.feeds]
    assert sorted(told) == sorted(table.name for table in contract())
