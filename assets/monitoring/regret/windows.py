"""Where and when a decided line could do something: the sites it fed or took from, and until when that is counted.

Its destination is judged over its protection interval, from its arrival to that of the next order; its origin, where
that is a site, from the plan date to the end of its own. A site that serves others is judged with all below it, and an
origin without what its destination serves, which had the units anyway. Each interval runs on to the next count of
stock. Not here: what was counted or sold (``hindsight``).
"""

from __future__ import annotations

import datetime as dt
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd

from assets.kernel.calendar import PlanCalendar
from assets.monitoring.regret.decisions import DecidedLine

ItemSite = tuple[str, str]
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Prices:
    """What units cost at a site: a lost one, and one held for a bucket; in the network's currency."""

    shortage: float = 0.0
    holding: float = 0.0


@dataclass(frozen=True)
class PlanTerms:
    """What a plan date knew that its decisions are judged by.

    Attributes
    ----------
    plan_date : date
        The plan.
    targets : DataFrame
        ``TARGETS``: sources, protection, prices.
    protection : DataFrame
        ``PROTECTION_DEMAND``: when an order placed then arrives, and the next.
    replacement : mapping
        Item and site to the least price at which a unit could be bought; sites that buy nothing are left out.
    bucket_days : int
        Days of a bucket.
    """

    plan_date: dt.date
    targets: pd.DataFrame
    protection: pd.DataFrame
    replacement: Mapping[ItemSite, float] = field(default_factory=dict)
    bucket_days: int = 1

    @cached_property
    def sites(self) -> frozenset[str]:
        """Sites that the plan spoke of."""
        return frozenset(self.targets["site_id"])

    @cached_property
    def prices(self) -> Mapping[ItemSite, Prices]:
        """Prices of every item-site."""
        table = self.targets
        given = zip(
            table["item_id"], table["site_id"], table["shortage_cost_per_unit"].astype(float),
            table["holding_cost_per_unit_bucket"].astype(float), strict=True,
        )  # fmt: skip
        return {(item, site): Prices(shortage, holding) for item, site, shortage, holding in given}

    @cached_property
    def interval(self) -> Mapping[ItemSite, tuple[int, int]]:
        """First and last bucket between the arrivals of an order placed on the plan date and of the next.

        Where no forecast says so: what the target protects beyond its mean lead time, one bucket at least.
        """
        table = self.targets
        lasts = (table["protection_buckets"] - 1).clip(lower=0)
        leads = np.ceil(table["lead_time_mean_days"].astype(float).fillna(0.0) / self.bucket_days - _ROUNDING)
        firsts = np.minimum(leads, lasts)
        told = zip(table["item_id"], table["site_id"], firsts, lasts, strict=True)
        known = {(item, site): (int(first), int(last)) for item, site, first, last in told}
        table = self.protection
        told = zip(table["item_id"], table["site_id"], table["first_bucket"], table["last_bucket"], strict=True)
        return known | {(item, site): (int(first), int(last)) for item, site, first, last in told}

    @cached_property
    def _served(self) -> Mapping[ItemSite, tuple[str, ...]]:
        below: dict[ItemSite, list[str]] = {}
        table = self.targets
        for item, site, source in zip(table["item_id"], table["site_id"], table["source_id"], strict=True):
            below.setdefault((item, source), []).append(site)
        return {key: tuple(sorted(sites)) for key, sites in below.items()}

    def reach(self, item_id: str, site_id: str) -> tuple[str, ...]:
        """Return a site and all that it normally serves with an item, itself first."""
        found, at = [site_id], 0
        while at < len(found):
            found += [site for site in self._served.get((item_id, found[at]), ()) if site not in found]
            at += 1
        return tuple(found)


@dataclass(frozen=True)
class Window:
    """Some sites over some buckets, at which an item is judged together.

    Attributes
    ----------
    item_id : str
        The item.
    sites : tuple of str
        The first holds the stock that was decided about; the others are served by it.
    start, end : date
        First day, and the first day after it, on which stock was counted.
    """

    item_id: str
    sites: tuple[str, ...]
    start: dt.date
    end: dt.date


@dataclass(frozen=True)
class Judged:
    """A decided line, and where it is judged.

    Attributes
    ----------
    line : DecidedLine
        The decision.
    terms : PlanTerms
        What its plan knew.
    destination : Window
        What it fed.
    origin : Window or None
        What it took from; ``None`` for a purchase.
    """

    line: DecidedLine
    terms: PlanTerms
    destination: Window
    origin: Window | None

    @property
    def known_on(self) -> dt.date:
        """Plan date on which all of it is known."""
        return max(window.end for window in self.windows)

    @property
    def windows(self) -> tuple[Window, ...]:
        """Both, or the one."""
        return (self.destination,) if self.origin is None else (self.destination, self.origin)


def judged(line: DecidedLine, terms: PlanTerms, calendar: PlanCalendar, counts: Sequence[dt.date]) -> Judged | None:
    """Return where and when a line is judged; ``None`` while that is not over.

    Parameters
    ----------
    line : DecidedLine
        The decision.
    terms : PlanTerms
        What its plan knew.
    calendar : PlanCalendar
        Bucket grid.
    counts : sequence of date
        Plan dates whose counts of stock are known, in order.
    """
    item, document = line.line.item_id, line.document
    first, last = terms.interval.get((item, document.destination_id), (0, 0))
    start = calendar.start_of_bucket(line.line.arrival_date)
    end = calendar.bucket_start(start, last - first + 1)
    fed = terms.reach(item, document.destination_id)
    destination = _window(item, fed, start, end, counts)
    if destination is None:
        return None
    if document.origin_id not in terms.sites:
        return Judged(line, terms, destination, None)
    _, own_last = terms.interval.get((item, document.origin_id), (0, 0))
    taken = tuple(site for site in terms.reach(item, document.origin_id) if site not in fed)
    until = calendar.bucket_start(terms.plan_date, own_last + 1)
    # An origin below its destination has nothing of its own that is not judged there: a return.
    origin = _window(item, taken or (document.origin_id,), terms.plan_date, until, counts)
    return None if origin is None else Judged(line, terms, destination, origin)


def _window(
    item: str, sites: tuple[str, ...], start: dt.date, end: dt.date, counts: Sequence[dt.date]
) -> Window | None:
    at = bisect_left(counts, end)
    return Window(item, sites, start, counts[at]) if at < len(counts) else None
