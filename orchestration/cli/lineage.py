"""`equipoise lineage`: from an order, or an item at a site, back to the feed batches.

Not here: the graph of assets; Dagster shows that.
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text
from rich.tree import Tree

from assets.kernel.errors import EquipoiseError
from assets.kernel.frames.decisions import DECISIONS, DEMAND_FORECAST, PLAN_SUMMARY
from assets.kernel.frames.feeds import FEED_BATCHES
from assets.kernel.frames.marts import FCT_INVENTORY_POSITION, FEAT_ITEM_SITE
from assets.kernel.home import NetworkHome
from assets.kernel.published import Published
from orchestration.cli.command import PlanDate, command
from orchestration.cli.console import Output, cell
from orchestration.cli.documents import find_document
from orchestration.cli.reading import Record, first, listed, open_network, planned_date, read, read_if_any

OrderId = Annotated[str | None, typer.Argument(metavar="[ID]", help="Order id, or its first characters.")]
Item = Annotated[str | None, typer.Option(help="Item; together with --site.")]
Site = Annotated[str | None, typer.Option(help="Site; together with --item.")]
_CHAIN = (
    "feed_state",
    "fct_demand",
    "fct_inventory_position",
    "fct_scheduled_receipt",
    "feat_item_site",
    "feat_lead_time",
    "lead_time",
    "demand_forecast",
    "targets",
    "verdicts",
    "plan_lines",
    "decisions",
    "plan_summary",
    "order_documents",
    "order_lines",
)
MOST_BATCHES = 12


@command
def lineage(out: Output, order_id: OrderId = None, item: Item = None, site: Site = None, date: PlanDate = None) -> None:
    """Trace an order, or an item at a site without one, to the content hashes of its feed batches."""
    home = open_network()
    if require_subject(order_id, item, site):
        traced = gather_order(home, str(order_id))
    else:
        plan_date = planned_date(Published(home.published), DECISIONS, date)
        traced = gather_item_site(home, plan_date, str(item), str(site))
    out.answer(traced, lambda console: show(console, traced))


def require_subject(order_id: str | None, item: str | None, site: str | None) -> bool:
    """Return whether an order was asked for; if not, an item and a site were.

    Raises
    ------
    typer.BadParameter
        If neither or both were given, or an item without a site.
    """
    if (order_id is None) == (item is None and site is None) or (item is None) != (site is None):
        raise typer.BadParameter("give an order id, or --item and --site together")
    return order_id is not None


def gather_order(home: NetworkHome, order_id: str) -> Record:
    """Return an order's lineage."""
    document = find_document(home, order_id)
    plan_date = dt.date.fromisoformat(document["plan_date"])
    kept = ("order_id", "kind", "origin", "destination", "plan_date", "channel", "plan_digest", "run_id")
    versions = ("policy_release", "model_version", "feature_version")
    return {
        **{key: document[key] for key in (*kept, *versions)},
        "items": [line["item"] for line in document["lines"]],
        "tables": tables_behind(Published(home.published), plan_date),
        "batches": batches_behind(Published(home.published), plan_date, document["batch_ids"]),
    }


def gather_item_site(home: NetworkHome, plan_date: dt.date, item: str, site: str) -> Record:
    """Return the lineage of what was decided for an item at a site.

    Raises
    ------
    EquipoiseError
        If the plan did not look at that item and site.
    """
    published = Published(home.published)
    decided = decision_of(published, plan_date, item, site)
    here = {"item_id": item, "site_id": site}
    position = first(read_if_any(published, FCT_INVENTORY_POSITION, plan_date), **here) or {}
    forecast = first(read_if_any(published, DEMAND_FORECAST, plan_date), **here) or {}
    feature = first(read_if_any(published, FEAT_ITEM_SITE, plan_date), **here) or {}
    summary = first(read_if_any(published, PLAN_SUMMARY, plan_date), policy="joint_plan") or {}
    publication = published.latest(DECISIONS.name, plan_date)
    return {
        "item": item,
        "site": site,
        "plan_date": plan_date.isoformat(),
        "decision": decided["decision"],
        "plan_digest": summary.get("plan_digest"),
        "run_id": publication.run_id if publication else None,
        "policy_release": summary.get("policy_release"),
        "model_version": forecast.get("model_version"),
        "feature_version": feature.get("feature_set_version"),
        "tables": tables_behind(published, plan_date),
        "batches": batches_behind(published, plan_date, listed(position.get("batch_ids"))),
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
            f"the plan of {plan_date} has no item {item} at site {site}",
            where="item and site",
            remedy="Check both names; an item is planned where the feed's item_site_settings range it",
        )
    return found


def tables_behind(published: Published, plan_date: dt.date) -> list[Record]:
    """Return the published tables of a plan date with the run and digest of each, in the chain's order."""
    found = [published.latest(name, plan_date) for name in _CHAIN]
    return [
        {"table": p.table, "rows": p.rows, "digest": p.digest, "run_id": p.run_id} for p in found if p is not None
    ]


def batches_behind(published: Published, plan_date: dt.date, batch_ids: list[str]) -> list[Record]:
    """Return feed batches with their content hashes.

    Raises
    ------
    EquipoiseError
        If a batch is not among those that the plan knew.
    """
    known = {row["batch_id"]: row for row in read(published, FEED_BATCHES, plan_date)}
    missing = [batch_id for batch_id in batch_ids if batch_id not in known]
    if missing:
        raise EquipoiseError(
            f"{len(missing)} batches of the order, first {missing[0]}, are not in the plan's record of batches",
            where=f"table {FEED_BATCHES.name}",
            remedy=f"Plan the date again: `equipoise plan --date {plan_date}`",
        )
    keys = ("feed", "batch_id", "business_date", "available_at", "row_count", "content_hash", "status")
    rows = [{key: known[batch_id][key] for key in keys} for batch_id in batch_ids]
    return sorted(rows, key=lambda row: (row["feed"], row["business_date"], row["batch_id"]))


def show(console: Console, traced: Record) -> None:
    """Print a lineage for people, as a tree."""
    if "order_id" in traced:
        head = f"{traced['kind']} {traced['order_id']}: {traced['origin']} to {traced['destination']}"
    else:
        head = f"{traced['item']} at {traced['site']}: {traced['decision']}"
    tree = Tree(Text(f"{head}, plan of {traced['plan_date']}", style="bold"))
    versions = tree.add("decided by")
    for key in ("policy_release", "model_version", "feature_version", "plan_digest", "run_id"):
        versions.add(Text(f"{key.replace('_', ' ')}: {traced[key] or 'none'}"))
    tables = tree.add("from the published tables")
    for row in traced["tables"]:
        tables.add(Text(f"{row['table']}: {cell(row['rows'])} rows, digest {row['digest']}"))
    feed_branches = tree.add(f"from {len(traced['batches'])} feed batches")
    _add_batches(feed_branches, traced["batches"])
    console.print(tree)


def _add_batches(branch: Tree, batches: list[Record]) -> None:
    by_feed: dict[str, list[Record]] = {}
    for row in batches:
        by_feed.setdefault(row["feed"], []).append(row)
    for feed, rows in by_feed.items():
        under = branch.add(Text(f"{feed}: {len(rows)} batches, {cell(sum(row['row_count'] for row in rows))} rows"))
        for row in rows[-MOST_BATCHES:]:
            under.add(Text(f"{row['business_date']} batch {row['batch_id']}, content hash {row['content_hash']}"))
        if len(rows) > MOST_BATCHES:
            under.add(f"... and {len(rows) - MOST_BATCHES} earlier ones; `--json` lists them all")
