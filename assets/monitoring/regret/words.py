"""Words of the regret ledger that its readers choose from. Not here: anything that takes time to import."""

from __future__ import annotations

from enum import StrEnum


class By(StrEnum):
    """What decisions are graded by."""

    DECISION = "decision"
    REASON = "reason"
    RELEASE = "release"
    PERSON = "person"
    SITE = "site"
