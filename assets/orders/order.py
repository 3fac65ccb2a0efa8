"""One order as its events left it. Not here: what changes it (``evolve``), or may be asked of it (``decide``)."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum

from assets.orders.events import PARAMETERS, Document, Errand, Hold, Shortage
from assets.orders.receipts import Answer, Receipt


class OrderStatus(StrEnum):
    """Where an order stands.

    ``proposed`` by a plan; ``approved`` by rule or person; ``reserved``: its stock is kept; ``issued``: in the
    outbox, or taken in by the other side without an answer; ``unknown``: sent, no answer, or the other side has
    a revision that this ledger never made; ``acknowledged``,
    ``shipped``, ``received``: what the other side says; ``closed``: nothing further will happen; ``rejected`` by
    a person; ``expired`` before it was sent; ``cancelled`` by a plan, a person or the other side; ``failed``: the
    other side refused it, or says what nobody here can read; ``compensated`` by another order.
    """

    PROPOSED = "proposed"
    APPROVED = "approved"
    RESERVED = "reserved"
    ISSUED = "issued"
    UNKNOWN = "unknown"
    ACKNOWLEDGED = "acknowledged"
    SHIPPED = "shipped"
    RECEIVED = "received"
    CLOSED = "closed"
    REJECTED = "rejected"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    FAILED = "failed"
    COMPENSATED = "compensated"


TAKEN = "take"
"""Source of a statement that a person has the order go by, whatever was known before."""
UNSENT = frozenset({OrderStatus.PROPOSED, OrderStatus.APPROVED, OrderStatus.RESERVED})
"""Nobody outside has heard of this revision."""
IN_OUTBOX = frozenset({OrderStatus.ISSUED, OrderStatus.UNKNOWN})
"""On its way, or about to be."""
UNDER_WAY = frozenset({OrderStatus.ACKNOWLEDGED, OrderStatus.SHIPPED, OrderStatus.RECEIVED})
"""The other side carries it out."""
ENDED = frozenset(OrderStatus) - UNSENT - IN_OUTBOX - UNDER_WAY
"""Nothing further happens by itself."""


@dataclass(frozen=True)
class Consent:
    """One person's yes to a revision; it counts no more from ``expires_on``."""

    by: str
    given_on: dt.date
    expires_on: dt.date


@dataclass(frozen=True)
class Approval:
    """Who has to agree to a revision, and who has.

    Attributes
    ----------
    approvers : int
        Different people that have to.
    rules : tuple of str
        What asks for them.
    expires_on : date
        Day from which it is too late.
    why : str
        What the rules say in words.
    """

    approvers: int
    rules: tuple[str, ...]
    expires_on: dt.date
    why: str = ""
    given: tuple[Consent, ...] = ()


@dataclass(frozen=True)
class Delivery:
    """An order's way to the other side.

    Attributes
    ----------
    gateway : str
        Which system it was issued to, as ``Gateway.address`` tells; of some older ones the kind alone.
    idempotency_key : str
        Of the revision that is on its way.
    attempts : int
        Attempts begun.
    errand : Errand
        What the last one asked for.
    lease_until : datetime or None
        Until then a process is talking to the other side; ``None`` between attempts.
    retry_at : datetime or None
        Not before then.
    uncertain : bool
        Whether an attempt may have been taken in: the other side is asked before anything is sent again.
    detail : str
        What the last attempt brought.
    """

    gateway: str
    idempotency_key: str
    attempts: int = 0
    errand: Errand = Errand.SUBMIT
    lease_until: dt.datetime | None = None
    retry_at: dt.datetime | None = None
    uncertain: bool = False
    detail: str = ""

    @property
    def may_have_arrived(self) -> bool:
        """Whether an attempt's outcome is unknown, or a process that is at it has not said."""
        return self.uncertain or self.lease_until is not None


@dataclass(frozen=True)
class Former:
    """What the other side has of an order while a later revision is on its way to it."""

    document: Document
    revision: int
    holds: tuple[Hold, ...]
    overridden_by: tuple[str, ...] = ()


@dataclass(frozen=True)
class Order:
    """An order as its events left it.

    Attributes
    ----------
    document : Document
        Latest content.
    revision : int
        1 for the first content.
    status : OrderStatus
        Where the latest revision stands.
    status_reason : str
        Why it stands there; empty for a proposal.
    version : int
        Events applied, which is the version that the next append expects.
    withdrawn : bool
        Whether a plan, not a person, cancelled it: the next plan may bring it back.
    overridden_by : tuple of str
        Everybody who changed what the plan wanted; empty where the content is a plan's.
    planned_digest : str
        Of the content that the latest plan wanted, where somebody changed it.
    approval : Approval or None
        Of this revision; ``None`` before the rules were asked.
    holds : tuple of Hold
        Stock that this revision keeps, if it ever reserved any.
    holds_until : date or None
        Day from which a reservation that led to nothing is void.
    delivery : Delivery or None
        Since it was issued.
    receipt : Receipt or None
        Newest that the other side said.
    unmade : Receipt or None
        What it says of a revision that this ledger never made, whose content nobody here knows: until that is settled
        the order is ``unknown``, and nothing of it is sent.
    former : Former or None
        What the other side has, while an amendment is on its way.
    amendment_in_hand : bool
        Whether it has taken that amendment in and not answered: until it does, it goes by what it had.
    cancel_reason : str
        Why it was asked to be cancelled; empty if it was not.
    cancel_handed_over : bool
        Whether the other side has that wish and has not decided.
    declined_digest : str
        Of content that a person or the other side said no to, or that came too late: no plan proposes it again.
    person_decided : str
        What a person decided of an earlier revision: the next one needs a person too.
    compensated_by : str
        The order that undoes it.
    agreed_units : tuple of (int, int)
        By line number, units of which a person said that the other side may go by them, though fewer were asked for.
    """

    document: Document
    revision: int
    status: OrderStatus
    status_reason: str = ""
    version: int = 1
    withdrawn: bool = False
    overridden_by: tuple[str, ...] = ()
    planned_digest: str = ""
    approval: Approval | None = None
    holds: tuple[Hold, ...] = ()
    holds_until: dt.date | None = None
    delivery: Delivery | None = None
    receipt: Receipt | None = None
    unmade: Receipt | None = None
    former: Former | None = None
    amendment_in_hand: bool = False
    cancel_reason: str = ""
    cancel_handed_over: bool = False
    declined_digest: str = ""
    person_decided: str = ""
    compensated_by: str = ""
    agreed_units: tuple[tuple[int, int], ...] = ()

    @property
    def order_id(self) -> str:
        """Id of the document."""
        return self.document.order_id

    @property
    def data_version(self) -> str:
        """Names one revision's content, as its materialization carries it."""
        return f"r{self.revision}.{self.document.content_digest[:16]}"

    @property
    def standing(self) -> Document:
        """What holds outside: the content that the other side has, the latest where it has none."""
        return self.former.document if self.former else self.document

    @property
    def cancel_pending(self) -> bool:
        """Whether the other side is still to be told that the order is wanted no more."""
        return bool(self.cancel_reason) and self.status not in ENDED


def in_force(order: Order) -> bool:
    """Tell whether the other side goes by what it has: it carries an order out, or took levels that hold until others.

    Levels are closed once they are acknowledged, and a later plan of their date may amend them all the same.
    """
    taken = order.receipt is not None and order.receipt.answer in (Answer.ACCEPTED, Answer.CLOSED)
    return order.status in UNDER_WAY or (
        order.document.kind == PARAMETERS and order.status is OrderStatus.CLOSED and taken
    )


def planned(order: Order) -> str:
    """Return the digest of what the latest plan wanted of an order, whatever somebody made of it."""
    return order.planned_digest or order.document.content_digest


def taken_in(order: Order) -> bool:
    """Tell whether the other side has the latest revision; a later one than that is none of ours."""
    carried_out = order.receipt is not None and order.receipt.revision == order.revision
    return carried_out or order.amendment_in_hand


def leaves_in_hand(order: Order, receipt: Receipt) -> bool:
    """Tell whether the other side took an amendment in without an answer, which changes nothing of what it goes by."""
    of_it = receipt.answer is Answer.PENDING and receipt.revision == order.revision
    return of_it and order.former is not None and order.status in IN_OUTBOX


def is_unmade(order: Order, receipt: Receipt) -> bool:
    """Tell whether the other side carries out a revision that this ledger never made, or has it in hand.

    The ledger was restored from an older backup, or somebody else uses the reference. What is over there is over for
    any revision; levels that were taken are in doubt, and the next plan tells them anew.
    """
    levels = order.document.kind == PARAMETERS
    alive = receipt.answer is Answer.PENDING or (receipt.answer is Answer.ACCEPTED and not levels)
    return alive and receipt.revision > order.revision


def believed(order: Order, receipt: Receipt) -> Receipt:
    """Return a statement as far as it can be gone by: lines with levels of a revision never made here are nobody's."""
    foreign = order.document.kind == PARAMETERS and receipt.revision > order.revision
    return replace(receipt, lines=()) if foreign else receipt


def promises_too_much(order: Order) -> bool:
    """Tell whether more of a line is promised than was asked for, is still to leave, and nobody has agreed to it."""
    receipt = order.receipt
    goes_on = order.status in UNDER_WAY or order.former is not None
    if receipt is None or order.document.kind == PARAMETERS or not goes_on:
        return False
    most = {line.line_number: line.quantity_units for line in order.standing.lines}
    for number, units in order.agreed_units:
        most[number] = max(units, most.get(number, 0))
    more = [line for line in receipt.lines if line.accepted_units > most.get(line.line_number, 0)]
    return any(line.accepted_units > max(line.shipped_units, line.received_units) for line in more)


def certainly_here(order: Order) -> bool:
    """Tell whether an order is in the outbox, nobody is sending it, and the other side certainly has not got it."""
    delivery = order.delivery
    if order.status is not OrderStatus.ISSUED or delivery is None or taken_in(order):
        return False
    # Without an amendment on its way, whatever revision the other side spoke of is this order.
    spoken_of = order.receipt is not None and order.former is None
    return not spoken_of and not delivery.may_have_arrived


def errand_of(order: Order) -> Errand | None:
    """Return what the other side is still to be asked about an order; ``None`` if nothing."""
    if order.delivery is None:
        return None
    if order.cancel_pending:
        return None if order.cancel_handed_over else Errand.CANCEL
    if order.unmade is not None:
        return None
    return Errand.SUBMIT if order.status in IN_OUTBOX and not taken_in(order) else None


def turn(order: Order) -> tuple[bool, Decimal, str]:
    """Return by what orders leave one after the other: the most valuable first, levels after all that moves something.

    An ERP that takes levels is to find on order what a plan of the same date ordered for the same item-sites.
    """
    return order.document.kind == PARAMETERS, -order.document.gain_amount, order.order_id


def held(order: Order) -> tuple[Hold, ...]:
    """Return the stock that an order keeps for itself now: of two revisions the larger claim, by site and item.

    An order that ended keeps what left for it: the snapshot of its plan date still counts that as there.
    """
    if order.status in ENDED:
        return _left_behind(order)
    claims: dict[tuple[str, str], int] = {}
    for holds in (order.holds, order.former.holds if order.former else ()):
        own: dict[tuple[str, str], int] = {}
        for hold in holds:
            key = (hold.site_id, hold.item_id)
            own[key] = own.get(key, 0) + hold.units
        for key, units in own.items():
            claims[key] = max(claims.get(key, 0), units)
    return tuple(Hold(*key, units) for key, units in sorted(claims.items()))


def _left_behind(order: Order) -> tuple[Hold, ...]:
    """Return what left for an order that has ended, as far as stock was kept for it."""
    if order.receipt is None or not order.receipt.shipped_units:
        return ()
    item = {line.line_number: line.item_id for line in order.document.lines}
    left: dict[str, int] = {}
    for line in order.receipt.lines:
        name = item.get(line.line_number, "")
        left[name] = left.get(name, 0) + max(line.shipped_units, line.received_units)
    kept = [Hold(hold.site_id, hold.item_id, min(hold.units, left.get(hold.item_id, 0))) for hold in order.holds]
    return tuple(sorted((hold for hold in kept if hold.units), key=lambda hold: (hold.site_id, hold.item_id)))


def shortage_text(shortages: tuple[Shortage, ...]) -> str:
    """Return in words what an order did not get."""
    return "; ".join(_short(shortage) for shortage in shortages)


def _short(shortage: Shortage) -> str:
    holders = f", {', '.join(shortage.holders)} hold the rest" if shortage.holders else ""
    return (
        f"{shortage.site_id} has {shortage.left_units} of the {shortage.wanted_units} units of "
        f"{shortage.item_id} left{holders}"
    )
