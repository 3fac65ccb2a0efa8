"""The dbt project on small warehouses: through Dagster once, and by itself where only SQL is asked."""

import datetime as dt
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pytest
from dagster_dbt import DbtProject

from assets.features.defs import NetworkDbt, build
from assets.features.readers import export_marts
from assets.features.registry import FeatureRegistry
from assets.features.variables import dbt_vars
from assets.feeds.contract import contract
from assets.feeds.landing import LandingArea
from assets.feeds.raw import ingest, prepare
from assets.feeds.synthetic import World, WorldParameters, demo_dates, demo_profile, emit
from assets.forecasting.history.build_panel import build_panel
from assets.kernel.calendar import AsKnown, Bucket
from assets.kernel.frames.marts import DIM_SITE, FCT_DEMAND, FCT_INVENTORY_POSITION, FEAT_ITEM_SITE, MARTS
from assets.kernel.frames.quality import VERDICTS
from assets.kernel.frames.reports import REPORTS
from assets.kernel.home import NetworkHome
from assets.kernel.network import NetworkProfile
from assets.kernel.published import Publication, Published
from assets.kernel.warehouse import Warehouse
from orchestration.dbt import parsed_project

LATER = dt.date(2026, 11, 16)
EARLIER = dt.date(2026, 11, 13)
NOT_TOLD = dt.date(2026, 11, 12)
REFUSED, LEFT_OUT = ("item-0001", "store-01"), ("item-0001", "store-02")


def make_home(folder: Path, profile: NetworkProfile) -> NetworkHome:
    """Make a home whose raw tables and verdicts are there and empty."""
    profile.write(folder)
    home = NetworkHome(folder)
    with Warehouse(home.warehouse).connect() as connection:
        prepare(connection)
        columns = ", ".join(f"{c.name} {c.duckdb_type}" for c in VERDICTS.columns)
        connection.execute(f"create schema quality; create table quality.verdicts ({columns})")
    return home


def small_world(folder: Path) -> NetworkHome:
    parameters = WorldParameters.small()
    home = make_home(folder, demo_profile(parameters))
    landing = LandingArea(home.landing, home.profile.clock)
    emit(World(parameters), landing, *demo_dates(parameters))
    with Warehouse(home.warehouse).connect() as connection:
        for table in contract():
            ingest(connection, table, landing, home.profile.calendar)
    return home


def run_dbt(home: NetworkHome, plan_date: dt.date, *command: str, feature_set: str = "standard") -> None:
    """Run dbt by itself; fail with what it says."""
    registry = {found.name: found for found in FeatureRegistry(home.root).available()}
    variables = dbt_vars(home.profile, registry[feature_set], plan_date)
    environment = {
        **os.environ,
        "EQUIPOISE_WAREHOUSE": str(home.warehouse),
        "DBT_TARGET_PATH": str(home.dbt_target / "run"),
        "DBT_LOG_PATH": str(home.dbt_target / "run"),
    }
    project = ["--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT)]
    dbt = str(Path(sys.executable).parent / "dbt")
    done = subprocess.run(
        [dbt, *command, *project, "--vars", json.dumps(variables)],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]


PROJECT = Path(__file__).parents[2] / "dbt_project"
TABLES = (*MARTS, *REPORTS)


def exported(home: NetworkHome, plan_date: dt.date, run_id: str = "test") -> dict[str, Publication]:
    cutoff = home.profile.calendar.cutoff(plan_date)
    with Warehouse(home.warehouse).connect() as connection:
        publications = export_marts(connection, Published(home.published), plan_date, run_id, cutoff, TABLES)
    return {publication.table: publication for publication in publications}


def digests(publications: dict[str, Publication]) -> dict[str, str]:
    return {name: publication.digest for name, publication in publications.items()}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> NetworkHome:
    """Return a small world with two orphan rows of sales, a refused one and one left out; built for no plan date."""
    home = small_world(tmp_path_factory.mktemp("world") / "home")
    with Warehouse(home.warehouse).connect() as connection:
        connection.execute(
            "insert into raw.demand_sales by name select * replace ('item-none' as item_id)"
            " from raw.demand_sales where sales_date = date '2026-11-12' limit 2"
        )
        sale = f"sales_date = '{NOT_TOLD}' and (item_id, site_id) in"
        connection.execute(
            "insert into raw.quarantine select 'demand_sales', _batch_id, _row_number, 'sold_units = nan',"
            " to_json(struct_pack(site_id, item_id, sales_date, sold_units := 'nan')), _business_date,"
            f" _available_at from raw.demand_sales where {sale} ({REFUSED})"
        )
        assert one(connection, f"delete from raw.demand_sales where {sale} ({REFUSED}, {LEFT_OUT})") == 2
    return home


@dataclass(frozen=True)
class Planned:
    """A home whose marts the graph built for the later date, and what it told."""

    home: NetworkHome
    result: dg.ExecuteInProcessResult


@pytest.fixture(scope="module")
def planned(world: NetworkHome, tmp_path_factory: pytest.TempPathFactory) -> Planned:
    home = copy_of(world, tmp_path_factory.mktemp("planned"))
    return Planned(home, materialize(home, parsed_project(home), LATER))


def copy_of(home: NetworkHome, folder: Path) -> NetworkHome:
    shutil.copytree(home.root, folder / "home")
    return NetworkHome(folder / "home")


def materialize(home: NetworkHome, project: DbtProject, plan_date: dt.date) -> dg.ExecuteInProcessResult:
    resources = {
        "dbt": NetworkDbt(project),
        "home": home,
        "profile": home.profile,
        "features": FeatureRegistry(home.root),
        "published": Published(home.published),
        "warehouse": Warehouse(home.warehouse),
        "as_known": AsKnown.THEN,
        "parquet": dg.InMemoryIOManager(),
    }
    assets = build(dg.DailyPartitionsDefinition(start_date="2026-11-10"), project)
    with dg.DagsterInstance.ephemeral() as instance:
        return dg.materialize(
            assets,
            partition_key=plan_date.isoformat(),
            instance=instance,
            raise_on_error=False,
            resources=resources,
        )


def test_the_graph_builds_the_marts_and_shows_what_it_published(planned: Planned) -> None:
    assert planned.result.success
    events = planned.result.get_asset_materialization_events()
    told = {event.asset_key: event.materialization.metadata for event in events}
    models = {path.stem for path in (PROJECT / "models").rglob("*.sql")}
    assert {key.path[-1] for key in told} == models
    features = told[dg.AssetKey(["marts", "feat_item_site"])]
    latest = Published(planned.home.published).latest("feat_item_site", LATER)
    assert latest is not None
    assert features["digest"].value == latest.digest
    assert features["dagster/row_count"].value == latest.rows > 0
    assert len(features["preview"].records) == 5
    lineage = features["dagster/column_lineage"].lineage.deps_by_column["mean_units_per_bucket"]
    assert dg.AssetKey(["intermediate", "int_demand_profile"]) in {dep.asset_key for dep in lineage}
    [shown] = [row.data for row in features["column_lineage"].records if row.data["column"] == "mean_units_per_bucket"]
    assert "intermediate/int_demand_profile." in str(shown["comes_from"])
    staged = told[dg.AssetKey(["staging", "stg_wms__inventory"])]["dagster/column_lineage"].lineage
    assert staged.deps_by_column["on_hand_units"][0].asset_key == dg.AssetKey(["raw", "wms_inventory"])


def test_what_dbt_tests_is_a_check_that_shows_its_offenders(planned: Planned) -> None:
    checks = planned.result.get_asset_check_evaluations()
    assert len(checks) >= 45
    failed = [check for check in checks if not check.passed]
    assert [check.check_name for check in failed] == ["every_row_refers_to_a_known_item_and_site"]
    offenders = failed[0].metadata["offenders"].records
    assert {offender.data["unknown_id"] for offender in offenders} == {"item-none"}


def test_what_is_published_is_the_world_as_it_was_known(planned: Planned) -> None:
    published = Published(planned.home.published)
    sites = published.read(DIM_SITE, LATER)
    assert sites.groupby("site_kind")["echelon"].max().to_dict() == {
        "regional_warehouse": 1,
        "store": 0,
        "supply_dc": 2,
    }
    demand = published.read(FCT_DEMAND, LATER)
    assert demand["bucket_start"].max().date() == LATER - dt.timedelta(days=1)
    assert "item-none" not in set(demand["item_id"])
    position = published.read(FCT_INVENTORY_POSITION, LATER)
    assert (position["counted_date"].dt.date == LATER - dt.timedelta(days=1)).all()
    features = published.read(FEAT_ITEM_SITE, LATER)
    assert features["feature_set_version"].str.startswith("standard@").all()


def test_a_refused_sale_is_unknown_to_forecasting_and_one_left_out_is_a_zero(planned: Planned) -> None:
    published = Published(planned.home.published)
    ranged = published.read(FEAT_ITEM_SITE, LATER).assign(category="")
    panel = build_panel(published.read(FCT_DEMAND, LATER), ranged, planned.home.profile.calendar, LATER, 28)
    pairs = list(zip(panel.index["item_id"], panel.index["site_id"], strict=True))
    rows, column = [pairs.index(REFUSED), pairs.index(LEFT_OUT)], panel.length - (LATER - NOT_TOLD).days
    assert panel.observed[rows, column].tolist() == [False, True]
    assert panel.demand[rows, column].tolist() == [0, 0]


def test_the_graph_says_in_one_line_what_dbt_failed_at_and_publishes_nothing(
    world: NetworkHome, tmp_path: Path
) -> None:
    home = copy_of(world, tmp_path)
    with Warehouse(home.warehouse).connect() as connection:
        connection.execute("alter table raw.erp_items drop column category")
    result = materialize(home, parsed_project(home), LATER)
    assert not result.success
    failure = next(event for event in result.all_events if event.is_step_failure)
    assert "stg_erp__items failed" in str(failure.step_failure_data.error)
    assert Published(home.published).latest("dim_item", LATER) is None


def test_the_unit_tests_of_the_models_hold(planned: Planned) -> None:
    run_dbt(planned.home, LATER, "test", "--select", "test_type:unit")
    told = json.loads((planned.home.dbt_target / "run" / "run_results.json").read_text())["results"]
    assert {result["status"] for result in told} == {"pass"}
    assert len(told) >= len(TABLES)


def test_an_earlier_date_is_planned_alike_before_and_after_a_later_one(
    planned: Planned, world: NetworkHome, tmp_path: Path
) -> None:
    later_first = copy_of(planned.home, tmp_path / "later_first")
    earlier_first = copy_of(world, tmp_path / "earlier_first")
    run_dbt(later_first, EARLIER, "run")
    run_dbt(earlier_first, EARLIER, "run")
    assert digests(exported(later_first, EARLIER)) == digests(exported(earlier_first, EARLIER))
    run_dbt(earlier_first, LATER, "run")
    again = digests(exported(earlier_first, LATER))
    published = Published(planned.home.published)
    first = {name: published.latest(name, LATER) for name in again}
    assert {name: latest.digest for name, latest in first.items() if latest} == again


def test_a_network_without_a_row_has_empty_marts(tmp_path: Path) -> None:
    home = make_home(tmp_path / "home", NetworkProfile(name="empty", first_plan_date=LATER))
    run_dbt(home, LATER, "build", "--exclude-resource-type", "unit_test")
    assert {publication.rows for publication in exported(home, LATER).values()} == {0}


def test_a_stop_verdict_leaves_the_marts_of_its_date_empty(planned: Planned, tmp_path: Path) -> None:
    home = copy_of(planned.home, tmp_path)
    verdict = "insert into quality.verdicts by name select ? as plan_date, 'feeds' as gate, 'stop' as action"
    with Warehouse(home.warehouse).connect() as connection:
        assert one(connection, "select count(*) from marts.dim_item") > 0
        connection.execute(verdict, [LATER])
    run_dbt(home, LATER, "run")
    stopped = exported(home, LATER)
    slices = {frame.name for frame in TABLES} - {"fct_demand"}
    assert {stopped[name].rows for name in slices} == {0}


def test_another_bucket_rebuilds_what_was_made_of_days(planned: Planned, tmp_path: Path) -> None:
    home = copy_of(planned.home, tmp_path)
    home.profile.model_copy(update={"bucket": Bucket.WEEK}).write(home.root)
    run_dbt(home, LATER, "build", "--exclude-resource-type", "unit_test")
    exported(home, LATER)
    demand = Published(home.published).read(FCT_DEMAND, LATER)
    assert set(demand["bucket_start"].dt.weekday) == {0}
    sold = "select sum(sold_units) from raw.demand_sales where sales_date < '2026-11-16' and item_id <> 'item-none'"
    with Warehouse(home.warehouse).connect() as connection:
        assert demand["sold_units"].sum() == one(connection, sold)


def test_a_pinned_feature_set_changes_the_features_and_their_version(planned: Planned, tmp_path: Path) -> None:
    home = copy_of(planned.home, tmp_path)
    standard = Published(home.published).read(FEAT_ITEM_SITE, LATER)
    run_dbt(home, LATER, "run", feature_set="responsive")
    exported(home, LATER)
    responsive = Published(home.published).read(FEAT_ITEM_SITE, LATER)
    assert len(standard) == len(responsive)
    assert responsive["feature_set_version"].str.startswith("responsive@").all()
    assert (standard["mean_units_per_bucket"] != responsive["mean_units_per_bucket"]).any()


def one(connection: duckdb.DuckDBPyConnection, query: str) -> Any:
    row = connection.execute(query).fetchone()
    assert row is not None
    return row[0]
