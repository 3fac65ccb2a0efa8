"""The gates on a warehouse of hand-made raw tables, and in the graph: each fault, one verdict, one alert."""

import datetime as dt
import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import numpy as np
import pandas as pd
import pytest

from assets.feeds import raw
from assets.feeds.contract import FeedTable, contract, feed_table
from assets.kernel.calendar import AsKnown, Bucket, PlanCalendar
from assets.kernel.frames.quality import ALERTS, FEED_ALERTS, VERDICTS
from assets.kernel.home import NetworkHome
from assets.kernel.identifiers import digest
from assets.kernel.network import NetworkProfile
from assets.kernel.published import Published
from assets.kernel.warehouse import Warehouse
from assets.monitoring.alerts import collect, raise_alerts
from orchestration.io_managers import PublishedIOManager
from quality import checks
from quality.gate import run_gate
from quality.known import Known
from quality.profiles import profile_feeds
from quality.quarantine import quarantined
from quality.suite import read_suite

PLAN_DATE = dt.date(2026, 3, 2)
CALENDAR = PlanCalendar(Bucket.DAY, "UTC")
STORES = ["S1", "S2", "S3"]
SITES = ["DC", *STORES]
ITEMS = [f"I{n:02d}" for n in range(12)]
SALES_DAYS, COUNT_DAYS = 64, 15
YESTERDAY = PLAN_DATE - dt.timedelta(days=1)
MASTER_DATE = PLAN_DATE - dt.timedelta(days=3)


def days_before(count: int) -> list[dt.date]:
    return [PLAN_DATE - dt.timedelta(days=n) for n in range(count, 0, -1)]


@dataclass
class Feeds:
    """What the sources send: a frame per table and business date, and what was refused."""

    frames: dict[tuple[str, dt.date], pd.DataFrame]
    rejected: set[tuple[str, dt.date]] = field(default_factory=set)
    again: dict[tuple[str, dt.date], pd.DataFrame] = field(default_factory=dict)

    def change(self, table: str, date: dt.date, change: Callable[[pd.DataFrame], pd.DataFrame]) -> None:
        self.frames[table, date] = change(self.frames[table, date])

    def forget(self, table: str) -> None:
        self.frames = {key: frame for key, frame in self.frames.items() if key[0] != table}

    def into(self, connection: duckdb.DuckDBPyConnection) -> None:
        raw.prepare(connection)
        for table in contract():
            sent = {key[1]: frame for key, frame in self.frames.items() if key[0] == table.name}
            again = {key[1]: frame for key, frame in self.again.items() if key[0] == table.name}
            batches = [
                batch(table, date, frame, rejected=(table.name, date) in self.rejected)
                for date, frame in [*sent.items(), *again.items()]
            ]
            land(connection, table, {b["batch_id"]: b for b in batches})


def batch(table: FeedTable, date: dt.date, frame: pd.DataFrame, *, rejected: bool) -> dict[str, Any]:
    return {
        "batch_id": digest(table.name, date, content_of(frame))[:16],
        "business_date": pd.Timestamp(date),
        "available_at": pd.Timestamp(date) + pd.Timedelta(hours=26),
        "accepted_rows": 0 if rejected else len(frame),
        "row_count": len(frame),
        "status": "rejected" if rejected else "accepted",
        "frame": frame,
    }


def content_of(frame: pd.DataFrame) -> int:
    """Return a hash of a frame; that of a quiet network's frames is taken once."""
    if id(frame) in _CONTENT:
        return _CONTENT[id(frame)]
    content = int(pd.util.hash_pandas_object(frame.astype(str)).sum())
    if any(frame is quiet for quiet in _quiet_frames().values()):
        _CONTENT[id(frame)] = content
    return content


_CONTENT: dict[int, int] = {}


def land(connection: duckdb.DuckDBPyConnection, table: FeedTable, batches: dict[str, dict[str, Any]]) -> None:
    if not batches:
        return
    told = pd.DataFrame([{k: v for k, v in b.items() if k != "frame"} for b in batches.values()])
    connection.register("told", told)
    connection.execute(
        "insert into raw.batches (batch_id, source, table_name, feed, business_date, available_at, landed_at, "
        "row_count, accepted_rows, quarantined_rows, content_hash, status, reason) "
        f"select batch_id, '{table.source}', '{table.table}', '{table.name}', business_date, available_at, "
        "available_at, row_count, accepted_rows, 0, '', status, '' from told"
    )
    good = [b["frame"].assign(_batch_id=b["batch_id"]) for b in batches.values() if b["status"] == "accepted"]
    rows = pd.concat([frame for frame in good if len(frame)] or good[:1], ignore_index=True) if good else None
    if rows is not None and len(rows):
        columns = ", ".join(f"cast(rows.{c.name} as {c.duckdb_type})" for c in table.frame.columns)
        connection.register("rows", rows)
        connection.execute(
            f"insert into raw.{table.name} select {columns}, _batch_id, business_date, available_at, available_at, "
            "md5(cast(rows as varchar)), 1 from rows join told on told.batch_id = rows._batch_id"
        )


@functools.cache
def _quiet_frames() -> dict[tuple[str, dt.date], pd.DataFrame]:
    return _frames_of_a_quiet_network()


def healthy() -> Feeds:
    """Return a quiet network: every store sells about six of everything and is refilled every day."""
    return Feeds(dict(_quiet_frames()))


def _frames_of_a_quiet_network() -> dict[tuple[str, dt.date], pd.DataFrame]:
    generator = np.random.default_rng(7)
    masters = {
        "erp_items": pd.DataFrame({"item_id": ITEMS}).assign(
            description="d", category="c", base_unit="each", unit_cost=1.0, unit_price=2.0,
            weight_kg_per_unit=1.0, volume_m3_per_unit=0.01, shelf_life_days=None, is_sensitive=False,
        ),
        "erp_sites": pd.DataFrame({"site_id": SITES}).assign(
            site_name="n", site_kind=["supply_dc", "store", "store", "store"], region="r", timezone="UTC", is_open=True
        ),
        "erp_suppliers": pd.DataFrame({"supplier_id": ["V"], "supplier_name": ["V"], "country": [None]}),
        "erp_sourcing": pd.DataFrame({"item_id": ITEMS}).assign(
            supplier_id="V", site_id="DC", unit_cost=1.0, minimum_order_units=0, order_multiple_units=1,
            quoted_lead_time_days=5, minimum_order_amount=0.0, capacity_units_per_day=None,
        ),
        "erp_item_site_settings": pairs(SITES).assign(
            holding_rate_per_year=0.2, shortage_cost_per_unit=1.0, service_target=None, presentation_minimum_units=0,
            maximum_units=None, review_days=1, lifecycle="active",
        ),
        "tms_lanes": pd.DataFrame({"destination_id": STORES}).assign(
            origin_id="DC", mode="truck", fixed_cost_per_departure=1.0, cost_per_kg=0.1, cost_per_m3=0.0,
            cost_per_unit=0.0, capacity_kg=None, departure_days=None, quoted_transit_days=1, is_allowed=True,
        ),
    }  # fmt: skip
    frames = {(name, MASTER_DATE): frame for name, frame in masters.items()}
    for date in days_before(SALES_DAYS):
        sold = pairs(STORES)
        frames["demand_sales", date] = sold.assign(
            sales_date=pd.Timestamp(date), sold_units=generator.poisson(6, len(sold)), in_stock_share=1.0,
            unit_price=2.0, is_promoted=False,
        )  # fmt: skip
    for date in days_before(COUNT_DAYS):
        frames["wms_inventory", date] = pairs(SITES).assign(
            lot_id="L", expiry_date=pd.NaT, on_hand_units=60, reserved_units=0, blocked_units=0
        )
        sold = frames["demand_sales", date]
        shipped = sold[["item_id", "site_id"]].rename(columns={"site_id": "destination_id"})
        frames["tms_shipments", date] = shipped.assign(
            shipment_id=f"T{date}", line_number=range(1, len(sold) + 1), origin_id="DC", mode="truck",
            shipped_units=sold["sold_units"], departed_date=pd.Timestamp(date), expected_date=pd.Timestamp(date),
            arrived_date=pd.Timestamp(date), status="arrived", order_reference=None,
        )  # fmt: skip
    return frames


def pairs(sites: list[str]) -> pd.DataFrame:
    return pd.DataFrame([(site, item) for site in sites for item in ITEMS], columns=["site_id", "item_id"])


def judged(feeds: Feeds, docs: Path | None = None, plan_date: dt.date = PLAN_DATE) -> pd.DataFrame:
    with duckdb.connect() as connection:
        feeds.into(connection)
        profiles = profile_feeds(connection, Known.of(CALENDAR, plan_date))
    return run_gate(read_suite("feeds"), profiles, plan_date, docs)


def faults(verdicts: pd.DataFrame) -> list[tuple[Any, ...]]:
    found = verdicts.loc[verdicts["action"] != "pass", ["rule", "feed", "site_id", "item_id", "action"]]
    return [tuple(row) for row in found.to_numpy()]


def only(feeds: Feeds, rule: str, feed: str, site: str, item: str, action: str) -> None:
    verdicts = judged(feeds)
    assert faults(verdicts) == [(rule, feed, site, item, action)]
    alerts = raise_alerts([verdicts], PLAN_DATE)
    assert alerts[["rule", "feed", "site_id"]].to_numpy().tolist() == [[rule, feed, site]]
    assert alerts["remedy"].str.len().min() > 0


def without(site: str) -> Callable[[pd.DataFrame], pd.DataFrame]:
    return lambda frame: frame.loc[frame["site_id"] != site].reset_index(drop=True)


def scaled(column: str, factor: int, site: str, item: str | None = None) -> Callable[[pd.DataFrame], pd.DataFrame]:
    def change(frame: pd.DataFrame) -> pd.DataFrame:
        here = (frame["site_id"] == site) & (True if item is None else frame["item_id"] == item)
        return frame.assign(**{column: frame[column].where(~here, frame[column] * factor)})

    return change


def test_a_quiet_network_passes_and_says_so_feed_by_feed() -> None:
    verdicts = judged(healthy())
    assert set(verdicts["action"]) == {"pass"}
    assert sorted(verdicts["feed"]) == sorted(table.name for table in contract())
    assert raise_alerts([verdicts], PLAN_DATE).empty


def test_a_stale_site_may_receive_but_not_give() -> None:
    feeds = healthy()
    for date in days_before(3):
        feeds.change("wms_inventory", date, without("S1"))
    only(feeds, "site_stale", "wms_inventory", "S1", "", "hold_outbound")


def test_a_site_that_was_never_counted_is_held_with_one_alert() -> None:
    feeds = healthy()
    for table, count in (("wms_inventory", COUNT_DAYS), ("demand_sales", SALES_DAYS)):
        for date in days_before(count):
            feeds.change(table, date, without("S2"))
    for date in days_before(COUNT_DAYS):
        feeds.change("tms_shipments", date, lambda f: f.loc[f["destination_id"] != "S2"])
    only(feeds, "site_never_seen", "wms_inventory", "S2", "", "hold")


def test_a_stale_feed_is_one_alert_and_not_one_per_site() -> None:
    feeds = healthy()
    for date in days_before(3):
        del feeds.frames["wms_inventory", date]
    only(feeds, "feed_stale", "wms_inventory", "", "", "hold_outbound")


def test_an_unchanged_stock_file_on_two_days_is_not_stale() -> None:
    feeds = healthy()
    days = days_before(2)
    feeds.frames["wms_inventory", days[1]] = feeds.frames["wms_inventory", days[0]].copy()
    assert faults(judged(feeds)) == []


def test_a_store_that_rests_on_sundays_is_not_stale_on_mondays() -> None:
    feeds = healthy()
    for date in days_before(SALES_DAYS):
        if date.weekday() == 6:
            feeds.change("demand_sales", date, without("S3"))
    assert PLAN_DATE.weekday() == 0
    assert faults(judged(feeds)) == []


def test_a_stale_till_only_warns() -> None:
    feeds = healthy()
    for date in days_before(3):
        feeds.change("demand_sales", date, without("S3"))
        feeds.change("tms_shipments", date, lambda f: f.loc[f["destination_id"] != "S3"])
    only(feeds, "site_sales_stale", "demand_sales", "S3", "", "warn")


def test_negative_stock_holds_the_item_at_the_site() -> None:
    feeds = healthy()
    feeds.change("wms_inventory", YESTERDAY, scaled("on_hand_units", -1, "S1", "I03"))
    only(feeds, "negative_stock", "wms_inventory", "S1", "I03", "hold")


def test_a_case_counted_as_units_holds_the_item_at_the_site() -> None:
    feeds = healthy()
    feeds.change("wms_inventory", YESTERDAY, scaled("on_hand_units", 12, "S1", "I03"))
    only(feeds, "unit_jump", "wms_inventory", "S1", "I03", "hold")


def test_a_jump_that_lasts_is_still_a_jump_a_week_later() -> None:
    feeds = healthy()
    for date in days_before(6):
        feeds.change("wms_inventory", date, scaled("on_hand_units", 12, "S1", "I03"))
    only(feeds, "unit_jump", "wms_inventory", "S1", "I03", "hold")


def test_a_delivery_is_no_unit_jump() -> None:
    feeds = healthy()
    feeds.change("wms_inventory", YESTERDAY, scaled("on_hand_units", 12, "S1", "I03"))
    delivered = feeds.frames["tms_shipments", YESTERDAY]
    here = (delivered["destination_id"] == "S1") & (delivered["item_id"] == "I03")
    feeds.frames["tms_shipments", YESTERDAY] = delivered.assign(
        shipped_units=delivered["shipped_units"].where(~here, delivered["shipped_units"] + 660)
    )
    assert faults(judged(feeds)) == []


def test_a_site_that_counts_cases_is_one_alert_that_speaks_for_its_symptoms() -> None:
    feeds = healthy()
    feeds.change("wms_inventory", YESTERDAY, scaled("on_hand_units", 12, "S1"))
    feeds.change("demand_sales", YESTERDAY, scaled("sold_units", 12, "S1"))
    verdicts = judged(feeds)
    assert faults(verdicts) == [
        ("site_unit_jump", "demand_sales", "S1", "", "hold"),
        ("site_unit_jump", "wms_inventory", "S1", "", "hold"),
    ]
    assert len(raise_alerts([verdicts], PLAN_DATE)) == 1


def test_an_outlier_warns() -> None:
    feeds = healthy()
    feeds.change("demand_sales", YESTERDAY, scaled("sold_units", 41, "S2", "I05"))
    only(feeds, "outlier", "demand_sales", "S2", "I05", "warn")


def test_a_shift_of_a_sites_sales_warns_once() -> None:
    feeds = healthy()
    for date in days_before(7):
        feeds.change("demand_sales", date, scaled("sold_units", 3, "S2"))
        feeds.change("tms_shipments", date, lambda f: f)
    only(feeds, "distribution_shift", "demand_sales", "S2", "", "warn")


def test_phantom_stock_is_not_given_away() -> None:
    feeds = healthy()
    for date in days_before(15):
        feeds.change("demand_sales", date, scaled("sold_units", 0, "S1", "I07"))
        feeds.change("tms_shipments", date, lambda f: f.loc[(f["destination_id"] != "S1") | (f["item_id"] != "I07")])
    only(feeds, "phantom_stock", "wms_inventory", "S1", "I07", "hold_outbound")


def test_an_incomplete_count_leaves_the_site_out() -> None:
    feeds = healthy()
    feeds.change("wms_inventory", YESTERDAY, lambda f: f.loc[(f["site_id"] != "S1") | f["item_id"].isin(ITEMS[:4])])
    only(feeds, "count_incomplete", "wms_inventory", "S1", "", "hold")


def test_a_count_rejected_for_drift_holds_outbound_and_is_told_once() -> None:
    feeds = healthy()
    feeds.rejected.add(("wms_inventory", YESTERDAY))
    only(feeds, "count_rejected", "wms_inventory", "", "", "hold_outbound")


def test_a_rejected_master_warns_and_the_last_good_one_is_used() -> None:
    feeds = healthy()
    feeds.frames["tms_lanes", MASTER_DATE - dt.timedelta(days=1)] = feeds.frames["tms_lanes", MASTER_DATE]
    feeds.rejected.add(("tms_lanes", MASTER_DATE))
    only(feeds, "batch_rejected", "tms_lanes", "", "", "warn")


def test_the_same_batch_twice_is_nothing() -> None:
    feeds = healthy()
    feeds.again["wms_inventory", YESTERDAY] = feeds.frames["wms_inventory", YESTERDAY].copy()
    with duckdb.connect() as connection:
        feeds.into(connection)
        assert connection.execute("select count(*) from raw.batches where feed = 'wms_inventory'").fetchone() == (
            COUNT_DAYS,
        )


def test_a_batch_sent_again_with_other_content_warns() -> None:
    feeds = healthy()
    again = feeds.frames["demand_sales", YESTERDAY]
    feeds.again["demand_sales", YESTERDAY] = again.assign(sold_units=again["sold_units"] + (again.index == 0))
    only(feeds, "batch_repeated", "demand_sales", "", "", "warn")


def test_a_correction_of_an_earlier_day_is_no_repetition() -> None:
    feeds = healthy()
    days = days_before(2)
    corrected = feeds.frames["demand_sales", days[0]].head(3)
    feeds.change("demand_sales", days[1], lambda f: pd.concat([f, corrected], ignore_index=True))
    assert faults(judged(feeds)) == []


def test_unknown_items_warn_with_examples() -> None:
    feeds = healthy()
    feeds.change(
        "erp_sourcing", MASTER_DATE, lambda f: pd.concat([f, f.head(1).assign(item_id="GHOST")], ignore_index=True)
    )
    only(feeds, "unknown_reference", "erp_sourcing", "", "", "warn")
    assert "GHOST" in judged(feeds).query("rule == 'unknown_reference'")["message"].iloc[0]


def test_a_lane_to_nowhere_warns() -> None:
    feeds = healthy()
    feeds.change(
        "tms_lanes",
        MASTER_DATE,
        lambda f: pd.concat([f, f.head(1).assign(destination_id="NOWHERE")], ignore_index=True),
    )
    only(feeds, "lane_to_nowhere", "tms_lanes", "", "", "warn")


def test_a_closed_site_is_not_asked_for_anything() -> None:
    feeds = healthy()
    feeds.change("erp_sites", MASTER_DATE, lambda f: f.assign(is_open=f["site_id"] != "S3"))
    for date in days_before(3):
        feeds.change("wms_inventory", date, without("S3"))
    assert [rule for rule, *_ in faults(judged(feeds))] == ["lane_to_nowhere"]


def test_a_required_table_that_never_came_stops() -> None:
    feeds = healthy()
    feeds.forget("erp_items")
    only(feeds, "required_missing", "erp_items", "", "", "stop")


def test_an_empty_item_master_stops() -> None:
    feeds = healthy()
    feeds.change("erp_items", MASTER_DATE, lambda f: f.head(0))
    only(feeds, "feed_empty", "erp_items", "", "", "stop")


def test_a_plan_date_before_the_first_batch_stops_with_one_clear_alert() -> None:
    early = PLAN_DATE - dt.timedelta(days=400)
    verdicts = judged(healthy(), plan_date=early)
    assert faults(verdicts) == [("before_first_batch", "all", "", "", "stop")]
    assert len(raise_alerts([verdicts], early)) == 1


def test_what_came_after_the_cutoff_is_not_judged() -> None:
    feeds = healthy()
    feeds.change("wms_inventory", YESTERDAY, scaled("on_hand_units", -1, "S1", "I03"))
    assert faults(judged(feeds, plan_date=YESTERDAY)) == []


def test_two_items_with_one_id_hold_the_item_and_many_stop() -> None:
    feeds = healthy()
    assert refused(feeds, ["I02"], sent=500) == [("item_ambiguous", "erp_items", "", "I02", "hold")]
    assert refused(feeds, ["I02", "I03"], sent=100)[0] == ("many_keys_conflict", "erp_items", "", "", "stop")


def refused(feeds: Feeds, items: list[str], sent: int) -> list[tuple[Any, ...]]:
    with duckdb.connect() as connection:
        feeds.into(connection)
        (batch_id,) = connection.execute("select batch_id from raw.batches where feed = 'erp_items'").fetchone() or (
            "",
        )
        connection.execute(
            "update raw.batches set quarantined_rows = ?, row_count = ? where batch_id = ?",
            [len(items), sent, batch_id],
        )
        for number, item in enumerate(items):
            connection.execute(
                "insert into raw.quarantine values ('erp_items', ?, ?, ?, ?, ?, ?)",
                [batch_id, number + 13, f"item_id = {item} stands 2 times; row 1 was taken, which differs",
                 f'{{"item_id": "{item}"}}', MASTER_DATE, dt.datetime(2026, 3, 2, 2)],
            )  # fmt: skip
        known = Known.of(CALENDAR, PLAN_DATE)
        assert len(quarantined(connection, known)) == len(items)
        profiles = profile_feeds(connection, known)
    return faults(run_gate(read_suite("feeds"), profiles, PLAN_DATE))


def test_weekly_sales_are_dated_by_the_start_of_their_week() -> None:
    weekly = PlanCalendar(Bucket.WEEK, "UTC")
    feeds = healthy()
    last_week = PLAN_DATE - dt.timedelta(days=7)
    feeds.frames = {
        key: frame for key, frame in feeds.frames.items() if key[0] != "demand_sales" or key[1].weekday() == 0
    }
    with duckdb.connect() as connection:
        feeds.into(connection)
        profiles = profile_feeds(connection, Known.of(weekly, PLAN_DATE))
    ages = profiles.loc[(profiles["feed"] == "demand_sales") & (profiles["site_id"] == "S1")].set_index("measure")
    assert last_week.weekday() == 0
    assert ages["value"]["age_days"] == 1


def test_data_docs_are_written_and_listed(tmp_path: Path) -> None:
    judged(healthy(), tmp_path)
    index = (tmp_path / "index.html").read_text()
    assert f"validations/feeds/{PLAN_DATE}/gate/profile.html" in index
    assert (tmp_path / "validations" / "feeds" / str(PLAN_DATE) / "gate" / "profile.html").exists()
    assert (tmp_path / "expectations" / "feeds.html").exists()


# ---- In the graph -------------------------------------------------------------------------------


@pytest.fixture
def home(tmp_path: Path) -> NetworkHome:
    NetworkProfile(name="tiny", first_plan_date=dt.date(2026, 2, 1)).write(tmp_path)
    return NetworkHome(tmp_path)


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


def planned(
    home: NetworkHome, feeds: Feeds, instance: dg.DagsterInstance, plan_date: dt.date = PLAN_DATE
) -> dg.ExecuteInProcessResult:
    """Run the feeds gate with a mart behind it."""
    home.warehouse.unlink(missing_ok=True)
    warehouse = Warehouse(home.warehouse)
    with warehouse.connect() as connection:
        feeds.into(connection)
    dates = dg.DailyPartitionsDefinition("2026-02-01")
    published = Published(home.published)

    def above(key: list[str]) -> dg.AssetsDefinition:
        @dg.asset(key=key, partitions_def=dates)
        def table() -> None: ...

        return table

    @dg.asset(key=["marts", "fct_demand"], deps=[["quality", "verdicts"]], partitions_def=dates)
    def mart() -> None: ...

    staging = [above(["staging", f"stg_{t.source}__{t.table}"]) for t in contract()]
    built = checks.build(dates)
    gate = [a for a in built if isinstance(a, dg.AssetsDefinition) and a.node_def.name in _OF_THE_FEEDS]
    shown = [a for a in built if isinstance(a, dg.AssetChecksDefinition) and a.node_def.name == "feeds_gate_checks"]
    definitions = dg.Definitions(
        assets=[*staging, *gate, mart],
        asset_checks=shown,
        jobs=[dg.define_asset_job("plan_day", selection=dg.AssetSelection.all())],
        resources={
            "home": home,
            "profile": home.profile,
            "warehouse": warehouse,
            "published": published,
            "parquet": PublishedIOManager(published),
            "as_known": AsKnown.THEN,
        },
    )
    job = definitions.resolve_job_def("plan_day")
    return job.execute_in_process(partition_key=plan_date.isoformat(), instance=instance, raise_on_error=False)


_OF_THE_FEEDS = {"quality__profiles", "feeds_gate", "quality__quarantine"}
MART = dg.AssetKey(["marts", "fct_demand"])


def materialized(result: dg.ExecuteInProcessResult) -> set[str]:
    return {event.materialization.asset_key.to_user_string() for event in result.get_asset_materialization_events()
            for event in [event.step_materialization_data]}  # fmt: skip


def test_a_stop_blocks_what_is_downstream_and_its_alert_exists(home: NetworkHome, instance: dg.DagsterInstance) -> None:
    feeds = healthy()
    feeds.forget("wms_inventory")
    result = planned(home, feeds, instance)
    assert not result.success
    assert MART.to_user_string() not in materialized(result)
    assert {"quality/verdicts", "quality/feed_alerts", "quality/quarantine"} <= materialized(result)
    published = Published(home.published)
    alerts = published.read(FEED_ALERTS, PLAN_DATE)
    assert alerts["rule"].tolist() == ["required_missing"]
    pd.testing.assert_frame_equal(collect(published, PLAN_DATE), ALERTS.conform(alerts))
    blocked = evaluation(result, "no_stop_verdict")
    assert not blocked.passed
    assert blocked.blocking
    assert blocked.metadata["worst_offenders"].value.records[0].data["rule"] == "required_missing"  # type: ignore[attr-defined]


def test_a_warning_blocks_nothing_and_is_shown_on_its_feed(home: NetworkHome, instance: dg.DagsterInstance) -> None:
    feeds = healthy()
    feeds.change("demand_sales", YESTERDAY, scaled("sold_units", 41, "S2", "I05"))
    result = planned(home, feeds, instance)
    assert result.success
    assert MART.to_user_string() in materialized(result)
    assert evaluation(result, "no_stop_verdict").passed
    shown = evaluation(result, "feeds_gate", "staging/stg_demand__sales")
    assert (shown.passed, shown.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert evaluation(result, "feeds_gate", "staging/stg_wms__inventory").passed


def test_a_backfill_does_not_repaint_todays_check(home: NetworkHome, instance: dg.DagsterInstance) -> None:
    feeds = healthy()
    feeds.change("wms_inventory", YESTERDAY, scaled("on_hand_units", -1, "S1", "I03"))
    for plan_date in (PLAN_DATE, YESTERDAY):
        result = planned(home, feeds, instance, plan_date)
        assert evaluation(result, "no_stop_verdict").partition == plan_date.isoformat()


def test_the_warehouse_keeps_one_slice_of_verdicts_per_plan_date(
    home: NetworkHome, instance: dg.DagsterInstance
) -> None:
    planned(home, healthy(), instance)
    with Warehouse(home.warehouse).connect() as connection:
        found = connection.execute("select count(*), count(distinct plan_date) from quality.verdicts").fetchone()
    assert found == (len(contract()), 1)
    assert len(Published(home.published).read(VERDICTS, PLAN_DATE)) == len(contract())


def evaluation(result: dg.ExecuteInProcessResult, name: str, asset: str = "") -> Any:
    found = [
        one
        for one in result.get_asset_check_evaluations()
        if one.check_name == name and (not asset or one.asset_key.to_user_string() == asset)
    ]
    assert found, f"no evaluation of {name}"
    return found[0]


def test_every_feed_of_the_contract_has_rules() -> None:
    suite = read_suite("feeds")
    for table in contract():
        assert sum(rule.holds_for(feed_table(table.source, table.table).name) for rule in suite.rules) >= 4
