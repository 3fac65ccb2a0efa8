"""Events as JSON text and back: canonical, so that equal events are equal to the byte.

Keys are sorted, money is decimal text, dates are ISO 8601. Old shapes are lifted here when
``events.SCHEMA_VERSION`` rises. Not here: where the text is kept.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import asdict
from decimal import Decimal
from typing import Any

from assets.kernel.errors import EquipoiseError
from assets.orders.events import (
    SCHEMA_VERSION,
    Channel,
    Document,
    Event,
    OrderLine,
    OrderProposed,
    OrderRevised,
    OrderWithdrawn,
    Provenance,
)

_DATES = ("departure_date", "arrival_date")
_AMOUNTS = ("value_amount", "transport_amount", "gain_amount")


def event_type(event: Event) -> str:
    """Return the name an event is stored under."""
    return type(event).__name__


def to_json(event: Event) -> str:
    """Return an event's content as canonical JSON text."""
    return json.dumps(asdict(event), sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)


def from_json(name: str, schema_version: int, text: str) -> Event:
    """Return the event that ``text`` holds.

    Raises
    ------
    EquipoiseError
        If the event was written by a newer release, or its name is unknown.
    """
    content = json.loads(text)
    if schema_version > SCHEMA_VERSION or name not in _READERS:
        raise EquipoiseError(
            f"event {name} of schema version {schema_version} is newer than this release reads",
            where="order ledger",
            remedy=f"Install a release that knows schema version {schema_version}",
        )
    return _READERS[name](content)


def _proposed(content: Mapping[str, Any]) -> Event:
    return OrderProposed(_document(content["document"]))


def _revised(content: Mapping[str, Any]) -> Event:
    return OrderRevised(_document(content["document"]), int(content["revision"]))


def _withdrawn(content: Mapping[str, Any]) -> Event:
    return OrderWithdrawn(content["order_id"], content["reason"], content["run_id"])


_READERS = {"OrderProposed": _proposed, "OrderRevised": _revised, "OrderWithdrawn": _withdrawn}


def _document(content: Mapping[str, Any]) -> Document:
    made_by = dict(content["provenance"])
    made_by["batch_ids"] = tuple(made_by["batch_ids"])
    return Document(
        **{
            **content,
            "plan_date": dt.date.fromisoformat(content["plan_date"]),
            "channel": Channel(content["channel"]),
            "lines": tuple(_line(line) for line in content["lines"]),
            "provenance": Provenance(**made_by),
        }
    )


def _line(content: Mapping[str, Any]) -> OrderLine:
    dates = {name: dt.date.fromisoformat(content[name]) for name in _DATES}
    amounts = {name: Decimal(content[name]) for name in _AMOUNTS}
    return OrderLine(**{**content, **dates, **amounts})
