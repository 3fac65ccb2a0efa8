"""The plan of a date as it is published: the whole of it, or some items on top of the plan that stands.

Where a release is canary, it decides its part on top of what the active one decided. Not here: Dagster, and
solving (``plan``, ``replan``, ``canary``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import replace

from assets.kernel.frames.rollout import CANARY_ITEMS
from assets.kernel.network import NetworkProfile
from assets.kernel.published import Published
from assets.policy.release import Release
from assets.rebalancing.announced import Announcements, wanted
from assets.rebalancing.base import Base
from assets.rebalancing.canaries import Canaries, Decided, Part
from assets.rebalancing.canary import Day, standing_part, with_canary
from assets.rebalancing.plan import Plan, solve
from assets.rebalancing.problem import Problem, build_problem
from assets.rebalancing.replan import replan_items, replan_on, stamped
from assets.rebalancing.snapshot import Snapshot


def planned(
    snapshot: Snapshot,
    *,
    release: Release,
    profile: NetworkProfile,
    plan_date: dt.date,
    announcements: Announcements,
    published: Published,
    canaries: Canaries | None = None,
    only: Collection[str] = (),
) -> Plan:
    """Return the plan of a date.

    Parameters
    ----------
    snapshot : Snapshot
        Published frames of the plan date.
    release, profile, plan_date : Release, NetworkProfile, date
        As ``build_problem`` takes them.
    announcements : Announcements
        What earlier plans announced.
    published : Published
        Where the plan stands on top of which ``only`` is planned, and what a canary's targets are set from.
    canaries : Canaries, optional
        Which release decides for a part; none if not given.
    only : collection of str
        ``item=ID`` or ``site=ID`` each; everything if empty.

    Raises
    ------
    EquipoiseError
        If a part is asked for of a plan that is not there, or of what it does not know.
    """
    canaries, told = canaries or Decided(), wanted(announcements, release.guardrails, plan_date)
    day = Day(profile, plan_date, published, announcements)
    if not only:
        problem = build_problem(snapshot, release=release, profile=profile, plan_date=plan_date, announced=told)
        plan = solve(problem)
        part = canaries.part(plan, plan_date)
        return with_canary(plan, part, day, release) if part else plan
    base = Base.of(published, plan_date)
    names, part = base.items_at(only), standing_part(base, published, canaries)
    mine = told.loc[told["item_id"].isin(names)]
    problem = build_problem(snapshot, release=release, profile=profile, plan_date=plan_date, announced=mine)
    if part is None:
        return replan_on(base, problem, only)
    base.require_release(release.version)
    plan = _each_by_its_release(base, names, part, problem, day)
    known = published.of_run(CANARY_ITEMS, plan_date, base.run_id)
    return replace(stamped(plan, only, base.run_id), canary=CANARY_ITEMS.empty() if known is None else known)


def _each_by_its_release(base: Base, names: set[str], part: Part, problem: Problem, day: Day) -> Plan:
    """Return a plan on top of which items were planned again: first the active release's, then the canary's."""
    plan: Plan | None = None
    if names - part.items:
        plan = replan_items(base, problem, names - part.items)
        base = Base.beneath(plan, day.plan_date, base.run_id)
    if names & part.items:
        theirs = frozenset(names & part.items)
        plan = replan_items(base, day.problem_under(part.release, theirs), theirs)
    assert plan is not None, "who asks names an item"
    return plan
