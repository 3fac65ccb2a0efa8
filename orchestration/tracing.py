"""Spans and log lines of stages and of gateway calls, in the trace that an order carries to the other side.

Off unless ``EQUIPOISE_TRACING=console`` asks for spans as OpenTelemetry prints them, or ``EQUIPOISE_LOG=json`` for a
short line each; both go to standard error, a JSON object a line, and are made of the same spans.
Attributes are ids, states and seconds, and of an error only its kind: no secret, item or quantity.
Not here: trace ids (``orders.trace``).
"""

from __future__ import annotations

import datetime as dt
import json
import sys
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, TypeVar

from assets.orders.gateways.port import Cancellation, Confirmations, Gateway, Receipt, Submission
from assets.orders.trace import trace_id
from orchestration.settings import Log, Settings, Tracing

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.trace import Tracer

T = TypeVar("T")
_SECOND_NS = 1_000_000_000


def tracer_of(settings: Settings) -> Tracer | None:
    """Return what makes spans; ``None`` where neither they nor log lines are asked for."""
    if settings.tracing is Tracing.OFF and settings.log is Log.OFF:
        return None
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import ConsoleSpanExporter, SimpleSpanProcessor

    provider = TracerProvider(resource=Resource.create({"service.name": "equipoise"}), shutdown_on_exit=False)
    wanted = {one_line: settings.tracing is not Tracing.OFF, log_line: settings.log is Log.JSON}
    for formatter in (line for line, is_wanted in wanted.items() if is_wanted):
        exporter = ConsoleSpanExporter(out=sys.stderr, formatter=formatter)
        provider.add_span_processor(SimpleSpanProcessor(exporter))
    return provider.get_tracer("equipoise")


def one_line(span: ReadableSpan) -> str:
    """Return a span as OpenTelemetry writes it, on one line."""
    return span.to_json(indent=None) + "\n"


def log_line(span: ReadableSpan) -> str:
    """Return a span as a line of the log: when it ended, what it was, in which trace, how long, and how it went."""
    context, began, ended = span.get_span_context(), span.start_time or 0, span.end_time or 0
    told = {name.removeprefix("equipoise."): value for name, value in (span.attributes or {}).items()}
    line = {
        "at": dt.datetime.fromtimestamp(ended / _SECOND_NS, dt.UTC).isoformat(timespec="milliseconds"),
        "level": "info" if span.status.is_ok else "error",
        "event": span.name,
        "trace_id": f"{context.trace_id:032x}" if context else "",
        "seconds": round((ended - began) / _SECOND_NS, 3),
        "error": span.status.description or "",
        **told,
    }
    return json.dumps(line, default=str) + "\n"


def trace_stages(tracer: Tracer | None, run_id: str, steps: Iterable[tuple[str, float, float]]) -> None:
    """Make a span of each step of a run, after it has ended.

    Parameters
    ----------
    steps : iterable of (str, float, float)
        Stage and step, and when it started and ended, in seconds since 1970.
    """
    if tracer is None:
        return
    for name, started, ended in steps:
        span = tracer.start_span(name, _within(trace_id(run_id)), start_time=int(started * _SECOND_NS))
        span.set_attribute("equipoise.run_id", run_id)
        span.end(int(ended * _SECOND_NS))


class TracedGateway:
    """A gateway that makes a span of every call.

    Parameters
    ----------
    inner : Gateway
        The real one.
    tracer : Tracer
        Makes spans.
    trace_of : callable
        Returns the trace of an order by its id, for calls that carry none; empty if it is not known.
    """

    def __init__(self, inner: Gateway, tracer: Tracer, trace_of: Callable[[str], str] = lambda _: "") -> None:
        self._inner = inner
        self._tracer = tracer
        self._trace_of = trace_of

    @property
    def name(self) -> str:
        """Name of the kind that is traced."""
        return self._inner.name

    def submit(self, submission: Submission) -> Receipt:
        """Hand a document over."""
        trace = submission.trace_parent.split("-")[1] if submission.trace_parent else ""
        return self._traced("submit", submission.reference, lambda: self._inner.submit(submission), trace)

    def find(self, reference: str) -> Receipt | None:
        """Return what the other side has under our reference."""
        return self._traced("find", reference, lambda: self._inner.find(reference))

    def cancel(self, cancellation: Cancellation) -> Receipt:
        """Ask for an order to be carried out no further."""
        return self._traced("cancel", cancellation.reference, lambda: self._inner.cancel(cancellation))

    def confirmations(self, since: str) -> Confirmations:
        """Return what the other side said beyond a cursor."""
        return self._traced("confirmations", "", lambda: self._inner.confirmations(since))

    def references(self) -> tuple[str, ...]:
        """Return our references of every order that the other side has."""
        return self._traced("references", "", self._inner.references)

    def _traced(self, method: str, reference: str, call: Callable[[], T], trace: str = "") -> T:
        from opentelemetry.trace import Status, StatusCode

        trace = trace or (self._trace_of(reference) if reference else "")
        span = self._tracer.start_span(f"{self.name}.{method}", _within(trace) if trace else None, start_time=_now())
        span.set_attribute("equipoise.order_id", reference)
        try:
            answer = call()
        except Exception as error:
            span.set_status(Status(StatusCode.ERROR, type(error).__name__))
            raise
        else:
            if isinstance(answer, Receipt):
                span.set_attribute("equipoise.answer", answer.answer.value)
            return answer
        finally:
            span.end(_now())


def _now() -> int:
    return time.time_ns()


def _within(trace: str) -> Context:
    """Return the context of a trace that begins elsewhere."""
    from opentelemetry import trace as api

    parent = api.SpanContext(int(trace, 16), int(trace[:16], 16) or 1, is_remote=True, trace_flags=api.TraceFlags(1))
    return api.set_span_in_context(api.NonRecordingSpan(parent))
