"""Events as JSON text and back: canonical, so that equal events are equal to the byte.

Keys are sorted, money is decimal text, dates are ISO 8601. Old shapes are lifted here when
``events.SCHEMA_VERSION`` rises. Not here: where the text is kept.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, get_args

from pydantic import TypeAdapter, ValidationError

from assets.kernel.errors import EquipoiseError
from assets.orders.events import SCHEMA_VERSION, Event, LedgerEvent

Lift = Callable[[dict[str, Any]], dict[str, Any]]
"""Turns the content of an event into that of the next schema version."""

UPCASTERS: Mapping[tuple[str, int], Lift] = {}
"""By name of the event and the version that it lifts from; version 2 added events and changed none."""


_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False)


class UnreadableEvent(EquipoiseError):  # noqa: N818 - a state of the world, not a fault of the program
    """An event that this release cannot read."""


class Codec:
    """Reads and writes some kinds of events.

    Parameters
    ----------
    kinds : sequence of type
        Frozen dataclasses; those of an order are always among them.
    upcasters : mapping
        How older shapes are lifted, by name and version.
    """

    def __init__(
        self, kinds: Sequence[type[LedgerEvent]] = (), upcasters: Mapping[tuple[str, int], Lift] = UPCASTERS
    ) -> None:
        self._kinds = {kind.__name__: kind for kind in (*get_args(Event), *kinds)}
        self._upcasters = upcasters

    def to_json(self, event: LedgerEvent) -> str:
        """Return an event's content as canonical JSON text.

        Raises
        ------
        UnreadableEvent
            If the codec does not know its kind.
        """
        content = self._adapter(event_type(event), SCHEMA_VERSION).dump_python(event, mode="json")
        return _ENCODER.encode(content)

    def from_json(self, name: str, schema_version: int, text: str) -> LedgerEvent:
        """Return the event that ``text`` holds.

        Raises
        ------
        UnreadableEvent
            If the event was written by a newer release, its name is unknown, or the text is not one.
        """
        adapter = self._adapter(name, schema_version)
        try:
            lifts = [self._upcasters.get((name, version)) for version in range(schema_version, SCHEMA_VERSION)]
            if not any(lifts):
                return adapter.validate_json(text)  # type: ignore[no-any-return]
            content = json.loads(text)
            for lift in lifts:
                content = lift(content) if lift else content
            return adapter.validate_json(json.dumps(content))  # type: ignore[no-any-return]
        except (ValidationError, ValueError) as error:
            raise UnreadableEvent(
                f"event {name} cannot be read: {str(error).splitlines()[0]}",
                where="order ledger",
                remedy="Run `equipoise ledger verify`",
            ) from error

    def _adapter(self, name: str, schema_version: int) -> TypeAdapter[Any]:
        if schema_version > SCHEMA_VERSION or name not in self._kinds:
            raise UnreadableEvent(
                f"event {name} of schema version {schema_version} is newer than this release reads",
                where="order ledger",
                remedy=f"Install a release that knows schema version {schema_version}",
            )
        return _adapter_of(self._kinds[name])


@cache
def _adapter_of(kind: type[LedgerEvent]) -> TypeAdapter[Any]:
    # Made when first met: a command that reads a few events waits for no other.
    return TypeAdapter(kind)


def event_type(event: LedgerEvent) -> str:
    """Return the name an event is stored under."""
    return type(event).__name__
