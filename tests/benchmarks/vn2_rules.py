"""The rules of the VN2 challenge and the policies that it is played against.

Weekly review; an order placed at the end of week X can be sold from the start of week X + 3; 0.20
per unit left at a week's end, 1.00 per unit of lost sales, no backorders. Not here: our own policy
(``vn2_policy``), or what is measured (``vn2``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from vn2_files import Challenge

from assets.feeds.importers.vn2 import HOLDING_COST_PER_UNIT_WEEK, SHORTAGE_COST_PER_UNIT

Reals = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

LEAD_WEEKS = 2
WINDOW_WEEKS = 8
# No order can change what is sold before it arrives.
COUNTED_FROM = LEAD_WEEKS
ORGANISER_MOVING_AVERAGE = 13
ORGANISER_COVERAGE = 4
WEEKS_OF_YEAR = 52


@dataclass(frozen=True)
class Stock:
    """Units per series at a week's end: on hand, and arriving in the next week and the one after."""

    on_hand: Integers
    next_week: Integers
    week_after: Integers

    @property
    def position(self) -> Integers:
        """On hand and in transit."""
        return self.on_hand + self.next_week + self.week_after

    @property
    def pipeline(self) -> Integers:
        """In transit by week of arrival, shape (n, 2)."""
        return np.stack([self.next_week, self.week_after], axis=1)


# What to order at the end of the week before `week`, knowing only what came before it.
Policy = Callable[[int, Stock], Integers]


@dataclass(frozen=True)
class Played:
    """What a window cost, per series, over the weeks that count.

    Attributes
    ----------
    holding, shortage : array (n,)
        Cost.
    demand : array (n,)
        Units.
    """

    holding: Reals
    shortage: Reals
    demand: Reals

    @property
    def cost(self) -> Reals:
        """Holding and shortage."""
        return self.holding + self.shortage


def after_week(stock: Stock, order: Integers, demand: Integers) -> tuple[Stock, Integers]:
    """Return the stock at the end of one more week, and the units that were lost in it."""
    sellable = stock.on_hand + stock.next_week
    sold = np.minimum(sellable, demand)
    return Stock(sellable - sold, stock.week_after, order), demand - sold


def play(demand: Integers, start: int, stock: Stock, policy: Policy, weeks: int = WINDOW_WEEKS) -> Played:
    """Play one window: a decision at the end of each week whose order can still be sold in it.

    Parameters
    ----------
    demand : array (n, T)
        Units asked for, by week of the history.
    start : int
        First week of the window.
    stock : Stock
        At the end of the week before.
    policy : callable
        Orders of a week.
    weeks : int
        Of the window.
    """
    holding, lost, asked = np.zeros((3, len(demand)))
    for week in range(weeks):
        none = np.zeros(len(demand), dtype=np.int64)
        order = policy(start + week, stock) if week < weeks - LEAD_WEEKS else none
        stock, missed = after_week(stock, order, demand[:, start + week])
        if week >= COUNTED_FROM:
            holding += stock.on_hand
            lost += missed
            asked += demand[:, start + week]
    return Played(HOLDING_COST_PER_UNIT_WEEK * holding, SHORTAGE_COST_PER_UNIT * lost, asked)


def warmed_up(challenge: Challenge, start: int, weeks: int) -> Stock:
    """Return the stock that the organiser's policy leaves after ``weeks`` weeks before ``start``.

    It begins with two weeks of recent demand on hand and one more in each of the two transits.
    """
    begin = start - weeks
    recent = _known_mean(challenge.sales[:, :begin], challenge.in_stock[:, :begin], ORGANISER_MOVING_AVERAGE)
    on_hand = np.rint(2 * recent).astype(np.int64)
    half = np.rint(on_hand / 2).astype(np.int64)
    stock = Stock(on_hand, half, half)
    policy, demand = organiser_policy(challenge), whole_units(challenge)
    for week in range(begin, start):
        stock, _ = after_week(stock, policy(week, stock), demand[:, week])
    return stock


def whole_units(challenge: Challenge) -> Integers:
    """Return the sales as the demand of the game."""
    return np.rint(challenge.sales).astype(np.int64)


def organiser_policy(challenge: Challenge) -> Policy:
    """Order up to the organiser's forecast of four weeks, less on hand and in transit, rounded."""

    def order(week: int, stock: Stock) -> Integers:
        wanted = organiser_forecast(challenge.until(week), ORGANISER_COVERAGE).sum(axis=1)
        return np.maximum(np.rint(wanted - stock.position), 0).astype(np.int64)

    return order


def organiser_forecast(known: Challenge, ahead: int) -> Reals:
    """Return the organiser's forecast: out-of-stock weeks masked, factors by ISO week, 13 weeks' mean.

    A week's factor is the mean of its weeks' average sales over the mean of all factors; weeks
    never seen have factor 1.
    """
    masked = np.where(known.in_stock, known.sales, np.nan)
    phase = iso_weeks(known.weeks[0], len(known.weeks) + ahead)
    factor = _organiser_factors(masked, phase[: len(known.weeks)])
    level = _mean(masked / factor[phase[: len(known.weeks)]], ORGANISER_MOVING_AVERAGE)
    return level[:, None] * factor[phase[len(known.weeks) :]]


def perfect_foresight(challenge: Challenge) -> Policy:
    """Order what the week of the arrival will lack; the demand of all weeks is known."""
    demand = whole_units(challenge)

    def order(week: int, stock: Stock) -> Integers:
        later = stock
        for place in range(LEAD_WEEKS):
            later, _ = after_week(later, np.zeros_like(stock.on_hand), demand[:, week + place])
        return np.maximum(demand[:, week + LEAD_WEEKS] - later.on_hand - later.next_week, 0)

    return order


def iso_weeks(first: pd.Timestamp, count: int) -> Integers:
    """Return the ISO week less one of ``count`` weeks from ``first``, week 53 counting as 52."""
    days = pd.date_range(first, periods=count, freq="7D")
    return np.minimum(days.isocalendar().week.to_numpy(dtype=np.int64), WEEKS_OF_YEAR) - 1


def _organiser_factors(masked: Reals, phase: Integers) -> Reals:
    average = np.full(len(phase), np.nan)
    seen = ~np.isnan(masked).all(axis=0)
    average[seen] = np.nanmean(masked[:, seen], axis=0)
    factor = np.full(WEEKS_OF_YEAR, np.nan)
    for week in range(WEEKS_OF_YEAR):
        of_week = average[phase == week]
        if np.isfinite(of_week).any():
            factor[week] = np.nanmean(of_week)
    if not np.nansum(factor) > 0:
        return np.ones(WEEKS_OF_YEAR)
    factor = factor / np.nanmean(factor)
    return np.where(np.isnan(factor) | (factor <= 0), 1.0, factor)


def _known_mean(sales: Reals, known: Flags, width: int) -> Reals:
    return _mean(np.where(known, sales, np.nan), width)


def _mean(masked: Reals, width: int) -> Reals:
    recent = masked[:, -width:]
    count = (~np.isnan(recent)).sum(axis=1)
    mean: Reals = np.nansum(recent, axis=1) / np.maximum(count, 1)
    return mean
