"""The plan of a date as it is published: the whole of it, or some items on top of the plan that stands.

Not here: Dagster, and solving (``plan``, ``replan``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

from assets.kernel.network import NetworkProfile
from assets.kernel.published import Published
from assets.policy.release import Release
from assets.rebalancing.announced import Announcements, wanted
from assets.rebalancing.base import Base
from assets.rebalancing.plan import Plan, solve
from assets.rebalancing.problem import build_problem
from assets.rebalancing.replan import replan_on
from assets.rebalancing.snapshot import Snapshot


def planned(
    snapshot: Snapshot,
    *,
    release: Release,
    profile: NetworkProfile,
    plan_date: dt.date,
    announcements: Announcements,
    published: Published,
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
        Where the plan stands on top of which ``only`` is planned.
    only : collection of str
        ``item=ID`` or ``site=ID`` each; everything if empty.

    Raises
    ------
    EquipoiseError
        If a part is asked for of a plan that is not there, or of what it does not know.
    """
    told = wanted(announcements, release.guardrails, plan_date)
    if not only:
        return solve(build_problem(snapshot, release=release, profile=profile, plan_date=plan_date, announced=told))
    base = Base.of(published, plan_date)
    mine = told.loc[told["item_id"].isin(base.items_at(only))]
    problem = build_problem(snapshot, release=release, profile=profile, plan_date=plan_date, announced=mine)
    return replan_on(base, problem, only)
