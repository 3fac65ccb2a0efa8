"""What the other side made of the levels that it was handed, line by line.

Not here: which levels stand there before a plan (``levels_there``).
"""

from __future__ import annotations

from enum import StrEnum

from assets.orders.events import Document, OrderLine
from assets.orders.receipts import Answer, Receipt, ReceiptLine


class Word(StrEnum):
    """What the other side says of a line.

    ``taken``: it goes by it as it was asked to. ``otherwise``: it goes by another maximum. ``refused``: it goes by
    what it had. ``unsaid``: something or nothing.
    """

    TAKEN = "taken"
    OTHERWISE = "otherwise"
    REFUSED = "refused"
    UNSAID = "unsaid"


def word_on(line: OrderLine, said: ReceiptLine | None) -> Word:
    """Return what a receipt's line says of a line with levels.

    Where the other side does not say whether it took the line, its maximum tells, and a maximum of 0 that was asked
    for tells nothing: nought is also what is accepted of a line that was refused.
    """
    if said is None or said.taken is False:
        return Word.REFUSED
    same = said.accepted_units == line.asked_units
    if said.taken:
        return Word.TAKEN if same else Word.OTHERWISE
    if not line.asked_units:
        return Word.UNSAID if same else Word.OTHERWISE
    if same:
        return Word.TAKEN
    return Word.OTHERWISE if said.accepted_units else Word.REFUSED


def words_on(document: Document, receipt: Receipt) -> tuple[tuple[OrderLine, Word], ...]:
    """Return the lines of a document, each with what the receipt says of it; one without lines says it of none."""
    said = {line.line_number: line for line in receipt.lines}
    return tuple((line, word_on(line, said.get(line.line_number)) if said else Word.UNSAID) for line in document.lines)


def words_taken_back(document: Document, receipt: Receipt) -> tuple[tuple[OrderLine, Word | None], ...]:
    """Return the lines of a document that was cancelled or refused as a whole, each with what that leaves of it.

    ``None`` where it says of the line that this is over; nobody knows whether it goes by what stood before.
    ``OTHERWISE`` where it took the line before and says nothing of it now: it may go on.
    """
    said = {line.line_number: line for line in receipt.lines}
    return tuple((line, _taken_back(line, said.get(line.line_number), receipt)) for line in document.lines)


def _taken_back(line: OrderLine, said: ReceiptLine | None, receipt: Receipt) -> Word | None:
    if said is not None and said.taken is None and said.accepted_units:
        return Word.OTHERWISE
    if receipt.answer is Answer.REFUSED:
        return Word.REFUSED
    if receipt.revision == 0:
        return None  # it never had the document
    # Of a withdrawal nought is accepted either way.
    told = said is not None and (bool(line.asked_units) or said.taken is not None)
    return None if told else Word.UNSAID


def not_taken(document: Document, receipt: Receipt) -> tuple[str, ...]:
    """Return the items whose levels it did not take, or not as they were asked for."""
    return tuple(line.item_id for line, word in words_on(document, receipt) if word is not Word.TAKEN)
