"""The feeds' gate on a warehouse of hand-made raw tables: each fault, one verdict, one alert."""

import datetime as dt
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
from gate_feeds import (
    COUNT_DAYS,
    ITEMS,
    MASTER_DATE,
    PLAN_DATE,
    SALES_DAYS,
    YESTERDAY,
    Feeds,
    days_before,
    healthy,
    scaled,
    without,
)

from assets.feeds.contract import contract, feed_table
from assets.kernel.calendar import Bucket, PlanCalendar
from assets.monitoring.alerts import raise_alerts
from quality.gate import run_gate
from quality.known import Known
from quality.profiles import profile_feeds
from quality.quarantine import quarantined
from quality.suite import read_suite

CALENDAR = PlanCalendar(Bucket.DAY, "UTC")


def judged(feeds: Feeds, docs: Path | None = None, plan_date: dt.date = PLAN_DATE) -> pd.DataFrame:
    with duckdb.connect() as connection:
        feeds.into(connection)
        profiles = profile_feeds(connection, Known.of(CALENDAR, plan_date))
    return run_gate(read_suite("feeds"), profiles, plan_date, docs)


def faults(verdicts: pd.DataFrame) -> list[tuple[Any, ...]]:
    found = verdicts.loc[verdicts["action"] != "pass", ["rule", "feed", "site_id", "item_id", "action"]]
    return [tuple(row) for row in found.to_numpy()]


def assert_only(feeds: Feeds, rule: str, feed: str, site: str, item: str, action: str) -> None:
    verdicts = judged(feeds)
    assert faults(verdicts) == [(rule, feed, site, item, action)]
    alerts = raise_alerts([verdicts], PLAN_DATE)
    assert alerts[["rule", "feed", "site_id"]].to_numpy().tolist() == [[rule, feed, site]]
    assert alerts["remedy"].str.len().min() > 0


def test_a_quiet_network_passes_and_says_so_feed_by_feed() -> None:
    verdicts = judged(healthy())
    assert set(verdicts["action"]) == {"pass"}
    assert sorted(verdicts["feed"]) == sorted(table.name for table in contract())
    assert raise_alerts([verdicts], PLAN_DATE).empty


def test_a_stale_site_may_receive_but_not_give() -> None:
    feeds = healthy()
    for date in days_before(3):
        feeds.change("wms_inventory", date, without("S1"))
    assert_only(feeds, "site_stale", "wms_inventory", "S1", "", "hold_outbound")


def test_a_site_that_was_never_counted_is_held_with_one_alert() -> None:
    feeds = healthy()
    for table, count in (("wms_inventory", COUNT_DAYS), ("demand_sales", SALES_DAYS)):
        for date in days_before(count):
            feeds.change(table, date, without("S2"))
    for date in days_before(COUNT_DAYS):
        feeds.change("tms_shipments", date, lambda f: f.loc[f["destination_id"] != "S2"])
    assert_only(feeds, "site_never_seen", "wms_inventory", "S2", "", "hold")


def test_a_stale_feed_is_one_alert_and_not_one_per_site() -> None:
    feeds = healthy()
    for date in days_before(3):
        del feeds.frames["wms_inventory", date]
    assert_only(feeds, "feed_stale", "wms_inventory", "", "", "hold_outbound")


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
    assert_only(feeds, "site_sales_stale", "demand_sales", "S3", "", "warn")


def test_negative_stock_holds_the_item_at_the_site() -> None:
    feeds = healthy()
    feeds.change("wms_inventory", YESTERDAY, scaled("on_hand_units", -1, "S1", "I03"))
    assert_only(feeds, "negative_stock", "wms_inventory", "S1", "I03", "hold")


def test_a_case_counted_as_units_holds_the_item_at_the_site() -> None:
    feeds = healthy()
    feeds.change("wms_inventory", YESTERDAY, scaled("on_hand_units", 12, "S1", "I03"))
    assert_only(feeds, "unit_jump", "wms_inventory", "S1", "I03", "hold")


def test_a_jump_that_lasts_is_still_a_jump_a_week_later() -> None:
    feeds = healthy()
    for date in days_before(6):
        feeds.change("wms_inventory", date, scaled("on_hand_units", 12, "S1", "I03"))
    assert_only(feeds, "unit_jump", "wms_inventory", "S1", "I03", "hold")


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
    assert_only(feeds, "outlier", "demand_sales", "S2", "I05", "warn")


def test_a_shift_of_a_sites_sales_warns_once() -> None:
    feeds = healthy()
    for date in days_before(7):
        feeds.change("demand_sales", date, scaled("sold_units", 3, "S2"))
    assert_only(feeds, "distribution_shift", "demand_sales", "S2", "", "warn")


def test_phantom_stock_is_not_given_away() -> None:
    feeds = healthy()
    for date in days_before(15):
        feeds.change("demand_sales", date, scaled("sold_units", 0, "S1", "I07"))
        feeds.change("tms_shipments", date, lambda f: f.loc[(f["destination_id"] != "S1") | (f["item_id"] != "I07")])
    assert_only(feeds, "phantom_stock", "wms_inventory", "S1", "I07", "hold_outbound")


def test_an_incomplete_count_leaves_the_site_out() -> None:
    feeds = healthy()
    feeds.change("wms_inventory", YESTERDAY, lambda f: f.loc[(f["site_id"] != "S1") | f["item_id"].isin(ITEMS[:4])])
    assert_only(feeds, "count_incomplete", "wms_inventory", "S1", "", "hold")


def test_a_count_rejected_for_drift_holds_outbound_and_is_told_once() -> None:
    feeds = healthy()
    feeds.rejected.add(("wms_inventory", YESTERDAY))
    assert_only(feeds, "count_rejected", "wms_inventory", "", "", "hold_outbound")


def test_a_rejected_master_warns_and_the_last_good_one_is_used() -> None:
    feeds = healthy()
    feeds.frames["tms_lanes", MASTER_DATE - dt.timedelta(days=1)] = feeds.frames["tms_lanes", MASTER_DATE]
    feeds.rejected.add(("tms_lanes", MASTER_DATE))
    assert_only(feeds, "batch_rejected", "tms_lanes", "", "", "warn")


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
    assert_only(feeds, "batch_repeated", "demand_sales", "", "", "warn")


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
    assert_only(feeds, "unknown_reference", "erp_sourcing", "", "", "warn")
    assert "GHOST" in judged(feeds).query("rule == 'unknown_reference'")["message"].iloc[0]


def test_a_lane_to_nowhere_warns() -> None:
    feeds = healthy()
    feeds.change(
        "tms_lanes",
        MASTER_DATE,
        lambda f: pd.concat([f, f.head(1).assign(destination_id="NOWHERE")], ignore_index=True),
    )
    assert_only(feeds, "lane_to_nowhere", "tms_lanes", "", "", "warn")


def test_a_closed_site_is_not_asked_for_anything() -> None:
    feeds = healthy()
    feeds.change("erp_sites", MASTER_DATE, lambda f: f.assign(is_open=f["site_id"] != "S3"))
    for date in days_before(3):
        feeds.change("wms_inventory", date, without("S3"))
    assert [rule for rule, *_ in faults(judged(feeds))] == ["lane_to_nowhere"]


def test_a_required_table_that_never_came_stops() -> None:
    feeds = healthy()
    feeds.forget("erp_items")
    assert_only(feeds, "required_missing", "erp_items", "", "", "stop")


def test_an_empty_item_master_stops() -> None:
    feeds = healthy()
    feeds.change("erp_items", MASTER_DATE, lambda f: f.head(0))
    assert_only(feeds, "feed_empty", "erp_items", "", "", "stop")


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


def test_the_quarantine_holds_what_a_history_that_came_lately_had_refused_long_ago() -> None:
    with duckdb.connect() as connection:
        healthy().into(connection)
        [(batch_id, sent)] = connection.execute(
            "select batch_id, business_date from raw.batches where feed = 'demand_sales' order by 2 desc limit 1"
        ).fetchall()
        long_ago = sent - dt.timedelta(days=90)
        for day, known_at in ((long_ago, dt.datetime.combine(long_ago, dt.time(23))), (sent, dt.datetime(2099, 1, 1))):
            connection.execute(
                "insert into raw.quarantine values ('demand_sales', ?, 1, 'sold_units is missing', '{}', ?, ?)",
                [batch_id, day, known_at],
            )
        rows = quarantined(connection, Known.of(CALENDAR, PLAN_DATE))
    assert [day.date() for day in rows["business_date"]] == [long_ago]


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


def test_every_feed_of_the_contract_has_rules() -> None:
    suite = read_suite("feeds")
    for table in contract():
        assert sum(rule.holds_for(feed_table(table.source, table.table).name) for rule in suite.rules) >= 4
