"""The limits that feeds and the policy state, as rows over moves: a capacity becomes one row a date.

Each kind is one function, its inequality in the docstring; symbols as in ``kinds``. Limits are
named by what they hold and the date on which they do. Not here: single rows by hand (``kinds``).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from assets.policy.release import SharedLimits
from assets.rebalancing.item_sites import Floats, Ints
from assets.rebalancing.market.limits import Limits, no_limits, together
from assets.rebalancing.market.stage import Rows, Stage, of_sites, ordered_before, period_name
from assets.rebalancing.snapshot import Snapshot


def stated_limits(stage: Stage, snapshot: Snapshot, rules: SharedLimits, held: pd.DataFrame) -> Limits:
    """Return every limit that something states and some move uses.

    Parameters
    ----------
    stage : Stage
        What is planned.
    snapshot : Snapshot
        Checked.
    rules : SharedLimits
        Of the policy release.
    held : DataFrame
        Item-sites that verdicts leave out: what lies there takes room all the same.
    """
    items = snapshot.items.set_index("item_id")
    ordered = ordered_before(stage, snapshot)
    weight, volume = items["weight_kg_per_unit"], items["volume_m3_per_unit"]
    return together(
        [
            _lanes(stage, snapshot.lanes, "capacity_kg", "lane_weight", stage.per_item(weight)),
            _lanes(stage, snapshot.lanes, "capacity_m3", "lane_volume", stage.per_item(volume)),
            docks_in(stage, snapshot.sites, snapshot.scheduled_receipts),
            docks_out(stage, snapshot.sites),
            storage(stage, snapshot.sites, volume, held),
            supplier_capacity(stage, snapshot.sourcing, ordered),
            item_capacity(stage, snapshot.sourcing, ordered),
            purchase_budget(stage, rules, ordered),
        ]
    )


def _lanes(stage: Stage, lanes: pd.DataFrame, column: str, kind: str, per_item: Floats) -> Limits:
    """``sum_j weight[i(j)] q[j] <= capacity`` (or volume) over transfers of a lane and mode that leave in a bucket.

    Whatever leaves in a bucket leaves by its first departure.
    """
    stated = lanes.loc[lanes[column].notna(), ["origin_id", "destination_id", "mode", column]]
    moves = stage.moves
    if stated.empty:
        return no_limits(len(moves))
    asked = pd.DataFrame({"origin_id": moves.source_id, "destination_id": stage.destination, "mode": moves.mode})
    lane = asked.merge(stated.reset_index(drop=True).reset_index(), how="left")["index"].to_numpy(np.float64)
    on = np.flatnonzero(stage.free & moves.is_transfer & ~np.isnan(lane))
    rows = Rows.of(lane[on].astype(np.int64), moves.bucket[on])
    departure = moves.departure[on][rows.first]
    known = stated.to_numpy(object)[rows.subject]
    name = kind.replace("_", " ")
    names = [(f"{name} {' > '.join(lane[:3])}", str(day)) for lane, day in zip(known, departure, strict=True)]
    return rows.limits(stage, kind, names, known[:, 3].astype(np.float64), on, stage.of_moves(per_item)[on])


def docks_in(stage: Stage, sites: pd.DataFrame, receipts: pd.DataFrame) -> Limits:
    """``scheduled receipts + sum_j q[j] <= capacity`` over moves of any kind that reach a site in a bucket."""
    moves, days = stage.moves, stage.item_sites.bucket_days
    site, capacity = of_sites(stage, sites, "dock_in_units_per_day")
    if (site < 0).all():
        return no_limits(len(moves))
    on = np.flatnonzero(stage.free & (site[stage.item_sites.site[moves.destination]] >= 0))
    rows = Rows.of(site[stage.item_sites.site[moves.destination[on]]], moves.arrival[on])
    late = (pd.to_datetime(receipts["expected_date"]) - pd.Timestamp(stage.plan_date)).dt.days
    bucket = np.maximum(0, -(-late // days))
    due = receipts["receipt_units"].groupby([receipts["site_id"], bucket]).sum()
    keys = [(stage.item_sites.site_ids[s], b) for s, b in zip(rows.subject, rows.bucket, strict=True)]
    fixed = due.reindex(pd.MultiIndex.from_tuples(keys, names=due.index.names)).fillna(0.0) if keys else due[:0]
    names = [(f"dock in {s}", str(stage.date(b))) for s, b in keys]
    one = np.ones(len(on))
    return rows.limits(
        stage, "dock_in", names, capacity[rows.subject] * days, on, one, fixed.to_numpy(np.float64)
    )  # fmt: skip


def docks_out(stage: Stage, sites: pd.DataFrame) -> Limits:
    """``sum_j q[j] <= capacity`` over transfers that leave a site in a bucket."""
    moves, days = stage.moves, stage.item_sites.bucket_days
    site, capacity = of_sites(stage, sites, "dock_out_units_per_day")
    if (site < 0).all():
        return no_limits(len(moves))
    origin = np.where(moves.is_transfer, site[stage.item_sites.site[np.maximum(moves.origin, 0)]], -1)
    on = np.flatnonzero(stage.free & (origin >= 0))
    rows = Rows.of(origin[on], moves.bucket[on])
    names = [(f"dock out {stage.item_sites.site_ids[s]}", str(stage.date(b))) for s, b in rows.pairs]
    return rows.limits(stage, "dock_out", names, capacity[rows.subject] * days, on, np.ones(len(on)))


def storage(stage: Stage, sites: pd.DataFrame, volume: pd.Series[float], held: pd.DataFrame) -> Limits:
    """``sum_i volume[i] expected stock[i] + sum_j volume[i(j)] (in - out) q[j] <= room`` at the end of a bucket.

    Expected stock is that of ``Stage.expected_stock`` and what lies in item-sites that are left
    out; in counts what has arrived by then, out what has left. What an item sells beyond what it
    has is taken off what comes in, so that a room may turn over more than it holds; should it get
    less than it sells, its share of the room counts as free for others, as a linear limit must.
    """
    item_sites, moves, horizon = stage.item_sites, stage.moves, stage.item_sites.horizon
    site, capacity = of_sites(stage, sites, "storage_m3")
    if (site < 0).all():
        return no_limits(len(moves))
    per_item = stage.per_item(volume)
    into = site[item_sites.site[moves.destination]]
    out = np.where(moves.is_transfer, site[item_sites.site[np.maximum(moves.origin, 0)]], -1)
    one = np.flatnonzero(stage.free & (into >= 0)), np.flatnonzero(stage.free & (out >= 0))
    move = np.concatenate(one)
    start = np.concatenate([moves.arrival[one[0]], moves.bucket[one[1]]])
    sign = np.repeat([1.0, -1.0], [len(one[0]), len(one[1])])
    entry = np.repeat(np.arange(len(move)), horizon - start)
    bucket = horizon - 1 - _countdown(horizon - start)
    rows = Rows.of(np.concatenate([into[one[0]], out[one[1]]])[entry], bucket)
    stock = stage.expected_stock * per_item[item_sites.item][:, None]
    there = np.zeros((len(item_sites.site_ids), horizon))
    np.add.at(there, item_sites.site, stock)
    aside = held["available_units"].astype("float64") * held["item_id"].map(volume).fillna(0.0)
    besides = aside.groupby(held["site_id"]).sum().reindex(list(item_sites.site_ids)).fillna(0.0)
    fixed: Floats = there[rows.subject, rows.bucket] + np.asarray(besides, dtype=np.float64)[rows.subject]
    names = [(f"storage {item_sites.site_ids[s]}", str(stage.date(b))) for s, b in rows.pairs]
    use = (sign * stage.of_moves(per_item)[move])[entry]
    return rows.limits(stage, "storage", names, capacity[rows.subject], move[entry], use, fixed)


def supplier_capacity(stage: Stage, sourcing: pd.DataFrame, ordered: pd.DataFrame) -> Limits:
    """``ordered before + sum_j q[j] <= capacity a day * days`` over purchases from a supplier in a period.

    All items count. A period is as long as the longest review of the item-sites that it serves:
    what is ordered on one day has until the next to be shipped. Periods are counted from a Monday
    long past: weeks start on Mondays, and plan dates within one share what it holds.
    """
    stated = sourcing.groupby("supplier_id")["supplier_capacity_units_per_day"].min().dropna().astype("float64")
    return _capacities(
        stage, "supplier capacity", stated, pd.Index(stage.moves.source_id), pd.Index(ordered["source_id"]), ordered
    )


def item_capacity(stage: Stage, sourcing: pd.DataFrame, ordered: pd.DataFrame) -> Limits:
    """``ordered before + sum_j q[j] <= capacity a day * days`` over purchases of an item from a supplier in a period.

    Over all sites that buy it there, where several do and all are limited: what it can ship of an
    item is there once. Of different figures the largest holds for all. Periods as of a supplier.
    """
    terms = sourcing.groupby(["supplier_id", "item_id"])
    stated = terms["capacity_units_per_day"].max().astype("float64")
    everywhere = terms["capacity_units_per_day"].count() == terms.size()
    stated = stated.loc[everywhere & (terms["site_id"].nunique() > 1)]
    items = np.array(stage.item_sites.item_ids, dtype=object)[stage.item_sites.item[stage.moves.destination]]
    bought = pd.MultiIndex.from_arrays([stage.moves.source_id, items])
    before = pd.MultiIndex.from_frame(ordered[["source_id", "item_id"]])
    return _capacities(stage, "item capacity", stated, bought, before, ordered)


def _capacities(
    stage: Stage,
    what: str,
    stated: pd.Series[float],
    of_moves: pd.Index[Any],
    of_orders: pd.Index[Any],
    ordered: pd.DataFrame,
) -> Limits:
    """Return the limits of what suppliers ship a day, by the keys of what is stated, of moves and of orders before."""
    moves = stage.moves
    if stated.empty:
        return no_limits(len(moves))
    place = stated.index.get_indexer(of_moves)
    on = np.flatnonzero(stage.free & ~moves.is_transfer & (place >= 0))
    longest = np.ones(len(stated), dtype=np.int64)
    np.maximum.at(longest, place[on], stage.item_sites.review_buckets[moves.destination[on]])
    longest *= stage.item_sites.bucket_days
    rows = Rows.of(place[on], stage.periods(moves.bucket[on], longest[place[on]]))
    days = longest[rows.subject]
    told = [f"{what} {key if isinstance(key, str) else ' > '.join(key)}" for key in stated.index]
    names = [(told[s], period_name(p, d)) for (s, p), d in zip(rows.pairs, days, strict=True)]
    most: Floats = np.asarray(stated, dtype=np.float64)[rows.subject] * days
    known = stated.index.get_indexer(of_orders)
    fixed = rows.in_periods(stage, known[known >= 0], ordered.loc[known >= 0], longest, "open_units")
    return rows.limits(stage, "supplier_capacity", names, most, on, np.ones(len(on)), fixed)


def purchase_budget(stage: Stage, rules: SharedLimits, ordered: pd.DataFrame) -> Limits:
    """``ordered before + sum_j price[j] q[j] <= budget`` over purchases ordered in a period.

    Periods are counted as those of suppliers are.
    """
    moves = stage.moves
    if rules.purchase_budget_amount is None:
        return no_limits(len(moves))
    bucket = stage.item_sites.bucket_days
    days = np.array([max(1, -(-rules.budget_days // bucket)) * bucket])
    on = np.flatnonzero(stage.free & ~moves.is_transfer)
    rows = Rows.of(np.zeros(len(on), dtype=np.int64), stage.periods(moves.bucket[on], days))
    names = [("purchase budget", period_name(p, int(days[0]))) for p in rows.bucket.tolist()]
    most = np.full(len(names), rules.purchase_budget_amount)
    fixed = rows.in_periods(stage, np.zeros(len(ordered), dtype=np.int64), ordered, days, "open_amount")
    return rows.limits(stage, "budget", names, most, on, moves.price[on], fixed)


def limit_faults(limits: Limits) -> list[str]:
    """Return what is wrong with stated limits and how it is relaxed, one sentence a kind and subject."""
    told: dict[str, list[str]] = {}
    over = dict(zip(limits.names, (limits.fixed - limits.capacity).tolist(), strict=True))
    most: dict[str, float] = {}
    subjects = dict(zip(limits.names, limits.families, strict=True))
    for fault in limits.consistency(limits.use.shape[1]):
        name, what = fault.rsplit(": ", 1)
        date = name.removeprefix(subjects[name]).split()[0]
        told.setdefault(f"{subjects[name]}: {what}", []).append(date)
        if "exceeded" in what:
            most[f"{subjects[name]}: {what}"] = max(over[name], most.get(f"{subjects[name]}: {what}", 0.0))
    # What lies over stays for nothing: only what would come in beside it has a price.
    return [
        f"{what}{'' if ';' in what else '; nothing is let in'} ({len(dates)} dates, first {min(dates)}"
        f"{f', by {most[what]:.2f} at most, 0.00 each' if what in most else ''})"
        for what, dates in sorted(told.items())
    ]


def _countdown(counts: Ints) -> Ints:
    """Return counts[0]-1..0, counts[1]-1..0 and so on.

    >>> import numpy as np
    >>> _countdown(np.array([2, 3])).tolist()
    [1, 0, 2, 1, 0]
    """
    ends = np.cumsum(counts)
    return np.repeat(ends, counts) - 1 - np.arange(int(ends[-1]) if len(ends) else 0)
