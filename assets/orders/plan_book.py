"""From a published plan to its order book: gate, channel, evidence, documents.

The one function that the asset calls before the ledger. Not here: the ledger (``record``).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pandas as pd

from assets.kernel.calendar import AsKnown
from assets.kernel.network import NetworkProfile
from assets.kernel.published import Published
from assets.orders.documents import channel_of, compose
from assets.orders.events import OrderBook
from assets.orders.evidence import gather, touched_items
from assets.orders.plan_gate import let_out


def book_of_plan(
    published: Published,
    profile: NetworkProfile,
    plan_date: dt.date,
    *,
    plan_lines: pd.DataFrame,
    plan_summary: pd.DataFrame,
    verdicts: pd.DataFrame,
    today: dt.date,
    dispatch_days: int,
    as_known: AsKnown,
    run_id: str,
    canary_items: pd.DataFrame | None = None,
) -> OrderBook:
    """Return the documents that a plan wants, held lines left out.

    Parameters
    ----------
    plan_lines, plan_summary, verdicts : DataFrame
        Frames ``plan_lines``, ``plan_summary`` and ``verdicts`` (of the plan's gate).
    today : date
        What the network's clock says; decides the channel.
    dispatch_days : int
        Length of the dispatch window of the release that decides now, in days from the plan date.
    canary_items : DataFrame, optional
        Frame ``canary_items``: what a canary decided; nothing if not given.

    Raises
    ------
    EquipoiseError
        If the gate stopped the plan or a table behind it is not published.
    """
    lines = let_out(plan_lines, verdicts)
    evidence = gather(
        published,
        plan_date,
        plan_summary=plan_summary,
        touched=touched_items(lines),
        cutoff=profile.calendar.cutoff(plan_date, as_known),
    )
    if canary_items is not None and len(canary_items):
        release, items = str(canary_items["policy_release"].iloc[0]), frozenset(canary_items["item_id"])
        evidence = replace(evidence, canary_release=release, canary_items=items)
    channel = channel_of(plan_date, today, profile.calendar, as_known=as_known, dispatch_days=dispatch_days)
    return compose(
        lines,
        network=profile.name,
        plan_date=plan_date,
        channel=channel,
        evidence=evidence,
        run_id=run_id,
    )
