"""Seeded problems of any size with limits that bind: arrays straight into the plan's public tables.

Every item is ranged at one of five centres and at nine of fifty stores; centres buy, stores are
served by their centre and help each other. Not here: measuring.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.sparse import csr_array
from scipy.stats import gamma

from assets.kernel.frames.forecasts import INTERVAL_COLUMNS, QUANTILE_LEVELS
from assets.policy.release import ForecastRules, Guardrails, Release, TargetRules
from assets.rebalancing.item_sites import UNLIMITED, ItemSites, Protection
from assets.rebalancing.market.departures import Departures
from assets.rebalancing.market.limits import Limits
from assets.rebalancing.moves import ASSUMED_FILL, Moves
from assets.rebalancing.problem import Problem

PLAN_DATE = dt.date(2026, 3, 2)
CENTRES, STORES, SUPPLIERS, SITES_AN_ITEM, HORIZON = 5, 50, 10, 10, 6
LATERALS = 3
"""Stores that each store may send to, of those that range the item."""


@dataclass(frozen=True)
class World:
    """A problem, and the weight of each item's unit."""

    problem: Problem
    weight: np.ndarray


def world(items: int, seed: int, *, multiple: int = 1, least_gain: float = 0.0) -> World:
    """Return a seeded problem of ``items`` items at ten sites each."""
    rng = np.random.default_rng(seed)
    site_ids = tuple([f"c{k}" for k in range(CENTRES)] + [f"s{k:02d}" for k in range(STORES)])
    centre = rng.integers(0, CENTRES, items)
    stores = np.sort(rng.random((items, STORES)).argsort(axis=1)[:, : SITES_AN_ITEM - 1], axis=1) + CENTRES
    site = np.concatenate([centre[:, None], stores], axis=1)
    cost = np.round(rng.lognormal(2.5, 0.7, items) + 1, 2)
    item_sites = _item_sites(rng, site, site_ids, cost)
    moves = _moves(rng, item_sites, items, cost, multiple)
    problem = Problem(PLAN_DATE, 1, True, _release(least_gain), item_sites, moves, pd.DataFrame(), ())
    return World(problem, np.round(rng.uniform(0.2, 4.0, items), 2))


def _release(least_gain: float) -> Release:
    return Release(
        name="benchmark",
        forecast=ForecastRules(candidates={}),
        targets=TargetRules(default_service_target={"A": 0.95, "B": 0.95, "C": 0.95}),
        guardrails=Guardrails(minimum_gain_amount=least_gain),
    )


def _item_sites(rng: np.random.Generator, site: np.ndarray, site_ids: tuple[str, ...], cost: np.ndarray) -> ItemSites:
    items, width = site.shape
    n = items * width
    item, unit_cost = np.repeat(np.arange(items), width), np.repeat(cost, width)
    is_centre = np.tile(np.arange(width) == 0, items)
    rate = np.where(is_centre, 0.0, rng.gamma(1.0, 2.0, n) + 0.05)
    time = np.arange(1, HORIZON + 1)
    mean = rate[:, None] * time
    spread = np.sqrt(mean * 1.5)
    stock = np.where(is_centre, 0, rng.poisson(rate * rng.uniform(0.0, 6.0, n)))
    total = np.repeat(rate.reshape(items, width).sum(axis=1), width)
    stock = np.where(is_centre, rng.poisson(total * rng.uniform(0.5, 4.0, n)), stock).astype(np.int64)
    zeros, endless = np.zeros(n, dtype=np.int64), np.full(n, UNLIMITED, dtype=np.int64)
    keep = np.where(is_centre, 0, np.ceil(rate)).astype(np.int64)
    return ItemSites(
        bucket_days=1,
        item_ids=tuple(f"i{k:06d}" for k in range(items)),
        site_ids=site_ids,
        item=item,
        site=site.ravel(),
        echelon=is_centre.astype(np.int64),
        has_demand=~is_centre,
        cross_dock=np.zeros(n, dtype=bool),
        parent=np.where(is_centre, -1, item * width),
        available=stock,
        incoming=zeros,
        base_stock=np.ceil(4 * rate).astype(np.int64),
        protection=keep,
        presentation=zeros,
        maximum=endless,
        owed=zeros,
        known_supply=np.repeat(stock[:, None], HORIZON, axis=1),
        holding_cost=unit_cost * 0.005,
        shortage_cost=unit_cost * np.repeat(rng.uniform(0.3, 1.0, items), width),
        unit_cost=unit_cost,
        protection_mean=rate * 3,
        review_buckets=np.ones(n, dtype=np.int64),
        shelf_life_days=endless,
        first_expiry=np.full(n, np.datetime64("NaT", "D")),
        lifecycle=np.full(n, "active", dtype=object),
        is_sensitive=np.zeros(n, dtype=bool),
        outbound_held=np.zeros(n, dtype=bool),
        handed_over=np.zeros(n, dtype=bool),
        erp_orders=np.zeros(n, dtype=bool),
        last_receipt=np.full(n, np.datetime64("NaT", "D")),
        mean=mean,
        std=spread,
        quantiles=_quantiles(mean, spread),
        correlation=np.zeros(n),
        protection_demand=Protection(
            zeros - 1, zeros - 1, np.zeros(n), np.zeros(n), np.zeros((n, len(INTERVAL_COLUMNS)))
        ),
    )


def _quantiles(mean: np.ndarray, spread: np.ndarray) -> np.ndarray:
    """Return quantiles of gamma demand; nought where nobody asks."""
    asked = np.maximum(mean, 1e-9)
    shape = (asked / np.maximum(spread, 1e-9)) ** 2
    values = gamma.ppf(np.array(QUANTILE_LEVELS), shape[..., None], scale=(asked / shape)[..., None])
    return np.where(mean[..., None] > 0, values, 0.0)


def _moves(rng: np.random.Generator, item_sites: ItemSites, items: int, cost: np.ndarray, multiple: int) -> Moves:
    """Return purchases by centres, deliveries to stores, and laterals between near stores of an item."""
    width, n = SITES_AN_ITEM, len(item_sites)
    row = np.arange(n).reshape(items, width)
    supplier = np.array([f"p{k}" for k in range(SUPPLIERS)], dtype=object)[rng.integers(0, SUPPLIERS, items)]
    sites = np.array(item_sites.site_ids, dtype=object)
    buy = pd.DataFrame({"kind": "purchase", "origin": -1, "destination": row[:, 0], "source_id": supplier,
                        "mode": "supplier", "lead": 2, "price": cost, "transport": 0.0,
                        "multiple": multiple})  # fmt: skip
    down = pd.DataFrame(
        {"kind": "transfer", "origin": np.repeat(row[:, 0], width - 1), "destination": row[:, 1:].ravel()}
    )
    across = pd.DataFrame(
        {
            "kind": "transfer",
            "origin": np.repeat(row[:, 1:].ravel(), LATERALS),
            "destination": np.stack([np.roll(row[:, 1:], -k, axis=1) for k in range(1, LATERALS + 1)], axis=2).ravel(),
        }
    )
    handling = np.repeat(rng.uniform(0.05, 0.4, items), width)
    for table, dearer in ((down, 1.0), (across, 2.0)):
        table["source_id"] = sites[item_sites.site[table["origin"]]]
        table["transport"] = np.round(dearer * handling[table["destination"]], 3)
        table["mode"], table["lead"], table["price"], table["multiple"] = "van", 1, 0.0, 1
    down["lateral"], across["lateral"], buy["lateral"] = False, True, False
    table = pd.concat(
        [
            part.assign(bucket=t, arrival=t + part["lead"])
            for part, last in ((buy, HORIZON), (down, HORIZON), (across, 3))
            for t in range(last)
        ],
        ignore_index=True,
    )
    table = table[table["arrival"] < HORIZON]
    table["item"] = item_sites.item[table["destination"]]
    order = ["item", "bucket", "kind", "source_id", "destination", "mode"]
    table = table.sort_values(order, kind="stable", ignore_index=True)
    m, origin = len(table), table["origin"].to_numpy(np.int64)
    start = np.datetime64(PLAN_DATE, "D")
    held = np.where(origin >= 0, item_sites.holding_cost[origin] * table["lead"].to_numpy(), 0.0)
    return Moves(
        kind=table["kind"].to_numpy(object), origin=origin, destination=table["destination"].to_numpy(np.int64),
        source_id=table["source_id"].to_numpy(object), mode=table["mode"].to_numpy(object),
        bucket=table["bucket"].to_numpy(np.int64), arrival=table["arrival"].to_numpy(np.int64),
        departure=start + table["bucket"].to_numpy().astype("timedelta64[D]"),
        arrival_date=start + table["arrival"].to_numpy().astype("timedelta64[D]"),
        price=table["price"].to_numpy(np.float64), transport=table["transport"].to_numpy(np.float64),
        spread=np.zeros(len(table)), under_way=held,
        early=np.zeros(m),
        minimum=np.zeros(m, dtype=np.int64), multiple=table["multiple"].to_numpy(np.int64),
        capacity=np.full(m, UNLIMITED, dtype=np.int64), lateral=table["lateral"].to_numpy(bool),
        blocked=np.zeros(m, dtype=np.int64), announced=np.zeros(m, dtype=np.int64),
    )  # fmt: skip


def trucked(made: World, cost: float, seed: int) -> World:
    """Return the world with trucks from every centre to every store that cost about ``cost`` each, whatever they carry.

    A truck takes what a store gets in two days. Units decide by the share of one filled by half.
    """
    rng = np.random.default_rng(seed)
    moves, item_sites = made.problem.moves, made.problem.item_sites
    weight = made.weight[item_sites.item[moves.destination]]
    down = moves.is_transfer & ~moves.lateral
    of_lane = item_sites.site[moves.origin] * len(item_sites.site_ids) + item_sites.site[moves.destination]
    lanes, place = np.unique(of_lane[down], return_inverse=True)
    row = np.full(len(moves), -1)
    row[down] = place
    asked = np.bincount(place, weights=(weight * item_sites.mean[moves.destination, 0])[down]) / HORIZON
    truck = np.ceil(2 * asked) + 1
    price = np.round(cost * rng.uniform(0.5, 2.0, len(lanes)), 2)
    share = np.where(down, 2 * price[row] * weight / truck[row], 0.0)
    today = down & (moves.bucket == 0)
    later = moves.transport + np.where(today, 0.0, share)
    sites = item_sites.site_ids
    ends = [(sites[lane // len(sites)], sites[lane % len(sites)]) for lane in lanes]
    none, nothing = np.zeros(len(lanes), dtype=np.int64), np.zeros((len(lanes), 2))
    departures = Departures(
        tuple(f"departure {origin} > {to} van" for origin, to in ends), price, none + 3,
        np.stack([truck, np.full(len(lanes), np.inf)], axis=1), np.ones(len(lanes), dtype=bool),
        np.where(today, row, -1), np.stack([weight, np.zeros(len(moves))], axis=1), np.where(today, share, 0.0),
        nothing, none, nothing[:, 0], np.full(len(lanes), ASSUMED_FILL),
    )  # fmt: skip
    priced = replace(moves, transport=later, spread=np.where(today, share, 0.0))
    return World(replace(made.problem, moves=priced, departures=departures), made.weight)


def shared(made: World, units: np.ndarray, count: int, tightness: float) -> Limits:
    """Return the ``count`` limits that free plans use most of their kind, at a share of that use.

    Kinds take turns: weight of lanes from centres a departure, units into stores and out of centres
    a day, units a supplier delivers a day, money a day.
    """
    moves, item_sites = made.problem.moves, made.problem.item_sites
    to = np.array(item_sites.site_ids, dtype=object)[item_sites.site[moves.destination]]
    bought, day = ~moves.is_transfer, moves.bucket.astype(str).astype(object)
    weight = made.weight[item_sites.item[moves.destination]]
    one, lane = np.ones(len(moves)), moves.source_id + " " + to
    tables = [
        _groups("lane_weight", "lane " + lane + " " + day, moves.is_transfer & ~moves.lateral, weight),
        _groups("dock_in", "dock in " + to + " " + moves.arrival.astype(str).astype(object), ~bought, one),
        _groups("dock_out", "dock out " + moves.source_id + " " + day, ~bought & ~moves.lateral, one),
        _groups("supplier_capacity", "supplier " + moves.source_id + " " + day, bought, one),
        _groups("budget", "budget " + day, bought, moves.price),
    ]
    entries = pd.concat(tables, ignore_index=True)
    entries["used"] = entries["use"] * units[entries["move"]]
    used = entries.groupby(["kind", "name"], sort=True)["used"].sum().reset_index()
    used["rank"] = used.groupby("kind")["used"].rank(method="first", ascending=False)
    chosen = used[used["used"] > 0].sort_values(["rank", "kind"], kind="stable").head(count)
    place = pd.Series(np.arange(len(chosen)), index=chosen["name"].to_numpy())
    entries = entries[entries["name"].isin(place.index)]
    use = csr_array(
        (entries["use"].to_numpy(), (place[entries["name"]].to_numpy(), entries["move"].to_numpy())),
        shape=(len(chosen), len(moves)),
    )
    room = np.round(chosen["used"].to_numpy() * tightness, 2)
    return Limits(tuple(chosen["name"]), tuple(chosen["kind"]), room, np.zeros(len(chosen)), use)


def _groups(kind: str, name: np.ndarray, on: np.ndarray, use: np.ndarray) -> pd.DataFrame:
    move = np.flatnonzero(on)
    return pd.DataFrame({"kind": kind, "name": name[move], "move": move, "use": use[move]})
