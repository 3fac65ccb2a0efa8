"""Orders of ours as Tryton holds them: internal shipments, purchases and levels, and what they say of their lines.

Units come from stock moves, which only ever add up: a move that is done stays done. With a transit location (two
warehouses) a line has a move out and a move in; without one the same move is both. Not here: what is changed
(``gateway``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from assets.orders.gateways.port import Answer, NotUnderstood, Receipt, ReceiptLine
from assets.orders.gateways.tryton.master import rows
from assets.orders.gateways.tryton.order_points import lines_of
from assets.orders.gateways.tryton.rpc import Rpc

SHIPMENT = "stock.shipment.internal"
PURCHASE = "purchase.purchase"
LEVELS = "equipoise.parameters"
PENDING = frozenset({"request", "draft", "quotation"})
ACCEPTED = frozenset({"waiting", "assigned", "packed", "shipped", "confirmed", "processing", "accepted"})
_OURS = ("equipoise_order", "equipoise_revision", "equipoise_answered", "equipoise_key", "equipoise_cancelled")
_DATES = ("create_date", "write_date")
_HEADER = (*_OURS, *_DATES, "number", "state", "_timestamp")
_ENDS = ("internal_transit_location", "from_location", "to_location")
_MOVE = (*_DATES, "equipoise_line", "state", "internal_quantity", "from_location", "to_location", "origin")


@dataclass(frozen=True)
class TheirOrder:
    """One record that carries an order of ours.

    Attributes
    ----------
    model : str
        ``SHIPMENT``, ``PURCHASE`` or ``LEVELS``.
    record : dict
        Its header.
    children : tuple of dict
        Its lines: moves of a shipment, lines of a purchase.
    moves : tuple of dict
        Its stock moves.
    """

    model: str
    record: Mapping[str, Any]
    children: tuple[Mapping[str, Any], ...]
    moves: tuple[Mapping[str, Any], ...]

    @property
    def lines(self) -> tuple[ReceiptLine, ...]:
        """What it says of each line of ours.

        Raises
        ------
        NotUnderstood
            If units cannot be told.
        """
        if self.model == LEVELS:
            return lines_of(self.record["content"])
        if self.model == SHIPMENT:
            return shipped_lines(self.moves, self.record["internal_transit_location"])
        return bought_lines(self.children, self.moves)

    @property
    def changed_at(self) -> dt.datetime:
        """Last change of any part of it, by the server's clock."""
        rows_of_it = (self.record, *self.children, *self.moves)
        changes: list[dt.datetime] = [row["write_date"] or row["create_date"] for row in rows_of_it]
        return max(changes)

    @property
    def record_id(self) -> int:
        """Id of the record."""
        return int(self.record["id"])

    @property
    def state(self) -> str:
        """Tryton's name of where it stands."""
        return str(self.record["state"])

    @property
    def revision(self) -> int:
        """Revision of ours that it holds."""
        return int(self.record["equipoise_revision"] or 0)

    @property
    def stamp(self) -> dict[str, str]:
        """What tells whether somebody changed it since."""
        return {f"{self.model},{self.record_id}": self.record["_timestamp"]}

    @property
    def answer(self) -> Answer:
        """Where it stands, in the port's words."""
        if self.state in PENDING:
            return Answer.PENDING
        if self.state == "cancelled":
            # A number is given when it is first accepted (purchases: quoted).
            was_ours = self.record["number"] or self.record["equipoise_cancelled"]
            return Answer.CANCELLED if was_ours else Answer.REFUSED
        if self.state == "done" or self.record.get("shipment_state") == "received":
            return Answer.CLOSED
        if self.state in ACCEPTED:
            return Answer.ACCEPTED
        raise NotUnderstood(
            f"state {self.state!r} is not known",
            where=str(self.record["equipoise_order"]),
            remedy="Update this release",
        )

    @property
    def receipt(self) -> Receipt:
        """What the server says of the order."""
        decided = self.answer is not Answer.PENDING
        reasons = {
            Answer.REFUSED: "cancelled there before it was accepted",
            Answer.CANCELLED: self.record["equipoise_cancelled"] or "cancelled there",
        }
        return Receipt(
            str(self.record["equipoise_order"]),
            self.revision,
            self.answer,
            self.lines if decided else (),
            f"LP{self.record_id}" if self.model == LEVELS else str(self.record["number"] or ""),
            reasons.get(self.answer, ""),
            max(self.revision if decided else 0, self.record["equipoise_answered"] or 0),
        )


def shipments(rpc: Rpc, domain: list[Any]) -> list[TheirOrder]:
    """Return internal shipments of ours."""
    headers = rows(rpc, SHIPMENT, [["equipoise_order", "!=", None], *domain], [*_HEADER, *_ENDS])
    moves = rows(
        rpc, "stock.move", [["shipment", "in", [f"{SHIPMENT},{row['id']}" for row in headers]]], [*_MOVE, "shipment"]
    )
    by_shipment = _grouped(moves, "shipment")
    found = []
    for header in headers:
        own = by_shipment.get(f"{SHIPMENT},{header['id']}", ())
        found.append(TheirOrder(SHIPMENT, header, own, own))
    return found


def purchases(rpc: Rpc, domain: list[Any]) -> list[TheirOrder]:
    """Return purchases of ours."""
    headers = rows(rpc, PURCHASE, [["equipoise_order", "!=", None], *domain], [*_HEADER, "shipment_state"])
    fields = [*_DATES, "equipoise_line", "purchase", "quantity", "unit", "product.default_uom"]
    lines = rows(
        rpc, "purchase.line", [["purchase", "in", [row["id"] for row in headers]], ["type", "=", "line"]], fields
    )
    moves = rows(rpc, "stock.move", [["origin", "in", [f"purchase.line,{row['id']}" for row in lines]]], _MOVE)
    by_purchase, by_line = _grouped(lines, "purchase"), _grouped(moves, "origin")
    found = []
    for header in headers:
        own = by_purchase.get(header["id"], ())
        arriving = tuple(move for line in own for move in by_line.get(f"purchase.line,{line['id']}", ()))
        found.append(TheirOrder(PURCHASE, header, own, arriving))
    return found


def level_documents(rpc: Rpc, domain: list[Any]) -> list[TheirOrder]:
    """Return documents of ours that set levels."""
    fields = [*_OURS, *_DATES, "state", "content", "_timestamp"]
    return [TheirOrder(LEVELS, header, (), ()) for header in rows(rpc, LEVELS, domain, fields)]


def shipped_lines(moves: Iterable[Mapping[str, Any]], transit: int | None) -> tuple[ReceiptLine, ...]:
    """Return the lines of a shipment from its moves; moves that a person added are not ours."""
    totals: dict[int, list[int]] = {}
    for move in moves:
        if move["equipoise_line"] is None or move["state"] == "cancelled":
            continue
        line = totals.setdefault(move["equipoise_line"], [0, 0, 0])
        units, done = _whole(move["internal_quantity"], move), move["state"] == "done"
        if transit is None or move["from_location"] != transit:
            line[0] += units
            line[1] += units * done
        if transit is None or move["to_location"] != transit:
            line[2] += units * done
    return tuple(ReceiptLine(number, *(units[0], units[1], units[2])) for number, units in sorted(totals.items()))


def bought_lines(lines: Iterable[Mapping[str, Any]], moves: Sequence[Mapping[str, Any]]) -> tuple[ReceiptLine, ...]:
    """Return the lines of a purchase; what arrived is all that is known to have been shipped."""
    totals: dict[int, list[int]] = {}
    for line in lines:
        if line["equipoise_line"] is None:
            continue
        if line["unit"] != line["product."]["default_uom"]:
            raise NotUnderstood(
                "it is not in the product's own unit",
                where=f"purchase.line,{line['id']}",
                remedy="Set its unit back there",
            )
        arrived = sum(
            _whole(move["internal_quantity"], move)
            for move in moves
            if move["origin"] == f"purchase.line,{line['id']}" and move["state"] == "done"
        )
        total = totals.setdefault(line["equipoise_line"], [0, 0])
        total[0] += _whole(line["quantity"], line)
        total[1] += arrived
    return tuple(
        ReceiptLine(number, ordered, arrived, arrived) for number, (ordered, arrived) in sorted(totals.items())
    )


def _grouped(found: Iterable[dict[str, Any]], key: str) -> dict[Any, tuple[dict[str, Any], ...]]:
    groups: dict[Any, list[dict[str, Any]]] = {}
    for row in found:
        groups.setdefault(row[key], []).append(row)
    return {value: tuple(own) for value, own in groups.items()}


def _whole(quantity: float | None, row: Mapping[str, Any]) -> int:
    units = round(quantity or 0)
    if abs((quantity or 0) - units) > 1e-6:
        raise NotUnderstood(
            f"{quantity} is no whole number of units", where=f"line {row['equipoise_line']}", remedy="Correct it there"
        )
    return units
