"""What the boosted model knows of each series at an origin, and of each bucket ahead.

Everything is relative to the series' own level, so that all series can teach one model. Not
here: the model (``boosted``), or the level itself (``levels``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from assets.forecasting.history.arrays import Flags, Integers, Reals
from assets.forecasting.history.index import codes_of
from assets.forecasting.history.levels import Levels, exponential_means, in_season, level_factors, levels_under
from assets.forecasting.history.panel import SeriesPanel
from assets.forecasting.history.row_blocks import row_blocks
from assets.kernel.calendar import Bucket

SPEEDS = {Bucket.DAY: (0.01, 0.025, 0.1, 0.2), Bucket.WEEK: (0.02, 0.05, 0.2, 0.4)}
WINDOWS = {Bucket.DAY: (1, 7, 14, 28, 56, 182), Bucket.WEEK: (1, 2, 4, 8, 13, 26, 52)}
GROUP_WINDOWS = {Bucket.DAY: (7, 28, 56), Bucket.WEEK: (1, 4, 13)}
# Buckets over which sales and stock-outs are counted: the last while, and long.
SHARES = {Bucket.DAY: (28, 182), Bucket.WEEK: (13, 52)}
OUT_OF_STOCK_WINDOWS = {Bucket.DAY: (28, 91), Bucket.WEEK: (8, 26)}
YEAR = {Bucket.DAY: 364, Bucket.WEEK: 52}
# Buckets over which what drove demand lately is told: who bought ahead buys less afterwards.
DRIVEN_WINDOWS = {Bucket.DAY: (7, 28), Bucket.WEEK: (1, 8)}
# Ages beyond this are all the same: old.
OLDEST_SEASONS = 2
LONGEST_SILENCE = 20
# Added to both sides of a ratio of means, so that next to nothing is not infinitely more than nothing.
RATIO_UNITS = 0.1


@dataclass(frozen=True)
class Origin:
    """Features at one origin.

    Attributes
    ----------
    features : array (n, P, F)
        Of each series and bucket ahead.
    base : array (n, P)
        What the model corrects: the shrunken mean times the season, above 0.
    """

    features: Reals
    base: Reals


def features_at(
    panel: SeriesPanel,
    phase: Integers,
    groups: Sequence[str],
    *,
    seasonal: bool = True,
    driven: bool = False,
    places: Integers | None = None,
    rows: Integers | None = None,
) -> Origin:
    """Return what is known at the end of a panel about the buckets after it.

    Parameters
    ----------
    panel : SeriesPanel
        What is known.
    phase : array (H,)
        Season positions of the buckets ahead.
    groups : sequence of str
        Columns of the panel's index whose members move together, beside the whole network.
    seasonal : bool
        Whether demand has a season.
    driven : bool
        Whether to tell what was taken out of the panel as driven, and what is announced.
    places : array (P,), optional
        Buckets ahead to describe; all without it.
    rows : array (n,), optional
        Ascending rows of the series to describe; groups are of the whole panel all the same.
    """
    ahead = np.arange(len(phase)) if places is None else places
    chosen = np.arange(panel.size) if rows is None else rows
    factors = level_factors(panel, seasonal=seasonal)
    own, buckets = [np.empty((0, 0))], [np.empty((0, len(ahead), 5 + driven))]
    recent, base = np.empty((panel.size, len(GROUP_WINDOWS[panel.bucket]))), np.empty(panel.size)
    network = np.log(np.maximum(factors.mean(axis=0), 1e-6))
    # By blocks, so that no temporary is as large as the panel.
    for block in row_blocks(panel.size):
        part = panel.block(block)
        levels = levels_under(part, factors[block])
        recent[block], base[block] = _recent(part, levels), levels.base
        told = chosen[(chosen >= block.start) & (chosen < block.stop)] - block.start
        if len(told):
            lately = _driven_lately(part) if driven else []
            own.append(np.stack([*_own_level(part, levels), *_availability(part, levels), *lately], axis=1)[told])
            announced = [_driven_ahead(part, ahead)] if driven else []
            buckets.append(np.stack([*_buckets_ahead(part, levels, phase, ahead, network), *announced], axis=2)[told])
    if seasonal:
        panel.kept.shrunken_mean = base
    constant = np.column_stack([np.concatenate(own[1:] or own), _group_levels(panel, recent, base, groups)[chosen]])
    repeated = np.broadcast_to(constant[:, None, :], (len(chosen), len(ahead), constant.shape[1]))
    means = base[chosen, None] * factors[chosen][:, phase[ahead]]
    return Origin(np.concatenate([repeated, np.concatenate(buckets)], axis=2), np.maximum(means, 1e-6))


def _own_level(panel: SeriesPanel, levels: Levels) -> list[Reals]:
    base, values, known = levels.base, levels.values, levels.known
    means = exponential_means(values, known, SPEEDS[panel.bucket]).T
    windows = [_window_mean(values, known, width) for width in WINDOWS[panel.bucket]]
    half_year = WINDOWS[panel.bucket][-2]
    spread = _window_mean(values**2, known, half_year) - _window_mean(values, known, half_year) ** 2
    return [
        np.log(base),
        *(_log_ratio(mean, base) for mean in [*means, *windows]),
        np.sqrt(np.maximum(spread, 0.0)) / (base + RATIO_UNITS),
    ]


def _availability(panel: SeriesPanel, levels: Levels) -> list[Reals]:
    sold = (levels.values > 0) & levels.known
    non_zero = [_window_mean(sold.astype(np.float64), levels.known, width) for width in SHARES[panel.bucket]]
    on_shelf = [_share(panel.observed, width) for width in OUT_OF_STOCK_WINDOWS[panel.bucket]]
    age = np.minimum(panel.length - panel.begins, OLDEST_SEASONS * YEAR[panel.bucket])
    silence = np.where(sold.any(axis=1), sold[:, ::-1].argmax(axis=1), panel.length)
    return [*non_zero, *on_shelf, age.astype(np.float64), np.minimum(silence, LONGEST_SILENCE).astype(np.float64)]


def _driven_lately(panel: SeriesPanel) -> list[Reals]:
    """Return how strongly promotions, prices and events drove demand lately, over several windows."""
    windows = DRIVEN_WINDOWS[panel.bucket]
    if panel.driven is None:
        return [np.zeros(panel.size) for _ in windows]
    past = panel.driven[:, : panel.length]
    return [np.log(past[:, -width:].astype(np.float64)).mean(axis=1) for width in windows]


def _driven_ahead(panel: SeriesPanel, ahead: Integers) -> Reals:
    """Return the logarithm of what is announced for each bucket ahead; 0 beyond what anything is known of."""
    found = np.zeros((panel.size, len(ahead)))
    if panel.driven is not None:
        told = panel.length + ahead < panel.driven.shape[1]
        found[:, told] = np.log(panel.driven[:, panel.length + ahead[told]].astype(np.float64))
    return found


def _recent(panel: SeriesPanel, levels: Levels) -> Reals:
    windows = [_window_mean(levels.values, levels.known, width) for width in GROUP_WINDOWS[panel.bucket]]
    return np.stack(windows, axis=1)


def _group_levels(panel: SeriesPanel, recent: Reals, base: Reals, groups: Sequence[str]) -> Reals:
    """Compare the recent demand of a series' groups with what their base levels promised."""
    codes = [codes_of(panel.index, name) for name in groups]
    found = []
    for code in [*codes, np.zeros(panel.size, dtype=np.int64)]:
        promised = _sum_of_group(base, code)
        found += [_log_ratio(_sum_of_group(mean, code), promised) for mean in recent.T]
    return np.stack([*found, *(_sum_of_group(np.ones(panel.size), code) for code in codes[:1])], axis=1)


def _buckets_ahead(panel: SeriesPanel, levels: Levels, phase: Integers, ahead: Integers, network: Reals) -> list[Reals]:
    """Return what is known of each bucket ahead: place, season position, own and common season, last year."""
    positions = phase[ahead]
    factor = levels.factors[:, positions]
    same = [np.broadcast_to(row, factor.shape) for row in (ahead.astype(np.float64), positions, network[positions])]
    own = np.log(np.maximum(factor, 1e-6))
    return [same[0], same[1], own, same[2], _last_year(panel, levels, factor, ahead)]


def _last_year(panel: SeriesPanel, levels: Levels, factor: Reals, ahead: Integers) -> Reals:
    """Compare the same bucket a year ago with the year's mean in season; unknown where unknown."""
    year = YEAR[panel.bucket]
    if panel.length < year or not len(ahead):
        return np.full(factor.shape, np.nan)
    column = panel.length - year + ahead % year
    mean = _window_mean(levels.values, levels.known, year)
    demand = in_season(levels.values, panel, levels.factors, column)
    ratio = _log_ratio(demand, mean[:, None] * factor)
    return np.where(panel.observed[:, column], ratio, np.nan)


def _window_mean(values: Reals, known: Flags, width: int) -> Reals:
    count = known[:, -width:].sum(axis=1)
    mean: Reals = np.where(known[:, -width:], values[:, -width:], 0.0).sum(axis=1) / np.maximum(count, 1)
    return mean


def _share(flags: Flags, width: int) -> Reals:
    share: Reals = flags[:, -width:].mean(axis=1)
    return share


def _log_ratio(mean: Reals, base: Reals) -> Reals:
    ratio: Reals = np.log((mean + RATIO_UNITS) / (base + RATIO_UNITS))
    return ratio


def _sum_of_group(values: Reals, code: Integers) -> Reals:
    sums: Reals = np.bincount(code, weights=values).astype(np.float64)[code]
    return sums
