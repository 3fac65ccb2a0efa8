"""`equipoise explain`: why an order, or an item at a site, was decided so; also why nothing moves.

Not here: finding the reasons; the plan wrote them down when it decided.
"""

from __future__ import annotations

import datetime as dt

from rich.console import Console
from rich.markup import escape

from assets.kernel.errors import EquipoiseError
from assets.kernel.frames.decisions import DECISIONS, DEMAND_FORECAST, PLAN_LINES, TARGETS
from assets.kernel.frames.marts import FCT_INVENTORY_POSITION
from assets.kernel.published import Published
from orchestration.cli.command import PlanDate, command
from orchestration.cli.console import Output, cell, table
from orchestration.cli.documents import find_document, open_store
from orchestration.cli.judgements import verdicts_of
from orchestration.cli.reading import Record, first, listed, open_network, planned_date, read, read_if_any
from orchestration.cli.subject import Item, OrderId, Site, names_order


@command
def explain(out: Output, order_id: OrderId = None, item: Item = None, site: Site = None, date: PlanDate = None) -> None:
    """Say why an order was made, or why an item at a site was decided so (also where nothing moves)."""
    by_order = names_order(order_id, item, site)
    home = open_network()
    if by_order:
        document = find_document(open_store(home), home.profile.name, str(order_id))
        order = {**gather_order(Published(home.published), document), "currency": home.profile.currency}
        out.answer(order, lambda console: show_order(console, order))
        return
    published = Published(home.published)
    decided = gather_item_site(published, planned_date(published, DECISIONS, date), str(item), str(site))
    decided["currency"] = home.profile.currency
    out.answer(decided, lambda console: show_item_site(console, decided))


def gather_order(published: Published, document: Record) -> Record:
    """Return an order document with the reasons of its lines and what was decided at both ends."""
    plan_date = dt.date.fromisoformat(document["plan_date"])
    plan_lines = read(published, PLAN_LINES, plan_date)
    decisions = {(row["item_id"], row["site_id"]): row for row in read(published, DECISIONS, plan_date)}
    lines = []
    for line in document["lines"]:
        ends = {"origin_id": document["origin"], "destination_id": document["destination"]}
        planned = first(plan_lines, kind=document["kind"], item_id=line["item"], mode=line["mode"], **ends) or {}
        lines.append(
            {
                **line,
                "binding_constraints": listed(planned.get("binding_constraints")),
                "next_best": planned.get("next_best"),
                "at_destination": _here(decisions.get((line["item"], document["destination"]))),
                "at_origin": _here(decisions.get((line["item"], document["origin"]))),
            }
        )
    return {**document, "lines": lines}


def gather_item_site(published: Published, plan_date: dt.date, item: str, site: str) -> Record:
    """Return what was decided for an item at a site, from what, and why."""
    decided = decision_of(published, plan_date, item, site)
    here = {"item_id": item, "site_id": site}
    lines = [
        line
        for line in read_if_any(published, PLAN_LINES, plan_date)
        if line["item_id"] == item and site in (line["origin_id"], line["destination_id"])
    ]
    spoken_of = [
        row
        for row in verdicts_of(published, plan_date)
        if row["action"] != "pass" and row["site_id"] in ("", site) and row["item_id"] in ("", item)
    ]
    forecast = [row for row in read_if_any(published, DEMAND_FORECAST, plan_date) if _same(row, here)]
    return {
        "item": item,
        "site": site,
        "plan_date": plan_date.isoformat(),
        **{key: value for key, value in decided.items() if key not in ("plan_date", "item_id", "site_id")},
        "binding_constraints": listed(decided["binding_constraints"]),
        "position": first(read_if_any(published, FCT_INVENTORY_POSITION, plan_date), **here),
        "target": first(read_if_any(published, TARGETS, plan_date), **here),
        "forecast": [
            {
                key: row[key]
                for key in ("bucket_start", "mean_units", "cumulative_mean_units", "demand_segment", "model")
            }
            for row in sorted(forecast, key=lambda row: row["bucket_index"])
        ],
        "lines": lines,
        "verdicts": spoken_of,
    }


def decision_of(published: Published, plan_date: dt.date, item: str, site: str) -> Record:
    """Return what was decided for an item at a site.

    Raises
    ------
    EquipoiseError
        If the plan did not look at them.
    """
    found = first(read(published, DECISIONS, plan_date), item_id=item, site_id=site)
    if found is None:
        raise EquipoiseError(
            f"the plan of {plan_date} did not look at item {item} at site {site}",
            where="item and site",
            remedy="Check both ids, and that the feed's item_site_settings range the item there",
        )
    return found


def show_order(console: Console, order: Record) -> None:
    """Print why an order was made for people."""
    unit = order["currency"]
    console.print(
        f"\n[bold]{escape(order['kind'])} {escape(order['order_id'])}[/bold]: {escape(order['origin'])} to "
        f"{escape(order['destination'])}, plan of {order['plan_date']}, {order['channel']}, {order['status']}"
    )
    console.print(
        f"{len(order['lines'])} lines worth {cell(float(order['value']))} {unit}, expected gain "
        f"{cell(float(order['gain']))} {unit}. {escape(order['reason'])}"
    )
    for line in order["lines"]:
        console.print(
            f"\n[bold]{escape(line['item'])}[/bold]: {cell(line['quantity'])} units by {escape(line['mode'])}, leaves "
            f"{line['departure_date']}, arrives {line['arrival_date']}; gain {cell(float(line['gain']))} {unit}"
        )
        facts = {
            "why": line["reason"],
            "there": _sentence(line["at_origin"]),
            "here": _sentence(line["at_destination"]),
            "binding": ", ".join(line["binding_constraints"]),
            "next best": line["next_best"],
            "flips when": (line["at_destination"] or {}).get("flips_when"),
        }
        _print_facts(console, facts)


def show_item_site(console: Console, decided: Record) -> None:
    """Print why an item at a site was decided so for people."""
    console.print(
        f"\n[bold]{escape(decided['item'])} at {escape(decided['site'])}[/bold], plan of {decided['plan_date']}: "
        f"[bold]{escape(decided['decision'])}[/bold]"
    )
    facts = {
        "why": decided["reason"],
        "stock": _sentence(_here(decided)),
        "binding": ", ".join(decided["binding_constraints"]),
        "next best": decided["next_best"],
        "flips when": decided["flips_when"],
    }
    _print_facts(console, facts)
    if decided["lines"]:
        rows = [
            [x["kind"], x["origin_id"], x["destination_id"], x["quantity_units"], x["arrival_date"], x["gain_amount"]]
            for x in decided["lines"]
        ]
        console.print(table("Lines", ["kind", "from", "to", "units", "arrives", f"gain {decided['currency']}"], rows))
    for verdict in decided["verdicts"]:
        console.print(
            f"  verdict {verdict['action']}, {verdict['feed']} {verdict['rule']}: {verdict['message']}", markup=False
        )


def _print_facts(console: Console, facts: dict[str, str | None]) -> None:
    for name, text in facts.items():
        if text:
            console.print(f"  {name}: {text}", markup=False)


def _here(decision: Record | None) -> Record | None:
    if decision is None:
        return None
    keys = ("available_units", "incoming_units", "base_stock_units", "protection_mean_units", "marginal_value")
    return {
        **{key: decision[key] for key in keys},
        "decision": decision["decision"],
        "flips_when": decision["flips_when"],
    }


def _sentence(stock: Record | None) -> str:
    """Return the state of an item at a site in one sentence; a supplier has none."""
    if stock is None:
        return ""
    value = stock["marginal_value"]
    worth = "" if value is None else f"; one more unit saves {value:,.2f}"
    return (
        f"{stock['available_units']:,} available, {stock['incoming_units']:,} coming, base stock "
        f"{stock['base_stock_units']:,}, expected demand {stock['protection_mean_units']:,.1f} over the protection "
        f"interval{worth}"
    )


def _same(row: Record, equal: dict[str, str]) -> bool:
    return all(row[key] == value for key, value in equal.items())
