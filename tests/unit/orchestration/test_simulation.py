import datetime as dt
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from assets.governance.facts import OrderFacts
from assets.governance.requirement import requirement
from assets.kernel.clock import FixedClock
from assets.kernel.errors import EquipoiseError
from assets.kernel.identifiers import digest
from assets.orders.gateways.counterpart.counterpart import Counterpart
from assets.orders.gateways.counterpart.store import CounterpartStore
from assets.orders.gateways.port import Answer, ReceiptLine
from assets.orders.gateways.wire import order_totals
from assets.policy.registry import PolicyRegistry
from assets.twin.full_book import PURCHASE, Book, SentLine
from orchestration.settings import Settings
from orchestration.simulation_direct import commitments_of
from orchestration.simulation_drill import _copied, drill
from orchestration.simulation_home import SimulatedClock, settings_of, simulation_release
from orchestration.simulation_marts import ANY_CUTOFF, ANY_DATE, Model
from orchestration.simulation_run import Request, Speed, WorldKind, world_of

DAY = dt.date(2026, 11, 16)


def test_a_simulated_clock_tells_the_same_times_on_every_machine() -> None:
    one, other = SimulatedClock(DAY), SimulatedClock(DAY)
    assert [one.now() for _ in range(3)] == [other.now() for _ in range(3)]
    assert one.now() < SimulatedClock(DAY, 20).now()
    assert one.today() == DAY


def test_a_simulated_network_shares_no_ledger_gateway_or_alert_with_the_real_one(tmp_path: Path) -> None:
    real = Settings(
        home=tmp_path, network="real", ledger_url="postgresql://ledger", alert_urls=["json://somebody"],
        digest_urls=["json://reader"], gateway_folder=tmp_path / "drop",
    )  # fmt: skip
    own = settings_of(real, "simulated")
    assert own.home == tmp_path / "simulations"
    assert (own.network, own.ledger_url, own.alert_urls, own.gateway_folder) == ("simulated", None, [], None)
    assert own.digest_urls == []
    assert own.ledger().startswith("sqlite:")


def test_a_drill_takes_along_neither_messages_that_are_owed_nor_what_was_handed_over(tmp_path: Path) -> None:
    real = Settings(home=tmp_path, network="sample")
    home = real.network_home()
    left = ("alerts/delivered.jsonl", "gateway/orders/a.json", "locks/writer.lock")
    taken = ("ledger.db", "published/alerts/a.parquet", "landing/gateway/b.csv")
    for name in (*left, *taken):
        (home.root / name).parent.mkdir(parents=True, exist_ok=True)
        (home.root / name).write_text("x")
    copy = _copied(home, real.model_copy(update={"home": tmp_path / "drills"}), restart=False)
    assert [name for name in (*left, *taken) if (copy.root / name).exists()] == list(taken)


def test_the_rules_of_a_simulation_ask_for_nobody() -> None:
    facts = OrderFacts(
        "P-1", 1, "digest", DAY, "purchase", "supplier", "dc", Decimal(10**9), reversible=False,
        sensitive_items=("i",), new_items=("i",), new_lane=True, new_supplier=True, forecast_width=50.0,
        warnings=("stale",),
    )  # fmt: skip
    standard = PolicyRegistry().active()
    assert requirement(facts, standard).approvers > 0
    assert requirement(facts, simulation_release(standard)).approvers == 0


def test_a_compiled_model_is_made_for_any_date() -> None:
    model = Model("marts", "m", False, f"select date '{ANY_DATE}' as d where t <= timestamp '{ANY_CUTOFF}'")
    made = model.statement(DAY, "2026-11-16 04:00:00")
    assert made == (
        'create or replace table "marts"."m" as select date \'2026-11-16\' as d '
        "where t <= timestamp '2026-11-16 04:00:00'"
    )
    assert replace(model, is_view=True).statement(DAY, "x").startswith("create or replace view")


def test_what_the_other_side_has_is_told_as_the_ledger_tells_it() -> None:
    line = SentLine("P-1", 1, PURCHASE, "i", "supplier", "dc", 9, DAY, DAY, "supplier")
    (row,) = commitments_of(Book().with_sent([line])).to_dict("records")
    assert (row["order_id"], row["accepted_units"], row["shipped_units"], row["mode"]) == ("P-1", 9, 0, "supplier")
    assert commitments_of(Book()).empty


def test_another_world_scenario_speed_or_length_of_it_is_another_network_but_more_days_are_the_same() -> None:
    first = Request("undisturbed", world_of(WorldKind.SMALL, 7), 5)
    name = first.network(first.staged().scenario)
    others = [
        replace(first, world=world_of(WorldKind.SMALL, 8)), replace(first, world=world_of(WorldKind.FIVE, 7)),
        replace(first, speed=Speed.DIRECT),
    ]  # fmt: skip
    assert name not in {one.network(one.staged().scenario) for one in others}
    assert replace(first, days=9).network(first.staged().scenario) == name


def test_departures_of_worlds_with_few_items_cost_their_share() -> None:
    assert world_of(WorldKind.SAMPLE, 7).truck_share == 1.0
    assert 0.05 < world_of(WorldKind.SMALL, 7).truck_share < world_of(WorldKind.FIVE, 7).truck_share < 0.3


def test_a_drill_on_a_network_of_another_origin_says_why_not(tmp_path: Path) -> None:
    with pytest.raises(EquipoiseError, match="the world behind it is not known"):
        drill(Settings(home=tmp_path, network="vn2"), "undisturbed", 1)


def order_message(units: int) -> dict[str, object]:
    line = {
        "line_number": 1, "item_id": "i", "mode": "truck", "quantity_units": units, "value_amount": "1",
        "departure_date": "2026-11-16", "arrival_date": "2026-11-18",
    }  # fmt: skip
    return {
        "schema": "equipoise.order", "reference": "T-1", "revision": 1, "idempotency_key": digest("k"), "lines": [line],
        "totals": order_totals([line]),
    }  # fmt: skip


def test_an_order_that_stands_where_it_stood_says_nothing_new_and_closes_when_nothing_is_to_come() -> None:
    other_side = Counterpart(CounterpartStore(), clock=FixedClock(dt.datetime(2026, 11, 16, tzinfo=dt.UTC)))
    other_side.submit(order_message(10))
    left = (ReceiptLine(1, 6, 6),)
    assert other_side.stand("T-1", left).answer is Answer.ACCEPTED
    said = len(other_side.confirmations(0))
    other_side.stand("T-1", left)
    assert len(other_side.confirmations(0)) == said
    assert other_side.stand("T-1", (ReceiptLine(1, 6, 6, 6),)).answer is Answer.CLOSED
    assert other_side.message("T-1")["lines"][0]["quantity_units"] == 10
