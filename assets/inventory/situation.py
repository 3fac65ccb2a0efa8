"""All that targets of a plan date follow from, joined once: settings, sources, demand, protection, promise.

Not here: the targets (``targets``), or other ones that are compared with them (``what_if``).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import pandas as pd

from assets.inventory.cross_docks import past_cross_docks
from assets.inventory.echelons import echelon_system
from assets.inventory.lead_time_demand import CumulativeDemand, Integers, Reals
from assets.inventory.master_data import MasterData
from assets.inventory.promise import ExpectedService, expected_service
from assets.inventory.protection import Protection, protection_of
from assets.inventory.served_demand import demand_served, own_correlation, own_demand, per_bucket
from assets.inventory.settings import item_site_settings
from assets.inventory.stochastic_service.two_moment import EchelonSystem, echelon_cost
from assets.inventory.supply import LeadTimes, lead_times_of, normal_sources
from assets.kernel.calendar import PlanCalendar
from assets.policy.critical_ratio import Promise, critical_ratios
from assets.policy.release import Release


@dataclass(frozen=True)
class Situation:
    """Item-sites of a plan date, sorted by item and site.

    Attributes
    ----------
    settings, sources, supply : DataFrame, DataFrame, LeadTimes
        Settings, the normal source, and its lead time; cross-docks on the way are seen through.
    own : CumulativeDemand
        Forecast of the site itself.
    correlation : array (n,)
        Of what it strays by, with that at the item's other sites.
    protection : Protection
        Demand that stock must last for, what is served included.
    promise : Promise
        Critical ratios, and what is promised.
    shortage_weight : float
        By which the objective weighs a shortage.
    calendar : PlanCalendar
        Bucket grid.
    """

    settings: pd.DataFrame
    sources: pd.DataFrame
    supply: LeadTimes
    own: CumulativeDemand
    correlation: Reals
    protection: Protection
    promise: Promise
    shortage_weight: float
    calendar: PlanCalendar

    def system(self, shortage_cost: Reals) -> EchelonSystem:
        """Return the echelons as one system, a shortage costing so much a unit."""
        demand = per_bucket(self.own, self.protection.buckets)
        weighted = shortage_cost * self.shortage_weight
        together = self.correlation
        return echelon_system(self.settings, self.sources, self.supply, demand, together, weighted, self.calendar)

    def expected(self, system: EchelonSystem, base_stock: Integers) -> ExpectedService:
        """Return what base stocks are expected to do, counting what sources will owe."""
        owed = echelon_cost(system, base_stock.astype(np.float64))
        return expected_service(self.protection.cycle, base_stock, owed.owed_mean, owed.owed_variance)


def situation_of(
    forecast: pd.DataFrame,
    lead_times: pd.DataFrame,
    master: MasterData,
    release: Release,
    calendar: PlanCalendar,
    plan_date: dt.date,
) -> Situation:
    """Join the tables that ``set_targets`` takes."""
    settings = item_site_settings(master)
    sources = normal_sources(settings, master.lanes, master.sourcing, master.items)
    settings, sources, supply = past_cross_docks(settings, sources, lead_times_of(sources, lead_times))
    own, correlation = own_demand(settings, forecast), own_correlation(settings, forecast)
    served = demand_served(settings, sources, own, correlation)
    protection = protection_of(settings, sources, supply, served, calendar, plan_date)
    promise = critical_ratios(settings, release)
    weight = release.objective.shortage_weight
    return Situation(settings, sources, supply, own, correlation, protection, promise, weight, calendar)
