"""Requests as CloudEvents 1.0 in structured mode: one JSON text with the attributes and the data.

Structured, because a signature over the body then covers the attributes too. Queries are events as well, so
that whatever is asked is signed. Not here: signatures (``signature``), HTTP (``webhook``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from assets.orders.gateways.port import NotUnderstood
from assets.orders.gateways.wire import SCHEMA_VERSION, canonical
from assets.orders.gateways.wire_reading import parsed

CONTENT_TYPE = "application/cloudevents+json"
SPEC_VERSION = "1.0"


class Request(StrEnum):
    """What is asked: the ``type`` of an event."""

    SUBMIT = "equipoise.order.submit"
    CANCEL = "equipoise.order.cancel"
    FIND = "equipoise.order.find"
    CONFIRMATIONS = "equipoise.confirmations.list"
    REFERENCES = "equipoise.references.list"


@dataclass(frozen=True)
class CloudEvent:
    """An event.

    Attributes
    ----------
    event_id : str
        The same for every attempt: the idempotency key where there is one.
    source : str
        Who asks.
    request : Request
        What is asked.
    time : str
        RFC 3339.
    data : mapping
        A message of ``wire``, or what a query asks for.
    subject : str
        Our reference; empty where it is about none.
    trace_parent : str
        W3C ``traceparent``; empty without tracing.
    """

    event_id: str
    source: str
    request: Request
    time: str
    data: Mapping[str, Any]
    subject: str = ""
    trace_parent: str = ""

    def to_json(self) -> bytes:
        """Return the event as it goes over the wire."""
        optional = {"subject": self.subject, "traceparent": self.trace_parent}
        content = {
            "specversion": SPEC_VERSION,
            "id": self.event_id,
            "source": self.source,
            "type": self.request.value,
            "time": self.time,
            "datacontenttype": "application/json",
            "dataschema": f"urn:equipoise:{self.request.value}:{SCHEMA_VERSION}",
            "data": dict(self.data),
        }
        return canonical(content | {name: value for name, value in optional.items() if value}).encode()


def read_event(body: bytes, *, where: str) -> CloudEvent:
    """Return an event that came in.

    Raises
    ------
    NotUnderstood
        If it is none of ours.
    """
    content = parsed(body, where=where)
    if not isinstance(content, dict) or content.get("specversion") != SPEC_VERSION:
        raise NotUnderstood("it is no CloudEvent 1.0", where=where, remedy="Send structured mode, specversion 1.0")
    kinds = {request.value: request for request in Request}
    data, kind = content.get("data"), content.get("type")
    names = [str(content.get(name, "")) for name in ("id", "source", "time", "subject", "traceparent")]
    if kind not in kinds or not isinstance(data, dict) or not names[0] or not names[1]:
        raise NotUnderstood("type, id, source or data are missing or unknown", where=where, remedy="Send them")
    return CloudEvent(names[0], names[1], kinds[kind], names[2], data, names[3], names[4])
