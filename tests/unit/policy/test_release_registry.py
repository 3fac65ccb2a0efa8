"""Files of releases: what is wrong with one is told in a line, and stops no more than it must."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from assets.kernel.errors import EquipoiseError
from assets.policy.oversight import Feature
from assets.policy.registry import SHIPPED, PolicyRegistry
from assets.policy.release import Release
from assets.policy.release_file import read_release

SHIPPED_DOCUMENT: dict[str, Any] = yaml.safe_load((SHIPPED / "standard.yaml").read_text())


def write(folder: Path, name: str, **changes: Any) -> Path:
    document = {key: value for key, value in SHIPPED_DOCUMENT.items() if key != "stage"} | {"name": name} | changes
    path = folder / f"{name}.yaml"
    path.write_text(yaml.safe_dump(document))
    return path


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"guardrails": {"cool_down_day": 3}}, "guardrails.cool_down_day: unknown key, did you mean cool_down_days?"),
        ({"guard_rails": {}}, "guard_rails: unknown key, did you mean guardrails?"),
        ({"toggles": {"telepathy": True}}, "toggles.telepathy"),
        ({"dispatch": {"window_days": 0}}, "dispatch.window_days"),
        ({"parameters": {"handed_over": [{"site": "S1", "catgory": "c"}]}}, "unknown key, did you mean category?"),
        ({"parameters": {"handed_over": [{"category": "c"}]}}, "parameters.handed_over.0.site"),
        ({"parameters": {"handedover": []}}, "parameters.handedover: unknown key, did you mean handed_over?"),
        ({"rollout": {"share": 1.5}}, "rollout.share"),
        ({"rollout": {"guards": [{"metric": "cost", "tolerance": 1.0}]}}, "never broken"),
        ({"rollout": {"guards": [{"metric": "cost"}, {"metric": "cost"}]}}, "same metric"),
        ({"approvals": {"two_approvers_above_amount": 5}}, "below one_approver_above_amount"),
        ({"stage": "active"}, "a file does not make a release active"),
    ],
)
def test_a_fault_in_a_file_is_one_line(tmp_path: Path, changes: dict[str, Any], told: str) -> None:
    path = write(tmp_path, "mine", **changes)
    with pytest.raises(EquipoiseError) as error:
        read_release(path, may_name_stage=False)
    assert told in str(error.value)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("text", ["a: [", "- 1", "", "\x00"])
def test_what_is_no_release_at_all_is_one_line(tmp_path: Path, text: str) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    with pytest.raises(EquipoiseError, match="Correct the file"):
        read_release(path)


UNREADABLE_VALUES = {
    "13th_month": "2026-13-45",
    "25th_hour": "2026-01-01 25:00:00",
    "zone_of_two_days": "2026-01-01 10:00:00 +48:00",
    "5000_digits": "9" * 5000,
    "no_float": "!!float foo",
    "no_bool": "!!bool foo",
    "no_timestamp": "!!timestamp foo",
    "empty_integer": '!!int ""',
    "too_deep": "[" * 3000,
}


@pytest.mark.parametrize("value", UNREADABLE_VALUES.values(), ids=UNREADABLE_VALUES.keys())
def test_a_date_number_or_nesting_that_cannot_be_read_is_one_line_and_stops_no_plan(tmp_path: Path, value: str) -> None:
    path = write(tmp_path, "mine")
    path.write_text(f"{path.read_text()}created: {value}\n")
    with pytest.raises(EquipoiseError) as error:
        read_release(path, may_name_stage=False)
    assert str(error.value).startswith(f"{path}: it holds a date, a number or a nesting that cannot be read")
    assert error.value.remedy.startswith("Correct it")
    assert "\n" not in str(error.value)
    registry = PolicyRegistry(own=tmp_path)
    assert registry.active().name == "standard"
    assert [release.name for release in registry.whole()] == ["standard"]


def test_a_missing_parent_is_told(tmp_path: Path) -> None:
    write(tmp_path, "mine", parent="standard@000000000000")
    with pytest.raises(EquipoiseError, match=r"parent standard@000000000000 is not among the releases"):
        PolicyRegistry(own=tmp_path).releases()


def test_a_parent_that_is_there_is_found(tmp_path: Path) -> None:
    write(tmp_path, "mine", parent=PolicyRegistry().active().version)
    assert [release.name for release in PolicyRegistry(own=tmp_path).releases()] == ["mine", "standard"]


def test_a_broken_draft_stops_no_plan(tmp_path: Path) -> None:
    write(tmp_path, "mine", guardrails={"cool_down_day": 3})
    registry = PolicyRegistry(own=tmp_path)
    assert registry.active().name == "standard"
    with pytest.raises(EquipoiseError, match="unknown key"):
        registry.releases()


def test_no_release_takes_the_name_of_another(tmp_path: Path) -> None:
    write(tmp_path, "standard", guardrails={"cool_down_days": 9})
    registry = PolicyRegistry(own=tmp_path)
    assert registry.active().version == PolicyRegistry().active().version
    with pytest.raises(EquipoiseError, match="another release named standard"):
        registry.releases()


def test_a_folder_that_does_not_exist_holds_no_releases(tmp_path: Path) -> None:
    assert len(PolicyRegistry(own=tmp_path / "none").releases()) == 1


def test_a_release_is_found_by_version_whatever_its_stage(tmp_path: Path) -> None:
    version = read_release(write(tmp_path, "mine", guardrails={"cool_down_days": 9})).version
    assert PolicyRegistry(own=tmp_path, decides=version).active().name == "mine"
    with pytest.raises(EquipoiseError, match="no policy release"):
        PolicyRegistry(own=tmp_path, decides="mine@0").active()


def test_a_feature_is_on_unless_a_release_turns_it_off() -> None:
    release = Release.model_validate(SHIPPED_DOCUMENT | {"toggles": {"amendments": False}})
    assert not release.enabled(Feature.AMENDMENTS)
    assert release.enabled(Feature.AUTOMATIC_ROLLBACK)
