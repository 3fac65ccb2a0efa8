"""A past date planned with hindsight: it sees what arrived since, says so, and can be traced to it."""

import json
from dataclasses import dataclass
from typing import Any

import pandas as pd
import pytest
from bad_networks import END, ONE_DAY, PARAMETERS, START, Rows, landing_of, typed
from networks import copied

from assets.feeds.contract import feed_table
from assets.feeds.envelope import batch_available_at
from assets.feeds.synthetic import World
from assets.feeds.synthetic.emission import feeds
from assets.kernel.frames.feeds import FEED_STATE
from assets.kernel.frames.marts import FCT_INVENTORY_POSITION
from assets.kernel.published import Published
from orchestration.settings import Settings

COUNTED = END - ONE_DAY
PAST = END
STOCK = feed_table("wms", "inventory")

# A second network planned for one claim: not in the default run.
pytestmark = pytest.mark.slow


def counted() -> Rows:
    """Return the stock as it was counted on the day before the past date."""
    [rows] = [
        batch.data
        for batch in feeds(World(PARAMETERS), START, END)
        if batch.table == STOCK and batch.business_date == COUNTED
    ]
    return rows


@dataclass(frozen=True)
class Hindsight:
    """A past date planned with hindsight, and the count that was corrected after its cutoff."""

    settings: Settings
    said: dict[str, Any]
    corrected: Rows
    batch_id: str


@pytest.fixture(scope="module")
def hindsight(planned_settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Hindsight:
    settings = copied(planned_settings, tmp_path_factory.mktemp("hindsight"))
    rows = counted()
    # Half of it was not there: enough to make the plan order.
    corrected = rows.assign(on_hand_units=rows["on_hand_units"] // 2)
    available = batch_available_at(STOCK, COUNTED + ONE_DAY, PARAMETERS.timezone)
    assert available > settings.network_home().profile.calendar.cutoff(PAST)
    batch = landing_of(settings).land_frame(STOCK, corrected, COUNTED, available_at=available)
    said = typed(settings, "plan", "--date", PAST.isoformat(), "--as-known", "now", "--json")
    assert (said.code, said.err) == (0, "")
    return Hindsight(settings, json.loads(said.out), corrected, batch.batch_id)


def on_hand(rows: Rows) -> dict[tuple[str, str], int]:
    return {pair: int(units) for pair, units in rows.groupby(["item_id", "site_id"])["on_hand_units"].sum().items()}


def test_hindsight_sees_a_count_that_was_corrected_after_the_cutoff(hindsight: Hindsight) -> None:
    position = Published(hindsight.settings.network_home().published).read(FCT_INVENTORY_POSITION, PAST)
    sent, seen = on_hand(hindsight.corrected), on_hand(position)
    assert {pair: seen[pair] for pair in sent if pair in seen} == {pair: sent[pair] for pair in sent if pair in seen}
    assert len(sent.keys() & seen.keys()) > 50
    assert {pd.Timestamp(day).date() for day in position["counted_date"].dropna()} == {COUNTED}


def test_a_plan_with_hindsight_is_marked_and_never_live(hindsight: Hindsight) -> None:
    assert (hindsight.said["as_known"], hindsight.said["channel"]) == ("now", "backfill")
    state = Published(hindsight.settings.network_home().published).read(FEED_STATE, PAST)
    assert set(state["as_known"]) == {"now"}
    orders = json.loads(typed(hindsight.settings, "orders", "--date", PAST.isoformat(), "--json").out)
    assert {order["channel"] for order in orders} == {"backfill"}


def test_lineage_of_orders_made_with_hindsight_reaches_the_batch_that_came_later(hindsight: Hindsight) -> None:
    orders = json.loads(typed(hindsight.settings, "orders", "--date", PAST.isoformat(), "--json").out)
    assert orders
    for order in orders:
        traced = json.loads(typed(hindsight.settings, "lineage", order["order_id"], "--json").out)
        hashes = {batch["name"]: batch["content_hash"] for batch in traced["batches"]}
        assert hindsight.batch_id in hashes
        assert all(hashes.values())
