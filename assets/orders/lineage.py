"""From an order, or an item at a site without one, back to the feed batches it rests on.

A tree: document, lines, published tables (run and digest), versions, batches with their
content hash. Read from published tables and the ledger. Not here: how it is told to people
(``lineage_text``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
import pyarrow.parquet as pq

from assets.kernel.calendar import HINDSIGHT
from assets.kernel.errors import EquipoiseError
from assets.kernel.frames.decisions import DECISIONS, PLAN_SUMMARY
from assets.kernel.frames.feeds import FEED_BATCHES
from assets.kernel.frames.forecasts import CHAMPIONS, DEMAND_FORECAST
from assets.kernel.published import Published, arrow_digest
from assets.orders.events import OrderLine, Provenance
from assets.orders.evidence import gather
from assets.orders.order import Order
from assets.orders.store import OrderFilter, OrderStore, require_order
from assets.rebalancing.base import planned_in

CHAIN: Mapping[str, tuple[str, ...]] = {
    "plan_lines": (
        "targets", "protection_demand", "fct_inventory_position", "fct_scheduled_receipt", "fct_open_order",
        "dim_item", "dim_site", "dim_lane", "dim_sourcing",
    ),
    "targets": ("demand_forecast", "lead_time", "placement", "dim_item_site"),
    "protection_demand": ("interval_calibration",),
    "demand_forecast": ("feat_item_site", "fct_demand", "dim_event"),
    "lead_time": ("fct_lead_time", "fct_open_order", "feat_lead_time"),
    "placement": (
        "fct_demand", "fct_lead_time", "fct_open_order", "feat_lead_time", "feat_item_site", "dim_item", "dim_site",
        "dim_lane", "dim_sourcing", "dim_item_site",
    ),
}  # fmt: skip
"""Which published tables each table is made from; what a table itself was made from is told once (``_told_under``)."""

FEEDS: Mapping[str, tuple[str, ...]] = {
    "fct_demand": ("demand_sales",),
    "dim_event": ("demand_events",),
    "fct_inventory_position": ("wms_inventory", "wms_stock_movements", "ledger_commitments"),
    "fct_scheduled_receipt": ("tms_shipments", "erp_purchase_orders", "ledger_commitments"),
    "fct_lead_time": ("tms_shipments", "erp_purchase_orders"),
    "fct_open_order": ("tms_shipments", "erp_purchase_orders", "ledger_commitments"),
    "dim_item": ("erp_items",),
    "dim_site": ("erp_sites",),
    "dim_lane": ("tms_lanes",),
    "dim_sourcing": ("erp_sourcing", "erp_suppliers", "suppliers_signals"),
    "dim_item_site": ("erp_item_site_settings",),
}
"""Which feeds end in which mart."""

_SELECTION_COLUMNS = (
    "demand_segment", "champion", "selected_for", "is_refit", "selection_version", "data_version",
)  # fmt: skip


@dataclass(frozen=True)
class Node:
    """One thing and what it was made from.

    Attributes
    ----------
    kind : str
        order, line, item_site, policy, selection, table or batch.
    name : str
        Its identifier.
    facts : dict
        JSON-ready facts of it.
    inputs : tuple of Node
        What it was made from.
    """

    kind: str
    name: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    inputs: tuple[Node, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return the node and everything below it, JSON-ready."""
        below = {"inputs": [node.as_dict() for node in self.inputs]} if self.inputs else {}
        return {"kind": self.kind, "name": self.name, **self.facts, **below}


@dataclass(frozen=True)
class Lineage:
    """Where an order or a decision comes from."""

    root: Node

    def as_dict(self) -> dict[str, Any]:
        """Return the whole tree, JSON-ready; its leaves are batches with their content hash."""
        return self.root.as_dict()

    def as_tree(self) -> str:
        """Return the tree as text for people; long rows of like nodes are shortened."""
        from assets.orders.lineage_text import told_as_tree

        return told_as_tree(self.root)

    @property
    def batches(self) -> tuple[Node, ...]:
        """The leaves: every batch once, by feed and business date."""
        found = {node.name: node for node in _walk(self.root) if node.kind == "batch"}
        return tuple(sorted(found.values(), key=lambda node: (node.facts["feed"], str(node.facts["business_date"]))))


def lineage(order_id: str, *, store: OrderStore, published: Published) -> Lineage:
    """Return where an order comes from.

    Tables are those of the run that made the order's latest revision, where they still exist.

    Raises
    ------
    EquipoiseError
        If there is no such order.
    """
    order = require_order(store, order_id)
    document = order.document
    tables = _tables(published, document.plan_date, document.provenance)
    lines = [
        Node("line", _line_name(line),
             {"line_number": line.line_number, "item": line.item_id, "quantity": line.quantity_units,
              "value": float(line.value_amount), "reason": line.reason})
        for line in document.lines
    ]  # fmt: skip
    return Lineage(Node("order", order_id, _order_facts(order), (*lines, _policy(document.provenance), *tables)))


def _line_name(line: OrderLine) -> str:
    if line.levels is None:
        return f"{line.item_id} x {line.quantity_units}"
    if line.levels.is_withdrawn:
        return f"{line.item_id} withdrawn"
    levels = line.levels
    return f"{line.item_id} at {levels.reorder_point_units} up to {levels.maximum_units}"


def lineage_of_item_site(
    item_id: str,
    site_id: str,
    plan_date: dt.date,
    *,
    store: OrderStore,
    published: Published,
    cutoff: dt.datetime = HINDSIGHT,
) -> Lineage:
    """Return where the decision on an item at a site comes from, ordered or not.

    Raises
    ------
    EquipoiseError
        If the plan did not look at that item and site.
    """
    decisions = published.read(DECISIONS, plan_date)
    here = decisions[(decisions["item_id"] == item_id) & (decisions["site_id"] == site_id)]
    if here.empty:
        raise EquipoiseError(
            f"the plan of {plan_date} did not look at item {item_id} at site {site_id}",
            where=f"table {DECISIONS.name}",
            remedy="Check both ids, and that the item is ranged there",
        )
    touched = pd.DataFrame({"item_id": [item_id]})
    # Where others were planned again later, the item rests on what its own run knew.
    run_id = planned_in(published, plan_date, item_id)
    summary = published.of_run(PLAN_SUMMARY, plan_date, run_id) if run_id else None
    evidence = gather(
        published, plan_date, plan_summary=published.read(PLAN_SUMMARY, plan_date) if summary is None else summary,
        touched=touched, cutoff=cutoff, run_id=run_id,
    )  # fmt: skip
    made_by = evidence.behind(touched.assign(order_id=""), run_id)[""]
    orders = _orders_touching(store, plan_date, item_id, site_id)
    row = here.iloc[0]
    facts = {"plan_date": plan_date.isoformat(), "item": item_id, "site": site_id}
    facts |= {name: str(row[name]) for name in ("decision", "reason", "binding_constraints", "next_best", "flips_when")}
    tables = _tables(published, plan_date, made_by)
    return Lineage(Node("item_site", f"{item_id} at {site_id}", facts, (*orders, _policy(made_by), *tables)))


def _orders_touching(store: OrderStore, plan_date: dt.date, item_id: str, site_id: str) -> list[Node]:
    return [
        Node("order", order.order_id, _order_facts(order))
        for order in store.orders(OrderFilter(plan_date=plan_date))
        if site_id in (order.document.origin_id, order.document.destination_id)
        and any(line.item_id == item_id for line in order.document.lines)
    ]


def _order_facts(order: Order) -> dict[str, Any]:
    document = order.document
    return {
        "document": document.kind,
        "plan_date": document.plan_date.isoformat(),
        "channel": document.channel.value,
        "origin": document.origin_id,
        "destination": document.destination_id,
        "revision": order.revision,
        "status": order.status.value,
        "value": float(document.value_amount),
        "reason": document.reason,
        "content_digest": document.content_digest,
        "plan_digest": document.provenance.plan_digest,
        "run_id": document.provenance.run_id,
    }


def _policy(made_by: Provenance) -> Node:
    return Node("policy", made_by.policy_release)


def _tables(published: Published, plan_date: dt.date, made_by: Provenance) -> tuple[Node, ...]:
    """Return the chain from the plan down, and batches that no table of the chain claims."""
    batches = _batches(published, plan_date, made_by.batch_ids)
    claimed = {feed for feeds in FEEDS.values() for feed in feeds}
    loose = [node for feed, nodes in sorted(batches.items()) if feed not in claimed for node in nodes]
    return (_table("plan_lines", published, plan_date, made_by, batches), *loose)


def _told_under() -> dict[str, str]:
    """Return under which table each table is told with its inputs: the nearest to the plan, and of these the first."""
    under: dict[str, str] = {}
    names = ["plan_lines"]
    for name in names:
        new = [parent for parent in CHAIN.get(name, ()) if parent not in under]
        under |= dict.fromkeys(new, name)
        names += new
    return under


def _table(
    name: str,
    published: Published,
    plan_date: dt.date,
    made_by: Provenance,
    batches: Mapping[str, Sequence[Node]],
    under: str = "",
) -> Node:
    versions = {
        "plan_lines": {"plan_digest": made_by.plan_digest},
        "demand_forecast": {"model_version": made_by.model_version},
        "feat_item_site": {"feature_version": made_by.feature_version},
    }
    facts = {**versions.get(name, {}), **_publication_facts(published, name, plan_date, made_by.run_id)}
    if _told_under().get(name, under) != under:
        return Node("table", name, facts)
    above = [_table(parent, published, plan_date, made_by, batches, name) for parent in CHAIN.get(name, ())]
    leaves = [node for feed in FEEDS.get(name, ()) for node in batches.get(feed, ())]
    models = _selection(published, plan_date, made_by.run_id) if name == DEMAND_FORECAST.name else ()
    return Node("table", name, facts, (*models, *above, *leaves))


def _selection(published: Published, plan_date: dt.date, run_id: str) -> tuple[Node, ...]:
    """Return the registry's selection of models that a run forecast with, where it told."""
    champions = published.part(CHAMPIONS, plan_date, _SELECTION_COLUMNS, run_id=run_id)
    if champions is None or champions.empty:
        return ()
    first = champions.iloc[0]
    facts = {
        "selected_for": first["selected_for"].date().isoformat(),
        "is_refit": bool(first["is_refit"]),
        "data_version": first["data_version"],
        "champions": dict(zip(champions["demand_segment"], champions["champion"], strict=True)),
    }
    return (Node("selection", str(first["selection_version"]), facts),)


def _publication_facts(published: Published, name: str, plan_date: dt.date, run_id: str) -> dict[str, Any]:
    latest = published.latest(name, plan_date)
    if latest is None:
        return {"run_id": None, "digest": None}
    path = published.root / name / plan_date.isoformat() / f"{run_id}.parquet"
    if latest.run_id != run_id and path.exists():
        # A later run moved the pointer; this is what the order was made from.
        table = pq.read_table(path)
        return {"run_id": run_id, "digest": arrow_digest(table), "rows": table.num_rows}
    return {"run_id": latest.run_id, "digest": latest.digest, "rows": latest.rows}


def _batches(published: Published, plan_date: dt.date, batch_ids: Iterable[str]) -> dict[str, list[Node]]:
    """Return batches by feed; one that the plan's list of batches lacks is shown without a hash."""
    known = published.read(FEED_BATCHES, plan_date).set_index("batch_id")
    wanted = sorted(set(batch_ids))
    rows = known.loc[known.index.intersection(wanted)].sort_values(["feed", "business_date", "available_at"])
    found: dict[str, list[Node]] = {}
    for batch_id, row in rows.iterrows():
        facts = {
            "feed": row["feed"],
            "business_date": row["business_date"].date().isoformat(),
            "available_at": row["available_at"].isoformat(),
            "rows": int(row["row_count"]),
            "content_hash": row["content_hash"],
        }
        found.setdefault(row["feed"], []).append(Node("batch", str(batch_id), facts))
    lost = [batch_id for batch_id in wanted if batch_id not in known.index]
    if lost:
        nothing = {"feed": "unknown", "business_date": None, "content_hash": None}
        found["unknown"] = [Node("batch", batch_id, nothing) for batch_id in lost]
    return found


def _walk(node: Node) -> Iterable[Node]:
    yield node
    for below in node.inputs:
        yield from _walk(below)
