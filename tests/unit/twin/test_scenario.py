from pathlib import Path

import pytest

from assets.feeds.synthetic import WorldParameters
from assets.kernel.errors import EquipoiseError
from assets.twin.scenario import Scenario, named_scenario, read_scenario, shipped_scenarios
from assets.twin.scenario_world import staged

SMALL = WorldParameters.small()
DAYS = 28


def scenario(**event: object) -> Scenario:
    return Scenario.model_validate({"name": "mine", "title": "Mine", "events": [event]})


@pytest.mark.parametrize("name", shipped_scenarios())
def test_every_shipped_scenario_is_named_as_its_file_and_can_be_lived_in_the_small_world(name: str) -> None:
    found = named_scenario(name)
    assert found.name == name
    assert staged(found, SMALL, DAYS).scenario is found


def test_there_is_a_scenario_for_everything_that_was_promised() -> None:
    kinds = {event.kind for name in shipped_scenarios() for event in named_scenario(name).events}
    assert kinds == {
        "demand", "promotion", "site_closed", "supply", "lead_time", "freight", "opening", "launch", "end", "feed",
        "gateway",
    }  # fmt: skip


def test_an_unknown_key_is_named_with_the_keys_that_are_allowed(tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    path.write_text("name: s\ntitle: S\nevents:\n  - {kind: supply, start: 1, days: 2, percent: 60, share: 0.6}\n")
    with pytest.raises(EquipoiseError, match=r"share: unknown key; allowed here: start, days, kind, percent, suppl"):
        read_scenario(path)


def test_an_unknown_key_of_the_document_is_named_too(tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    path.write_text("name: s\ntitle: S\nseed: 3\n")
    with pytest.raises(EquipoiseError, match="seed: unknown key; allowed here: name, title, events"):
        read_scenario(path)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("events: [{kind: lead_time, start: 1, days: 2, factor: -1}]", "greater than 0"),
        ("events: [{kind: demand, start: 1, days: 2, factor: .inf}]", "factor"),
        ("events: [{kind: demand, start: 1, days: 2, factor: 1.0e+30}]", "less than or equal"),
        ("events: [{kind: demand, start: 0, days: 2, factor: 2}]", "start"),
        ("events: [{kind: typhoon, start: 1, days: 2}]", "typhoon"),
        ("events: [{kind: supply, start: 1, days: 2}]", "percent: it is missing"),
        ("events: {a: [", "it is not YAML"),
    ],
)
def test_what_is_not_allowed_is_told_in_one_line_with_the_file(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "s.yaml"
    path.write_text(f"name: s\ntitle: S\n{text}\n")
    with pytest.raises(EquipoiseError, match=told) as error:
        read_scenario(path)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


def test_a_scenario_that_is_not_there_names_those_that_are() -> None:
    with pytest.raises(EquipoiseError, match="supplier-60"):
        named_scenario("suplier-60")


@pytest.mark.parametrize(
    ("event", "told"),
    [
        ({"kind": "supply", "start": 1, "days": DAYS, "percent": 0}, "nothing could be bought or shipped"),
        ({"kind": "lanes_closed", "start": 1, "days": DAYS}, "nothing could be bought or shipped"),
        ({"kind": "demand", "start": 20, "days": 20, "factor": 2.0}, "it ends on day 39, and the run has 28 days"),
        ({"kind": "site_closed", "start": 2, "days": 2, "sites": ["dc-9"]}, "there is no site dc-9"),
        ({"kind": "launch", "start": 2, "items": ["item-9999"]}, "there is no item item-9999"),
        ({"kind": "opening", "start": 2, "site": "dc-1"}, "there is no store dc-1"),
        ({"kind": "feed", "start": 2, "days": 2, "fault": "gremlins"}, "there is no fault of feeds gremlins"),
        ({"kind": "supply", "start": 2, "days": 2, "percent": 5, "suppliers": ["x"]}, "there is no supplier x"),
    ],
)
def test_what_cannot_happen_in_the_world_is_told_before_anything_runs(event: dict[str, object], told: str) -> None:
    with pytest.raises(EquipoiseError, match=told):
        staged(scenario(**event), SMALL, DAYS)


def test_a_feed_fault_spoils_its_days_only() -> None:
    found = staged(named_scenario("unit-error-x12"), SMALL, DAYS)
    (one,) = found.feed_faults
    assert (one.span.first - found.start).days == 7
    assert one.span.first == one.span.last
    assert one.fault.site == "store-01"


def test_a_gateway_is_down_on_its_days_only() -> None:
    found = staged(named_scenario("erp-down"), SMALL, DAYS)
    assert [number for number, date in enumerate(found.dates, start=1) if found.gateway_faults_on(date)] == [8, 9]
