"""Profiles are checked where they are read, and cycles of lanes are named."""

import datetime as dt
from pathlib import Path

import pytest

from assets.kernel.errors import EquipoiseError
from assets.kernel.network import NetworkProfile, lane_cycles, read_profile


def test_a_profile_survives_its_file(tmp_path: Path) -> None:
    profile = NetworkProfile(name="sample", first_plan_date=dt.date(2025, 1, 1), declared_date=dt.date(2025, 1, 8))
    profile.write(tmp_path)
    assert read_profile(tmp_path) == profile
    assert profile.clock.today() == dt.date(2025, 1, 8)


@pytest.mark.parametrize(
    "text",
    [
        "name: [",
        "name: x\nfirst_plan_date: 2025-01-01\ncolour: red\n",
        "name: x\n",
        "name: x\nfirst_plan_date: 2025-01-01\nhorizon_buckets: 0\n",
    ],
)
def test_a_broken_profile_is_a_one_line_error_that_names_the_file(tmp_path: Path, text: str) -> None:
    (tmp_path / "network.yaml").write_text(text)
    with pytest.raises(EquipoiseError, match=r"network\.yaml") as caught:
        read_profile(tmp_path)
    assert "\n" not in str(caught.value)


def test_an_unknown_time_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown time zone"):
        NetworkProfile(name="x", timezone="Mars/Olympus", first_plan_date=dt.date(2025, 1, 1))


def test_a_home_without_a_network_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(EquipoiseError, match="equipoise demo"):
        read_profile(tmp_path)


def test_cycles_of_lanes_are_named_once_and_sorted() -> None:
    lanes = [("s2", "s1"), ("s1", "s2"), ("dc", "s1"), ("a", "b"), ("b", "c"), ("c", "a")]
    assert lane_cycles(lanes) == [["a", "b", "c"], ["s1", "s2"]]
