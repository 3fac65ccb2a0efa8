"""The whole chain over a small network: planned, planned again, replayed, stopped, killed."""

import datetime as dt
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
from networks import copied, small_network

from assets.feeds.contract import feed_table
from assets.feeds.landing import LandingArea
from assets.feeds.synthetic.faults import fault
from assets.kernel.errors import EquipoiseError
from assets.kernel.frames.decisions import (
    DECISIONS,
    DOCUMENTS,
    ORDER_LINES,
    PLAN_COSTS,
    PLAN_LINES,
    PLAN_SUMMARY,
    PROTECTION_DEMAND,
    TARGETS,
)
from assets.kernel.frames.quality import VERDICTS
from assets.kernel.published import Published
from assets.monitoring.alerts import collect
from orchestration import instance, locks
from orchestration.planning import plan_day
from orchestration.replay import replay
from orchestration.settings import Settings

ROOT = Path(__file__).parents[2]


def published(settings: Settings) -> Published:
    return Published(settings.network_home().published)


def today(settings: Settings) -> dt.date:
    return settings.network_home().profile.clock.today()


def test_a_day_is_planned_from_raw_feeds_to_order_documents(planned_settings: Settings) -> None:
    tables, day = published(planned_settings), today(planned_settings)
    documents, lines = tables.read(DOCUMENTS, day), tables.read(ORDER_LINES, day)
    assert {"transfer", "purchase"} <= set(documents["kind"])
    assert set(documents["channel"]) == {"live"}
    assert set(lines["order_id"]) == set(documents["order_id"])
    assert int(documents["quantity_units"].sum()) == int(tables.read(PLAN_LINES, day)["quantity_units"].sum())


def test_the_plan_costs_no_less_than_its_bound_and_no_more_than_the_baselines(planned_settings: Settings) -> None:
    summary = published(planned_settings).read(PLAN_SUMMARY, today(planned_settings)).set_index("policy")
    plan = summary.loc["joint_plan"]
    assert plan["bound_amount"] <= plan["cost_amount"] + 1e-6
    assert 0 <= plan["gap_share"] < 1
    for baseline in ("do_nothing", "no_transfers", "greedy_pairs", "min_max"):
        assert plan["cost_amount"] <= summary.loc[baseline, "cost_amount"] + 1e-6


def test_every_order_names_its_batches_model_features_policy_and_run(planned_settings: Settings) -> None:
    documents = published(planned_settings).read(DOCUMENTS, today(planned_settings))
    for column in ("batch_ids", "model_version", "feature_version", "policy_release", "plan_digest", "run_id"):
        assert (documents[column].str.len() > 0).all(), column


@pytest.fixture(scope="module")
def twice(planned_settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return copied(planned_settings, tmp_path_factory.mktemp("twice"))


def test_planning_a_date_twice_gives_the_same_documents_and_logs_nothing_new(twice: Settings) -> None:
    before = published(twice).read(DOCUMENTS, today(twice))
    count = _order_events(twice)
    second = plan_day(twice)
    after = published(twice).read(DOCUMENTS, today(twice))
    assert second.success
    assert second.delivered_alerts == []
    volatile = ["run_id"]
    assert after.drop(columns=volatile).equals(before.drop(columns=volatile))
    assert _order_events(twice) == count


@pytest.fixture(scope="module")
def secret(twice: Settings) -> str:
    """Return an item that the newest item master calls sensitive: the one of which most is ordered."""
    home, table = twice.network_home(), feed_table("erp", "items")
    landing = LandingArea(home.landing, home.profile.clock)
    lines = published(twice).read(ORDER_LINES, today(twice))
    item = str(lines.groupby("item_id")["value_amount"].sum().idxmax())
    newest = landing.batches(table)[-1]
    items = pd.concat(pd.read_parquet(path) for path in landing.directory(newest).glob("*.parquet"))
    items["is_sensitive"] = items["item_id"] == item
    day = newest.business_date + dt.timedelta(days=30)
    landing.land_frame(table, items, day, available_at=dt.datetime.combine(day, dt.time(23), dt.UTC))
    return item


@pytest.fixture(scope="module")
def past(twice: Settings, secret: str) -> dt.date:
    """Return an earlier date that was planned when the item had become sensitive."""
    day = today(twice) - dt.timedelta(days=4)
    assert secret
    assert plan_day(twice, day).success
    return day


def test_a_past_date_is_its_own_channel(twice: Settings, past: dt.date) -> None:
    documents = published(twice).read(DOCUMENTS, past)
    assert set(documents["channel"]) == {"backfill"}
    assert not set(documents["order_id"]) & set(published(twice).read(DOCUMENTS, today(twice))["order_id"])


def test_a_sensitive_item_and_its_numbers_are_nowhere_in_what_dagster_tells_of_a_date(
    twice: Settings, past: dt.date, secret: str
) -> None:
    run_id = str(published(twice).read(DOCUMENTS, past)["run_id"].iloc[0])
    with instance.opened(twice) as store:
        told = [str(entry.dagster_event or entry) for entry in store.all_logs(run_id)]
    assert len(told) > 100
    assert [line for line in told if re.search(rf"(?<![A-Za-z0-9]){secret}(?![A-Za-z0-9])", line)] == []
    everything = "\n".join(told)
    assert "⟨hidden1⟩" in everything
    numbers = _only_of(secret, twice, past)
    assert len(numbers) > 20
    assert [number for number in numbers if re.search(rf"(?<![\d.]){number}(?![\d])", everything)] == []


def _only_of(item: str, settings: Settings, day: dt.date) -> list[str]:
    """Return money and units of an item as pages would tell them: no other item's, and no short number.

    Of fewer than five digits that count, some share of some key figure is the same by chance.
    """
    own: set[str] = set()
    others: set[str] = set()
    for frame in (PLAN_LINES, ORDER_LINES, TARGETS, PROTECTION_DEMAND, PLAN_COSTS, DECISIONS):
        table = published(settings).read(frame, day)
        for column in table.select_dtypes("float"):
            for name, value in zip(table["item_id"], table[column], strict=True):
                (own if name == item else others).update(f"{value:.{digits}f}".rstrip("0") for digits in (2, 4))
    return sorted(number for number in own - others if sum(map(str.isdigit, number.lstrip("0."))) >= 5)


def test_a_replay_finds_every_digest_again_and_then_names_the_table_that_was_changed(twice: Settings) -> None:
    assert replay(twice, today(twice)).differing == []
    with duckdb.connect(str(twice.network_home().warehouse)) as connection:
        connection.execute(
            "update raw.wms_inventory set on_hand_units = on_hand_units + 7 where rowid = "
            "(select max(rowid) from raw.wms_inventory)"
        )
    report = replay(twice, today(twice))
    assert report.differing[0] == "feed_state"
    assert report.feeds == ["wms_inventory"]


def test_a_date_before_the_first_plan_date_is_a_one_line_error_with_the_dates_that_can_be_planned(
    planned_settings: Settings,
) -> None:
    with pytest.raises(EquipoiseError, match="Plan a date from"):
        plan_day(planned_settings, dt.date(2001, 1, 1))


def test_a_stop_blocks_every_asset_downstream_and_raises_one_alert(tmp_path: Path) -> None:
    settings = small_network(tmp_path)
    home = settings.network_home()
    for path in (home.landing / "erp" / "items").rglob("*.parquet"):
        path.write_bytes(path.read_bytes()[:100])
    run = plan_day(settings)
    assert not run.success
    assert run.verdicts.get("stop", 0) >= 1
    assert published(settings).latest(PLAN_LINES.name, today(settings)) is None
    assert published(settings).latest(DOCUMENTS.name, today(settings)) is None
    with instance.opened(settings) as store:
        made = {e.asset_key.path[0] for e in _materializations(store, run.run_id)}
    assert made <= {"raw", "staging", "quality", "monitoring"}
    alerts = collect(published(settings), today(settings))
    assert (alerts["action"] == "stop").sum() == 1


def _materializations(store, run_id: str):  # type: ignore[no-untyped-def]
    import dagster as dg

    logs = store.all_logs(run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION)
    return [entry.dagster_event for entry in logs]


def _order_events(settings: Settings) -> int:
    import dagster as dg

    with instance.opened(settings) as store:
        records = store.fetch_materializations(dg.AssetKey(["orders", "order"]), limit=10_000).records
    return len(records)


@pytest.mark.parametrize(
    ("name", "action", "feed"),
    [
        ("negative_stock", "hold", "wms_inventory"),
        # In the default run every fault has its verdict (`test_synthetic_faults.py`), and one of them a whole plan.
        pytest.param("stale_feed", "hold_outbound", "wms_inventory", marks=pytest.mark.slow),
        pytest.param("unit_error_x12", "hold", "wms_inventory", marks=pytest.mark.slow),
    ],
)
def test_a_fault_ends_in_its_verdict_a_different_plan_and_one_alert(
    planned_settings: Settings, tmp_path: Path, name: str, action: str, feed: str
) -> None:
    settings = small_network(tmp_path, fault(name))
    run = plan_day(settings)
    assert run.success, f"{run.failed_step}: {run.error}"
    day = today(settings)
    verdicts = published(settings).read(VERDICTS, day)
    assert action in set(verdicts.loc[verdicts["feed"] == feed, "action"])
    site = sorted(set(verdicts.loc[verdicts["action"] == action, "site_id"]))[0]
    raised = collect(published(settings), day)
    usual = collect(published(planned_settings), day)
    new = raised[~raised["alert_id"].isin(usual["alert_id"])]
    assert len(new) == 1, new[["rule", "feed", "site_id"]]
    (lines, clean), (decisions, usually) = (
        [published(of).read(table, day) for of in (settings, planned_settings)] for table in (PLAN_LINES, DECISIONS)
    )
    # Lines alone are the same where the usual plan starts nothing at what is held.
    assert not (lines.equals(clean) and decisions.equals(usually))
    if action == "hold_outbound":
        assert site not in set(lines["origin_id"])
    if action == "hold":
        held = verdicts[verdicts["action"] == "hold"]
        of_site = decisions["site_id"].isin(held.loc[held["item_id"] == "", "site_id"])
        pairs = set(zip(held["item_id"], held["site_id"], strict=True))
        of_item = [pair in pairs for pair in zip(decisions["item_id"], decisions["site_id"], strict=True)]
        assert set(decisions.loc[of_site.to_numpy() | np.array(of_item), "decision"]) == {"held"}


def test_a_killed_run_frees_the_lock_and_its_slot_and_the_next_plan_succeeds(tmp_path: Path) -> None:
    settings = small_network(tmp_path)
    environment = {**os.environ, "EQUIPOISE_HOME": str(settings.home), "EQUIPOISE_NETWORK": "sample"}
    command = [sys.executable, "-m", "orchestration.cli", "plan"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, env=environment, cwd=ROOT, **quiet) as run:
        _wait_for(lambda: bool(list((settings.network_home().published).glob("feed_state/*/latest.json"))), 600)
        run.send_signal(signal.SIGKILL)
        run.wait()
    assert locks.holder_of(settings.network_home().locks / locks.WRITER) is None
    again = plan_day(settings)
    assert again.success, f"{again.failed_step}: {again.error}"
    with instance.opened(settings) as store:
        import dagster as dg

        states = {run.status for run in store.get_runs()}
    assert states == {dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.SUCCESS}


def _wait_for(condition, seconds: float) -> None:  # type: ignore[no-untyped-def]
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.1)


def test_reading_works_while_a_run_is_writing(planned_settings: Settings) -> None:
    with locks.hold(planned_settings.network_home().locks / locks.WRITER, "a long run"):
        environment = {**os.environ, "EQUIPOISE_HOME": str(planned_settings.home), "EQUIPOISE_NETWORK": "sample"}
        done = subprocess.run(
            [sys.executable, "-m", "orchestration.cli", "orders", "--json"],
            env=environment, cwd=ROOT, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        with pytest.raises(EquipoiseError, match="a long run"):
            plan_day(planned_settings)


def test_dagsters_own_tools_load_the_graph_from_the_folder_they_stand_in(planned_settings: Settings) -> None:
    environment = {**os.environ, "EQUIPOISE_HOME": str(planned_settings.home), "EQUIPOISE_NETWORK": "sample"}
    command = [sys.executable, "-m", "dagster", "definitions", "validate"]
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
