"""Spans of steps and gateway calls stand in the trace of the run, and say nothing that is secret."""

import json
import warnings
from collections.abc import Iterator
from typing import Any

import dagster as dg
import pytest
from unit.orders.test_outbox import TERMS, Time, issued

from assets.orders.gateways.memory import MemoryGateway
from assets.orders.gateways.port import NotSent
from assets.orders.outbox import send_due
from assets.orders.trace import trace_id
from orchestration.settings import Log, Settings, Tracing
from orchestration.tracing import TracedGateway, traced, tracer_of


def spans(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines()]


def steps() -> list[Any]:
    """Return a step that returns, one that yields, and a check that fails."""

    @dg.asset(key=["feeds", "raw"])
    def raw() -> int:
        return 1

    @dg.multi_asset(name="features", specs=[dg.AssetSpec("daily"), dg.AssetSpec("weekly")])
    def pieces() -> Iterator[dg.MaterializeResult[Any]]:
        yield dg.MaterializeResult("daily")
        yield dg.MaterializeResult("weekly")

    @dg.asset_check(asset=dg.AssetKey(["feeds", "raw"]))
    def judged() -> dg.AssetCheckResult:
        raise ValueError("item I-SECRET, key xyzzy")

    return [raw, pieces, judged]


STEPS = {"feeds__raw": "feeds", "features": "features", "feeds__raw_judged": "quality"}


def run(settings: Settings) -> str:
    """Run the three steps as Dagster does, and return the run's id."""
    tracer = tracer_of(settings)
    *made, check = (traced(step, tracer, STEPS) for step in steps())
    definitions = dg.Definitions(assets=made, asset_checks=[check])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        job = definitions.resolve_implicit_global_asset_job_def()
    done = job.execute_in_process(raise_on_error=False, run_config=QUIET)
    return done.run_id


QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


def told(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


def test_nothing_is_told_unless_it_is_asked_for(capfd: pytest.CaptureFixture[str]) -> None:
    assert tracer_of(Settings()) is None
    run(Settings())
    assert told(capfd.readouterr().err) == []


def test_every_step_is_a_span_in_the_trace_of_its_run(capsys: pytest.CaptureFixture[str]) -> None:
    run_id = run(Settings(tracing=Tracing.CONSOLE))
    found = told(capsys.readouterr().err)
    assert {span["name"]: span["status"]["status_code"] for span in found} == {
        "feeds/feeds__raw": "UNSET", "features/features": "UNSET", "quality/feeds__raw_judged": "ERROR",
    }  # fmt: skip
    assert {span["context"]["trace_id"] for span in found} == {f"0x{trace_id(run_id)}"}
    assert {span["attributes"]["equipoise.run_id"] for span in found} == {run_id}
    assert all(span["start_time"] <= span["end_time"] for span in found)


def test_the_log_has_a_line_for_every_step_and_of_one_that_fails_only_the_kind(
    capsys: pytest.CaptureFixture[str],
) -> None:
    run_id = run(Settings(log=Log.JSON))
    text = capsys.readouterr().err
    found = {line["event"]: line for line in told(text)}
    assert [(name, line["level"], line["error"]) for name, line in sorted(found.items())] == [
        ("features/features", "info", ""), ("feeds/feeds__raw", "info", ""),
        ("quality/feeds__raw_judged", "error", "ValueError"),
    ]  # fmt: skip
    assert {(line["trace_id"], line["run_id"]) for line in found.values()} == {(trace_id(run_id), run_id)}
    assert set(found["features/features"]) == {"at", "level", "event", "trace_id", "seconds", "error", "run_id"}
    assert not any(word in line for line in map(str, found.values()) for word in ("I-SECRET", "xyzzy"))


def test_a_gateway_call_is_a_span_in_the_trace_of_the_order(capsys: pytest.CaptureFixture[str]) -> None:
    store, tracer = issued(), tracer_of(Settings(tracing=Tracing.CONSOLE))
    assert tracer is not None
    send_due(store, TracedGateway(MemoryGateway(), tracer), "sample", TERMS, Time())
    (order,) = store.orders()
    (span,) = spans(capsys.readouterr().err)
    assert span["name"] == "memory.submit"
    assert span["context"]["trace_id"] == f"0x{trace_id(order.document.provenance.run_id)}"  # type: ignore[index]
    assert span["attributes"] == {"equipoise.order_id": order.order_id, "equipoise.answer": "accepted"}


def test_the_log_has_a_short_line_for_each_call(
    capsys: pytest.CaptureFixture[str],
) -> None:
    store, tracer = issued(), tracer_of(Settings(log=Log.JSON))
    assert tracer is not None
    (order,) = store.orders()
    trace = trace_id(order.document.provenance.run_id)
    gateway = TracedGateway(MemoryGateway(), tracer, lambda _: trace)
    send_due(store, gateway, "sample", TERMS, Time())
    gateway.find(order.order_id)
    calls = spans(capsys.readouterr().err)
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
