"""What changed on the server beyond a cursor.

The cursor is the time of the last change seen, by the server's clock, and the ids of what was seen shortly before
it: a transaction that began earlier may be committed later, so that each look goes back a little and leaves out
what it knows. Not here: one order (``their_orders``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import astuple

from assets.kernel.identifiers import digest
from assets.orders.gateways.port import Answer, Confirmation, Confirmations, NotUnderstood
from assets.orders.gateways.tryton.master import rows
from assets.orders.gateways.tryton.rpc import Rpc
from assets.orders.gateways.tryton.their_orders import (
    LEVELS,
    PURCHASE,
    SHIPMENT,
    TheirOrder,
    level_documents,
    purchases,
    shipments,
)

LOOK_BACK = dt.timedelta(minutes=2)
"""Longer than any transaction of the server's lasts."""
_ID_DIGITS = 16


def read(rpc: Rpc, since: str, page: int) -> Confirmations:
    """Return at most a page of what changed, oldest first."""
    after, known = _cursor(since)
    told: list[tuple[dt.datetime, str, Confirmation | str]] = []
    for order in sorted(_changed(rpc, after), key=lambda one: (one.changed_at, one.record["equipoise_order"])):
        name, said = _said(order)
        if said is not None and name not in known:
            told.append((order.changed_at, name, said))
    told = told[:page]
    if not told:
        return Confirmations((), since)
    last = max([told[-1][0], *([after] if after else [])])
    remembered = {**known, **{name: changed for changed, name, _ in told}}
    return Confirmations(
        tuple(said for _, _, said in told if isinstance(said, Confirmation)),
        _written(last, {name: changed for name, changed in remembered.items() if changed >= last - LOOK_BACK}),
        tuple(said for _, _, said in told if isinstance(said, str)),
    )


def references(rpc: Rpc) -> tuple[str, ...]:
    """Return our references of every order that the server has, sorted."""
    ours = [["equipoise_order", "!=", None]]
    found = [row for model in (SHIPMENT, PURCHASE, LEVELS) for row in rows(rpc, model, ours, ["equipoise_order"])]
    return tuple(sorted(row["equipoise_order"] for row in found))


def _changed(rpc: Rpc, after: dt.datetime | None) -> Iterator[TheirOrder]:
    if after is None:
        yield from [*shipments(rpc, []), *purchases(rpc, []), *level_documents(rpc, [])]
        return
    since = after - LOOK_BACK

    def changed(*parts: str) -> list[object]:
        return ["OR", *([f"{part}{date}", ">=", since] for part in parts for date in ("create_date", "write_date"))]

    yield from shipments(rpc, [changed("", "moves.")])
    yield from purchases(rpc, [changed("", "lines.", "lines.moves.")])
    yield from level_documents(rpc, [changed("")])


def _said(order: TheirOrder) -> tuple[str, Confirmation | str | None]:
    try:
        receipt = order.receipt
    except NotUnderstood as fault:
        return digest(str(order.record["equipoise_order"]), str(fault))[:_ID_DIGITS], str(fault)
    name = digest(order.changed_at.isoformat(), *astuple(receipt))[:_ID_DIGITS]
    if receipt.answer is Answer.PENDING:
        return name, None  # Nobody has said anything.
    return name, Confirmation(name, receipt, order.changed_at.replace(tzinfo=dt.UTC).isoformat())


def _cursor(since: str) -> tuple[dt.datetime | None, dict[str, dt.datetime]]:
    if not since:
        return None, {}
    try:
        last, *seen = since.split("|")
        known = dict(entry.split("@") for entry in seen)
        return dt.datetime.fromisoformat(last), {name: dt.datetime.fromisoformat(at) for name, at in known.items()}
    except ValueError:
        raise NotUnderstood(
            f"{since!r} is no cursor of this gateway", where="tryton", remedy="Start from the empty one"
        ) from None


def _written(last: dt.datetime, known: dict[str, dt.datetime]) -> str:
    return "|".join([last.isoformat(), *(f"{name}@{at.isoformat()}" for name, at in sorted(known.items()))])
