"""Orders, levels and answers as JSON: what goes over every wire that is ours, with control totals.

Text is canonical, so that one submission is the same bytes whenever it is written. It holds what the
receiver acts on, which is what the idempotency key stands for; the reason of a line, its gain and its
provenance stay in the ledger. Not here: how text is
read (``wire_reading``), or how it travels (``filedrop``, ``webhook``).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from assets.orders.events import PARAMETERS, OrderLine
from assets.orders.gateways.port import Cancellation, Confirmation, Receipt, ReceiptLine, Submission

SCHEMA_VERSION = 1
ORDER_SCHEMA, LEVELS_SCHEMA = "equipoise.order", "equipoise.parameters"
"""What moves something, and what hands levels over: a schema of its own, because its lines have no quantity."""
_LEVELS = ("reorder_point_units", "minimum_units", "maximum_units")


def canonical(content: Mapping[str, Any]) -> str:
    """Return JSON text in which equal content is equal to the byte."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def order_message(submission: Submission) -> dict[str, Any]:
    """Return what is sent for a submission; the same for every attempt to send it."""
    document = submission.document
    lines = [_line(line) for line in document.lines]
    return {
        "schema": LEVELS_SCHEMA if document.kind == PARAMETERS else ORDER_SCHEMA,
        "schema_version": SCHEMA_VERSION,
        "reference": submission.reference,
        "revision": submission.revision,
        "idempotency_key": submission.idempotency_key,
        "network": document.network,
        "plan_date": document.plan_date.isoformat(),
        "kind": document.kind,
        "origin_id": document.origin_id,
        "destination_id": document.destination_id,
        "lines": lines,
        "totals": order_totals(lines),
    }


def cancel_message(cancellation: Cancellation) -> dict[str, Any]:
    """Return what is sent for a cancellation."""
    return {
        "schema": "equipoise.cancel",
        "schema_version": SCHEMA_VERSION,
        "reference": cancellation.reference,
        "idempotency_key": cancellation.idempotency_key,
        "reason": cancellation.reason,
    }


def order_totals(lines: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the control totals of the lines of an order message: count, units, value as decimal text.

    Of levels the sum of each; the lines of a message are all of one sort.
    """
    if lines and "maximum_units" in lines[0]:
        return {"line_count": len(lines), **{name: sum(int(line[name]) for line in lines) for name in _LEVELS}}
    return {
        "line_count": len(lines),
        "quantity_units": sum(int(line["quantity_units"]) for line in lines),
        "value_amount": str(sum((Decimal(line["value_amount"]) for line in lines), Decimal(0))),
    }


def receipt_message(receipt: Receipt) -> dict[str, Any]:
    """Return a receipt as the other side writes it."""
    lines = [
        {
            "line_number": line.line_number,
            "accepted_units": line.accepted_units,
            "shipped_units": line.shipped_units,
            "received_units": line.received_units,
            **({} if line.taken is None else {"taken": line.taken}),
        }
        for line in receipt.lines
    ]
    return {
        "schema": "equipoise.receipt",
        "schema_version": SCHEMA_VERSION,
        "reference": receipt.reference,
        "revision": receipt.revision,
        "answered_revision": receipt.answered_revision,
        "answer": receipt.answer.value,
        "external_id": receipt.external_id,
        "reason": receipt.reason,
        "lines": lines,
        "totals": receipt_totals(receipt.lines),
    }


def receipt_totals(lines: Sequence[ReceiptLine]) -> dict[str, int]:
    """Return the control totals of a receipt's lines."""
    return {
        "line_count": len(lines),
        "accepted_units": sum(line.accepted_units for line in lines),
        "shipped_units": sum(line.shipped_units for line in lines),
        "received_units": sum(line.received_units for line in lines),
    }


def confirmation_message(confirmation: Confirmation, sequence: int) -> dict[str, Any]:
    """Return a confirmation as the other side writes it; a higher sequence is newer."""
    return {
        "schema": "equipoise.confirmation",
        "schema_version": SCHEMA_VERSION,
        "confirmation_id": confirmation.confirmation_id,
        "sequence": sequence,
        "occurred_at": confirmation.occurred_at,
        "receipt": receipt_message(confirmation.receipt),
    }


def _line(line: OrderLine) -> dict[str, Any]:
    if line.levels is not None:
        return _level_line(line)
    return {
        "line_number": line.line_number,
        "item_id": line.item_id,
        "mode": line.mode,
        "quantity_units": line.quantity_units,
        "departure_date": line.departure_date.isoformat(),
        "arrival_date": line.arrival_date.isoformat(),
        "value_amount": str(line.value_amount),
    }


def _level_line(line: OrderLine) -> dict[str, Any]:
    levels = line.levels
    assert levels is not None, "who asks has looked"
    return {
        "line_number": line.line_number,
        "item_id": line.item_id,
        "action": "withdraw" if levels.is_withdrawn else "set",
        "supplied_by": line.mode,
        "source_id": levels.source_id,
        "reorder_point_units": levels.reorder_point_units,
        "minimum_units": levels.minimum_units,
        "maximum_units": levels.maximum_units,
    }
