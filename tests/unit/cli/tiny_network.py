"""A tiny network's documents and the rows a run would publish, without a planner."""

import datetime as dt
import json
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pandas as pd

from assets.governance.events import ACCESS, RoleGranted
from assets.governance.ledger_log import LEDGER_EVENTS, LedgerLog
from assets.kernel.frames import Frame, Kind
from assets.kernel.home import NetworkHome
from assets.orders.checkpoints import CheckpointFile
from assets.orders.events import Channel, Document, OrderLine, Provenance
from assets.orders.sql_store import SqlOrderStore
from assets.policy.access import Role

PLAN_DATE = dt.date(2026, 3, 2)
AT = dt.datetime(2026, 3, 2, 8, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
BATCH = "b" * 16
_BLANKS: dict[Kind, Any] = {
    Kind.TEXT: "",
    Kind.INTEGER: 0,
    Kind.REAL: 0.0,
    Kind.MONEY: 0.0,
    Kind.FLAG: False,
    Kind.DATE: PLAN_DATE,
    Kind.TIME: dt.datetime(2026, 3, 2, 3),
}


@dataclass(frozen=True)
class Said:
    """What a command said."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        """Its answer, from JSON."""
        return json.loads(self.out)


Equipoise = Callable[..., Said]


def rows(frame: Frame, *given: dict[str, Any]) -> pd.DataFrame:
    """Return rows of ``frame``; what is not given is blank, or null where that may be."""
    blank = {column.name: None if column.nullable else _BLANKS[column.kind] for column in frame.columns}
    return pd.DataFrame([{**blank, **row} for row in given], columns=frame.names)


def document(order_id: str, kind: str, origin: str, destination: str, gain: str) -> Document:
    """Return a document of one line."""
    line = OrderLine(
        1, "I1", "truck", 12, PLAN_DATE, PLAN_DATE + dt.timedelta(days=2),
        Decimal("120.0000"), Decimal("8.0000"), Decimal(gain), "S1 runs out before the next delivery.", "pack",
    )  # fmt: skip
    made = Provenance("plan-digest", "standard@1", "model-1", "features-1", (BATCH,), "run-1")
    return Document(
        order_id, "tiny", PLAN_DATE, Channel.LIVE, kind, origin, destination, "One line.", "content", (line,), made
    )


def open_tiny(home: NetworkHome) -> SqlOrderStore:
    """Return the ledger of a network, as commands open it."""
    checkpoints = CheckpointFile(home.ledger_checkpoints)
    return SqlOrderStore(f"sqlite:///{home.ledger}", home.profile.clock, checkpoints, LEDGER_EVENTS)


def grant(home: NetworkHome, person: str, role: Role) -> None:
    """Give somebody a role, as a first admin did."""
    with closing(open_tiny(home)) as store:
        log = LedgerLog(store)
        log.append(ACCESS, len(log.history(ACCESS)), [RoleGranted(person, role, "first#0", AT, "for a test")])


TRANSFER = document("aaaa1111", "transfer", "W1", "S1", "40.5000")
PURCHASE = document("bbbb2222", "purchase", "SUP", "W1", "300.0000")


def verdict(feed: str, rule: str, action: str, site: str, item: str, message: str) -> dict[str, Any]:
    """Return a row of verdicts."""
    facts = {"gate": "feeds", "severity": "warning", "offender_count": 1}
    return {"feed": feed, "rule": rule, "action": action, "site_id": site, "item_id": item, "message": message, **facts}


def alert(rule: str, severity: str, feed: str, site: str) -> dict[str, Any]:
    """Return a row of alerts."""
    return {"alert_id": f"{rule}-{site}", "rule": rule, "severity": severity, "feed": feed, "site_id": site}


def line(kind: str, origin: str, destination: str, mode: str, binding: str) -> dict[str, Any]:
    """Return a row of plan lines."""
    ends = {"kind": kind, "item_id": "I1", "origin_id": origin, "destination_id": destination, "mode": mode}
    reason = "S1 runs out before the next delivery."
    told = {"reason": reason, "binding_constraints": binding, "next_best": "Wait: costs 40.50 more."}
    return {**ends, "quantity_units": 12, **told}


def decision(site: str, decided: str, reason: str, value: float | None) -> dict[str, Any]:
    """Return a row of decisions."""
    here = {"item_id": "I1", "site_id": site, "decision": decided, "reason": reason, "marginal_value": value}
    return {**here, "flips_when": "Demand falls by 20 %."}


def policy(name: str, cost: float, bound: float | None) -> dict[str, Any]:
    """Return a row of the plan's summary."""
    gap = None if bound is None else (cost - bound) / cost
    facts = {"item_sites": 3, "held_item_sites": 1, "plan_digest": "plan-digest", "policy_release": "standard@1"}
    gaps = {"gap_share": gap, "decidable_gap_share": None if gap is None else 4 * gap}
    return {"policy": name, "cost_amount": cost, "bound_amount": bound, **gaps, **facts}
