"""What disrupts a world for some days: demand, lanes, sites, suppliers, lead times, freight, promotions.

Each says what it does to the conditions of a day. What a network is told of it goes out with the
master data of the day (``told``). Not here: what a day does under its conditions (``transition``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from assets.feeds.synthetic.catalogue import Catalogue
from assets.feeds.synthetic.conditions import LONGEST_LEAD_DAYS, Conditions, usual
from assets.feeds.synthetic.items import Flags

_ONE_DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class Span:
    """Some days, both ends included."""

    first: dt.date
    last: dt.date

    def covers(self, date: dt.date) -> bool:
        """Return whether a day is among them."""
        return self.first <= date <= self.last


class Disruption(Protocol):
    """Something that lasts for a span."""

    @property
    def span(self) -> Span:
        """When."""
        ...

    def on(self, conditions: Conditions, catalogue: Catalogue, date: dt.date) -> Conditions:
        """Return the conditions of a day of the span."""
        ...


@dataclass(frozen=True)
class DemandShock:
    """Demand is multiplied at some sites for some items; empty stands for all."""

    span: Span
    factor: float
    sites: tuple[str, ...] = ()
    items: tuple[str, ...] = ()

    def on(self, conditions: Conditions, catalogue: Catalogue, date: dt.date) -> Conditions:  # noqa: ARG002
        """Return the day with more or less demand."""
        touched = store_places(catalogue, self.sites, self.items)
        return replace(conditions, demand_factor=np.where(touched, self.factor, 1.0) * conditions.demand_factor)


@dataclass(frozen=True)
class Promotion:
    """Items are promoted at a cut price in all regions, announced ahead like the world's own promotions."""

    span: Span
    factor: float
    price_cut: float
    items: tuple[str, ...]

    def on(self, conditions: Conditions, catalogue: Catalogue, date: dt.date) -> Conditions:  # noqa: ARG002
        """Return the day with the promotion."""
        touched = store_places(catalogue, (), self.items)
        return replace(
            conditions,
            demand_factor=np.where(touched, self.factor, 1.0) * conditions.demand_factor,
            price_cut=np.where(touched, self.price_cut, conditions.price_cut),
            promoted=touched | conditions.promoted,
        )


@dataclass(frozen=True)
class LanesClosed:
    """Nothing departs from some sites to others; empty stands for all."""

    span: Span
    origins: tuple[str, ...] = ()
    destinations: tuple[str, ...] = ()

    def on(self, conditions: Conditions, catalogue: Catalogue, date: dt.date) -> Conditions:  # noqa: ARG002
        """Return the day without those departures."""
        lanes, ids = catalogue.lanes, catalogue.sites.ids
        closed = _named(ids[lanes.origin], self.origins) & _named(ids[lanes.destination], self.destinations)
        return replace(conditions, leaves=conditions.leaves & ~closed)


@dataclass(frozen=True)
class SitesClosed:
    """Sites give nothing, or take nothing in: what is sent there waits until they open again."""

    span: Span
    sites: tuple[str, ...]
    gives: bool = False
    receives: bool = False

    def on(self, conditions: Conditions, catalogue: Catalogue, date: dt.date) -> Conditions:
        """Return the day with their doors closed."""
        ids, lanes = catalogue.sites.ids, catalogue.lanes
        closed, leaves, opens = _named(ids, self.sites), conditions.leaves, conditions.opens_in
        if not self.gives and self.span.covers(date):
            leaves = leaves & ~closed[lanes.origin]
        if not self.receives:
            opens = self._opens(opens, closed, date)
        return replace(conditions, leaves=leaves, opens_in=opens)

    def _opens(self, opens: np.ndarray, closed: Flags, date: dt.date) -> np.ndarray:
        first, after = (self.span.first - date).days, (self.span.last - date).days + 1
        # What nobody takes in for the longest lead time comes at its end.
        later = np.where((opens >= first) & (opens < after), min(after, LONGEST_LEAD_DAYS), opens)
        return np.where(closed[:, None], later, opens)


@dataclass(frozen=True)
class SupplyCut:
    """Suppliers deliver a share of what is bought; empty stands for all."""

    span: Span
    percent: int
    suppliers: tuple[str, ...] = ()

    def on(self, conditions: Conditions, catalogue: Catalogue, date: dt.date) -> Conditions:  # noqa: ARG002
        """Return the day with less supply."""
        sourcing = catalogue.sourcing
        cut = _named(sourcing.supplier_ids, self.suppliers)[sourcing.supplier]
        return replace(
            conditions, supply_percent=np.where(cut, np.minimum(self.percent, conditions.supply_percent),
                                                conditions.supply_percent),
        )  # fmt: skip


@dataclass(frozen=True)
class SlowerWays:
    """Lead times are multiplied, of suppliers or lanes or both; the quotes say so."""

    span: Span
    factor: float
    suppliers: bool = True
    lanes: bool = True

    def on(self, conditions: Conditions, catalogue: Catalogue, date: dt.date) -> Conditions:  # noqa: ARG002
        """Return the day with longer quotes."""

        def longer(days: np.ndarray, slower: bool) -> np.ndarray:
            times = np.ceil(days * self.factor).astype(np.int64)
            return np.clip(times, 1, LONGEST_LEAD_DAYS) if slower else days

        return replace(
            conditions,
            transit_days=longer(conditions.transit_days, self.lanes),
            supply_days=longer(conditions.supply_days, self.suppliers),
        )


@dataclass(frozen=True)
class DearerFreight:
    """Transport costs a multiple; the lanes' feed says so."""

    span: Span
    factor: float

    def on(self, conditions: Conditions, catalogue: Catalogue, date: dt.date) -> Conditions:  # noqa: ARG002
        """Return the day with other prices."""
        return replace(conditions, freight_factor=conditions.freight_factor * self.factor)


def conditions_on(disruptions: Sequence[Disruption], catalogue: Catalogue, date: dt.date) -> Conditions | None:
    """Return the conditions of a day; ``None`` where nothing happens or is about to close."""
    found = None
    for one in disruptions:
        # Goods that leave today may arrive at doors that will be closed by then.
        ahead = isinstance(one, SitesClosed) and not one.receives
        begins = one.span.first - LONGEST_LEAD_DAYS * _ONE_DAY if ahead else one.span.first
        if begins <= date <= one.span.last:
            found = one.on(found or usual(catalogue), catalogue, date)
    return found


def store_places(catalogue: Catalogue, sites: tuple[str, ...], items: tuple[str, ...]) -> Flags:
    """Return which places of stores are at some sites and of some items; empty stands for all."""
    count = catalogue.places.store_count
    return _named(catalogue.site_ids[:count], sites) & _named(catalogue.item_ids[:count], items)


def _named(ids: np.ndarray, wanted: tuple[str, ...]) -> Flags:
    return np.isin(ids, wanted) if wanted else np.ones(len(ids), dtype=np.bool_)
