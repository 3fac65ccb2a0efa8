"""What a base stock promises: service by three measures, and the stock it ties up.

Cycle service is the share of review cycles without a shortage, fill rate the share of demand met from stock,
ready rate the share of buckets that end with stock. They are never the same number. Not here: which of them is
the target (``critical_ratio``), or the base stock (``targets``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assets.inventory.lead_time_demand import CumulativeDemand, Integers, LeadTimeDemand, Reals
from assets.inventory.lead_time_loss import expected_excess, probability_of_at_most
from assets.inventory.supply import LeadTimes
from assets.kernel.calendar import PlanCalendar

# A quantile of whole units is read off a continuous distribution: half a unit either way is the same unit.
HALF = 0.5


@dataclass(frozen=True)
class ExpectedService:
    """What base stocks are expected to do, ``n`` item-sites.

    Attributes
    ----------
    cycle_service, fill_rate, ready_rate : array (n,)
        Shares, between 0 and 1; a fill rate of 1 where there is no demand.
    stock : array (n,)
        Units on hand at the end of a bucket.
    """

    cycle_service: Reals
    fill_rate: Reals
    ready_rate: Reals
    stock: Reals


@dataclass(frozen=True)
class ReviewCycle:
    """Demand since the orders that have arrived were placed, at the points of a review cycle.

    Attributes
    ----------
    arrival : LeadTimeDemand
        When an order arrives: over wait and lead time.
    first, last : LeadTimeDemand
        At the end of the first and the last bucket before the next order arrives.
    """

    arrival: LeadTimeDemand
    first: LeadTimeDemand
    last: LeadTimeDemand

    @classmethod
    def of(
        cls, demand: CumulativeDemand, supply: LeadTimes, order_days: Integers, review: Integers, calendar: PlanCalendar
    ) -> ReviewCycle:
        """Return the cycle of orders that last ``order_days`` (n, K) with a review in days (n,)."""
        bucket = calendar.bucket.days

        def over(days: Integers) -> LeadTimeDemand:
            return LeadTimeDemand(demand.upto(-(-np.maximum(days, 0) // bucket)), supply.probability)

        arrival = order_days - review[:, None]
        return cls(over(arrival), over(np.minimum(arrival + bucket, order_days)), over(order_days))

    def rows(self, rows: Integers) -> ReviewCycle:
        """Return the cycle of some item-sites."""
        return ReviewCycle(self.arrival.rows(rows), self.first.rows(rows), self.last.rows(rows))


def expected_service(
    cycle: ReviewCycle, base_stock: Integers, owed_mean: Reals, owed_variance: Reals
) -> ExpectedService:
    """Return the service and stock of base stocks reviewed in cycles, demand that is not met being backordered.

    On hand at a point is ``(S - X)+`` with ``X`` the demand up to there and what the source owed: it widens and
    shifts the distribution of demand. What a cycle fails to meet is ``E(X_last - S)+ - E(X_arrival - S)+`` (Silver,
    Pyke and Thomas 2017, section 6.7, for a review of one bucket); stock and ready rate are means of the first
    and the last bucket of a cycle. With lost sales more is met than is told here.

    Parameters
    ----------
    cycle : ReviewCycle
    base_stock : array (n,)
    owed_mean, owed_variance : array (n,)
        Units that the source has not sent for want of stock.
    """
    stock = base_stock.astype(np.float64)

    def excess(demand: LeadTimeDemand) -> Reals:
        at, stretch = _shifted(demand, stock, owed_mean, owed_variance)
        return expected_excess(demand, at) * stretch

    def reached(demand: LeadTimeDemand, level: Reals) -> Reals:
        return probability_of_at_most(demand, _shifted(demand, level, owed_mean, owed_variance)[0])

    at_first, at_last = excess(cycle.first), excess(cycle.last)
    asked = cycle.last.mean - cycle.arrival.mean
    missed = np.maximum(at_last - excess(cycle.arrival), 0.0)
    fill = np.clip(1.0 - missed / np.where(asked > 0, asked, 1.0), 0.0, 1.0)
    on_hand = [
        stock - demand.mean - owed_mean + short for demand, short in ((cycle.first, at_first), (cycle.last, at_last))
    ]
    return ExpectedService(
        cycle_service=reached(cycle.last, stock + HALF),
        fill_rate=np.where(asked > 0, fill, 1.0),
        ready_rate=(reached(cycle.first, stock - HALF) + reached(cycle.last, stock - HALF)) / 2.0,
        stock=np.maximum((on_hand[0] + on_hand[1]) / 2.0, 0.0),
    )


def _shifted(demand: LeadTimeDemand, stock: Reals, owed_mean: Reals, owed_variance: Reals) -> tuple[Reals, Reals]:
    """Return the stock that meets demand alone as well as this one meets demand and what is owed, and the stretch."""
    std = demand.std
    total = np.sqrt(std**2 + owed_variance)
    stretch = np.where(std > 0, total / np.where(std > 0, std, 1.0), 1.0)
    at: Reals = demand.mean + (stock - demand.mean - owed_mean) / stretch
    return at, stretch
