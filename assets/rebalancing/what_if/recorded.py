"""A plan as it was recorded, and its problem rebuilt from the tables that it was made from.

Tables are immutable by run, so that those of the plan's own run are read even while another run
writes. Not here: solving again (``one_item``).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

import pandas as pd

from assets.kernel.frames import Frame
from assets.kernel.frames.decisions import PLAN_LINES, PLAN_SUMMARY, PROTECTION_DEMAND, TARGETS
from assets.kernel.frames.forecasts import DEMAND_FORECAST, LEAD_TIME
from assets.kernel.frames.market import COORDINATION_GRAPH, SHARED_LIMITS
from assets.kernel.frames.marts import (
    DIM_ITEM,
    DIM_ITEM_SITE,
    DIM_LANE,
    DIM_SITE,
    DIM_SOURCING,
    FCT_INVENTORY_POSITION,
    FCT_LEAD_TIME,
    FCT_OPEN_ORDER,
    FCT_SCHEDULED_RECEIPT,
)
from assets.kernel.frames.quality import FORECAST_VERDICTS, VERDICTS
from assets.kernel.home import NetworkHome
from assets.kernel.network import NetworkProfile
from assets.kernel.published import Published
from assets.policy.registry import PolicyRegistry
from assets.policy.release import Release
from assets.rebalancing.problem import Problem, build_problem
from assets.rebalancing.snapshot import Snapshot, from_published

READ: tuple[Frame, ...] = (
    FCT_INVENTORY_POSITION, FCT_SCHEDULED_RECEIPT, FCT_LEAD_TIME, FCT_OPEN_ORDER, DIM_ITEM, DIM_SITE, DIM_LANE,
    DIM_SOURCING, DIM_ITEM_SITE, DEMAND_FORECAST, LEAD_TIME, TARGETS, PROTECTION_DEMAND, VERDICTS, FORECAST_VERDICTS,
)  # fmt: skip
"""What a plan is made from, besides the policy release and the network's profile."""


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
    """

    problem: Problem
    snapshot: Snapshot
    profile: NetworkProfile
    lines: pd.DataFrame
    shared_limits: pd.DataFrame
    graph: pd.DataFrame

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

    decided = str(read(PLAN_SUMMARY)["policy_release"].iloc[0])
    release = PolicyRegistry(decides=decided, own=NetworkHome(published.root.parent).policies).active()
    snapshot = from_published({frame.name: read(frame) for frame in READ})
    tables = (read(frame) for frame in (PLAN_LINES, SHARED_LIMITS, COORDINATION_GRAPH))
    return Recorded(_built(snapshot, release, profile, plan_date), snapshot, profile, *tables)


def _built(snapshot: Snapshot, release: Release, profile: NetworkProfile, plan_date: dt.date) -> Problem:
    return build_problem(snapshot, release=release, profile=profile, plan_date=plan_date)
