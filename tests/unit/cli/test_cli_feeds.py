"""`import` and `land`: what arrived, what had arrived before, what was not understood."""

import sqlite3
from pathlib import Path

import pytest
from unit.cli.tiny_network import Equipoise

from assets.feeds.landing import LandingArea
from assets.kernel.home import NetworkHome

SITES = "site_id,site_name,site_kind,region,timezone,is_open\nS1,Store 1,store,north,UTC,true\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder of one feed file."""
    sent = tmp_path / "sent" / "erp" / "sites" / "2026-03-01"
    sent.mkdir(parents=True)
    (sent / "sites.csv").write_text(SITES)
    return tmp_path / "sent"


@pytest.mark.usefixtures("network")
def test_the_same_folder_landed_twice_is_one_batch(equipoise: Equipoise, folder: Path) -> None:
    first = equipoise("land", str(folder), "--json")
    again = equipoise("land", str(folder), "--json")
    assert (first.code, again.code) == (0, 0)
    assert (len(first.data["landed"]), len(first.data["repeated"])) == (1, 0)
    assert (len(again.data["landed"]), len(again.data["repeated"])) == (0, 1)
    assert first.data["landed"][0]["content_hash"] == again.data["repeated"][0]["content_hash"]


@pytest.mark.usefixtures("network")
def test_what_is_not_understood_is_one_line_and_the_rest_lands(equipoise: Equipoise, folder: Path) -> None:
    (folder / "erp" / "nonsense").mkdir()
    (folder / "erp" / "nonsense" / "x.csv").write_text("a\n1\n")
    said = equipoise("land", str(folder))
    assert said.code == 1
    assert "1 new batch," in said.out
    assert said.err.count("\n") == 1
    assert "nonsense" in said.err


@pytest.mark.usefixtures("network")
@pytest.mark.parametrize("arguments", [[], ["somewhere", "--sql", "sqlite://"]])
def test_landing_wants_a_folder_or_a_database(equipoise: Equipoise, arguments: list[str]) -> None:
    said = equipoise("land", *arguments)
    assert said.code == 2
    assert said.err.count("\n") == 1


@pytest.mark.usefixtures("network")
def test_a_folder_that_is_not_there_is_one_line(equipoise: Equipoise) -> None:
    said = equipoise("land", "/no/such/folder")
    assert said.code == 1
    assert said.err == "/no/such/folder: there is no such folder. Give the folder of the files\n"


def test_a_history_from_a_database_can_be_planned_for_past_dates_unless_it_is_given_a_date(
    equipoise: Equipoise, network: NetworkHome, tmp_path: Path
) -> None:
    with sqlite3.connect(tmp_path / "till.db") as connection:
        connection.execute("create table demand_sales (site_id, item_id, sales_date, sold_units, in_stock_share)")
        connection.execute("insert into demand_sales values ('S1', 'I1', '2026-01-05', 2, 1.0)")
    connection.close()
    url = f"sqlite:///{tmp_path / 'till.db'}"
    for given in ((), ("--date", "2026-02-01")):
        assert equipoise("land", "--sql", url, *given, "--json").code == 0
    batches = LandingArea(network.landing, network.profile.clock).batches()
    assert [(str(batch.business_date), batch.row_availability) for batch in batches] == [
        ("2026-02-01", "batch"),
        ("2026-03-01", "row"),
    ]


@pytest.mark.usefixtures("network")
def test_tables_are_landed_from_a_database(equipoise: Equipoise, tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "erp.db") as connection:
        connection.execute("create table erp_suppliers (supplier_id text, supplier_name text, country text)")
        connection.execute("insert into erp_suppliers values ('SUP', 'Supplier', 'BE')")
    connection.close()
    said = equipoise("land", "--sql", f"sqlite:///{tmp_path / 'erp.db'}", "--date", "2026-03-01", "--json")
    assert said.code == 0, said.err
    [batch] = said.data["landed"]
    assert (batch["feed"], batch["row_count"], batch["business_date"]) == ("erp_suppliers", 1, "2026-03-01")
