"""The conditions of one day: what of a world is other than usual, as arrays that the transition reads.

Not here: from when to when (``disruptions``), or what a day does (``transition``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assets.feeds.synthetic.catalogue import Catalogue
from assets.feeds.synthetic.items import Flags, Floats, Integers

LONGEST_LEAD_DAYS = 60
"""Nothing is under way for longer."""


@dataclass(frozen=True)
class Conditions:
    """One day's conditions.

    Attributes
    ----------
    demand_factor, price_cut : float, over places of stores
        What demand and price are multiplied by, and reduced by as a share.
    promoted : bool, over places of stores
        Whether a promotion runs beside the world's own.
    leaves : bool, over lanes
        Whether anything departs.
    freight_factor : float, over lanes
        What the lane's costs are multiplied by.
    transit_days : int, over lanes
        As quoted on the day.
    supply_days, supply_percent : int, over sourcing rows
        Lead time as quoted, and the share that is delivered of what is bought.
    opens_in : int, shape (sites, LONGEST_LEAD_DAYS + 1)
        ``opens_in[site, k]`` is the first day from today on, at or after day k, on which the site takes goods in.
    """

    demand_factor: Floats
    price_cut: Floats
    promoted: Flags
    leaves: Flags
    freight_factor: Floats
    transit_days: Integers
    supply_days: Integers
    supply_percent: Integers
    opens_in: Integers

    def taken_in(self, days: Integers, site: Integers) -> Integers:
        """Return in how many days goods are taken in that come in so many days to a site."""
        return np.asarray(self.opens_in[site, np.minimum(days, LONGEST_LEAD_DAYS)])


def usual(catalogue: Catalogue) -> Conditions:
    """Return the conditions of a day on which nothing happens."""
    stores, lanes = catalogue.places.store_count, len(catalogue.lanes.origin)
    return Conditions(
        demand_factor=np.ones(stores),
        price_cut=np.zeros(stores),
        promoted=np.zeros(stores, dtype=np.bool_),
        leaves=np.ones(lanes, dtype=np.bool_),
        freight_factor=np.ones(lanes),
        transit_days=catalogue.lanes.transit_days,
        supply_days=catalogue.sourcing.lead_time_days,
        supply_percent=np.full(len(catalogue.sourcing.place), 100, dtype=np.int64),
        opens_in=np.tile(np.arange(LONGEST_LEAD_DAYS + 1), (len(catalogue.sites.ids), 1)),
    )
