"""What nobody decides: demand, delays and mishaps of one day.

Every draw is an array over places or lanes, made whether it is used or not, so that two
policies that live the same day meet the same chance (common random numbers).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np

from assets.feeds.synthetic import streams
from assets.feeds.synthetic.catalogue import Catalogue
from assets.feeds.synthetic.demand import Demand, DemandDay
from assets.feeds.synthetic.items import Flags, Integers

_LANE_DELAYS = (0.72, 0.18, 0.06, 0.03, 0.01)
_LOSS, _DAMAGE, _CLEARANCE, _SHORT_DELIVERY = 0.0008, 0.0008, 0.06, 0.03


@dataclass(frozen=True)
class Chance:
    """One day's chance.

    Attributes
    ----------
    demand : DemandDay
        Of the places of stores.
    lane_delay_days : int, over lanes
        Days beyond the quoted transit of what departs today.
    supply_delay_days : int, over places
        Days beyond the quoted lead time of what is bought today; may be negative, and a later
        order may arrive before an earlier one.
    is_short, is_lost, is_damaged, is_cleared : bool, over places
        Whether the supplier delivers four fifths, a unit is lost, two are damaged, and what is
        blocked is scrapped.
    """

    demand: DemandDay
    lane_delay_days: Integers
    supply_delay_days: Integers
    is_short: Flags
    is_lost: Flags
    is_damaged: Flags
    is_cleared: Flags


def draw_chance(catalogue: Catalogue, demand: Demand, date: dt.date) -> Chance:
    """Draw the chance of a day."""
    rng = catalogue.parameters.generator(streams.CHANCE, date.toordinal())
    count = len(catalogue.places)
    delays = rng.choice(len(_LANE_DELAYS), len(catalogue.lanes.origin), p=_LANE_DELAYS)
    lateness = np.zeros(count)
    lateness[catalogue.sourcing.place] = catalogue.sourcing.unreliability[catalogue.sourcing.supplier]
    early = rng.random(count) < 0.1
    # A negative binomial of one success: mostly on time, with a tail of weeks.
    late = rng.geometric(1 / (1 + lateness)) - 1
    return Chance(
        demand=demand.draw(date),
        lane_delay_days=delays.astype(np.int64),
        supply_delay_days=np.where(early, -1, late).astype(np.int64),
        is_short=rng.random(count) < _SHORT_DELIVERY,
        is_lost=rng.random(count) < _LOSS,
        is_damaged=rng.random(count) < _DAMAGE,
        is_cleared=rng.random(count) < _CLEARANCE,
    )
