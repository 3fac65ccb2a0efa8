"""Where a shadow's documents part from the active plan's: by kind, origin and destination.

Pure. Not here: making either (``shadow``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import pandas as pd

from assets.kernel.frames.rollout import SHADOW_DIFFERENCES
from assets.orders.events import Document

Ends = tuple[str, str, str]


def differences(release: str, plan_date: dt.date, shadow: Sequence[Document], live: Sequence[Document]) -> pd.DataFrame:
    """Return SHADOW_DIFFERENCES of one release: documents of either that the other has not just so."""
    theirs, ours = _by_ends(shadow), _by_ends(live)
    rows = []
    for ends in sorted(theirs.keys() | ours.keys()):
        one, other = theirs.get(ends), ours.get(ends)
        if one and other and one.content_digest == other.content_digest:
            continue
        rows.append(_row(ends, one, other) | {"plan_date": pd.Timestamp(plan_date), "policy_release": release})
    return SHADOW_DIFFERENCES.conform(pd.DataFrame(rows)) if rows else SHADOW_DIFFERENCES.empty()


def _by_ends(documents: Sequence[Document]) -> dict[Ends, Document]:
    return {(one.kind, one.origin_id, one.destination_id): one for one in documents}


def _row(ends: Ends, shadow: Document | None, live: Document | None) -> dict[str, object]:
    return {
        **dict(zip(("kind", "origin_id", "destination_id"), ends, strict=True)),
        "shadow_order_id": shadow.order_id if shadow else "",
        "order_id": live.order_id if live else "",
        "shadow_units": shadow.quantity_units if shadow else 0,
        "active_units": live.quantity_units if live else 0,
        "shadow_value_amount": float(shadow.value_amount) if shadow else 0.0,
        "active_value_amount": float(live.value_amount) if live else 0.0,
        "changed_lines": len({line[:2] for line in _lines(shadow) ^ _lines(live)}),
    }


def _lines(document: Document | None) -> set[tuple[object, ...]]:
    """Return what the receiver acts on, by item and mode."""
    return {
        (line.item_id, line.mode, line.quantity_units, line.departure_date, line.arrival_date, line.value_amount)
        for line in (document.lines if document else ())
    }
