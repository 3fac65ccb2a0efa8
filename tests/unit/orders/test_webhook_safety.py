"""What the webhook never does: send in the clear, show its secret, take in what is not signed."""

import datetime as dt
import json
from collections.abc import Iterator

import httpx
import pytest
from contract.gateways.kit_documents import submission
from unit.orders.gateway_server import SECRET, Reply, accepted, scripted

from assets.kernel.clock import FixedClock, WallClock
from assets.kernel.errors import EquipoiseError
from assets.orders.gateways.cloud_event import CONTENT_TYPE, CloudEvent, Request, read_event
from assets.orders.gateways.counterpart import Counterpart, CounterpartStore
from assets.orders.gateways.counterpart.http_face import HttpFace
from assets.orders.gateways.port import NotSent, NotUnderstood, Submission
from assets.orders.gateways.signature import NotSigned, Signer
from assets.orders.gateways.webhook import Webhook
from assets.orders.gateways.wire import order_message

NOW = dt.datetime(2026, 1, 5, 6, tzinfo=dt.UTC)
SIGNER = Signer(SECRET, FixedClock(NOW))


@pytest.fixture
def face() -> Iterator[HttpFace]:
    counterpart = Counterpart(CounterpartStore())
    face = HttpFace(counterpart, SECRET)
    face.start()
    yield face
    face.stop()
    counterpart.store.close()


def signed_request(wanted: Submission, request_id: str = "request-1") -> tuple[bytes, dict[str, str]]:
    key = wanted.idempotency_key
    body = CloudEvent(key, "test", Request.SUBMIT, "", order_message(wanted)).to_json()
    headers = Signer(SECRET, WallClock()).headers(request_id, body)
    return body, headers | {"content-type": CONTENT_TYPE, "idempotency-key": key}


@pytest.mark.parametrize(
    "url", ["http://erp.example/orders", "http://10.0.0.1/", "ftp://localhost/", "erp", "", "https://"]
)
def test_orders_do_not_leave_this_machine_without_tls(url: str) -> None:
    with pytest.raises(EquipoiseError):
        Webhook(url, SECRET)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1/", "http://localhost:1/", "http://[::1]:1/", "https://erp.example/x"]
)
def test_tls_or_this_machine_will_do(url: str) -> None:
    assert Webhook(url, SECRET).name == "webhook"


def test_an_address_with_a_password_is_refused_without_showing_it() -> None:
    with pytest.raises(EquipoiseError) as raised:
        Webhook("https://user:hunter2@erp.example/", SECRET)
    assert "hunter2" not in str(raised.value)


@pytest.mark.parametrize("secret", ["", "short", "whsec_c2hvcnQ=", "whsec_not base64, but long enough otherwise"])
def test_a_secret_that_is_too_short_or_broken_is_refused_without_showing_it(secret: str) -> None:
    with pytest.raises(EquipoiseError) as raised:
        Webhook("https://erp.example/", secret)
    assert not secret or secret not in str(raised.value)


def test_the_secret_is_in_no_representation_and_in_no_error() -> None:
    with scripted(Reply(raw=b"", status=401, secret=None)) as server:
        webhook = Webhook(server.url, SECRET)
        with pytest.raises(NotSent) as raised:
            webhook.submit(submission())
    face = HttpFace(Counterpart(CounterpartStore()), SECRET)
    for text in (repr(webhook), str(vars(webhook)), repr(raised.value), str(raised.value), repr(face), repr(SIGNER)):
        assert SECRET not in text


def test_a_request_is_a_cloud_event_with_the_key_in_header_and_body() -> None:
    wanted = Submission(submission().document, 1, "00-" + "a" * 32 + "-" + "b" * 16 + "-01")
    with scripted(Reply(accepted(wanted.reference))) as server:
        Webhook(server.url, SECRET).submit(wanted)
    headers, body = server.requests[0]
    event = json.loads(body)
    assert headers["content-type"] == CONTENT_TYPE
    assert headers["idempotency-key"] == event["id"] == event["data"]["idempotency_key"] == wanted.idempotency_key
    assert (event["specversion"], event["type"], event["subject"]) == (
        "1.0",
        "equipoise.order.submit",
        wanted.reference,
    )
    assert headers["traceparent"] == event["traceparent"] == wanted.trace_parent
    assert event["data"]["totals"] == {"line_count": 2, "quantity_units": 14, "value_amount": "35.00"}


def test_what_stays_in_the_ledger_does_not_go_over_the_wire() -> None:
    with scripted(Reply(accepted(submission().reference))) as server:
        Webhook(server.url, SECRET).submit(submission())
    text = server.requests[0][1].decode()
    assert "needs I1" not in text
    assert "gain" not in text
    assert "batch-1" not in text


def test_a_signature_holds_for_its_text_its_id_and_its_time_only() -> None:
    headers = SIGNER.headers("m1", b"text")
    assert SIGNER.verify(headers, b"text") == "m1"
    for changed in ({"webhook-id": "m2"}, {"webhook-timestamp": str(int(NOW.timestamp()) + 1)}):
        with pytest.raises(NotSigned, match="wrong"):
            SIGNER.verify(headers | changed, b"text")
    with pytest.raises(NotSigned, match="wrong"):
        SIGNER.verify(headers, b"Text")


@pytest.mark.parametrize(("seconds", "holds"), [(-301, False), (-299, True), (0, True), (299, True), (301, False)])
def test_a_signature_holds_within_the_tolerance_of_clocks(seconds: int, holds: bool) -> None:
    later = Signer(SECRET, FixedClock(NOW + dt.timedelta(seconds=seconds)))
    headers = SIGNER.headers("m1", b"text")
    if holds:
        assert later.verify(headers, b"text") == "m1"
    else:
        with pytest.raises(NotSigned, match="tolerance"):
            later.verify(headers, b"text")


def test_one_of_several_signatures_is_enough_while_a_secret_is_changed() -> None:
    other = Signer("another secret, as long as it has to be", FixedClock(NOW)).headers("m1", b"text")
    mine = SIGNER.headers("m1", b"text")
    both = mine | {"webhook-signature": f"{other['webhook-signature']} {mine['webhook-signature']}"}
    assert SIGNER.verify(both, b"text") == "m1"


def test_the_signature_is_that_of_standard_webhooks() -> None:
    # The example of the specification (standardwebhooks.com, reference libraries).
    signer = Signer("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", FixedClock(dt.datetime.fromtimestamp(1614265330, dt.UTC)))
    headers = signer.headers("msg_p5jXN8AQM9LWM0D4loKWxJek", b'{"test": 2432232314}')
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize("stamp", ["", "now", "1e9", "9" * 5000, "-1"])
def test_a_timestamp_that_is_none_is_no_signature(stamp: str) -> None:
    with pytest.raises(NotSigned):
        SIGNER.verify(SIGNER.headers("m1", b"") | {"webhook-timestamp": stamp}, b"")


def test_a_captured_request_that_is_sent_again_is_turned_away(face: HttpFace) -> None:
    body, headers = signed_request(submission())
    assert httpx.post(face.url, content=body, headers=headers).status_code == 200
    assert httpx.post(face.url, content=body, headers=headers).status_code == 409
    assert face.counterpart.orders()[0].times_delivered == 1


def test_a_request_that_is_changed_on_the_way_makes_no_order(face: HttpFace) -> None:
    body, headers = signed_request(submission())
    changed = body.replace(b'"quantity_units":10', b'"quantity_units":99')
    assert changed != body
    assert httpx.post(face.url, content=changed, headers=headers).status_code == 401
    assert face.counterpart.orders() == ()


def test_a_key_that_nobody_signed_does_not_count(face: HttpFace) -> None:
    body, headers = signed_request(submission())
    assert httpx.post(face.url, content=body, headers=headers | {"idempotency-key": "other"}).status_code == 400
    assert face.counterpart.orders() == ()


def test_a_request_from_another_secret_is_told_to_the_sender(face: HttpFace) -> None:
    with pytest.raises(NotSent, match="secret"):
        Webhook(face.url, "another secret, as long as it has to be").submit(submission())


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{", b'{"specversion":"0.3"}', b'{"specversion":"1.0","type":"other","data":{}}']
)
def test_what_is_no_event_of_ours_is_not_understood(body: bytes) -> None:
    with pytest.raises(NotUnderstood):
        read_event(body, where="test")
