"""`equipoise dispatch`: what may leave leaves, and what the other side says is taken in.

Not here: dispatching (``orchestration.dispatching``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console

from assets.kernel.telling import Record, counted
from assets.policy.access import Permission
from orchestration.cli.command import command
from orchestration.cli.console import Output, table
from orchestration.cli.order_text import waiting_for

if TYPE_CHECKING:
    from assets.governance.dispatch import DispatchDay, Dispatched
    from orchestration.access import Access


@command(needs=Permission.DISPATCH)
def dispatch(out: Output) -> None:
    """Have the rules speak, keep stock, send what may leave, and take in the other side's answers."""
    from orchestration.dispatching import dispatch_day, dispatch_network
    from orchestration.gateways import open_gateway

    access = out.access
    gateway = open_gateway(access.settings, access.home)
    with out.working("Dispatching"):
        done = dispatch_network(access.settings, store=access.store, gateway=gateway, clock=access.clock)
        day = dispatch_day(access.settings, access.store, access.clock)
    found = out.shown(gather(access, done, day, gateway.name))
    out.answer(found, lambda console: show(console, found))


def gather(access: Access, done: Dispatched, day: DispatchDay, gateway: str) -> Record:
    """Return what one dispatch run brought."""
    from assets.orders.store import OrderFilter
    from orchestration.cli.documents import record_of

    orders = {
        one.order_id: one for one in access.store.orders(OrderFilter(network=access.network, plan_date=day.plan_date))
    }
    refused = {order_id: orders[order_id].status_reason for order_id in done.reserved.refused if order_id in orders}
    waiting = {
        order_id: waiting_for(record_of(orders[order_id])) for order_id in done.waiting_for_people if order_id in orders
    }
    taken = done.taken
    return {
        "plan_date": day.plan_date.isoformat(),
        "gateway": gateway,
        "stopped": why_stopped(day),
        "issued": list(done.issued.issued),
        "held": {**refused, **done.issued.held, **{one: done.sent.details[one] for one in done.sent.held}},
        "waiting_for_people": waiting,
        "left_to_people": dict(done.left_to_people),
        "unanswered": dict(done.unanswered),
        "expired": list(done.expired),
        "answered": list(done.sent.answered),
        "waiting": list(done.sent.waiting),
        "unknown": list(done.sent.unknown),
        "not_understood": list(done.sent.not_understood),
        "details": dict(done.sent.details),
        "in_outbox": done.in_outbox,
        "oldest": done.oldest,
        "messages": taken.messages if taken else None,
        "orders_told_of": list(taken.orders) if taken else [],
        "strangers": list(taken.strangers) if taken else [],
        "unreadable": list(taken.unreadable) if taken else [],
        "silence": done.silence,
        "alerts_refused": done.alerts_refused,
    }


def why_stopped(day: DispatchDay) -> str:
    """Return why nothing of the plan date may leave; empty if something may."""
    if day.clock_off:
        return day.clock_off
    if day.availability is None:
        return f"{day.plan_date} is not planned. Run `equipoise plan`"
    if day.today >= day.window_ends:
        return f"the window of {day.plan_date} ended before {day.window_ends}"
    return day.stopped


def show(console: Console, found: Record) -> None:
    """Print what one dispatch run brought for people."""
    if found["stopped"]:
        console.print(f"Nothing new may leave: {found['stopped']}", markup=False)
    console.print(
        f"Plan of {found['plan_date']}, by {found['gateway']}: {len(found['issued'])} issued, "
        f"{len(found['answered'])} answered, {len(found['held'])} held back, "
        f"{len(found['waiting_for_people'])} waiting for people, {len(found['expired'])} came too late.",
        markup=False,
    )
    tables = {
        "Held back": "held", "Waiting for people": "waiting_for_people", "Left by a rollback": "left_to_people",
        "Not answered there": "unanswered",
    }  # fmt: skip
    for title, key in tables.items():
        if found[key]:
            console.print(table(title, ["order", "why"], [list(row) for row in found[key].items()]))
    unsent = [
        [one, state.replace("_", " "), found["details"].get(one, "")] for state in _UNSENT for one in found[state]
    ]
    if unsent:
        console.print(table("Not answered", ["order", "", "why"], unsent))
    oldest = f", the oldest {found['oldest']}" if found["oldest"] else ""
    console.print(f"{found['in_outbox']} left in the outbox{oldest}.", markup=False)
    console.print(_said(found), markup=False)
    if found["alerts_refused"]:
        console.print(f"Alerts did not go out: {found['alerts_refused']}", markup=False)
    for line in (*found["strangers"], *found["unreadable"]):
        console.print(f"  not usable: {line}", markup=False)
    if found["waiting_for_people"] or found["left_to_people"] or found["unanswered"]:
        console.print("Next: equipoise inbox")


_UNSENT = ("waiting", "unknown", "not_understood")


def _said(found: Record) -> str:
    if found["silence"]:
        return f"The other side did not answer: {found['silence']}"
    told = found["orders_told_of"]
    return f"The other side said {found['messages']} things about {counted(told, 'order')}."
