"""What a Tryton server's answers, and its silences, mean for an order; and units from its stock moves."""

import datetime as dt
import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from assets.kernel.errors import EquipoiseError
from assets.orders.gateways.port import NotSent, NotUnderstood, OutcomeUnknown, ReceiptLine
from assets.orders.gateways.tryton.rpc import Credentials, Declined, Moved, Rpc
from assets.orders.gateways.tryton.their_orders import bought_lines, shipped_lines

TRANSIT = 9


def server(answer: Callable[[httpx.Request], httpx.Response]) -> Rpc:
    """Return a session on a server that lets everybody in and answers every other call in one way."""

    def handle(request: httpx.Request) -> httpx.Response:
        method = json.loads(request.content)["method"]
        if method == "common.db.login":
            return httpx.Response(200, json={"result": [7, "token", None]})
        if method.endswith("get_preferences"):
            return httpx.Response(200, json={"result": {"company": 1, "language": "en"}})
        return answer(request)

    return Rpc("http://127.0.0.1:1", "erp", Credentials("us", "secret"), transport=httpx.MockTransport(handle))


def saying(status: int, content: Any = None, **headers: str) -> Rpc:
    return server(lambda _: httpx.Response(status, json=content, headers=headers))


def failing(error: type[httpx.TransportError]) -> Rpc:
    def fail(request: httpx.Request) -> httpx.Response:
        raise error("on purpose", request=request)

    return server(fail)


def move(line: int | None, units: float, state: str, from_: int = 1, to: int = 2, **more: Any) -> dict[str, Any]:
    return {
        "equipoise_line": line, "internal_quantity": units, "state": state, "from_location": from_,
        "to_location": to, **more,
    }  # fmt: skip


@pytest.mark.parametrize("error", [httpx.ConnectError, httpx.ConnectTimeout])
def test_who_was_not_reached_has_taken_nothing_in(error: type[httpx.TransportError]) -> None:
    with pytest.raises(NotSent):
        failing(error).change("model.x.create", [{}])


@pytest.mark.parametrize("error", [httpx.ReadTimeout, httpx.RemoteProtocolError, httpx.WriteError, httpx.ReadError])
def test_a_change_without_an_answer_may_have_been_made_and_a_question_without_one_may_be_asked_again(
    error: type[httpx.TransportError],
) -> None:
    with pytest.raises(OutcomeUnknown):
        failing(error).change("model.x.create", [{}])
    with pytest.raises(NotSent):
        failing(error).read("model.x.search", [])


@pytest.mark.parametrize("status", [408, 500, 502, 504])
def test_a_server_that_failed_may_have_made_the_change(status: int) -> None:
    with pytest.raises(OutcomeUnknown):
        saying(status).change("model.x.create", [{}])


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_server_made_no_change_and_says_how_long_to_wait(status: int) -> None:
    with pytest.raises(NotSent) as caught:
        saying(status, **{"retry-after": "7"}).change("model.x.create", [{}])
    assert caught.value.retry_after_s == 7


def test_a_rule_and_a_quicker_person_are_told_apart() -> None:
    with pytest.raises(Declined, match="no stock"):
        saying(200, {"error": ["UserError", ["no stock", "", None]]}).change("model.x.create", [{}])
    with pytest.raises(Moved):
        saying(200, {"error": ["ConcurrencyException", "modified"]}).change("model.x.write", [1], {})


@pytest.mark.parametrize("content", [{"error": ["KeyError: 'x'", "trace"]}, {"neither": 1}, [1], None])
def test_an_answer_of_another_shape_is_for_a_person(content: Any) -> None:
    with pytest.raises(NotUnderstood):
        saying(200, content).change("model.x.create", [{}])


def test_a_session_that_ended_is_renewed_and_the_call_made_once_more() -> None:
    answers = iter([httpx.Response(401), httpx.Response(200, json={"result": [5]})])
    assert server(lambda _: next(answers)).change("model.x.create", [{}]) == [5]


def test_a_server_that_has_not_read_its_modules_yet_is_not_there_yet() -> None:
    starting = httpx.MockTransport(lambda _: httpx.Response(200, json={"error": ["'res.user'", "trace"]}))
    with pytest.raises(NotSent):
        Rpc("http://127.0.0.1:1", "erp", Credentials("us", "secret"), transport=starting).read("model.x.search", [])


def test_dates_times_and_money_go_over_the_wire_and_come_back() -> None:
    sent: list[Any] = []

    def echo(request: httpx.Request) -> httpx.Response:
        sent.append(json.loads(request.content)["params"][0])
        return httpx.Response(200, json={"result": sent[-1]})

    values = {"on": dt.date(2026, 1, 5), "at": dt.datetime(2026, 1, 5, 4, 3, 2, 1), "price": Decimal("2.50")}
    assert server(echo).change("model.x.create", values) == values
    assert sent[0]["price"] == {"__class__": "Decimal", "decimal": "2.50"}


def test_a_key_is_in_no_text_and_its_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("secret\n")
    file.chmod(0o644)
    with pytest.raises(EquipoiseError, match="others can read"):
        Credentials.from_file("us", file)
    file.chmod(0o600)
    assert Credentials.from_file("us", file).key == "secret"
    assert "secret" not in repr(Credentials.from_file("us", file))


def test_orders_go_in_the_clear_to_this_machine_only() -> None:
    with pytest.raises(EquipoiseError, match="in the clear"):
        Rpc("http://erp.example.com", "erp", Credentials("us", "secret"))


def test_a_move_out_and_a_move_in_are_one_line_in_transit() -> None:
    moves = [
        move(1, 6, "done", to=TRANSIT), move(1, 4, "assigned", to=TRANSIT), move(1, 6, "done", from_=TRANSIT),
        move(1, 4, "draft", from_=TRANSIT), move(2, 3, "cancelled", to=TRANSIT), move(None, 8, "done", to=TRANSIT),
    ]  # fmt: skip
    assert shipped_lines(moves, TRANSIT) == (ReceiptLine(1, 10, 6, 6),)


def test_without_transit_what_left_has_arrived() -> None:
    assert shipped_lines([move(1, 6, "done"), move(1, 4, "draft")], None) == (ReceiptLine(1, 10, 6, 6),)


def test_more_can_arrive_than_was_bought() -> None:
    line = {"id": 3, "equipoise_line": 1, "quantity": 10.0, "unit": 1, "product.": {"default_uom": 1}}
    moves = [move(None, 8, "done", origin="purchase.line,3"), move(None, 4, "done", origin="purchase.line,3")]
    assert bought_lines([line], moves) == (ReceiptLine(1, 10, 12, 12),)


def test_a_part_of_a_unit_and_a_unit_of_another_kind_are_for_a_person() -> None:
    with pytest.raises(NotUnderstood, match="no whole number"):
        shipped_lines([move(1, 2.5, "draft")], None)
    dozens = {"id": 3, "equipoise_line": 1, "quantity": 1.0, "unit": 2, "product.": {"default_uom": 1}}
    with pytest.raises(NotUnderstood, match="own unit"):
        bought_lines([dozens], [])
