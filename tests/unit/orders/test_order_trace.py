"""One trace id from the run that took feeds in to the message that the other side gets."""

import dataclasses

from unit.orders.order_samples import order_book
from unit.orders.test_outbox import TERMS, Time, issued

from assets.orders.gateways.memory import MemoryGateway
from assets.orders.gateways.port import Receipt, Submission
from assets.orders.outbox import send_due
from assets.orders.trace import trace_id, trace_parent

RUN = "e8b8d98f-d330-4dd8-b06f-b3943e2e752e"


def test_a_run_is_a_trace_and_what_is_none_gets_one_of_its_own() -> None:
    assert trace_id(RUN) == RUN.replace("-", "")
    assert trace_id("run-1") == trace_id("run-1") != trace_id("run-2")
    assert len(trace_id("run-1")) == 32


def test_each_revision_has_a_span_of_its_own_in_the_trace_of_its_run() -> None:
    document = order_book(run_id=RUN).content[0]
    made = dataclasses.replace(document, provenance=dataclasses.replace(document.provenance, run_id=RUN))
    version, trace, span, flags = trace_parent(made, 1).split("-")
    assert (version, trace, len(span), flags) == ("00", trace_id(RUN), 16, "01")
    assert trace_parent(made, 2) != trace_parent(made, 1)


def test_what_is_sent_carries_the_trace_of_the_run_that_planned_it() -> None:
    store, carried = issued(), []

    class Listening(MemoryGateway):
        def submit(self, submission: Submission) -> Receipt:
            carried.append(submission.trace_parent)
            return super().submit(submission)

    send_due(store, Listening(), "sample", TERMS, Time())
    (order,) = store.orders()
    assert carried == [trace_parent(order.document, 1)]
