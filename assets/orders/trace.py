"""The trace of an order: one id from the run that took its feeds in to the other side's receipt.

The run's id is the trace's, so that nothing has to be kept: whoever has an order can tell its trace. Not
here: spans, and where they are sent (``orchestration.tracing``).
"""

from __future__ import annotations

import uuid

from assets.kernel.identifiers import digest
from assets.orders.events import Document


def trace_id(run_id: str) -> str:
    """Return a run's trace id: 32 hexadecimal digits, its UUID where it has one.

    >>> trace_id("e8b8d98f-d330-4dd8-b06f-b3943e2e752e")
    'e8b8d98fd3304dd8b06fb3943e2e752e'
    """
    try:
        return uuid.UUID(run_id).hex
    except ValueError:
        return digest("trace", run_id)[:32]


def trace_parent(document: Document, revision: int) -> str:
    """Return what a message about a document carries: W3C ``traceparent``, version 00."""
    span = digest("span", document.order_id, revision)[:16]
    return f"00-{trace_id(document.provenance.run_id)}-{span}-01"
