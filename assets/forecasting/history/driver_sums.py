"""What demand on promoted, repriced and event buckets was, beside what level and season alone promised.

Here: sums over known buckets, by series. Not here: the effects that follow (``driver_effects``).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from assets.forecasting.history.arrays import Flags, Integers, Reals
from assets.forecasting.history.drivers import Drivers, carried_prices
from assets.forecasting.history.panel import SeriesPanel
from assets.forecasting.history.row_blocks import row_blocks
from assets.forecasting.history.seasonality import CLOSED_FACTOR, season_factors
from assets.forecasting.history.spikes import SPIKE_UNITS, cut_spikes
from assets.forecasting.history.windows import centred_level
from assets.kernel.calendar import Bucket

# Buckets around each whose quiet demand is its level: wider than a promotion, shorter than a season.
LEVEL_BUCKETS = {Bucket.DAY: 57, Bucket.WEEK: 17}
# A driven bucket counts as at most so many times what was expected, six times what any driver may do, and a few units.
MOST_DRIVEN = 60.0
# An event that takes more than this share of the past is a season, not an event.
LONGEST_SHARE = 0.25


@dataclass(frozen=True)
class DriverSums:
    """Sums over known buckets of ``n`` series; ``E`` events, ``T`` buckets.

    Attributes
    ----------
    promoted, promoted_expected : array (n,)
        Demand of promoted buckets without an event, and what was expected of them without either.
    promoted_buckets : array (n,)
        How many they are.
    known_buckets, unannounced_buckets : array (n,)
        Buckets whose whole demand is known while open, and how many of them were promoted without the
        calendar saying so.
    score, information : array (n,)
        Derivative of the log-likelihood of demand by its slope on log price, at a slope of 0 and outside
        promotions and events, and its expected curvature (Poisson).
    priced_buckets : array (n,)
        Buckets behind them, with another price than the mean around.
    event, event_expected : array (n, E)
        Demand of the event's days, and what was expected of these days without it.
    event_buckets : array (n, E)
        Buckets it touched.
    event_weight : array (E,)
        Squared shares of the distinct buckets it touched, added up.
    common_variance : float
        Variance of the network's demand over what was expected, by quiet bucket.
    dispersion : float
        Variance of a series' demand over its mean, in quiet buckets; at least 1.
    """

    promoted: Reals
    promoted_expected: Reals
    promoted_buckets: Integers
    known_buckets: Integers
    unannounced_buckets: Integers
    score: Reals
    information: Reals
    priced_buckets: Integers
    event: Reals
    event_expected: Reals
    event_buckets: Integers
    event_weight: Reals
    common_variance: float
    dispersion: float

    def take(self, rows: Integers) -> DriverSums:
        """Return the sums of some series; what is of the network stays that of all."""
        parts = {name: getattr(self, name)[rows] for name in _OF_SERIES}
        return replace(self, **parts)


_OF_SERIES = (
    "promoted", "promoted_expected", "promoted_buckets", "known_buckets", "unannounced_buckets", "score",
    "information", "priced_buckets", "event", "event_expected", "event_buckets",
)  # fmt: skip


@dataclass(frozen=True)
class _Block:
    """Cells of some series: demand, what was expected of it, and which of them tell."""

    demand: Reals
    expected: Reals
    known: Flags
    usable: Flags
    quiet: Flags
    promoted: Flags
    eventful: Flags


def driver_sums(panel: SeriesPanel, drivers: Drivers, recent: int | None = None) -> DriverSums:
    """Add up the demand of driven buckets and what quiet ones around them promise.

    The level of a bucket is the mean of the known buckets around it that nothing drove; its season is
    estimated without the driven ones.

    Parameters
    ----------
    panel, drivers : SeriesPanel, Drivers
        Of the same series.
    recent : int, optional
        Buckets before the end that count how often there are promotions which nobody announced: those that
        a level is told of; all without.
    """
    since = 0 if recent is None else max(0, panel.length - recent)
    shares = event_shares(drivers, panel.length)
    touched: Flags = np.any(shares > 0, axis=1)
    quiet = np.empty(panel.observed.shape, dtype=bool)
    for rows in row_blocks(panel.size):
        quiet[rows] = panel.observed[rows] & ~drivers.promoted[rows] & ~touched[drivers.announced.scope[rows]]
    factors = season_factors(replace(panel, observed=quiet, drivers=None))
    promoted, information = np.zeros((2, panel.size)), np.zeros((2, panel.size))
    counts = np.zeros((4, panel.size), dtype=np.int64)
    events = np.zeros((2, panel.size, shares.shape[1]))
    event_buckets = np.zeros((panel.size, shares.shape[1]), dtype=np.int64)
    network, errors = np.zeros((2, panel.length)), 0.0
    for rows in row_blocks(panel.size):
        scope = drivers.announced.scope[rows]
        block = _block(panel, drivers, rows, quiet[rows], factors[rows][:, panel.phase], touched[scope])
        promoted[:, rows], counts[0, rows] = _promoted(block)
        unannounced = block.promoted & ~drivers.announced.planned[rows, : panel.length]
        counts[2, rows] = block.known[:, since:].sum(axis=1)
        counts[3, rows] = (block.known & unannounced)[:, since:].sum(axis=1)
        if drivers.price is not None:
            information[:, rows], counts[1, rows] = _priced(block, drivers, rows, LEVEL_BUCKETS[panel.bucket])
        events[:, rows], event_buckets[rows] = _events(block, shares, scope)
        errors += float((np.where(block.quiet, block.demand - block.expected, 0.0) ** 2).sum())
        network += np.where(block.quiet, [block.demand, block.expected], 0.0).sum(axis=1)
    return DriverSums(
        promoted=promoted[0],
        promoted_expected=promoted[1],
        promoted_buckets=counts[0],
        known_buckets=counts[2],
        unannounced_buckets=counts[3],
        score=information[0],
        information=information[1],
        priced_buckets=counts[1],
        event=events[0],
        event_expected=events[1],
        event_buckets=event_buckets,
        event_weight=(shares.max(axis=0, initial=0.0) ** 2).sum(axis=1),
        common_variance=_variance(network[0], network[1]),
        dispersion=max(errors / max(float(network[1].sum()), 1.0), 1.0),
    )


def event_shares(drivers: Drivers, length: int) -> Reals:
    """Return the share that each event takes of the buckets of the past, shape (G, E, T); 0 for a season."""
    shares = drivers.announced.shares[:, :, :length].astype(np.float64)
    # A season where it touches too much, whatever group of sites it is of.
    season = (shares > 0).mean(axis=2).max(axis=0, initial=0.0) > LONGEST_SHARE if length else np.zeros(0, dtype=bool)
    if season.any():
        shares[:, season] = 0.0
    return shares


def _block(panel: SeriesPanel, drivers: Drivers, rows: slice, quiet: Flags, factor: Reals, eventful: Flags) -> _Block:
    demand, is_open = panel.demand[rows], factor >= CLOSED_FACTOR
    telling = quiet & is_open
    plain = demand / np.maximum(factor, CLOSED_FACTOR)
    quiet_demand = cut_spikes(plain, telling, panel.bucket)
    expected = centred_level(quiet_demand, telling, LEVEL_BUCKETS[panel.bucket]) * factor
    # A spike of one series would be how the whole network varies, or what a promotion does.
    most = np.where(quiet, quiet_demand * factor, MOST_DRIVEN * expected + SPIKE_UNITS)
    demand = np.minimum(demand, most)
    known = panel.observed[rows] & is_open
    usable = known & (expected > 0)
    return _Block(demand, expected, known, usable, telling & usable, drivers.promoted[rows], eventful)


def _promoted(block: _Block) -> tuple[Reals, Integers]:
    cells = block.usable & block.promoted & ~block.eventful
    sums = [np.where(cells, values, 0.0).sum(axis=1) for values in (block.demand, block.expected)]
    return np.stack(sums), cells.sum(axis=1)


def _priced(block: _Block, drivers: Drivers, rows: slice, width: int) -> tuple[Reals, Integers]:
    """Compare log prices and demand with their means around, so that a trend of both is no effect."""
    assert drivers.price is not None
    price = carried_prices(drivers.price[rows], ~block.promoted).astype(np.float64)
    cells = block.quiet & np.isfinite(price)
    logs = np.log(np.where(cells, price, 1.0))
    # The mean is of logs around a typical one, because centred means are of what is not negative.
    least = np.where(cells, logs, np.inf).min(axis=1, initial=np.inf)[:, None]
    shifted = np.where(cells, logs - np.where(np.isfinite(least), least, 0.0), 0.0)
    deviation = np.where(cells, shifted - centred_level(shifted, cells, width), 0.0)
    deviation[np.abs(deviation) < 1e-6] = 0.0
    score = (deviation * (block.demand - block.expected)).sum(axis=1)
    information = (deviation**2 * block.expected).sum(axis=1)
    return np.stack([score, information]), (np.abs(deviation) > 0.01).sum(axis=1)


def _events(block: _Block, shares: Reals, scope: Integers) -> tuple[Reals, Integers]:
    """Add up days of events: demand less what the other days of the bucket were expected to sell."""
    size, count = len(scope), shares.shape[1]
    sums, buckets = np.zeros((2, size, count)), np.zeros((size, count), dtype=np.int64)
    alone = (shares > 0).sum(axis=1) == 1
    for place in range(count):
        columns = np.flatnonzero((shares[:, place] > 0).any(axis=0))
        share = shares[:, place, columns][scope]
        cells = (share > 0) & alone[:, columns][scope] & block.usable[:, columns] & ~block.promoted[:, columns]
        demand, expected = block.demand[:, columns], block.expected[:, columns]
        sums[0, :, place] = np.where(cells, demand - expected * (1.0 - share), 0.0).sum(axis=1)
        sums[1, :, place] = np.where(cells, expected * share, 0.0).sum(axis=1)
        buckets[:, place] = cells.sum(axis=1)
    return sums, buckets


def _variance(demand: Reals, expected: Reals) -> float:
    known = expected > 0
    if not known.any():
        return 0.0
    return float(np.mean((demand[known] / expected[known] - 1.0) ** 2))
