"""Order documents as programs read them: one record each, with its lines.

Not here: the state of a document over time; the ledger keeps it.
"""

from __future__ import annotations

import datetime as dt

from assets.kernel.errors import EquipoiseError
from assets.kernel.frames.decisions import DOCUMENTS, ORDER_LINES
from assets.kernel.home import NetworkHome
from assets.kernel.published import Published
from orchestration.cli.reading import Record, listed, read

SHORTEST_PREFIX = 4


def documents_of(home: NetworkHome, plan_date: dt.date) -> list[Record]:
    """Return the order documents of a plan date with their lines, by id."""
    published = Published(home.published)
    lines: dict[str, list[Record]] = {}
    for line in read(published, ORDER_LINES, plan_date):
        lines.setdefault(line["order_id"], []).append(line)
    return [as_document(row, lines.get(row["order_id"], [])) for row in read(published, DOCUMENTS, plan_date)]


def as_document(row: Record, lines: list[Record]) -> Record:
    """Return a document as `orders --json` gives it.

    Parameters
    ----------
    row : dict
        A row of ``order_documents``.
    lines : list of dict
        Its rows of ``order_lines``.
    """
    return {
        "order_id": row["order_id"],
        "kind": row["kind"],
        "plan_date": row["plan_date"],
        "channel": row["channel"],
        "origin": row["origin_id"],
        "destination": row["destination_id"],
        "status": row["status"],
        "revision": row["revision"],
        "quantity": row["quantity_units"],
        "value": row["value_amount"],
        "gain": row["gain_amount"],
        "reason": row["reason"],
        "lines": [as_line(line) for line in sorted(lines, key=lambda line: line["line_number"])],
        "content_digest": row["content_digest"],
        "policy_release": row["policy_release"],
        "model_version": row["model_version"],
        "feature_version": row["feature_version"],
        "batch_ids": listed(row["batch_ids"]),
        "plan_digest": row["plan_digest"],
        "run_id": row["run_id"],
    }


def as_line(line: Record) -> Record:
    """Return an order line as `orders --json` gives it."""
    return {
        "line": line["line_number"],
        "item": line["item_id"],
        "quantity": line["quantity_units"],
        "value": line["value_amount"],
        "reason": line["reason"],
        "gain": line["gain_amount"],
        "transport": line["transport_amount"],
        "mode": line["mode"],
        "departure_date": line["departure_date"],
        "arrival_date": line["arrival_date"],
        "binding_constraints": listed(line["binding_constraints"]),
    }


def find_document(home: NetworkHome, order_id: str) -> Record:
    """Return the document whose id is, or uniquely starts with, ``order_id``.

    Raises
    ------
    EquipoiseError
        If none or several do.
    """
    if len(order_id) < SHORTEST_PREFIX:
        raise EquipoiseError(
            f"{order_id!r} is too short to name an order",
            where="order id",
            remedy=f"Give at least {SHORTEST_PREFIX} characters of an id from `equipoise orders`",
        )
    published = Published(home.published)
    matches: dict[str, dt.date] = {}
    for plan_date in published.plan_dates(DOCUMENTS.name):
        ids = published.read(DOCUMENTS, plan_date)["order_id"]
        matches.update(dict.fromkeys(ids[ids.str.startswith(order_id)], plan_date))
    if len(matches) != 1:
        raise EquipoiseError(
            f"{len(matches) or 'no'} orders have an id that starts with {order_id!r}",
            where="order id",
            remedy="Take the id from `equipoise orders --date D`",
        )
    [(found, plan_date)] = matches.items()
    return next(document for document in documents_of(home, plan_date) if document["order_id"] == found)
