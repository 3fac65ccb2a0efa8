"""What Dagster shows names no sensitive item, whichever way it comes to its pages."""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import pytest
from unit.orders.order_samples import PLAN_DATE, ledger_of_proposals, rows_of

from assets.feeds.contract import feed_table
from assets.feeds.landing import LandingArea
from assets.kernel.defs import log_event, shown
from assets.kernel.errors import EquipoiseError
from assets.kernel.frames.feeds import ITEMS
from assets.kernel.frames.marts import DIM_ITEM
from assets.kernel.frames.quality import ALERTS
from assets.kernel.home import NetworkHome
from assets.kernel.network import NetworkProfile
from assets.kernel.page import Markdown
from assets.kernel.published import Published
from assets.orders.store import MemoryOrderStore
from orchestration.alerts import deliver_rows
from orchestration.io_managers import PublishedIOManager
from orchestration.sensitive import SensitiveItems, planned_sensitive, sensitive_items
from orchestration.settings import Settings
from orchestration.veil import PageVeil, veiled

SECRET = "I2"


@pytest.fixture
def home(tmp_path: Path) -> NetworkHome:
    """Return a network in which I2 is sensitive."""
    made = NetworkHome(tmp_path / "net")
    NetworkProfile(name="net", first_plan_date=PLAN_DATE, declared_date=PLAN_DATE).write(made.root)
    items = rows_of(DIM_ITEM, [{"item_id": "I1"}, {"item_id": SECRET, "is_sensitive": True}])
    Published(made.published).write(DIM_ITEM, items, PLAN_DATE, "run-1")
    return made


@pytest.fixture
def store() -> MemoryOrderStore:
    """Return a ledger whose order to S1 has a line of I2."""
    return ledger_of_proposals()


@pytest.fixture
def veil(home: NetworkHome, store: MemoryOrderStore) -> PageVeil:
    return PageVeil(home, store)


def told(metadata: Any) -> str:
    return str({name: getattr(value, "value", value) for name, value in metadata.items()})


PAGE = shown(
    {
        "lines": 12345,
        "top": pd.DataFrame([{"item": "I1", "units": 77}, {"item": SECRET, "units": 99}]),
        "plot": b"png",
        "faults": Markdown("- I1 has 11 units\n- I2 has 22 units"),
        "worst": "I2 lacks 33 units",
    }
)


def test_rows_lines_and_texts_of_a_sensitive_item_lose_its_name_and_its_numbers_and_others_keep_theirs(
    veil: PageVeil,
) -> None:
    many = pd.DataFrame({"item_id": ["I1"]})
    event = veil.event(dg.Output(many, metadata=PAGE))
    seen = told(event.metadata)
    assert not [secret for secret in (SECRET, "99", "22", "33") if secret in seen]
    assert [kept for kept in ("77", "11", "12345") if kept in seen] == ["77", "11", "12345"]
    assert event.metadata["plot"] == PAGE["plot"]
    assert event.value is many


def test_totals_of_a_table_with_a_single_sensitive_item_are_hidden(veil: PageVeil) -> None:
    table = pd.DataFrame({"item_id": ["I1", SECRET]})
    for event in (dg.MaterializeResult(value=table, metadata=PAGE), dg.Output(table, metadata=PAGE)):
        assert "12345" not in told(veil.event(event).metadata)


def test_totals_of_an_order_that_holds_one_are_hidden_on_its_page_and_in_lists(
    veil: PageVeil, store: MemoryOrderStore
) -> None:
    with_it, without = (
        next(o.order_id for o in store.orders() if o.document.destination_id == site) for site in ("S1", "S2")
    )
    page = shown({"value_amount": 4321.5, "lines": [{"item": SECRET, "units": 3}]})
    event = veil.event(dg.AssetMaterialization("order", metadata=page, description=f"{SECRET} runs out in 2 days"))
    assert "4321.5" not in told(event.metadata)
    assert event.description == "⟨hidden1⟩ runs out in … days"
    rows = pd.DataFrame([{"order_id": with_it, "value": 808.0}, {"order_id": without, "value": 606.0}])
    seen = told(veil.event(dg.Output(rows, metadata=shown({"dearest": rows}))).metadata)
    assert with_it in seen
    assert "808" not in seen
    assert "606" in seen


def test_checks_and_observations_are_looked_through(veil: PageVeil) -> None:
    check = dg.AssetCheckResult(passed=False, metadata=PAGE, description=f"{SECRET} has -4 units")
    seen = veil.event(check)
    assert SECRET not in told(seen.metadata) + str(seen.description)
    observation = dg.AssetObservation("order", metadata={"reason": f"the stock of {SECRET} is not there"})
    assert SECRET not in told(veil.event(observation).metadata)


def test_the_preview_of_a_published_table_is_looked_through(home: NetworkHome, veil: PageVeil) -> None:
    published = Published(home.published)
    table = rows_of(DIM_ITEM, [{"item_id": SECRET, "unit_cost": 77.25, "is_sensitive": True}])
    manager = PublishedIOManager(published, veil.metadata)
    context = dg.build_output_context(
        asset_key=dg.AssetKey(["marts", "dim_item"]), partition_key=str(PLAN_DATE), run_id="run-2",
        definition_metadata={"frame": "dim_item"},
    )  # fmt: skip
    manager.handle_output(context, table)
    seen = told(context.consume_logged_metadata())
    assert SECRET not in seen
    assert "77.25" not in seen


def test_whatever_a_step_yields_logs_or_raises_goes_through_it(veil: PageVeil) -> None:
    @dg.asset
    def leaky(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[None]]:
        log_event(context, dg.AssetObservation("order", metadata={"reason": f"{SECRET} is short"}))
        yield dg.MaterializeResult(metadata={"worst": f"{SECRET} lacks 5 units"})
        raise EquipoiseError(f"{SECRET} has 7 units", where="stock", remedy="Count it")

    with dg.DagsterInstance.ephemeral() as instance:
        run = dg.materialize([veiled(leaky, veil)], instance=instance, raise_on_error=False)
        logs = "\n".join(str(entry) for entry in instance.all_logs(run.run_id))
    assert not run.success
    assert "⟨hidden1⟩ has … units" in logs
    assert SECRET not in logs


def test_where_all_who_read_the_pages_may_see_nothing_is_hidden(home: NetworkHome, store: MemoryOrderStore) -> None:
    event = dg.Output(1, metadata=PAGE)
    assert PageVeil(home, store, lifted=True).event(event) is event


def test_the_newest_item_master_counts_before_a_plan_has_read_it(home: NetworkHome, store: MemoryOrderStore) -> None:
    items = SensitiveItems(home, store)
    assert items.now() == {SECRET}
    landing, at = LandingArea(home.landing, home.profile.clock), dt.datetime(2026, 1, 6, tzinfo=dt.UTC)
    table = rows_of(ITEMS, [{"item_id": "I9", "is_sensitive": True}, {"item_id": "I8"}])
    landing.land_frame(feed_table("erp", "items"), table, PLAN_DATE, available_at=at)
    assert items.now() == sensitive_items(home, store) == {SECRET, "I9"}


def test_an_item_that_left_the_item_master_stays_what_it_was_and_one_that_stayed_is_what_it_became(
    home: NetworkHome,
) -> None:
    published = Published(home.published)
    days = [PLAN_DATE + dt.timedelta(days=later) for later in (1, 2)]
    flagged = rows_of(DIM_ITEM, [{"item_id": one, "is_sensitive": True} for one in ("I8", "I9")])
    published.write(DIM_ITEM, flagged, days[0], "run-1")
    published.write(DIM_ITEM, rows_of(DIM_ITEM, [{"item_id": "I9"}]), days[1], "run-2")
    assert planned_sensitive(published) == {SECRET, "I8"}


def test_items_of_orders_of_which_this_home_has_no_plan_are_hidden_as_sensitive_ones(
    home: NetworkHome, store: MemoryOrderStore
) -> None:
    def of(network: str, plan_date: dt.date) -> NetworkHome:
        made = NetworkHome(home.root.with_name(f"{network}-{plan_date}"))
        NetworkProfile(name=network, first_plan_date=plan_date, declared_date=plan_date).write(made.root)
        return made

    elsewhere, behind = of("sample", PLAN_DATE), of("sample", PLAN_DATE - dt.timedelta(days=1))
    for_all = frozenset({"I1", SECRET})
    assert sensitive_items(elsewhere, store) == SensitiveItems(elsewhere, store).now() == for_all
    table = rows_of(DIM_ITEM, [{"item_id": "I1"}, {"item_id": SECRET}])
    Published(behind.published).write(DIM_ITEM, table, PLAN_DATE - dt.timedelta(days=1), "run-1")
    assert sensitive_items(behind, store) == for_all
    event = PageVeil(behind, store).event(dg.AssetObservation("order", metadata={"reason": "I1 lacks 33 units"}))
    assert "I1" not in told(event.metadata)
    Published(behind.published).write(DIM_ITEM, table, PLAN_DATE, "run-2")
    assert sensitive_items(behind, store) == frozenset()
    assert sensitive_items(of("another", PLAN_DATE), store) == frozenset()


@pytest.fixture
def ahead(home: NetworkHome) -> NetworkHome:
    """Return a home that planned a later date than the ledger's orders, and that knows nothing of their items."""
    later = PLAN_DATE + dt.timedelta(days=2)
    made = NetworkHome(home.root.with_name("ahead"))
    NetworkProfile(name="sample", first_plan_date=later, declared_date=later).write(made.root)
    Published(made.published).write(DIM_ITEM, rows_of(DIM_ITEM, [{"item_id": "I9"}]), later, "run-1")
    return made


def short_of(store: MemoryOrderStore) -> str:
    order = next(one for one in store.orders() if one.document.destination_id == "S2")
    return f"order {order.order_id}: DC1 has 33 units of {order.document.lines[0].item_id}"


def test_items_of_an_order_of_which_no_plan_here_tells_are_hidden_where_nothing_else_is(
    ahead: NetworkHome, store: MemoryOrderStore
) -> None:
    assert sensitive_items(ahead, store) == frozenset()
    veil, said = PageVeil(ahead, store), short_of(store)
    seen = told(veil.event(dg.AssetObservation("order", metadata={"reason": said})).metadata)
    raised = str(veil.error(EquipoiseError(said, where="stock", remedy="Count it")))
    for text in (seen, raised):
        assert "33" not in text
        assert "⟨hidden" in text
    untouched = EquipoiseError("DC1 has 33 units", where="stock", remedy="Count it")
    assert veil.error(untouched) is untouched


def test_alerts_that_name_such_an_order_name_none_of_its_items(ahead: NetworkHome, store: MemoryOrderStore) -> None:
    settings = Settings(home=ahead.root.parent, network=ahead.root.name)
    alert = rows_of(ALERTS, [{"alert_id": "a1", "rule": "outbox_age", "action": "warn", "message": short_of(store)}])
    deliver_rows(settings, alert, PLAN_DATE + dt.timedelta(days=2), store=store)
    written = "".join(path.read_text() for path in sorted(ahead.alerts.glob("*.jsonl")))
    assert "a1" in written
    assert "33 units" not in written
