"""`equipoise inbox`: what waits for a person, the most money at stake for the time left first.

Not here: what waits, and why (``waiting``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console

from assets.kernel.telling import Record, counted
from assets.orders.reconcile import Cause
from assets.policy.access import Permission
from orchestration.cli.command import command
from orchestration.cli.console import Output, table
from orchestration.cli.dispatch import why_stopped
from orchestration.cli.order_text import total

if TYPE_CHECKING:
    from assets.governance.dispatch import DispatchDay
    from assets.governance.waiting import Waiting
    from assets.orders.order import Order
    from assets.orders.store import OrderStore
    from orchestration.access import Access

_SHOWN = 20
_NO_NEWS = frozenset({str(Cause.NOT_ANSWERED), str(Cause.ELSEWHERE)})
"""Differences that say less of an order whose outcome is unknown than what waits of it."""


@command(needs=Permission.READ_ORDERS)
def inbox(out: Output) -> None:
    """List what waits for a person: approvals, orders held back, unknown outcomes, differences, refits.

    Ranked by the money at stake for each day left: the gain of what has not left, the value of what may be amiss.
    """
    found = out.shown(gather(out.access))
    out.answer(found, lambda console: show(console, found, out.access.home.profile.currency))


def gather(access: Access) -> Record:
    """Return what waits, ranked, and whether orders may leave at all."""
    from assets.governance.waiting import of_request, ranked, waiting
    from orchestration.cli.recalibrate import waiting_refits
    from orchestration.dispatching import dispatch_day

    day = dispatch_day(access.settings, access.store, access.clock)
    orders = _that_may_wait(access.store, day)
    waits = list(waiting(orders, day, _unit_costs(access, orders)))
    differences, unasked = _differences(access)
    known = {one.order_id for one in waits}
    differing = [one for one in differences if one.order_id not in known or one.why not in _NO_NEWS]
    told = {one.order_id for one in differing}
    found = [one for one in waits if one.order_id not in told] + differing
    found += [of_request(**asked) for asked in waiting_refits(access)]
    return {
        "plan_date": day.plan_date.isoformat(),
        "today": day.today.isoformat(),
        "stopped": why_stopped(day),
        "not_compared": unasked,
        "waiting": [one.as_record() for one in ranked(found)],
    }


def _unit_costs(access: Access, orders: tuple[Order, ...]) -> dict[str, float]:
    """Return what items cost, where levels wait and the latest plan's item master is published."""
    from assets.kernel.frames.marts import DIM_ITEM
    from assets.kernel.published import Published

    dates = sorted({order.document.plan_date for order in orders if order.document.kind == "parameters"})
    published = Published(access.home.published)
    if not dates or published.latest(DIM_ITEM.name, dates[-1]) is None:
        return {}
    items = published.read(DIM_ITEM, dates[-1])
    return dict(zip(items["item_id"], items["unit_cost"].astype(float), strict=True))


def _that_may_wait(store: OrderStore, day: DispatchDay) -> tuple[Order, ...]:
    """Return the orders that a person may have to see to: headers say which, and only those are read whole."""
    from assets.governance.waiting import may_wait
    from assets.orders.order import OrderStatus
    from assets.orders.store import OrderFilter

    going = store.headers(OrderFilter(network=day.network, going_on=True))
    failed = store.headers(OrderFilter(network=day.network, plan_date=day.plan_date, status=OrderStatus.FAILED))
    names = tuple(one.order_id for one in (*going, *failed) if may_wait(one, day))
    return store.orders(OrderFilter(order_ids=names)) if names else ()


def _differences(access: Access) -> tuple[list[Waiting], str]:
    """Return what differs on the other side where asking is cheap, or why it was not asked."""
    from assets.governance.waiting import of_difference
    from assets.kernel.errors import EquipoiseError
    from assets.orders.reconcile import reconcile
    from orchestration.gateways import open_gateway
    from orchestration.settings import GatewayKind

    if access.settings.gateway is not GatewayKind.FILEDROP:
        return [], "ask with `equipoise reconcile`"
    try:
        compared = reconcile(
            access.store, open_gateway(access.settings, access.home), access.network, access.today
        )  # fmt: skip
        return [of_difference(one) for one in compared.differences], ""
    except EquipoiseError as error:
        return [], str(error)


def show(console: Console, found: Record, currency: str) -> None:
    """Print what waits for people."""
    if found["stopped"]:
        console.print(f"Nothing new may leave: {found['stopped']}", markup=False)
    waiting = found["waiting"]
    if not waiting:
        console.print("Nothing waits for a person.")
    else:
        _show_waiting(console, waiting, found["plan_date"], currency)
    if found["not_compared"]:
        console.print(f"Not compared with the other side: {found['not_compared']}", markup=False)


def _show_waiting(console: Console, waiting: list[Record], plan_date: str, currency: str) -> None:
    rows = [
        [one["kind"], one["about"], one["value_amount"], one["gain_amount"], one["days_left"],
         one["why"] + (f" (may: {', '.join(one['who'])})" if one["who"] else ""), one["command"]]
        for one in waiting[:_SHOWN]
    ]  # fmt: skip
    heads = ["what", "order", f"value {currency}", f"gain {currency}", "days", "why", "settled by"]
    console.print(table(f"Inbox of {plan_date}", heads, rows))
    if len(waiting) > _SHOWN:
        console.print(f"... and {len(waiting) - _SHOWN} more; --json lists all.")
    stake = total(waiting, "stake_amount")
    at_stake = "" if stake is None else f", {stake:,.2f} {currency} at stake"
    console.print(f"{counted(waiting, 'thing')} waiting{at_stake}.", markup=False)
