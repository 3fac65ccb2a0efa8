"""What a dispatch run finds wrong reaches the alerts of its network: what waits, what is left to people, refusals."""

import datetime as dt
import json
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from unit.governance.test_dispositions import CANARY, act, by_canary
from unit.orders.order_lives import ISSUED, SHIPPED
from unit.orders.order_samples import PLAN_DATE, order_book
from unit.orders.test_outbox import Down

from assets.governance.dispatch import Dispatched
from assets.governance.dispatch_alerts import dispatch_alerts
from assets.governance.events import RELEASES, LeftToPeople, RollbackCarriedOut, RolledBack
from assets.governance.ledger_log import LedgerLog
from assets.kernel.clock import FixedClock
from assets.kernel.frames.decisions import DOCUMENTS, PROTECTION_DEMAND, TARGETS
from assets.kernel.frames.marts import (
    DIM_ITEM,
    DIM_SITE,
    DIM_SOURCING,
    FCT_COMMITMENT,
    FCT_INVENTORY_POSITION,
    FCT_LEAD_TIME,
    FCT_OPEN_ORDER,
)
from assets.kernel.network import NetworkProfile
from assets.kernel.published import Published
from assets.monitoring.alerts import message
from assets.orders.confirmations import Taken
from assets.orders.events import Command, Confirm, Propose, Reserve
from assets.orders.gateways.counterpart import Behaviour, Counterpart, CounterpartStore
from assets.orders.gateways.memory import MemoryGateway
from assets.orders.gateways.port import Answer, Gateway, Receipt, ReceiptLine
from assets.orders.outbox import Sent
from assets.orders.store import OrderStore
from orchestration.dispatching import dispatch_network
from orchestration.ledger import open_ledger
from orchestration.settings import Settings

NOON = dt.datetime.combine(PLAN_DATE, dt.time(12), dt.UTC)
LINES = (("transfer", "I1", "DC1", "S1", 14), ("transfer", "I1", "DC1", "S2", 7))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    made = Settings(home=tmp_path, network="sample")
    NetworkProfile(name="sample", first_plan_date=PLAN_DATE, declared_date=PLAN_DATE).write(made.network_home().root)
    return made


def publish_plan(settings: Settings) -> None:
    """Publish the tables that dispatching reads, all empty."""
    published = Published(settings.network_home().published)
    for frame in (
        DOCUMENTS, DIM_SITE, DIM_ITEM, DIM_SOURCING, FCT_INVENTORY_POSITION, FCT_LEAD_TIME, FCT_OPEN_ORDER,
        FCT_COMMITMENT, TARGETS, PROTECTION_DEMAND,
    ):  # fmt: skip
        published.write(frame, frame.empty(), PLAN_DATE, "run-1")


def brought(store: OrderStore, life: Sequence[Command], lines: Any = LINES) -> dict[str, str]:
    """Bring an order a line to the end of a life, and return their ids, each with where it goes."""
    names = {}
    for document in order_book(lines).content:
        ours = by_canary(document, "I1")
        act(store, [Propose(ours), *(_of(one, ours.order_id) for one in life[1:])], ours.order_id)  # type: ignore[arg-type]
        names[ours.order_id] = ours.destination_id
    return names


def _of(command: Command, order_id: str) -> Command:
    if isinstance(command, Reserve):
        return Reserve((), command.expires_on)
    if isinstance(command, Confirm):
        return Confirm(Receipt(order_id, 1, Answer.ACCEPTED, (ReceiptLine(1, 7, 7),)), command.source)
    return command


def dispatched(settings: Settings, gateway: Gateway, hours: float = 0.0) -> list[dict[str, Any]]:
    """Dispatch some hours after noon, and return the alerts that the network has."""
    clock = FixedClock(NOON + dt.timedelta(hours=hours))
    with closing(open_ledger(settings, clock)) as store:
        dispatch_network(settings, store=store, gateway=gateway, clock=clock)
    file = settings.network_home().alerts / "alerts.jsonl"
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def test_an_order_that_waits_in_the_outbox_for_more_than_an_hour_is_told_of_once(settings: Settings) -> None:
    with closing(open_ledger(settings, FixedClock(NOON))) as store:
        names = brought(store, ISSUED)
    down = Down(MemoryGateway())
    assert dispatched(settings, down, 0.9) == []
    (alert,) = dispatched(settings, down, 1.5)
    assert (alert["rule"], alert["severity"], alert["offender_count"]) == ("outbox_waits", "critical", 2)
    assert alert["message"] == f"2 orders wait to be sent; {min(names)} has waited 1.5 hours"
    assert "Orders wait until this is settled.\nWhat to do: Run `equipoise dispatch`." in alert["body"]
    assert len(dispatched(settings, down, 2.5)) == 1


def test_the_order_that_has_waited_longest_is_the_one_that_is_named(settings: Settings) -> None:
    documents = order_book((*LINES, ("transfer", "I1", "DC1", "S3", 1))).content
    new, old, newest = (
        replace(one, plan_date=PLAN_DATE + dt.timedelta(n)) for one, n in zip(documents, (1, 0, 2), strict=True)
    )
    for document, minutes in ((new, 0), (old, 5), (newest, 9)):
        with closing(open_ledger(settings, FixedClock(NOON + dt.timedelta(minutes=minutes)))) as store:
            life = [_of(one, document.order_id) for one in ISSUED[1:]]
            act(store, [Propose(document), *life], document.order_id)  # type: ignore[arg-type]
    (alert,) = dispatched(settings, Down(MemoryGateway()), 3)
    assert f"{new.order_id} has waited 3.0 hours" in alert["message"]


def test_what_a_rollback_left_to_people_is_an_alert_until_it_has_arrived(settings: Settings) -> None:
    with closing(open_ledger(settings, FixedClock(NOON))) as store:
        name, *_ = brought(store, SHIPPED, LINES[1:])
        log, why = LedgerLog(store), (LeftToPeople(name, "no document of ours sends it back"),)
        rolled = RolledBack(CANARY, "standard@0123456789ab", "hash", "ada#1", NOON, "worse")
        log.append(RELEASES, 0, [rolled, RollbackCarriedOut(CANARY, NOON, NOON, why)])
    (alert,) = dispatched(settings, MemoryGateway())
    assert (alert["rule"], alert["severity"], alert["offender_count"]) == ("left_by_rollback", "warning", 1)
    assert alert["message"] == f"{name}: {CANARY} decided it and was taken back: no document of ours sends it back"
    with closing(open_ledger(settings, FixedClock(NOON))) as store:
        act(store, [Confirm(Receipt(name, 1, Answer.ACCEPTED, (ReceiptLine(1, 7, 7, 7),)), "m2")], name)  # type: ignore[arg-type]
    file = settings.network_home().alerts
    for told in file.glob("*.jsonl"):
        told.unlink()
    assert dispatched(settings, MemoryGateway()) == []


def test_what_the_other_side_refuses_in_a_run_is_told_with_where_it_was_to_go(settings: Settings) -> None:
    with closing(open_ledger(settings, FixedClock(NOON))) as store:
        names = brought(store, ISSUED)
    publish_plan(settings)
    refuses = MemoryGateway(Counterpart(CounterpartStore(), Behaviour(answer=Answer.REFUSED)))
    (alert,) = [one for one in dispatched(settings, refuses) if one["rule"] == "refused_there"]
    assert alert["offender_count"] == 2
    assert set(alert["message"].split("; ")) == {f"{name} for {site}" for name, site in names.items()}


def test_every_alert_of_a_dispatch_run_can_be_told_to_a_person() -> None:
    found = Dispatched(
        sent=Sent(not_understood=["T-1"], details={"T-1": "schema 9"}), silence="down", oldest="T-2", in_outbox=1,
        taken=Taken((), 2, ("m1 of T-9",), ("m2: torn",)), waited=dt.timedelta(hours=2), left_to_people={"T-3": "why"},
        clock_off="an hour ahead",
    )  # fmt: skip
    told = dispatch_alerts(found, PLAN_DATE, PLAN_DATE, ["T-4 for S1"])
    assert len(told) == len(set(told["alert_id"])) == 8
    for row in told.to_dict("records"):
        title, body = message(row)
        assert str(row["rule"]).replace("_", " ") in title
        assert str(row["message"]) in body
        assert str(row["remedy"]) in body
