"""Spans and log lines of steps and of gateway calls, in the trace that an order carries to the other side.

A step makes its span itself, so that runs of the command line, of Dagster's pages, schedules and sensors tell alike.

Off unless ``EQUIPOISE_TRACING=console`` asks for spans as OpenTelemetry prints them, or ``EQUIPOISE_LOG=json`` for a
short line each; both go to standard error, a JSON object a line, and are made of the same spans.
Attributes are ids, states and seconds, and of an error only its kind: no secret, item or quantity.
Not here: trace ids (``orders.trace``).
"""

from __future__ import annotations

import datetime as dt
import functools
import inspect
import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import dagster as dg
from dagster import DagsterInvariantViolationError

from assets.orders.gateways.port import Cancellation, Confirmations, Gateway, Receipt, Submission
from assets.orders.trace import trace_id
from orchestration.settings import Log, Settings, Tracing
from orchestration.timings import OTHER

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


def traced(asset: Any, tracer: Tracer | None, stages: Mapping[str, str]) -> Any:
    """Return an asset (or a check) each run of whose step is a span, whoever started it; others as they are.

    Parameters
    ----------
    tracer : Tracer or None
        Makes spans; ``None`` leaves everything as it is.
    stages : mapping
        Step to its stage.
    """
    if tracer is None or not isinstance(asset, dg.AssetsDefinition) or not asset.is_executable:
        return asset
    body, step = asset.op.compute_fn, asset.node_def.name
    name = f"{stages.get(step, OTHER)}/{step}"
    # Dagster has no public way to wrap the function that an asset was declared with.
    asset.op._compute_fn = body._replace(  # type: ignore[union-attr]
        decorated_fn=_spanned(body.decorated_fn, lambda: _step_span(tracer, name))
    )
    return asset


def _spanned(body: Callable[..., Any], span: Callable[[], AbstractContextManager[None]]) -> Callable[..., Any]:
    @functools.wraps(body)
    def whole(*given: Any, **named: Any) -> Any:
        with span():
            return body(*given, **named)

    @functools.wraps(body)
    def piecewise(*given: Any, **named: Any) -> Iterator[Any]:
        with span():
            yield from body(*given, **named)

    return piecewise if inspect.isgeneratorfunction(body) else whole


@contextmanager
def _step_span(tracer: Tracer, name: str) -> Iterator[None]:
    """Make a span of what a step does, in the trace of its run."""
    from opentelemetry.trace import Status, StatusCode

    run_id = dg.OpExecutionContext.get().run_id
    span = tracer.start_span(name, _within(trace_id(run_id)), start_time=_now())
    span.set_attribute("equipoise.run_id", run_id)
    try:
        yield
    except Exception as error:
        span.set_status(Status(StatusCode.ERROR, type(error).__name__))
        raise
    finally:
        span.end(_now())


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

    @property
    def address(self) -> str:
        """Which system of the kind."""
        return self._inner.address

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

        trace = trace or (self._trace_of(reference) if reference else _trace_of_step())
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


def _trace_of_step() -> str:
    """Return the trace of the run whose step this is; empty outside of one."""
    try:
        return trace_id(dg.OpExecutionContext.get().run_id)
    except DagsterInvariantViolationError:
        return ""


def _now() -> int:
    return time.time_ns()


def _within(trace: str) -> Context:
    """Return the context of a trace that begins elsewhere."""
    from opentelemetry import trace as api

    parent = api.SpanContext(int(trace, 16), int(trace[:16], 16) or 1, is_remote=True, trace_flags=api.TraceFlags(1))
    return api.set_span_in_context(api.NonRecordingSpan(parent))
