"""`equipoise reconcile`: the ledger against the other side's truth, and what mends each difference.

Not here: comparing (``assets.orders.reconcile``).
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from assets.kernel.errors import EquipoiseError
from assets.kernel.telling import Record, counted, plain
from assets.policy.access import Permission
from orchestration.cli.command import command
from orchestration.cli.console import Output, table
from orchestration.cli.documents import find_order

if TYPE_CHECKING:
    from assets.orders.gateways.port import Gateway
    from assets.orders.order import Order
    from assets.orders.reconcile import Reconciliation
    from orchestration.access import Access

_ID = "ID"
_ALL = "all"


@command(needs=Permission.RECONCILE)
def reconcile(
    out: Output,
    take: Annotated[
        str | None, typer.Option(metavar=_ID, help="Take in what the other side says of this order.")
    ] = None,
    close: Annotated[
        str | None, typer.Option(metavar=_ID, help="Close what has moved and the other side knows no more.")
    ] = None,
    resend: Annotated[str | None, typer.Option(metavar=_ID, help="Hand over again what the other side lost.")] = None,
    cancel_there: Annotated[
        str | None, typer.Option("--cancel-there", metavar=_ID, help="Have an order cancelled that is not ours.")
    ] = None,
    redirect: Annotated[
        str | None,
        typer.Option(
            metavar="ID|all", help="Go on with an order, or all issued elsewhere, at the gateway of the settings."
        ),
    ] = None,
    reason: Annotated[
        str, typer.Option("--reason", help="Why, of --close, --resend, --redirect and --cancel-there.")
    ] = "found by reconciling",
) -> None:
    """Compare all that is under way with what the other side has; mend one difference, if asked to."""
    from orchestration.gateways import open_gateway

    if sum(one is not None for one in (take, close, resend, redirect, cancel_there)) > 1:
        raise typer.BadParameter("mend one difference at a time")
    access = out.access
    gateway = open_gateway(access.settings, access.home)
    if take is not None:
        out.say(_take(access, gateway, take))
    elif close is not None:
        out.say(_close(access, gateway, close, reason))
    elif resend is not None:
        out.say(_resend(access, resend, reason))
    elif redirect is not None:
        out.say(_redirect(access, gateway, redirect, reason))
    elif cancel_there is not None:
        out.say(_cancel_there(access, gateway, cancel_there, reason))
    with out.working("Comparing"):
        found = gather(access, gateway)
    out.answer(found, lambda console: show(console, found, access.home.profile.currency))


def gather(access: Access, gateway: Gateway) -> Record:
    """Return what was compared, and each difference."""
    from assets.orders.reconcile import reconcile as compared

    return as_record(compared(access.store, gateway, access.network, access.today))


def as_record(found: Reconciliation) -> Record:
    """Return a reconciliation as a record."""
    told: Record = plain(
        {
            "compared": found.compared,
            "differences": [
                {
                    "order_id": one.order_id, "cause": str(one.cause), "here": one.here, "there": one.there,
                    "value": one.value_amount, "days": one.days, "remedy": one.remedy,
                }
                for one in found.differences
            ],
        }
    )  # fmt: skip
    return told


def show(console: Console, found: Record, currency: str) -> None:
    """Print differences for people, the most money first."""
    if not found["differences"]:
        console.print(f"{counted(range(found['compared']), 'order')} compared: both sides say the same.")
        return
    rows = [
        [one["order_id"], one["cause"], one["here"], one["there"], one["value"], one["days"], one["remedy"]]
        for one in found["differences"]
    ]
    heads = ["order", "cause", "here", "there", f"value {currency}", "days", "what mends it"]
    console.print(table(f"{len(rows)} of {found['compared']} orders differ", heads, rows))


def _take(access: Access, gateway: Gateway, order_id: str) -> str:
    from assets.orders.answers import answer_one
    from assets.orders.events import Confirm
    from assets.orders.order import TAKEN
    from assets.orders.reconcile import said_there

    order = find_order(access.store, access.network, order_id)
    receipt = said_there(order, gateway)
    if receipt is None:
        raise EquipoiseError(
            "the other side has nothing of it", where=f"order {order.order_id}",
            remedy="See what mends that with `equipoise reconcile`",
        )  # fmt: skip
    after = answer_one(access.store, order.order_id, Confirm(receipt, TAKEN))
    return f"Order {after.order_id} is {after.status} now."


def _close(access: Access, gateway: Gateway, order_id: str, reason: str) -> str:
    from assets.orders.answers import answer_one
    from assets.orders.events import Close
    from assets.orders.reconcile import require_closable

    order = find_order(access.store, access.network, order_id)
    require_closable(order, gateway)
    after = answer_one(access.store, order.order_id, Close(f"{reason}, by {access.identity.person}"))
    return f"Order {after.order_id} is {after.status} now; what of it is still to come, no plan counts any more."


def _resend(access: Access, order_id: str, reason: str) -> str:
    from assets.orders.answers import answer_one
    from assets.orders.events import Resend

    order = find_order(access.store, access.network, order_id)
    after = answer_one(access.store, order.order_id, Resend(access.identity.person, reason))
    return told_of_resend(after, access.home.profile.calendar.start_of_bucket(access.today))


def _redirect(access: Access, gateway: Gateway, order_id: str, reason: str) -> str:
    from assets.orders.answers import answer_each, answer_one
    from assets.orders.events import Redirect
    from assets.orders.reconcile import issued_elsewhere

    told = Redirect(gateway.address, access.identity.person, reason)
    if order_id == _ALL:
        moved = answer_each(
            access.store, [(one, told) for one in issued_elsewhere(access.store, gateway, access.network)]
        )
        what = f"{counted(moved, 'order')} that went elsewhere"
    else:
        order = find_order(access.store, access.network, order_id)
        what = f"Order {answer_one(access.store, order.order_id, told).order_id}"
    return f"{what}: on at {gateway.address}; the next `equipoise dispatch` asks or sends there."


def told_of_resend(order: Order, plan_date: dt.date) -> str:
    """Return what really happens to an order that is to be sent again: of an older date only asking does."""
    if order.cancel_pending:
        return f"The wish to cancel order {order.order_id} is handed over again by the next `equipoise dispatch`."
    if order.document.plan_date == plan_date:
        return f"Order {order.order_id} is handed over again by the next `equipoise dispatch`."
    again = "tells its levels anew" if order.document.kind == "parameters" else "orders what is still wanted"
    return (
        f"Order {order.order_id} is of {order.document.plan_date}, and orders of {plan_date} leave: the next "
        f"`equipoise dispatch` asks for it once more, and if the other side has nothing of it, it expires. The next "
        f"plan {again}."
    )


def _cancel_there(access: Access, gateway: Gateway, reference: str, reason: str) -> str:
    from assets.orders.strangers import cancel_stranger

    person = access.identity.person
    said = cancel_stranger(access.store, gateway, access.network, reference, by=person, reason=reason)
    return f"The other side was asked to cancel {reference}; it says: {said.answer}."
