"""The levels by which the other side replenishes, made from the documents that it took. Pure.

Of two documents of a site the one of the later plan date counts, in whatever order they came. Not here: what it
orders by them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from assets.orders.gateways.counterpart.orders import TheirOrder
from assets.orders.gateways.port import Answer


@dataclass(frozen=True)
class TheirLevels:
    """Levels of an item at a site, and the document that set them."""

    reorder_point_units: int
    minimum_units: int
    maximum_units: int
    source_id: str
    reference: str


def levels_of(taken: Iterable[tuple[TheirOrder, Mapping[str, Any]]]) -> dict[tuple[str, str], TheirLevels]:
    """Return levels by site and item.

    Parameters
    ----------
    taken : iterable of (TheirOrder, mapping)
        Orders with the message that each carries out, in any order.
    """
    documents = [
        (message["plan_date"], order.reference, order, message)
        for order, message in taken
        if order.moves_nothing and order.answer in (Answer.ACCEPTED, Answer.CLOSED)
    ]
    found: dict[tuple[str, str], TheirLevels] = {}
    for _, reference, order, message in sorted(documents, key=lambda one: one[:2]):
        done = {line.line_number for line in order.lines if line.taken}
        for line in message["lines"]:
            key = (message["destination_id"], line["item_id"])
            if line["line_number"] not in done:
                continue
            if line["action"] == "withdraw":
                found.pop(key, None)
                continue
            found[key] = TheirLevels(
                line["reorder_point_units"], line["minimum_units"], line["maximum_units"], line["source_id"], reference
            )
    return found
