"""What Dagster shows of dispatching and of policy releases: plain values.

Not here: Dagster; the face wraps the values.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

import pandas as pd

from assets.governance.dispatch import Dispatched
from assets.kernel.page import Page, Record
from assets.orders.order import Order
from assets.orders.store import OrderFilter, OrderStore
from assets.policy.release import Release

SHOWN = 25
"""Rows of a table on a page; the command line lists all."""


EVENTS = "events"
"""On the page of the ledger: the position up to which orders that changed were logged."""


def dispatching_pages(found: Dispatched, orders: OrderStore, position: int) -> dict[str, Page]:
    """Return the pages of one dispatch run, by the asset that shows them.

    Parameters
    ----------
    position : int
        Of the ledger, up to which orders that changed were logged.
    """
    return {
        "order_dispatch": dispatch_page(found, orders.orders(OrderFilter(order_ids=found.waiting_for_people))),
        "order_confirmations": confirmations_page(found),
        "order_ledger": ledger_page(orders.orders(OrderFilter(going_on=True)), position),
    }


def dispatch_page(found: Dispatched, waiting: Sequence[Order] = ()) -> Page:
    """Return what one dispatch run brought, what waits for people, and what holds back what."""
    return {
        "issued": len(found.issued.issued),
        "answered": len(found.sent.answered),
        "waiting_for_people": len(found.waiting_for_people),
        "held_back": len(found.issued.held),
        "without_stock": len(found.reserved.refused),
        "expired": len(found.expired),
        "in_outbox": found.in_outbox,
        "oldest_in_outbox": found.oldest or "none",
        "what_waits_for_people": _waiting(waiting),
        "why_held_back": _reasons(found.issued.held),
        "left_by_a_rollback": _reasons(found.left_to_people),
        "not_answered_there": _reasons(found.unanswered),
        "alerts_not_delivered": found.alerts_refused or "none",
        "what_went_wrong": _reasons(found.sent.details),
        "command": "equipoise inbox",
    }


def confirmations_page(found: Dispatched) -> Page:
    """Return what the other side said."""
    taken = found.taken
    return {
        "messages": taken.messages if taken else 0,
        "orders_that_moved": len(taken.orders) if taken else 0,
        "about_orders_never_issued": len(taken.strangers) if taken else 0,
        "unreadable": len(taken.unreadable) if taken else 0,
        "silence": found.silence or "none",
        "command": "equipoise reconcile",
    }


def ledger_page(going_on: Sequence[Order], events: int) -> Page:
    """Return how many orders stand where, and what they are worth."""
    counts = Counter(order.status.value for order in going_on)
    value = dict.fromkeys(counts, Decimal(0))
    for order in going_on:
        value[order.status.value] += order.document.value_amount
    rows: list[Record] = [
        {"status": status, "orders": count, "value_amount": float(value[status])}
        for status, count in sorted(counts.items())
    ]
    return {EVENTS: events, "orders_going_on": len(going_on), "by_status": rows, "command": "equipoise ledger verify"}


def releases_page(releases: Iterable[Release], active: str) -> Page:
    """Return the releases at their stages."""
    rows: list[Record] = [
        {
            "name": release.name,
            "version": release.version,
            "stage": str(release.stage),
            "parent": release.parent or "none",
            "author": release.author,
            "description": release.description,
        }
        for release in releases
    ]
    return {"active": active, "releases": rows, "command": "equipoise policy list"}


def _waiting(orders: Sequence[Order]) -> list[Record]:
    """Return the proposals that somebody has to approve, the most valuable first."""
    ranked = sorted(orders, key=lambda order: (-order.document.value_amount, order.order_id))
    return [
        {
            "order_id": order.order_id,
            "value_amount": float(order.document.value_amount),
            "gain_amount": float(order.document.gain_amount),
            "approvers": order.approval.approvers if order.approval else None,
            "why": order.approval.why if order.approval else "the rules were not asked yet",
        }
        for order in ranked[:SHOWN]
    ]


def shadow_plans_page(plans: pd.DataFrame) -> Page:
    """Return the shadows beside the active plan."""
    columns = [
        "policy_release", "decided_amount", "active_decided_amount", "documents", "active_documents",
        "differing_documents", "settled_by",
    ]  # fmt: skip
    return {"shadows": len(plans), "beside_the_active_plan": plans[columns]}


def shadow_differences_page(differences: pd.DataFrame) -> Page:
    """Return the documents that differ, those that differ most by value first."""
    by = (differences["shadow_value_amount"] - differences["active_value_amount"]).abs()
    worst = differences.loc[by.sort_values(ascending=False, kind="stable").index].head(SHOWN)
    return {"differing_documents": len(differences), "largest_differences": worst.drop(columns="plan_date")}


def shadow_levels_page(levels: pd.DataFrame) -> Page:
    """Return the sites at which levels differ, and what of that is in money."""
    return {
        "item_sites_with_other_levels": int(levels["differing_item_sites"].sum()),
        "of_these_priced": int(levels["priced_item_sites"].sum()),
        "allowed_stock_amount": round(float(levels["allowed_stock_amount"].sum()), 2),
        "holding_per_day_amount": round(float(levels["holding_per_day_amount"].sum()), 2),
        "by_site": levels.drop(columns="plan_date").head(SHOWN),
    }


def canary_guards_page(guards: pd.DataFrame) -> Page:
    """Return what the guards of the canary say."""
    return {
        "guards": len(guards),
        "broken": int(guards["broken"].sum()),
        "rolled_back": bool(guards["rolled_back"].any()),
        "findings": guards[["policy_release", "metric", "days", "finding"]],
    }


def _reasons(why: Mapping[str, str]) -> list[Record]:
    return [{"order_id": order_id, "why": reason} for order_id, reason in sorted(why.items())[:SHOWN]]
