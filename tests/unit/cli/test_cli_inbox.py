"""The inbox ranks levels by the stock that they keep, at the latest plan's costs, beside orders by their gain."""

import dataclasses
import datetime as dt
from collections.abc import Sequence
from contextlib import closing

from unit.cli.tiny_network import DAY, PLAN_DATE, PURCHASE, Equipoise, open_tiny, rows
from unit.orders.level_samples import book, tables

from assets.kernel.frames.marts import DIM_ITEM
from assets.kernel.home import NetworkHome
from assets.kernel.published import Published
from assets.orders.decide import decide
from assets.orders.events import BeginSend, Command, Document, EndSend, Errand, Issue, Propose, Require, Reserve
from assets.orders.events import SendOutcome as Outcome
from assets.orders.evolve import evolve_all
from assets.orders.store import Append

LATER = dt.datetime(2026, 3, 3, tzinfo=dt.UTC)
LOST = (
    Require(0, (), PLAN_DATE + DAY), Reserve((), PLAN_DATE + DAY), Issue("rule", "memory", "key"),
    BeginSend(Errand.SUBMIT, "host", LATER), EndSend(1, 1, Outcome.UNKNOWN, "no answer", LATER),
)  # fmt: skip


def levels(*base_stocks: tuple[str, str, int], plan_date: dt.date = PLAN_DATE) -> Document:
    """Return a document of levels of one site of the network."""
    (made,) = book(tables(base_stocks)).content
    return dataclasses.replace(made, network="tiny", plan_date=plan_date, order_id=f"L-{plan_date}")


def keep(home: NetworkHome, document: Document, further: Sequence[Command] = ()) -> None:
    events = decide(None, Propose(document))
    for command in further:
        events = (*events, *decide(evolve_all(None, events), command))
    with closing(open_tiny(home)) as store:
        store.append([Append(document.order_id, 0, events)])


def publish_costs(home: NetworkHome, date: dt.date, **unit_costs: float) -> None:
    items = rows(DIM_ITEM, *({"item_id": item, "unit_cost": cost} for item, cost in unit_costs.items()))
    Published(home.published).write(DIM_ITEM, items, date, "run-1")


def stakes(equipoise: Equipoise) -> list[tuple[str, float]]:
    waiting = equipoise("inbox", "--json").data["waiting"]
    return [(one["order_id"], float(one["stake_amount"])) for one in waiting]


def test_levels_are_ranked_by_the_stock_up_to_their_maxima_at_cost(equipoise: Equipoise, network: NetworkHome) -> None:
    keep(network, levels(("S1", "I1", 12), ("S1", "I2", 5)))
    keep(network, PURCHASE)
    publish_costs(network, PLAN_DATE, I1=30.0, I2=0.5)
    assert stakes(equipoise)[:2] == [(f"L-{PLAN_DATE}", 362.5), (PURCHASE.order_id, 300.0)]
    publish_costs(network, PLAN_DATE, I1=20.0, I2=0.5)
    assert stakes(equipoise)[:2] == [(PURCHASE.order_id, 300.0), (f"L-{PLAN_DATE}", 242.5)]


def test_costs_are_those_of_the_latest_date_of_which_levels_wait(equipoise: Equipoise, network: NetworkHome) -> None:
    before = PLAN_DATE - DAY
    keep(network, levels(("S1", "I1", 12)))
    keep(network, levels(("S1", "I1", 10), plan_date=before), LOST)
    publish_costs(network, before, I1=7.0)
    publish_costs(network, PLAN_DATE, I1=2.0)
    assert {name: stake for name, stake in stakes(equipoise) if name.startswith("L-")} == {
        f"L-{PLAN_DATE}": 24.0,
        f"L-{before}": 20.0,
    }


def test_without_an_item_master_levels_wait_all_the_same(equipoise: Equipoise, network: NetworkHome) -> None:
    keep(network, levels(("S1", "I1", 12)))
    assert (f"L-{PLAN_DATE}", 0.0) in stakes(equipoise)
