"""Orders handed to Tryton: transfers as internal shipments, purchases as purchases, levels as order points.

What moves something is a draft there first; order points are set with the document that holds their levels. A
person (or a rule of the ERP's) sets a draft waiting, which is how Tryton says that it is accepted; until then it is
pending. The order id is unique in the ERP's database (``erp_module``), and a record is created with its lines in
one transaction, so that sending twice, at once or after a crash, makes one order. A change names the time stamp of
what it was decided on and fails if somebody was quicker. Not here: what records look like (``their_orders``,
``composing``).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from assets.orders.gateways.port import (
    Answer,
    Cancellation,
    Confirmations,
    NotSent,
    NotUnderstood,
    OutcomeUnknown,
    Receipt,
    Submission,
    address_of,
)
from assets.orders.gateways.tryton import composing, news
from assets.orders.gateways.tryton.rpc import Declined, Moved, Rpc
from assets.orders.gateways.tryton.their_orders import (
    LEVELS,
    PURCHASE,
    SHIPMENT,
    TheirOrder,
    level_documents,
    purchases,
    shipments,
)

ATTEMPTS = 5
DRAFT = "draft"
BACK_TO_DRAFT = {SHIPMENT: {"request", "waiting"}, PURCHASE: {"quotation"}, LEVELS: set[str]()}
CHANGEABLE = {SHIPMENT: {DRAFT}, PURCHASE: {DRAFT}, LEVELS: {"accepted"}}
CANCELLABLE = {
    SHIPMENT: {"request", "draft", "waiting", "assigned", "packed"}, PURCHASE: {"draft", "quotation"},
    # Levels hold until others are set.
    LEVELS: set[str](),
}  # fmt: skip
T = TypeVar("T")


class Tryton:
    """A Tryton server that has the module ``equipoise``.

    Parameters
    ----------
    rpc : Rpc
        Session of the user that is there for us alone.
    page : int
        Most confirmations returned at once.
    """

    def __init__(self, rpc: Rpc, *, page: int = 500) -> None:
        self.rpc = rpc
        self._page = page

    @property
    def name(self) -> str:
        """Name of the kind."""
        return "tryton"

    @property
    def address(self) -> str:
        """The kind, and a digest of the server's URL and the database."""
        return address_of(self.name, self.rpc.where)

    def close(self) -> None:
        """Let go of connections."""
        self.rpc.close()

    def submit(self, submission: Submission) -> Receipt:
        """Hand a document over; the same one twice is one order there.

        Raises
        ------
        NotSent, OutcomeUnknown, NotUnderstood
            As the port says; ``NotUnderstood`` also if another content was sent as this revision.
        """
        order = self._order(submission.reference)
        if order is None:
            refused = self._create(submission)
            if refused is not None:
                return refused
            order = _surely(lambda: self._order(submission.reference))
        if order is None:
            raise self._hidden(submission.reference)
        if order.revision < submission.revision and order.answer not in (Answer.REFUSED, Answer.CANCELLED):
            order = self._amend(order, submission)
        if order.revision == submission.revision and order.record["equipoise_key"] != submission.idempotency_key:
            raise NotUnderstood(
                f"revision {order.revision} has another content there",
                where=f"order {submission.reference}",
                remedy="Compare both; send what is right as a new revision",
            )
        return order.receipt

    def find(self, reference: str) -> Receipt | None:
        """Return what the server has under our reference; ``None`` only if it certainly has nothing."""
        order = self._order(reference)
        return order.receipt if order else None

    def cancel(self, cancellation: Cancellation) -> Receipt:
        """Ask for an order to be carried out no further: it is not while nothing has left."""
        for _ in range(ATTEMPTS):
            order = self._order(cancellation.reference)
            if order is None:
                return Receipt(cancellation.reference, 0, Answer.CANCELLED, reason="there was no such order")
            if order.state not in CANCELLABLE[order.model]:
                return order.receipt
            try:
                if order.record["equipoise_cancelled"] is None:
                    # The wish goes first; the time stamp changes with it.
                    self._write(order, {"equipoise_cancelled": cancellation.reason})
                else:
                    self._click(order, "cancel")
            except Moved:
                continue
            except Declined:
                return _surely(lambda: self._require(cancellation.reference)).receipt
        raise self._restless(cancellation.reference)

    def confirmations(self, since: str) -> Confirmations:
        """Return where orders stand that changed beyond a cursor.

        The server keeps no messages: several changes between two looks are one confirmation.
        """
        return news.read(self.rpc, since, self._page)

    def references(self) -> tuple[str, ...]:
        """Return our references of every order that the server has."""
        return news.references(self.rpc)

    def _order(self, reference: str) -> TheirOrder | None:
        domain = [["equipoise_order", "=", reference]]
        found = [*shipments(self.rpc, domain), *purchases(self.rpc, domain), *level_documents(self.rpc, domain)]
        return found[0] if found else None

    def _require(self, reference: str) -> TheirOrder:
        order = self._order(reference)
        if order is None:
            raise self._hidden(reference)
        return order

    def _create(self, submission: Submission) -> Receipt | None:
        """Create the record; return a receipt only if that was refused."""
        try:
            model, values = composing.new_record(self.rpc, submission)
            self.rpc.change(f"model.{model}.create", [values])
        except (composing.Missing, Declined) as fault:
            # Of two that create at once one is told that it is there already: that is no refusal.
            if self._order(submission.reference) is not None:
                return None
            return Receipt(
                submission.reference,
                submission.revision,
                Answer.REFUSED,
                reason=fault.what,
                answered_revision=submission.revision,
            )
        return None

    def _amend(self, order: TheirOrder, submission: Submission) -> TheirOrder:
        declined: dict[str, str] = {}
        for _ in range(ATTEMPTS):
            if order.revision >= submission.revision or order.record["equipoise_answered"] == submission.revision:
                return order
            try:
                if order.state in CHANGEABLE[order.model] and order.stamp != declined:
                    self._write(order, composing.amendment(self.rpc, submission, order))
                elif order.state in BACK_TO_DRAFT[order.model]:
                    self._click(order, DRAFT)
                else:
                    # The order stands as it is; that the amendment was refused is remembered there.
                    self._write(order, {"equipoise_answered": submission.revision})
            except Moved:
                pass
            except (Declined, composing.Missing):
                # A rule can speak before the time stamp does: it counts if nobody was quicker.
                declined = order.stamp
            order = _surely(lambda: self._require(submission.reference))
        raise self._restless(submission.reference)

    def _write(self, order: TheirOrder, values: dict[str, Any]) -> None:
        self.rpc.change(f"model.{order.model}.write", [order.record_id], values, unless_moved=order.stamp)

    def _click(self, order: TheirOrder, button: str) -> None:
        self.rpc.change(f"model.{order.model}.{button}", [order.record_id], unless_moved=order.stamp)

    def _hidden(self, reference: str) -> NotUnderstood:
        return NotUnderstood(
            "it is there, but not for us to see", where=f"order {reference}", remedy="Look at the user's rights there"
        )

    def _restless(self, reference: str) -> OutcomeUnknown:
        return OutcomeUnknown(
            f"it changed {ATTEMPTS} times meanwhile", where=f"order {reference}", remedy="Send it again later"
        )


def _surely(read: Callable[[], T]) -> T:
    """Read after something was changed: without an answer it is not known what came of that."""
    try:
        return read()
    except NotSent as fault:
        raise OutcomeUnknown(
            fault.what, where=fault.where, remedy="Ask for the order before sending it again"
        ) from fault
