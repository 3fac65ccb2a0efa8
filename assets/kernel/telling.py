"""Values and counts as they are told: as JSON holds them, or in words. Not here: pages (``page``), or any layout."""

from __future__ import annotations

import datetime as dt
import decimal
import math
from collections.abc import Sized
from typing import Any

import pandas as pd

Record = dict[str, Any]


def plain(value: Any) -> Any:
    """Return ``value`` as JSON holds it: dates as ISO text, what is missing as null.

    >>> plain(float("nan")), plain(dt.date(2025, 1, 31))
    (None, '2025-01-31')
    """
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(item) for item in value]
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    if value is None or value is pd.NaT or value is pd.NA:
        return None
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, decimal.Decimal):
        return float(value)
    return None if isinstance(value, float) and not math.isfinite(value) else value


def counted(things: Sized, name: str) -> str:
    """Return how many there are, with the name of one or several.

    >>> counted([1], "line"), counted([], "batch")
    ('1 line', '0 batches')
    """
    plural = f"{name}es" if name.endswith("ch") else f"{name}s"
    return f"{len(things):,} {name if len(things) == 1 else plural}"
