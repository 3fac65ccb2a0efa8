"""Playing a policy over a window: planned anew every bucket, simulated by the twin.

What a policy sees is made as the daily job makes it; what happens then knows nothing of it. Not
here: networks (``plans_networks``), policies (``plans_policies``), intervals (``plans``).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd
from plans_network import KEY, BenchNetwork
from plans_policies import POLICIES, Sights

from assets.forecasting.forecast import forecast_demand
from assets.forecasting.intervals import interval_calibration
from assets.forecasting.registry.prescribed import Prescribed
from assets.forecasting.registry.selection import Selection
from assets.inventory.master_data import MasterData
from assets.inventory.protection_demand import protection_demand
from assets.inventory.targets import set_targets
from assets.kernel.frames.forecasts import LEAD_TIME
from assets.kernel.frames.marts import FCT_INVENTORY_POSITION, FCT_SCHEDULED_RECEIPT
from assets.kernel.frames.quality import VERDICTS
from assets.policy.critical_ratio import critical_ratios
from assets.policy.release import Release
from assets.rebalancing.problem import Problem, build_problem
from assets.rebalancing.snapshot import Snapshot
from assets.twin.day import SUPPLIER, Lines, Rates, Stock
from assets.twin.run import Run, run
from assets.twin.tariff import LANE, departure_shares, landed_costs, unit_freight

A_SHARE, B_SHARE = 0.80, 0.95


@dataclass(frozen=True)
class Known:
    """What every policy knows on a date: forecast, targets, demand between two arrivals."""

    forecast: pd.DataFrame
    targets: pd.DataFrame
    protection: pd.DataFrame


@dataclass
class Setting:
    """A network under a release, with what is known by date: made once, the same for every policy.

    Models are chosen once, before the first window, and updated every bucket: choosing them anew
    costs a hundred times as much.
    """

    network: BenchNetwork
    release: Release
    _known: dict[dt.date, Known] = field(default_factory=dict, repr=False)

    @cached_property
    def features(self) -> pd.DataFrame:
        """``abc_class`` of every item-site, by value sold before the first window."""
        demand = self.network.panel.demand
        before = demand[pd.to_datetime(demand["bucket_start"]) < pd.Timestamp(self.network.starts[0])]
        value = before.groupby("item_id")["demand_lower_bound_units"].sum()
        value = (value * self.network.items.set_index("item_id")["unit_price"]).fillna(0.0).astype(float)
        value = value.sort_index().sort_values(ascending=False, kind="stable")
        better = (value.cumsum() - value) / max(float(value.sum()), 1e-9)
        classes = pd.Series(np.where(better < A_SHARE, "A", np.where(better < B_SHARE, "B", "C")), index=value.index)
        return self.network.places.assign(abc_class=self.network.places["item_id"].map(classes).fillna("C"))

    @cached_property
    def rates(self) -> Rates:
        """What stock and its lack cost: as the feed says; where it gives a service target only, what that implies."""
        network = self.network
        settings = network.item_sites.merge(network.items[["item_id", "unit_cost", "unit_price"]], on="item_id")
        settings = settings.merge(self.features, on=KEY).sort_values(KEY, ignore_index=True)
        holding = settings["holding_cost_per_unit_day"].to_numpy(np.float64) * network.profile.calendar.bucket.days
        shortage = critical_ratios(settings, self.release).shortage_cost
        freight = unit_freight(network.lanes, network.items)
        landed = landed_costs(network.places, network.sourcing, freight)
        return Rates(holding, shortage, landed, network.profile.lost_sales)

    @cached_property
    def _selection(self) -> Selection:
        return self._forecast(self.network.starts[0], None)[1]

    def _forecast(self, date: dt.date, selection: Selection | None) -> tuple[pd.DataFrame, Selection]:
        network = self.network
        features = network.panel.features(date).merge(self.features, on=KEY, how="left")
        made = forecast_demand(
            network.panel.demand, features, self.release, network.profile.calendar, date,
            network.profile.horizon_buckets, items=network.items, sites=network.sites, settings=network.item_sites,
            models=Prescribed(selection),
        )  # fmt: skip
        return made.forecast, made.selection

    def known(self, date: dt.date) -> Known:
        """Return what is known on a date."""
        if date not in self._known:
            network, calendar = self.network, self.network.profile.calendar
            forecast, used = self._forecast(date, self._selection)
            master = (network.item_sites, network.sites, network.lanes, network.sourcing, network.items)
            lead_times = LEAD_TIME.empty()
            with_features = MasterData(*master, self.features)
            targets = set_targets(forecast, lead_times, with_features, self.release, calendar, date)
            between = protection_demand(
                forecast, interval_calibration(used, date), lead_times, *master, calendar, date
            )  # fmt: skip
            self._known[date] = Known(forecast, targets, between)
        return self._known[date]


@dataclass
class Player:
    """One policy in one window, at one cost of lanes between stores."""

    setting: Setting
    start: dt.date
    lane_cost: float
    moved_sideways: int = 0
    sideways_freight: float = 0.0
    lines: int = 0
    _received: dict[str, list[object]] = field(default_factory=lambda: {"place": [], "received_date": []}, repr=False)

    @cached_property
    def _laterals(self) -> pd.DataFrame:
        return self.setting.network.lateral_lanes(self.lane_cost)

    @cached_property
    def _every_lane(self) -> pd.DataFrame:
        return pd.concat([self.setting.network.lanes, self._laterals], ignore_index=True)

    @cached_property
    def _freight(self) -> pd.DataFrame:
        return unit_freight(self._every_lane, self.setting.network.items, departures=False)

    def play(self, policy: str) -> Run:
        """Return the window as it went."""
        network = self.setting.network
        begin = network.column(self.start)
        demand = network.asked[:, begin : begin + network.buckets]

        def plan_bucket(bucket: int, stock: Stock) -> Lines:
            date = network.profile.calendar.bucket_start(self.start, bucket)
            sights = Sights(
                lambda: self._problem(date, stock, self._every_lane), lambda: self._problem(date, stock, network.lanes)
            )
            frame = POLICIES[policy](sights)
            lines = self._priced(frame, date) if len(frame) else Lines.none()
            self._note_receipts(date, stock, lines)
            return lines

        return run(network.opening(self.start), demand, self.setting.rates, plan_bucket)

    def _problem(self, date: dt.date, stock: Stock, lanes: pd.DataFrame) -> Problem:
        network, known = self.setting.network, self.setting.known(date)
        recent = network.places.iloc[self._received["place"]].assign(received_date=self._received["received_date"])
        snapshot = Snapshot(
            position=_position(network, date, stock),
            scheduled_receipts=_receipts(network, date, stock),
            forecast=known.forecast,
            lead_times=LEAD_TIME.empty(),
            targets=known.targets,
            items=network.items,
            sites=network.sites,
            lanes=lanes,
            sourcing=network.sourcing,
            item_sites=network.item_sites,
            verdicts=VERDICTS.empty(),
            recent_receipts=recent,
            protection_demand=known.protection,
        )
        return build_problem(snapshot, release=self.setting.release, profile=network.profile, plan_date=date)

    def _priced(self, frame: pd.DataFrame, date: dt.date) -> Lines:
        """Return lines as the twin plays them, priced from master data; what went sideways is counted."""
        network, days = self.setting.network, self.setting.network.profile.calendar.bucket.days
        index = network.places.assign(place=np.arange(len(network.places)))
        origin = index.rename(columns={"site_id": "origin_id", "place": "origin"})
        to = index.rename(columns={"site_id": "destination_id", "place": "destination"})
        bought = network.sourcing.rename(columns={"supplier_id": "origin_id", "site_id": "destination_id"})
        bought = bought[["item_id", "origin_id", "destination_id", "unit_cost"]].assign(mode="supplier")
        table = frame.merge(to, on=["item_id", "destination_id"], how="left")
        table = table.merge(origin, on=["item_id", "origin_id"], how="left")
        table = table.merge(self._freight, on=[*LANE, "item_id"], how="left").merge(
            bought, on=[*LANE, "item_id"], how="left"
        )
        purchase = (table["kind"] == "purchase").to_numpy()
        weighed = table.merge(
            network.items[["item_id", "weight_kg_per_unit", "volume_m3_per_unit"]], on="item_id", how="left"
        )
        own = table["freight"].to_numpy(np.float64) + departure_shares(weighed, self._every_lane)
        freight = np.where(purchase, 0.0, own)
        price = np.where(purchase, table["unit_cost"].to_numpy(np.float64), 0.0)
        units = table["quantity_units"].to_numpy(np.int64)
        ahead = (pd.to_datetime(table["arrival_date"]) - pd.Timestamp(date)).dt.days.to_numpy()
        sideways = table.merge(self._laterals[LANE].assign(is_lateral=True), on=LANE, how="left")
        sideways = sideways["is_lateral"].notna().to_numpy()
        self.lines += len(table)
        self.moved_sideways += int(units[sideways].sum())
        self.sideways_freight += float((units * freight)[sideways].sum())
        return Lines(
            origin=np.where(purchase, SUPPLIER, table["origin"].to_numpy(np.float64)).astype(np.int64),
            destination=table["destination"].to_numpy(np.int64),
            units=units,
            buckets=np.maximum(0, -(-ahead // days)).astype(np.int64),
            price=price,
            freight=freight,
        )

    def _note_receipts(self, date: dt.date, stock: Stock, lines: Lines) -> None:
        """Remember what arrives in the bucket, for the cool-down of later plans."""
        now = stock.under_way[:, 0] > 0 if stock.under_way.shape[1] else np.zeros(len(stock.on_hand), dtype=bool)
        now[lines.destination[lines.buckets == 0]] = True
        places = np.flatnonzero(now).tolist()
        self._received["place"] += places
        self._received["received_date"] += [pd.Timestamp(date)] * len(places)


def _position(network: BenchNetwork, date: dt.date, stock: Stock) -> pd.DataFrame:
    coming = stock.under_way.sum(axis=1)
    frame = network.places.assign(
        plan_date=pd.Timestamp(date), counted_date=pd.Timestamp(date), on_hand_units=stock.on_hand, reserved_units=0,
        blocked_units=0, expiring_units=0, available_units=stock.on_hand, first_expiry_date=pd.NaT,
        in_transit_units=0, on_order_units=coming, position_units=stock.on_hand + coming, stock_amount=0.0,
        batch_ids="",
    )  # fmt: skip
    return FCT_INVENTORY_POSITION.conform(frame)


def _receipts(network: BenchNetwork, date: dt.date, stock: Stock) -> pd.DataFrame:
    place, bucket = np.nonzero(stock.under_way)
    days = network.profile.calendar.bucket.days
    frame = network.places.iloc[place].assign(
        plan_date=pd.Timestamp(date), expected_date=pd.Timestamp(date) + pd.to_timedelta(bucket * days, unit="D"),
        receipt_kind="purchase", source_id="", receipt_units=stock.under_way[place, bucket], is_late=False,
    )  # fmt: skip
    return FCT_SCHEDULED_RECEIPT.conform(frame)
