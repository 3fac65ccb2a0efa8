import datetime as dt
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from assets.feeds.importers import vn2
from assets.feeds.importers.report import ImportReport
from assets.feeds.importers.vn2 import CENTRAL_WAREHOUSE, Vn2Assumptions, import_vn2
from assets.kernel.calendar import Bucket
from assets.kernel.clock import WallClock
from assets.kernel.errors import EquipoiseError
from assets.kernel.home import NetworkHome

Landed = Callable[[ImportReport, str], pd.DataFrame]

PLAN_DATE = pd.Timestamp("2024-04-15")


@pytest.fixture
def report(vn2_files: Path, home: NetworkHome) -> ImportReport:
    return import_vn2(vn2_files, home, WallClock())


def test_the_profile_plans_weeks_from_the_monday_after_the_history(report: ImportReport, home: NetworkHome) -> None:
    assert home.profile == report.profile
    assert home.profile.bucket is Bucket.WEEK
    assert home.profile.first_plan_date == home.profile.declared_date == dt.date(2024, 4, 15)


def test_units_are_those_of_the_files(report: ImportReport) -> None:
    assert (report.sold_units, report.on_hand_units, report.under_way_units) == (21, 11, 7)


def test_a_week_without_stock_is_told_as_such(report: ImportReport, landed: Landed) -> None:
    sales = landed(report, "demand_sales").set_index(["site_id", "item_id", "sales_date"])
    assert sales.loc[("store-00", "product-126", "2024-04-01"), "in_stock_share"] == 0
    assert sales["in_stock_share"].sum() == 7


def test_stock_in_transit_is_due_in_the_weeks_it_can_be_sold(report: ImportReport, landed: Landed) -> None:
    orders = landed(report, "erp_purchase_orders")
    due = orders.groupby("promised_date")["ordered_units"].sum().to_dict()
    assert due == {PLAN_DATE: 2, PLAN_DATE + pd.Timedelta(days=7): 5}
    assert (orders["promised_date"] - orders["ordered_date"] == pd.Timedelta(days=14)).all()
    assert set(orders["status"]) == {"open"}


def test_an_order_of_the_plan_date_sells_from_the_third_week(
    report: ImportReport, home: NetworkHome, landed: Landed
) -> None:
    sourcing = landed(report, "erp_sourcing")
    assert set(sourcing["quoted_lead_time_days"]) == {14}
    assert set(sourcing["supplier_id"]) == {CENTRAL_WAREHOUSE}
    assert home.profile.calendar.buckets_in(14) == 2


def test_holding_costs_a_fifth_of_a_unit_of_money_per_unit_and_week(
    vn2_files: Path, home: NetworkHome, landed: Landed
) -> None:
    report = import_vn2(vn2_files, home, WallClock(), Vn2Assumptions(unit_cost=4.0))
    settings, items = landed(report, "erp_item_site_settings"), landed(report, "erp_items")
    weekly = settings["holding_rate_per_year"] * items["unit_cost"].iloc[0] * 7 / 365
    assert weekly.tolist() == pytest.approx([0.2, 0.2, 0.2])
    assert set(settings["shortage_cost_per_unit"]) == {1.0}


def test_stores_that_share_an_item_are_linked_both_ways(report: ImportReport, landed: Landed) -> None:
    lanes = landed(report, "tms_lanes")
    lateral = lanes[lanes["is_allowed"]]
    assert set(zip(lateral["origin_id"], lateral["destination_id"], strict=True)) == {
        ("store-00", "store-07"),
        ("store-07", "store-00"),
    }
    assert set(lateral["cost_per_unit"]) == {0.3}


def test_the_supply_lane_is_told_but_carries_purchases_only(report: ImportReport, landed: Landed) -> None:
    lanes = landed(report, "tms_lanes")
    supply = lanes[lanes["origin_id"] == CENTRAL_WAREHOUSE]
    assert set(supply["destination_id"]) == {"store-00", "store-07"}
    assert set(supply["quoted_transit_days"]) == {14}
    assert not supply["is_allowed"].any()


def test_the_count_speaks_for_the_central_warehouse_too(report: ImportReport) -> None:
    (envelope,) = [e for e in report.envelopes if e.table == "inventory"]
    assert envelope.covers is not None
    assert CENTRAL_WAREHOUSE in envelope.covers


def test_everything_is_known_at_the_first_cutoff(report: ImportReport) -> None:
    cutoff = report.profile.calendar.cutoff(dt.date(2024, 4, 15))
    assert all(envelope.available_at <= cutoff for envelope in report.envelopes)


def test_importing_twice_gives_the_same_batches(report: ImportReport, vn2_files: Path, home: NetworkHome) -> None:
    again = import_vn2(vn2_files, home, WallClock())
    assert [e.batch_id for e in again.envelopes] == [e.batch_id for e in report.envelopes]


@pytest.mark.parametrize("name", vn2.FILES)
def test_a_missing_file_is_named(vn2_files: Path, home: NetworkHome, name: str) -> None:
    (vn2_files / name).unlink()
    with pytest.raises(EquipoiseError, match=r"Master\.csv") as failure:
        import_vn2(vn2_files, home, WallClock())
    assert name in str(failure.value)
    assert not home.root.exists()


def test_a_folder_that_is_none_is_named(tmp_path: Path, home: NetworkHome) -> None:
    with pytest.raises(EquipoiseError, match="no such folder"):
        import_vn2(tmp_path / "nowhere", home, WallClock())


def test_files_of_different_series_are_refused(vn2_files: Path, home: NetworkHome) -> None:
    path = vn2_files / vn2.STATE_FILE
    pd.read_csv(path).iloc[1:].to_csv(path, index=False)
    with pytest.raises(EquipoiseError, match="same series"):
        import_vn2(vn2_files, home, WallClock())


@pytest.mark.parametrize("text", ["", "Store\n", "Store,Product\n"])
def test_a_file_without_its_columns_is_refused(vn2_files: Path, home: NetworkHome, text: str) -> None:
    (vn2_files / vn2.MASTER_FILE).write_text(text)
    with pytest.raises(EquipoiseError, match=r"Master\.csv"):
        import_vn2(vn2_files, home, WallClock())


def test_a_gap_in_the_history_is_refused(vn2_files: Path, home: NetworkHome) -> None:
    path = vn2_files / vn2.SALES_FILE
    data = pd.read_csv(path)
    data.loc[1, "2024-04-01"] = float("nan")
    data.to_csv(path, index=False)
    with pytest.raises(EquipoiseError, match="gaps"):
        import_vn2(vn2_files, home, WallClock())
