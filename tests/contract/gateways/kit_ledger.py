"""An order through the ledger and a gateway, for the conformance kit. Not here: what a gateway must do (``kit``)."""

import datetime as dt
from dataclasses import dataclass, field

from contract.gateways.kit_documents import PLAN_DATE

from assets.kernel.clock import FixedClock
from assets.orders.answers import answer_one
from assets.orders.confirmations import take_confirmations
from assets.orders.decide import decide
from assets.orders.events import Command, Hold, Issue, Propose, Require, Reserve
from assets.orders.gateways.port import Gateway, Submission
from assets.orders.order import Order
from assets.orders.outbox import SendTerms, send_due
from assets.orders.store import Append, MemoryOrderStore, OrderFilter

NOON = dt.datetime(2026, 1, 5, 12, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)


@dataclass
class Ledger:
    """A ledger whose orders go through a gateway; an hour passes with each round."""

    gateway: Gateway
    store: MemoryOrderStore = field(default_factory=lambda: MemoryOrderStore(FixedClock(NOON)))
    now: dt.datetime = NOON

    def order(self, reference: str) -> Order:
        """Return an order as it stands."""
        (order,) = self.store.orders(OrderFilter(order_ids=(reference,)))
        return order

    def put_in_outbox(self, wanted: Submission) -> None:
        """Propose a revision, keep its stock, and issue it."""
        document = wanted.document
        holds = tuple(Hold(document.origin_id, line.item_id, line.quantity_units) for line in document.lines)
        day_after = PLAN_DATE + dt.timedelta(days=1)
        commands: list[Command] = [
            Propose(document), Require(0, (), day_after), Reserve(holds, day_after),
            Issue("rule", self.gateway.address, f"{wanted.reference}.{wanted.revision}"),
        ]  # fmt: skip
        if not self.store.orders(OrderFilter(order_ids=(wanted.reference,))):
            self.store.append([Append(wanted.reference, 0, decide(None, commands.pop(0)))])
        for command in commands:
            answer_one(self.store, wanted.reference, command)

    def send(self) -> None:
        """Send what is due."""
        send_due(self.store, self.gateway, "sample", SendTerms("host"), lambda: self.now)
        self.now += HOUR

    def listen(self) -> None:
        """Take in what the other side says."""
        take_confirmations(self.store, self.gateway, "sample")
