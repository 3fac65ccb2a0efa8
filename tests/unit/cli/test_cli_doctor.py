"""`equipoise doctor`: each check finds what is wrong and says the remedy."""

import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest
import yaml
from unit.cli.people import write_release
from unit.cli.tiny_network import AT, Equipoise, open_tiny

from assets.governance.events import RELEASES
from assets.governance.ledger_log import LedgerLog
from assets.governance.stages import change
from assets.kernel.home import NetworkHome
from assets.policy.registry import PolicyRegistry
from assets.policy.stage import Stage
from orchestration import doctor, locks
from orchestration.settings import Settings


def settings_of(home: NetworkHome) -> Settings:
    return Settings(home=home.root.parent, network=home.root.name)


def test_a_fresh_installation_is_in_order_and_told_what_to_run(equipoise: Equipoise) -> None:
    said = equipoise("doctor", "--json")
    assert said.code == 0, said.err
    [network] = [finding for finding in said.data if finding["check"] == "network"]
    assert network["ok"]
    assert "equipoise demo" in network["remedy"]


def test_anything_wrong_ends_with_one_line_and_exit_code_1(equipoise: Equipoise, network: NetworkHome) -> None:
    (network.root / "network.yaml").write_text("name: tiny\n")
    said = equipoise("doctor")
    assert said.code == 1
    assert "WRONG" in said.out
    assert said.err.count("\n") == 1


@pytest.mark.parametrize(
    ("version", "ok"), [((3, 10, 9), False), ((3, 11, 0), True), ((3, 13, 1), True), ((3, 14, 0), False)]
)
def test_the_versions_of_python_the_lock_was_made_for(version: tuple[int, ...], ok: bool) -> None:
    assert doctor.python_version(version).ok is ok


def test_packages_are_there_in_accepted_versions() -> None:
    found = doctor.packages()
    assert found.ok, found.detail


def test_a_full_disk_is_told(tmp_path: Path) -> None:
    assert not doctor.disk_space(tmp_path, free_bytes=1024).ok
    assert doctor.disk_space(tmp_path / "not" / "there", free_bytes=doctor.LEAST_FREE_BYTES).ok


def test_required_feeds_that_never_landed_are_named(network: NetworkHome) -> None:
    found = doctor.landing_area(settings_of(network), network)
    assert not found.ok
    assert "wms_inventory" in found.detail


def test_who_writes_the_warehouse_is_named_and_is_no_fault(network: NetworkHome) -> None:
    with locks.hold(network.locks / locks.WRITER, "equipoise plan 2026-03-02"):
        found = doctor.warehouse(settings_of(network), network)
    assert found.ok
    assert "equipoise plan 2026-03-02" in found.detail


def test_a_warehouse_that_is_no_database_is_told(network: NetworkHome) -> None:
    network.warehouse.write_bytes(b"not a database" * 1000)
    found = doctor.warehouse(settings_of(network), network)
    assert not found.ok
    assert found.remedy


def test_a_ledger_that_cannot_be_reached_is_told(network: NetworkHome) -> None:
    settings = Settings(home=network.root.parent, network="tiny", ledger_url="postgresql://nobody@127.0.0.1:1/none")
    [found] = [finding for finding in doctor.examine(settings) if finding.check == "ledger"]
    assert not found.ok
    assert found.remedy


@pytest.mark.parametrize("there", [False, True])
def test_asking_for_the_ledger_makes_none(network: NetworkHome, tmp_path: Path, there: bool) -> None:
    file = tmp_path / "elsewhere.db"
    if there:
        sqlite3.connect(file).close()
        file.touch()
    settings = Settings(home=network.root.parent, network="tiny", ledger_url=f"sqlite:///{file}")
    assert doctor.ledger(settings, network).detail.startswith("no ledger yet")
    assert (file.stat().st_size if file.exists() else None) == (0 if there else None)


def test_an_adapter_that_does_not_import_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    assert doctor.dbt_adapter().ok
    monkeypatch.setitem(sys.modules, "dbt.adapters.duckdb", None)
    found = doctor.dbt_adapter()
    assert not found.ok
    assert "dbt.adapters.duckdb cannot be imported" in found.detail


def test_the_ledger_of_a_planned_network_is_counted(planned: NetworkHome) -> None:
    assert doctor.ledger(settings_of(planned), planned).detail == "2 order documents of tiny"


def test_the_release_that_decides_may_be_one_of_the_networks_own(network: NetworkHome) -> None:
    assert doctor.policy(settings_of(network), network).detail.startswith("standard@")
    standard = PolicyRegistry().active()
    told = {"version": standard.version, **standard.model_dump(mode="json")}
    write_release(network, told, "own", dispatch={"window_days": 2})
    own = next(one for one in PolicyRegistry(own=network.policies).releases() if one.name == "own")
    with closing(open_tiny(network)) as store:
        LedgerLog(store).append(
            RELEASES, 0,
            [change(own, Stage.ACTIVE, "ada#1", AT, "better"), change(standard, Stage.RETIRED, "ada#1", AT, "worse")],
        )  # fmt: skip
    assert doctor.policy(settings_of(network), network).detail == f"{own.version} is active, of 2 releases"


@pytest.mark.parametrize(
    ("changed", "told"), [({"colour": "red"}, "colour"), ({"parent": "gone@1"}, "its parent gone@1")]
)
def test_a_release_with_an_unknown_key_or_without_its_parent_is_named(
    equipoise: Equipoise, network: NetworkHome, changed: dict[str, str], told: str
) -> None:
    network.policies.mkdir()
    document = PolicyRegistry().active().model_dump(mode="json", exclude={"stage"})
    (network.policies / "bad.yaml").write_text(yaml.safe_dump({**document, "name": "bad", **changed}))
    [found] = [one for one in equipoise("doctor", "--json").data if one["check"] == "policy"]
    assert not found["ok"]
    assert told in found["detail"]
    assert found["remedy"]
