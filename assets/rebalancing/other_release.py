"""The recorded snapshot of a plan date as another release sees it, and decisions of both at the same prices.

Stock targets are set anew by the other release; forecasts, lead times and verdicts are those of the active
release, which chose the models. Not here: which release decides for what (``canary``; ``governance``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from assets.inventory.master_data import MasterData
from assets.inventory.placement import place_stock
from assets.inventory.recent_demand import read_recent
from assets.inventory.targets import set_targets
from assets.kernel.errors import EquipoiseError
from assets.kernel.frames.marts import FEAT_ITEM_SITE, FEAT_LEAD_TIME
from assets.kernel.network import NetworkProfile
from assets.kernel.published import Published
from assets.policy.release import Guardrails, Release
from assets.rebalancing import lots
from assets.rebalancing.announced import units_of
from assets.rebalancing.costs import of_items, units_of_flow
from assets.rebalancing.early_sales import expand_knowing_sales
from assets.rebalancing.problem import Problem, build_problem
from assets.rebalancing.snapshot import READ, Snapshot, from_published, levels_beside

ANYTHING_GOES = Guardrails(minimum_gain_amount=0, cool_down_days=0, freeze_days=0, sensitive_items_stay=False)
"""What one release may decide and another may not is priced all the same."""
TARGETS_FROM = (FEAT_ITEM_SITE, FEAT_LEAD_TIME)
"""What targets are set from, beside what a plan is made from."""


def recorded_tables(published: Published, plan_date: dt.date) -> dict[str, pd.DataFrame]:
    """Return the tables that a plan date was planned from, by name, with those that its targets were set from.

    Raises
    ------
    EquipoiseError
        If one is not published.
    """
    tables = {frame.name: published.read(frame, plan_date) for frame in (*READ, *TARGETS_FROM)}
    return tables | levels_beside(published, plan_date)


def snapshot_under(
    tables: Mapping[str, pd.DataFrame],
    published: Published,
    *,
    release: Release,
    profile: NetworkProfile,
    plan_date: dt.date,
) -> Snapshot:
    """Return the snapshot of a plan date with the stock targets that a release sets.

    Parameters
    ----------
    tables : mapping
        As ``recorded_tables`` returns them.
    published : Published
        Where recent demand is read, which placement is decided on.
    """
    names = ("dim_item_site", "dim_site", "dim_lane", "dim_sourcing", "dim_item", "feat_item_site")
    master = MasterData(*(tables[name] for name in names))
    placed = place_stock(
        read_recent(published, plan_date), tables["fct_lead_time"], tables["fct_open_order"],
        tables["feat_lead_time"], master, release, profile.calendar, plan_date,
    )  # fmt: skip
    targets = set_targets(
        tables["demand_forecast"], tables["lead_time"], master, release, profile.calendar, plan_date, placed
    )
    return from_published({**tables, "targets": targets})


def at_active_prices(
    tables: Mapping[str, pd.DataFrame], *, active: Release, profile: NetworkProfile, plan_date: dt.date
) -> Problem:
    """Return the problem in which decisions of any release are priced: the active terms, no guardrails.

    Parameters
    ----------
    tables : mapping
        As ``recorded_tables`` returns them: the targets are the active release's.
    """
    snapshot = from_published(tables)
    targets = snapshot.targets.assign(protection_units=0)
    terms = active.model_copy(update={"guardrails": ANYTHING_GOES})
    problem = build_problem(replace(snapshot, targets=targets), release=terms, profile=profile, plan_date=plan_date)
    return replace(problem, limits=None, minimums=None, documents=None)


def decided_amounts(problem: Problem, lines: pd.DataFrame) -> pd.Series[float]:
    """Return what decisions of today cost over the horizon, by item, later ones being best.

    What leaves today pays the bill of its departure, shared by what rides on it.

    Parameters
    ----------
    problem : Problem
        As ``at_active_prices`` returns it.
    lines : DataFrame
        PLAN_LINES.

    Returns
    -------
    Series of float
        By item, in currency; NaN of every item if the decisions cannot be priced so.
    """
    network = expand_knowing_sales(problem)
    names = pd.Index(problem.item_sites.item_ids, name="item_id")
    try:
        flow = lots.evaluate(network, units_of(network.problem.moves, problem.item_sites, lines)[network.first])
    except EquipoiseError:
        # No flow has these units: one release saw room that the other's terms have not.
        return pd.Series(np.nan, index=names)
    amounts = of_items(network, units_of_flow(network, flow)).sum(axis=1)
    return pd.Series(amounts.to_numpy(np.float64), index=names)
