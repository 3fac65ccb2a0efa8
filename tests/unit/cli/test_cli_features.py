"""`equipoise features`: sets are listed, pinned and rolled back."""

import pytest
from unit.cli.tiny_network import Equipoise

pytestmark = pytest.mark.usefixtures("network")


def in_force(equipoise: Equipoise) -> list[str]:
    return [found["name"] for found in equipoise("features", "list", "--json").data["sets"] if found["active"]]


def test_the_standard_set_is_in_force_until_another_is_pinned(equipoise: Equipoise) -> None:
    assert in_force(equipoise) == ["standard"]
    assert equipoise("features", "pin", "responsive").code == 0
    assert in_force(equipoise) == ["responsive"]


def test_rolling_back_restores_the_set_before(equipoise: Equipoise) -> None:
    equipoise("features", "pin", "responsive")
    said = equipoise("features", "rollback", "--json")
    assert said.data["name"] == "standard"
    assert in_force(equipoise) == ["standard"]
    assert [pin["action"] for pin in equipoise("features", "list", "--json").data["pins"]] == ["pin", "rollback"]


@pytest.mark.parametrize("arguments", [["pin", "nothing"], ["rollback"]])
def test_what_cannot_be_pinned_or_rolled_back_is_one_line(equipoise: Equipoise, arguments: list[str]) -> None:
    said = equipoise("features", *arguments)
    assert said.code == 1
    assert said.err.count("\n") == 1
    assert said.out == ""
