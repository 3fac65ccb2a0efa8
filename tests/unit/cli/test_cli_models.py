"""`equipoise models`: selections are listed and shown, persons promote and roll back."""

import datetime as dt
from dataclasses import replace

import pandas as pd
import pytest
from unit.cli.tiny_network import PLAN_DATE, Equipoise

from assets.forecasting.evaluation.calibrate import untested
from assets.forecasting.evaluation.promotion import Challenge
from assets.forecasting.evaluation.scorecard import Score
from assets.forecasting.registry.records import Entered, Pin, Procedure, Terms, Used
from assets.forecasting.registry.registry import ModelRegistry
from assets.forecasting.registry.segment_choice import SegmentChoice
from assets.forecasting.registry.selection import Selection
from assets.governance.identity import current_user
from assets.kernel.home import NetworkHome

# The longest name that a menu has.
LONG = "SeasonalExponentialSmoothing"
TERMS = Terms(rules="rules-1", feature_set="features-1", as_known="then")


@pytest.fixture
def selected(network: NetworkHome) -> NetworkHome:
    """Return the home of a network that selected on one date and used it on the next."""
    scores = (
        Score(
            "TSB",
            0.02134,
            0.5,
            0.0,
            0.8,
            mase=0.91234,
            rmsse=0.87654,
            scaled_pinball=0.012345678,
            pit_coverage_80=0.7912,
        ),
        Score(LONG, 0.021349, 0.5, 0.0, None),
    )
    choice = SegmentChoice("lumpy", "TSB", 3, scores, (untested(3), untested(3)), PLAN_DATE)
    fitted = pd.DataFrame(columns=["item_id", "site_id", "model"], dtype=object)
    selection = Selection(PLAN_DATE, "rules-1", (choice,), untested(3), fitted)
    registry = ModelRegistry(network.root)
    entered = Entered(
        terms=TERMS, version=selection.version, made_for=PLAN_DATE, data_version="data-1",
        policy_release="standard@1", why="no selection was made under these rules yet", has_drivers=False,
    )  # fmt: skip
    for days, stamp in enumerate(("stamp-1", "stamp-2")):
        used = Used(
            terms=TERMS, plan_date=PLAN_DATE + dt.timedelta(days=days), version=selection.version,
            data_version=f"data-{days}", model_version=stamp,
        )  # fmt: skip
        registry.record(None if days else selection, None if days else entered, used)
    return network


@pytest.mark.usefixtures("selected")
def test_a_selection_is_listed_with_the_plans_that_used_it(equipoise: Equipoise) -> None:
    [listed] = equipoise("models", "list", "--json").data["selections"]
    assert listed["plan_dates"] == ["2026-03-02", "2026-03-03"]
    assert listed["in_force"]


@pytest.mark.usefixtures("selected")
@pytest.mark.parametrize("name", [[], ["2026-03-02"], ["stamp-2"]])
def test_a_plan_date_and_an_orders_model_version_lead_to_the_selection(equipoise: Equipoise, name: list[str]) -> None:
    found = equipoise("models", "show", *name, "--json").data
    assert found["made_for"] == "2026-03-02"
    assert [score["model"] for score in found["segments"][0]["scores"]] == ["TSB", LONG]


@pytest.mark.usefixtures("selected")
def test_candidates_are_told_apart_by_four_digits_within_120_columns(equipoise: Equipoise) -> None:
    lines = equipoise("models", "show").out.splitlines()
    assert max(map(len, lines)) <= 120
    text = " ".join(" ".join(lines).split())
    assert "pinball scaled 80 % 80 % candidate loss WAPE MASE RMSSE pinball bias raw by PIT" in text
    assert "TSB champion 0.02134 0.5000 0.9123 0.8765 0.01235 0.00 % 80.00 % 79.12 %" in text
    assert f"{LONG} 0.02135 0.5000" in text, "the name is broken"


@pytest.mark.usefixtures("selected")
def test_what_persons_decide_is_listed_with_who_and_why(equipoise: Equipoise) -> None:
    why = ["--reason", "spares came back"]
    assert equipoise("models", "promote", "lumpy", LONG, *why).code == 0
    assert equipoise("models", "rollback", "--by", current_user().person, "--reason", "worse").code == 0
    text = equipoise("models", "list").out
    who = current_user().person
    assert f"2026-03-04: {who} put {LONG} into lumpy: spares came back" in text
    assert f"{who} rolled back" in text


@pytest.mark.usefixtures("selected")
def test_nobody_decides_in_the_name_of_somebody_else(equipoise: Equipoise) -> None:
    said = equipoise("models", "rollback", "--by", "Bob", "--reason", "worse")
    assert (said.code, said.err.count("\n")) == (1, 1)
    assert "not Bob" in said.err


def test_a_selection_says_why_it_was_made_and_who_put_a_model_there_for_what_reason(
    equipoise: Equipoise, selected: NetworkHome
) -> None:
    registry, day = ModelRegistry(selected.root), PLAN_DATE + dt.timedelta(days=2)
    before = registry.selection(next(registry.log().of(Entered)).version)
    pin = Pin(model="TSB", since=day, by="Ann", reason="spares came back")
    test = Challenge("TSB", LONG, 0.01, -0.02, 0.04, 0.01, 40, promoted=False, reason=f"{LONG} is no better")
    choice = replace(before.choices[0], evidence=test)
    selection = replace(before, made_for=day, choices=(choice,)).pinned({"lumpy": pin})
    why = registry.log().refit_due(day, TERMS, Procedure(refit_days=7, promotion_margin=0.01), has_drivers=True)
    entered = Entered(
        terms=TERMS, version=selection.version, made_for=day, data_version="data-2", why=why, pins={"lumpy": pin}
    )
    used = Used(terms=TERMS, plan_date=day, version=selection.version, data_version="data-2")
    registry.record(selection, entered, used)
    assert "knew no promotion" in " ".join(equipoise("models", "list").out.split())
    shown = " ".join(equipoise("models", "show").out.split())
    assert "the selection of 2026-03-02 knew no promotion, price or event; the first appeared since" in shown
    assert f"lumpy: TSB since 2026-03-04 by Ann, its means times 1.000; spares came back; {LONG} is no better" in shown


@pytest.mark.usefixtures("selected")
@pytest.mark.parametrize(
    "arguments",
    [
        ["promote", "lumpy", "Prophet", "--reason", "r"],
        ["rollback", "--reason", "r"],
        ["show", "nothing"],
    ],
)
def test_what_cannot_be_done_is_one_line(equipoise: Equipoise, arguments: list[str]) -> None:
    said = equipoise("models", *arguments)
    assert (said.code, said.out) == (1, "")
    assert said.err.count("\n") == 1


@pytest.mark.usefixtures("network")
@pytest.mark.parametrize("arguments", [["show"], ["promote", "lumpy", "TSB", "--reason", "r"]])
def test_before_any_plan_one_line_says_so(equipoise: Equipoise, arguments: list[str]) -> None:
    said = equipoise("models", *arguments)
    assert said.code == 1
    assert "no plan has used a model yet" in said.err
    assert equipoise("models", "list", "--json").data == {"selections": [], "acts": [], "waiting": []}


@pytest.mark.usefixtures("selected")
def test_nobody_decides_without_a_name_and_a_reason(equipoise: Equipoise) -> None:
    assert equipoise("models", "rollback", "--by", current_user().person).code == 2
