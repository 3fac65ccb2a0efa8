"""Why a person overrides or rejects what was decided: closed lists, so that reasons can be graded later.

Each reason has one meaning. Not here: free remarks, which go beside a reason and never instead of one.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from assets.kernel.errors import EquipoiseError


class OverrideReason(StrEnum):
    """Why other units were ordered than the plan wanted."""

    KNOWN_EVENT = "known_event"
    LOST_DEMAND = "lost_demand"
    WRONG_STOCK = "wrong_stock"
    WRONG_MASTER_DATA = "wrong_master_data"
    SUPPLIER_WORD = "supplier_word"
    SPACE = "space"
    PACKING = "packing"
    COMMERCIAL = "commercial"


class RejectionReason(StrEnum):
    """Why an order may not leave."""

    NOT_NEEDED = "not_needed"
    WRONG_STOCK = "wrong_stock"
    WRONG_MASTER_DATA = "wrong_master_data"
    DONOR_NEEDS_IT = "donor_needs_it"
    CANNOT_BE_MOVED = "cannot_be_moved"
    CANNOT_BE_SUPPLIED = "cannot_be_supplied"
    TOO_EXPENSIVE = "too_expensive"
    DUPLICATE = "duplicate"
    FORBIDDEN = "forbidden"


MEANINGS: Mapping[StrEnum, str] = {
    OverrideReason.KNOWN_EVENT: "something will happen to demand that no feed says",
    OverrideReason.LOST_DEMAND: "customers, a listing or a shop went away, and history does not show it yet",
    OverrideReason.WRONG_STOCK: "what is on the shelf is not what the feed says",
    OverrideReason.WRONG_MASTER_DATA: "a cost, multiple, lead time or setting in the feed is wrong",
    OverrideReason.SUPPLIER_WORD: "the supplier promised or cut something that no signal says",
    OverrideReason.SPACE: "the receiving site has less or more room than the feed says",
    OverrideReason.PACKING: "full pallets, layers or trucks that the feed does not know",
    OverrideReason.COMMERCIAL: "a decision of trade or finance beyond cost and service",
    RejectionReason.NOT_NEEDED: "the destination will not sell or use it",
    RejectionReason.WRONG_STOCK: "what is on the shelf is not what the feed says",
    RejectionReason.WRONG_MASTER_DATA: "a cost, multiple, lead time or setting in the feed is wrong",
    RejectionReason.DONOR_NEEDS_IT: "the origin needs it more than the plan knows",
    RejectionReason.CANNOT_BE_MOVED: "the goods cannot be handled or carried",
    RejectionReason.CANNOT_BE_SUPPLIED: "the supplier will not deliver it",
    RejectionReason.TOO_EXPENSIVE: "its cost is above what the feed says, or not worth the gain",
    RejectionReason.DUPLICATE: "the same was ordered by another way",
    RejectionReason.FORBIDDEN: "a rule that the release does not know forbids it",
}
"""One line for each reason. The two lists share a word only where it means the same."""


def override_reason(word: str) -> OverrideReason:
    """Return the reason for an override that a word names.

    Raises
    ------
    EquipoiseError
        If there is no such reason; the error lists them.
    """
    try:
        return OverrideReason(word)
    except ValueError:
        raise _unknown(word, list(OverrideReason)) from None


def rejection_reason(word: str) -> RejectionReason:
    """Return the reason for a rejection that a word names.

    Raises
    ------
    EquipoiseError
        If there is no such reason; the error lists them.
    """
    try:
        return RejectionReason(word)
    except ValueError:
        raise _unknown(word, list(RejectionReason)) from None


def _unknown(word: str, known: list[OverrideReason] | list[RejectionReason]) -> EquipoiseError:
    return EquipoiseError(f"{word!r} is no reason", where="reason", remedy=f"Use one of {', '.join(known)}")
