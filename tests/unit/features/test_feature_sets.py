"""Feature sets: what a version is, what dbt is told, and how sets are pinned and rolled back."""

import datetime as dt
from pathlib import Path

import pytest
import yaml

from assets.features.feature_set import FeatureSet
from assets.features.registry import SHIPPED, FeatureRegistry
from assets.features.variables import dbt_vars
from assets.kernel.calendar import AsKnown, Bucket
from assets.kernel.errors import EquipoiseError
from assets.kernel.network import NetworkProfile

PROJECT = Path(__file__).parents[3] / "dbt_project"


@pytest.fixture
def registry(tmp_path: Path) -> FeatureRegistry:
    return FeatureRegistry(tmp_path)


def test_the_standard_and_a_more_responsive_set_are_shipped(registry: FeatureRegistry) -> None:
    sets = {found.name: found for found in registry.available()}
    assert {"standard", "responsive"} <= set(sets)
    assert sets["responsive"].recent_window_buckets.day < sets["standard"].recent_window_buckets.day


def test_without_a_pin_the_standard_set_is_in_force(registry: FeatureRegistry) -> None:
    assert registry.active().name == "standard"
    assert registry.history() == []


def test_a_pin_is_in_force_for_every_later_reader(registry: FeatureRegistry, tmp_path: Path) -> None:
    registry.pin("responsive")
    assert FeatureRegistry(tmp_path).active().name == "responsive"


def test_rollback_goes_back_step_by_step_and_forgets_nothing(registry: FeatureRegistry) -> None:
    for name in ("responsive", "standard", "responsive"):
        registry.pin(name)
    assert registry.rollback().name == "standard"
    assert registry.rollback().name == "responsive"
    assert registry.rollback().name == "standard"
    assert [pin.action for pin in registry.history()] == ["pin"] * 3 + ["rollback"] * 3
    with pytest.raises(EquipoiseError, match="nothing was pinned"):
        registry.rollback()


def test_an_unknown_set_is_refused_with_the_known_ones(registry: FeatureRegistry) -> None:
    with pytest.raises(EquipoiseError, match=r"no feature set 'daring'.*responsive, standard"):
        registry.pin("daring")
    assert registry.history() == []


def test_a_set_that_changed_after_it_was_pinned_is_not_used_in_silence(tmp_path: Path) -> None:
    folder = tmp_path / "sets"
    folder.mkdir()
    for path in SHIPPED.glob("*.yaml"):
        (folder / path.name).write_text(path.read_text())
    registry = FeatureRegistry(tmp_path, folder)
    registry.pin("standard")
    content = yaml.safe_load((folder / "standard.yaml").read_text())
    (folder / "standard.yaml").write_text(yaml.safe_dump({**content, "dying_ratio": 0.4}))
    with pytest.raises(EquipoiseError, match="is pinned and its file now says"):
        registry.active()
    assert registry.pin("standard").dying_ratio == 0.4


def test_a_broken_pins_file_is_told_in_one_line(registry: FeatureRegistry, tmp_path: Path) -> None:
    (tmp_path / "features.yaml").write_text("pins: [standard]")
    with pytest.raises(EquipoiseError, match=r"features\.yaml"):
        registry.active()


def test_the_version_follows_the_content_and_not_the_description(registry: FeatureRegistry) -> None:
    standard = registry.active()
    assert standard.version.startswith("standard@")
    assert standard.model_copy(update={"description": "other"}).version == standard.version
    assert standard.model_copy(update={"cv2_threshold": 0.5}).version != standard.version


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"abc_limits": [0.9, 0.8]}, "abc_limits must ascend"),
        ({"recent_window_buckets": {"day": 400, "week": 13}}, "recent_window_buckets must hold"),
        ({"surprise": 1}, "Extra inputs"),
    ],
)
def test_a_set_that_makes_no_sense_names_its_rule(tmp_path: Path, change: dict[str, object], rule: str) -> None:
    content = yaml.safe_load((SHIPPED / "standard.yaml").read_text())
    (tmp_path / "standard.yaml").write_text(yaml.safe_dump({**content, **change}))
    with pytest.raises(EquipoiseError, match=rule):
        FeatureRegistry(tmp_path, tmp_path).available()


def test_dbt_is_told_the_cutoff_in_utc_and_windows_in_the_networks_buckets(registry: FeatureRegistry) -> None:
    profile = NetworkProfile(
        name="n", timezone="Europe/Brussels", bucket=Bucket.WEEK, first_plan_date=dt.date(2026, 1, 5)
    )
    told = dbt_vars(profile, registry.active(), dt.date(2026, 3, 9))
    assert told["plan_date"] == "2026-03-09"
    assert told["cutoff"] == "2026-03-09 04:00:00"
    assert (told["bucket"], told["recent_window_buckets"]) == ("week", 13)
    hindsight = dbt_vars(profile, registry.active(), dt.date(2026, 3, 9), AsKnown.NOW)
    assert hindsight["cutoff"].startswith("9999-")


def test_dbt_is_told_of_no_plan_date_inside_a_bucket(registry: FeatureRegistry) -> None:
    profile = NetworkProfile(name="n", bucket=Bucket.WEEK, first_plan_date=dt.date(2026, 1, 5))
    with pytest.raises(EquipoiseError, match="not the first day"):
        dbt_vars(profile, registry.active(), dt.date(2026, 3, 10))


def test_the_project_declares_every_variable_it_is_told(registry: FeatureRegistry) -> None:
    profile = NetworkProfile(name="n", first_plan_date=dt.date(2026, 1, 5))
    declared = yaml.safe_load((PROJECT / "dbt_project.yml").read_text())["vars"]
    told = dbt_vars(profile, registry.active(), dt.date(2026, 3, 10))
    assert set(told) == set(declared)
    defaults = {k: v for k, v in registry.active().dbt_vars(Bucket.DAY).items() if k != "feature_set_version"}
    assert {name: declared[name] for name in defaults} == defaults


def test_sets_are_frozen(registry: FeatureRegistry) -> None:
    with pytest.raises(ValueError, match="frozen"):
        registry.active().dying_ratio = 0.9  # type: ignore[misc]


def test_a_set_stands_for_itself() -> None:
    assert FeatureSet.model_validate(yaml.safe_load((SHIPPED / "standard.yaml").read_text())).name == "standard"
