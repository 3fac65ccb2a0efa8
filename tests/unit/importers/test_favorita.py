import datetime as dt
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from assets.feeds.importers import favorita
from assets.feeds.importers.favorita import FavoritaAssumptions, import_favorita
from assets.feeds.importers.registry import IMPORTERS
from assets.feeds.importers.report import ImportReport
from assets.kernel.clock import WallClock
from assets.kernel.errors import EquipoiseError
from assets.kernel.home import NetworkHome

Landed = Callable[[ImportReport, str], pd.DataFrame]


@pytest.fixture
def report(favorita_files: Path, home: NetworkHome) -> ImportReport:
    return import_favorita(favorita_files, home, WallClock())


def test_weeks_start_on_the_monday_before_the_files_tuesday(
    report: ImportReport, home: NetworkHome, landed: Landed
) -> None:
    dates = landed(report, "demand_sales")["sales_date"]
    assert dates.min() == pd.Timestamp("2012-12-31")
    assert home.profile.declared_date == dt.date(2012, 12, 31) + dt.timedelta(weeks=20)


def test_net_returns_stay_negative(report: ImportReport, landed: Landed) -> None:
    assert landed(report, "demand_sales")["sold_units"].min() == -3
    assert report.sold_units == 200 + 80 - 3


def test_an_item_is_ranged_where_it_was_ever_sold(report: ImportReport, landed: Landed) -> None:
    settings = landed(report, "erp_item_site_settings")
    at_stores = settings[settings["site_id"].str.startswith("store")]
    pairs = set(zip(at_stores["item_id"], at_stores["site_id"], strict=True))
    assert pairs == {("item-000", "store-00"), ("item-000", "store-01"), ("item-001", "store-00")}


def test_opening_stock_is_recent_demand_over_lead_time_and_review(report: ImportReport, landed: Landed) -> None:
    stock = landed(report, "wms_inventory").set_index(["site_id", "item_id"])["on_hand_units"]
    assert stock[("store-00", "item-000")] == 10 * (1 + 1)
    assert stock[("store-01", "item-000")] == 4 * (5 + 1)
    # Store 0 is served by both warehouses and counts for half at each.
    assert stock[("warehouse-0", "item-000")] == (10 / 2 + 4) * (3 + 1)
    assert stock[("warehouse-1", "item-000")] == 10 / 2 * (3 + 1)
    assert stock[("store-00", "item-001")] == 0


def test_costs_of_a_store_are_one_draw_from_the_ranges_of_the_study(report: ImportReport, landed: Landed) -> None:
    settings = landed(report, "erp_item_site_settings")
    stores = settings[settings["site_id"].str.startswith("store")]
    assert stores["shortage_cost_per_unit"].between(6.3, 11.7).all()
    weekly = stores["holding_rate_per_year"] * FavoritaAssumptions().unit_cost * 7 / 365
    assert weekly.between(0.7 - 1e-9, 1.3 + 1e-9).all()
    assert (stores.groupby("site_id")["shortage_cost_per_unit"].nunique() == 1).all()


def test_warehouses_hold_and_buy_at_the_costs_given(report: ImportReport, landed: Landed) -> None:
    sourcing = landed(report, "erp_sourcing")
    assert sourcing.groupby("site_id")["unit_cost"].first().to_dict() == {"warehouse-0": 0.5, "warehouse-1": 1.5}
    assert set(sourcing["quoted_lead_time_days"]) == {21}
    settings = landed(report, "erp_item_site_settings").set_index("site_id")["holding_rate_per_year"]
    assert (settings["warehouse-1"] * FavoritaAssumptions().unit_cost * 7 / 365).tolist() == pytest.approx([0.4, 0.4])


def test_lanes_are_as_given(report: ImportReport, landed: Landed) -> None:
    lanes = landed(report, "tms_lanes")
    assert lanes[["origin_id", "destination_id", "quoted_transit_days"]].to_numpy().tolist() == [
        ["warehouse-0", "store-00", 42],
        ["warehouse-0", "store-01", 35],
        ["warehouse-1", "store-00", 7],
    ]


def test_christmas_is_announced_and_an_earthquake_is_not(report: ImportReport, landed: Landed) -> None:
    events = landed(report, "demand_events")
    assert events["event_name"].tolist() == ["Christmas"]
    assert events["start_date"].iloc[0] == pd.Timestamp("2013-12-23")


@pytest.mark.parametrize("name", favorita.FILES)
def test_a_missing_file_is_named(favorita_files: Path, home: NetworkHome, name: str) -> None:
    (favorita_files / name).unlink()
    with pytest.raises(EquipoiseError, match=name):
        import_favorita(favorita_files, home, WallClock())


def test_a_truncated_archive_is_told(favorita_files: Path, home: NetworkHome) -> None:
    path = favorita_files / favorita.SALES_FILE
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(EquipoiseError, match="archive cannot be read"):
        import_favorita(favorita_files, home, WallClock())


def test_a_lane_from_an_unknown_warehouse_is_refused(favorita_files: Path, home: NetworkHome) -> None:
    path = favorita_files / favorita.LANES_FILE
    path.write_text(path.read_text() + "9,0,1\n")
    with pytest.raises(EquipoiseError, match="same network"):
        import_favorita(favorita_files, home, WallClock())


def test_the_registry_names_every_data_set() -> None:
    assert set(IMPORTERS) == {"vn2", "favorita"}
