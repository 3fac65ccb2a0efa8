"""What Tryton knows, as tables of the feed contract: master data, stock, purchases, goods on the road.

Orders of ours carry our reference, so that what the ledger promises and what a feed shows are counted once. Only
what is done there is a fact: a purchase from its confirmation, a shipment from its departure. Not here: landing
them (``assets.feeds``), or what Tryton does not know (lanes, sourcing terms, settings, demand).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from assets.kernel.frames import Frame, feeds
from assets.orders.gateways.tryton.master import Site, rows, sites
from assets.orders.gateways.tryton.rpc import Rpc


@dataclass(frozen=True)
class Unsaid:
    """What the feed contract asks and Tryton's standard modules do not hold.

    Attributes
    ----------
    site_kinds : mapping
        Site to its kind; ``regional_warehouse`` for others.
    region, timezone, category, mode : str
        The same for all.
    """

    site_kinds: Mapping[str, str] = field(default_factory=dict)
    region: str = "all"
    timezone: str = "UTC"
    category: str = "all"
    mode: str = "truck"


def read_feeds(rpc: Rpc, business_date: dt.date, unsaid: Unsaid | None = None) -> dict[str, pd.DataFrame]:
    """Return frames by raw table, such as ``wms_inventory``.

    Parameters
    ----------
    business_date : date
        Stock is as of the end of this day.
    unsaid : Unsaid
        Values for what Tryton does not hold.

    Raises
    ------
    NotSent, NotUnderstood
        As the gateway port says.
    """
    unsaid = unsaid or Unsaid()
    warehouses = {code: site for code, site in sites(rpc).items() if site.warehouse is not None}
    items = rows(rpc, "product.product", [["code", "!=", None], ["type", "=", "goods"]], [
        "code", "rec_name", "cost_price", "list_price", "default_uom.symbol",
    ])  # fmt: skip
    names = {row["id"]: row["code"] for row in items}
    return {
        "erp_items": _frame(feeds.ITEMS, (_item(row, unsaid) for row in items)),
        "erp_sites": _frame(feeds.SITES, _site_rows(rpc, warehouses, unsaid)),
        "erp_suppliers": _frame(feeds.SUPPLIERS, _supplier_rows(rpc)),
        "erp_purchase_orders": _frame(feeds.PURCHASE_ORDERS, _purchase_rows(rpc, warehouses, names)),
        "wms_inventory": _frame(feeds.INVENTORY, _stock_rows(rpc, warehouses, names, business_date)),
        "tms_shipments": _frame(feeds.SHIPMENTS, _shipment_rows(rpc, warehouses, names, unsaid)),
    }


def _frame(frame: Frame, found: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    table = pd.DataFrame(list(found), columns=list(frame.names))
    return frame.conform(table) if len(table) else frame.empty()


def _item(row: Mapping[str, Any], unsaid: Unsaid) -> dict[str, Any]:
    return {
        "item_id": row["code"], "description": row["rec_name"], "category": unsaid.category,
        "base_unit": row["default_uom."]["symbol"], "unit_cost": float(row["cost_price"] or 0),
        "unit_price": float(row["list_price"] or 0), "weight_kg_per_unit": 0.0, "volume_m3_per_unit": 0.0,
        "shelf_life_days": None, "is_sensitive": False,
    }  # fmt: skip


def _site_rows(rpc: Rpc, warehouses: Mapping[str, Site], unsaid: Unsaid) -> Iterable[dict[str, Any]]:
    held = [site.warehouse for site in warehouses.values()]
    for row in rows(rpc, "stock.location", [["id", "in", held]], ["code", "name", "active"]):
        kind = unsaid.site_kinds.get(row["code"], "regional_warehouse")
        yield {
            "site_id": row["code"], "site_name": row["name"], "site_kind": kind, "region": unsaid.region,
            "timezone": unsaid.timezone, "is_open": bool(row["active"]),
        }  # fmt: skip


def _supplier_rows(rpc: Rpc) -> Iterable[dict[str, Any]]:
    sources = {row["party"] for row in rows(rpc, "purchase.product_supplier", [], ["party"])}
    for row in rows(rpc, "party.party", [["id", "in", sorted(sources)]], ["code", "name"]):
        yield {"supplier_id": row["code"], "supplier_name": row["name"]}


def _purchase_rows(rpc: Rpc, warehouses: Mapping[str, Site], names: Mapping[int, str]) -> Iterable[dict[str, Any]]:
    places = {site.warehouse: code for code, site in warehouses.items()}
    fields = ["number", "state", "party.code", "warehouse", "purchase_date", "equipoise_order"]
    confirmed = [["purchase_date", "!=", None], ["state", "in", ["confirmed", "processing", "done", "cancelled"]]]
    orders = {row["id"]: row for row in rows(rpc, "purchase.purchase", confirmed, fields)}
    domain = [["purchase", "in", list(orders)], ["type", "=", "line"], ["product", "in", list(names)]]
    lines = rows(rpc, "purchase.line", domain, ["purchase", "product", "quantity", "delivery_date"])
    came = _arrivals(rpc, [row["id"] for row in lines])
    counted: dict[int, int] = {}
    for line in lines:
        order, moves = orders[line["purchase"]], came.get(line["id"], [])
        counted[order["id"]] = counted.get(order["id"], 0) + 1
        ordered, received = round(line["quantity"]), round(sum(move["internal_quantity"] for move in moves))
        closed = order["state"] == "done" or received >= ordered
        status = "cancelled" if order["state"] == "cancelled" else "received" if closed else "open"
        yield {
            "purchase_order_id": order["number"], "line_number": counted[order["id"]],
            "item_id": names[line["product"]], "supplier_id": order["party."]["code"],
            "site_id": places.get(order["warehouse"]), "ordered_units": ordered, "received_units": received,
            "ordered_date": order["purchase_date"], "promised_date": line["delivery_date"],
            "received_date": max(move["effective_date"] for move in moves) if status == "received" and moves else None,
            "status": status, "order_reference": order["equipoise_order"],
        }  # fmt: skip


def _arrivals(rpc: Rpc, lines: Iterable[int]) -> dict[int, list[dict[str, Any]]]:
    domain = [["origin", "in", [f"purchase.line,{line}" for line in lines]], ["state", "=", "done"]]
    found: dict[int, list[dict[str, Any]]] = {}
    for move in rows(rpc, "stock.move", domain, ["origin", "internal_quantity", "effective_date"]):
        found.setdefault(int(move["origin"].split(",")[1]), []).append(move)
    return found


def _stock_rows(
    rpc: Rpc, warehouses: Mapping[str, Site], names: Mapping[int, str], business_date: dt.date
) -> Iterable[dict[str, Any]]:
    for code, site in warehouses.items():
        within = ["from_location", "child_of", [site.warehouse], "parent"]
        promised: dict[int, float] = {}
        for move in rows(rpc, "stock.move", [["state", "=", "assigned"], within], ["product", "internal_quantity"]):
            promised[move["product"]] = promised.get(move["product"], 0) + move["internal_quantity"]
        found = rows(
            rpc, "product.product", [["id", "in", list(names)]], ["quantity"],
            locations=[site.warehouse], stock_date_end=business_date, with_childs=True,
        )  # fmt: skip
        for row in found:
            item = names[row["id"]]
            yield {
                "site_id": code, "item_id": item, "lot_id": item, "expiry_date": None,
                "on_hand_units": round(row["quantity"] or 0), "reserved_units": round(promised.get(row["id"], 0)),
                "blocked_units": 0,
            }  # fmt: skip


def _shipment_rows(
    rpc: Rpc, warehouses: Mapping[str, Site], names: Mapping[int, str], unsaid: Unsaid
) -> Iterable[dict[str, Any]]:
    places = {site.storage: code for code, site in warehouses.items()}
    between = [["from_location", "in", list(places)], ["to_location", "in", list(places)]]
    fields = [
        "number", "state", "from_location", "to_location", "effective_start_date", "effective_date", "planned_date",
        "equipoise_order",
    ]  # fmt: skip
    left = [["state", "in", ["shipped", "done"]], *between]
    shipments = {
        f"stock.shipment.internal,{row['id']}": row for row in rows(rpc, "stock.shipment.internal", left, fields)
    }
    domain = [["shipment", "in", list(shipments)], ["state", "!=", "cancelled"], ["product", "in", list(names)]]
    counted: dict[str, int] = {}
    for move in rows(rpc, "stock.move", domain, ["shipment", "to_location", "product", "internal_quantity"]):
        shipment = shipments[move["shipment"]]
        if move["to_location"] != shipment["to_location"] or not move["internal_quantity"]:
            continue
        counted[move["shipment"]] = counted.get(move["shipment"], 0) + 1
        arrived = shipment["state"] == "done"
        yield {
            "shipment_id": shipment["number"], "line_number": counted[move["shipment"]],
            "item_id": names[move["product"]], "origin_id": places[shipment["from_location"]],
            "destination_id": places[shipment["to_location"]], "mode": unsaid.mode,
            "shipped_units": round(move["internal_quantity"]),
            "departed_date": shipment["effective_start_date"] or shipment["effective_date"],
            "expected_date": shipment["planned_date"], "arrived_date": shipment["effective_date"] if arrived else None,
            "status": "arrived" if arrived else "in_transit", "order_reference": shipment["equipoise_order"],
        }  # fmt: skip
