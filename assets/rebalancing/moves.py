"""Moves: every purchase and transfer that could start in a bucket of the horizon.

A move that a guardrail forbids in the first bucket stays in the list with the guardrail's
name, so that its absence from a plan can be explained. Not here: how much to move.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from assets.kernel.calendar import PlanCalendar
from assets.kernel.network import departure_weekdays
from assets.policy.release import Guardrails, Objective
from assets.rebalancing import constraints
from assets.rebalancing.item_sites import UNLIMITED, Flags, Floats, Ints, ItemSites

LATERAL_BUCKETS = 1
"""Buckets in which lateral moves may start: a later one would spread surplus that only one course of demand leaves."""

ASSUMED_FILL = 0.5
"""Share of a later departure's capacity that is used, for spreading its fixed cost."""


@dataclass(frozen=True)
class Moves:
    """Possible moves, sorted by item, bucket, kind, source, destination and mode; ``m`` of them.

    Attributes
    ----------
    kind : object array, shape (m,)
        transfer, purchase or expedite.
    origin, destination : int array, shape (m,)
        Item-sites; origin is -1 for purchases.
    source_id, mode : object array, shape (m,)
        Supplier or origin site; mode of transport, `supplier` for purchases.
    bucket, arrival : int array, shape (m,)
        Bucket of departure; first bucket in which the units can be sold.
    departure, arrival_date : datetime64[D] array, shape (m,)
        Dates of the two.
    price, transport, under_way : float array, shape (m,)
        Currency per unit: paid to the supplier; freight and handling, of later buckets with a share
        of the departure's fixed cost; holding at the origin's rate until a transfer can be sold.
        What is on its way is owned: were it free to hold, surplus would be sent around to save its
        holding.
    spread : float array, shape (m,)
        Currency per unit: the share of its departure's fixed cost that the transport of a transfer
        of the first bucket leaves out, because it pays the departure's bill. It decides by it all
        the same, or else what leaves later would be sent today to save its share. 0 for others.
    early : float array, shape (m,)
        Currency per unit: what is expected to lie because a faster way would be decided later
        (``slower_ways``).
    minimum, multiple, capacity : int array, shape (m,)
        MOQ, order multiple and most units of the move.
    lateral : bool array, shape (m,)
        Between sites of one echelon, or back up.
    blocked : int array, shape (m,)
        Position in ``constraints.BLOCKS``; 0 is free.
    announced : int array, shape (m,)
        Units that an earlier plan announced, where changing them has a price; 0 for none.
    """

    kind: NDArray[np.object_]
    origin: Ints
    destination: Ints
    source_id: NDArray[np.object_]
    mode: NDArray[np.object_]
    bucket: Ints
    arrival: Ints
    departure: NDArray[np.datetime64]
    arrival_date: NDArray[np.datetime64]
    price: Floats
    transport: Floats
    spread: Floats
    under_way: Floats
    early: Floats
    minimum: Ints
    multiple: Ints
    capacity: Ints
    lateral: Flags
    blocked: Ints
    announced: Ints

    def __len__(self) -> int:
        return len(self.kind)

    @property
    def is_transfer(self) -> Flags:
        """Which moves leave a site of the network."""
        return self.origin >= 0

    @property
    def usual(self) -> Flags:
        """Which moves are normal replenishment: purchases and the cheap way down the echelons."""
        return np.asarray(~self.lateral & (self.kind != "expedite"))

    @property
    def usual_transport(self) -> Floats:
        """Currency per unit of freight and handling with a share of the departure's fixed cost, whenever it leaves."""
        return self.transport + self.spread

    @property
    def unit_amount(self) -> Floats:
        """Currency per unit by which plans decide: price, usual transport, holding under way and what is early."""
        return self.price + self.usual_transport + self.under_way + self.early

    def take(self, chosen: Any) -> Moves:
        """Return the moves at ``chosen`` (positions or flags)."""
        return Moves(**{f.name: getattr(self, f.name)[chosen] for f in fields(self)})


def build_moves(
    item_sites: ItemSites,
    lanes: pd.DataFrame,
    sourcing: pd.DataFrame,
    items: pd.DataFrame,
    calendar: PlanCalendar,
    plan_date: dt.date,
    rules: Guardrails,
    objective: Objective,
) -> Moves:
    """Expand lanes and sourcing into the moves of every item and bucket, guardrails applied.

    Parameters
    ----------
    item_sites : ItemSites
        Ends of the moves; a lane is used for an item only where both ends range it.
    lanes, sourcing, items : DataFrame
        DIM_LANE and DIM_SOURCING, each with ``lead_days``; DIM_ITEM.
    calendar, plan_date : PlanCalendar, date
        Bucket grid.
    rules, objective : Guardrails, Objective
        Of the policy release.
    """
    transfers = _transfer_table(item_sites, lanes, items, objective)
    purchases = _purchase_table(item_sites, sourcing, calendar)
    parts = [
        _expand(transfers, item_sites, calendar, plan_date, rules),
        _expand(purchases, item_sites, calendar, plan_date, rules),
    ]
    table = pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)
    order = ["item", "bucket", "kind", "source_id", "destination", "mode"]
    moves = _as_moves(table.sort_values(order, kind="stable", ignore_index=True), item_sites)
    return _apply_guardrails(moves, item_sites, calendar.bucket.days, rules)


def _transfer_table(
    item_sites: ItemSites, lanes: pd.DataFrame, items: pd.DataFrame, objective: Objective
) -> pd.DataFrame:
    """Return one row per item and lane that both of its ends range."""
    keys = item_sites.keys()
    table = lanes.merge(keys.rename(columns={"site_id": "origin_id", "index": "origin"}), on="origin_id")
    table = table.merge(
        keys.rename(columns={"site_id": "destination_id", "index": "destination"}), on=["item_id", "destination_id"]
    )
    table = table.merge(items[["item_id", "weight_kg_per_unit", "volume_m3_per_unit"]], on="item_id")
    variable, share = _transport_cost(table)
    weight = objective.transport_weight
    table["transport"], table["variable"] = (variable + share) * weight, variable * weight
    table["spread"] = share * weight
    echelon = item_sites.echelon
    lateral = echelon[table["origin"].to_numpy(np.int64)] <= echelon[table["destination"].to_numpy(np.int64)]
    return table.assign(
        kind=_transfer_kinds(table),
        source_id=table["origin_id"],
        price=0.0,
        minimum=0,
        multiple=1,
        capacity=UNLIMITED,
        lateral=lateral,
        review=1,
    )


def _transport_cost(table: pd.DataFrame) -> tuple[pd.Series[Any], pd.Series[Any]]:
    """Return currency per unit: handling, weight and volume; and a share of the departure's fixed cost.

    What leaves today pays for its departure as a whole (``market.departures``). For what is decided
    later each unit pays for the room it takes in a departure filled to ``ASSUMED_FILL`` of a
    truck, else of its capacity; without either the fixed cost is spread over the items that ride
    on the lane.
    """
    weight = table["weight_kg_per_unit"]
    variable = (
        table["cost_per_unit"] + weight * table["cost_per_kg"] + table["volume_m3_per_unit"] * table["cost_per_m3"]
    )
    riders = table.groupby(["origin_id", "destination_id", "mode"])["item_id"].transform("size")
    holds = table["truck_kg"].fillna(table["capacity_kg"])
    by_weight = weight / (ASSUMED_FILL * holds.where(holds > 0))
    share = by_weight.fillna(1.0 / riders.clip(lower=1))
    return variable, table["fixed_cost_per_departure"] * share


def _transfer_kinds(table: pd.DataFrame) -> pd.Series[Any]:
    """Return expedite where another mode between the two sites is cheaper and slower."""
    lane = table.groupby(["item_id", "origin_id", "destination_id"])
    cheapest = lane["transport"].transform("min")
    slowest_cheap = table["lead_days"].where(table["transport"] == cheapest)
    usual = slowest_cheap.groupby([table["item_id"], table["origin_id"], table["destination_id"]]).transform("min")
    faster = (table["transport"] > cheapest) & (table["lead_days"] < usual)
    return faster.map({True: "expedite", False: "transfer"}).astype(object)


def _purchase_table(item_sites: ItemSites, sourcing: pd.DataFrame, calendar: PlanCalendar) -> pd.DataFrame:
    """Return one row per item, supplier and site that may be bought."""
    table = sourcing.merge(item_sites.keys().rename(columns={"index": "destination"}), on=["item_id", "site_id"])
    review = item_sites.review_buckets[table["destination"].to_numpy(np.int64)]
    per_bucket = table["capacity_units_per_day"].astype("float64") * calendar.bucket.days
    return table.assign(
        kind="purchase",
        origin=-1,
        source_id=table["supplier_id"],
        mode="supplier",
        departure_days="",
        price=table["unit_cost"],
        transport=0.0,
        variable=0.0,
        spread=0.0,
        minimum=table["minimum_order_units"],
        multiple=table["order_multiple_units"].clip(lower=1),
        capacity=(per_bucket * review).fillna(UNLIMITED).clip(upper=UNLIMITED),
        lateral=False,
        review=review,
    )


def _expand(
    table: pd.DataFrame, item_sites: ItemSites, calendar: PlanCalendar, plan_date: dt.date, rules: Guardrails
) -> pd.DataFrame:
    """Return one row per move and bucket in which it can start; all of them for bucket 0."""
    horizon, days = item_sites.horizon, calendar.bucket.days
    item = item_sites.item[table["destination"].to_numpy(np.int64)] if len(table) else np.empty(0, np.int64)
    patterns = {
        p: _departures(p, plan_date, horizon, days, rules.freeze_days) for p in table["departure_days"].unique()
    }
    # A departure that is no usual one would be put off day after day, for a share of what it costs.
    unusual = table["lateral"].to_numpy(bool) | (table["kind"] == "expedite").to_numpy(bool)
    called = (table["spread"].to_numpy(np.float64) > 0) & unusual
    parts = []
    for t in range(horizon):
        offset = table["departure_days"].map({p: offsets[t] for p, offsets in patterns.items()}).to_numpy(np.float64)
        # On the way means unavailable: what arrives inside a bucket can be sold from the next.
        leaves = np.where(np.isnan(offset), t * days, offset)
        arrives = leaves + table["lead_days"].to_numpy(np.float64)
        bucket = np.ceil(arrives / days - 1e-9)
        reachable = ~np.isnan(offset) & (t % table["review"].to_numpy(np.int64) == 0) & (bucket < horizon)
        reachable &= ~table["lateral"].to_numpy(bool) | (t < LATERAL_BUCKETS)
        reachable &= ~called | (t == 0)
        keep = np.ones(len(table), dtype=bool) if t == 0 else reachable
        frozen = rules.freeze_days >= days
        why = np.where(np.isnan(offset), "freeze_fence" if frozen else "departure_days", "horizon")
        part = table.loc[keep].assign(item=item[keep], bucket=t, arrival=bucket[keep].astype(np.int64))
        part["departure"] = np.datetime64(plan_date, "D") + leaves[keep].astype("timedelta64[D]")
        part["arrival_date"] = np.datetime64(plan_date, "D") + arrives[keep].astype("timedelta64[D]")
        part["blocked"] = [constraints.BLOCKS.index(w) for w in np.where(reachable, "", why)[keep]]
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


def _departures(pattern: str | None, plan_date: dt.date, horizon: int, days: int, freeze_days: int) -> list[float]:
    """Return days from the plan date to the first departure in each bucket; NaN for none.

    ``departure weekday in the lane's calendar`` and ``departure >= plan date + freeze days``.
    """
    allowed = departure_weekdays(pattern)
    offsets = []
    for t in range(horizon):
        inside = range(t * days, (t + 1) * days)
        fits = (o for o in inside if o >= freeze_days and (plan_date + dt.timedelta(o)).isoweekday() in allowed)
        offsets.append(float(next(fits, np.nan)))
    return offsets


def _as_moves(table: pd.DataFrame, item_sites: ItemSites) -> Moves:
    def ints(name: str) -> Ints:
        return table[name].to_numpy(np.float64).astype(np.int64)

    origin, buckets = ints("origin"), ints("arrival") - ints("bucket")
    today = ints("bucket") == 0
    return Moves(
        kind=table["kind"].to_numpy(object),
        origin=origin,
        destination=ints("destination"),
        source_id=table["source_id"].to_numpy(object),
        mode=table["mode"].to_numpy(object),
        bucket=ints("bucket"),
        arrival=ints("arrival"),
        departure=table["departure"].to_numpy("datetime64[D]"),
        arrival_date=table["arrival_date"].to_numpy("datetime64[D]"),
        price=table["price"].to_numpy(np.float64),
        transport=np.where(today, table["variable"], table["transport"]).astype(np.float64),
        spread=np.where(today, table["spread"], 0.0).astype(np.float64),
        under_way=np.where(origin >= 0, item_sites.holding_cost[origin] * buckets, 0.0),
        early=np.zeros(len(table)),
        minimum=ints("minimum"),
        multiple=ints("multiple"),
        capacity=ints("capacity"),
        lateral=table["lateral"].to_numpy(bool),
        blocked=ints("blocked"),
        announced=np.zeros(len(table), dtype=np.int64),
    )


def _apply_guardrails(moves: Moves, item_sites: ItemSites, bucket_days: int, rules: Guardrails) -> Moves:
    """Mark what guardrails forbid; beyond the first bucket it is left out."""
    blocked = moves.blocked.copy()
    judged = {
        "forbidden_lane": constraints.forbidden_lane(moves, item_sites, rules),
        "allowed_lane": constraints.allowed_lane(moves, item_sites, rules),
        "sensitive_item": constraints.sensitive_item(moves, item_sites, rules),
        "cool_down": constraints.cool_down(moves, item_sites, rules),
        "outbound_hold": constraints.outbound_hold(moves, item_sites),
        "shelf_life_on_arrival": constraints.shelf_life_on_arrival(moves, item_sites, bucket_days),
        "lifecycle": constraints.lifecycle(moves, item_sites),
        "handed_over": constraints.handed_over(moves, item_sites),
        "withdrawal_waits": constraints.withdrawal_waits(moves, item_sites),
    }
    for name, forbidden in judged.items():
        blocked[forbidden & (blocked == 0)] = constraints.BLOCKS.index(name)
    return replace(moves, blocked=blocked).take((blocked == 0) | (moves.bucket == 0))
