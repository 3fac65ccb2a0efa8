"""Lineage ends at the content hash of every batch."""

import datetime as dt
from pathlib import Path

import dagster as dg
import pandas as pd
import pytest
from unit.orders.order_samples import CUTOFF, PLAN_DATE, plan_lines, plan_summary, publish_plan, rows_of, verdicts

from assets.forecasting.defs import lead_time
from assets.inventory import defs as inventory
from assets.kernel.calendar import AsKnown, Bucket
from assets.kernel.errors import EquipoiseError
from assets.kernel.frames.decisions import PLAN_LINES
from assets.kernel.frames.forecasts import CHAMPIONS
from assets.kernel.network import NetworkProfile
from assets.kernel.published import Published
from assets.orders.events import OrderBook
from assets.orders.lineage import CHAIN, FEEDS, Lineage, Node, lineage, lineage_of_item_site
from assets.orders.plan_book import book_of_plan
from assets.orders.record import record
from assets.orders.store import MemoryOrderStore

PROFILE = NetworkProfile(name="sample", first_plan_date=PLAN_DATE)


@pytest.fixture
def published(tmp_path: Path) -> Published:
    published = Published(tmp_path)
    publish_plan(published)
    return published


@pytest.fixture
def book(published: Published) -> OrderBook:
    return book_of_plan(
        published, PROFILE, PLAN_DATE, plan_lines=plan_lines(), plan_summary=plan_summary(),
        verdicts=verdicts(), today=PLAN_DATE, dispatch_days=1, as_known=AsKnown.THEN, run_id="run-1",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("bucket", "days_later", "channel"), [("week", 1, "live"), ("week", 2, "backfill"), ("day", 1, "backfill")]
)
def test_a_replan_is_live_only_for_the_current_plan_date_inside_the_releases_window(
    published: Published, bucket: str, days_later: int, channel: str
) -> None:
    replanned = book_of_plan(
        published, PROFILE.model_copy(update={"bucket": Bucket(bucket)}), PLAN_DATE, plan_lines=plan_lines(),
        plan_summary=plan_summary(), verdicts=verdicts(), today=PLAN_DATE + dt.timedelta(days=days_later),
        dispatch_days=2, as_known=AsKnown.THEN, run_id="run-2",
    )  # fmt: skip
    assert {document.channel for document in replanned.content} == {channel}


@pytest.fixture
def store(book: OrderBook) -> MemoryOrderStore:
    store = MemoryOrderStore()
    record(book, store)
    return store


def to_s1(book: OrderBook) -> str:
    return next(d.order_id for d in book.content if d.destination_id == "S1")


def tables(node: Node) -> dict[str, Node]:
    found = {node.name: node} if node.kind == "table" else {}
    for below in node.inputs:
        found |= tables(below)
    return found


def test_a_plan_knows_only_accepted_batches_of_its_own_items_before_its_cutoff(book: OrderBook) -> None:
    batches = next(d for d in book.content if d.destination_id == "S1").provenance.batch_ids
    assert {"stock-DC1", "stock-S1", "transit-1", "items-2", "lanes-1", "sales-0103"} <= set(batches)
    # An item is planned over all its sites, so another site's count stands behind it too. Not so a
    # rejected batch, an outdated one, and sales not known by the cutoff.
    assert not {"items-3", "items-1", "sales-0105", "sales-0106"} & set(batches)


def test_a_lineage_ends_at_the_content_hash_of_every_batch(
    book: OrderBook, store: MemoryOrderStore, published: Published
) -> None:
    traced = lineage(to_s1(book), store=store, published=published)
    provenance = next(d for d in book.content if d.destination_id == "S1").provenance
    assert {leaf.name for leaf in traced.batches} == set(provenance.batch_ids)
    assert all(leaf.facts["content_hash"] == f"hash-{leaf.name}" for leaf in traced.batches)


def test_a_lineage_names_run_digest_model_features_and_policy(
    book: OrderBook, store: MemoryOrderStore, published: Published
) -> None:
    root = lineage(to_s1(book), store=store, published=published).root
    found = tables(root)
    assert found["plan_lines"].facts["digest"] == published.latest("plan_lines", PLAN_DATE).digest  # type: ignore[union-attr]
    assert found["demand_forecast"].facts["model_version"] == "model-1"
    assert found["feat_item_site"].facts["feature_version"] == "features-1"
    assert [node.name for node in root.inputs if node.kind == "policy"] == ["standard@0123456789ab"]
    assert sum(node.kind == "line" for node in root.inputs) == 2


def test_a_lineage_keeps_to_the_tables_of_the_run_that_made_the_order(
    book: OrderBook, store: MemoryOrderStore, published: Published
) -> None:
    before = lineage(to_s1(book), store=store, published=published)
    published.write(PLAN_LINES, plan_lines()[:1], PLAN_DATE, "run-2")
    assert lineage(to_s1(book), store=store, published=published) == before


def test_a_lineage_leads_from_the_forecast_to_the_selection_of_models_behind_it(
    book: OrderBook, store: MemoryOrderStore, published: Published
) -> None:
    chosen = {"selection_version": "selection-1", "selected_for": pd.Timestamp("2026-01-02"), "is_refit": False}
    segments = [chosen | {"demand_segment": name, "champion": f"model of {name}"} for name in ("lumpy", "smooth")]
    published.write(CHAMPIONS, rows_of(CHAMPIONS, segments), PLAN_DATE, "run-1")
    traced = lineage(to_s1(book), store=store, published=published)
    [selection] = [node for node in tables(traced.root)["demand_forecast"].inputs if node.kind == "selection"]
    assert selection.name == "selection-1"
    assert selection.facts["selected_for"] == "2026-01-02"
    assert "models selection-1 of 2026-01-02, reused: lumpy model of lumpy" in traced.as_tree()


def test_lead_times_and_placement_name_every_table_that_their_assets_read() -> None:
    days = dg.DailyPartitionsDefinition("2026-01-01")
    learned = {key.path[-1] for key in lead_time.build(days).keys_by_input_name.values()}
    placement = dg.AssetKey(["inventory", "placement"])
    [stock_targets] = [asset for asset in inventory.build(days) if placement in asset.keys]
    read = {key.path[-1] for key in stock_targets.asset_deps[placement]}
    assert set(CHAIN["lead_time"]) == learned
    # Placement shares its asset with the targets, which read the forecast and the learned lead times.
    assert set(CHAIN["placement"]) == read - {"demand_forecast", "lead_time"}


def test_every_fact_of_the_marts_in_a_lineage_leads_to_its_feeds() -> None:
    named = {name for inputs in CHAIN.values() for name in inputs}
    assert {name for name in named if name.startswith(("fct_", "dim_"))} == set(FEEDS)


def test_a_table_that_several_read_is_told_with_its_batches_once(
    book: OrderBook, store: MemoryOrderStore, published: Published
) -> None:
    def every(node: Node) -> list[Node]:
        return [node, *(found for below in node.inputs for found in every(below))]

    nodes = every(lineage(to_s1(book), store=store, published=published).root)
    demand = [node for node in nodes if node.name == "fct_demand"]
    assert [bool(node.inputs) for node in demand] == [True, False]
    assert len({node.facts["digest"] for node in demand}) == 1


def test_the_tree_for_people_is_short_where_batches_are_many(
    book: OrderBook, store: MemoryOrderStore, published: Published
) -> None:
    text = lineage(to_s1(book), store=store, published=published).as_tree()
    assert "more of demand_sales" in text
    assert "content hash-stock-S1" in text
    assert len(text.splitlines()) < 45


def test_an_item_site_with_no_order_has_a_lineage(store: MemoryOrderStore, published: Published) -> None:
    traced: Lineage = lineage_of_item_site("I3", "S1", PLAN_DATE, store=store, published=published, cutoff=CUTOFF)
    assert traced.as_dict()["decision"] == "wait"
    assert {"stock-S1", "sales-0103", "items-2"} <= {leaf.name for leaf in traced.batches}
    assert not any(node.kind == "order" for node in traced.root.inputs)


def test_an_item_site_with_orders_names_them(store: MemoryOrderStore, published: Published) -> None:
    traced = lineage_of_item_site("I1", "DC1", PLAN_DATE, store=store, published=published, cutoff=CUTOFF)
    assert sum(node.kind == "order" for node in traced.root.inputs) == 3


def test_an_unknown_item_site_and_an_unknown_order_say_so(store: MemoryOrderStore, published: Published) -> None:
    with pytest.raises(EquipoiseError, match="did not look at item X"):
        lineage_of_item_site("X", "S1", PLAN_DATE, store=store, published=published)
    with pytest.raises(EquipoiseError, match="there is no such order"):
        lineage("T-none", store=store, published=published)
