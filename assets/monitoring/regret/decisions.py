"""Decisions about orders that came to something: who or what decided which units, and what stood against them.

Read from the events of one order: what the rules let through, what people approved, changed or rejected. A decision
that was overtaken, by a replan, by an expiry or because the order was undone, is judged by nobody. Not here: what
became of the units (``hindsight``), or whether that was right (``table``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from assets.orders.events import (
    PARAMETERS,
    ApprovalGiven,
    Document,
    LedgerEvent,
    OrderApproved,
    OrderLine,
    OrderOverridden,
    OrderProposed,
    OrderRejected,
    OrderRevised,
)
from assets.orders.order import UNDER_WAY, Order, OrderStatus
from assets.orders.receipts import Answer, Receipt


class DecisionKind(StrEnum):
    """What kind of decision it was.

    ``automatic``: the rules asked nobody. ``approval``: a person agreed. Both stand against not sending.
    ``override``: a person changed units; it stands against what the plan had wanted. ``rejection``: a person said
    no; it stands against sending.
    """

    AUTOMATIC = "automatic"
    APPROVAL = "approval"
    OVERRIDE = "override"
    REJECTION = "rejection"


@dataclass(frozen=True)
class Units:
    """Units of a line, and what they cost to bring.

    Attributes
    ----------
    units : float
        Base units.
    freight_amount, value_amount : float
        Freight and handling; value at purchase price or standard cost.
    """

    units: float = 0.0
    freight_amount: float = 0.0
    value_amount: float = 0.0

    def times(self, share: float) -> Units:
        """Return a share of them."""
        return Units(self.units * share, self.freight_amount * share, self.value_amount * share)


@dataclass(frozen=True)
class DecidedLine:
    """One decision about one line of an order.

    Attributes
    ----------
    order : Order
        As it stands.
    event_version : int
        Event of the order's stream that is the decision, and that names who decided.
    kind : DecisionKind
        What kind.
    reason : str
        Word of the closed lists; empty where none is given.
    document : Document
        Content that was decided about.
    line : OrderLine
        The line; of a removed one as the plan had wanted it.
    decided, alternative : Units
        As they were asked for.
    arrived_share : float
        Part of the decided units that came, which the alternative's would have as well.
    is_told : bool
        Whether the other side told what arrived; else what it promised counts as arrived.
    """

    order: Order
    event_version: int
    kind: DecisionKind
    reason: str
    document: Document
    line: OrderLine
    decided: Units
    alternative: Units
    arrived_share: float = 1.0
    is_told: bool = False

    @property
    def policy_release(self) -> str:
        """Release that decided the line."""
        return self.document.provenance.release_of(self.line.item_id)

    @property
    def departure_date(self) -> dt.date:
        """Day it leaves or is ordered."""
        return self.line.departure_date


def decisions_of(order: Order, history: Sequence[LedgerEvent]) -> tuple[DecidedLine, ...]:
    """Return the decisions that led to what became of an order, by line and event.

    Parameters
    ----------
    order : Order
        As it stands.
    history : sequence of LedgerEvent
        All events of its stream, oldest first.
    """
    document = order.document
    # Levels handed to an ERP move nothing themselves; what undoes an order is no decision about units.
    if document.kind == PARAMETERS or document.provenance.compensates or order.status is OrderStatus.COMPENSATED:
        return ()
    if order.status is OrderStatus.REJECTED:
        return tuple(_rejections(order, history))
    if not _carried_out(order):
        return ()
    revision = _revision_of(order.standing, history)
    found = [*_overrides(order, revision, history), *_consents(order, revision, history)]
    return tuple(sorted(found, key=lambda one: (one.line.line_number, one.event_version)))


def _carried_out(order: Order) -> bool:
    has_it = order.former is not None or order.status in UNDER_WAY or order.status is OrderStatus.CLOSED
    return has_it and order.receipt is not None


def _revision_of(document: Document, history: Sequence[LedgerEvent]) -> int:
    """Return the latest revision whose content is a document's."""
    same = [revision for revision, made in _contents(history) if made.content_digest == document.content_digest]
    return same[-1] if same else 0


def _contents(history: Sequence[LedgerEvent]) -> Iterator[tuple[int, Document]]:
    for event in history:
        match event:
            case OrderProposed(document):
                yield 1, document
            case OrderRevised(document, revision):
                yield revision, document
            case OrderOverridden(document, revision):
                yield revision, document


def _rejections(order: Order, history: Sequence[LedgerEvent]) -> Iterator[DecidedLine]:
    said = [(at, event) for at, event in enumerate(history, 1) if isinstance(event, OrderRejected)]
    if not said or said[-1][1].revision != order.revision:
        return
    at, event = said[-1]
    for line in order.document.lines:
        yield DecidedLine(
            order, at, DecisionKind.REJECTION, event.reason, order.document, line, Units(), _asked(line)
        )  # fmt: skip


def _overrides(order: Order, revision: int, history: Sequence[LedgerEvent]) -> Iterator[DecidedLine]:
    """Yield the lines that a person changed, against the plan that they changed; not those left as they were."""
    planned: Document | None = None
    for at, event in enumerate(history, 1):
        if isinstance(event, OrderProposed | OrderRevised):
            planned = event.document
        if not isinstance(event, OrderOverridden) or event.revision != revision or planned is None:
            continue
        ours, theirs = _by_way(event.document), _by_way(planned)
        for way in sorted({*ours, *theirs}):
            line, before = ours.get(way), theirs.get(way)
            decided, alternative = _asked(line), _asked(before)
            if decided.units == alternative.units:
                continue
            share, told = (1.0, False) if line is None else _arrived(order.receipt, line)
            shown = line or before
            assert shown is not None
            yield DecidedLine(
                order, at, DecisionKind.OVERRIDE, event.reason, order.standing, shown, decided, alternative, share,
                told,
            )  # fmt: skip


def _consents(order: Order, revision: int, history: Sequence[LedgerEvent]) -> Iterator[DecidedLine]:
    """Yield each line once for the rules that let it through, or once for every person who agreed."""
    agreed = [(at, event) for at, event in enumerate(history, 1) if _is_of(event, OrderApproved, revision)]
    if not agreed:
        return
    last, event = agreed[-1]
    given = {
        one.by: at
        for at, one in enumerate(history[:last], 1)
        if isinstance(one, ApprovalGiven) and one.revision == revision and one.by in _people(event)
    }
    kind = DecisionKind.APPROVAL if given else DecisionKind.AUTOMATIC
    for line in order.standing.lines:
        share, told = _arrived(order.receipt, line)
        for at in sorted(given.values()) or [last]:
            yield DecidedLine(order, at, kind, "", order.standing, line, _asked(line), Units(), share, told)


def _is_of(event: LedgerEvent, kind: type[OrderApproved], revision: int) -> bool:
    return isinstance(event, kind) and event.revision == revision


def _people(event: LedgerEvent) -> tuple[str, ...]:
    return event.by if isinstance(event, OrderApproved) else ()


def _by_way(document: Document) -> dict[tuple[str, str], OrderLine]:
    return {(line.item_id, line.mode): line for line in document.lines}


def _asked(line: OrderLine | None) -> Units:
    if line is None:
        return Units()
    return Units(float(line.quantity_units), float(line.transport_amount), float(line.value_amount))


def _arrived(receipt: Receipt | None, line: OrderLine) -> tuple[float, bool]:
    """Return the share of a line that arrived, and whether the other side told so."""
    there = [one for one in receipt.lines if one.line_number == line.line_number] if receipt else []
    if receipt is None or receipt.answer is Answer.PENDING or line.quantity_units <= 0:
        return 1.0, False
    told = receipt.answer is Answer.CLOSED or receipt.received_units > 0
    units = sum(one.received_units if told else one.accepted_units for one in there)
    return units / line.quantity_units, told
