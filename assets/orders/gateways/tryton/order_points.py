"""Levels as Tryton's order points: what a document asks our module there to set, and what stands there.

Tryton orders when the stock to come is below the minimal quantity, up to the target quantity: one more than our
reorder point, and our maximum. An order point of a warehouse is supplied by purchases, one of its storage location
from another location. Not here: sending it (``gateway``), or what Tryton orders by it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from assets.orders.events import Levels, OrderLine
from assets.orders.gateways.port import ReceiptLine, Submission
from assets.orders.gateways.tryton import master
from assets.orders.gateways.tryton.rpc import Rpc

MODEL = "stock.order_point"
_FIELDS = (
    "product", "location", "type", "provisioning_location", "min_quantity", "target_quantity", "equipoise_minimum",
    "equipoise_parameters.equipoise_order",
)  # fmt: skip


@dataclass(frozen=True)
class OrderPoint:
    """An order point as it stands on the server.

    Attributes
    ----------
    kind : str
        ``purchase`` or ``transfer``.
    source_id : str
        Site that it is supplied from; empty for purchases.
    reorder_point_units, minimum_units, maximum_units : int
        In our words; the minimum is 0 where a person made it.
    reference : str
        Document of ours that set it last; empty for none.
    """

    kind: str
    source_id: str
    reorder_point_units: int
    minimum_units: int
    maximum_units: int
    reference: str


def read(rpc: Rpc) -> dict[tuple[str, str], OrderPoint]:
    """Return the order points of all sites and products that have codes, by site and item.

    Raises
    ------
    NotSent, NotUnderstood
        As the gateway port says.
    """
    sites = master.sites(rpc)
    place = {place: code for code, site in sites.items() for place in (site.storage, site.warehouse) if place}
    names = {row["id"]: row["code"] for row in master.rows(rpc, "product.product", [["code", "!=", None]], ["code"])}
    found = {}
    for row in master.rows(rpc, MODEL, [["product", "in", list(names)], ["location", "in", list(place)]], _FIELDS):
        found[place[row["location"]], names[row["product"]]] = OrderPoint(
            "purchase" if row["type"] == "purchase" else "transfer",
            place.get(row["provisioning_location"] or 0, ""),
            max(round(row["min_quantity"] or 0) - 1, 0),
            round(row["equipoise_minimum"] or 0),
            round(row["target_quantity"]),
            (row["equipoise_parameters."] or {}).get("equipoise_order") or "",
        )
    return found


def wanted(
    rpc: Rpc,
    submission: Submission,
    site: master.Site,
    products: Mapping[str, master.Product],
    sources: Mapping[str, master.Site],
) -> str:
    """Return what a document asks of order points, as JSON that our module carries out in its own transaction.

    Parameters
    ----------
    site : Site
        That receives.
    products, sources : mapping
        By item; by site that supplies it.
    """
    places = [place for place in (site.storage, site.warehouse) if place is not None]
    asked = []
    for line in submission.document.lines:
        product, levels = products[line.item_id].product, _of(line)
        at = site.warehouse if line.mode == "purchase" else site.storage
        values = None if levels.is_withdrawn else _values(rpc, line, product, at, sources)
        asked.append({"line": line.line_number, "product": product, "site": site.storage, "places": places,
                      "maximum": levels.maximum_units, "values": values})  # fmt: skip
    return json.dumps(asked)


def lines_of(content: str) -> tuple[ReceiptLine, ...]:
    """Return what came of the lines of a document, from its record."""
    return tuple(ReceiptLine(number, maximum, taken=taken) for number, maximum, taken in json.loads(content or "[]"))


def _values(
    rpc: Rpc, line: OrderLine, product: int, at: int | None, sources: Mapping[str, master.Site]
) -> dict[str, Any]:
    levels = _of(line)
    bought = line.mode == "purchase"
    return {
        "product": product, "location": at, "company": rpc.company, "type": "purchase" if bought else "internal",
        "provisioning_location": None if bought else sources[levels.source_id].storage,
        "min_quantity": float(min(levels.reorder_point_units + 1, levels.maximum_units)),
        "target_quantity": float(levels.maximum_units), "equipoise_minimum": float(levels.minimum_units),
    }  # fmt: skip


def _of(line: OrderLine) -> Levels:
    assert line.levels is not None, "lines of a document of this kind have levels"
    return line.levels
