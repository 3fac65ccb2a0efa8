"""What the other side says of an order, and what two such statements make together.

All units are counted from the beginning, so that a statement that comes twice, late or out of turn takes
nothing back. Not here: how it is asked (``gateways``), or what it does to an order (``evolve``).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum


class Answer(StrEnum):
    """Where an order stands on the other side.

    ``pending``: taken in, nobody has answered. ``accepted``: it will be carried out, for the units that the
    lines say. ``refused``: never will. ``cancelled``: not any more. ``closed``: nothing further will happen.
    """

    PENDING = "pending"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    CANCELLED = "cancelled"
    CLOSED = "closed"


_RANK = {Answer.PENDING: 0, Answer.ACCEPTED: 1, Answer.REFUSED: 2, Answer.CANCELLED: 2, Answer.CLOSED: 3}


@dataclass(frozen=True)
class ReceiptLine:
    """One line as the other side has it; all in base units, counted from the beginning.

    Attributes
    ----------
    line_number : int
        Of the document that was sent.
    accepted_units, shipped_units, received_units : int
        Promised, left the origin, arrived; receiving more than was sent is possible.
    taken : bool or None
        Of levels, whether the other side goes by the line: units cannot tell, where a maximum is 0. ``None`` of a
        line that moves something, and where it does not say.
    """

    line_number: int
    accepted_units: int
    shipped_units: int = 0
    received_units: int = 0
    taken: bool | None = None


@dataclass(frozen=True)
class Receipt:
    """What the other side says of one order.

    Attributes
    ----------
    reference : str
        Our order id.
    revision : int
        Revision of ours that it carries out. Lower than the one sent where an amendment was refused.
    answer : Answer
        Where it stands there.
    lines : tuple of ReceiptLine
        Empty while pending.
    external_id : str
        Its own number; empty where it gave none yet.
    reason : str
        Why it refused or cancelled, in its words.
    answered_revision : int
        Latest revision of ours that it has decided on; 0 where it does not say. It tells a refused amendment
        from news of the former revision that was under way when the amendment was sent.
    sequence : int
        Place among all that the other side said, where a message told one; 0 where none did. It says nothing of where
        the order stands, so that equal statements are equal whatever it is.
    """

    reference: str
    revision: int
    answer: Answer
    lines: tuple[ReceiptLine, ...] = ()
    external_id: str = ""
    reason: str = ""
    answered_revision: int = 0
    sequence: int = field(default=0, compare=False)

    @property
    def amendment_was_refused(self) -> bool:
        """Whether it decided on a later revision than the one it carries out."""
        return self.answered_revision > self.revision

    @property
    def accepted_units(self) -> int:
        """Units that it promised, over all lines."""
        return sum(line.accepted_units for line in self.lines)

    @property
    def shipped_units(self) -> int:
        """Units that left, over all lines; what arrived has left."""
        return sum(max(line.shipped_units, line.received_units) for line in self.lines)

    @property
    def received_units(self) -> int:
        """Units that arrived, over all lines."""
        return sum(line.received_units for line in self.lines)


def is_older(receipt: Receipt, known: Receipt) -> bool:
    """Tell whether a statement is behind what is known: of an earlier revision, or with something undone.

    One without lines says nothing of units, so that it undoes none; but what has moved is not refused any more.
    Where nothing but promises differ, which may rise and fall, the earlier one by the other side's own count is.
    """
    if receipt.revision != known.revision:
        return receipt.revision < known.revision
    if _RANK[receipt.answer] < _RANK[known.answer]:
        return True
    if not receipt.lines:
        return receipt.answer is Answer.REFUSED and known.shipped_units > 0
    moved = (receipt.shipped_units, receipt.received_units) != (known.shipped_units, known.received_units)
    said_before = receipt.answer is known.answer and not moved and 0 < receipt.sequence < known.sequence
    return said_before or _undone(receipt, known)


def _undone(receipt: Receipt, known: Receipt) -> bool:
    """Tell whether a statement has less shipped or received of a line, or leaves it out."""
    now = {line.line_number: line for line in receipt.lines}
    for line in known.lines:
        later = now.get(line.line_number)
        if later is None or later.shipped_units < line.shipped_units or later.received_units < line.received_units:
            return bool(line.shipped_units or line.received_units or later is None)
    return False


def merged(known: Receipt | None, receipt: Receipt, *, of_levels: bool = False) -> Receipt:
    """Return what is known after a statement: the newer one, with numbers that were given before.

    One of the same revision that has no lines leaves those that are known.

    Parameters
    ----------
    of_levels : bool
        Whether the lines are levels: nobody knows what an end without lines leaves of them, so that what was accepted
        of them stays, and whether they are taken is unsaid. Of units, what has not moved is not accepted any more.
    """
    if known is None:
        return receipt
    if is_older(receipt, known):
        return known
    lines = receipt.lines
    if not lines and receipt.revision == known.revision:
        lines = tuple(_left_of(line, receipt.answer, of_levels) for line in known.lines)
    number, place = receipt.external_id or known.external_id, receipt.sequence or known.sequence
    return replace(receipt, lines=lines, external_id=number, sequence=place)


def _left_of(line: ReceiptLine, answer: Answer, of_levels: bool) -> ReceiptLine:
    """Return a line that is known after an answer which says nothing of it."""
    if answer not in (Answer.CANCELLED, Answer.REFUSED):
        return line
    if of_levels:
        return replace(line, taken=None)
    return replace(line, accepted_units=max(line.shipped_units, line.received_units))
