"""What supply is worth: convex piecewise-linear curves of cumulative supply, in segments.

One curve per item-site and bucket, and one for what is left at the end of the horizon. The
slope of a segment is what one more unit of cumulative supply costs there, split into holding,
shortage and purchase. Not here: moves, and how demand is projected (``projection``).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from assets.policy.release import Objective
from assets.rebalancing import distribution, reserve
from assets.rebalancing.distribution import LEVELS
from assets.rebalancing.item_sites import UNLIMITED, Flags, Floats, Ints, ItemSites
from assets.rebalancing.projection import Projection

FINE = (0.05, 0.2, 0.4, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0)
"""Levels of demand at which a curve of the protection interval breaks."""

COARSE = (0.5, 0.8, 0.95, 0.99, 1.0)
"""The same for later buckets."""

GAP = (0.2, 0.5, 0.8, 0.95, 1.0)
"""The same of what is lost before the first arrival, beside ``COARSE`` levels of demand."""

AT_END = (0.0, 0.2, 0.5, 0.8, 1.0)
"""The same for what is left at the end of the horizon."""

PRESENTATION_SHARE = 0.5
"""Share of the shortage price that a unit missing on the shelf is charged."""

END_STEPS = 3
"""Steps in which the value of stock left at the end declines."""


@dataclass(frozen=True)
class Curves:
    """Convex curves by row (item-site) and bucket 0..T, where T stands for the end.

    Attributes
    ----------
    row, bucket, width : int array, shape (k,)
        Segments, in order within (row, bucket); the last of each is unlimited.
    holding, shortage, purchase : float array, shape (k,)
        Currency per unit along the segment.
    base_holding, base_shortage, base_purchase : float array, shape (n,)
        Cost at no supply at all. That of purchases includes the landed value of the stock there
        is and under way, so that with what is bought and left it reads "purchases plus the fall
        in the value of stock".
    error_bound : float
        Most by which a segment lies above the exact curve, in currency.
    """

    row: Ints
    bucket: Ints
    width: Ints
    holding: Floats
    shortage: Floats
    purchase: Floats
    base_holding: Floats
    base_shortage: Floats
    base_purchase: Floats
    error_bound: float

    @cached_property
    def slope(self) -> Floats:
        """Currency per unit along the segment, all parts together."""
        return self.holding + self.shortage + self.purchase

    @cached_property
    def _key(self) -> Ints:
        return self.row * (int(self.bucket.max(initial=0)) + 1) + self.bucket

    def cost_at(self, row: Ints, bucket: Ints, supply: Ints) -> Floats:
        """Return the cost of curves at a supply, less their cost at none, in currency.

        Parameters
        ----------
        row, bucket, supply : int array, shape (q,)
            Which curves, and where on them.
        """
        buckets = int(self.bucket.max(initial=0)) + 1
        first = np.searchsorted(self._key, row * buckets + bucket)
        count = np.searchsorted(self._key, row * buckets + bucket, side="right") - first
        asked = np.repeat(np.arange(len(row)), count)
        segment = np.arange(len(asked)) - np.repeat(np.cumsum(count) - count, count) + first[asked]
        start = self.starts[segment]
        used = np.clip(supply[asked] - start, 0, self.width[segment])
        return np.bincount(asked, weights=used * self.slope[segment], minlength=len(row)).astype(np.float64)

    @cached_property
    def starts(self) -> Ints:
        """Supply at which each segment begins."""
        ends = np.cumsum(self.width)
        first = np.flatnonzero(np.diff(self.row, prepend=-1) | np.diff(self.bucket, prepend=-1))
        offset = np.repeat((ends - self.width)[first], np.diff(np.append(first, len(ends))))
        return np.asarray(ends - self.width - offset)


def build_curves(
    item_sites: ItemSites,
    projection: Projection,
    end_value: Floats,
    dearer: Floats,
    objective: Objective,
    held_back: Ints,
) -> Curves:
    """Build every curve of the plan.

    Parameters
    ----------
    item_sites : ItemSites
        n of them, T buckets.
    projection : Projection
        Their demand.
    end_value : float array, shape (n,)
        Landed replacement cost of a unit.
    dearer : float array, shape (n,)
        What the usual way costs above that.
    objective : Objective
        Weights of the release.
    held_back : int array, shape (n, T)
        What a cross-dock cannot help holding.

    Notes
    -----
    A bucket costs ``h E[(x - D)+] + p E[(D - x)+]``; where the shelf must show m units, half
    of p is charged against D + m instead of D. Before the first arrival D is what is lost by then,
    and p is less by what the usual way costs above landed cost: cumulative supply keeps a unit that
    was sold in time, which an order must replace. What is left at the end is worth its landed
    replacement cost less the holding until it would sell, never less than nothing; a unit
    owed costs its replacement. A unit that a cross-dock still has though it could have left
    costs its landed value a bucket, and has none at the end.
    """
    price = item_sites.shortage_cost * objective.shortage_weight
    pooled = reserve.pool_demand(item_sites, objective.shortage_weight)
    meets = (item_sites.has_demand | (item_sites.echelon == 0)) & ~item_sites.cross_dock
    parts = [
        _bucket_curves(item_sites, projection, price, dearer, meets),
        _end_curves(item_sites, projection, end_value, meets, objective.end_value_share),
        *_reserve_curves(item_sites, pooled, end_value, ~meets & ~item_sites.cross_dock, objective),
        *_cross_dock_curves(item_sites, end_value, held_back),
    ]
    curves = _join(parts, item_sites)
    return replace(curves, base_purchase=curves.base_purchase + end_value * item_sites.known_supply[:, -1])


@dataclass(frozen=True)
class Part:
    """Curves of some rows at once: breakpoints (R, B) and each part's cost there (R, B)."""

    row: Ints
    bucket: Ints
    at: Ints
    holding: Floats
    shortage: Floats
    purchase: Floats
    error: float
    dear: Floats | None = None
    """Holding beyond the last breakpoint, per unit (R,), where it is not the site's rate."""


def _breakpoints(at: Floats, levels: tuple[float, ...]) -> Ints:
    """Return whole units at which distributions reach ``levels``, shape (R, len(levels))."""
    columns = np.searchsorted(LEVELS, np.array(levels) - 1e-9)
    return np.ceil(at[:, columns] - 1e-9).astype(np.int64)


def _bucket_curves(item_sites: ItemSites, projection: Projection, price: Floats, dearer: Floats, meets: Flags) -> Part:
    n, horizon = projection.weight.shape
    row, bucket = (a.ravel() for a in np.meshgrid(np.arange(n), np.arange(horizon), indexing="ij"))
    wanted = meets[row]
    row, bucket = row[wanted], bucket[wanted]
    demand = projection.knots[row, bucket]
    show = item_sites.presentation[row][:, None]
    fine, coarse = _breakpoints(demand, FINE), _breakpoints(demand, COARSE)
    coarse = np.concatenate([coarse, np.repeat(coarse[:, -1:], len(FINE) - len(COARSE), axis=1)], axis=1)
    early = np.flatnonzero(projection.early[row, bucket])
    missed = projection.gap[row[early]] + item_sites.known_supply[row[early], bucket[early], None]
    points = np.where(projection.full[row, bucket][:, None], fine, coarse)
    gaps = np.maximum(0, _breakpoints(missed, GAP))
    points[early] = np.concatenate([coarse[early, : len(COARSE)], gaps], axis=1)
    if show.any():
        points = np.concatenate([points, coarse + show], axis=1)
    at = np.sort(np.concatenate([np.zeros((len(row), 1), np.int64), points], axis=1), axis=1)
    price = np.where(projection.early[row, bucket], np.maximum(0.0, price - dearer)[row], price[row])
    charged = (price * projection.weight[row, bucket])[:, None]
    held = item_sites.holding_cost[row][:, None]
    shelf = np.where(show > 0, PRESENTATION_SHARE * charged, 0.0)
    excess, level = distribution.integrated(demand, at.astype(float))
    # Before the first arrival a unit is lost against what is missed, and held against demand.
    lost, level_lost = demand.copy(), level.copy()
    lost[early] = missed
    excess_lost = excess.copy()
    excess_lost[early], level_lost[early] = distribution.integrated(missed, at[early].astype(float))
    mean = distribution.mean(lost)[:, None]
    short = (charged - shelf) * (mean - at + excess_lost)
    if show.any():
        short += shelf * (mean + show - at + distribution.expected_excess(lost, (at - show).astype(float)))
    error = _error_bound(at, held * level + charged * level_lost)
    return Part(row, bucket, at, held * excess, short, np.zeros_like(excess), error)


def _error_bound(at: Ints, derivative: Floats) -> float:
    """Return the most by which chords exceed the curve: a quarter of width times change of slope.

    Between neighbouring units nothing is interpolated.
    """
    width = np.diff(at, axis=1)
    error = np.where(width > 1, width * np.abs(np.diff(derivative, axis=1)) / 4, 0.0)
    return float(error.max(initial=0.0))


def useful_units(item_sites: ItemSites, rate: Floats, end_value: Floats) -> Floats:
    """Return units that the end can value at each step of the decline, shape (n, END_STEPS).

    A unit that sells k / rate buckets after the end has cost that much holding: its value
    falls from the end value to nothing at ``rate * end value / h``, or where it expires.
    """
    free = np.where(item_sites.holding_cost > 0, item_sites.holding_cost, 1e-9)
    steps = (np.arange(END_STEPS) + 0.5) / END_STEPS
    span = rate * end_value / free
    return np.minimum(span[:, None] * steps, np.minimum(1e9, rate * _sellable_buckets(item_sites))[:, None])


def _sellable_buckets(item_sites: ItemSites) -> Floats:
    """Return for how many buckets after the end stock can still be sold."""
    dies = (item_sites.lifecycle == "delisted") | (item_sites.lifecycle == "ending")
    keeps = item_sites.shelf_life_days // item_sites.bucket_days
    return np.where(dies, 0, keeps).astype(np.float64)


def _end_curves(item_sites: ItemSites, projection: Projection, end_value: Floats, meets: Flags, share: float) -> Part:
    row = np.flatnonzero(meets)
    demand = projection.knots[row, -1]
    rate = item_sites.mean[:, -1] / item_sites.horizon
    useful = np.round(useful_units(item_sites, rate, end_value)[row]).astype(np.int64)
    shifts = np.concatenate([np.zeros((len(row), 1), np.int64), useful], axis=1)
    weights = np.array([1.0 - share, *[share / END_STEPS] * END_STEPS])
    base = _breakpoints(demand, AT_END)
    points = (base[:, None, :] + shifts[:, :, None]).reshape(len(row), shifts.shape[1] * base.shape[1])
    at = np.sort(np.concatenate([np.zeros((len(row), 1), np.int64), points], axis=1), axis=1)
    mean = distribution.mean(demand)[:, None]
    value = end_value[row][:, None]
    cost, slope = np.zeros(at.shape), np.zeros(at.shape)
    for k, weight in enumerate(weights):
        shift = shifts[:, k : k + 1]
        beyond = (at - shift).astype(np.float64)
        # What is useful beyond the end is credited, not owed: E[(D + m - x)+] - m.
        excess, level = distribution.integrated(demand, beyond)
        cost += weight * value * (mean - at + excess)
        slope += weight * value * level
    zeros = np.zeros(at.shape)
    return Part(row, np.full(len(row), item_sites.horizon), at, zeros, zeros, cost, _error_bound(at, slope))


def _reserve_curves(
    item_sites: ItemSites, pooled: reserve.Pool, end_value: Floats, serves: Flags, objective: Objective
) -> list[Part]:
    """Return the curves of sites that serve others: holding, what the reserve falls short of its most, and the end."""
    row, horizon = np.flatnonzero(serves), item_sites.horizon
    rows, bucket = np.repeat(row, horizon), np.tile(np.arange(horizon), len(row))
    at, worth, error = reserve.curve(pooled, rows, bucket)
    held = item_sites.holding_cost[rows][:, None] * at
    missing = worth[:, -1:] - worth
    now = Part(rows, bucket, at, held, missing, np.zeros(at.shape), error)
    steps = np.round(useful_units(item_sites, pooled.rate, end_value)[row]).astype(np.int64)
    end = np.sort(np.concatenate([np.zeros((len(row), 1), np.int64), steps], axis=1), axis=1)
    # Steps are breakpoints, so that the credit is exact between them.
    usable = np.minimum(end[:, :, None], steps[:, None, :]).sum(axis=2)
    credit = end_value[row][:, None] * usable * (objective.end_value_share / END_STEPS)
    zeros = np.zeros(end.shape)
    return [now, Part(row, np.full(len(row), horizon), end, zeros, zeros, -credit, 0.0)]


def _cross_dock_curves(item_sites: ItemSites, end_value: Floats, held_back: Ints) -> list[Part]:
    """Return the curves of cross-docks: what cannot leave is held, what could have is charged its landed value."""
    row, horizon = np.flatnonzero(item_sites.cross_dock), item_sites.horizon
    if not len(row):
        return []
    rows, bucket = np.repeat(row, horizon), np.tile(np.arange(horizon), len(row))
    at = np.stack([np.zeros(len(rows), np.int64), held_back[rows, bucket]], axis=1)
    rate, zeros = item_sites.holding_cost[rows], np.zeros(at.shape)
    kept = Part(rows, bucket, at, rate[:, None] * at, zeros, zeros, 0.0, rate + end_value[rows])
    nothing = np.zeros((len(row), 1))
    end = Part(row, np.full(len(row), horizon), nothing.astype(np.int64), nothing, nothing, nothing, 0.0)
    return [kept, end]


def _join(parts: list[Part], item_sites: ItemSites) -> Curves:
    """Turn costs at breakpoints into segments, sorted by row, bucket and supply."""
    n = len(item_sites)
    columns: dict[str, list[np.ndarray]] = {
        k: [] for k in ("row", "bucket", "order", "width", "holding", "shortage", "purchase")
    }
    base = {k: np.zeros(n) for k in ("holding", "shortage", "purchase")}
    for part in parts:
        width = np.diff(part.at, axis=1)
        for name in base:
            cost: Floats = getattr(part, name)
            slope = np.divide(np.diff(cost, axis=1), width, out=np.zeros(width.shape), where=width > 0)
            columns[name].append(np.concatenate([slope, _tail(part, name, item_sites)[:, None]], axis=1).ravel())
            np.add.at(base[name], part.row, cost[:, 0])
        full = np.concatenate([width, np.full((len(part.row), 1), UNLIMITED)], axis=1)
        columns["width"].append(full.ravel())
        columns["row"].append(np.repeat(part.row, full.shape[1]))
        columns["bucket"].append(np.repeat(part.bucket, full.shape[1]))
        columns["order"].append(np.tile(np.arange(full.shape[1]), len(part.row)))
    flat = {k: np.concatenate(v) for k, v in columns.items()}
    keep = np.flatnonzero(flat["width"] > 0)
    keep = keep[np.lexsort((flat["order"][keep], flat["bucket"][keep], flat["row"][keep]))]
    error = max((part.error for part in parts), default=0.0)
    cut = {k: values[keep] for k, values in flat.items()}
    return Curves(
        row=cut["row"],
        bucket=cut["bucket"],
        width=cut["width"],
        holding=cut["holding"],
        shortage=cut["shortage"],
        purchase=cut["purchase"],
        base_holding=base["holding"],
        base_shortage=base["shortage"],
        base_purchase=base["purchase"],
        error_bound=error,
    )


def _tail(part: Part, name: str, item_sites: ItemSites) -> Floats:
    """Return the slope beyond the last breakpoint: holding there, nothing else."""
    if name == "holding":
        if part.dear is not None:
            return part.dear
        return np.where(part.bucket < item_sites.horizon, item_sites.holding_cost[part.row], 0.0)
    return np.zeros(len(part.row))
