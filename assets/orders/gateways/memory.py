"""The fake gateway: hands orders to another side in this process. For tests and what-ifs."""

from __future__ import annotations

from dataclasses import dataclass, field

from assets.orders.gateways.counterpart import Counterpart, CounterpartStore
from assets.orders.gateways.port import Cancellation, Confirmations, Receipt, Submission
from assets.orders.gateways.wire import cancel_message, order_message
from assets.orders.gateways.wire_reading import read_confirmation


def _fresh() -> Counterpart:
    return Counterpart(CounterpartStore())


@dataclass
class MemoryGateway:
    """Keeps orders for as long as the process lives.

    Attributes
    ----------
    other_side : Counterpart
        Who carries them out; ship and receive there.
    page : int
        Most confirmations returned at once.
    """

    other_side: Counterpart = field(default_factory=_fresh)
    page: int = 500

    @property
    def name(self) -> str:
        """Name of the kind."""
        return "memory"

    @property
    def address(self) -> str:
        """The kind alone: its other side is in this process."""
        return self.name

    def submit(self, submission: Submission) -> Receipt:
        """Hand a document over."""
        return self.other_side.submit(order_message(submission))

    def find(self, reference: str) -> Receipt | None:
        """Return what the other side has under our reference."""
        return self.other_side.find(reference)

    def cancel(self, cancellation: Cancellation) -> Receipt:
        """Ask for an order to be carried out no further."""
        return self.other_side.cancel(cancel_message(cancellation))

    def confirmations(self, since: str) -> Confirmations:
        """Return what the other side said beyond a cursor."""
        messages = self.other_side.confirmations(int(since or 0), self.page)
        said = [read_confirmation(message, where="the other side in memory") for message in messages]
        return Confirmations(tuple(confirmation for _, confirmation in said), str(said[-1][0]) if said else since)

    def references(self) -> tuple[str, ...]:
        """Return our references of every order that the other side has."""
        return self.other_side.references()
