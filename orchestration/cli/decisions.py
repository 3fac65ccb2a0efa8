"""`equipoise approve`, `reject`, `override` and `cancel`: what a person says of an order.

Not here: whether they may (``governance.approval``), or what becomes of the order (``orders.decide``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from assets.policy.access import Permission
from orchestration.cli.acting import By, acting
from orchestration.cli.command import command
from orchestration.cli.console import Output
from orchestration.cli.documents import find_order, record_of

if TYPE_CHECKING:
    from assets.orders.events import Command
    from assets.orders.order import Order
    from assets.policy.release import Release

Id = Annotated[str, typer.Argument(metavar="ID", help="Order id, or its first characters.")]
Reason = Annotated[str, typer.Option("--reason", help="One word of the closed list; a wrong one lists them.")]
Note = Annotated[str, typer.Option("--note", help="What else is to be said.")]
Seen = Annotated[
    str | None,
    typer.Option("--seen", metavar="DIGEST", help="Content that you saw; what is shown now if not given."),
]


@command(needs=Permission.APPROVE)
def approve(out: Output, order_id: Id, by: By = None, note: Note = "", seen: Seen = None) -> None:
    """Agree to an order as it is shown now, or as it was when you saw it."""
    from assets.governance import approval

    person = acting(out, by)
    order = _shown(out, order_id)
    release = _release(out)
    access = out.access
    digest = order.document.content_digest if seen is None else seen
    given = approval.approve(
        order, release, seen_digest=digest, by=access.identity, today=access.today, note=note
    )  # fmt: skip
    _settle(out, order, given, f"approved by {person}")


@command(needs=Permission.REJECT)
def reject(out: Output, order_id: Id, reason: Reason, by: By = None, note: Note = "", seen: Seen = None) -> None:
    """Say no to an order that was not sent."""
    from assets.governance import approval
    from assets.governance.reasons import rejection_reason

    person, why = acting(out, by), rejection_reason(reason)
    order = find_order(out.access.store, out.access.network, order_id)
    digest = order.document.content_digest if seen is None else seen
    said_no = approval.reject(order, seen_digest=digest, by=out.access.identity, reason=why, note=note)
    _settle(out, order, said_no, f"rejected by {person}: {why}")


@command(needs=Permission.OVERRIDE)
def override(
    out: Output,
    order_id: Id,
    line: Annotated[int, typer.Option("--line", help="Number of the line.")],
    units: Annotated[int, typer.Option("--units", help="Units that it is to have; 0 takes it out.")],
    reason: Reason,
    by: By = None,
    note: Note = "",
    seen: Seen = None,
) -> None:
    """Change the units of a line; the order is yours then, and somebody else has to approve it."""
    from assets.governance import approval
    from assets.governance.reasons import override_reason

    person, why = acting(out, by), override_reason(reason)
    order = find_order(out.access.store, out.access.network, order_id)
    for one in order.document.lines:
        if one.line_number == line:
            out.access.require_sight_of(one.item_id, of_order=order.order_id)
    digest = order.document.content_digest if seen is None else seen
    changed = approval.override(
        order, seen_digest=digest, line_number=line, units=units, by=out.access.identity, reason=why, note=note
    )  # fmt: skip
    _settle(out, order, changed, f"changed by {person}: {why}; somebody else has to approve it")


@command(needs=Permission.CANCEL)
def cancel(out: Output, order_id: Id, reason: Reason, by: By = None, note: Note = "") -> None:
    """Have an order carried out no further; where it was sent, the next dispatch asks the other side."""
    from assets.governance.reasons import rejection_reason
    from assets.orders.events import Cancel

    person, why = acting(out, by), rejection_reason(reason)
    order = find_order(out.access.store, out.access.network, order_id)
    _settle(out, order, Cancel(person, why.value, note), f"cancelled by {person}: {why}")


def _shown(out: Output, order_id: str) -> Order:
    """Have the rules speak, show what they and the order say, and return it."""
    from assets.governance.dispatch import ask_rules
    from assets.orders.store import require_order
    from orchestration.cli.order_text import show_content
    from orchestration.dispatching import dispatch_day

    access = out.access
    order = find_order(access.store, access.network, order_id)
    if order.status == "proposed":
        ask_rules(access.store, dispatch_day(access.settings, access.store, access.clock))
        order = require_order(access.store, order.order_id)
    if not out.json:
        told = out.shown(record_of(order))
        out.answer(told, lambda console: show_content(console, told, access.home.profile.currency))
    return order


def _release(out: Output) -> Release:
    from orchestration.policies import registry_of

    return registry_of(out.access.home, out.access.store).active()


def _settle(out: Output, order: Order, asked: Command, what: str) -> None:
    """Have the order answer, and say where it stands then."""
    from assets.orders.answers import answer_one

    after = answer_one(out.access.store, order.order_id, asked)
    told = {**record_of(after), "what": what}
    line = f"Order {after.order_id} {what}. It is {after.status} now."
    if after.cancel_pending:
        line = f"Order {after.order_id}: {what}. The other side is asked with the next `equipoise dispatch`."
    elif after.approval is not None and after.status == "proposed" and after.approval.given:
        left = after.approval.approvers - len(after.approval.given)
        line += f" {left} more {'person has' if left == 1 else 'people have'} to approve it."
    out.answer(told, lambda console: console.print(line, markup=False))
