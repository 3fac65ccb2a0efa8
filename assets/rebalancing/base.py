"""The published plan that some items are planned again on top of.

It is the plan whose orders stand: the one of the run that made the date's documents. Not here:
planning again (``replan``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass

import pandas as pd

from assets.kernel.errors import EquipoiseError
from assets.kernel.frames import Frame
from assets.kernel.frames.decisions import DECISIONS, DOCUMENTS, PLAN_COSTS, PLAN_LINES, PLAN_SUMMARY
from assets.kernel.frames.market import COORDINATION_GRAPH, MARKET_TRANSCRIPT, SHARED_LIMITS
from assets.kernel.published import Published
from assets.rebalancing.item_sites import KEY
from assets.rebalancing.plan import Plan

TABLES: tuple[Frame, ...] = (
    PLAN_LINES, DECISIONS, PLAN_SUMMARY, PLAN_COSTS, SHARED_LIMITS, MARKET_TRANSCRIPT, COORDINATION_GRAPH,
)  # fmt: skip
"""Tables of a plan that some of its items can be planned again on top of."""

SEPARATOR = ", "
"""Between the items and sites that a summary says were planned again."""

_ENDS = {"item": KEY[0], "site": KEY[1]}


@dataclass(frozen=True)
class Base:
    """A published plan.

    Attributes
    ----------
    run_id : str
        Run that published it.
    plan_date : date
        Its date.
    lines, decisions, summary, costs : DataFrame
        PLAN_LINES, DECISIONS, PLAN_SUMMARY, PLAN_COSTS.
    shared_limits, transcript, graph : DataFrame
        SHARED_LIMITS, MARKET_TRANSCRIPT, COORDINATION_GRAPH.
    """

    run_id: str
    plan_date: dt.date
    lines: pd.DataFrame
    decisions: pd.DataFrame
    summary: pd.DataFrame
    costs: pd.DataFrame
    shared_limits: pd.DataFrame
    transcript: pd.DataFrame
    graph: pd.DataFrame

    @classmethod
    def of(cls, published: Published, plan_date: dt.date) -> Base:
        """Return the plan of a date whose orders stand.

        Raises
        ------
        EquipoiseError
            If there is none, or if a table of it is gone.
        """
        made = published.latest(DOCUMENTS.name, plan_date)
        tables = [published.of_run(frame, plan_date, made.run_id) for frame in TABLES] if made else []
        known = [table for table in tables if table is not None]
        if made is None or len(known) < len(TABLES):
            raise EquipoiseError(
                "no plan of that date is published to plan a part of it again",
                where=f"plan of {plan_date}",
                remedy=f"Run `equipoise plan --date {plan_date}` first",
            )
        return cls(made.run_id, plan_date, *known)

    @classmethod
    def beneath(cls, plan: Plan, plan_date: dt.date, run_id: str = "") -> Base:
        """Return a plan that was just made, to plan some of its items again on top of it."""
        return cls(
            run_id, plan_date, plan.lines, plan.decisions, plan.summary, plan.costs, plan.shared_limits,
            plan.transcript, plan.graph,
        )  # fmt: skip

    def items_at(self, only: Collection[str]) -> set[str]:
        """Return the items that the plan looked at, at any of the items and sites named.

        Parameters
        ----------
        only : collection of str
            ``item=ID`` or ``site=ID`` each.

        Raises
        ------
        EquipoiseError
            If one is written otherwise, or names what the plan does not know.
        """
        found: set[str] = set()
        for asked in only:
            kind, _, name = asked.partition("=")
            if kind not in _ENDS or not name or SEPARATOR in name:
                raise EquipoiseError(
                    f"{asked!r} names no item and no site", where="--only", remedy="Write item=ID or site=ID"
                )
            mine = self.decisions.loc[self.decisions[_ENDS[kind]] == name, KEY[0]]
            if mine.empty:
                raise EquipoiseError(
                    f"the plan knows no {kind} {name}",
                    where=f"plan of {self.plan_date}",
                    remedy=f"Name one that it decided on, or plan the whole date: `equipoise plan --date "
                    f"{self.plan_date}`",
                )
            found |= set(mine)
        return found

    def require_release(self, version: str) -> None:
        """Raise if another policy release decided: one plan has one policy."""
        decided = str(self.summary["policy_release"].iloc[0])
        if decided != version:
            raise EquipoiseError(
                f"policy {decided} decided it, now {version} is in force",
                where=f"plan of {self.plan_date}",
                remedy=f"Plan the whole date: `equipoise plan --date {self.plan_date}`",
            )


def planned_in(published: Published, plan_date: dt.date, item_id: str) -> str:
    """Return the run that planned an item last: one on top of which others were planned again, it may be.

    Empty if the date is not planned, or the tables of that run are gone.
    """
    latest = published.latest(PLAN_SUMMARY.name, plan_date)
    run_id = latest.run_id if latest else ""
    while run_id:
        summary = published.of_run(PLAN_SUMMARY, plan_date, run_id)
        if summary is None or summary.empty or not summary["base_run_id"].iloc[0]:
            return run_id
        decisions = published.of_run(DECISIONS, plan_date, run_id)
        if decisions is None or item_id in _named(decisions, str(summary["replanned"].iloc[0])):
            return run_id
        run_id = str(summary["base_run_id"].iloc[0])
    return run_id


def _named(decisions: pd.DataFrame, replanned: str) -> set[str]:
    asked = [part.split("=", 1) for part in replanned.split(SEPARATOR)]
    return {item for kind, name in asked for item in decisions.loc[decisions[_ENDS[kind]] == name, KEY[0]]}
