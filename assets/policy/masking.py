"""Sensitive items hidden from those who may not see them: in frames, records and free text alike.

An item's id becomes the same label everywhere; numbers that stand with it become nothing. Not here: who may see
them (``access``), writing down who did (``governance.access_log``), or which items are sensitive (the feeds).
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Collection, Iterable, Iterator, Mapping
from numbers import Number
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from assets.policy.oversight import MaskingRules
from assets.policy.text_mask import TextMask

Flags = npt.NDArray[np.bool_]
Shown = TypeVar("Shown")
_NO_NUMBERS = (bool, np.bool_, dt.date, dt.time, dt.timedelta, np.datetime64, np.timedelta64)


def masked(shown: Shown, sensitive_items: Iterable[str], may_see: bool, rules: MaskingRules | None = None) -> Shown:
    """Return what somebody may see of a table, a record, a list of them, or a text.

    Parameters
    ----------
    shown : DataFrame, dict, list, tuple, dataclass or str
        What would be shown. A dataclass comes back as a dict, a set as a list.
    sensitive_items : iterable of str
        Ids of all sensitive items, the same for everything that is shown together: labels follow from it.
    may_see : bool
        Whether they may see sensitive items; then everything comes back as it is.
    rules : MaskingRules, optional
        Of the active release.
    """
    items = frozenset(str(item) for item in sensitive_items) - {""}
    if may_see or not items:
        return shown
    told: Shown = Mask(items, rules or MaskingRules()).of(shown)
    return told


def masked_texts(record: Mapping[Any, Any], sensitive_items: Iterable[str]) -> dict[Any, Any]:
    """Return a record whose texts name no sensitive item, nor the numbers told beside one.

    Each text is looked at by itself, so that ids and dates beside one stay as they are.
    """
    texts = TextMask((str(item) for item in sensitive_items), numbers=True)
    return {name: texts.of(value) if isinstance(value, str) else value for name, value in record.items()}


def sensitive_in(shown: Any, sensitive_items: Iterable[str]) -> frozenset[str]:
    """Return the sensitive items that a table, a record, a list of them, or a text names."""
    texts = TextMask((str(item) for item in sensitive_items), numbers=False)
    return frozenset().union(*(texts.found(text) for text in set(texts_in(shown))))


@dataclasses.dataclass(frozen=True)
class Telling:
    """Sums that would tell of one sensitive item.

    Attributes
    ----------
    groups : frozenset
        Names of groups whose sums would.
    total : bool
        Whether the sum over all groups would as well.
    """

    groups: frozenset[Any]
    total: bool


def groups_that_tell(items: Mapping[Any, Collection[str]], sensitive: Collection[str]) -> Telling:
    """Return the groups whose sums would tell the numbers of one sensitive item to who sees all other items.

    A group does that holds exactly one: what is left of its sum without the others is that item's. The total does
    where it holds exactly one, or where exactly one group is withheld, whose sum is what is left of the total.

    Parameters
    ----------
    items : mapping
        Name of each group to the items that it adds up; groups do not overlap.
    sensitive : collection of str
        Ids of sensitive items.

    Examples
    --------
    >>> told = groups_that_tell({"a": ["I1", "I2"], "b": ["I1", "I3", "I4"], "c": ["I5"]}, ["I1", "I3"])
    >>> sorted(told.groups), told.total
    (['a'], True)
    """
    hidden = frozenset(sensitive)
    held = {name: hidden & frozenset(some) for name, some in items.items()}
    groups = frozenset(name for name, some in held.items() if len(some) == 1)
    whole: frozenset[str] = frozenset().union(*held.values()) if held else frozenset()
    return Telling(groups, len(groups) == 1 or len(whole) == 1)


class Mask:
    """Hides some items in anything.

    Parameters
    ----------
    items : frozenset of str
        Ids of the sensitive items.
    rules : MaskingRules
        Whether numbers are hidden as well.
    closed : frozenset of str
        Names of what holds sensitive items, as an order does: they stay, and what is told of them beside their name
        loses its numbers, because a total less the parts that are shown elsewhere would tell the part that is not.
    """

    def __init__(self, items: frozenset[str], rules: MaskingRules, closed: frozenset[str] = frozenset()) -> None:
        self._texts = TextMask(items, rules.numbers, closed)
        self._numbers = rules.numbers

    def of(self, shown: Any) -> Any:
        """Return anything as it may be shown."""
        return self._frame(shown) if isinstance(shown, pd.DataFrame) else self._value(shown, own=False, below=False)

    def _value(self, value: Any, own: bool, below: bool) -> Any:
        """Return a value without ids; ``own`` takes its numbers, ``below`` those of records inside it.

        A record that names a sensitive item loses all its numbers. One that only holds such a record loses its
        own, because a total less the parts that are shown would tell the part that is not.
        """
        value = _plain(value)
        if isinstance(value, Mapping):
            below = below or self._names(value)
            own = below or self._holds(value)
            return {self._scalar(key, False): self._part(part, own, below) for key, part in value.items()}
        if isinstance(value, list | tuple):
            below = below or self._names(value)
            own = own or below or self._names(value, closed=True)
            parts = [self._part(part, own, below) for part in value]
            return parts if isinstance(value, list) else tuple(parts)
        return self._scalar(value, own)

    def _part(self, part: Any, own: bool, below: bool) -> Any:
        return self._value(part, below if _is_record(part) else own, below)

    def _names(self, container: Any, *, closed: bool = False) -> bool:
        """Tell whether a container itself names a sensitive item, not counting the records inside it.

        With ``closed`` what is closed counts as well.
        """
        parts = [*container, *container.values()] if isinstance(container, Mapping) else container
        return any(
            self._names(_plain(p), closed=closed) if _is_plain_list(p) else self._is_named(p, closed) for p in parts
        )

    def _holds(self, container: Any) -> bool:
        """Tell whether a container names a sensitive item, or what is closed, anywhere inside."""
        container = _plain(container)
        if isinstance(container, Mapping):
            return any(self._holds(part) for part in (*container, *container.values()))
        if isinstance(container, list | tuple):
            return any(self._holds(part) for part in container)
        return self._is_named(container, closed=True)

    def _is_named(self, value: Any, closed: bool) -> bool:
        names = self._texts.names if closed else self._texts.names_item
        return not _is_container(value) and names(str(value))

    def _scalar(self, value: Any, hide: bool) -> Any:
        text = str(value)
        if self._texts.names(text):
            return self._texts.of(text, hide)
        if value is None or isinstance(value, _NO_NUMBERS):
            return value
        if isinstance(value, Number):
            return None if hide and self._numbers else value
        return self._texts.of(value, hide) if isinstance(value, str) else value

    def _frame(self, frame: pd.DataFrame) -> pd.DataFrame:
        levels = [frame.index.get_level_values(level) for level in range(frame.index.nlevels)]
        series = [frame.iloc[:, at] for at in range(frame.shape[1])]
        named = [*map(self._rows_named, levels), *map(self._rows_named, series)]
        rows = np.logical_or.reduce(named) if named else np.zeros(len(frame), dtype=bool)
        in_name = [self._holds(name) for name in frame.columns]
        columns = [
            self._column(one, np.ones(len(frame), dtype=bool) if named_so else rows)
            for one, named_so in zip(series, in_name, strict=True)
        ]
        shown = pd.concat(columns, axis=1) if columns else frame.copy()
        shown.columns = self._index(frame.columns) if any(in_name) else frame.columns
        shown.index = self._index(frame.index) if any(one.any() for one in named[: len(levels)]) else frame.index
        return shown

    def _rows_named(self, values: pd.Series[Any] | pd.Index[Any]) -> Flags:
        distinct = {text: self._texts.names(text) for text in set(map(str, values))}
        return np.array([distinct[str(value)] for value in values], dtype=bool)

    def _column(self, column: pd.Series[Any], rows: Flags) -> pd.Series[Any]:
        if not rows.any():
            return column
        shown = [
            self._value(value, own=True, below=True) if hide else value
            for value, hide in zip(column, rows, strict=True)
        ]
        unchanged = pd.api.types.is_bool_dtype(column.dtype) or pd.api.types.is_datetime64_any_dtype(column.dtype)
        dtype = column.dtype if unchanged else object
        return pd.Series(shown, index=column.index, name=column.name, dtype=dtype)

    def _index(self, index: pd.Index[Any]) -> pd.Index[Any]:
        shown = [self._value(value, own=False, below=False) for value in index]
        if isinstance(index, pd.MultiIndex):
            return pd.MultiIndex.from_tuples(shown, names=index.names)
        told: pd.Index[Any] = pd.Index(shown, name=index.name)
        return told


def _plain(value: Any) -> Any:
    """Return a dataclass as a record and a set as a list, one level deep."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    return sorted(value, key=str) if isinstance(value, set | frozenset) else value


def texts_in(shown: Any) -> Iterator[str]:
    """Yield every name and value inside, as text."""
    shown = _plain(shown)
    if isinstance(shown, pd.DataFrame):
        levels = [shown.index.get_level_values(level) for level in range(shown.index.nlevels)]
        for values in (shown.columns, *levels, *(shown.iloc[:, at] for at in range(shown.shape[1]))):
            yield from texts_in(list(values))
    elif isinstance(shown, Mapping):
        yield from texts_in([*shown, *shown.values()])
    elif isinstance(shown, list | tuple):
        for part in shown:
            yield from texts_in(part)
    else:
        yield str(shown)


def _is_container(value: Any) -> bool:
    return isinstance(_plain(value), Mapping | list | tuple)


def _is_plain_list(value: Any) -> bool:
    return isinstance(_plain(value), list | tuple) and not _is_record(value)


def _is_record(value: Any) -> bool:
    """Tell whether a value is a record or holds some."""
    value = _plain(value)
    return isinstance(value, Mapping) or (isinstance(value, list | tuple) and any(_is_record(part) for part in value))
