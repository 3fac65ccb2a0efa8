"""`equipoise impact`: what depends on a supplier, a lane, a site or an item, and what is exposed without it.

Not here: finding it (``assets.rebalancing.impact``).
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.text import Text

from assets.kernel.frames.decisions import DOCUMENTS, PLAN_LINES, TARGETS
from assets.kernel.frames.forecasts import DEMAND_FORECAST
from assets.kernel.frames.marts import (
    DIM_ITEM_SITE,
    DIM_LANE,
    DIM_SITE,
    DIM_SOURCING,
    FCT_INVENTORY_POSITION,
    FCT_SCHEDULED_RECEIPT,
)
from assets.kernel.home import NetworkHome
from assets.kernel.published import Published
from assets.kernel.telling import Record, counted, plain
from assets.policy.access import Permission
from orchestration.cli.command import PlanDate, command
from orchestration.cli.console import Output, cell, table
from orchestration.cli.reading import open_network, planned_date, read_if_any, records

if TYPE_CHECKING:
    from assets.rebalancing.impact.event import Event
    from assets.rebalancing.impact.exposure import Impact

SHOWN_ROWS = 15


@command(needs=Permission.READ_ORDERS)
def impact(
    out: Output,
    what: Annotated[
        str, typer.Argument(metavar="WHAT", help="supplier=S, 'lane=ORIGIN>DESTINATION[:MODE]', site=S or item=I.")
    ],
    date: PlanDate = None,
) -> None:
    """Say what depends on a part of the network, and what runs short without it, as the latest plan saw things.

    A supplier or lane delivers nothing, into and out of a site nothing goes, an item is bought from nobody.
    """
    from assets.rebalancing.impact.event import Event

    event = Event.parse(what)
    home = open_network()
    out.access.require_sight_of(event.name)
    plan_date = planned_date(Published(home.published), PLAN_LINES, date)
    with out.working("Following the network"):
        found = gather(home, plan_date, event)
    out.answer(found, lambda console: show(console, what, found))


def gather(home: NetworkHome, plan_date: dt.date, event: Event) -> Record:
    """Return what an event touches: item-sites, stock under way, orders and money."""
    published, profile = Published(home.published), home.profile
    impact = _impact(published, plan_date, event, profile.calendar.bucket.days)
    sites = impact.item_sites
    ends = impact.lines[["kind", "origin_id", "destination_id"]].drop_duplicates()
    documents = read_if_any(published, DOCUMENTS, plan_date)
    routes = set(ends.itertuples(index=False, name=None))
    return {
        "plan_date": plan_date.isoformat(),
        "currency": profile.currency,
        "bucket_days": profile.calendar.bucket.days,
        "items": int(sites["item_id"].nunique()),
        "sites": int(sites["site_id"].nunique()),
        "direct_item_sites": int(sites["is_direct"].sum()),
        "cut_off_item_sites": int(sites["is_cut_off"].sum()),
        "short_alone_amount": impact.short_alone_amount,
        "short_shared_amount": impact.short_shared_amount,
        "item_sites": [plain(row) for row in sites.to_dict("records")],
        "receipts": records(FCT_SCHEDULED_RECEIPT, impact.receipts),
        "lines": records(PLAN_LINES, impact.lines),
        "orders": sorted(
            row["order_id"] for row in documents if (row["kind"], row["origin_id"], row["destination_id"]) in routes
        ),
    }


def _impact(published: Published, plan_date: dt.date, event: Event, bucket_days: int) -> Impact:
    from assets.rebalancing.impact.exposure import State, impact_of
    from assets.rebalancing.impact.supply_graph import SupplyGraph

    graph = SupplyGraph.of(
        *(published.read(frame, plan_date) for frame in (DIM_ITEM_SITE, DIM_SITE, DIM_SOURCING, DIM_LANE))
    )
    read = (FCT_INVENTORY_POSITION, FCT_SCHEDULED_RECEIPT, DEMAND_FORECAST, TARGETS, PLAN_LINES)
    return impact_of(event, graph, State(*(published.read(frame, plan_date) for frame in read), bucket_days))


def show(console: Console, what: str, found: Record) -> None:
    """Print an impact for people."""
    unit = found["currency"]
    console.print(Text(f"{what}, as the plan of {found['plan_date']} saw things", "bold"))
    console.print(
        f"It touches {counted(found['item_sites'], 'item-site')} (items: {cell(found['items'])}, "
        f"sites: {cell(found['sites'])}), {cell(found['direct_item_sites'])} of them at first hand; "
        f"{cell(found['cut_off_item_sites'])} have no other supplier."
    )
    under_way = sum(row["receipt_units"] for row in found["receipts"])
    console.print(
        f"{cell(under_way)} units under way would not come, {counted(found['lines'], 'planned line')} on "
        f"{counted(found['orders'], 'order')} could not be carried out."
    )
    risk = f"{cell(found['short_shared_amount'])} to {cell(found['short_alone_amount'])} {unit}"
    console.print(
        f"Until suppliers that are left deliver, {risk} are at risk: with the stock that can still move shared, and "
        "with each site on its own."
    )
    title = f"Most exposed; supplied in days, cover in buckets, amount in {unit}"
    console.print(table(title, _HEADINGS, [_row(row) for row in found["item_sites"][:SHOWN_ROWS]]))
    if len(found["item_sites"]) > SHOWN_ROWS:
        console.print(f"and {len(found['item_sites']) - SHOWN_ROWS:,} more; --json has them all")


_HEADINGS = (
    "item", "site", "other source", "days", "supplied in", "available", "coming", "lost", "demand", "cover",
    "short", "amount",
)  # fmt: skip


def _row(row: Record) -> list[object]:
    source = row["other_source"] or ("none" if row["is_cut_off"] else "")
    days, supplied = (None if row[name] is None else int(row[name]) for name in ("other_source_days", "supplied_days"))
    return [
        row["item_id"], row["site_id"], source, days, "never" if supplied is None else supplied,
        int(row["available_units"]), int(row["incoming_units"]), int(row["lost_incoming_units"]), row["demand_units"],
        int(row["cover_buckets"]), row["short_units"], row["short_amount"],
    ]  # fmt: skip
