"""`equipoise experiment`: what cannot be played is refused in one line; a release is played on what was recorded."""

from __future__ import annotations

import json

import pytest
from bad_networks import typed
from unit.cli.tiny_network import Equipoise

from orchestration.settings import Settings


@pytest.mark.usefixtures("network")
def test_a_network_that_was_never_planned_has_nothing_recorded(equipoise: Equipoise) -> None:
    said = equipoise("experiment")
    assert said.code == 1
    assert "nothing is planned yet" in said.err


@pytest.mark.parametrize(
    "arguments", [["--windows", "0"], ["--buckets", "1"], ["--items", "-1"], ["--difference", "0"]]
)
def test_an_experiment_of_nothing_is_refused(equipoise: Equipoise, arguments: list[str]) -> None:
    assert equipoise("experiment", *arguments).code == 2


@pytest.mark.usefixtures("planned")
@pytest.mark.parametrize("arguments", [["--against", "nobody"], ["--release", "nobody"]])
def test_a_release_that_is_not_there_is_named(equipoise: Equipoise, arguments: list[str]) -> None:
    said = equipoise("experiment", *arguments)
    assert said.code == 1
    assert "there is no release or baseline nobody" in said.err


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--windows", "500"], "recorded demand begins"),
        (["--items", "100000"], "cannot be drawn"),
    ],
)
def test_what_is_not_there_is_named(planned_settings: Settings, arguments: list[str], said: str) -> None:
    answer = typed(planned_settings, "experiment", *arguments)
    assert answer.code == 1
    assert said in answer.err


@pytest.mark.slow
def test_a_release_is_played_against_a_baseline(planned_settings: Settings) -> None:
    answer = typed(
        planned_settings,
        "experiment",
        "--items",
        "2",
        "--windows",
        "1",
        "--buckets",
        "3",
        "--against",
        "min_max",
        "--json",
    )
    assert answer.code == 0, answer.err
    found = json.loads(answer.out)
    assert list(found["contenders"]) == [found["reference"], "min_max"]
    for one in found["contenders"].values():
        parts = sum(one[part] for part in ("holding", "shortage", "transport", "purchase"))
        assert one["cost"] == pytest.approx(parts)
