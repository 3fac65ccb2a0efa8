"""`equipoise reconcile` mends a difference: with a real other side over HTTP, whose store and ours part ways."""

import datetime as dt
import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from contract.gateways.kit_documents import submission
from unit.cli.tiny_network import PLAN_DATE, TRANSFER, Equipoise, open_tiny
from unit.orders.gateway_server import SECRET

from assets.kernel.home import NetworkHome
from assets.orders.answers import answer_one
from assets.orders.events import Issue, Redirect, Require, Reserve
from assets.orders.gateways.counterpart import Counterpart, CounterpartStore
from assets.orders.gateways.counterpart.http_face import HttpFace
from assets.orders.gateways.port import Answer, Submission, address_of
from assets.orders.gateways.webhook import Webhook
from assets.orders.gateways.wire import order_message
from assets.orders.order import Order
from assets.orders.outbox import SendTerms, send_due
from assets.orders.store import require_order
from assets.orders.strangers import StrangerCancelRequested

ORDER = TRANSFER.order_id
WHY = ("--reason", "restored from a backup")


@pytest.fixture
def theirs(planned: NetworkHome, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Counterpart]:
    """Return the other side, of which a backup was taken before it was sent the order that it has acknowledged."""
    counterpart = Counterpart(CounterpartStore(tmp_path / "theirs.db"))
    counterpart.copy_to(tmp_path / "backup.db")
    face = HttpFace(counterpart, SECRET)
    face.start()
    for name, value in (("", "webhook"), ("_URL", face.url), ("_SECRET", SECRET)):
        monkeypatch.setenv(f"EQUIPOISE_GATEWAY{name}", value)
    with closing(open_tiny(planned)) as store:
        until = PLAN_DATE + dt.timedelta(days=1)
        key = Submission(TRANSFER, 1).idempotency_key
        for command in (Require(0, (), until), Reserve((), until), Issue("rule", "webhook", key)):
            answer_one(store, ORDER, command)
    send(planned, face.url)
    yield counterpart
    face.stop()
    counterpart.store.close()


def send(home: NetworkHome, url: str) -> None:
    with closing(open_tiny(home)) as store, closing(Webhook(url, SECRET)) as gateway:
        send_due(store, gateway, "tiny", SendTerms("test"), lambda: dt.datetime.now(dt.UTC))


def ours(home: NetworkHome) -> Order:
    with closing(open_tiny(home)) as store:
        return require_order(store, ORDER)


def causes(equipoise: Equipoise, *arguments: str) -> list[tuple[str, str]]:
    said = equipoise("reconcile", *arguments, "--json")
    assert said.code == 0, said.err
    return [(one["order_id"], one["remedy"].split()[2]) for one in said.data["differences"]]


def test_what_the_other_side_has_moved_is_taken_in(
    equipoise: Equipoise, planned: NetworkHome, theirs: Counterpart
) -> None:
    assert causes(equipoise) == []
    theirs.advance(ORDER, shipped={1: 12})
    assert causes(equipoise) == [(ORDER, "--take")]
    said = equipoise("reconcile", "--take", ORDER)
    assert (said.code, ours(planned).status) == (0, "shipped")
    assert f"Order {ORDER} is shipped now." in said.err
    assert "both sides say the same" in said.out


def test_what_the_other_side_lost_is_handed_over_again_and_is_there_once(
    equipoise: Equipoise, planned: NetworkHome, theirs: Counterpart, tmp_path: Path
) -> None:
    theirs.restore(tmp_path / "backup.db")
    assert causes(equipoise) == [(ORDER, "--resend")]
    said = equipoise("reconcile", "--resend", ORDER, *WHY)
    assert (said.code, ours(planned).status) == (0, "issued")
    assert "handed over again by the next `equipoise dispatch`" in said.err
    send(planned, os.environ["EQUIPOISE_GATEWAY_URL"])
    assert ours(planned).status == "acknowledged"
    assert [(one.reference, one.times_created) for one in theirs.orders()] == [(ORDER, 1)]
    assert causes(equipoise) == []


def test_what_has_moved_and_is_lost_there_is_closed_and_what_it_has_is_not(
    equipoise: Equipoise, planned: NetworkHome, theirs: Counterpart, tmp_path: Path
) -> None:
    said = equipoise("reconcile", "--close", ORDER)
    assert (said.code, "the other side has it" in said.err) == (1, True)
    theirs.advance(ORDER, shipped={1: 12})
    assert equipoise("reconcile", "--take", ORDER).code == 0
    theirs.restore(tmp_path / "backup.db")
    assert causes(equipoise) == [(ORDER, "--close")]
    assert causes(equipoise, "--close", ORDER, *WHY) == []
    assert (ours(planned).status, ours(planned).status_reason.startswith(WHY[1])) == ("closed", True)


def test_what_has_not_moved_and_is_lost_there_is_not_closed(
    equipoise: Equipoise, planned: NetworkHome, theirs: Counterpart, tmp_path: Path
) -> None:
    theirs.restore(tmp_path / "backup.db")
    said = equipoise("reconcile", "--close", ORDER, *WHY)
    assert (said.code, f"`equipoise reconcile --resend {ORDER}`" in said.err) == (1, True)
    assert ours(planned).status == "acknowledged"


@pytest.mark.parametrize("verb", ["--close", "--take"])
def test_an_order_that_another_system_has_is_mended_by_no_word_of_this_one(
    equipoise: Equipoise, planned: NetworkHome, theirs: Counterpart, tmp_path: Path, verb: str
) -> None:
    theirs.advance(ORDER, shipped={1: 12})
    if verb == "--close":
        assert equipoise("reconcile", "--take", ORDER).code == 0
        theirs.restore(tmp_path / "backup.db")
    before = ours(planned).status
    with closing(open_tiny(planned)) as store:
        answer_one(store, ORDER, Redirect(address_of("webhook", "http://127.0.0.1:9/old"), "ann", "as it was issued"))
    said = equipoise("reconcile", verb, ORDER)
    assert (said.code, f"`equipoise reconcile --redirect {ORDER}`" in said.err) == (1, True)
    assert ours(planned).status == before


def test_what_the_other_side_forgot_of_an_order_that_had_left_is_taken_on_a_person_s_word(
    equipoise: Equipoise, planned: NetworkHome, theirs: Counterpart, tmp_path: Path
) -> None:
    theirs.copy_to(tmp_path / "later.db")
    theirs.advance(ORDER, shipped={1: 12})
    assert equipoise("reconcile", "--take", ORDER).code == 0
    theirs.restore(tmp_path / "later.db")
    assert causes(equipoise) == [(ORDER, "--take")]
    assert causes(equipoise, "--take", ORDER) == []
    assert ours(planned).status == "acknowledged"


def test_an_order_that_is_not_ours_is_cancelled_there_and_ours_is_not(
    equipoise: Equipoise, planned: NetworkHome, theirs: Counterpart
) -> None:
    stranger = submission("S9")
    address = address_of("webhook", os.environ["EQUIPOISE_GATEWAY_URL"].rstrip("/"))
    theirs.submit(order_message(stranger))
    assert causes(equipoise) == [(stranger.reference, "--cancel-there")]
    assert causes(equipoise, "--cancel-there", stranger.reference, *WHY) == []
    with closing(open_tiny(planned)) as store:
        (kept,) = store.history(f"strangers/tiny/{address}")
    assert isinstance(kept.event, StrangerCancelRequested)
    assert (kept.event.reference, kept.event.reason) == (stranger.reference, WHY[1])
    found = theirs.find(stranger.reference)
    assert found is not None
    assert found.answer is Answer.CANCELLED
    said = equipoise("reconcile", "--cancel-there", ORDER, *WHY)
    assert said.code == 1
    assert f"this ledger issued it. Use `equipoise cancel {ORDER}`" in said.err
    assert ours(planned).status == "acknowledged"


def test_an_order_that_went_to_another_address_is_named_until_a_person_says_that_its_system_moved(
    equipoise: Equipoise, planned: NetworkHome, theirs: Counterpart
) -> None:
    del theirs
    with closing(open_tiny(planned)) as store:
        answer_one(store, ORDER, Redirect(address_of("webhook", "http://127.0.0.1:9/old"), "ann", "as it was issued"))
    assert causes(equipoise) == [(ORDER, "--redirect")]
    assert causes(equipoise, "--redirect", ORDER, *WHY) == []
    delivery = ours(planned).delivery
    assert delivery is not None
    assert delivery.gateway == address_of("webhook", os.environ["EQUIPOISE_GATEWAY_URL"].rstrip("/"))
    assert equipoise("reconcile", "--redirect", ORDER, *WHY).code == 1
    with closing(open_tiny(planned)) as store:
        answer_one(store, ORDER, Redirect(address_of("webhook", "http://127.0.0.1:9/old"), "ann", "as it was issued"))
    said = equipoise("reconcile", "--redirect", "all", *WHY)
    assert said.err.startswith("1 order that went elsewhere: on at webhook:")
    assert causes(equipoise) == []
    assert "0 orders that went elsewhere" in equipoise("reconcile", "--redirect", "all", *WHY).err
