"""A network's item-sites as the fast twin plays them, fitted from what was published for a plan date.

Demand from forecasts, lead times, lanes, lots and rates from settings; what decides are the targets that the
production code sets under a release. The money of every candidate is that of the release that the search starts
from. Not here: what is searched (``search``).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from assets.inventory.master_data import MasterData
from assets.inventory.placement import place_stock
from assets.inventory.recent_demand import read_recent
from assets.inventory.situation import Situation, situation_of
from assets.inventory.supply import KEY
from assets.inventory.targets import set_targets
from assets.kernel.frames import forecasts, marts
from assets.kernel.network import NetworkProfile
from assets.kernel.published import Published
from assets.policy.release import Release
from assets.twin.day import Floats, Ints, Rates
from assets.twin.fast.chance import Chance, Sampled
from assets.twin.fast.network import FastNetwork
from assets.twin.fast.rules import stages
from assets.twin.fast.sharing import Sharing
from assets.twin.fast.streams import Purpose
from assets.twin.search.model_chance import demand_of, lead_times_of_ways
from assets.twin.search.model_ways import neighbours, normal_ways, supplier_limits
from assets.twin.search.tunable import with_values
from assets.twin.tariff import landed_costs, unit_freight


@dataclass(frozen=True)
class TuningTables:
    """What was published for a plan date, as the search reads it."""

    published: Published
    profile: NetworkProfile
    plan_date: dt.date

    @cached_property
    def master(self) -> MasterData:
        """Master data of the date."""
        read = (
            marts.DIM_ITEM_SITE, marts.DIM_SITE, marts.DIM_LANE, marts.DIM_SOURCING, marts.DIM_ITEM,
            marts.FEAT_ITEM_SITE,
        )  # fmt: skip
        return MasterData(*(self.published.read(frame, self.plan_date) for frame in read))

    @cached_property
    def forecast(self) -> pd.DataFrame:
        """Demand forecast of the date."""
        return self.published.read(forecasts.DEMAND_FORECAST, self.plan_date)

    @cached_property
    def lead_times(self) -> pd.DataFrame:
        """Lead times learned by the date."""
        return self.published.read(forecasts.LEAD_TIME, self.plan_date)

    def situation(self, release: Release) -> Situation:
        """Return all that targets follow from."""
        calendar = self.profile.calendar
        return situation_of(self.forecast, self.lead_times, self.master, release, calendar, self.plan_date)

    def targets(self, release: Release) -> pd.DataFrame:
        """Return the targets that the daily job would set under a release, warehouses placed anew."""
        published, date, calendar = self.published, self.plan_date, self.profile.calendar
        receipts, orders, features = (
            published.read(frame, date) for frame in (marts.FCT_LEAD_TIME, marts.FCT_OPEN_ORDER, marts.FEAT_LEAD_TIME)
        )
        placed = place_stock(
            read_recent(published, date), receipts, orders, features, self.master, release, calendar, date
        )
        return set_targets(self.forecast, self.lead_times, self.master, release, calendar, date, placed)


@dataclass(frozen=True)
class TuningModel:
    """The network that candidates are played on.

    Attributes
    ----------
    network : FastNetwork
        Item-sites, sorted by item and site.
    places : DataFrame
        ``item_id``, ``site_id`` and ``shortage_cost`` of each, by which help is judged.
    needed : int array, shape (n,)
        Units of demand until an order placed now could arrive: who has less may be helped out.
    demand, lead_time : Sampled
        What is drawn, under the seed 0.
    """

    network: FastNetwork
    places: pd.DataFrame
    needed: Ints
    demand: Sampled
    lead_time: Sampled

    @cached_property
    def supplied(self) -> tuple[Sharing, ...]:
        """Who is supplied by whom."""
        return stages(self.network.ways.origin)

    def chance(self, seed: int) -> Chance:
        """Return the chance of a seed."""
        demand, lead = self.demand, self.lead_time
        return Chance(
            Sampled(demand.outcomes, demand.row, demand.keys, seed, Purpose.DEMAND),
            Sampled(lead.outcomes, lead.row, lead.keys, seed, Purpose.LEAD_TIME),
        )


def model_of(tables: TuningTables, release: Release) -> TuningModel:
    """Return the network of a plan date, its money by a release, a shortage weighed once."""
    # A weight is a lever of the policy; what a lost unit costs is not.
    judged = with_values(release, {"objective.shortage_weight": 1.0})
    known, master, calendar = tables.situation(judged), tables.master, tables.profile.calendar
    settings = known.settings
    freight = unit_freight(master.lanes, master.items)
    ways = normal_ways(known, master, freight, tables.plan_date)
    holding = settings["holding_cost_per_unit_day"].to_numpy(np.float64) * calendar.bucket.days
    landed = landed_costs(settings[KEY], master.sourcing, freight)
    landed = np.where(np.isfinite(landed), landed, settings["unit_cost"].to_numpy(np.float64))
    rates = Rates(holding, np.asarray(known.promise.shortage_cost), landed, tables.profile.lost_sales)
    lead_time = lead_times_of_ways(known)
    longest = int(max(lead_time.outcomes.units.max(), ways.buckets.max()))
    laterals = neighbours(settings, master, freight, calendar, tables.plan_date)
    if laterals is not None:
        longest = max(longest, int(laterals.buckets.max()))
    network = FastNetwork(
        rates, ways, longest, starting=supplier_limits(known, master, calendar), laterals=laterals, ships_arrivals=True
    )
    needed = np.ceil(known.protection.donor.mean - 1e-9).astype(np.int64)
    places = settings[KEY].assign(shortage_cost=rates.shortage)
    return TuningModel(network, places, needed, demand_of(known, calendar), lead_time)


def least_help(model: TuningModel, least_gain: float) -> Ints:
    """Return the units below which help gains less than asked for, shape (K, n, 1); beyond count where it costs."""
    laterals = model.network.laterals
    if laterals is None:
        return np.zeros((1, len(model.network), 1), dtype=np.int64)
    gain: Floats = model.network.rates.shortage - laterals.freight
    never = np.int64(1) << 40
    units = np.ceil(least_gain / np.where(gain > 0, gain, 1.0)).astype(np.int64)
    return np.where(gain > 0, np.maximum(units, 1), never)[:, :, None]
