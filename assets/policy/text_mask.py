"""Sensitive items hidden in text: labels for ids, and no numbers beside them.

Not here: tables and records (``masking``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from assets.kernel.identifiers import digest

HIDDEN = "…"
_TOKEN = re.compile(r"[\w.,'’+−-]*\d[\w.,'’+−%-]*")
_EDGES = ".,'’+−%-"
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}(T[\d.]*)?")
_NUMBER = re.compile(r"\d[\d.,'’+−-]*(e[+−-]?\d+)?[^\W\d_]{0,3}", re.IGNORECASE)


class TextMask:
    """Hides some items in text.

    Parameters
    ----------
    items : iterable of str
        Ids of the sensitive items; an empty id is none.
    numbers : bool
        Whether numbers are hidden as well where a text names one.
    closed : iterable of str
        Other names whose numbers are hidden: they stay themselves.
    """

    def __init__(self, items: Iterable[str], numbers: bool, closed: Iterable[str] = ()) -> None:
        # By digest: a label does not tell where in the alphabet an id stands.
        ids = sorted(set(items) - {""}, key=digest)
        self._closed = frozenset(closed) - {"", *ids}
        self._numbers = numbers
        self._lengths = sorted({len(name) for name in (*ids, *self._closed)}, reverse=True)
        self._first = frozenset(name[0] for name in (*ids, *self._closed))
        self._known: dict[str, bool] = {}
        self._labels = {item: f"⟨hidden{place}⟩" for place, item in enumerate(ids, 1)}
        if any(self._spans(label) for label in self._labels.values()):
            # An item is named like a label.
            self._labels = dict.fromkeys(ids, HIDDEN)
        self._labels |= {name: name for name in self._closed}

    @property
    def labels(self) -> Mapping[str, str]:
        """Id to the label that stands for it, and closed names to themselves."""
        return self._labels

    def names_item(self, text: str) -> bool:
        """Tell whether a text names a sensitive item, closed names aside."""
        return self.names(text) and (not self._closed or not self.found(text) <= self._closed)

    def names(self, text: str) -> bool:
        """Tell whether a text names a sensitive item, or what is closed."""
        if text not in self._known:
            self._known[text] = text in self._labels or bool(self._spans(text))
        return self._known[text]

    def found(self, text: str) -> frozenset[str]:
        """Return the sensitive items and closed names in a text."""
        return frozenset({text} if text in self._labels else (text[start:end] for start, end in self._spans(text)))

    def of(self, text: str, hide: bool = False) -> str:
        """Return a text as it may be shown; ``hide`` also takes the numbers of one that names no item."""
        if text in self._labels:
            return self._labels[text]
        if not hide and not self.names(text):
            return text
        told, at = [], 0
        for start, end in [*self._spans(text), (len(text), len(text))]:
            between = text[at:start]
            told.append(_TOKEN.sub(_without_number, between) if self._numbers else between)
            told.append(self._labels.get(text[start:end], ""))
            at = end
        return "".join(told)

    def _spans(self, text: str) -> list[tuple[int, int]]:
        """Return where a text names an item, the longest name first at each place.

        A name ends where no letter or digit goes on: ``I1`` is not in ``I10``, but in ``I1-S2`` and ``T_I1``.
        """
        found, at = [], 0
        while at < len(text):
            end = self._end_of_name(text, at) if text[at] in self._first else 0
            if end:
                found.append((at, end))
            at = end or at + 1
        return found

    def _end_of_name(self, text: str, start: int) -> int:
        """Return where the longest name that begins here ends; 0 if none does."""
        if start and text[start].isalnum() and text[start - 1].isalnum():
            return 0
        for length in self._lengths:
            end = start + length
            goes_on = end < len(text) and text[end - 1].isalnum() and text[end].isalnum()
            if end <= len(text) and not goes_on and text[start:end] in self._labels:
                return end
        return 0


def _without_number(found: re.Match[str]) -> str:
    """Hide a number, a range, or a number with its unit; days and numbers inside names stay."""
    token = found.group()
    core = token.strip(_EDGES)
    if _DAY.fullmatch(core) or not _NUMBER.fullmatch(core):
        return token
    return HIDDEN + token[len(token.rstrip(_EDGES)) :]
