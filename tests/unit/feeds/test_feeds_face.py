import datetime as dt
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import pytest
from feed_samples import DAY, rows_of

from assets.feeds import defs
from assets.feeds.contract import contract, feed_table
from assets.feeds.landing import LandingArea
from assets.kernel.calendar import AsKnown
from assets.kernel.frames.feeds import FEED_BATCHES, FEED_STATE
from assets.kernel.home import NetworkHome
from assets.kernel.network import NetworkProfile
from assets.kernel.published import Published
from assets.kernel.warehouse import Warehouse
from orchestration.io_managers import PublishedIOManager

INVENTORY = feed_table("wms", "inventory")
PLAN = DAY + dt.timedelta(days=1)
PARTITIONS = dg.DailyPartitionsDefinition(DAY.isoformat(), end_offset=10_000)


@pytest.fixture
def home(tmp_path: Path) -> NetworkHome:
    NetworkProfile(name="tiny", first_plan_date=PLAN, declared_date=PLAN).write(tmp_path)
    home = NetworkHome(tmp_path)
    landing = LandingArea(home.landing, home.profile.clock)
    stock = rows_of(INVENTORY).assign(on_hand_units=[1, 2, None])
    known = dt.datetime.combine(PLAN, dt.time(2), dt.UTC)
    landing.land_frame(INVENTORY, stock, DAY, available_at=known)
    landing.land_frame(INVENTORY, stock.drop(columns="lot_id"), DAY, available_at=known)
    return home


def materialize(home: NetworkHome, plan_date: dt.date = PLAN) -> dict[str, Any]:
    """Run the face for one plan date and return the metadata of every asset by name."""
    published = Published(home.published)
    with dg.DagsterInstance.ephemeral() as instance:
        result = dg.materialize(
            defs.build(PARTITIONS),
            instance=instance,
            partition_key=plan_date.isoformat(),
            selection=[dg.AssetKey(["raw", name]) for name in ("wms_inventory", "batches", "state")],
            resources={
                "home": home,
                "profile": home.profile,
                "warehouse": Warehouse(home.warehouse),
                "as_known": AsKnown.THEN,
                "parquet": PublishedIOManager(published),
            },
        )
    events = result.get_asset_materialization_events()
    return {e.asset_key.path[-1]: e.materialization.metadata for e in events if e.asset_key}


def test_every_table_of_the_contract_is_an_asset_owned_by_its_team() -> None:
    specs = {spec.key.path[-1]: spec for assets in defs.build(PARTITIONS) for spec in assets.specs}
    for table in contract():
        assert specs[table.name].owners == [f"team:{table.owner}"]
        assert str(specs[table.name].description).startswith(table.frame.grain)
    upstream = {dep.asset_key.path[-1] for dep in specs["batches"].deps}
    assert upstream == {table.name for table in contract()}


def test_a_page_shows_what_was_taken_and_where_lineage_ends(home: NetworkHome) -> None:
    page = materialize(home)["wms_inventory"]
    numbers = {name: page[name].value for name in ("batches ingested", "rows accepted", "rows quarantined")}
    assert numbers == {"batches ingested": 2, "rows accepted": 2, "rows quarantined": 4}
    newest = page["newest batches"].records
    assert {str(record.data["status"]) for record in newest} == {"accepted", "rejected"}
    assert all(record.data["content_hash"] for record in newest)


def test_a_plan_date_run_again_takes_nothing_and_publishes_the_same(home: NetworkHome) -> None:
    first, second = materialize(home), materialize(home)
    assert second["wms_inventory"]["batches ingested"].value == 0
    for name in ("batches", "state"):
        assert second[name]["digest"].value == first[name]["digest"].value


def test_batches_and_state_are_published_for_readers_without_the_warehouse(home: NetworkHome) -> None:
    materialize(home)
    batches = Published(home.published).read(FEED_BATCHES, PLAN)
    assert sorted(batches["status"]) == ["accepted", "rejected"]
    state = Published(home.published).read(FEED_STATE, PLAN).set_index("feed")
    assert state.loc["wms_inventory", ["batch_count", "row_count"]].tolist() == [1, 2]
    assert state.loc["wms_inventory", "latest_business_date"] == pd.Timestamp(DAY)


def test_a_past_plan_date_knows_nothing_of_later_batches(home: NetworkHome) -> None:
    materialize(home, DAY)
    assert Published(home.published).read(FEED_BATCHES, DAY).empty
