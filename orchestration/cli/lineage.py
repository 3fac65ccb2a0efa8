"""`equipoise lineage`: from an order, or an item at a site, back to the feed batches.

Not here: following the chain (``assets.orders.lineage``); the graph of assets is Dagster's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from assets.kernel.frames.decisions import DECISIONS
from assets.kernel.published import Published
from assets.kernel.telling import Record, plain
from assets.policy.access import Permission
from orchestration.cli.command import PlanDate, command
from orchestration.cli.console import Output
from orchestration.cli.documents import find_document, open_store, remarks_on
from orchestration.cli.reading import open_network, planned_date
from orchestration.cli.subject import Item, OrderId, Site, names_order

if TYPE_CHECKING:
    from assets.orders.lineage import Lineage


@command(needs=Permission.READ_ORDERS)
def lineage(out: Output, order_id: OrderId = None, item: Item = None, site: Site = None, date: PlanDate = None) -> None:
    """Trace an order, or an item at a site without one, to the content hashes of its feed batches."""
    from assets.orders.lineage import lineage as of_order
    from assets.orders.lineage import lineage_of_item_site

    by_order = names_order(order_id, item, site)
    home = open_network()
    published, store = Published(home.published), open_store(home)
    if by_order:
        document = find_document(store, home.profile.name, str(order_id))
        traced = of_order(document["order_id"], store=store, published=published)
        out.say_each(remarks_on(published, document))
    else:
        out.access.require_sight_of(str(item))
        plan_date = planned_date(published, DECISIONS, date)
        cutoff = home.profile.calendar.cutoff(plan_date)
        traced = lineage_of_item_site(str(item), str(site), plan_date, store=store, published=published, cutoff=cutoff)
    out.answer(gather(traced), lambda console: console.print(traced.as_tree(), markup=False, soft_wrap=True))


def gather(traced: Lineage) -> Record:
    """Return a lineage as a tree, with its leaves, the batches, beside it once each."""
    told: Record = plain({**traced.as_dict(), "batches": [batch.as_dict() for batch in traced.batches]})
    return told
