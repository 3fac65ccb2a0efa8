"""The other side: takes orders in, answers, ships, receives, and says what it did.

It stands for an ERP in tests, drills and the simulated network. Not here: how it is reached (``http_face``,
``folder_face``), or what it keeps (``store``).
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from assets.kernel.clock import Clock, WallClock
from assets.orders.gateways.counterpart.levels import TheirLevels, levels_of
from assets.orders.gateways.counterpart.orders import (
    Behaviour,
    TheirOrder,
    advanced,
    called_off,
    cancelled,
    decided,
    stood,
    submitted,
)
from assets.orders.gateways.counterpart.store import CounterpartStore
from assets.orders.gateways.port import Confirmation, NotUnderstood, Receipt, ReceiptLine
from assets.orders.gateways.wire import canonical, confirmation_message, order_totals

PAGE = 500
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


class Counterpart:
    """A system that carries orders out.

    Parameters
    ----------
    store : CounterpartStore
        What it remembers.
    behaviour : Behaviour
        What it makes of orders; may be set anew at any time.
    clock : Clock
        Its own.
    """

    def __init__(self, store: CounterpartStore, behaviour: Behaviour | None = None, clock: Clock | None = None) -> None:
        self.store = store
        self.behaviour = behaviour or Behaviour()
        self._clock = clock or WallClock()

    def submit(self, message: Mapping[str, Any], fault: str = "") -> Receipt:
        """Take an order message in; the same one again is the same order.

        Parameters
        ----------
        message : mapping
            An order message of ``wire``.
        fault : str
            What its bearer found wrong with it; it is refused then.

        Raises
        ------
        NotUnderstood
            If other content came before under the same key, or under the same reference and revision.
        """
        reference, key = message["reference"], message["idempotency_key"]
        content = canonical(message)
        if message["totals"] != order_totals(message["lines"]):
            fault = fault or "control totals differ from its lines"
        with self.store.transaction():
            self._require_same(reference, self.store.content_of_key(key), content)
            before = self.store.order(reference)
            if before and before.revision == int(message["revision"]) and before.content != key:
                self._require_same(reference, before.content, key)
            number = f"SO-{self.store.next_number():06d}"
            after = submitted(before, message, self.behaviour, number, fault)
            self.store.keep_key(key, reference, content)
            return self._keep(before, after)

    def cancel(self, message: Mapping[str, Any]) -> Receipt:
        """Take a cancel message in."""
        reference, reason = message["reference"], message["reason"]
        return self._change(reference, lambda before: cancelled(before, reference, reason))

    def find(self, reference: str) -> Receipt | None:
        """Return what it has under a reference."""
        order = self.store.order(reference)
        return order.receipt if order else None

    def references(self) -> tuple[str, ...]:
        """Return our references of the orders that it made."""
        return tuple(order.reference for order in self.store.orders() if order.times_created)

    def orders(self) -> tuple[TheirOrder, ...]:
        """Return all that it knows, by reference; a cancellation without an order among them."""
        return self.store.orders()

    def levels(self) -> dict[tuple[str, str], TheirLevels]:
        """Return the levels that it replenishes by, by site and item."""
        texts = ((order, self.store.content_of_key(order.content)) for order in self.orders())
        return levels_of((order, json.loads(text)) for order, text in texts if text is not None)

    def confirmations(self, since: int, limit: int = PAGE) -> tuple[dict[str, Any], ...]:
        """Return what it said after a sequence, oldest first, as messages of ``wire``."""
        return tuple(json.loads(body) for _, body in self.store.said(since, limit))

    def decide(self, reference: str, behaviour: Behaviour | None = None) -> Receipt:
        """Answer an order that is pending, as ``behaviour`` says."""
        return self._change(reference, lambda before: decided(_known(before, reference), behaviour or Behaviour()))

    def advance(
        self, reference: str, *, shipped: Mapping[int, int] | None = None, received: Mapping[int, int] | None = None
    ) -> Receipt:
        """Ship and receive so many more units by line number."""
        return self._change(
            reference, lambda before: advanced(_known(before, reference), shipped or {}, received or {})
        )

    def call_off(self, reference: str, reason: str = "cancelled by a person there") -> Receipt:
        """Cancel what it accepted, as a person there might, and say no more than that."""
        return self._change(reference, lambda before: called_off(_known(before, reference), reason))

    def stand(self, reference: str, lines: tuple[ReceiptLine, ...]) -> Receipt:
        """Say how far an order has come, counted from the beginning; saying it again changes nothing."""
        return self._change(reference, lambda before: stood(_known(before, reference), lines))

    def message(self, reference: str) -> dict[str, Any]:
        """Return the order message that it carries out under a reference."""
        content = self.store.content_of_key(_known(self.store.order(reference), reference).content)
        return dict(json.loads(content or "{}"))

    def ship_all(self, reference: str) -> Receipt:
        """Ship what was accepted and has not left yet."""
        lines = _known(self.store.order(reference), reference).lines
        return self.advance(
            reference, shipped={line.line_number: line.accepted_units - line.shipped_units for line in lines}
        )

    def receive_all(self, reference: str) -> Receipt:
        """Receive what was accepted and has not arrived yet."""
        lines = _known(self.store.order(reference), reference).lines
        return self.advance(
            reference, received={line.line_number: line.accepted_units - line.received_units for line in lines}
        )

    def say_again(self, reference: str) -> None:
        """Say once more where an order stands."""
        with self.store.transaction():
            self._say(_known(self.store.order(reference), reference))

    def copy_to(self, path: Path) -> None:
        """Write a backup."""
        self.store.copy_to(path)

    def restore(self, path: Path) -> None:
        """Go back to a backup, as after a disaster."""
        self.store.restore(path)

    def _change(self, reference: str, change: Callable[[TheirOrder | None], TheirOrder]) -> Receipt:
        with self.store.transaction():
            before = self.store.order(reference)
            return self._keep(before, change(before))

    def _keep(self, before: TheirOrder | None, after: TheirOrder) -> Receipt:
        if after != before:
            self.store.keep(after)
        if before is None or after.receipt != before.receipt:
            self._say(after)
        return after.receipt

    def _say(self, order: TheirOrder) -> None:
        # Time enters the number, so that one restored from a backup never says an old number again.
        now = self._clock.now()
        microseconds = (now - _EPOCH) // dt.timedelta(microseconds=1)
        sequence = max(self.store.last_sequence() + 1, microseconds)
        confirmation = Confirmation(f"{order.reference}.{sequence}", order.receipt, now.isoformat())
        self.store.say(sequence, order.reference, canonical(confirmation_message(confirmation, sequence)))

    @staticmethod
    def _require_same(reference: str, had: str | None, has: str) -> None:
        if had is not None and had != has:
            raise NotUnderstood(
                "other content came before under the same key, or the same reference and revision",
                where=f"order {reference}",
                remedy="Send a changed order as a new revision",
            )


def _known(order: TheirOrder | None, reference: str) -> TheirOrder:
    if order is None:
        raise NotUnderstood(
            "there is no such order", where=f"order {reference} on the other side", remedy="List its orders"
        )
    return order
