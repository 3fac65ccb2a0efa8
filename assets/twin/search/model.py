"""A network's item-sites as the fast twin plays them, fitted from what was published for a plan date.

Demand from forecasts, lead times, lanes, lots and rates from settings; what decides are the targets that the
production code sets under a release. The money of every candidate is that of the release that the search starts
from. Not here: what is searched (``search``).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
import pandas as pd

from assets.inventory.demand_distributions.families import constant, gamma, negative_binomial
from assets.inventory.demand_distributions.lattice import Lattice
from assets.inventory.master_data import MasterData
from assets.inventory.placement import place_stock
from assets.inventory.recent_demand import read_recent
from assets.inventory.served_demand import per_bucket
from assets.inventory.settings import normal_parents
from assets.inventory.situation import Situation, situation_of
from assets.inventory.supply import KEY, NO_SOURCE
from assets.inventory.targets import set_targets
from assets.kernel.calendar import Bucket, PlanCalendar
from assets.kernel.frames import forecasts, marts
from assets.kernel.network import NetworkProfile, departure_weekdays
from assets.kernel.published import Published
from assets.policy.release import Release
from assets.twin.day import SUPPLIER, Floats, Ints, Rates
from assets.twin.fast.chance import Chance, Sampled
from assets.twin.fast.network import FastNetwork, Flags, Laterals, Limit, Ways
from assets.twin.fast.outcomes import Outcomes
from assets.twin.fast.rules import stages
from assets.twin.fast.sharing import Sharing
from assets.twin.fast.streams import Purpose
from assets.twin.tariff import landed_costs, unit_freight

HELPERS = 4
"""Most item-sites that may help one out; those on the cheapest lanes."""
CELLS = 256
MEAN_STEP, SPREAD_STEP = 0.01, 0.05
"""Distributions are shared between item-sites whose mean and spread are that near."""


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
    """Return the network of a plan date, its money by a release."""
    known, master, calendar = tables.situation(release), tables.master, tables.profile.calendar
    settings = known.settings
    freight = unit_freight(master.lanes, master.items)
    ways = _ways(known, master, freight, tables.plan_date)
    holding = settings["holding_cost_per_unit_day"].to_numpy(np.float64) * calendar.bucket.days
    landed = landed_costs(settings[KEY], master.sourcing, freight)
    landed = np.where(np.isfinite(landed), landed, settings["unit_cost"].to_numpy(np.float64))
    rates = Rates(holding, np.asarray(known.promise.shortage_cost), landed, tables.profile.lost_sales)
    lead_time = _lead_times(known)
    longest = int(max(lead_time.outcomes.units.max(), ways.buckets.max()))
    laterals = _laterals(settings, master, freight, calendar, tables.plan_date)
    if laterals is not None:
        longest = max(longest, int(laterals.buckets.max()))
    network = FastNetwork(
        rates, ways, longest, starting=_suppliers(known, master, calendar), laterals=laterals, ships_arrivals=True
    )
    needed = np.ceil(known.protection.donor.mean - 1e-9).astype(np.int64)
    places = settings[KEY].assign(shortage_cost=rates.shortage)
    return TuningModel(network, places, needed, _demand(known, calendar), lead_time)


def _ways(known: Situation, master: MasterData, freight: pd.DataFrame, plan_date: dt.date) -> Ways:
    settings, sources = known.settings, known.sources
    parents = normal_parents(settings, sources)
    bought = (sources["receipt_kind"] == "purchase").to_numpy()
    terms = sources[["item_id", "site_id", "source_id"]].merge(
        master.sourcing.rename(columns={"supplier_id": "source_id"}), on=["item_id", "site_id", "source_id"], how="left"
    )
    lane = sources.rename(columns={"source_id": "origin_id", "site_id": "destination_id"})
    lane = lane[["item_id", "origin_id", "destination_id", "mode"]].merge(
        freight, on=["item_id", "origin_id", "destination_id", "mode"], how="left"
    )

    def lot(name: str) -> Ints:
        told = terms[name].astype("Float64").fillna(1).to_numpy(np.int64)
        return np.where(bought, np.maximum(told, 1), 1)

    nothing = (sources["receipt_kind"] == NO_SOURCE).to_numpy() | (~bought & (parents < 0))
    return Ways(
        origin=np.where(bought | nothing, SUPPLIER, parents),
        buckets=np.maximum(1, _buckets(np.rint(known.supply.mean).astype(np.int64), known.calendar)),
        departs=_departs(known, plan_date) & ~nothing[:, None],
        minimum=lot("minimum_order_units"),
        multiple=lot("order_multiple_units"),
        price=np.where(bought, terms["unit_cost"].astype("float64").fillna(0.0).to_numpy(), 0.0),
        freight=np.where(bought, 0.0, lane["freight"].fillna(0.0).to_numpy()),
        fixed=np.zeros(len(settings)),
    )


def _departs(known: Situation, plan_date: dt.date) -> Flags:
    """Return in which buckets of a cycle an item-site orders: as its lane departs, else as it is reviewed."""
    days = known.calendar.bucket.days
    review = np.maximum(1, known.settings["review_days"].to_numpy(np.int64) // days)
    cycle = int(np.lcm.reduce(np.append(np.unique(review), 7 if days == 1 else 1)))
    reviewed = np.arange(cycle) % review[:, None] == 0
    told = known.sources["departure_days"].fillna("")
    if days > 1:
        return reviewed
    weekday = (plan_date.isoweekday() - 1 + np.arange(cycle)) % 7 + 1
    leaves = {text: np.isin(weekday, departure_weekdays(text) or [0]) for text in sorted(set(told)) if text}
    return np.stack([leaves.get(text, row) for text, row in zip(told, reviewed, strict=True)])


def _suppliers(known: Situation, master: MasterData, calendar: PlanCalendar) -> tuple[Limit, ...]:
    """Return what suppliers can ship of an item, where they say so."""
    sources = known.sources
    bought = sources[["item_id", "site_id", "source_id"]].merge(
        master.sourcing.rename(columns={"supplier_id": "source_id"}), on=["item_id", "site_id", "source_id"], how="left"
    )
    capacity = bought["capacity_units_per_day"].astype("Float64").to_numpy(dtype=float, na_value=np.nan)
    limited = np.isfinite(capacity)
    if not limited.any():
        return ()
    names = (bought["item_id"] + "\n" + bought["source_id"])[limited]
    group = np.full(len(sources), -1)
    group[limited], first = pd.factorize(names, sort=True)[0], None
    most = pd.Series(capacity[limited]).groupby(group[limited]).max().to_numpy() * calendar.bucket.days
    return (Limit(group, most.astype(np.int64), np.ones(len(sources), dtype=np.int64)),)


def _laterals(
    settings: pd.DataFrame, master: MasterData, freight: pd.DataFrame, calendar: PlanCalendar, plan_date: dt.date
) -> Laterals | None:
    """Return who may help out whom: sites of the same echelon with a lane between them, the cheapest first."""
    place = settings[[*KEY, "echelon"]].assign(place=np.arange(len(settings)))
    lanes = freight.merge(
        master.lanes[["origin_id", "destination_id", "mode", "quoted_transit_days", "departure_days"]],
        on=["origin_id", "destination_id", "mode"],
    )
    found = lanes.merge(place.add_prefix("origin_").rename(columns={"origin_item_id": "item_id", "origin_site_id": "origin_id"}), on=["item_id", "origin_id"])
    found = found.merge(place.rename(columns={"site_id": "destination_id"}), on=["item_id", "destination_id"])
    found = found[found["origin_echelon"] == found["echelon"]]
    if found.empty:
        return None
    found = found.sort_values(["place", "freight", "origin_place", "mode"], kind="stable", ignore_index=True)
    found = found.drop_duplicates(["place", "origin_place"], ignore_index=True)
    rank = found.groupby("place").cumcount().to_numpy()
    found, rank = found[rank < HELPERS], rank[rank < HELPERS]
    days = calendar.bucket.days
    weekday = (plan_date.isoweekday() - 1 + np.arange(7)) % 7 + 1
    shape = (int(rank.max()) + 1, len(settings))
    origin, buckets, cost = np.full(shape, -1), np.ones(shape, dtype=np.int64), np.zeros(shape)
    departs = np.zeros((*shape, 7 if days == 1 else 1), dtype=bool)
    at = (rank, found["place"].to_numpy())
    origin[at] = found["origin_place"]
    buckets[at] = np.maximum(1, -(-found["quoted_transit_days"].to_numpy(np.int64) // days))
    cost[at] = found["freight"]
    told = found["departure_days"].fillna("")
    leaves = {text: np.isin(weekday, departure_weekdays(text) or [0]) for text in sorted(set(told)) if text}
    departs[at] = [leaves.get(text, np.ones(7, dtype=bool)) for text in told] if days == 1 else True
    return Laterals(origin, buckets, departs, cost)


def _demand(known: Situation, calendar: PlanCalendar) -> Sampled:
    """Return the forecast's demand of every bucket of a week, spread as it is over the protection interval."""
    mean = np.diff(known.own.mean, axis=1, prepend=0.0)
    cycle = 7 if calendar.bucket is Bucket.DAY and mean.shape[1] >= 7 else 1
    weeks = mean.shape[1] // cycle
    profile = np.maximum(mean[:, : weeks * cycle].reshape(len(mean), weeks, cycle).mean(axis=1), 0.0)
    level, variance = per_bucket(known.own, known.protection.buckets)
    ratio = np.where(level > 0, variance / np.where(level > 0, level, 1.0), 1.0)
    laws: dict[tuple[int, int], int] = {}
    made: list[Lattice] = []
    row = np.zeros(profile.shape, dtype=np.int64)
    for place, phase in np.ndindex(*profile.shape):
        key = _grid(float(profile[place, phase]), float(ratio[place]))
        if key not in laws:
            laws[key] = len(made)
            made.append(_law(*key))
        row[place, phase] = laws[key]
    return Sampled(Outcomes.of(made, CELLS), row, np.arange(len(row)), 0)


_NOTHING = (-(10**6), 0)


def _grid(mean: float, ratio: float) -> tuple[int, int]:
    if mean < 1e-4:
        return _NOTHING
    return round(np.log(mean) / np.log1p(MEAN_STEP)), round(np.log(max(ratio, 0.05)) / np.log1p(SPREAD_STEP))


@lru_cache(maxsize=None)
def _law(mean_place: int, ratio_place: int) -> Lattice:
    if (mean_place, ratio_place) == _NOTHING:
        return constant(0)
    mean, ratio = (1 + MEAN_STEP) ** mean_place, (1 + SPREAD_STEP) ** ratio_place
    return negative_binomial(mean, mean * ratio) if ratio >= 1.0 else gamma(mean, mean * ratio)


def _lead_times(known: Situation) -> Sampled:
    """Return the lead times that were learned, in buckets; those of a lane or supplier are one table."""
    buckets = np.maximum(1, _buckets(known.supply.days, known.calendar))
    rows, which = np.unique(np.hstack([buckets, np.round(known.supply.probability, 9)]), axis=0, return_inverse=True)
    width, laws = buckets.shape[1], []
    for one in rows:
        mass = np.bincount(one[:width].astype(np.int64), weights=one[width:])
        laws.append(Lattice(0, mass / mass.sum()))
    return Sampled(Outcomes.of(laws), which.reshape(-1, 1).astype(np.int64), np.arange(len(which)), 0, Purpose.LEAD_TIME)


def _buckets(days: Ints, calendar: PlanCalendar) -> Ints:
    return np.asarray(-(-days // calendar.bucket.days))


def least_help(model: TuningModel, least_gain: float) -> Ints:
    """Return the units below which help gains less than a release asks for, shape (K, n, 1); never where it costs more."""
    laterals = model.network.laterals
    if laterals is None:
        return np.zeros((1, len(model.network), 1), dtype=np.int64)
    gain: Floats = model.network.rates.shortage - laterals.freight
    never = np.int64(1) << 40
    units = np.ceil(least_gain / np.where(gain > 0, gain, 1.0)).astype(np.int64)
    return np.where(gain > 0, np.maximum(units, 1), never)[:, :, None]
