"""A plan as it was recorded, and its problem rebuilt from the tables that it was made from.

Tables are immutable by run, so that those of the plan's own run are read even while another run
writes. Not here: solving again (``one_item``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache

import pandas as pd

from assets.kernel.frames import Frame
from assets.kernel.frames.decisions import PLAN_LINES, PLAN_SUMMARY
from assets.kernel.frames.market import COORDINATION_GRAPH, SHARED_LIMITS
from assets.kernel.frames.rollout import CANARY_ITEMS
from assets.kernel.home import NetworkHome
from assets.kernel.network import NetworkProfile
from assets.kernel.published import Published
from assets.policy.registry import PolicyRegistry
from assets.policy.release import Release
from assets.rebalancing.other_release import TARGETS_FROM, snapshot_under
from assets.rebalancing.problem import Problem, build_problem
from assets.rebalancing.snapshot import READ, Snapshot, from_published, levels_beside


@dataclass(frozen=True)
class Recorded:
    """A published plan and its problem, rebuilt.

    Attributes
    ----------
    problem : Problem
        Of every item.
    snapshot : Snapshot
        What it was built from.
    profile : NetworkProfile
        Of the network.
    lines, shared_limits, graph : DataFrame
        PLAN_LINES, SHARED_LIMITS and COORDINATION_GRAPH.
    canary_items : frozenset of str
        Items that the canary of that plan decided for.
    by_canary : callable or None
        Returns the same plan with the problem of the canary, which is rebuilt when it is asked for.
    """

    problem: Problem
    snapshot: Snapshot
    profile: NetworkProfile
    lines: pd.DataFrame
    shared_limits: pd.DataFrame
    graph: pd.DataFrame
    canary_items: frozenset[str] = frozenset()
    by_canary: Callable[[], Recorded] | None = None

    def deciding(self, item_id: str) -> Recorded:
        """Return the plan with the problem of the release that decided an item.

        Raises
        ------
        EquipoiseError
            If that was a canary whose file is there no more.
        """
        return self.by_canary() if self.by_canary and item_id in self.canary_items else self

    def let_through(self, item_id: str, site_id: str) -> Recorded:
        """Return the plan with a problem in which verdicts on an item-site hold nothing."""
        verdicts = self.snapshot.verdicts
        told = verdicts.fillna({"item_id": "", "site_id": ""})
        concerns = told["item_id"].isin(["", item_id]) & told["site_id"].isin(["", site_id])
        spoken = replace(self.snapshot, verdicts=verdicts.loc[~concerns])
        return replace(self, problem=_built(spoken, self.problem.release, self.profile, self.problem.plan_date))


def recorded(published: Published, profile: NetworkProfile, plan_date: dt.date) -> Recorded:
    """Read a published plan and rebuild its problem.

    Parameters
    ----------
    published : Published
        Tables of the network.
    profile : NetworkProfile
        Bucket, horizon and whether sales are lost.
    plan_date : date
        Plan date.

    Raises
    ------
    EquipoiseError
        If a table is missing or of another version, or if the policy release is no more.
    """
    latest = published.latest(PLAN_LINES.name, plan_date)
    run_id = latest.run_id if latest else ""

    def read(frame: Frame) -> pd.DataFrame:
        return published.beside(frame, plan_date, run_id)

    releases = PolicyRegistry(own=NetworkHome(published.root.parent).policies)
    release = releases.version(str(read(PLAN_SUMMARY)["policy_release"].iloc[0]))
    tables = {frame.name: read(frame) for frame in READ} | levels_beside(published, plan_date, run_id)
    snapshot = from_published(tables)
    lines, limits, graph = (read(frame) for frame in (PLAN_LINES, SHARED_LIMITS, COORDINATION_GRAPH))
    made = Recorded(_built(snapshot, release, profile, plan_date), snapshot, profile, lines, limits, graph)
    part = published.of_run(CANARY_ITEMS, plan_date, run_id)
    if part is None or part.empty:
        return made

    @cache
    def by_canary() -> Recorded:
        canary = releases.version(str(part["policy_release"].iloc[0]))
        known = tables | {frame.name: read(frame) for frame in TARGETS_FROM}
        seen = snapshot_under(known, published, release=canary, profile=profile, plan_date=plan_date)
        return replace(made, problem=_built(seen, canary, profile, plan_date), snapshot=seen)

    return replace(made, canary_items=frozenset(part["item_id"]), by_canary=by_canary)


def _built(snapshot: Snapshot, release: Release, profile: NetworkProfile, plan_date: dt.date) -> Problem:
    return build_problem(snapshot, release=release, profile=profile, plan_date=plan_date)
