"""Orders asked commands, and what they answer recorded: all in one append, each on its own, or one again and again.

Not here: what an order answers (``decide``).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from assets.orders.decide import decide
from assets.orders.events import Command
from assets.orders.order import Order
from assets.orders.store import Append, OrderStore, StockGuard, VersionConflict, require_order

_ATTEMPTS = 20


def answer_all(
    store: OrderStore, asked: Iterable[tuple[Order, Command]], guard: StockGuard | None = None
) -> tuple[str, ...]:
    """Have orders answer commands, all or none, and return the ids of those to which something happened, sorted.

    Raises
    ------
    VersionConflict
        If somebody changed one of them since it was read. Nothing is recorded then.
    Oversold
        As the store's ``append``.
    EquipoiseError
        If the rules refuse a command.
    """
    appends = [append for order, command in asked if (append := _append(order, command))]
    if appends:
        store.append(appends, guard)
    return tuple(sorted(append.stream for append in appends))


def answer_each(store: OrderStore, asked: Iterable[tuple[Order, Command]]) -> tuple[str, ...]:
    """Do so, and leave out those that somebody changed meanwhile: the next dispatch run sees to them."""
    wanted = list(asked)
    try:
        return answer_all(store, wanted)
    except VersionConflict:
        return tuple(sorted(order_id for one in wanted for order_id in _unless_changed(store, one)))


def answer_surely(store: OrderStore, asked: Sequence[tuple[Order, Command]]) -> None:
    """Do so, and where somebody wrote meanwhile ask each as it is by then."""
    try:
        answer_all(store, asked)
    except VersionConflict:
        for order, command in asked:
            answer_one(store, order.order_id, command)


def answer_one(store: OrderStore, order_id: str, command: Command) -> Order:
    """Have one order answer a command, again where somebody else changed it meanwhile, and return it after.

    Raises
    ------
    EquipoiseError
        If there is no such order, or the rules refuse the command.
    VersionConflict
        If others were faster in every one of many attempts.
    """
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            answer_all(store, [(require_order(store, order_id), command)])
        except VersionConflict:
            if attempt == _ATTEMPTS:
                raise
            continue
        return require_order(store, order_id)
    raise AssertionError("the last attempt returns or raises")


def _unless_changed(store: OrderStore, one: tuple[Order, Command]) -> tuple[str, ...]:
    try:
        return answer_all(store, [one])
    except VersionConflict:
        return ()


def _append(order: Order, command: Command) -> Append | None:
    events = decide(order, command)
    return Append(order.order_id, order.version, events) if events else None
