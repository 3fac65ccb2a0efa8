"""Order documents found in the ledger, by plan date or by the start of their id.

Not here: how a document is written as a record (``assets.orders.projections``).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict
from typing import TYPE_CHECKING

from assets.kernel.errors import EquipoiseError
from assets.kernel.telling import Record, plain
from assets.orders.projections import as_records
from assets.orders.standing import hindsight, stopped
from assets.orders.store import OrderFilter

if TYPE_CHECKING:
    from assets.kernel.home import NetworkHome
    from assets.kernel.published import Published
    from assets.orders.order import Order
    from assets.orders.sql_store import SqlOrderStore
    from assets.orders.store import OrderStore

SHORTEST_PREFIX = 4


def open_store(home: NetworkHome) -> SqlOrderStore:
    """Return the ledger that the settings name."""
    from orchestration.ledger import open_ledger
    from orchestration.settings import read_settings

    return open_ledger(read_settings(), home.profile.clock)


def documents_of(store: OrderStore, network: str, plan_date: dt.date) -> list[Record]:
    """Return the order documents of a plan date with their lines, by id."""
    return [record_of(order) for order in store.orders(OrderFilter(network=network, plan_date=plan_date))]


def remarks(published: Published, plan_date: dt.date, documents: list[Record]) -> list[str]:
    """Return what a reader of a date's documents must know: that its last plan was stopped, or saw the future."""
    told = (stopped(published, plan_date), hindsight(published, plan_date, (d["run_id"] for d in documents)))
    return [line for line in told if line]


def remarks_on(published: Published, document: Record) -> list[str]:
    """Return what ``remarks`` says of one document."""
    return remarks(published, dt.date.fromisoformat(document["plan_date"]), [document])


def find_document(store: OrderStore, network: str, order_id: str) -> Record:
    """Return the document whose id is, or uniquely starts with, ``order_id``, as a record."""
    return record_of(find_order(store, network, order_id))


def find_order(store: OrderStore, network: str, order_id: str) -> Order:
    """Return the order whose id is, or uniquely starts with, ``order_id``.

    Raises
    ------
    EquipoiseError
        If none or several do, or if too little of the id was given to mean one.
    """
    if len(order_id) < SHORTEST_PREFIX:
        raise EquipoiseError(
            f"{order_id!r} is too short to name an order",
            where="order id",
            remedy=f"Give at least {SHORTEST_PREFIX} characters of an id from `equipoise orders`",
        )
    whole = store.orders(OrderFilter(network=network, order_ids=(order_id,)))
    found = whole or [o for o in store.orders(OrderFilter(network=network)) if o.order_id.startswith(order_id)]
    if len(found) != 1:
        raise EquipoiseError(
            f"{len(found) or 'no'} orders have an id that starts with {order_id!r}",
            where="order id",
            remedy="Take the id from `equipoise orders --date D`",
        )
    return found[0]


def record_of(order: Order) -> Record:
    """Return an order as a record, with where it stands and why, who has to approve it, and its way out."""
    told: Record = plain(
        {
            **as_records([order])[0],
            "status_reason": order.status_reason,
            "approval": asdict(order.approval) if order.approval else None,
            "overridden_by": list(order.overridden_by),
            "cancel_reason": order.cancel_reason,
            "delivery": asdict(order.delivery) if order.delivery else None,
            "receipt": asdict(order.receipt) if order.receipt else None,
        }
    )
    return told
