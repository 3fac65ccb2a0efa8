"""`equipoise explain`: why an order, or an item at a site, was decided so; also why nothing moves.

The plan wrote its reasons down when it decided; what would change them is found by solving the
item again from the tables that the plan was made from. Not here: either (``assets.rebalancing``).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.text import Text

from assets.kernel.errors import EquipoiseError
from assets.kernel.frames import Frame
from assets.kernel.frames.decisions import DECISIONS, PLAN_LINES, TARGETS
from assets.kernel.frames.forecasts import DEMAND_FORECAST
from assets.kernel.frames.market import COORDINATION_GRAPH, SHARED_LIMITS
from assets.kernel.frames.marts import FCT_INVENTORY_POSITION
from assets.kernel.home import NetworkHome
from assets.kernel.published import Published
from assets.kernel.telling import Record, counted, plain
from assets.orders.events import PARAMETERS
from assets.policy.access import Permission
from assets.policy.text_mask import HIDDEN
from orchestration.cli.command import PlanDate, command
from orchestration.cli.console import Output, cell
from orchestration.cli.documents import find_document, open_store, remarks_on
from orchestration.cli.judgements import verdicts_of
from orchestration.cli.order_text import history_of, show_history
from orchestration.cli.reading import only, open_network, planned_date, records
from orchestration.cli.subject import Item, OrderId, Site, names_order

if TYPE_CHECKING:
    import pandas as pd

    from assets.rebalancing.explain import Explanation
    from assets.rebalancing.what_if.recorded import Recorded


@command(needs=Permission.READ_ORDERS)
def explain(
    out: Output,
    order_id: OrderId = None,
    item: Item = None,
    site: Site = None,
    date: PlanDate = None,
    verify: Annotated[
        bool, typer.Option("--verify/--no-verify", help="Solve the item again to find what would change the decision.")
    ] = True,
) -> None:
    """Say why an order was made, or why an item at a site was decided so (also where nothing moves)."""
    by_order = names_order(order_id, item, site)
    home = open_network()
    published, currency = Published(home.published), home.profile.currency
    if by_order:
        document = find_document(open_store(home), home.profile.name, str(order_id))
        history = history_of(out.access.store, document["order_id"])
        with out.working("Explaining"):
            reasons = of_order(home, document, verify=verify)
        # What is hidden of an item would be told by its reasons, which name it once and then go on about it.
        found = [one for one in reasons if not out.access.hides(one.item_id, of_order=document["order_id"])]
        explained = plain([one.as_dict() for one in found])
        told = out.shown({**document, "currency": currency, "explanations": explained, "history": history})
        out.answer(told, lambda console: show_order(console, told, found))
        if len(found) < len(reasons):
            out.say(f"Reasons of {counted(reasons[len(found) :], 'line')} with sensitive items are hidden.")
        out.say_each(remarks_on(published, document))
        return
    out.access.require_sight_of(str(item))
    plan_date = planned_date(published, DECISIONS, date)
    with out.working("Explaining"):
        reasons = of_item_site(home, plan_date, str(item), str(site), verify=verify)
    decided = {
        **gather_item_site(published, plan_date, str(item), str(site)),
        "currency": currency,
        "explanations": plain([one.as_dict() for one in reasons]),
    }
    out.answer(decided, lambda console: show_item_site(console, decided, reasons))


def of_order(home: NetworkHome, document: Record, *, verify: bool = True) -> list[Explanation]:
    """Return why each line of an order document was planned, in the order of its lines.

    Those of them that gain most are verified, if asked for.
    """
    from assets.rebalancing.explain import explain_lines

    published = Published(home.published)
    plan_date = dt.date.fromisoformat(document["plan_date"])
    items = [line["item"] for line in document["lines"]]
    lines = _rows(published, PLAN_LINES, plan_date, items)
    ends = (lines["origin_id"] == document["origin"]) & (lines["destination_id"] == document["destination"])
    lines = lines[ends & (lines["kind"] == document["kind"])]
    tables = _tables(published, plan_date, items)
    plan = _rebuilt(home, plan_date) if verify and len(lines) else None
    return [_noted(one, plan) for one in explain_lines(lines, **tables, plan=_plan(plan))]


def of_item_site(
    home: NetworkHome, plan_date: dt.date, item: str, site: str, *, verify: bool = True
) -> list[Explanation]:
    """Return why each line that touches an item and site was planned, or why there is none."""
    from assets.rebalancing.explain import explain_item_site

    published = Published(home.published)
    lines, tables = _rows(published, PLAN_LINES, plan_date, [item]), _tables(published, plan_date, [item])
    plan = _rebuilt(home, plan_date) if verify else None
    return [_noted(one, plan) for one in explain_item_site(item, site, lines=lines, **tables, plan=_plan(plan))]


def _rebuilt(home: NetworkHome, plan_date: dt.date) -> Recorded | str:
    """Return the plan with its problem rebuilt, or why it cannot be."""
    from assets.rebalancing.what_if.recorded import recorded

    try:
        return recorded(Published(home.published), home.profile, plan_date)
    except EquipoiseError as error:
        return str(error)


def _plan(found: Recorded | str | None) -> Recorded | None:
    return None if isinstance(found, str) else found


def _noted(explanation: Explanation, plan: Recorded | str | None) -> Explanation:
    """Say why nothing was solved again where the plan's problem cannot be rebuilt."""
    from assets.rebalancing.what_if.report import Verified

    return replace(explanation, verified=Verified(False, plan)) if isinstance(plan, str) else explanation


def gather_item_site(published: Published, plan_date: dt.date, item: str, site: str) -> Record:
    """Return what was decided for an item at a site, and the stock, target, forecast and verdicts behind it."""
    decided = only(_records(published, DECISIONS, plan_date, item, site)) or {}
    forecast = _records(published, DEMAND_FORECAST, plan_date, item, site)
    shown = ("bucket_start", "mean_units", "cumulative_mean_units", "demand_segment", "model")
    return {
        "item": item,
        "site": site,
        "plan_date": plan_date.isoformat(),
        **{key: value for key, value in decided.items() if key not in ("plan_date", "item_id", "site_id")},
        "position": only(_records(published, FCT_INVENTORY_POSITION, plan_date, item, site)),
        "target": only(_records(published, TARGETS, plan_date, item, site)),
        "forecast": [{key: row[key] for key in shown} for row in forecast],
        "lines": [
            row
            for row in records(PLAN_LINES, _rows(published, PLAN_LINES, plan_date, [item]))
            if site in (row["origin_id"], row["destination_id"])
        ],
        "verdicts": [
            row
            for row in verdicts_of(published, plan_date)
            if row["action"] != "pass" and row["site_id"] in ("", site) and row["item_id"] in ("", item)
        ],
    }


def show_order(console: Console, order: Record, found: list[Explanation]) -> None:
    """Print why an order was made for people."""
    unit = order["currency"]
    ends = f"{order['origin']} to {order['destination']}".strip()
    console.print(Text(f"{order['kind']} {order['order_id']}: {ends}", "bold"))
    lines = counted(order["lines"], "line")
    console.print(
        f"Plan of {order['plan_date']}, channel {order['channel']}, {order['status']}; {lines} "
        f"worth {cell(order['value']) or HIDDEN} {unit}, expected gain before its departure "
        f"{cell(order['gain']) or HIDDEN} {unit}.",
        markup=False,
    )
    console.print(order["reason"], markup=False)
    for explanation in found:
        _show(console, explanation)
    if not found:
        levels = order["kind"] == PARAMETERS
        console.print(
            "Orders for these items are their ERP's, by levels that follow from targets; each target is told by "
            "`equipoise explain --item I --site S`:"
            if levels
            else "A later plan of the date has replaced the lines; their reasons were:",
            soft_wrap=True,
        )
        for line in order["lines"]:
            console.print(f"  {line['item']}: {line['reason']}", markup=False)
    console.print(Text("What happened to it", "bold"))
    show_history(console, order["history"])


def show_item_site(console: Console, decided: Record, found: list[Explanation]) -> None:
    """Print why an item at a site was decided so for people."""
    console.print(Text(f"{decided['item']} at {decided['site']}: {decided['decision']}", "bold"))
    console.print(f"Plan of {decided['plan_date']}. {decided['reason']}", markup=False)
    for explanation in found:
        _show(console, explanation)
    for verdict in decided["verdicts"]:
        console.print(
            f"  Verdict {verdict['action']}: {verdict['feed']}, {verdict['rule']}: {verdict['message']}", markup=False
        )


def _show(console: Console, explanation: Explanation) -> None:
    question, *sentences = explanation.lines()
    console.print()
    console.print(Text(question, "bold"))
    for sentence in sentences:
        console.print(f"  {sentence}", markup=False)


def _tables(published: Published, plan_date: dt.date, items: list[str]) -> dict[str, pd.DataFrame]:
    frames = {"decisions": DECISIONS, "targets": TARGETS, "forecast": DEMAND_FORECAST, "graph": COORDINATION_GRAPH}
    tables = {name: _rows(published, frame, plan_date, items) for name, frame in frames.items()}
    return {**tables, "shared_limits": _all(published, SHARED_LIMITS, plan_date)}


def _all(published: Published, frame: Frame, plan_date: dt.date) -> pd.DataFrame:
    """Return a table of the run that made the plan, whoever writes meanwhile; no row where it did not get so far."""
    plan = published.latest(PLAN_LINES.name, plan_date)
    known = published.latest(frame.name, plan_date) is not None
    return published.beside(frame, plan_date, plan.run_id if plan else "") if known else frame.empty()


def _rows(published: Published, frame: Frame, plan_date: dt.date, items: list[str]) -> pd.DataFrame:
    """Return a plan's rows of some items; none where the run did not get so far."""
    data = _all(published, frame, plan_date)
    return data[data["item_id"].isin(items)]


def _records(published: Published, frame: Frame, plan_date: dt.date, item: str, site: str) -> list[Record]:
    """Return a plan's rows of an item at a site as records."""
    data = _rows(published, frame, plan_date, [item])
    return records(frame, data[data["site_id"] == site])
