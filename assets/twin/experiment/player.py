"""Playing a policy over a window: planned anew every bucket, simulated by the twin.

What a policy sees is made as the daily job makes it; what happens then knows nothing of it. Not
here: what is known (``setting``), policies (``policies``), or what a difference proves (``comparison``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd

from assets.kernel.frames.forecasts import LEAD_TIME
from assets.kernel.frames.marts import FCT_INVENTORY_POSITION, FCT_SCHEDULED_RECEIPT
from assets.kernel.frames.quality import VERDICTS
from assets.rebalancing.problem import Problem, build_problem
from assets.rebalancing.snapshot import Snapshot
from assets.twin.day import SUPPLIER, Lines, Stock
from assets.twin.experiment.network import ExperimentNetwork
from assets.twin.experiment.played import Played
from assets.twin.experiment.policies import Policy, Sights
from assets.twin.experiment.setting import Setting
from assets.twin.run import run
from assets.twin.tariff import LANE, departure_shares, unit_freight

Progress = Callable[[int, int], None]
"""Told the buckets that are done and those of the window, before each."""


def unheard(_done: int, _buckets: int) -> None:
    """Tell nobody."""


@dataclass
class Player:
    """One window at one cost of lanes between stores, for one policy: it remembers what was received."""

    setting: Setting
    start: dt.date
    lane_cost: float
    progress: Progress = unheard
    _received: dict[int, pd.Timestamp] = field(default_factory=dict, repr=False)

    @cached_property
    def _laterals(self) -> pd.DataFrame:
        return self.setting.network.lateral_lanes(self.lane_cost)

    @cached_property
    def _every_lane(self) -> pd.DataFrame:
        return pd.concat([self.setting.network.lanes, self._laterals], ignore_index=True)

    @cached_property
    def _freight(self) -> pd.DataFrame:
        return unit_freight(self._every_lane, self.setting.network.items, departures=False)

    def play(self, policy: Policy) -> Played:
        """Return the window as it went under a policy."""
        network, seen, started = self.setting.network, [], []
        begin = network.column(self.start)
        demand = network.asked[:, begin : begin + network.buckets]

        def plan_bucket(bucket: int, stock: Stock) -> Lines:
            self.progress(bucket, network.buckets)
            date = network.profile.calendar.bucket_start(self.start, bucket)
            frame = policy(self._sights(bucket, date, stock))
            lines = self._priced(frame, date) if len(frame) else Lines.none()
            self._note_receipts(date, stock, lines)
            seen.append(stock)
            started.append(lines)
            return lines

        passed = run(network.opening(self.start), demand, self.setting.rates, plan_bucket)
        return Played(passed, (*seen, passed.closing), tuple(started), network.echelons)

    def again(self, lines: Sequence[Lines]) -> Played:
        """Return the window as it went when its lines were decided: the physics alone, played again.

        Parameters
        ----------
        lines : sequence of Lines
            Of every bucket.
        """
        network, seen = self.setting.network, []
        begin = network.column(self.start)

        def told(bucket: int, stock: Stock) -> Lines:
            seen.append(stock)
            return lines[bucket]

        passed = run(
            network.opening(self.start), network.asked[:, begin : begin + len(lines)], self.setting.rates, told
        )
        return Played(passed, (*seen, passed.closing), tuple(lines), network.echelons)

    def _sights(self, bucket: int, date: dt.date, stock: Stock) -> Sights:
        return Sights(
            date=date,
            bucket=bucket,
            stock=stock,
            with_laterals=lambda: self.problem(date, stock),
            without=lambda: self._problem(date, stock, self.setting.network.lanes),
        )

    def problem(self, date: dt.date, stock: Stock) -> Problem:
        """Return what a date asks of a plan that may use every lane."""
        return self._problem(date, stock, self._every_lane)

    def _problem(self, date: dt.date, stock: Stock, lanes: pd.DataFrame) -> Problem:
        network, known = self.setting.network, self.setting.known(date)
        places = sorted(self._received)
        recent = network.places.iloc[places].assign(received_date=[self._received[place] for place in places])
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
        """Return lines as the twin plays them, priced from master data."""
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
        self._received |= dict.fromkeys(np.flatnonzero(now).tolist(), pd.Timestamp(date))


def _position(network: ExperimentNetwork, date: dt.date, stock: Stock) -> pd.DataFrame:
    coming = stock.under_way.sum(axis=1)
    frame = network.places.assign(
        plan_date=pd.Timestamp(date), counted_date=pd.Timestamp(date), on_hand_units=stock.on_hand, reserved_units=0,
        blocked_units=0, expiring_units=0, available_units=stock.on_hand, first_expiry_date=None,
        in_transit_units=0, on_order_units=coming, position_units=stock.on_hand + coming, stock_amount=0.0,
        batch_ids="",
    )  # fmt: skip
    return FCT_INVENTORY_POSITION.conform(frame)


def _receipts(network: ExperimentNetwork, date: dt.date, stock: Stock) -> pd.DataFrame:
    place, bucket = np.nonzero(stock.under_way)
    days = network.profile.calendar.bucket.days
    frame = network.places.iloc[place].assign(
        plan_date=pd.Timestamp(date), expected_date=pd.Timestamp(date) + pd.to_timedelta(bucket * days, unit="D"),
        receipt_kind="purchase", source_id="", receipt_units=stock.under_way[place, bucket], is_late=False,
    )  # fmt: skip
    return FCT_SCHEDULED_RECEIPT.conform(frame)
