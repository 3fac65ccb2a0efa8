"""Orders and cancellations that the other side has in hand and does not answer.

A gateway that exchanges files says at once that a document was handed over; whether anybody reads it, only an answer
tells. Not here: what was sent without a word (``unknown``), or telling people (``governance``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from assets.orders.order import Order, OrderStatus, errand_of
from assets.orders.store import OrderStore

LONGEST_SILENCE = dt.timedelta(hours=4)
"""A document that is handed over for longer is told of, so that somebody can act while a truck of the day stands."""


def awaits_answer(order: Order) -> bool:
    """Tell whether it is the other side's turn: it has the document, or the wish to cancel it, and has not decided."""
    handed_over = order.delivery is not None and errand_of(order) is None
    return handed_over and (order.status is OrderStatus.ISSUED or order.cancel_pending)


def has_missed_departure(order: Order, today: dt.date) -> bool:
    """Tell whether a line of an order was to leave before today."""
    first = order.document.first_departure
    return first is not None and first < today


def unanswered(store: OrderStore, orders: Iterable[Order], *, today: dt.date, now: dt.datetime) -> dict[str, str]:
    """Return, by order, since when nobody answers: longer than ``LONGEST_SILENCE``, or past its departure.

    Parameters
    ----------
    orders : iterable of Order
        Any that have not ended.
    today : date
        By the network's clock.
    now : datetime
        UTC; compared with when the ledger heard of an order last.
    """
    found: dict[str, str] = {}
    for order in filter(awaits_answer, orders):
        since = store.history(order.order_id, last=1)[-1].recorded_at
        late = has_missed_departure(order, today)
        if late or now - since > LONGEST_SILENCE:
            what = "its cancellation" if order.cancel_pending else f"revision {order.revision}"
            told = f"{what} was handed over, and nobody there has answered since {since:%Y-%m-%d %H:%M} UTC"
            found[order.order_id] = f"{told}; it was to depart by now" if late else told
    return found
