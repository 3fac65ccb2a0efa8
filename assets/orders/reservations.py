"""Stock kept for orders that are to leave: never more than is there, and the most valuable first.

The store is asked for everything at once; where it refuses, those that are worth least a unit give way
and are told who holds what they wanted. Not here: what is available (``availability``), or the check
itself, which the store makes in its transaction (``store.StockGuard``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from assets.orders.answers import answer_all
from assets.orders.events import Command, Document, Hold, RefuseReservation, Reserve, Shortage
from assets.orders.order import Order, OrderStatus, held
from assets.orders.store import OrderFilter, OrderStore, Oversold, Stock, StockGuard, VersionConflict

_ATTEMPTS = 20


@dataclass(frozen=True)
class Reservations:
    """What became of orders that asked for stock; ids, each sorted."""

    reserved: tuple[str, ...]
    refused: tuple[str, ...]


def holds_of(document: Document, stock_sites: Collection[str]) -> tuple[Hold, ...]:
    """Return the stock of ours that a document takes: of its origin, unless that is a supplier."""
    if document.origin_id not in stock_sites:
        return ()
    units: dict[str, int] = {}
    for line in document.lines:
        units[line.item_id] = units.get(line.item_id, 0) + line.quantity_units
    return tuple(Hold(document.origin_id, item_id, wanted) for item_id, wanted in sorted(units.items()))


def reserve(
    store: OrderStore,
    orders: Iterable[Order],
    guard: StockGuard,
    *,
    stock_sites: Collection[str],
    expires_on: dt.date,
) -> Reservations:
    """Reserve stock for approved orders, each as a whole or not at all.

    Parameters
    ----------
    orders : iterable of Order
        Approved ones; others are left alone.
    guard : StockGuard
        What is available of each stock.
    stock_sites : collection of str
        Sites whose stock is ours; an origin that is none is a supplier, and nothing is held there.
    expires_on : date
        Day from which a reservation that led to nothing is void.

    Raises
    ------
    VersionConflict
        If others changed the same orders in every one of many attempts.
    """
    asking = tuple(order.order_id for order in orders)
    for attempt in range(1, _ATTEMPTS + 1):
        waiting = [o for o in store.orders(OrderFilter(order_ids=asking)) if o.status is OrderStatus.APPROVED]
        try:
            return _reserved(store, sorted(waiting, key=worth), guard, stock_sites, expires_on)
        except VersionConflict:
            if attempt == _ATTEMPTS:
                raise
    raise AssertionError("unreachable")


def worth(order: Order) -> tuple[float, str]:
    """Sort key of orders that want the same stock: most gain a unit first, as the market pays; then by id."""
    units = max(order.document.quantity_units, 1)
    return (-float(order.document.gain_amount) / units, order.order_id)


def _reserved(
    store: OrderStore, waiting: Sequence[Order], guard: StockGuard, stock_sites: Collection[str], expires_on: dt.date
) -> Reservations:
    holds = {order.order_id: holds_of(order.document, stock_sites) for order in waiting}
    refused: dict[str, tuple[Shortage, ...]] = {}
    while True:
        going = [order for order in waiting if order.order_id not in refused]
        wanted: list[tuple[Order, Command]] = [(order, Reserve(holds[order.order_id], expires_on)) for order in going]
        try:
            answer_all(store, wanted, guard)
        except Oversold as error:
            claims = {order.order_id: _new_claim(order, holds[order.order_id], guard) for order in going}
            refused |= _give_way(claims, error.shortages)
            continue
        # Apart, because it takes no stock.
        answer_all(store, [(o, RefuseReservation(refused[o.order_id])) for o in waiting if o.order_id in refused])
        return Reservations(tuple(sorted(order.order_id for order in going)), tuple(sorted(refused)))


def _give_way(
    claims: Mapping[str, Mapping[Stock, int]], shortages: Iterable[Shortage]
) -> dict[str, tuple[Shortage, ...]]:
    """Return those that find too little left when the orders before them have taken theirs, with what is short."""
    left: dict[Stock, int] = {(short.site_id, short.item_id): short.left_units for short in shortages}
    holders: dict[Stock, tuple[str, ...]] = {(short.site_id, short.item_id): short.holders for short in shortages}
    found: dict[str, tuple[Shortage, ...]] = {}
    for order_id, own in claims.items():
        short = tuple(
            Shortage(*stock, units, max(left[stock], 0), holders[stock])
            for stock, units in sorted(own.items())
            if stock in left and units > left[stock]
        )
        if short:
            found[order_id] = short
            continue
        for stock in own.keys() & left.keys():
            left[stock] -= own[stock]
            holders[stock] = (*holders[stock], order_id)
    return found


def _new_claim(order: Order, holds: tuple[Hold, ...], guard: StockGuard) -> dict[Stock, int]:
    """Return what an order would take from stock where it holds more than before, as the guard counts it.

    Of an amendment that is the larger of both revisions; where it grows by nothing, the guard has it among what others
    leave out already.
    """
    before = {(hold.site_id, hold.item_id): hold.units for hold in held(order)}
    shown = guard.shown.get(order.order_id, {})
    claim: dict[Stock, int] = {}
    for hold in held(replace(order, status=OrderStatus.RESERVED, holds=holds)):
        stock = (hold.site_id, hold.item_id)
        if hold.units > before.get(stock, 0):
            claim[stock] = max(0, hold.units - shown.get(stock, 0))
    return claim
