"""The other side: what it makes of orders, what it remembers, and how its faces fail when they are told to."""

import datetime as dt
import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from contract.gateways.kit_documents import cancellation, submission
from unit.orders.gateway_server import SECRET
from unit.orders.test_gateway_faults import FELT

from assets.kernel.clock import FixedClock
from assets.orders.gateways.cloud_event import Request
from assets.orders.gateways.counterpart import Behaviour, Counterpart, CounterpartStore
from assets.orders.gateways.counterpart.__main__ import main
from assets.orders.gateways.counterpart.folder_face import WRONG_CSV, open_face
from assets.orders.gateways.counterpart.http_face import HttpFace
from assets.orders.gateways.faults import Fault
from assets.orders.gateways.filedrop import FileDrop
from assets.orders.gateways.port import Answer, NotUnderstood
from assets.orders.gateways.webhook import Webhook
from assets.orders.gateways.webhook_exchange import Patience
from assets.orders.gateways.wire import cancel_message, order_message

WANTED = submission()
REFERENCE = WANTED.reference


@pytest.fixture
def counterpart() -> Iterator[Counterpart]:
    store = CounterpartStore()
    yield Counterpart(store)
    store.close()


def said(counterpart: Counterpart) -> list[int]:
    return [message["sequence"] for message in counterpart.confirmations(0)]


def test_an_order_is_known_by_its_key_and_by_its_reference_and_revision(counterpart: Counterpart) -> None:
    message = order_message(WANTED)
    first = counterpart.submit(message)
    assert counterpart.submit(message) == first
    order = counterpart.orders()[0]
    assert (order.times_created, order.times_delivered) == (1, 2)
    with pytest.raises(NotUnderstood):
        counterpart.submit(message | {"origin_id": "DC2"})
    with pytest.raises(NotUnderstood):
        counterpart.submit(message | {"idempotency_key": "another"})
    assert len(said(counterpart)) == 1


def test_one_that_knows_nothing_of_keys_counts_what_comes_twice(counterpart: Counterpart) -> None:
    counterpart.behaviour = Behaviour(idempotent=False)
    for _ in range(3):
        counterpart.submit(order_message(WANTED))
    assert counterpart.orders()[0].times_created == 3


def test_an_order_that_comes_after_its_cancellation_is_not_made(counterpart: Counterpart) -> None:
    counterpart.cancel(cancel_message(cancellation(REFERENCE)))
    assert counterpart.submit(order_message(WANTED)).answer is Answer.CANCELLED
    assert counterpart.references() == ()


def test_totals_that_do_not_add_up_are_refused_for_good(counterpart: Counterpart) -> None:
    message = order_message(WANTED)
    wrong = message | {"totals": message["totals"] | {"quantity_units": 15}}
    receipt = counterpart.submit(wrong)
    assert (receipt.answer, counterpart.orders()[0].times_created) == (Answer.REFUSED, 0)


def test_receiving_more_than_was_accepted_is_possible_and_closes_the_order(counterpart: Counterpart) -> None:
    counterpart.submit(order_message(WANTED))
    receipt = counterpart.advance(REFERENCE, received={1: 12, 2: 4})
    assert [(line.shipped_units, line.received_units) for line in receipt.lines] == [(12, 12), (4, 4)]
    assert receipt.answer is Answer.CLOSED


def test_a_part_that_was_received_leaves_the_order_open(counterpart: Counterpart) -> None:
    counterpart.submit(order_message(WANTED))
    counterpart.advance(REFERENCE, shipped={1: 10})
    assert counterpart.advance(REFERENCE, received={1: 6}).answer is Answer.ACCEPTED


def test_one_that_was_restored_never_says_a_number_again(tmp_path: Path) -> None:
    store = CounterpartStore(tmp_path / "counterpart.db")
    early = dt.datetime(2026, 1, 5, tzinfo=dt.UTC)
    counterpart = Counterpart(store, clock=FixedClock(early))
    counterpart.copy_to(tmp_path / "backup.db")
    counterpart.submit(order_message(WANTED))
    counterpart.advance(REFERENCE, shipped={1: 1})
    before = said(counterpart)
    counterpart.restore(tmp_path / "backup.db")
    assert counterpart.orders() == ()
    later = Counterpart(store, clock=FixedClock(early + dt.timedelta(seconds=1)))
    later.submit(order_message(WANTED))
    assert before == sorted(before)
    assert min(said(later)) > max(before)
    store.close()


def test_what_it_committed_is_on_the_disk(tmp_path: Path) -> None:
    store = CounterpartStore(tmp_path / "counterpart.db")
    Counterpart(store).submit(order_message(WANTED))
    assert store._connection.execute("pragma synchronous").fetchone() == (2,)
    with sqlite3.connect(tmp_path / "counterpart.db") as other:
        assert other.execute("select reference from orders").fetchall() == [(REFERENCE,)]
    other.close()
    store.close()


@pytest.mark.parametrize(("had", "has"), [(b",10,", b",99,"), (b"I1", b"I7")], ids=["totals", "same totals"])
def test_a_csv_that_is_not_the_one_that_was_written_is_refused(
    tmp_path: Path, counterpart: Counterpart, had: bytes, has: bytes
) -> None:
    gateway = FileDrop(tmp_path, settle_s=0)
    gateway.submit(WANTED)
    table = next((tmp_path / "orders").glob("*.csv"))
    table.write_bytes(table.read_bytes().replace(had, has))
    open_face(counterpart, tmp_path).poll()
    found = gateway.find(REFERENCE)
    assert found is not None
    assert (found.answer, found.reason) == (Answer.REFUSED, WRONG_CSV)
    assert counterpart.references() == ()


def test_a_file_that_is_no_order_is_complained_about_once(tmp_path: Path, counterpart: Counterpart) -> None:
    face = open_face(counterpart, tmp_path)
    (tmp_path / "orders" / "strange.json").write_text("{}")
    FileDrop(tmp_path).submit(WANTED)
    assert (face.poll(), face.poll()) == (2, 0)
    assert len(face.complaints) == 1
    assert counterpart.references() == (REFERENCE,)


@pytest.mark.parametrize(
    ("fault", "expected", "orders"),
    FELT,
)
def test_a_fault_on_the_socket_is_felt_and_leaves(
    counterpart: Counterpart, fault: Fault, expected: type[Exception], orders: int
) -> None:
    face = HttpFace(counterpart, SECRET, slow_s=5.0)
    face.start()
    face.arm(Request.SUBMIT, fault)
    gateway = Webhook(face.url, SECRET, patience=Patience(timeout_s=0.3 if fault is Fault.SLOW else 10.0, attempts=1))
    with pytest.raises(expected):
        gateway.submit(WANTED)
    face.stop()
    gateway.close()
    assert len(counterpart.orders()) == orders


def test_its_orders_are_listed_and_advanced_beside_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store = CounterpartStore(tmp_path / "counterpart.db")
    Counterpart(store, Behaviour(answer=Answer.PENDING)).submit(order_message(WANTED))
    place = ["--store", str(tmp_path / "counterpart.db")]
    assert main(["advance", *place, "--decide", "--ship", "--receive"]) == 0
    capsys.readouterr()
    assert main(["list", *place]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert (listed["reference"], listed["times_created"], listed["answer"]) == (REFERENCE, 1, "closed")
    assert listed["received_units"] == 14
    store.close()


def test_it_does_not_serve_without_a_secret(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("EQUIPOISE_WEBHOOK_SECRET", raising=False)
    assert main(["serve", "--store", str(tmp_path / "counterpart.db")]) == 1
    assert "secret" in capsys.readouterr().err
