"""The feeds' gate in Dagster's graph: what a stop blocks, what a warning shows, what a backfill leaves alone."""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import pytest
from gate_feeds import PLAN_DATE, YESTERDAY, Feeds, healthy, scaled

from assets.feeds.contract import contract
from assets.kernel.calendar import AsKnown
from assets.kernel.frames.quality import ALERTS, FEED_ALERTS, VERDICTS
from assets.kernel.home import NetworkHome
from assets.kernel.network import NetworkProfile
from assets.kernel.published import Published
from assets.kernel.warehouse import Warehouse
from assets.monitoring.alerts import collect
from orchestration.io_managers import PublishedIOManager
from quality import checks


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
