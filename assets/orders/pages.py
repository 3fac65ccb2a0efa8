"""What Dagster shows of orders: plain values, made from orders as the ledger has them.

Not here: Dagster; the face wraps the values.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pandas as pd

from assets.kernel.page import Page, Plain, Record
from assets.orders.events import PARAMETERS
from assets.orders.order import Order
from assets.orders.store import RecordReport
from assets.orders.trace import trace_id

TOP_DOCUMENTS = 10


def document_page(order: Order) -> Page:
    """Return what a document's own page shows: its lines, why they stand, and what made them."""
    return {"lines": line_records(order), "reasons": reason_records(order), **document_facts(order)}


def documents_page(orders: Sequence[Order], report: RecordReport, logged: int) -> Page:
    """Return the numbers of a plan's documents, how many were logged just now, and the most valuable."""
    return {**book_facts(orders, report), "logged_documents": logged, "most_valuable": top_documents(orders)}


def line_records(order: Order) -> list[Record]:
    """Return the lines of an order, one record a line; of a line with levels, these."""
    if order.document.kind == PARAMETERS:
        return level_records(order)
    return [
        {
            "line": line.line_number,
            "item": line.item_id,
            "quantity_units": line.quantity_units,
            "value_amount": float(line.value_amount),
            "gain_amount": float(line.gain_amount),
            "transport_amount": float(line.transport_amount),
            "mode": line.mode,
            "departure": line.departure_date.isoformat(),
            "arrival": line.arrival_date.isoformat(),
        }
        for line in order.document.lines
    ]


def level_records(order: Order) -> list[Record]:
    """Return the levels that an order hands over, one record a line."""
    return [
        {
            "line": line.line_number,
            "item": line.item_id,
            "supplied_by": f"{line.mode} from {line.levels.source_id}",
            "reorder_point_units": line.levels.reorder_point_units,
            "minimum_units": line.levels.minimum_units,
            "maximum_units": line.levels.maximum_units,
            "former_reorder_point_units": line.levels.former_reorder_point_units,
            "former_maximum_units": line.levels.former_maximum_units,
            "promised_service": float(line.levels.promised_service),
            "withdrawn": line.levels.is_withdrawn,
        }
        for line in order.document.lines
        if line.levels is not None
    ]


def reason_records(order: Order) -> list[Record]:
    """Return why each line stands, one record a line; apart from the numbers, so that both can be read."""
    return [
        {
            "line": line.line_number,
            "item": line.item_id,
            "reason": line.reason,
            "binding_constraints": line.binding_constraints or "none",
        }
        for line in order.document.lines
    ]


def document_facts(order: Order) -> dict[str, Plain]:
    """Return what a planner asks of one document, and what made it."""
    document, made_by = order.document, order.document.provenance
    return {
        "reason": document.reason,
        "kind": document.kind,
        "origin": document.origin_id,
        "destination": document.destination_id,
        "value_amount": float(document.value_amount),
        "gain_amount": float(document.gain_amount),
        "quantity_units": document.quantity_units,
        "channel": document.channel.value,
        "status": order.status.value,
        "revision": order.revision,
        "plan_date": document.plan_date.isoformat(),
        "plan_digest": made_by.plan_digest,
        "policy_release": made_by.policy_release,
        "model_version": made_by.model_version,
        "feature_version": made_by.feature_version,
        "content_digest": document.content_digest,
        "trace_id": trace_id(made_by.run_id),
        "command": f"equipoise explain {order.order_id}",
    }


def event_tags(order: Order) -> dict[str, str]:
    """Return the tags that tie a document's materialization to plan date, channel and revision."""
    return {
        "equipoise/plan_date": order.document.plan_date.isoformat(),
        "equipoise/channel": order.document.channel.value,
        "equipoise/revision": str(order.revision),
    }


def book_facts(orders: Sequence[Order], report: RecordReport) -> dict[str, Plain]:
    """Return the numbers of a plan's documents."""
    kinds = Counter(order.document.kind for order in orders)
    return {
        "documents": len(orders),
        **{f"{kind}_documents": count for kind, count in sorted(kinds.items())},
        "value_amount": _total(order.document.value_amount for order in orders),
        "gain_amount": _total(order.document.gain_amount for order in orders),
        "new": len(report.new),
        "revised": len(report.revised),
        "unchanged": len(report.unchanged),
        "withdrawn": len(report.withdrawn),
    }


def top_documents(orders: Sequence[Order]) -> list[Record]:
    """Return the documents with the largest gain, one record a document."""
    ranked = sorted(orders, key=lambda order: (-order.document.gain_amount, order.order_id))
    return [
        {
            "order_id": order.order_id,
            "kind": order.document.kind,
            "origin": order.document.origin_id,
            "destination": order.document.destination_id,
            "lines": len(order.document.lines),
            "value_amount": float(order.document.value_amount),
            "gain_amount": float(order.document.gain_amount),
            "reason": order.document.reason,
        }
        for order in ranked[:TOP_DOCUMENTS]
    ]


def lines_page(orders: Sequence[Order]) -> Page:
    """Return the numbers of a plan's order lines."""
    lines = [line for order in orders for line in order.document.lines if line.levels is None]
    return {
        "lines": len(lines),
        "items": len({line.item_id for line in lines}),
        "quantity_units": sum(line.quantity_units for line in lines),
        "transport_amount": _total(line.transport_amount for line in lines),
    }


def levels_page(orders: Sequence[Order], there: int) -> Page:
    """Return the numbers of the levels that a plan hands over; ``there`` are those that stand in ERPs before it."""
    told = [line.levels for order in orders for line in order.document.lines if line.levels is not None]
    withdrawn = sum(levels.is_withdrawn for levels in told)
    new = sum(levels.former_maximum_units is None and not levels.is_withdrawn for levels in told)
    return {
        "levels_there_before": there,
        "told": len(told),
        "new": new,
        "changed": len(told) - new - withdrawn,
        "withdrawn": withdrawn,
    }


def levels_there_page(there: pd.DataFrame) -> Page:
    """Return the numbers of LEVELS_THERE: item-sites that ERPs order for, and those of which nobody knows for sure."""
    before = there.loc[~there["of_this_date"].astype(bool)]
    return {
        "item_sites_that_erps_order": int(before["erp_orders"].sum()),
        "item_sites_in_doubt": int((~before["is_certain"].astype(bool)).sum()),
        "lines_sent_on_the_date": len(there) - len(before),
    }


def _total(amounts: Any) -> float:
    return float(sum(amounts, Decimal(0)))
