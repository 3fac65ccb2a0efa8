"""The gateway for systems that are reached over HTTP: CloudEvents, signed both ways.

Every request is a ``POST`` of a CloudEvent in structured mode to one address, with ``Idempotency-Key``; every
answer is JSON, signed with the same secret and bound to its request. An answer that is not signed by the other
side is never believed. Not here: sending and trying again (``webhook_exchange``), signatures (``signature``),
what messages hold (``wire``).
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from assets.kernel.clock import Clock, WallClock
from assets.orders.gateways.cloud_event import CONTENT_TYPE, CloudEvent, Request
from assets.orders.gateways.port import (
    Cancellation,
    Confirmation,
    Confirmations,
    NotUnderstood,
    Receipt,
    Submission,
    address_of,
)
from assets.orders.gateways.signature import TOLERANCE_S, Signer
from assets.orders.gateways.webhook_answers import read_found, read_page, read_references, understood
from assets.orders.gateways.webhook_exchange import Exchange, Patience
from assets.orders.gateways.wire import cancel_message, order_message
from assets.orders.gateways.wire_reading import read_confirmation, read_receipt, require_same_order


def _fresh_id() -> str:
    return secrets.token_hex(16)


class Webhook:
    """Hands orders over by HTTP.

    Parameters
    ----------
    url : str
        The other side's one address; TLS is required unless it is of this machine.
    secret : str
        Known to both ends; kept in no representation, message or log.
    source : str
        Who asks, as CloudEvents name it.
    clock : Clock
        Tells the time for signatures.
    patience : Patience
        When to give up and how often to try.
    tolerance_s : float
        How far the other side's clock may be off.
    page : int
        Most confirmations asked for at once.
    sleep : callable
        Waits between attempts.
    next_id : callable
        Gives each attempt an id that never was.
    ca_file, proxy : Path, str or None
        A private certificate authority; an HTTP proxy.

    Raises
    ------
    EquipoiseError
        If the address or the secret may not be used.
    """

    def __init__(
        self,
        url: str,
        secret: str,
        *,
        source: str = "equipoise",
        clock: Clock | None = None,
        patience: Patience | None = None,
        tolerance_s: float = TOLERANCE_S,
        page: int = 500,
        sleep: Callable[[float], None] = time.sleep,
        next_id: Callable[[], str] = _fresh_id,
        ca_file: Path | None = None,
        proxy: str | None = None,
    ) -> None:
        self._clock = clock or WallClock()
        self._source = source
        self._page = page
        self._next_id = next_id
        signer = Signer(secret, self._clock, tolerance_s)
        self._exchange = Exchange(url, signer, patience or Patience(), sleep, ca_file, proxy)

    def __repr__(self) -> str:
        return f"Webhook({self._exchange.url!r})"

    def close(self) -> None:
        """Let go of connections."""
        self._exchange.close()

    @property
    def name(self) -> str:
        """Name of the kind."""
        return "webhook"

    @property
    def address(self) -> str:
        """The kind, and a digest of the URL."""
        return address_of(self.name, self._exchange.url.rstrip("/"))

    def submit(self, submission: Submission) -> Receipt:
        """Hand a document over."""
        answer = self._ask(
            Request.SUBMIT,
            order_message(submission),
            key=submission.idempotency_key,
            subject=submission.reference,
            trace_parent=submission.trace_parent,
        )
        receipt = self._receipt(answer, submission.reference)
        sent = {line.line_number for line in submission.document.lines}
        if receipt.revision == submission.revision and {line.line_number for line in receipt.lines} - sent:
            raise NotUnderstood(
                "it answers lines that were not sent", where=self._where, remedy="Ask the other side what it has"
            )
        return receipt

    def find(self, reference: str) -> Receipt | None:
        """Return what the other side has under our reference."""
        answer = self._ask(Request.FIND, {"reference": reference}, subject=reference)
        found = read_found(answer, where=self._where)
        return None if found is None else self._receipt(found, reference)

    def cancel(self, cancellation: Cancellation) -> Receipt:
        """Ask for an order to be carried out no further."""
        message, key = cancel_message(cancellation), cancellation.idempotency_key
        answer = self._ask(Request.CANCEL, message, key=key, subject=cancellation.reference)
        return self._receipt(answer, cancellation.reference)

    def confirmations(self, since: str) -> Confirmations:
        """Return what the other side said beyond a cursor; what cannot be read or was said before is put aside."""
        after = int(since) if since.isdecimal() else 0
        answer = self._ask(Request.CONFIRMATIONS, {"since": after, "limit": self._page})
        messages, cursor = read_page(answer, after, where=self._where)
        found: dict[str, Confirmation] = {}
        unreadable = []
        for message in messages:
            try:
                confirmation = self._confirmation(message, after, cursor)
                if found.setdefault(confirmation.confirmation_id, confirmation) != confirmation:
                    raise NotUnderstood(
                        f"another message has the confirmation_id {confirmation.confirmation_id}",
                        where=self._where,
                        remedy="Ask the other side which holds",
                    )
            except NotUnderstood as fault:
                unreadable.append(str(fault))
        return Confirmations(tuple(found.values()), str(cursor) if cursor else since, tuple(unreadable))

    def references(self) -> tuple[str, ...]:
        """Return our references of every order that the other side has."""
        return read_references(self._ask(Request.REFERENCES, {}), where=self._where)

    @property
    def _where(self) -> str:
        return f"answer of {self._exchange.url}"

    def _receipt(self, answer: Any, reference: str) -> Receipt:
        understood(answer, where=self._where)
        return require_same_order(read_receipt(answer, where=self._where), reference, where=self._where)

    def _confirmation(self, message: Any, after: int, cursor: int) -> Confirmation:
        sequence, confirmation = read_confirmation(message, where=self._where)
        if not after < sequence <= cursor:
            raise NotUnderstood(
                f"{confirmation.confirmation_id} has sequence {sequence}, asked for those from {after + 1} to {cursor}",
                where=self._where,
                remedy="It was said before; ask the other side why it comes again",
            )
        return confirmation

    def _ask(
        self,
        request: Request,
        data: Mapping[str, Any],
        *,
        key: str = "",
        subject: str = "",
        trace_parent: str = "",
    ) -> Any:
        event = CloudEvent(
            key or self._next_id(), self._source, request, self._clock.now().isoformat(), data, subject, trace_parent
        )
        headers = {"content-type": CONTENT_TYPE, "idempotency-key": key, "traceparent": trace_parent}
        return self._exchange.ask(
            event.to_json(), {name: value for name, value in headers.items() if value}, self._next_id
        )
