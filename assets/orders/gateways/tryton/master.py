"""Products, sites and suppliers on the server, found by the codes that we call them by.

A site is a warehouse, whose storage location its stock is in, or a storage location by itself. Not here: the
same data as feeds (``feeds``).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from assets.orders.gateways.tryton.rpc import Rpc

MOST_ROWS = 100_000


@dataclass(frozen=True)
class Site:
    """A place that stock is in.

    Attributes
    ----------
    storage : int
        Location that the stock is in.
    warehouse : int or None
        The warehouse, where the site is one.
    """

    storage: int
    warehouse: int | None


@dataclass(frozen=True)
class Product:
    """A product.

    Attributes
    ----------
    product : int
        Its id.
    unit : int
        Unit of measure that we count it in.
    """

    product: int
    unit: int


def rows(rpc: Rpc, model: str, domain: list[Any], fields: Iterable[str], **context: Any) -> list[dict[str, Any]]:
    """Return records with some of their fields, by id."""
    order = [["id", "ASC"]]
    found = rpc.read(f"model.{model}.search_read", domain, 0, MOST_ROWS, order, ["id", *fields], context=context)
    return list(found)


def sites(rpc: Rpc, codes: Iterable[str] | None = None) -> dict[str, Site]:
    """Return sites by code; all that have one if none is named."""
    domain = [["type", "in", ["warehouse", "storage"]], _coded(codes)]
    found = rows(rpc, "stock.location", domain, ["code", "type", "storage_location"])
    # The locations inside a warehouse bear general codes (STO); one of a warehouse itself goes before those.
    found.sort(key=lambda row: row["type"] == "warehouse")
    return {
        row["code"]: Site(row["storage_location"], row["id"]) if row["type"] == "warehouse" else Site(row["id"], None)
        for row in found
    }


def products(rpc: Rpc, codes: Iterable[str]) -> dict[str, Product]:
    """Return products by code."""
    found = rows(rpc, "product.product", [_coded(codes)], ["code", "default_uom"])
    return {row["code"]: Product(row["id"], row["default_uom"]) for row in found}


def supplier(rpc: Rpc, code: str) -> int | None:
    """Return the party of a supplier."""
    found = rows(rpc, "party.party", [["code", "=", code]], [])
    return found[0]["id"] if found else None


def _coded(codes: Iterable[str] | None) -> list[Any]:
    return ["code", "!=", None] if codes is None else ["code", "in", sorted(set(codes))]
