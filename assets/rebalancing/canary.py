"""A plan of which another release decides a part: that part is planned again on top of it, the others stand.

What the others use of shared limits is held fixed, as where an event touches a part. Not here: which release it is
and which part (``canaries``).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

import pandas as pd

from assets.kernel.errors import EquipoiseError
from assets.kernel.frames.decisions import PLAN_SUMMARY
from assets.kernel.frames.rollout import CANARY_ITEMS
from assets.kernel.network import NetworkProfile
from assets.kernel.published import Published
from assets.policy.release import Release
from assets.rebalancing.announced import Announcements, wanted
from assets.rebalancing.base import Base
from assets.rebalancing.canaries import Canaries, Part
from assets.rebalancing.other_release import at_active_prices, decided_amounts, recorded_tables, snapshot_under
from assets.rebalancing.plan import Plan
from assets.rebalancing.problem import Problem, build_problem
from assets.rebalancing.replan import replan_items

_COUNTED = ["announced_lines", "changed_lines", "avoided_changes"]


@dataclass(frozen=True)
class Day:
    """What a plan date is planned from, beside releases.

    Attributes
    ----------
    profile, plan_date, published, announcements
        As ``daily.planned`` takes them; the tables of the date are published by now.
    """

    profile: NetworkProfile
    plan_date: dt.date
    published: Published
    announcements: Announcements

    def problem_under(self, release: Release, items: frozenset[str] | None = None) -> Problem:
        """Return the problem of the date under a release, which counts announced lines of some items alone."""
        tables = recorded_tables(self.published, self.plan_date)
        snapshot = snapshot_under(
            tables, self.published, release=release, profile=self.profile, plan_date=self.plan_date
        )
        told = wanted(self.announcements, release.guardrails, self.plan_date)
        told = told if items is None else told.loc[told["item_id"].isin(items)]
        return build_problem(snapshot, release=release, profile=self.profile, plan_date=self.plan_date, announced=told)

    def priced(self, active: Release, lines: pd.DataFrame) -> pd.Series[float]:
        """Return what decisions cost by item at the active prices."""
        tables = recorded_tables(self.published, self.plan_date)
        problem = at_active_prices(tables, active=active, profile=self.profile, plan_date=self.plan_date)
        return decided_amounts(problem, lines)


def with_canary(plan: Plan, part: Part, day: Day, active: Release) -> Plan:
    """Return the active release's plan with the canary's part planned again by the canary.

    Parameters
    ----------
    plan : Plan
        Of all items, by the active release.
    part : Part
        Who decides for which items instead.
    day : Day
        Where the snapshot comes from.
    active : Release
        At whose prices both are compared.

    Notes
    -----
    Costs and bounds of the canary's items are by its own terms, as its decisions are; the comparison at equal
    prices is in ``canary``. Items of the part that cannot be planned now stay as they are.
    """
    problem = day.problem_under(part.release, part.items)
    items = part.items & set(problem.item_sites.item_ids)
    if not items:
        return plan
    again = _kept(replan_items(Base.beneath(plan, day.plan_date), problem, items), plan)
    ours, theirs = (day.priced(active, each.lines) for each in (again, plan))
    rows = pd.DataFrame({"item_id": sorted(items)}).assign(
        plan_date=pd.Timestamp(day.plan_date),
        policy_release=part.release.version,
        active_release=active.version,
        decided_amount=lambda table: ours.reindex(table["item_id"]).to_numpy(),
        active_decided_amount=lambda table: theirs.reindex(table["item_id"]).to_numpy(),
    )
    return replace(again, canary=CANARY_ITEMS.conform(rows))


def _kept(again: Plan, plan: Plan) -> Plan:
    """Return the composed plan with what was told of all items: announced lines, their counts, faults."""
    counts = plan.summary.set_index("policy")[_COUNTED].reindex(again.summary["policy"]).reset_index(drop=True)
    summary = again.summary.assign(**{name: counts[name].to_numpy() for name in _COUNTED})
    faults = (*plan.faults, *(fault for fault in again.faults if fault not in plan.faults))
    return replace(again, summary=PLAN_SUMMARY.conform(summary), announced=plan.announced, faults=faults)


def standing_part(base: Base, published: Published, canaries: Canaries) -> Part | None:
    """Return the canary's part of a published plan, of which some items are to be planned again.

    Raises
    ------
    EquipoiseError
        If another canary, or none, decides by now.
    """
    known = published.of_run(CANARY_ITEMS, base.plan_date, base.run_id)
    table = CANARY_ITEMS.empty() if known is None else known
    release = canaries.release()
    decided, now = (str(table["policy_release"].iloc[0]) if len(table) else ""), release.version if release else ""
    if decided != now and (decided or known is not None):
        raise EquipoiseError(
            f"canary {decided or 'none'} decided a part of it, now it is {now or 'none'}",
            where=f"plan of {base.plan_date}",
            remedy=f"Plan the whole date: `equipoise plan --date {base.plan_date}`",
        )
    return Part(release, frozenset(table["item_id"])) if release and len(table) else None
