"""What people say of an order, checked before the order is asked: approvals, rejections, overrides.

Pure: an order and facts in, a command for it out. Nobody approves their own, two approvers are two people, an
approval is for one content of one revision and counts for some days. Not here: what an order needs
(``requirement``), or the states of an order (``orders``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import replace
from decimal import Decimal

from assets.governance.reasons import OverrideReason, RejectionReason
from assets.governance.requirement import Requirement
from assets.kernel.errors import EquipoiseError
from assets.orders.documents import content_digest
from assets.orders.events import Approve, Document, OrderLine, Override, Reject, Require
from assets.orders.order import Consent, Order
from assets.policy.access import Identity, Permission, require
from assets.policy.release import Release

MOST_UNITS = 10**9
"""Of a line: more than anybody orders, and few enough that sums and money stay exact."""


def required(needed: Requirement) -> Require:
    """Return the command that tells an order what it needs."""
    why = "; ".join(one.sentence for one in needed.asked)
    return Require(needed.approvers, tuple(str(rule) for rule in needed.rules), needed.expires_on, why)


def approve(
    order: Order, release: Release, *, seen_digest: str, by: Identity, today: dt.date, note: str = ""
) -> Approve:
    """Return the approval of what a person saw.

    Parameters
    ----------
    seen_digest : str
        Content digest that the person was shown; the first digits do.

    Raises
    ------
    EquipoiseError
        If they may not, if it is their own, if its content changed since they saw it, or if it is too late.
    """
    require(by, Permission.APPROVE)
    _require_seen(order, seen_digest)
    if order.approval is not None and today >= order.approval.expires_on:
        last = order.approval.expires_on - dt.timedelta(days=1)
        raise _refused(order, f"it could leave until {last}", "Plan a later date")
    if by.person in order.overridden_by:
        raise _refused(order, f"{by.person} changed it, and nobody approves their own", "Ask somebody else")
    ends = today + dt.timedelta(days=release.approvals.valid_days)
    expires_on = min(ends, order.approval.expires_on) if order.approval else ends
    return Approve(by.person, order.document.content_digest, today, expires_on, note)


def reject(order: Order, *, seen_digest: str, by: Identity, reason: RejectionReason, note: str = "") -> Reject:
    """Return a person's no to what they saw.

    Raises
    ------
    EquipoiseError
        If they may not, or if its content changed since they saw it.
    """
    require(by, Permission.REJECT)
    _require_seen(order, seen_digest)
    return Reject(by.person, reason.value, note)


def override(
    order: Order,
    *,
    seen_digest: str,
    line_number: int,
    units: int,
    by: Identity,
    reason: OverrideReason,
    note: str = "",
) -> Override:
    """Return a person's wish for other units in one line. It becomes their own: somebody else must approve it.

    Raises
    ------
    EquipoiseError
        If they may not, if its content changed since they saw it, or if there is no such line or nothing is left.
    """
    require(by, Permission.OVERRIDE)
    _require_seen(order, seen_digest)
    return Override(_with_units(order, line_number, units), by.person, reason.value, note)


def not_counted(order: Order, may_approve: Collection[str], today: dt.date) -> tuple[str, ...]:
    """Return why approvals of an order count no more, a sentence each; nothing if it may leave.

    A person who lost the role, was removed or goes by another name does not count, nor does an approval that
    has expired or is of a day that has not come by this clock.
    """
    if order.approval is None:
        return ("its rules were never asked",)
    return tuple(fault for consent in order.approval.given if (fault := _fault(consent, may_approve, today)))


def uncounted(order: Order, may_approve: Collection[str], today: dt.date) -> tuple[str, ...]:
    """Return the people whose approval of an order counts no more.

    One of a day that has not come by this clock only waits: the clock may be the one that is wrong.
    """
    given = order.approval.given if order.approval else ()
    return tuple(consent.by for consent in given if _over(consent, may_approve, today))


def _over(consent: Consent, may_approve: Collection[str], today: dt.date) -> str:
    """Return why an approval counts no more, whatever comes; empty if it may count."""
    if consent.by not in may_approve:
        return f"{consent.by} may not approve any more"
    return f"the approval by {consent.by} expired on {consent.expires_on}" if today >= consent.expires_on else ""


def _fault(consent: Consent, may_approve: Collection[str], today: dt.date) -> str:
    over = _over(consent, may_approve, today)
    if over:
        return over
    if consent.given_on > today:
        return f"the approval by {consent.by} is of {consent.given_on}, a day that has not come"
    return ""


def _with_units(order: Order, line_number: int, units: int) -> Document:
    document = order.document
    line = next((one for one in document.lines if one.line_number == line_number), None)
    if line is None:
        raise _refused(order, f"it has no line {line_number}", f"Name one of 1 to {len(document.lines)}")
    if line.levels is not None:
        raise _refused(
            order, "levels follow from targets, and nothing else is to be put in their place",
            "Reject it, and change the service target or the settings of the item at the site",
        )  # fmt: skip
    if units < 0:
        raise _refused(order, f"{units} units cannot be ordered", "Give 0 or more units")
    if units > MOST_UNITS:
        raise _refused(order, f"{units} units are more than a line can have ({MOST_UNITS:,})", "Give fewer units")
    changed = [_of_units(one, units) if one is line else one for one in document.lines]
    lines = tuple(one for one in changed if one.quantity_units > 0)
    if not lines:
        raise _refused(order, "nothing would be left of it", "Reject it instead")
    return replace(document, lines=lines, content_digest=content_digest(lines))


def _of_units(line: OrderLine, units: int) -> OrderLine:
    """Return a line of other units: value and freight by unit, and no gain that nobody worked out."""
    share = Decimal(units) / Decimal(line.quantity_units)
    return replace(
        line, quantity_units=units, value_amount=_money(line.value_amount * share),
        transport_amount=_money(line.transport_amount * share), gain_amount=Decimal(0),
    )  # fmt: skip


def _money(amount: Decimal) -> Decimal:
    return amount.quantize(Decimal("0.0001"))


def _require_seen(order: Order, seen_digest: str) -> None:
    digest = order.document.content_digest
    if not seen_digest or not digest.startswith(seen_digest):
        raise _refused(
            order,
            f"its content changed since it was shown: shown = {seen_digest[:12] or 'nothing'}, "
            f"revision {order.revision} = {digest[:12]}",
            "Look at it again with `equipoise explain`",
        )


def _refused(order: Order, rule: str, remedy: str) -> EquipoiseError:
    return EquipoiseError(rule, where=f"order {order.order_id}", remedy=remedy)
