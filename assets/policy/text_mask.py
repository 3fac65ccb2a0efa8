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
    """

    def __init__(self, items: Iterable[str], numbers: bool) -> None:
        # By digest: a label does not tell where in the alphabet an id stands.
        ids = sorted(set(items) - {""}, key=digest)
        self._pattern = _pattern_of(ids)
        self._numbers = numbers
        self._labels = {item: f"⟨hidden{place}⟩" for place, item in enumerate(ids, 1)}
        if any(self._pattern.search(label) for label in self._labels.values()):
            # An item is named like a label.
            self._labels = dict.fromkeys(ids, HIDDEN)

    @property
    def labels(self) -> Mapping[str, str]:
        """Id to the label that stands for it."""
        return self._labels

    def names(self, text: str) -> bool:
        """Tell whether a text names a sensitive item."""
        return text in self._labels or self._pattern.search(text) is not None

    def found(self, text: str) -> frozenset[str]:
        """Return the sensitive items that a text names."""
        return frozenset({text} if text in self._labels else self._pattern.findall(text))

    def of(self, text: str, hide: bool = False) -> str:
        """Return a text as it may be shown; ``hide`` also takes the numbers of one that names no item."""
        if text in self._labels:
            return self._labels[text]
        if not hide and not self.names(text):
            return text
        parts = self._pattern.split(text)
        if self._numbers:
            parts = [_TOKEN.sub(_without_number, part) for part in parts]
        labels = [self._labels[found.group()] for found in self._pattern.finditer(text)]
        return "".join(part + label for part, label in zip(parts, [*labels, ""], strict=True))


def _without_number(found: re.Match[str]) -> str:
    """Hide a number, a range, or a number with its unit; days and numbers inside names stay."""
    token = found.group()
    core = token.strip(_EDGES)
    if _DAY.fullmatch(core) or not _NUMBER.fullmatch(core):
        return token
    return HIDDEN + token[len(token.rstrip(_EDGES)) :]


def _pattern_of(ids: list[str]) -> re.Pattern[str]:
    """Match any id, the longest first, unless a letter or digit goes on: ``I1`` is not in ``I10``, but in ``I1-S2``."""
    if not ids:
        return re.compile(r"(?!)")
    return re.compile("|".join(_bounded(item) for item in sorted(ids, key=lambda item: (-len(item), item))))


def _bounded(item: str) -> str:
    before = r"(?<![^\W_])" if item[0].isalnum() else ""
    after = r"(?![^\W_])" if item[-1].isalnum() else ""
    return before + re.escape(item) + after
