"""What each thing that a web server can do means for an order."""

import datetime as dt
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from contract.gateways.kit_documents import cancellation, submission
from unit.orders.gateway_server import SECRET, Reply, accepted, scripted

from assets.kernel.clock import FixedClock
from assets.kernel.errors import EquipoiseError
from assets.orders.gateways.port import Answer, NotSent, NotUnderstood, OutcomeUnknown
from assets.orders.gateways.webhook import Webhook
from assets.orders.gateways.webhook_answers import found_message, page_message, problem_message
from assets.orders.gateways.webhook_exchange import Patience, retry_after_s

WANTED = submission()
REFERENCE = WANTED.reference
GOOD = Reply(accepted(REFERENCE))


class Sleeper:
    """Notes how long it was told to wait, and does not."""

    def __init__(self) -> None:
        self.pauses: list[float] = []

    def __call__(self, seconds: float) -> None:
        self.pauses.append(seconds)


@pytest.fixture
def sleeper() -> Sleeper:
    return Sleeper()


def webhook(url: str, sleeper: Sleeper, **options: Any) -> Webhook:
    return Webhook(url, SECRET, sleep=sleeper, **({"patience": Patience(timeout_s=5.0)} | options))


@pytest.fixture
def free_port() -> Iterator[int]:
    """Return a port on which nobody listens: it is bound, and refuses."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


def test_a_receipt_that_is_signed_for_this_request_is_believed(sleeper: Sleeper) -> None:
    with scripted(GOOD) as server:
        receipt = webhook(server.url, sleeper).submit(WANTED)
    assert (receipt.answer, receipt.external_id) == (Answer.ACCEPTED, "SO-1")


def test_a_refused_connection_was_not_sent_and_is_tried_as_often_as_allowed(sleeper: Sleeper, free_port: int) -> None:
    with pytest.raises(NotSent):
        webhook(f"http://127.0.0.1:{free_port}/", sleeper).submit(WANTED)
    assert len(sleeper.pauses) == Patience().attempts - 1


def test_a_server_without_tls_was_not_sent_anything(sleeper: Sleeper) -> None:
    with scripted(GOOD) as server, pytest.raises(NotSent):
        webhook(server.url.replace("http:", "https:"), sleeper).submit(WANTED)
    assert server.requests == []


def test_a_name_that_nobody_knows_was_not_sent(sleeper: Sleeper) -> None:
    with pytest.raises(NotSent):
        webhook("https://no-such-host.invalid/", sleeper).submit(WANTED)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (401, NotSent), (403, NotSent), (429, NotSent), (503, NotSent), (408, OutcomeUnknown), (500, OutcomeUnknown),
        (502, OutcomeUnknown), (504, OutcomeUnknown), (301, NotUnderstood), (303, NotUnderstood), (307, NotUnderstood),
        (400, NotUnderstood), (404, NotUnderstood), (200, NotUnderstood), (201, NotUnderstood),
    ],
)  # fmt: skip
def test_a_status_that_nobody_signed_means(sleeper: Sleeper, status: int, expected: type[EquipoiseError]) -> None:
    reply = Reply(raw=b"<html>", status=status, secret=None, headers={"Location": "http://127.0.0.1:9/"})
    with scripted(reply) as server, pytest.raises(expected) as raised:
        webhook(server.url, sleeper).submit(WANTED)
    assert raised.value.remedy


@pytest.mark.parametrize("status", [401, 403])
def test_the_remedy_for_a_door_that_stays_shut_is_the_secret(sleeper: Sleeper, status: int) -> None:
    with scripted(Reply(raw=b"", status=status, secret=None)) as server, pytest.raises(NotSent, match="secret"):
        webhook(server.url, sleeper).submit(WANTED)
    assert len(server.requests) == 1, "trying again would not help"


@pytest.mark.parametrize("status", [500, 502, 504])
def test_what_may_have_arrived_is_not_sent_again_from_here(sleeper: Sleeper, status: int) -> None:
    with scripted(Reply(status=status), GOOD) as server, pytest.raises(OutcomeUnknown):
        webhook(server.url, sleeper).submit(WANTED)
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_server_is_asked_again_after_the_time_it_names(sleeper: Sleeper, status: int) -> None:
    with scripted(Reply(status=status, headers={"Retry-After": "3"}), GOOD) as server:
        assert webhook(server.url, sleeper).submit(WANTED).answer is Answer.ACCEPTED
    assert sleeper.pauses == [3.0]


def test_a_wait_that_is_too_long_is_left_to_the_sender(sleeper: Sleeper) -> None:
    with scripted(Reply(status=429, headers={"Retry-After": "600"})) as server, pytest.raises(NotSent) as raised:
        webhook(server.url, sleeper).submit(WANTED)
    assert raised.value.retry_after_s == 600
    assert (sleeper.pauses, len(server.requests)) == ([], 1)


def test_pauses_double_with_a_jitter_that_a_seed_repeats(free_port: int) -> None:
    def pauses(seed: int) -> list[float]:
        sleeper = Sleeper()
        patience = Patience(timeout_s=5.0, attempts=4, first_pause_s=1.0, longest_pause_s=3.0, seed=seed)
        with pytest.raises(NotSent):
            webhook(f"http://127.0.0.1:{free_port}/", sleeper, patience=patience).submit(WANTED)
        return sleeper.pauses

    first = pauses(1)
    assert first == pauses(1) != pauses(2)
    for pause, full in zip(first, (1.0, 2.0, 3.0), strict=True):
        assert full / 2 <= pause <= full


def test_every_attempt_has_the_same_key_and_an_id_of_its_own(sleeper: Sleeper) -> None:
    with scripted(Reply(status=503), Reply(status=503), GOOD) as server:
        webhook(server.url, sleeper).submit(WANTED)
    headers = [headers for headers, _ in server.requests]
    assert {one["idempotency-key"] for one in headers} == {WANTED.idempotency_key}
    assert len({one["webhook-id"] for one in headers}) == 3
    assert len({body for _, body in server.requests}) == 1


@pytest.mark.parametrize(
    "reply",
    [
        Reply(accepted(REFERENCE), secret=None),
        Reply(accepted(REFERENCE), secret="another secret, as long as it has to be"),
        Reply(accepted(REFERENCE), clock=FixedClock(dt.datetime(2026, 1, 1, tzinfo=dt.UTC))),
        Reply(accepted(REFERENCE), answers=lambda _: "answer-of-yesterday"),
        Reply(accepted(REFERENCE), answers=lambda request_id: request_id),
    ],
    ids=["unsigned", "forged", "stale", "replayed", "reflected"],
)
def test_an_answer_is_never_trusted_that_is(sleeper: Sleeper, reply: Reply) -> None:
    with scripted(reply) as server, pytest.raises(NotUnderstood, match="cannot be trusted"):
        webhook(server.url, sleeper).submit(WANTED)


@pytest.mark.parametrize(
    "message",
    [
        {}, [], None, "accepted",
        accepted(REFERENCE) | {"schema_version": 2},
        accepted(REFERENCE) | {"answer": "perhaps"},
        accepted(REFERENCE) | {"revision": "1"},
        accepted(REFERENCE) | {"totals": accepted(REFERENCE)["totals"] | {"accepted_units": 15}},
        accepted("T-another"),
        problem_message("the site is unknown here"),
    ],
)  # fmt: skip
def test_an_answer_that_does_not_validate_is_not_understood(sleeper: Sleeper, message: Any) -> None:
    with scripted(Reply(message)) as server, pytest.raises(NotUnderstood):
        webhook(server.url, sleeper).submit(WANTED)


def test_lines_that_were_not_sent_are_not_understood(sleeper: Sleeper) -> None:
    with scripted(GOOD) as server, pytest.raises(NotUnderstood, match="lines"):
        webhook(server.url, sleeper).submit(submission(units=(10,)))


@pytest.mark.parametrize("status", [400, 409, 422])
def test_a_signed_refusal_is_a_receipt_whatever_its_status(sleeper: Sleeper, status: int) -> None:
    refused = accepted(REFERENCE) | {"answer": "refused", "reason": "no such site"}
    with scripted(Reply(refused, status=status)) as server:
        receipt = webhook(server.url, sleeper).submit(WANTED)
    assert (receipt.answer, receipt.reason) == (Answer.REFUSED, "no such site")


def test_an_order_is_missing_only_if_the_other_side_signs_that_it_is(sleeper: Sleeper) -> None:
    with scripted(Reply(found_message(None))) as server:
        assert webhook(server.url, sleeper).find(REFERENCE) is None
    with scripted(Reply(raw=b"not found", status=404, secret=None)) as server, pytest.raises(NotUnderstood):
        webhook(server.url, sleeper).find(REFERENCE)


def said(sequence: int, confirmation_id: str = "", **changed: Any) -> dict[str, Any]:
    message = {
        "schema": "equipoise.confirmation", "schema_version": 1, "confirmation_id": confirmation_id or f"c{sequence}",
        "sequence": sequence, "occurred_at": "", "receipt": accepted(REFERENCE),
    }  # fmt: skip
    return message | changed


def test_a_confirmation_that_was_said_before_the_cursor_is_put_aside(sleeper: Sleeper) -> None:
    with scripted(Reply(page_message([said(3), said(8)], 8))) as server:
        answer = webhook(server.url, sleeper).confirmations("5")
    assert [one.confirmation_id for one in answer.found] == ["c8"]
    assert len(answer.unreadable) == 1
    assert "sequence 3" in answer.unreadable[0]


def test_a_message_twice_is_one_and_two_of_one_id_are_put_aside(sleeper: Sleeper) -> None:
    other = said(2, "c1", receipt=accepted("T-another"))
    with scripted(Reply(page_message([said(1), said(1), other], 2))) as server:
        answer = webhook(server.url, sleeper).confirmations("")
    assert [one.confirmation_id for one in answer.found] == ["c1"]
    assert len(answer.unreadable) == 1
    assert answer.cursor == "2"


def test_a_cursor_that_goes_back_is_not_understood(sleeper: Sleeper) -> None:
    with scripted(Reply(page_message([], 4))) as server, pytest.raises(NotUnderstood):
        webhook(server.url, sleeper).confirmations("5")


def test_a_cancellation_has_a_key_of_its_own(sleeper: Sleeper) -> None:
    with scripted(GOOD) as server:
        webhook(server.url, sleeper).cancel(cancellation(REFERENCE))
    assert server.requests[0][0]["idempotency-key"] == cancellation(REFERENCE).idempotency_key


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("", 0.0),
        ("soon", 0.0),
        ("-5", 0.0),
        ("120", 120.0),
        ("9" * 400, 86400.0),
        ("Thu, 01 Jan 1970 00:00:01 GMT", 0.0),
    ],
)
def test_retry_after_is_read_as(header: str, seconds: float) -> None:
    assert retry_after_s(header, 10.0) == seconds
