"""Time that is out of order: an unchanged count, a history of today for a past date, a plan before any batch."""

import datetime as dt
import json

import duckdb
import pandas as pd
import pytest
from bad_networks import ONE_DAY, landing_of, typed
from feed_samples import rows_of
from scenario.faulty_files import SPOILT_DAY, FilesPlanned

from assets.feeds.contract import feed_table
from assets.feeds.envelope import batch_available_at
from assets.kernel.calendar import Bucket
from assets.kernel.frames.marts import FCT_DEMAND, FEAT_ITEM_SITE
from assets.kernel.frames.quality import VERDICTS
from assets.kernel.network import NetworkProfile
from assets.kernel.published import Published
from orchestration.settings import Settings


def test_a_stock_file_unchanged_since_the_day_before_is_not_stale(files_planned: FilesPlanned) -> None:
    verdicts = files_planned.planned.table(VERDICTS)
    stock = verdicts[verdicts["feed"] == "wms_inventory"]
    assert not {"feed_stale", "site_stale", "batch_repeated", "count_rejected"} & set(stock["rule"])
    assert "hold_outbound" not in set(stock.loc[stock["rule"] != "phantom_stock", "action"])


def test_a_history_imported_today_is_known_by_its_rows_when_a_past_date_is_planned(
    files_planned: FilesPlanned,
) -> None:
    plan = files_planned.planned
    assert json.loads(plan.said.out)["channel"] == "backfill"
    latest = pd.to_datetime(plan.table(FCT_DEMAND)["bucket_start"]).dt.date.max()
    assert latest == SPOILT_DAY
    assert not {"feed_stale", "site_sales_stale"} & set(
        plan.table(VERDICTS).loc[lambda v: v["feed"] == "demand_sales", "rule"]
    )
    assert (plan.table(FEAT_ITEM_SITE)["history_buckets"] > 0).any()


@pytest.fixture(scope="module")
def early(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Return a network whose profile promises plan dates before its first batch."""
    settings = Settings(home=tmp_path_factory.mktemp("early"), network="early")
    day = dt.date(2024, 4, 2)
    NetworkProfile(
        name="early", bucket=Bucket.DAY, first_plan_date=day - 30 * ONE_DAY, declared_date=day + ONE_DAY
    ).write(settings.network_home().root)
    for name in ("erp.items", "erp.sites", "wms.inventory", "demand.sales"):
        table = feed_table(*name.split("."))
        landing_of(settings).land_frame(table, rows_of(table), day, available_at=batch_available_at(table, day, "UTC"))
    return settings


def test_a_plan_date_before_the_first_batch_stops_with_one_line(early: Settings) -> None:
    date = dt.date(2024, 3, 20)
    said = typed(early, "plan", "--date", date.isoformat(), "--json")
    assert said.code == 1
    assert said.err.count("\n") == 1
    assert "before the first batch" in said.err
    assert f"equipoise verdicts --date {date}" in said.err
    verdicts = Published(early.network_home().published).read(VERDICTS, date)
    assert verdicts.loc[verdicts["action"] == "stop", "rule"].tolist() == ["before_first_batch"]
    with duckdb.connect(str(early.network_home().warehouse), read_only=True) as connection:
        assert connection.execute("select count(*) from raw.erp_items").fetchone() == (3,)


def test_a_plan_date_before_the_first_plan_date_is_one_line(early: Settings) -> None:
    said = typed(early, "plan", "--date", "2001-01-01")
    assert (said.code, said.out, said.err.count("\n")) == (1, "", 1)
    assert "Plan a date from 2024-03-03" in said.err
