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
from assets.orders.level_documents import levels_let_out, with_levels
from assets.orders.plan_gate import let_out
from assets.orders.wanted_levels import LevelTables


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
    levels: LevelTables | None = None,
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
    levels : LevelTables, optional
        What decides which levels are handed to ERPs; none are if not given.

    Raises
    ------
    EquipoiseError
        If the gate stopped the plan or a table behind it is not published.
    """
    lines = let_out(plan_lines, verdicts)
    told = levels_let_out(levels, verdicts)
    evidence = gather(
        published,
        plan_date,
        plan_summary=plan_summary,
        touched=touched_items(pd.concat([lines[["item_id"]], told[["item_id"]]])),
        cutoff=profile.calendar.cutoff(plan_date, as_known),
    )
    if canary_items is not None and len(canary_items):
        release, items = str(canary_items["policy_release"].iloc[0]), frozenset(canary_items["item_id"])
        evidence = replace(evidence, canary_release=release, canary_items=items)
    channel = channel_of(plan_date, today, profile.calendar, as_known=as_known, dispatch_days=dispatch_days)
    book = compose(
        lines,
        network=profile.name,
        plan_date=plan_date,
        channel=channel,
        evidence=evidence,
        run_id=run_id,
    )
    return with_levels(book, told, evidence)
