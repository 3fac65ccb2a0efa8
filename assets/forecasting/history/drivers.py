"""What drives demand of a panel's series beside level and season: promotions, prices and events, on the grid.

Here: what happened, and what was announced for the buckets ahead. Not here: laying announcements on
the grid (``announced``), or what any of it does to demand (``driver_effects``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from assets.kernel.identifiers import DIGEST_BYTES, digest

Flags = npt.NDArray[np.bool_]
Integers = npt.NDArray[np.int64]
# A price needs no more digits, and half of the memory is worth it.
Prices = npt.NDArray[np.float32]
# A column of the grid: ninety years of days.
Columns = npt.NDArray[np.int16]
Cells = TypeVar("Cells", Flags, Prices)


@dataclass(frozen=True)
class Announced:
    """What the calendar of events says of ``n`` series over ``L`` buckets, past ones included.

    Attributes
    ----------
    planned : array (n, L)
        Whether a promotion of the item is announced.
    price : array (n, L) or None
        Price announced outside promotions; NaN where none is, None where none is anywhere.
    names : tuple of str
        Names of the ``E`` events that are not of one item, sorted.
    scope : array (n,)
        Group of each series: sites of one group have the same events.
    shares : array (G, E, L)
        Share of each bucket's days that an event takes, by group.
    planned_since, price_since, shares_since : arrays like ``planned``, ``price`` and ``shares``, or None
        Earliest origin, as a column of the grid, that knew what is announced of a cell; 0 where
        nothing is. None: every origin knew.
    """

    planned: Flags
    price: Prices | None
    names: tuple[str, ...]
    scope: Integers
    shares: Prices
    planned_since: Columns | None = None
    price_since: Columns | None = None
    shares_since: Columns | None = None

    def until(self, column: int, horizon: int) -> Announced:
        """Return what an origin at ``column`` knows of its past and of ``horizon`` buckets ahead.

        What was announced later is not ahead of it. Its past is told as it is known now: what was
        announced too late to be forecast teaches what such an event does.
        """
        stop = column + horizon
        return replace(
            self,
            planned=_known_ahead(self.planned, self.planned_since, column, stop, False),
            price=None if self.price is None else _known_ahead(self.price, self.price_since, column, stop, np.nan),
            shares=_known_ahead(self.shares, self.shares_since, column, stop, 0.0),
            planned_since=_before(self.planned_since, stop),
            price_since=_before(self.price_since, stop),
            shares_since=_before(self.shares_since, stop),
        )

    def since_column(self, first: int) -> Announced:
        """Return the announcements of the buckets from one on, their columns counted from it."""
        return replace(
            self,
            planned=self.planned[:, first:],
            price=None if self.price is None else self.price[:, first:],
            shares=self.shares[:, :, first:],
            planned_since=_after(self.planned_since, first),
            price_since=_after(self.price_since, first),
            shares_since=_after(self.shares_since, first),
        )

    def take(self, rows: Integers) -> Announced:
        """Return the announcements of some series."""
        return replace(
            self,
            planned=self.planned[rows],
            price=None if self.price is None else self.price[rows],
            scope=self.scope[rows],
            planned_since=None if self.planned_since is None else self.planned_since[rows],
            price_since=None if self.price_since is None else self.price_since[rows],
        )


def _before(since: Columns | None, stop: int) -> Columns | None:
    return None if since is None else since[..., :stop]


def _after(since: Columns | None, first: int) -> Columns | None:
    return None if since is None else np.maximum(since[..., first:] - np.int16(first), np.int16(0))


def _known_ahead(told: Cells, since: Columns | None, column: int, stop: int, untold: float) -> Cells:
    """Return the cells before ``stop``, without what an origin at ``column`` was not told of those ahead."""
    known = told[..., :stop]
    late = None if since is None else since[..., column:stop] > column
    if late is None or not late.any():
        return known
    known = known.copy()
    known[..., column:][late] = untold
    return known


@dataclass(frozen=True)
class Drivers:
    """Drivers of ``n`` series over ``T`` buckets of history and ``H`` ahead.

    Attributes
    ----------
    promoted : array (n, T)
        Whether a promotion ran: the tills say so, or the calendar had planned it.
    price : array (n, T) or None
        Average price of what was sold; NaN where nothing was, None where no price varies outside
        promotions.
    announced : Announced
        Over ``T + H`` buckets.
    horizon : int
        ``H``.
    """

    promoted: Flags
    price: Prices | None
    announced: Announced
    horizon: int

    def until(self, column: int) -> Drivers:
        """Return what an origin at ``column`` knows: what happened before it, and what was announced for its horizon.

        What the tills say of the buckets ahead of an origin is not looked at: a price is told only of
        what was sold.
        """
        price = None if self.price is None else self.price[:, :column]
        known = self.announced.until(column, self.horizon)
        return replace(self, promoted=self.promoted[:, :column], price=price, announced=known)

    def since_column(self, first: int) -> Drivers:
        """Return the drivers of the buckets from one on, the same events among them by name."""
        price = None if self.price is None else self.price[:, first:]
        told = self.announced.since_column(first)
        return replace(self, promoted=self.promoted[:, first:], price=price, announced=told)

    def take(self, rows: Integers) -> Drivers:
        """Return the drivers of some series."""
        price = None if self.price is None else self.price[rows]
        return replace(self, promoted=self.promoted[rows], price=price, announced=self.announced.take(rows))

    def data_digest(self) -> str:
        """Return a digest of every driver."""
        cells = hashlib.blake2b(digest_size=DIGEST_BYTES)
        for array in self._arrays():
            cells.update(np.ascontiguousarray(array).data)
        return digest(self.announced.names, self.promoted.shape, self.horizon, cells.hexdigest())

    def _arrays(self) -> Iterator[npt.NDArray[np.generic]]:
        yield np.packbits(self.promoted)
        yield np.packbits(self.announced.planned)
        # By series, so that the number given to a group of sites does not matter.
        for of_groups in (self.announced.shares, self.announced.shares_since):
            if of_groups is not None:
                groups = [hashlib.blake2b(np.ascontiguousarray(part).data, digest_size=8) for part in of_groups]
                marks = [int.from_bytes(group.digest(), "big", signed=True) for group in groups]
                yield np.array(marks, dtype=np.int64)[self.announced.scope]
        for of_series in (self.price, self.announced.price, self.announced.planned_since, self.announced.price_since):
            if of_series is not None:
                yield of_series


def told_drivers(demand: pd.DataFrame, cell: Integers, planned: Flags) -> tuple[Flags, Prices | None]:
    """Return which buckets of the past were promoted, and prices where one varies outside promotions.

    Parameters
    ----------
    demand : DataFrame
        Rows of frame ``FCT_DEMAND``, one a cell.
    cell : array
        Flat cell of each row.
    planned : array (n, T)
        What the calendar had planned: with it, a network whose tills flag nothing learns too.
    """
    promoted, price = planned.copy(), np.full(planned.shape, np.nan, dtype=np.float32)
    promoted.reshape(-1)[cell] |= demand["is_promoted"].to_numpy(dtype=bool)
    price.reshape(-1)[cell] = demand["unit_price"].to_numpy(dtype=np.float32)
    listed = ~promoted
    most = np.fmax.reduce(price, axis=1, initial=-np.inf, where=listed)
    least = np.fmin.reduce(price, axis=1, initial=np.inf, where=listed)
    return promoted, price if (most > least).any() else None


def carried_prices(price: Prices, telling: Flags) -> Prices:
    """Return the price of the latest telling bucket up to each, NaN before the first.

    A price is told only of what was sold; the shelf keeps it until another is.

    Parameters
    ----------
    price : array (m, T)
        Prices; NaN where unknown.
    telling : array (m, T)
        Whether a known price may be carried on.

    Examples
    --------
    >>> carried_prices(np.array([[np.nan, 2, np.nan, 3]], dtype=np.float32), np.ones((1, 4), dtype=bool))
    array([[nan,  2.,  2.,  3.]], dtype=float32)
    """
    own = telling & np.isfinite(price) & (price > 0)
    latest = np.maximum.accumulate(np.where(own, np.arange(price.shape[1]), -1), axis=1)
    carried = np.take_along_axis(price, np.maximum(latest, 0), axis=1)
    found: Prices = np.where(latest >= 0, carried, np.float32(np.nan))
    return found
