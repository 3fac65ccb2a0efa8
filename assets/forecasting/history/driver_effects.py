"""What promotions, prices and events do to demand: multiplicative factors of a series and bucket.

Here: the factors of the past, and of what is announced. Not here: learning the effects
(``driver_learning``), or the season (``seasonality``).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

import numpy as np

from assets.forecasting.history.arrays import Integers, Reals
from assets.forecasting.history.driver_sums import DriverSums, event_shares
from assets.forecasting.history.drivers import Drivers, carried_prices
from assets.forecasting.history.panel import SeriesPanel
from assets.kernel.identifiers import DIGEST_BYTES

LEAST_FACTOR, MOST_FACTOR = 0.1, 10.0


# Driven below it a bucket was as good as closed: what it sold, over a factor that is shrunk towards 1, would
# tell of a level that it never had.
TELLING_FACTOR = 0.3


@dataclass(frozen=True)
class DriverEffects:
    """Effects on ``n`` series; ``C`` categories, ``E`` events.

    Attributes
    ----------
    uplift : array (n,)
        Factor of a promoted bucket.
    unannounced : array (n,)
        Share of buckets that are promoted without the calendar announcing it.
    elasticity : array (n,)
        Slope of log demand on log price outside promotions, at most 0.
    reference : array (n,)
        Price that a factor of 1 stands for, the latest usual one; NaN where unknown.
    category : array (n,)
        Place of each series' category in ``categories``.
    categories : tuple of str
        Sorted.
    events : array (C, E)
        Factor of a day of each event.
    category_uplift : array (C + 1,)
        Uplift of each category, and of the network.
    category_elasticity : array (C + 1,)
        Elasticity of each category, and of the network.
    network_events : array (E,)
        Factor of a day of each event over all categories.
    sums : DriverSums
        What all of it was learned from.
    """

    uplift: Reals
    unannounced: Reals
    elasticity: Reals
    reference: Reals
    category: Integers
    categories: tuple[str, ...]
    events: Reals
    category_uplift: Reals
    category_elasticity: Reals
    network_events: Reals
    sums: DriverSums

    def take(self, rows: Integers) -> DriverEffects:
        """Return the effects on some of the series, and what they were learned from."""
        return replace(
            self,
            uplift=self.uplift[rows],
            unannounced=self.unannounced[rows],
            elasticity=self.elasticity[rows],
            reference=self.reference[rows],
            category=self.category[rows],
            sums=self.sums.take(rows),
        )

    def data_digest(self) -> str:
        """Return a digest of all that factors of the past follow from."""
        cells = hashlib.blake2b(digest_size=DIGEST_BYTES)
        for array in (self.uplift, self.elasticity, self.reference, self.category, self.events):
            cells.update(np.ascontiguousarray(array).data)
        return cells.hexdigest()

    def past(self, panel: SeriesPanel, rows: slice) -> Reals:
        """Return the factors of the buckets of the past of some series, shape (m, T); 1 where nothing drives.

        Of a panel with a longer one these are the last of the longer one's: what is an event, and which price
        the shelf kept, is the same for both.
        """
        if panel.longer is not None:
            whole = panel.longer.panel
            return self.past(whole, rows)[:, whole.length - panel.length :]
        drivers = drivers_of(panel)
        promoted = drivers.promoted[rows]
        factors = np.where(promoted, self.uplift[rows, None], 1.0)
        if drivers.price is not None and self.elasticity[rows].any():
            price = carried_prices(drivers.price[rows], ~promoted)
            factors *= np.where(promoted, 1.0, self._of_price(price, rows))
        shares = event_shares(drivers, panel.length)
        return self._with_events(factors, shares, drivers.announced.scope[rows], self.category[rows])

    def ahead(self, panel: SeriesPanel) -> Reals:
        """Return the factors of the buckets ahead, shape (n, H), from what is announced of them alone.

        A bucket without an announced price has the reference price. One without an announced promotion
        has the uplift that is expected of those which nobody announces: they were taken out of the past
        too, and go on as before.
        """
        drivers, every = drivers_of(panel), slice(None)
        start, planned = panel.length, drivers.announced.planned
        expected = 1.0 + self.unannounced * (self.uplift - 1.0)
        factors = np.where(planned[:, start:], self.uplift[:, None], expected[:, None])
        if drivers.announced.price is not None:
            of_price = self._of_price(drivers.announced.price[:, start:], every)
            factors *= np.where(planned[:, start:], 1.0, of_price)
        shares = drivers.announced.shares[:, :, start:].astype(np.float64)
        return self._with_events(factors, shares, drivers.announced.scope, self.category)

    def _of_price(self, price: np.ndarray, rows: slice) -> Reals:
        with np.errstate(invalid="ignore", divide="ignore"):
            ratio = np.log(price.astype(np.float64)) - np.log(self.reference[rows, None])
        factors: Reals = np.exp(self.elasticity[rows, None] * np.where(np.isfinite(ratio), ratio, 0.0))
        return factors

    def _with_events(self, factors: Reals, shares: Reals, scope: Integers, category: Integers) -> Reals:
        for place in range(shares.shape[1]):
            columns = np.flatnonzero((shares[:, place] > 0).any(axis=0))
            if len(columns):
                effect = self.events[category, place][:, None] - 1.0
                factors[:, columns] *= 1.0 + shares[:, place, columns][scope] * effect
        return np.clip(factors, LEAST_FACTOR, MOST_FACTOR)


def drivers_of(panel: SeriesPanel) -> Drivers:
    """Return the drivers of a panel that has them."""
    assert panel.drivers is not None, "a panel without drivers has no effects"
    return panel.drivers
