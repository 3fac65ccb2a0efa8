"""People, releases and orders for the tests of governance."""

import datetime as dt
from decimal import Decimal
from typing import Any

from assets.governance.events import Evidence, EvidenceKind, Figure
from assets.governance.facts import OrderFacts
from assets.policy.access import Identity, Role
from assets.policy.registry import PolicyRegistry
from assets.policy.release import Release

AT = dt.datetime(2026, 1, 5, 9, tzinfo=dt.UTC)
TODAY = dt.date(2026, 1, 5)
TOMORROW = TODAY + dt.timedelta(days=1)

ADA = Identity("ada#1000", frozenset({Role.ADMIN}))
ALAN = Identity("alan#1010", frozenset({Role.ADMIN}))
BEN = Identity("ben#1001", frozenset({Role.APPROVER}))
CLEO = Identity("cleo#1002", frozenset({Role.APPROVER}))
DORA = Identity("dora#1003", frozenset({Role.PLANNER}))
VERA = Identity("vera#1004", frozenset({Role.VIEWER}))
APPROVERS = frozenset({ADA.person, BEN.person, CLEO.person})


def release_with(name: str = "standard", **sections: Any) -> Release:
    """Return the shipped release with another name or other values in some sections."""
    document = PolicyRegistry().active().model_dump(mode="json") | {"name": name, "author": ""}
    merged = {
        section: document[section] | value if isinstance(value, dict) else value for section, value in sections.items()
    }
    return Release.model_validate(document | merged)


def order(**changes: Any) -> OrderFacts:
    """Return a small, harmless transfer of today, with some facts changed."""
    facts: dict[str, Any] = {
        "order_id": "T-1", "revision": 1, "content_digest": "a" * 32, "plan_date": TODAY, "kind": "transfer",
        "origin_id": "DC1", "destination_id": "S1", "value_amount": Decimal(100),
    }  # fmt: skip
    return OrderFacts(**(facts | changes))


def evidence(kind: EvidenceKind) -> tuple[Evidence, ...]:
    return (Evidence(kind, f"runs/{kind}-1", (Figure("cost of the active release", Decimal("0.97"), "times"),)),)
