"""What somebody may not see is in no output of any command, and whoever sees it leaves a trace."""

import shutil
from contextlib import closing
from pathlib import Path

import pytest
from unit.cli.people import token_for
from unit.cli.test_cli_role_matrix import NEEDS
from unit.cli.tiny_network import PLAN_DATE, TRANSFER, Equipoise, open_tiny, rows

from assets.governance.events import SensitiveRead, access_log_of
from assets.kernel.frames.marts import DIM_ITEM
from assets.kernel.home import NetworkHome
from assets.kernel.published import Published
from assets.policy.access import Permission, Role

READING = [
    arguments for arguments, needed in NEEDS.items() if needed is Permission.READ_ORDERS and arguments[0] != "ui"
]
SECRET = "I1"


@pytest.fixture
def sensitive(planned: NetworkHome) -> NetworkHome:
    """Return a planned network whose only item is sensitive."""
    Published(planned.published).write(
        DIM_ITEM, rows(DIM_ITEM, {"item_id": SECRET, "is_sensitive": True}), PLAN_DATE, "run-1"
    )
    return planned


@pytest.mark.parametrize("arguments", READING, ids=" ".join)
def test_a_viewer_finds_a_sensitive_item_nowhere(
    equipoise: Equipoise, sensitive: NetworkHome, arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EQUIPOISE_TOKEN", token_for(sensitive, "vera", Role.VIEWER))
    for form in ((), ("--json",), ("--debug",)):
        said = equipoise(*arguments, *form)
        assert SECRET not in said.out + said.err, f"{arguments} {form}: {said}"


def test_an_item_of_an_order_that_no_plan_of_this_home_names_is_hidden_as_a_sensitive_one(
    equipoise: Equipoise, planned: NetworkHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    Published(planned.published).write(DIM_ITEM, rows(DIM_ITEM, {"item_id": "I9"}), PLAN_DATE, "run-1")
    monkeypatch.setenv("EQUIPOISE_TOKEN", token_for(planned, "vera", Role.VIEWER))
    said = equipoise("orders", "--json")
    assert "aaaa1111" in said.out
    assert SECRET not in said.out
    Published(planned.published).write(DIM_ITEM, rows(DIM_ITEM, {"item_id": SECRET}), PLAN_DATE, "run-2")
    assert SECRET in equipoise("orders", "--json").out


def test_an_approver_sees_it_and_that_is_written_down_once_a_command(
    equipoise: Equipoise, sensitive: NetworkHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EQUIPOISE_TOKEN", token_for(sensitive, "anna", Role.APPROVER))
    assert equipoise("orders", "--json").data[0]["lines"][0]["item"] == SECRET
    with closing(open_tiny(sensitive)) as store:
        [read] = [entry.event for entry in store.history(access_log_of("anna"))]
    assert isinstance(read, SensitiveRead)
    assert (read.what, read.item_ids) == ("equipoise orders", (SECRET,))


def test_the_sight_of_an_item_that_no_plan_of_this_home_names_is_written_down_too(
    equipoise: Equipoise, planned: NetworkHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    Published(planned.published).write(DIM_ITEM, rows(DIM_ITEM, {"item_id": "I9"}), PLAN_DATE, "run-1")
    monkeypatch.setenv("EQUIPOISE_TOKEN", token_for(planned, "anna", Role.APPROVER))
    assert SECRET in equipoise("orders", "--json").out
    with closing(open_tiny(planned)) as store:
        [read] = [entry.event for entry in store.history(access_log_of("anna"))]
    assert isinstance(read, SensitiveRead)
    assert SECRET in read.item_ids


def test_a_viewer_sees_no_total_that_a_hidden_part_is_in(
    equipoise: Equipoise, sensitive: NetworkHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = equipoise("orders").out
    assert "120.00" in shown
    assert "240.00" in shown
    monkeypatch.setenv("EQUIPOISE_TOKEN", token_for(sensitive, "vera", Role.VIEWER))
    hidden = equipoise("orders").out
    assert "aaaa1111" in hidden
    assert "120.00" not in hidden
    assert "240.00" not in hidden


def test_an_error_that_names_a_sensitive_item_is_masked(
    equipoise: Equipoise, sensitive: NetworkHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EQUIPOISE_TOKEN", token_for(sensitive, "vera", Role.VIEWER))
    said = equipoise("explain", f"{SECRET}-none", "--debug")
    assert said.code == 1
    assert "orders have an id that starts with" in said.err
    assert SECRET not in said.err


def test_where_the_sight_cannot_be_written_down_nothing_is_shown(
    equipoise: Equipoise, sensitive: NetworkHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device", str(Path(sensitive.ledger)))

    monkeypatch.setattr("orchestration.access.log_sensitive_read", full)
    said = equipoise("orders", "--json")
    assert (said.code, said.out, said.err.count("\n")) == (1, "", 1)
    assert "No space left" not in said.out


def test_a_home_without_the_tables_of_a_plan_hides_what_the_shared_ledger_holds(
    equipoise: Equipoise, planned: NetworkHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.rmtree(planned.published)
    vera, anna = token_for(planned, "vera", Role.VIEWER), token_for(planned, "anna", Role.APPROVER)
    monkeypatch.setenv("EQUIPOISE_TOKEN", vera)
    (seen,) = equipoise("orders", TRANSFER.order_id, "--json").data["lines"]
    assert SECRET not in str(seen)
    assert seen["quantity"] is None
    monkeypatch.setenv("EQUIPOISE_TOKEN", anna)
    assert equipoise("orders", TRANSFER.order_id, "--json").data["lines"][0]["item"] == SECRET
    with closing(open_tiny(planned)) as store:
        assert store.history(access_log_of("anna"))


def test_who_may_not_see_an_item_of_an_order_changes_no_line_of_it(
    equipoise: Equipoise, planned: NetworkHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    change = ("override", TRANSFER.order_id, "--line", "1", "--units", "2", "--reason", "packing")
    Published(planned.published).write(DIM_ITEM, rows(DIM_ITEM, {"item_id": "I9"}), PLAN_DATE, "run-1")
    monkeypatch.setenv("EQUIPOISE_TOKEN", token_for(planned, "pia", Role.PLANNER))
    said = equipoise(*change)
    assert (said.code, said.out) == (1, "")
    assert "read sensitive items" in said.err
    assert SECRET not in said.err
    Published(planned.published).write(DIM_ITEM, rows(DIM_ITEM, {"item_id": SECRET}), PLAN_DATE, "run-2")
    assert equipoise(*change).code == 0


def test_reasons_of_lines_whose_items_no_plan_names_are_hidden(
    equipoise: Equipoise, planned: NetworkHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EQUIPOISE_TOKEN", token_for(planned, "vera", Role.VIEWER))
    assert equipoise("explain", TRANSFER.order_id, "--json").data["explanations"]
    Published(planned.published).write(DIM_ITEM, rows(DIM_ITEM, {"item_id": "I9"}), PLAN_DATE, "run-1")
    said = equipoise("explain", TRANSFER.order_id, "--json")
    assert said.data["explanations"] == []
    assert "Reasons of 1 line with sensitive items are hidden" in said.err
