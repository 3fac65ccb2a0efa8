"""What waits for a person, as the report tells it: ranked by money at stake for the time left.

The ledger's inbox is handed in as records; without it, the documents as they were planned say what is
there. Not here: what waits, and why (``orchestration``, ``governance``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from assets.kernel.frames.decisions import DOCUMENTS
from assets.monitoring.report.day import Day, Row

SHOWN = 12


@dataclass(frozen=True)
class Inbox:
    """What waits for people, by the ledger.

    Attributes
    ----------
    plan_date : str
        Plan date whose orders wait.
    stopped : str
        Why nothing new may leave; empty if it may.
    waiting : sequence of mapping
        Ranked: ``kind``, ``order_id``, ``about``, ``value_amount``, ``gain_amount``, ``stake_amount``,
        ``days_left``, ``why``, ``who``, ``command``.
    """

    plan_date: str
    stopped: str
    waiting: Sequence[Mapping[str, object]]


def waits(day: Day, inbox: Inbox | None) -> Row:
    """Return what waits.

    Returns
    -------
    dict
        ``rows`` (the first), ``count`` and ``stake_amount`` of all, ``kind`` and ``may`` (what sort of thing each
        is, and who may settle each, where that is one answer), ``plan_date``, ``stopped`` and ``from_ledger``.
    """
    rows = _planned(day) if inbox is None else [dict(one) for one in inbox.waiting]
    return {
        "kind": _common(rows, "kind") or "",
        "may": _common(rows, "who") or [],
        "plan_date": day.plan_date.isoformat() if inbox is None else inbox.plan_date,
        "stopped": day.stopped if inbox is None else inbox.stopped,
        "from_ledger": inbox is not None,
        "count": len(rows),
        "stake_amount": round(sum(float(str(row["stake_amount"])) for row in rows), 4),
        "rows": rows[:SHOWN],
    }


def _common(rows: Sequence[Row], name: str) -> object:
    """Return what all rows say, or nothing where they differ."""
    return rows[0][name] if rows and all(row[name] == rows[0][name] for row in rows) else None


def _planned(day: Day) -> list[Row]:
    """Return the proposals of the day, most gain first."""
    columns = ["order_id", "kind", "origin_id", "destination_id", "status", "line_count", "value_amount", "gain_amount"]
    documents = day.part(DOCUMENTS, [*columns, "reason"])
    proposed = documents[documents["status"] == "proposed"]
    ranked = proposed.sort_values(["gain_amount", "order_id"], ascending=[False, True], kind="stable")
    return [
        {
            "kind": "proposal",
            "order_id": row["order_id"],
            "about": f"{row['kind']} {row['origin_id']} to {row['destination_id']}",
            "value_amount": float(row["value_amount"]),
            "gain_amount": float(row["gain_amount"]),
            "stake_amount": float(row["gain_amount"]),
            "days_left": None,
            "why": row["reason"],
            "who": [],
            "command": "equipoise dispatch",
        }
        for row in ranked.to_dict("records")
    ]
