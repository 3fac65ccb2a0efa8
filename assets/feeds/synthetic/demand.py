"""What customers ask for: the demand of every place at a store, day by day.

A week's and a year's season, a trend, level shifts, promotions with a price cut, events, and
negative binomial, intermittent or lumpy draws around them. Not here: whether the shelf can
serve it, or what is announced of it (``announcements``).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from assets.feeds.synthetic import streams
from assets.feeds.synthetic.catalogue import Catalogue
from assets.feeds.synthetic.items import Flags, Floats, Integers
from assets.feeds.synthetic.parameters import WorldParameters

_WEEK = np.array([0.86, 0.84, 0.90, 0.96, 1.20, 1.42, 0.82])
_YEAR_AMPLITUDE = 0.22
_LUMPY_SIZE, _INTERMITTENT_SIZE = 4.0, 1.6
_SMOOTH_DISPERSION, _ERRATIC_DISPERSION = 12.0, 1.2
_FAR_DAY = 10**6
# (month, day, days, name, kind, factor on demand)
EVENTS = (
    (1, 1, 1, "New Year", "holiday", 0.5),
    (5, 1, 1, "Labour Day", "holiday", 0.7),
    (11, 23, 5, "Black Week", "promotion", 1.25),
    (12, 15, 10, "Christmas", "holiday", 1.35),
)


@dataclass(frozen=True)
class DemandDay:
    """Arrays over the places of stores.

    Attributes
    ----------
    units : int
        Asked for.
    price : float
        Price of a unit on the shelf.
    promoted : bool
        Whether a promotion runs.
    """

    units: Integers
    price: Floats
    promoted: Flags


class Demand:
    """The demand of a world; any day can be drawn on its own.

    Parameters
    ----------
    catalogue : Catalogue
        The network.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._parameters = catalogue.parameters
        count = catalogue.places.store_count
        self._item = catalogue.places.item[:count]
        self._site = catalogue.places.site[:count]
        self._region = catalogue.sites.region[self._site]
        self._opening_day = catalogue.places.opening_day[:count]
        self._segment = catalogue.items.segment[self._item]
        self._draw_shapes(count)

    def _draw_shapes(self, count: int) -> None:
        rng = self._parameters.generator(streams.DEMAND_SHAPE, 1)
        places, size = self._catalogue.places, self._parameters.size
        self._rate = places.rate[:count]
        self._week = _WEEK * rng.uniform(0.9, 1.1, (size.stores, 7))
        self._week /= self._week.mean(axis=1, keepdims=True)
        categories, category = np.unique(self._catalogue.items.category, return_inverse=True)
        self._phase = rng.uniform(0, 365.25, len(categories))[category][self._item]
        self._trend = rng.normal(0.0, 0.10, count)
        end = self._parameters.day_index(self._parameters.last_date)
        shifts = rng.random(count) < 0.08
        self._shift_day = np.where(shifts, end - rng.integers(10, 80, count), _FAR_DAY)
        self._shift = rng.choice([0.4, 0.6, 1.7, 2.2], count)
        self._uplift = rng.uniform(1.5, 2.6, size.items)
        self._last_day = end

    def mean(self, date: dt.date) -> Floats:
        """Return the expected demand of a day (shape: places of stores, unit: base units)."""
        day = self._parameters.day_index(date)
        season = 1 + _YEAR_AMPLITUDE * np.cos(2 * np.pi * (date.timetuple().tm_yday - self._phase) / 365.25)
        trend = np.exp(self._trend * (day - self._last_day) / 365)
        shift = np.where(day >= self._shift_day, self._shift, 1.0)
        promotion = np.where(self.promoted(date), self._uplift[self._item], 1.0)
        life = self._catalogue.items.life(day)[self._item] * (day >= self._opening_day)
        return np.asarray(
            self._rate * life * self._week[self._site, date.weekday()]
            * season * trend * shift * promotion * _event_factor(date)
        )  # fmt: skip

    def draw(self, date: dt.date) -> DemandDay:
        """Draw the demand of a day."""
        rng = self._parameters.generator(streams.DEMAND, date.toordinal())
        mean = self.mean(date)
        count = len(mean)
        dispersion = np.where(self._segment == "erratic", _ERRATIC_DISPERSION, _SMOOTH_DISPERSION)
        frequent = rng.negative_binomial(dispersion, dispersion / (dispersion + mean))
        lumpy = self._segment == "lumpy"
        size = np.where(lumpy, _LUMPY_SIZE, _INTERMITTENT_SIZE)
        # Both draws are made for every place, so that none depends on its neighbours' segments.
        spread = np.where(lumpy, 0.7, 30.0)
        each = 1 + rng.negative_binomial(spread, spread / (spread + size - 1))
        rare = np.where(rng.random(count) < np.minimum(mean / size, 0.95), each, 0)
        is_rare = lumpy | (self._segment == "intermittent")
        promoted = self.promoted(date)
        return DemandDay(np.where(is_rare, rare, frequent).astype(np.int64), self._price(date, promoted), promoted)

    def promoted(self, date: dt.date) -> Flags:
        """Return which places have a promotion: it runs for an item, a region and a week."""
        week = date.toordinal() // 7
        return np.asarray(promotions(self._catalogue.parameters, week)[0][self._region, self._item])

    def _price(self, date: dt.date, promoted: Flags) -> Floats:
        cut = promotions(self._catalogue.parameters, date.toordinal() // 7)[1][self._region, self._item]
        listed = self._catalogue.items.unit_price[self._item]
        return np.where(promoted, np.round(listed * (1 - cut), 2), listed)


def _event_factor(date: dt.date) -> float:
    for month, number, days, _, _, factor in EVENTS:
        start = dt.date(date.year, month, number)
        if start <= date < start + dt.timedelta(days=days):
            return factor
    return 1.0


@lru_cache(maxsize=256)
def promotions(parameters: WorldParameters, week: int) -> tuple[Flags, Floats]:
    """Return (promoted, price cut) by region and item in a week that starts on a Sunday."""
    rng = parameters.generator(streams.PROMOTIONS, week)
    shape = (parameters.size.regional_warehouses, parameters.size.items)
    return rng.random(shape) < parameters.promotion_share, rng.choice([0.15, 0.2, 0.25, 0.3], shape)
