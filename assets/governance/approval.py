"""Whether an order is approved: which approvals count, and what a person may approve or reject.

Pure: history and facts in, events or a standing out. Nobody approves their own, two approvers are two people,
an approval is for one content of one revision, and dates are the clock's. Not here: what an order needs
(``requirement``), or the states of an order (``orders``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from assets.governance.events import ApprovalGiven, Event, OrderOverridden, OrderRejected
from assets.governance.facts import OrderFacts
from assets.governance.reasons import OverrideReason, RejectionReason
from assets.governance.requirement import Requirement
from assets.kernel.errors import EquipoiseError
from assets.policy.access import Identity, Permission, require
from assets.policy.release import Release


@dataclass(frozen=True)
class ApprovalStanding:
    """Where an order stands with people.

    Attributes
    ----------
    approvers : tuple of str
        Those whose approval counts.
    missing : int
        People who must still approve.
    not_counted : tuple of (str, str)
        Whose approval does not count, and why.
    rejected_by : str
        Who said no to this content; empty if nobody.
    expired : bool
        Whether it may leave no more whatever anybody says.
    """

    approvers: tuple[str, ...]
    missing: int
    not_counted: tuple[tuple[str, str], ...] = ()
    rejected_by: str = ""
    expired: bool = False

    @property
    def approved(self) -> bool:
        """Whether it may leave, as far as people are concerned."""
        return not (self.missing or self.rejected_by or self.expired)


def standing(
    facts: OrderFacts,
    needed: Requirement,
    history: Iterable[Event],
    *,
    may_approve: frozenset[str],
    today: dt.date,
) -> ApprovalStanding:
    """Return where an order stands after the events of its stream ``approval/<order>``.

    Parameters
    ----------
    facts : OrderFacts
        The revision that would leave.
    needed : Requirement
        Of that revision.
    history : iterable of events
        What people said.
    may_approve : frozenset of str
        Who may approve now; somebody who lost the role meanwhile does not count.
    today : date
        By the clock.
    """
    counted: list[str] = []
    others: list[tuple[str, str]] = []
    rejected_by = ""
    for event in history:
        match event:
            case ApprovalGiven() if event.order_id == facts.order_id:
                fault = _fault_of(event, facts, may_approve, counted, today)
                if fault:
                    others.append((event.by, fault))
                else:
                    counted.append(event.by)
            case OrderRejected() if _is_of(event, facts):
                rejected_by = event.by
    missing = max(0, needed.approvers - len(counted))
    return ApprovalStanding(tuple(counted), missing, tuple(others), rejected_by, today >= needed.expires_on)


def approve(
    facts: OrderFacts,
    needed: Requirement,
    release: Release,
    history: Iterable[Event],
    *,
    seen_digest: str,
    by: Identity,
    at: dt.datetime,
    today: dt.date,
    remark: str = "",
) -> tuple[Event, ...]:
    """Let a person approve what they saw; nothing happens where their approval already counts.

    Parameters
    ----------
    seen_digest : str
        Content digest that the person was shown.

    Raises
    ------
    EquipoiseError
        If they may not, if it is their own, if its content changed since they saw it, if it is too late, or if
        somebody rejected this content.
    """
    require(by, Permission.APPROVE)
    _require_seen(facts, seen_digest)
    if today >= needed.expires_on:
        raise _refused(facts, f"it could leave until {needed.expires_on - dt.timedelta(days=1)}", "Plan a later date")
    if by.person in facts.requested_by:
        raise _refused(facts, f"{by.person} asked for it, and nobody approves their own", "Ask somebody else")
    before = standing(facts, needed, history, may_approve=frozenset({by.person}), today=today)
    if before.rejected_by:
        raise _refused(facts, f"{before.rejected_by} rejected this content", "Override it or plan again")
    if by.person in before.approvers:
        return ()
    expires_on = min(today + dt.timedelta(days=release.approvals.valid_days), needed.expires_on)
    return (
        ApprovalGiven(facts.order_id, facts.revision, facts.content_digest, by.person, at, today, expires_on, remark),
    )


def reject(
    facts: OrderFacts,
    *,
    seen_digest: str,
    by: Identity,
    at: dt.datetime,
    reason: RejectionReason,
    remark: str = "",
) -> tuple[Event, ...]:
    """Let a person say no to what they saw.

    Raises
    ------
    EquipoiseError
        If they may not, or if its content changed since they saw it.
    """
    require(by, Permission.REJECT)
    _require_seen(facts, seen_digest)
    return (OrderRejected(facts.order_id, facts.revision, facts.content_digest, by.person, at, reason, remark),)


def override(
    facts: OrderFacts,
    *,
    seen_digest: str,
    line_number: int,
    before_units: int,
    after_units: int,
    by: Identity,
    at: dt.datetime,
    reason: OverrideReason,
    remark: str = "",
) -> tuple[Event, ...]:
    """Let a person ask for other units in one line. It becomes their own: somebody else must approve it.

    Raises
    ------
    EquipoiseError
        If they may not, if its content changed since they saw it, or if the units are none.
    """
    require(by, Permission.OVERRIDE)
    _require_seen(facts, seen_digest)
    if after_units < 0:
        raise _refused(facts, f"{after_units} units cannot be ordered", "Give 0 or more units")
    if after_units == before_units:
        return ()
    return (
        OrderOverridden(
            facts.order_id, facts.revision, facts.content_digest, line_number, before_units, after_units,
            by.person, at, reason, remark,
        ),
    )  # fmt: skip


def requesters(history: Iterable[Event]) -> tuple[str, ...]:
    """Return who overrode an order, whatever its revision, each once."""
    return tuple(dict.fromkeys(event.by for event in history if isinstance(event, OrderOverridden)))


def _is_of(event: ApprovalGiven | OrderRejected, facts: OrderFacts) -> bool:
    return (event.order_id, event.revision, event.content_digest) == (
        facts.order_id,
        facts.revision,
        facts.content_digest,
    )


def _fault_of(
    event: ApprovalGiven, facts: OrderFacts, may_approve: frozenset[str], counted: list[str], today: dt.date
) -> str:
    """Return why an approval does not count; empty if it does."""
    faults = {
        f"it was of revision {event.revision}, this is revision {facts.revision} with other content": not _is_of(
            event, facts
        ),
        "nobody approves their own": event.by in facts.requested_by,
        f"{event.by} may not approve any more": event.by not in may_approve,
        f"it expired on {event.expires_on}": today >= event.expires_on,
        f"it was given on {event.given_on}, a day that has not come": event.given_on > today,
        f"{event.by} approved already": event.by in counted,
    }
    return next((fault for fault, holds in faults.items() if holds), "")


def _require_seen(facts: OrderFacts, seen_digest: str) -> None:
    if seen_digest != facts.content_digest:
        raise _refused(
            facts,
            f"its content changed since it was shown: shown = {seen_digest[:12]}, "
            f"revision {facts.revision} = {facts.content_digest[:12]}",
            "Look at it again with `equipoise explain`",
        )


def _refused(facts: OrderFacts, rule: str, remedy: str) -> EquipoiseError:
    return EquipoiseError(rule, where=f"order {facts.order_id}", remedy=remedy)
