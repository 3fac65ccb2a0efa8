"""The Gateway port: orders handed to the system that carries them out, and what it says of them.

The other side knows an order by our reference, the order id. A revision of an order that it has is an
amendment, which it can take or refuse. Everything it says is cumulative (units accepted, shipped and
received so far), so that a message that comes twice, late or out of turn changes nothing that a newer one
said. Not here: when something is sent (``outbox``), or what an answer does to an order (``order``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from assets.kernel.errors import EquipoiseError
from assets.kernel.identifiers import digest
from assets.orders.events import Document
from assets.orders.receipts import Answer, Receipt, ReceiptLine

__all__ = [
    "FILES_IN_HOME", "Answer", "Cancellation", "Confirmation", "Confirmations", "Gateway", "NotSent", "NotUnderstood",
    "OutcomeUnknown", "Receipt", "ReceiptLine", "Submission", "address_of",
]  # fmt: skip


FILES_IN_HOME = "filedrop:home"
"""Address of the drop folder in a network's home, wherever that is moved."""


@dataclass(frozen=True)
class Submission:
    """A document on its way out.

    Attributes
    ----------
    document : Document
        What is asked for.
    revision : int
        1 for the first that is sent of an order; more is an amendment.
    trace_parent : str
        W3C ``traceparent`` of what led to it; empty without tracing.
    """

    document: Document
    revision: int
    trace_parent: str = ""

    @property
    def reference(self) -> str:
        """What the other side is to remember it by."""
        return self.document.order_id

    @property
    def idempotency_key(self) -> str:
        """The same for every attempt to send this revision, and for no other."""
        return digest(self.document.network, self.reference, self.revision, self.document.content_digest)[:32]


@dataclass(frozen=True)
class Cancellation:
    """The wish that an order be carried out no further.

    Attributes
    ----------
    reference : str
        Our order id.
    reason : str
        One of ours, for the other side's files.
    """

    reference: str
    reason: str

    @property
    def idempotency_key(self) -> str:
        """The same for every attempt to cancel the order."""
        return digest(self.reference, "cancel")[:32]


@dataclass(frozen=True)
class Confirmation:
    """Something that the other side says without being asked.

    Attributes
    ----------
    confirmation_id : str
        Its own id of the message; the same message twice has the same.
    receipt : Receipt
        Where the order stands by then.
    occurred_at : str
        ISO 8601, by its clock; for the audit only.
    """

    confirmation_id: str
    receipt: Receipt
    occurred_at: str = ""


@dataclass(frozen=True)
class Confirmations:
    """Some messages, oldest first.

    Attributes
    ----------
    found : tuple of Confirmation
        At most as many as a gateway returns at once.
    cursor : str
        Where to go on; the one asked with if there is nothing new.
    unreadable : tuple of str
        A line for each message that could not be understood and was put aside: what, where, remedy.
    """

    found: tuple[Confirmation, ...]
    cursor: str
    unreadable: tuple[str, ...] = ()


class NotSent(EquipoiseError):  # noqa: N818 - a state of the world, not a fault of the program
    """The other side certainly has not taken it in; it may be sent again later.

    Attributes
    ----------
    retry_after_s : float
        Least time to wait, where the other side named one.
    """

    def __init__(self, message: str, *, where: str, remedy: str, retry_after_s: float = 0.0) -> None:
        super().__init__(message, where=where, remedy=remedy)
        self.retry_after_s = retry_after_s


class OutcomeUnknown(EquipoiseError):  # noqa: N818
    """It may have been taken in: ask with ``find`` before it is sent again."""


class NotUnderstood(EquipoiseError):  # noqa: N818
    """The other side answered something that this release cannot read; a person has to look."""


def address_of(kind: str, *where: str) -> str:
    """Return how the ledger records a system: its kind, and a digest of where it is, which tells nobody where."""
    return f"{kind}:{digest(*where)[:12]}"


class Gateway(Protocol):
    """A system that carries orders out.

    Every method may raise ``NotSent`` (it was certainly not reached), ``OutcomeUnknown`` (it may have been)
    or ``NotUnderstood``. None may be left unanswered for longer than the gateway's own timeout.
    """

    @property
    def name(self) -> str:
        """Name of the kind."""
        ...

    @property
    def address(self) -> str:
        """Which system of the kind, as the ledger records it (``address_of``); the kind alone if there is just one."""
        ...

    def submit(self, submission: Submission) -> Receipt:
        """Hand a document over; the same one twice is one order there."""
        ...

    def find(self, reference: str) -> Receipt | None:
        """Return what the other side has under our reference; ``None`` only if it certainly has nothing."""
        ...

    def cancel(self, cancellation: Cancellation) -> Receipt:
        """Ask for an order to be carried out no further; the answer says whether it will be."""
        ...

    def confirmations(self, since: str) -> Confirmations:
        """Return what the other side said beyond a cursor; the empty one is the beginning."""
        ...

    def references(self) -> tuple[str, ...]:
        """Return our references of every order that the other side has, for reconciliation."""
        ...
