"""Spans of stages and gateway calls stand in the trace of the run, and say nothing that is secret."""

import json

import pytest
from unit.orders.test_outbox import TERMS, Time, issued

from assets.orders.gateways.memory import MemoryGateway
from assets.orders.gateways.port import NotSent
from assets.orders.outbox import send_due
from assets.orders.trace import trace_id
from orchestration.settings import Log, Settings, Tracing
from orchestration.tracing import TracedGateway, trace_stages, tracer_of


def spans(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines()]


def test_tracing_is_off_unless_it_is_asked_for() -> None:
    assert tracer_of(Settings()) is None
    trace_stages(None, "run-1", [("feeds/raw", 1.0, 2.0)])


def test_a_stage_is_a_span_with_its_times_in_the_trace_of_its_run(capsys: pytest.CaptureFixture[str]) -> None:
    trace_stages(tracer_of(Settings(tracing=Tracing.CONSOLE)), "run-1", [("feeds/raw", 1.0, 2.5)])
    (span,) = spans(capsys.readouterr().err)
    assert span["name"] == "feeds/raw"
    assert span["context"]["trace_id"] == f"0x{trace_id('run-1')}"  # type: ignore[index]
    assert str(span["start_time"]).endswith("00:00:01.000000Z")
    assert str(span["end_time"]).endswith("00:00:02.500000Z")


def test_a_gateway_call_is_a_span_in_the_trace_of_the_order(capsys: pytest.CaptureFixture[str]) -> None:
    store, tracer = issued(), tracer_of(Settings(tracing=Tracing.CONSOLE))
    assert tracer is not None
    send_due(store, TracedGateway(MemoryGateway(), tracer), "sample", TERMS, Time())
    (order,) = store.orders()
    (span,) = spans(capsys.readouterr().err)
    assert span["name"] == "memory.submit"
    assert span["context"]["trace_id"] == f"0x{trace_id(order.document.provenance.run_id)}"  # type: ignore[index]
    assert span["attributes"] == {"equipoise.order_id": order.order_id, "equipoise.answer": "accepted"}


def test_the_log_has_a_short_line_for_each_stage_and_each_call_and_is_off_unless_asked_for(
    capsys: pytest.CaptureFixture[str],
) -> None:
    store, tracer = issued(), tracer_of(Settings(log=Log.JSON))
    assert tracer is not None
    (order,) = store.orders()
    trace = trace_id(order.document.provenance.run_id)
    trace_stages(tracer, order.document.provenance.run_id, [("feeds/raw", 1.0, 2.5)])
    gateway = TracedGateway(MemoryGateway(), tracer, lambda _: trace)
    send_due(store, gateway, "sample", TERMS, Time())
    gateway.find(order.order_id)
    stage, *calls = spans(capsys.readouterr().err)
    assert stage == {
        "at": "1970-01-01T00:00:02.500+00:00", "level": "info", "event": "feeds/raw", "trace_id": trace,
        "seconds": 1.5, "error": "", "run_id": order.document.provenance.run_id,
    }  # fmt: skip
    assert [(call["event"], call["trace_id"], call["order_id"]) for call in calls] == [
        ("memory.submit", trace, order.order_id), ("memory.find", trace, order.order_id),
    ]  # fmt: skip
    assert set(calls[0]) == {"at", "level", "event", "trace_id", "seconds", "error", "order_id", "answer"}


def test_a_log_line_of_a_failure_names_its_kind_and_no_word_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    class Down(MemoryGateway):
        def find(self, reference: str) -> None:
            raise NotSent("item I-SECRET, key xyzzy", where=reference, remedy="Wait")

    tracer = tracer_of(Settings(log=Log.JSON))
    assert tracer is not None
    with pytest.raises(NotSent):
        TracedGateway(Down(), tracer).find("T-1")
    told = capsys.readouterr().err
    (line,) = spans(told)
    assert (line["level"], line["error"], line["order_id"]) == ("error", "NotSent", "T-1")
    assert not any(word in told for word in ("I-SECRET", "xyzzy"))


def test_a_call_that_fails_says_how_and_not_with_what(capsys: pytest.CaptureFixture[str]) -> None:
    class Down(MemoryGateway):
        def find(self, reference: str) -> None:
            raise NotSent("the secret is xyzzy", where=reference, remedy="Wait")

    tracer = tracer_of(Settings(tracing=Tracing.CONSOLE))
    assert tracer is not None
    with pytest.raises(NotSent):
        TracedGateway(Down(), tracer).find("T-1")
    told = capsys.readouterr().err
    assert '"status_code": "ERROR"' in told
    assert "NotSent" in told
    assert "xyzzy" not in told
