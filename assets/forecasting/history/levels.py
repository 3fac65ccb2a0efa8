"""Deseasonalised demand of known buckets and the exponential mean that every series can afford.

Here: what the boosted model starts from, and the plain forecast it is combined with. Not here:
the season factors (``seasonality``), or the models of the menu (``candidates``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from assets.forecasting.history.arrays import Flags, Integers, Reals
from assets.forecasting.history.panel import SeriesPanel
from assets.forecasting.history.row_blocks import row_blocks
from assets.forecasting.history.seasonality import CLOSED_FACTOR, season_factors
from assets.forecasting.history.spikes import cut_spikes
from assets.kernel.calendar import Bucket

# A slow mean keeps the fast one from following a few odd weeks.
FAST_SMOOTHING = {Bucket.DAY: 0.05, Bucket.WEEK: 0.1}
SLOW_SMOOTHING = {Bucket.DAY: 0.01, Bucket.WEEK: 0.02}
SLOW_WEIGHT = 0.3
# A mean of nothing still sells now and then, and has a logarithm.
LEAST_LEVEL_UNITS = {Bucket.DAY: 0.004, Bucket.WEEK: 0.03}
# Pooled and shrunk factors help as soon as one season is behind them (README).
LEAST_SEASONS = 1.05


@dataclass(frozen=True)
class Levels:
    """What is known of a panel, its season taken out.

    Attributes
    ----------
    values : array (n, T)
        Demand over its season factor, spikes cut (``spikes``); in base units.
    known : array (n, T)
        Whether the cell tells the level: observed, and its phase not closed.
    factors : array (n, season length)
        Season factors.
    base : array (n,)
        Shrunken exponential mean of the known values, above 0.
    """

    values: Reals
    known: Flags
    factors: Reals
    base: Reals

    def base_means(self, phase: Integers) -> Reals:
        """Return the shrunken mean times the season of each bucket ahead, shape (n, H)."""
        means: Reals = self.base[:, None] * self.factors[:, phase]
        return means


def deseasonalised(panel: SeriesPanel, *, seasonal: bool = True) -> Levels:
    """Take the season and the spikes out of a panel.

    Parameters
    ----------
    panel : SeriesPanel
        What is known.
    seasonal : bool
        Whether demand has a season; ones stand for its factors otherwise.
    """
    return levels_under(panel, level_factors(panel, seasonal=seasonal))


def level_factors(panel: SeriesPanel, *, seasonal: bool = True) -> Reals:
    """Return the season factors that levels are taken with, shape (n, season length); they pool all series."""
    if not seasonal:
        return np.ones((panel.size, panel.season_length))
    return season_factors(panel, least_seasons=LEAST_SEASONS)


def levels_under(panel: SeriesPanel, factors: Reals) -> Levels:
    """Take the season and the spikes out of a panel, or a part of one, whose factors are known."""
    values, known = _without_spikes(panel, factors)
    return Levels(values, known, factors, _shrunken_mean(values, known, panel.bucket))


def demand_without_spikes(panel: SeriesPanel, *, seasonal: bool = True) -> Reals:
    """Return the demand of a panel, in season, with spikes cut as levels cut them; shape (n, T)."""
    factors, demand = level_factors(panel, seasonal=seasonal), np.empty_like(panel.demand)
    for rows in row_blocks(panel.size, panel.length):
        part = panel.block(rows)
        values, _ = _without_spikes(part, factors[rows])
        demand[rows] = in_season(values, part, factors[rows])
    return demand


def in_season(values: Reals, panel: SeriesPanel, factors: Reals, columns: slice | Integers = slice(None)) -> Reals:
    """Return the demand that levels stand for: as the panel has it, but for spikes.

    Parameters
    ----------
    values : array (n, T)
        As in ``Levels``.
    panel : SeriesPanel
        What they are taken of.
    factors : array (n, season length)
        Season factors.
    columns : slice or array
        Which buckets of the panel; all without it.
    """
    factor = np.maximum(factors[:, panel.phase[columns]], CLOSED_FACTOR)
    demand, cut = panel.demand[:, columns], values[:, columns]
    found: Reals = np.where(cut < demand / factor, cut * factor, demand)
    return found


def _without_spikes(panel: SeriesPanel, factors: Reals) -> tuple[Reals, Flags]:
    """Return deseasonalised demand with spikes cut, and which cells tell the level."""
    factor = factors[:, panel.phase]
    known = panel.observed & (factor >= CLOSED_FACTOR)
    return cut_spikes(panel.demand / np.maximum(factor, CLOSED_FACTOR), known, panel.bucket), known


def shrunken_means(panel: SeriesPanel, phase: Integers, rows: Integers | None = None) -> Reals:
    """Return the shrunken exponential mean times the season of each bucket ahead.

    Parameters
    ----------
    panel : SeriesPanel
        All series: season factors are pooled over them.
    phase : array (H,)
        Season positions of the buckets ahead.
    rows : array (m,), optional
        Ascending rows to forecast; all without it.

    Returns
    -------
    array (m, H)
        Base units, above 0.
    """
    factors, chosen = level_factors(panel), np.arange(panel.size) if rows is None else rows
    if len(chosen) == panel.size and panel.kept.shrunken_mean is not None:
        return panel.kept.shrunken_mean[:, None] * factors[:, phase]
    means = np.empty((len(chosen), len(phase)))
    for block in row_blocks(len(chosen)):
        part = chosen[block]
        means[block] = levels_under(panel.take(part), factors[part]).base_means(phase)
    return means


def exponential_mean(values: Reals, known: Flags, smoothing: float) -> Reals:
    """Return the mean of known values, each counting ``1 - smoothing`` of the next known one.

    Parameters
    ----------
    values, known : array (n, T)
        Cells, and which of them count.
    smoothing : float
        Weight lost with each known bucket, between 0 and 1.

    Returns
    -------
    array (n,)
        0 for a series without a known bucket.

    Examples
    --------
    >>> exponential_mean(np.array([[0.0, 9.0, 3.0]]), np.array([[True, False, True]]), 0.5)
    array([2.])
    """
    return exponential_means(values, known, (smoothing,))[:, 0]


def exponential_means(values: Reals, known: Flags, smoothings: Sequence[float]) -> Reals:
    """Return ``exponential_mean`` at several smoothings at once, shape (n, len(smoothings))."""
    later = known.sum(axis=1, keepdims=True) - np.cumsum(known, axis=1)
    means = np.empty((len(values), len(smoothings)))
    for column, smoothing in enumerate(smoothings):
        # A table of powers: taking one costs a twentieth of raising to it.
        weight = ((1.0 - smoothing) ** np.arange(known.shape[1] + 1))[later] * known
        means[:, column] = (weight * values).sum(axis=1) / np.maximum(weight.sum(axis=1), 1e-12)
    return means


def _shrunken_mean(values: Reals, known: Flags, bucket: Bucket) -> Reals:
    fast, slow = exponential_means(values, known, (FAST_SMOOTHING[bucket], SLOW_SMOOTHING[bucket])).T
    mean: Reals = np.maximum((1.0 - SLOW_WEIGHT) * fast + SLOW_WEIGHT * slow, LEAST_LEVEL_UNITS[bucket])
    return mean
