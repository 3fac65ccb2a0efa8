"""What Dagster's pages and logs show of sensitive items: nothing, for they know no person.

Mapped over all assets once: whatever a step returns or logs goes through here on its way to the event log. Numbers of
a page go where they would tell of one item: beside the lines of an order that holds it, and where the table of the
page holds exactly one. Not here: which items are sensitive (``sensitive``), or hiding them (``policy.masking``).
"""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import dagster as dg
import pandas as pd

from assets.kernel.defs import hidden_by
from assets.kernel.errors import EquipoiseError
from assets.kernel.home import NetworkHome
from assets.kernel.published import Published
from assets.orders.store import OrderStore
from assets.policy.masking import Mask, sensitive_in
from assets.policy.oversight import MaskingRules
from orchestration.sensitive import Hidden, NamedOrders, SensitiveItems

HIDDEN = "hidden: it would tell of a sensitive item"
_KEPT = object()
_NOTHING = object()
_TABLE = "table behind the page"
_IMAGE = re.compile(r"!\[[^\]]*\]\(data:[^)]*\)")


class PageVeil:
    """Hides sensitive items in Dagster's events, unless all who read its pages may see them.

    Parameters
    ----------
    home : NetworkHome
        Whose items.
    store : OrderStore
        The ledger, which says what orders hold.
    lifted : bool
        Whether everybody who reads the pages may see sensitive items.
    """

    def __init__(self, home: NetworkHome, store: OrderStore, *, lifted: bool = False) -> None:
        self._items = SensitiveItems(home, store)
        self._store = store
        self._published = Published(home.published)
        self._lifted = lifted

    @property
    def hidden(self) -> frozenset[str]:
        """Items that are hidden now."""
        return frozenset() if self._lifted else self._items.now()

    def event(self, event: Any) -> Any:
        """Return what a step yields or logs, as anybody may see it."""
        if self._lifted:
            return event
        hidden = self.hidden
        match event:
            case dg.Output():
                return event.with_metadata(self._page(event.metadata, hidden, event.value))
            case dg.MaterializeResult():
                page = self._page(event.metadata or {}, hidden, getattr(event, "value", None))
                checks = [self.event(check) for check in event.check_results or ()]
                return event._replace(metadata=page, check_results=checks)
            case dg.AssetMaterialization() | dg.AssetObservation() | dg.AssetCheckResult():
                page = self._page(event.metadata, hidden, None)
                told = None if event.description is None else self._text(event.description, hidden)
                return event._replace(metadata=page, description=told)
        return event

    def metadata(self, metadata: Mapping[str, Any], rows: pd.DataFrame | None = None) -> dict[str, Any]:
        """Return what is told of a table, as anybody may see it."""
        return dict(metadata) if self._lifted else self._page(metadata, self.hidden, rows)

    def error(self, error: Exception) -> Exception:
        """Return an error that names no sensitive item; the same one if it names none."""
        if self._lifted:
            return error
        found = self._hidden_of(str(error), self.hidden)
        if not sensitive_in(str(error), found.items):
            return error
        if isinstance(error, EquipoiseError):
            told = (found.masked(str(part), MaskingRules()) for part in (error.what, error.where, error.remedy))
            what, where, remedy = told
            return EquipoiseError(what, where=where, remedy=remedy)
        return RuntimeError(f"{type(error).__name__}: {found.masked(str(error), MaskingRules())}")

    def _page(self, metadata: Mapping[str, Any], hidden: frozenset[str], rows: Any) -> dict[str, Any]:
        plain = {name: _plain(value) for name, value in metadata.items()}
        shown = {name: value for name, value in plain.items() if value is not _KEPT}
        found = self._hidden_of(shown, hidden)
        if not found.items:
            return dict(metadata)
        mask = Mask(found.items, MaskingRules(), found.orders)
        if rows is None or len(_single(rows, hidden)) == 1:
            # As one record: its own numbers go where a part of it is of a sensitive item.
            told = mask.of(shown | {_TABLE: [{"item": one} for one in _single(rows, hidden)]})
        else:
            told = {name: mask.of(value) for name, value in shown.items()}
        return {
            name: value if plain[name] is _KEPT else _wrapped(value, told[name]) for name, value in metadata.items()
        }

    def _hidden_of(self, shown: Any, hidden: frozenset[str]) -> Hidden:
        return NamedOrders(self._store, hidden, self._published).hidden_of(shown)

    def _text(self, text: str, hidden: frozenset[str]) -> str:
        return self._hidden_of(text, hidden).masked(text, MaskingRules())


def veiled(asset: Any, veil: PageVeil) -> Any:
    """Return an asset (or a check), whatever its body yields, logs or raises looked through; others as they are."""
    if isinstance(asset, dg.AssetsDefinition) and asset.is_executable:
        body = asset.op.compute_fn
        # Dagster has no public way to wrap the function that an asset was declared with.
        asset.op._compute_fn = body._replace(decorated_fn=_looked_through(body.decorated_fn, veil))  # type: ignore[union-attr]
    return asset


def _looked_through(body: Callable[..., Any], veil: PageVeil) -> Callable[..., Any]:
    @functools.wraps(body)
    def whole(*given: Any, **named: Any) -> Any:
        with _within(veil):
            return veil.event(body(*given, **named))

    @functools.wraps(body)
    def piecewise(*given: Any, **named: Any) -> Iterator[Any]:
        made = body(*given, **named)
        try:
            while True:
                # Not across a yield: what others do between two events is not this step's.
                with _within(veil):
                    event = veil.event(next(made, _NOTHING))
                if event is _NOTHING:
                    return
                yield event
        finally:
            made.close()

    return piecewise if inspect.isgeneratorfunction(body) else whole


@contextmanager
def _within(veil: PageVeil) -> Iterator[None]:
    try:
        with hidden_by(veil.event):
            yield
    except Exception as error:
        told = veil.error(error)
        if told is error:
            raise
        # The cause names what must be hidden.
        raise told from None


def _plain(value: Any) -> Any:
    """Return metadata as plain values that can be looked through; ``_KEPT`` for what holds none."""
    match value:
        case dg.TableMetadataValue():
            return [dict(record.data) for record in value.records]
        case dg.MarkdownMetadataValue():
            return [{"line": line} for line in _IMAGE.sub("", str(value.md_str)).splitlines()]
        case dg.TextMetadataValue():
            return value.text
        case dg.JsonMetadataValue():
            return value.data
        case dg.IntMetadataValue() | dg.FloatMetadataValue():
            return value.value
        case bool() | None:
            return _KEPT
        case str() | int() | float() | list() | dict():
            return value
    return _KEPT


def _wrapped(before: Any, told: Any) -> Any:
    """Return what may be told of a value as metadata of its kind."""
    match before:
        case dg.TableMetadataValue():
            return dg.MetadataValue.table([dg.TableRecord(row) for row in told], schema=before.schema)
        case dg.MarkdownMetadataValue():
            lines = "\n".join(row["line"] for row in told)
            return dg.MetadataValue.md("\n".join([lines, *_IMAGE.findall(str(before.md_str))]).strip("\n"))
        case dg.JsonMetadataValue():
            return dg.MetadataValue.json(told)
    return HIDDEN if told is None else told


def _single(rows: Any, hidden: frozenset[str]) -> list[str]:
    """Return the sensitive items of a table."""
    if not isinstance(rows, pd.DataFrame) or "item_id" not in rows:
        return []
    return sorted(hidden & set(rows["item_id"].unique()))
