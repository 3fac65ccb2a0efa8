"""What governance knows of one order: all that approval and pause rules look at.

Not here: the rules (``approval``, ``pause``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from assets.orders.events import PARAMETERS, Document, Levels

TRANSFER, PURCHASE = "transfer", "purchase"
REVERSIBLE_KINDS = frozenset({TRANSFER, PARAMETERS})
"""What can be taken back without cost: goods that can travel back, levels that can be set back. What was bought or
sped up cannot."""


@dataclass(frozen=True)
class OrderFacts:
    """One revision of an order, as approval and pause rules see it.

    Attributes
    ----------
    order_id, revision, content_digest
        Which content of which order.
    plan_date : date
        Day whose plan wants it.
    kind, origin_id, destination_id : str
        ``transfer``, ``purchase``, ``expedite`` or ``parameters``; a purchase's origin is the supplier, an expedite's
        may be, and parameters have none.
    value_amount : Decimal
        Value over all lines.
    reversible : bool
        Whether it can be taken back without cost once it was sent.
    sensitive_items, new_items : tuple of str
        Items of it that are sensitive; that were never ordered before.
    new_lane, new_supplier : bool
        Whether nothing was ever ordered on its lane; from its supplier.
    forecast_width : float
        Width of the forecasts behind its lines (90 % quantile less 10 % quantile, over the median), by value.
    warnings : tuple of str
        Rules of quality gates that warned of its items or sites.
    requested_by : tuple of str
        People whose wish it is: who overrode it or asked for it. Empty for a plan's own.
    decided_before : str
        What a person decided of an earlier revision of it; empty if nobody did.
    new_levels, withdrawn_levels : tuple of str
        Items that its site's ERP is to order by itself from now on, or no more.
    level_changes : tuple of (str, float)
        Other items whose levels it changes, and by how much: the larger change of reorder point and maximum, as a
        share of the last one that a person approved (at least a unit), so that small changes do not add up unseen.
    level_sources : tuple of (str, str)
        How and from where the ERP is to order what is not withdrawn: purchase or transfer, supplier or site.
    moved_sources : tuple of (str, str)
        Items whose ERP is to order them from another source than before, and that source.
    new_level_sources : tuple of str
        Suppliers and lanes among the sources of new and moved items that nothing was ever ordered on, in words.
    """

    order_id: str
    revision: int
    content_digest: str
    plan_date: dt.date
    kind: str
    origin_id: str
    destination_id: str
    value_amount: Decimal
    reversible: bool = True
    sensitive_items: tuple[str, ...] = ()
    new_items: tuple[str, ...] = ()
    new_lane: bool = False
    new_supplier: bool = False
    forecast_width: float = 0.0
    warnings: tuple[str, ...] = ()
    requested_by: tuple[str, ...] = ()
    decided_before: str = ""
    new_levels: tuple[str, ...] = ()
    withdrawn_levels: tuple[str, ...] = ()
    level_changes: tuple[tuple[str, float], ...] = ()
    level_sources: tuple[tuple[str, str], ...] = ()
    moved_sources: tuple[tuple[str, str], ...] = ()
    new_level_sources: tuple[str, ...] = ()


@dataclass(frozen=True)
class Known:
    """What a plan date knows beside its documents.

    Attributes
    ----------
    sensitive_items : frozenset of str
        Of the item master.
    suppliers : frozenset of str
        All there are; what is sped up may come from one, or from a site.
    ordered_items, ordered_lanes, ordered_suppliers : frozenset
        Items, (origin, destination) and suppliers that any earlier order was issued for.
    forecast_widths : dict
        Item and destination to width of the forecast.
    warnings : dict
        Item, site, or supplier to the rules that warned of it.
    """

    sensitive_items: frozenset[str] = frozenset()
    suppliers: frozenset[str] = frozenset()
    ordered_items: frozenset[str] = frozenset()
    ordered_lanes: frozenset[tuple[str, str]] = frozenset()
    ordered_suppliers: frozenset[str] = frozenset()
    forecast_widths: Mapping[tuple[str, str], float] = field(default_factory=dict)
    warnings: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def facts_of(document: Document, revision: int, known: Known, requested_by: tuple[str, ...] = ()) -> OrderFacts:
    """Return the facts of one revision of a document."""
    items = sorted({line.item_id for line in document.lines})
    # Levels order nothing: whether anything was ever ordered says nothing of them.
    orders = document.kind != PARAMETERS
    lane = (document.origin_id, document.destination_id)
    bought = document.kind == PURCHASE or document.origin_id in known.suppliers
    warned = {rule for key in (*items, *lane) for rule in known.warnings.get(key, ())}
    return OrderFacts(
        document.order_id,
        revision,
        document.content_digest,
        document.plan_date,
        document.kind,
        document.origin_id,
        document.destination_id,
        document.value_amount,
        reversible=document.kind in REVERSIBLE_KINDS,
        sensitive_items=tuple(item for item in items if item in known.sensitive_items),
        new_items=tuple(item for item in items if orders and item not in known.ordered_items),
        new_lane=orders and not bought and lane not in known.ordered_lanes,
        new_supplier=bought and document.origin_id not in known.ordered_suppliers,
        forecast_width=_width(document, known) if orders else 0.0,
        warnings=tuple(sorted(warned)),
        requested_by=requested_by,
        **_level_facts(document, known),
    )


def _level_facts(document: Document, known: Known) -> dict[str, Any]:
    told = [(line.item_id, line.levels) for line in document.lines if line.levels is not None]
    stays = [(item, levels) for item, levels in told if not levels.is_withdrawn]
    sources = [
        (line.item_id, (line.mode, line.levels.source_id), (line.levels.former_mode, line.levels.former_source_id))
        for line in document.lines
        if line.levels is not None and not line.levels.is_withdrawn
    ]
    fresh = {now for _, now, before in sources if now != before}
    return {
        "level_sources": tuple(sorted({now for _, now, _ in sources})),
        "moved_sources": tuple((item, now[1]) for item, now, before in sources if any(before) and now != before),
        "new_level_sources": tuple(
            _never_used(*one, document, known) for one in sorted(fresh) if _never_used(*one, document, known)
        ),
        "new_levels": tuple(item for item, levels in stays if levels.former_maximum_units is None),
        "withdrawn_levels": tuple(item for item, levels in told if levels.is_withdrawn),
        "level_changes": tuple((item, _change(one)) for item, one in stays if one.former_maximum_units is not None),
    }


def _never_used(mode: str, source: str, document: Document, known: Known) -> str:
    """Return in words a source that nothing was ever ordered from for a site; empty where something was."""
    if mode == PURCHASE:
        return "" if source in known.ordered_suppliers else f"supplier {source}"
    lane = (source, document.destination_id)
    return "" if lane in known.ordered_lanes else f"lane {source} to {document.destination_id}"


def _change(levels: Levels) -> float:
    """Return the larger change; against what stood there where no approval is known."""
    now = (levels.reorder_point_units, levels.maximum_units)
    stood = (levels.former_reorder_point_units, levels.former_maximum_units)
    seen = (levels.approved_reorder_point_units, levels.approved_maximum_units)
    bases = [before or 0 if approved is None else approved for before, approved in zip(stood, seen, strict=True)]
    return max(abs(one - base) / max(base, 1) for one, base in zip(now, bases, strict=True))


def _width(document: Document, known: Known) -> float:
    """Return the mean width over lines, by value: one slow seller does not put a full truck in doubt."""
    worth = [float(line.value_amount) for line in document.lines]
    widths = [known.forecast_widths.get((line.item_id, document.destination_id), 0.0) for line in document.lines]
    if not sum(worth):
        return max(widths, default=0.0)
    return sum(value * width for value, width in zip(worth, widths, strict=True)) / sum(worth)
