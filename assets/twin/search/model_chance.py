"""What nobody decides in a network, as the fast twin draws it: demand as forecast, lead times as learned.

Not here: ways (``model_ways``), or the sampler (``twin.fast``).
"""

from __future__ import annotations

from functools import cache

import numpy as np

from assets.inventory.demand_distributions.families import constant, gamma, negative_binomial
from assets.inventory.demand_distributions.lattice import Lattice
from assets.inventory.served_demand import per_bucket
from assets.inventory.situation import Situation
from assets.kernel.calendar import Bucket, PlanCalendar
from assets.twin.day import Ints
from assets.twin.fast.chance import Sampled
from assets.twin.fast.outcomes import Outcomes
from assets.twin.fast.streams import Purpose

CELLS = 256
MEAN_STEP, SPREAD_STEP = 0.01, 0.05
"""Distributions are shared between item-sites whose mean and spread are that near."""


def demand_of(known: Situation, calendar: PlanCalendar) -> Sampled:
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


@cache
def _law(mean_place: int, ratio_place: int) -> Lattice:
    if (mean_place, ratio_place) == _NOTHING:
        return constant(0)
    mean, ratio = (1 + MEAN_STEP) ** mean_place, (1 + SPREAD_STEP) ** ratio_place
    return negative_binomial(mean, mean * ratio) if ratio >= 1.0 else gamma(mean, mean * ratio)


def lead_times_of_ways(known: Situation) -> Sampled:
    """Return the lead times that were learned, in buckets; those of a lane or supplier are one table."""
    buckets = np.maximum(1, in_buckets(known.supply.days, known.calendar))
    rows, which = np.unique(np.hstack([buckets, np.round(known.supply.probability, 9)]), axis=0, return_inverse=True)
    width, laws = buckets.shape[1], []
    for one in rows:
        mass = np.bincount(one[:width].astype(np.int64), weights=one[width:])
        laws.append(Lattice(0, mass / mass.sum()))
    return Sampled(
        Outcomes.of(laws), which.reshape(-1, 1).astype(np.int64), np.arange(len(which)), 0, Purpose.LEAD_TIME
    )


def in_buckets(days: Ints, calendar: PlanCalendar) -> Ints:
    """Return whole buckets that so many days take."""
    return np.asarray(-(-days // calendar.bucket.days))
