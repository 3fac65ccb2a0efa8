"""From a document to the record that Tryton is asked to create, or the lines that it is asked to change.

Not here: sending it (``gateway``).
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from assets.kernel.errors import EquipoiseError
from assets.orders.events import PARAMETERS, Document, OrderLine
from assets.orders.gateways.port import Submission
from assets.orders.gateways.tryton import master, order_points
from assets.orders.gateways.tryton.rpc import Rpc
from assets.orders.gateways.tryton.their_orders import LEVELS, PURCHASE, SHIPMENT, TheirOrder

_CENT = Decimal("0.0001")


class Missing(EquipoiseError):  # noqa: N818 - an answer, not a fault
    """The server does not know a product, site or supplier of ours."""


def new_record(rpc: Rpc, submission: Submission) -> tuple[str, dict[str, Any]]:
    """Return the model and the values of a new record: a draft there, or levels, which are set with it.

    Raises
    ------
    Missing
        If a code of the document means nothing there.
    """
    document = submission.document
    if document.kind == PARAMETERS:
        heading = {"equipoise_order": submission.reference, "reference": submission.reference, **revised(submission)}
        more = {"state": "accepted", "plan_date": document.plan_date, "company": rpc.company}
        return LEVELS, {**heading, **more, **_levels(rpc, submission)}
    sites = master.sites(rpc, [document.origin_id, document.destination_id])
    products = _products(rpc, submission)
    destination = sites.get(document.destination_id)
    if destination is None:
        raise _missing(rpc, "site", document.destination_id)
    heading = {"equipoise_order": submission.reference, "reference": submission.reference, **revised(submission)}
    heading["company"] = rpc.company
    if document.kind == "purchase":
        if destination.warehouse is None:
            raise _missing(rpc, "warehouse", document.destination_id)
        lines = [_purchase_line(line, products[line.item_id]) for line in document.lines]
        return PURCHASE, {**heading, **_bought_from(rpc, document.origin_id), "warehouse": destination.warehouse,
                          "lines": [["create", lines]]}  # fmt: skip
    origin = sites.get(document.origin_id)
    if origin is None:
        raise _missing(rpc, "site", document.origin_id)
    ends = {"from_location": origin.storage, "to_location": destination.storage}
    moves = [_move(line, products[line.item_id], ends) for line in document.lines]
    return SHIPMENT, {**heading, **ends, **_dates(document.lines), "moves": [["create", moves]]}


def amendment(rpc: Rpc, submission: Submission, order: TheirOrder) -> dict[str, Any]:
    """Return what has to change so that a draft there, or a document that set levels, holds a newer revision.

    Raises
    ------
    Missing
        If an item means nothing there.
    """
    if order.model == LEVELS:
        return {**revised(submission), **_levels(rpc, submission)}
    products, document = _products(rpc, submission), submission.document
    former = ["delete", [row["id"] for row in order.children]]
    if order.model == PURCHASE:
        lines = [_purchase_line(line, products[line.item_id]) for line in document.lines]
        return {**revised(submission), "lines": [former, ["create", lines]]}
    ends = {end: order.record[end] for end in ("from_location", "to_location")}
    moves = [_move(line, products[line.item_id], ends) for line in document.lines]
    return {**revised(submission), **_dates(document.lines), "moves": [former, ["create", moves]]}


def revised(submission: Submission) -> dict[str, Any]:
    """Return what tells one revision of ours from another."""
    return {"equipoise_revision": submission.revision, "equipoise_key": submission.idempotency_key}


def _levels(rpc: Rpc, submission: Submission) -> dict[str, Any]:
    """Return the fields by which a document sets order points."""
    document = submission.document
    products, sites = _products(rpc, submission), master.sites(rpc, [document.destination_id, *_suppliers(document)])
    site = sites.get(document.destination_id)
    if site is None:
        raise _missing(rpc, "site", document.destination_id)
    if site.warehouse is None and any(line.mode == "purchase" for line in document.lines):
        raise _missing(rpc, "warehouse", document.destination_id)
    for code in _suppliers(document):
        if code not in sites:
            raise _missing(rpc, "site", code)
    return {"wanted": order_points.wanted(rpc, submission, site, products, sites)}


def _suppliers(document: Document) -> list[str]:
    """Return the sites that supply lines which are not withdrawn."""
    sent = [line.levels for line in document.lines if line.mode != "purchase" and line.levels is not None]
    return sorted({levels.source_id for levels in sent if not levels.is_withdrawn})


def _products(rpc: Rpc, submission: Submission) -> dict[str, master.Product]:
    wanted = sorted({line.item_id for line in submission.document.lines})
    found = master.products(rpc, wanted)
    for item in wanted:
        if item not in found:
            raise _missing(rpc, "product", item)
    return found


def _bought_from(rpc: Rpc, code: str) -> dict[str, Any]:
    party = master.supplier(rpc, code)
    if party is None:
        raise _missing(rpc, "supplier", code)
    addresses = master.rows(rpc, "party.address", [["party", "=", party]], [])
    currency = master.rows(rpc, "company.company", [["id", "=", rpc.company]], ["currency"])[0]["currency"]
    address = addresses[0]["id"] if addresses else None
    return {"party": party, "invoice_party": party, "invoice_address": address, "currency": currency}


def _dates(lines: tuple[OrderLine, ...]) -> dict[str, Any]:
    return {
        "planned_start_date": min(line.departure_date for line in lines),
        "planned_date": max(line.arrival_date for line in lines),
    }


def _move(line: OrderLine, product: master.Product, ends: dict[str, Any]) -> dict[str, Any]:
    return {
        "equipoise_line": line.line_number, "product": product.product, "unit": product.unit,
        "quantity": float(line.quantity_units), "planned_date": line.arrival_date, **ends,
    }  # fmt: skip


def _purchase_line(line: OrderLine, product: master.Product) -> dict[str, Any]:
    price = line.value_amount / line.quantity_units if line.quantity_units else Decimal(0)
    return {
        "equipoise_line": line.line_number, "type": "line", "product": product.product, "unit": product.unit,
        "quantity": float(line.quantity_units), "unit_price": price.quantize(_CENT),
        "delivery_date_edit": True, "delivery_date_store": line.arrival_date,
    }  # fmt: skip


def _missing(rpc: Rpc, what: str, code: str) -> Missing:
    return Missing(f"no {what} has the code {code}", where=rpc.where, remedy=f"Create the {what} there")
