"""Messages of the order ledger: what may be asked of an order, and what can have happened to it.

All commands and events stand here, with the content they carry; reading this file and the
handlers in ``order`` tells all that the ledger does. Not here: rules (``order``) or storage
(``store``). Events are facts for ever: a change of shape raises ``SCHEMA_VERSION`` and adds an
upcaster to ``codec``.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

SCHEMA_VERSION = 1


class Channel(StrEnum):
    """Whether a document may ever leave: ``live`` may, ``backfill`` never does."""

    LIVE = "live"
    BACKFILL = "backfill"


@dataclass(frozen=True)
class OrderLine:
    """One line of a document. Units are base units, money is in the network's currency."""

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


@dataclass(frozen=True)
class Provenance:
    """What made this version of a document."""

    plan_digest: str
    policy_release: str
    model_version: str
    feature_version: str
    batch_ids: tuple[str, ...]
    run_id: str


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
    def quantity_units(self) -> int:
        """Units over all lines."""
        return sum(line.quantity_units for line in self.lines)

    @property
    def value_amount(self) -> Decimal:
        """Value over all lines."""
        return sum((line.value_amount for line in self.lines), Decimal(0))

    @property
    def gain_amount(self) -> Decimal:
        """Expected cost avoided over all lines."""
        return sum((line.gain_amount for line in self.lines), Decimal(0))


@dataclass(frozen=True)
class OrderBook:
    """The documents that one plan wants, of one plan date and channel, by id.

    An empty book says that the plan wants none, so that earlier proposals are withdrawn.
    ``projections`` turns documents into frames.
    """

    network: str
    plan_date: dt.date
    channel: Channel
    content: tuple[Document, ...]
    run_id: str


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
class Issue:
    """Somebody wants the document sent."""

    by: str


Command = Propose | Withdraw | Issue


@dataclass(frozen=True)
class OrderProposed:
    """The document came into being, with revision 1."""

    document: Document


@dataclass(frozen=True)
class OrderRevised:
    """A later plan changed the document, or brought a withdrawn one back."""

    document: Document
    revision: int


@dataclass(frozen=True)
class OrderWithdrawn:
    """A later plan had no use for the document; nobody had acted on it."""

    order_id: str
    reason: str
    run_id: str


Event = OrderProposed | OrderRevised | OrderWithdrawn


def order_id_of(event: Event) -> str:
    """Return the order that an event happened to."""
    return event.order_id if isinstance(event, OrderWithdrawn) else event.document.order_id
