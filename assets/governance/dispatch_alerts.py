"""What of a dispatch run somebody should know: orders that do not get out, and an other side that is not understood.

Each cause is told once a business date. Not here: how alerts are sent (``orchestration``), or other alerts
(``monitoring``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

import pandas as pd

from assets.governance.dispatch import Dispatched
from assets.kernel.frames.quality import ALERTS
from assets.kernel.identifiers import digest

FEED = "order_dispatch"
OWNER = "replenishment"
"""Who answers for orders that do not get out; what is at stake is in the inbox, order by order."""
LONGEST_IN_OUTBOX = dt.timedelta(hours=1)
"""An order that waits longer to be sent is told of."""
_NAMED = 3


def dispatch_alerts(found: Dispatched, plan_date: dt.date, today: dt.date, refused: Sequence[str] = ()) -> pd.DataFrame:
    """Return the alerts of one dispatch run: frame ``alerts``.

    Parameters
    ----------
    found : Dispatched
        What it brought.
    plan_date, today : date
        By the network's clock.
    refused : sequence of str
        Orders that the other side refused in it, in words.
    """
    left, silent = found.left_to_people, found.unanswered
    told = [
        _stuck(found),
        _cause("not_understood", "critical", len(found.sent.not_understood), _first_detail(found), "equipoise inbox"),
        _cause("left_by_rollback", "warning", len(left), _each(left), "equipoise inbox"),
        _cause("not_answered", "warning", len(silent), _each(silent), "equipoise inbox"),
        _cause("refused_there", "warning", len(refused), _some(tuple(refused)), "equipoise inbox"),
        _cause("clock_off", "critical", int(bool(found.clock_off)), found.clock_off, "equipoise dispatch"),
        _cause("other_side_silent", "warning", int(bool(found.silence)), found.silence, "equipoise dispatch"),
    ]
    if found.taken is not None:
        strangers, unreadable = found.taken.strangers, found.taken.unreadable
        told += [
            _cause("never_issued", "critical", len(strangers), _some(strangers), "equipoise reconcile"),
            _cause("unreadable_answers", "critical", len(unreadable), _some(unreadable), "equipoise reconcile"),
        ]
    rows = [
        {
            "alert_id": digest(cause["rule"], FEED, "", today.isoformat()), "plan_date": pd.Timestamp(plan_date),
            "feed": FEED, "site_id": "", "business_date": pd.Timestamp(today), "owner": OWNER, "stake_amount": 0.0,
            **cause,
        }
        for cause in told
        if cause is not None
    ]  # fmt: skip
    return ALERTS.conform(pd.DataFrame(rows)) if rows else ALERTS.empty()


def _stuck(found: Dispatched) -> dict[str, object] | None:
    if found.waited < LONGEST_IN_OUTBOX:
        return None
    hours = found.waited.total_seconds() / 3600
    going = found.in_outbox - found.held_in_outbox
    what = f"{going} orders wait to be sent; {found.oldest} has waited {hours:.1f} hours"
    return _cause("outbox_waits", "critical", going, what, "equipoise dispatch")


def _cause(rule: str, severity: str, count: int, what: str, command: str) -> dict[str, object] | None:
    if not count:
        return None
    return {
        "rule": rule, "severity": severity, "action": "wait", "message": what,
        "remedy": f"Run `{command}`", "offender_count": count,
    }  # fmt: skip


def _first_detail(found: Dispatched) -> str:
    return _some(tuple(f"{name}: {found.sent.details.get(name, '')}" for name in found.sent.not_understood))


def _each(told: Mapping[str, str]) -> str:
    return _some(tuple(f"{name}: {why}" for name, why in sorted(told.items())))


def _some(told: tuple[str, ...]) -> str:
    more = f", and {len(told) - _NAMED} more" if len(told) > _NAMED else ""
    return "; ".join(told[:_NAMED]) + more
