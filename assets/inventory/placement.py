"""Where the stock of a network stands: what each warehouse holds, decided once a week.

Three answers are compared by expected cost: every site for itself, service times guaranteed from stage to stage,
and the warehouse levels that cost least. Stores keep their own base stock in all three. Not here: the level of a
day (``targets``), the two models (``guaranteed_service``, ``stochastic_service``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from scipy.special import ndtri

from assets.forecasting.lead_time import lead_time_distributions
from assets.inventory.cross_docks import past_cross_docks
from assets.inventory.echelons import echelon_system
from assets.inventory.guaranteed_stages import guaranteed_levels
from assets.inventory.master_data import MasterData
from assets.inventory.recent_demand import recent_demand, week_of
from assets.inventory.settings import item_site_settings
from assets.inventory.stochastic_service.two_moment import EchelonSystem, echelon_cost
from assets.inventory.supply import KEY, Integers, Reals, lead_times_of, normal_sources
from assets.kernel.calendar import PlanCalendar
from assets.kernel.frames.targets import PLACEMENT
from assets.policy.critical_ratio import critical_ratios
from assets.policy.release import Release

LOCAL, GUARANTEED, STOCHASTIC = "local", "guaranteed_service", "stochastic_service"
ANSWERS = (GUARANTEED, STOCHASTIC)
# Standard deviations of protection demand that a warehouse may hold above its mean, or lack.
FACTORS: Reals = np.arange(-1.5, 3.01, 0.5)
ROUNDS = 2
# Costs are flat around the least, and two moments see too few shortages: of what costs about the same, hold more.
INDIFFERENCE = 0.1
# A placement that saves less of the cost of an item than this is not worth the change.
LEAST_SAVING = 0.01
HIGHEST_RATIO = 0.999


def place_stock(
    demand: pd.DataFrame,
    receipts: pd.DataFrame,
    open_orders: pd.DataFrame,
    lead_features: pd.DataFrame,
    master: MasterData,
    release: Release,
    calendar: PlanCalendar,
    plan_date: dt.date,
    answers: Sequence[str] = ANSWERS,
) -> pd.DataFrame:
    """Decide by item how its warehouses hold stock: the cheapest of the three answers.

    Nothing of demand or lead times after the week's Monday is looked at, so that the days of a week agree without
    remembering anything; settings, sources, quotes and the release are the plan date's, and a change of these
    changes the placement on its day.

    Parameters
    ----------
    demand, receipts, open_orders, lead_features : DataFrame
        ``DEMAND_COLUMNS`` of ``FCT_DEMAND``; frames ``FCT_LEAD_TIME``, ``FCT_OPEN_ORDER``, ``FEAT_LEAD_TIME``.
    master : MasterData
        Of the plan date.
    release : Release
        Default service targets and the weight of a shortage.
    calendar : PlanCalendar
        Bucket grid.
    plan_date : date
        Plan the rows belong to.
    answers : sequence of str
        What may be taken instead of ``local``, in the order that ties go by.

    Returns
    -------
    DataFrame
        Frame ``PLACEMENT``, one row per item-site at an open site.
    """
    settings = item_site_settings(master)
    if settings.empty:
        return PLACEMENT.empty()
    sources = normal_sources(settings, master.lanes, master.sourcing, master.items)
    known = lead_time_distributions(receipts, lead_features, week_of(plan_date), open_orders)
    settings, sources, supply = past_cross_docks(settings, sources, lead_times_of(sources, known))
    promise = critical_ratios(settings, release)
    own = recent_demand(demand, settings, plan_date)
    weighted = promise.shortage_cost * release.objective.shortage_weight
    # How sites stray together the forecast tells, which is of a later day than the week's Monday.
    independent = np.zeros(len(settings))
    system = echelon_system(settings, sources, supply, own, independent, weighted, calendar)
    factor = ndtri(np.clip(promise.ratio, 1.0 - HIGHEST_RATIO, HIGHEST_RATIO))
    local = np.maximum(system.protection_mean + factor * system.protection_std, 0.0)
    stages = guaranteed_levels(system, factor)
    item = pd.factorize(settings["item_id"], sort=True)[0].astype(np.int64)
    proposed = {GUARANTEED: np.where(system.serves, stages.levels, local), STOCHASTIC: _searched(system, local)}
    name, levels = _cheapest(system, item, local, {answer: proposed[answer] for answer in answers})
    placed = (name[item] != LOCAL) & system.serves
    std = np.maximum(system.protection_std, 1e-9)
    frame = settings[[*KEY, "echelon"]].assign(
        plan_date=pd.Timestamp(plan_date),
        week_start=pd.Timestamp(week_of(plan_date)),
        placement=np.where(placed, name[item], LOCAL),
        service_buckets=stages.service,
        inbound_service_buckets=stages.inbound,
        guaranteed_stock_units=stages.safety_stock,
        safety_factor=np.where(placed, (levels - system.protection_mean) / std, np.nan),
        local_cost_amount=echelon_cost(system, local).total,
        guaranteed_cost_amount=echelon_cost(system, proposed[GUARANTEED]).total,
        placed_cost_amount=echelon_cost(system, levels).total,
    )
    return PLACEMENT.conform(frame)


def _cheapest(
    system: EchelonSystem, item: Integers, local: Reals, answers: Mapping[str, Reals]
) -> tuple[np.ndarray[tuple[int], np.dtype[np.object_]], Reals]:
    """Return the name of each item's cheapest answer, and the levels of all stages under it."""
    name = np.full(int(item.max()) + 1, LOCAL, dtype=object)
    levels = local
    for other, proposed in answers.items():
        now, then = (np.bincount(item, weights=echelon_cost(system, one).total) for one in (levels, proposed))
        better = then < now * (1.0 - LEAST_SAVING)
        name[better] = other
        levels = np.where(better[item], proposed, levels)
    return name, levels


def _searched(system: EchelonSystem, levels: Reals) -> Reals:
    """Return warehouse levels after ``ROUNDS`` sweeps over the echelons, the highest first.

    In a sweep each warehouse takes the highest factor that costs, at itself and below, within ``INDIFFERENCE`` of
    the least, all others standing: warehouses of one echelon do not feel each other, so that all are tried at once.
    """
    serves = system.serves
    for _ in range(ROUNDS):
        for echelon in range(int(system.echelon.max(initial=0)), 0, -1):
            rows = serves & (system.echelon == echelon)
            trials = [np.where(rows, _level(system, factor), levels) for factor in FACTORS]
            costs = np.array([system.with_below(echelon_cost(system, trial).total) for trial in trials])
            good = costs <= costs.min(axis=0) * (1.0 + INDIFFERENCE)
            highest = len(FACTORS) - 1 - np.argmax(good[::-1], axis=0)
            levels = np.where(rows, np.array(trials)[highest, np.arange(len(levels))], levels)
    return levels


def _level(system: EchelonSystem, factor: float) -> Reals:
    level: Reals = np.maximum(system.protection_mean + factor * system.protection_std, 0.0)
    return level
