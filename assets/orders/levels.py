"""What the other side took of the levels that it was handed.

Not here: which levels stand there before a plan (``levels_there``).
"""

from __future__ import annotations

from assets.orders.events import Document, OrderLine
from assets.orders.receipts import Receipt


def taken(document: Document, receipt: Receipt) -> tuple[OrderLine, ...]:
    """Return the lines whose levels the other side took as they were asked for: its maximum is ours."""
    there = {line.line_number: line.accepted_units for line in receipt.lines}
    return tuple(line for line in document.lines if there.get(line.line_number) == line.asked_units)


def not_taken(document: Document, receipt: Receipt) -> tuple[str, ...]:
    """Return the items whose levels it did not take, or not as they were asked for."""
    lines = {line.line_number for line in taken(document, receipt)}
    return tuple(line.item_id for line in document.lines if line.line_number not in lines)
