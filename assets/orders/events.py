"""Messages of the order ledger: what may be asked of an order, and what can have happened to it.

All commands and events of an order stand here, with the content they carry; reading this file, the
handlers in ``decide`` and the cases in ``evolve`` tells all that can happen to one. Not here: rules, or
storage (``store``). Events are facts for ever: a change of shape raises ``SCHEMA_VERSION`` and adds an
upcaster to ``codec``.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from assets.orders.receipts import Receipt

SCHEMA_VERSION = 6
"""Version 3 lets provenance name a canary and what is undone, version 4 lets lines carry levels, version 5 says of
levels where they were ordered from before, and of a receipt whether each line of them was taken, version 6 lets a
rollback wait for orders of unknown outcome, and says of a receipt its place among what was said; where older events are
silent there is none."""

PARAMETERS = "parameters"
"""Kind of document that hands levels to an ERP which replenishes by itself: nothing moves by it."""


class Channel(StrEnum):
    """Whether a document may ever leave: ``live`` may; ``backfill`` and ``shadow`` never do."""

    LIVE = "live"
    BACKFILL = "backfill"
    SHADOW = "shadow"


NEVER_SENT = frozenset({Channel.BACKFILL, Channel.SHADOW})
"""Channels whose documents are proposed and withdrawn, and nothing else."""


@dataclass(frozen=True)
class Levels:
    """Levels by which an ERP replenishes an item at a site; base units.

    Attributes
    ----------
    reorder_point_units : int
        Order when the position has fallen to this.
    minimum_units : int
        Stock that is to be left when the next receipt comes.
    maximum_units : int
        Order up to this, in whole lots.
    source_id : str
        Supplier or site that it is ordered from.
    service_measure, promised_service : str, Decimal
        What the levels promise, and how much of it.
    is_withdrawn : bool
        Whether the ERP is to order it no more; all levels are 0 then.
    former_reorder_point_units, former_maximum_units : int or None
        What stood there by the last acknowledgement of an earlier date; ``None`` where nothing did.
    former_source_id, former_mode : str
        Where it was ordered from, and how, before; empty where nothing stood.
    approved_reorder_point_units, approved_maximum_units : int or None
        Last levels that a person approved, or the first that stood; ``None`` where nothing did.
    """

    reorder_point_units: int
    minimum_units: int
    maximum_units: int
    source_id: str
    service_measure: str
    promised_service: Decimal
    is_withdrawn: bool = False
    former_reorder_point_units: int | None = None
    former_maximum_units: int | None = None
    former_source_id: str = ""
    former_mode: str = ""
    approved_reorder_point_units: int | None = None
    approved_maximum_units: int | None = None


@dataclass(frozen=True)
class OrderLine:
    """One line of a document. Units are base units, money is in the network's currency.

    A line with ``levels`` moves nothing; its mode is how the ERP is supplied (purchase or transfer).
    """

    line_number: int
    item_id: str
    mode: str
    quantity_units: int
    departure_date: dt.date
    arrival_date: dt.date
    value_amount: Decimal
    transport_amount: Decimal
    gain_amount: Decimal
    reason: str
    binding_constraints: str
    levels: Levels | None = None

    @property
    def asked_units(self) -> int:
        """What a receipt's accepted units are compared with: the quantity, or the maximum that is to stand there."""
        return self.levels.maximum_units if self.levels else self.quantity_units


@dataclass(frozen=True)
class Provenance:
    """What made this version of a document.

    ``canary_items`` are the items whose lines ``canary_release`` decided; ``policy_release`` decided the others.
    ``compensates`` is the order that the document undoes; empty for what a plan wants.
    """

    plan_digest: str
    policy_release: str
    model_version: str
    feature_version: str
    batch_ids: tuple[str, ...]
    run_id: str
    canary_release: str = ""
    canary_items: tuple[str, ...] = ()
    compensates: str = ""

    def release_of(self, item_id: str) -> str:
        """Return the release that decided the lines of an item."""
        return self.canary_release if item_id in self.canary_items else self.policy_release


@dataclass(frozen=True)
class Document:
    """What an ERP would hold: one kind, origin, destination and plan date, many lines.

    ``order_id`` is a digest of the first five facts and the channel, so that planning twice
    yields the same document; ``content_digest`` is one of what the receiver acts on.
    """

    order_id: str
    network: str
    plan_date: dt.date
    channel: Channel
    kind: str
    origin_id: str
    destination_id: str
    reason: str
    content_digest: str
    lines: tuple[OrderLine, ...]
    provenance: Provenance

    @property
    def identity(self) -> tuple[str, dt.date, Channel, str, str, str]:
        """What the order id is made from."""
        return (self.network, self.plan_date, self.channel, self.kind, self.origin_id, self.destination_id)

    @property
    def first_departure(self) -> dt.date | None:
        """First day on which a line is to leave; ``None`` of a document that moves nothing."""
        return min((line.departure_date for line in self.lines if line.levels is None), default=None)

    @property
    def quantity_units(self) -> int:
        """Units over all lines."""
        return sum(line.quantity_units for line in self.lines)

    @property
    def asked_units(self) -> int:
        """What a receipt's accepted units are compared with, over all lines."""
        return sum(line.asked_units for line in self.lines)

    @property
    def value_amount(self) -> Decimal:
        """Value over all lines."""
        return sum((line.value_amount for line in self.lines), Decimal(0))

    @property
    def gain_amount(self) -> Decimal:
        """Expected cost avoided over all lines."""
        return sum((line.gain_amount for line in self.lines), Decimal(0))

    @property
    def releases(self) -> tuple[str, ...]:
        """The releases that decided its lines, sorted."""
        return tuple(sorted({self.provenance.release_of(line.item_id) for line in self.lines}))


@dataclass(frozen=True)
class OrderBook:
    """The documents that one plan wants, of one plan date and channel, by id.

    An empty book says that the plan wants none, so that earlier proposals are withdrawn.
    ``release`` is the shadow whose documents alone it speaks for; empty where the channel has one plan.
    ``projections`` turns documents into frames.
    """

    network: str
    plan_date: dt.date
    channel: Channel
    content: tuple[Document, ...]
    run_id: str
    release: str = ""

    def speaks_for(self, document: Document) -> bool:
        """Tell whether the book is to withdraw a document of its date and channel that it does not hold."""
        made_by = document.provenance
        return not made_by.compensates and self.release in ("", made_by.policy_release)


@dataclass(frozen=True)
class Hold:
    """Units of an item at a site that an order keeps for itself until they have left."""

    site_id: str
    item_id: str
    units: int


@dataclass(frozen=True)
class Shortage:
    """What an order asked of a stock that others hold.

    Attributes
    ----------
    wanted_units, left_units : int
        Asked for, and there were left.
    holders : tuple of str
        Orders that hold the stock, those that hold most first.
    """

    site_id: str
    item_id: str
    wanted_units: int
    left_units: int
    holders: tuple[str, ...]


class Errand(StrEnum):
    """What a message to the other side asks for."""

    SUBMIT = "submit"
    CANCEL = "cancel"


class SendOutcome(StrEnum):
    """How an attempt to send ended that brought no receipt.

    ``not_sent``: certainly not taken in. ``unknown``: perhaps; ask before it is sent again. ``absent``: the other side
    has nothing of it, by its word or because nothing was sent, and nothing is sent now.
    ``not_understood``: the other side said something that cannot be read; a person has to look.
    """

    NOT_SENT = "not sent"
    UNKNOWN = "unknown"
    ABSENT = "absent"
    NOT_UNDERSTOOD = "not understood"


# What may be asked of an order.


@dataclass(frozen=True)
class Propose:
    """A plan contains the document."""

    document: Document


@dataclass(frozen=True)
class Withdraw:
    """A later plan of the same date and channel does not contain the document any more."""

    reason: str
    run_id: str


@dataclass(frozen=True)
class Require:
    """The rules say how many people have to approve, nobody if ``approvers`` is 0, and why."""

    approvers: int
    rules: tuple[str, ...]
    expires_on: dt.date
    why: str = ""


@dataclass(frozen=True)
class Override:
    """Somebody wants other content than the plan's; it is their own then, and somebody else approves it."""

    document: Document
    by: str
    reason: str
    note: str = ""


@dataclass(frozen=True)
class Approve:
    """Somebody agrees to the content whose digest they saw.

    Attributes
    ----------
    given_on, expires_on : date
        Day of the clock, and the first on which the approval counts no more.
    """

    by: str
    content_digest: str
    given_on: dt.date
    expires_on: dt.date
    note: str = ""


@dataclass(frozen=True)
class Reject:
    """Somebody says no."""

    by: str
    reason: str
    note: str = ""


@dataclass(frozen=True)
class Expire:
    """The date is come by which an approval or a reservation should have led to something.

    ``window_days`` from its plan date a proposal whose rules were never asked is too late as well, and so is whatever
    is of an earlier plan than that of ``plan_date``, the only one whose orders leave.
    """

    today: dt.date
    window_days: int = 28
    plan_date: dt.date | None = None


@dataclass(frozen=True)
class Reopen:
    """What it was approved by does not hold any more: approvals of ``void`` do not count, and rules speak again."""

    reason: str
    void: tuple[str, ...] = ()


@dataclass(frozen=True)
class Reserve:
    """Keep stock for the order; the store refuses what would exceed it."""

    holds: tuple[Hold, ...]
    expires_on: dt.date


@dataclass(frozen=True)
class RefuseReservation:
    """The stock is not there."""

    shortages: tuple[Shortage, ...]


@dataclass(frozen=True)
class Issue:
    """Somebody wants the document sent."""

    by: str
    gateway: str
    idempotency_key: str


@dataclass(frozen=True)
class BeginSend:
    """A process is about to talk to the other side; nobody else does until ``lease_until``."""

    errand: Errand
    by: str
    lease_until: dt.datetime


@dataclass(frozen=True)
class EndSend:
    """The attempt brought no receipt. Attempts may start anew with a revision, so that both name one."""

    revision: int
    attempt: int
    outcome: SendOutcome
    detail: str
    retry_at: dt.datetime


@dataclass(frozen=True)
class Confirm:
    """The other side said something.

    Attributes
    ----------
    source : str
        ``submit``, ``cancel`` or ``find`` for an answer, ``take`` for one that a person has the order go by; the
        message's id for what it said unasked.
    """

    receipt: Receipt
    source: str


@dataclass(frozen=True)
class Cancel:
    """Somebody wants the order carried out no further."""

    by: str
    reason: str
    note: str = ""


@dataclass(frozen=True)
class Resend:
    """The other side has lost it: it is handed over again, under the same key."""

    by: str
    reason: str


@dataclass(frozen=True)
class Redirect:
    """The system that has it is found at another address now."""

    gateway: str
    by: str
    reason: str


@dataclass(frozen=True)
class Close:
    """Nothing further will happen, by what is known here."""

    reason: str


@dataclass(frozen=True)
class Compensate:
    """What was done is undone by another order."""

    compensated_by: str
    by: str
    reason: str


Command = (
    Propose | Withdraw | Override | Require | Approve | Reopen | Reject | Expire | Reserve | RefuseReservation | Issue
    | BeginSend | EndSend | Confirm | Cancel | Resend | Redirect | Close | Compensate
)  # fmt: skip


# What can have happened to an order.


class LedgerEvent:
    """Anything that the ledger records; what happens to orders, and what is decided about them."""


@dataclass(frozen=True)
class OrderProposed(LedgerEvent):
    """The document came into being, with revision 1."""

    document: Document


@dataclass(frozen=True)
class OrderRevised(LedgerEvent):
    """A later plan changed the document, or brought a withdrawn one back; an amendment where it was sent."""

    document: Document
    revision: int


@dataclass(frozen=True)
class OrderOverridden(LedgerEvent):
    """Somebody changed the content that a plan had wanted."""

    document: Document
    revision: int
    by: str
    reason: str
    note: str


@dataclass(frozen=True)
class AmendmentDropped(LedgerEvent):
    """A revision of a sent order came to nothing: what the other side has is the content again."""

    document: Document
    reason: str


@dataclass(frozen=True)
class OrderWithdrawn(LedgerEvent):
    """A later plan had no use for the document or the amendment, which had not been sent."""

    order_id: str
    reason: str
    run_id: str


@dataclass(frozen=True)
class ApprovalRequired(LedgerEvent):
    """The rules said who has to approve this revision."""

    order_id: str
    revision: int
    approvers: int
    rules: tuple[str, ...]
    expires_on: dt.date
    why: str


@dataclass(frozen=True)
class ApprovalGiven(LedgerEvent):
    """One person agreed to this revision."""

    order_id: str
    revision: int
    by: str
    given_on: dt.date
    expires_on: dt.date
    note: str


@dataclass(frozen=True)
class OrderApproved(LedgerEvent):
    """Everybody who has to has agreed; nobody had to if ``by`` is empty."""

    order_id: str
    revision: int
    by: tuple[str, ...]


@dataclass(frozen=True)
class ApprovalVoided(LedgerEvent):
    """The revision is a proposal again; approvals of ``void`` count no more."""

    order_id: str
    revision: int
    reason: str
    void: tuple[str, ...]


@dataclass(frozen=True)
class OrderRejected(LedgerEvent):
    """Somebody said no to this revision."""

    order_id: str
    revision: int
    by: str
    reason: str
    note: str


@dataclass(frozen=True)
class OrderExpired(LedgerEvent):
    """The revision was not sent in time."""

    order_id: str
    revision: int
    reason: str


@dataclass(frozen=True)
class OrderReserved(LedgerEvent):
    """Stock is kept for this revision, or it needs none of ours."""

    order_id: str
    revision: int
    holds: tuple[Hold, ...]
    expires_on: dt.date


@dataclass(frozen=True)
class ReservationRefused(LedgerEvent):
    """The stock was not there; the order stays approved and may ask again."""

    order_id: str
    revision: int
    shortages: tuple[Shortage, ...]


@dataclass(frozen=True)
class OrderIssued(LedgerEvent):
    """The revision is to be sent: from now on it is in the outbox."""

    order_id: str
    revision: int
    gateway: str
    idempotency_key: str
    by: str


@dataclass(frozen=True)
class SendBegun(LedgerEvent):
    """A process went to talk to the other side; if it never came back, the outcome is unknown."""

    order_id: str
    revision: int
    errand: Errand
    attempt: int
    by: str
    lease_until: dt.datetime


@dataclass(frozen=True)
class SendEnded(LedgerEvent):
    """An attempt ended without a receipt."""

    order_id: str
    revision: int
    attempt: int
    outcome: SendOutcome
    detail: str
    retry_at: dt.datetime


@dataclass(frozen=True)
class ReceiptRecorded(LedgerEvent):
    """The other side said where the order stands there."""

    order_id: str
    receipt: Receipt
    source: str


@dataclass(frozen=True)
class CancelRequested(LedgerEvent):
    """An order that was sent is to be carried out no further; the other side is asked."""

    order_id: str
    by: str
    reason: str
    note: str


@dataclass(frozen=True)
class OrderCancelled(LedgerEvent):
    """An order that was not sent will not be."""

    order_id: str
    by: str
    reason: str
    note: str


@dataclass(frozen=True)
class ResendRequested(LedgerEvent):
    """What the other side had said is void, because it has lost the order: it is in the outbox again."""

    order_id: str
    revision: int
    by: str
    reason: str


@dataclass(frozen=True)
class OrderRedirected(LedgerEvent):
    """The system that has it, or was to have it, is found at another address."""

    order_id: str
    revision: int
    gateway: str
    by: str
    reason: str


@dataclass(frozen=True)
class OrderClosed(LedgerEvent):
    """Nothing further will happen."""

    order_id: str
    reason: str


@dataclass(frozen=True)
class OrderCompensated(LedgerEvent):
    """What was done was undone by another order."""

    order_id: str
    compensated_by: str
    by: str
    reason: str


Event = (
    OrderProposed | OrderRevised | OrderOverridden | AmendmentDropped | OrderWithdrawn | ApprovalRequired
    | ApprovalGiven | ApprovalVoided | OrderApproved | OrderRejected | OrderExpired | OrderReserved
    | ReservationRefused | OrderIssued | SendBegun | SendEnded | ReceiptRecorded | CancelRequested | OrderCancelled
    | ResendRequested | OrderRedirected | OrderClosed | OrderCompensated
)  # fmt: skip
"""What can have happened to an order."""

ContentEvent = OrderProposed | OrderRevised | OrderOverridden | AmendmentDropped
"""Those that carry what the order is about from then on."""


def order_id_of(event: Event) -> str:
    """Return the order that an event happened to."""
    return event.document.order_id if isinstance(event, ContentEvent) else event.order_id
