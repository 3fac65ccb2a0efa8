"""`equipoise ledger`: a sound ledger says so, a touched one names what was done and ends with 1."""

import pytest
import sqlalchemy as sa
from unit.cli.tiny_network import Equipoise

from assets.governance.events import ACCESS
from assets.kernel.home import NetworkHome
from assets.orders.sql_engine import open_engine
from assets.orders.sql_schema import EVENTS, ORDERS


def touch(network: NetworkHome, statement: sa.Executable) -> None:
    engine = open_engine(f"sqlite:///{network.ledger}")
    with engine.execution_options(writes=True).begin() as connection:
        connection.execute(statement)
    engine.dispose()


@pytest.mark.usefixtures("planned")
def test_a_sound_ledger_says_so(equipoise: Equipoise) -> None:
    said = equipoise("ledger", "verify")
    assert said.code == 0
    assert "3 events are as they were recorded" in " ".join(said.out.split())
    assert equipoise("ledger", "verify", "--json").data["faults"] == []


def test_a_changed_event_is_named(equipoise: Equipoise, planned: NetworkHome) -> None:
    touch(planned, sa.update(EVENTS).where(EVENTS.c.position == 3).values(payload="{}"))
    said = equipoise("ledger", "verify")
    assert said.code == 1
    assert "event 3 was changed: its content and its digest do not agree" in said.out
    assert "Restore a backup" in said.err


def test_orders_that_were_changed_are_mended_by_a_rebuild(equipoise: Equipoise, planned: NetworkHome) -> None:
    touch(planned, sa.update(ORDERS).values(status="issued"))
    assert equipoise("ledger", "verify").code == 1
    assert equipoise("ledger", "rebuild").code == 0
    assert equipoise("ledger", "verify").code == 0
    assert {order["status"] for order in equipoise("orders", "--json").data} == {"proposed"}


@pytest.mark.parametrize("harm", ["delete from ledger_head", "update ledger_head set schema_release = 'zz'"])
def test_a_ledger_whose_head_is_gone_says_so_in_one_line(equipoise: Equipoise, planned: NetworkHome, harm: str) -> None:
    touch(planned, sa.text(harm))
    said = equipoise("ledger", "verify")
    assert said.code == 1
    assert "the row of ledger_head is gone or names no schema" in said.err
    assert "Traceback" not in said.err


def test_a_ledger_that_cannot_say_who_may_verify_is_verified_and_shows_nobody_an_order(
    equipoise: Equipoise, planned: NetworkHome
) -> None:
    touch(planned, sa.update(EVENTS).where(EVENTS.c.stream == ACCESS).values(payload="{}"))
    said = equipoise("ledger", "verify")
    assert said.code == 1
    assert "event 1 was changed: its content and its digest do not agree" in said.out
    orders = equipoise("orders")
    assert orders.code == 1
    assert orders.out == ""
    assert "Run `equipoise ledger verify`" in orders.err
