"""One warehouse that serves many retailers: what given base stocks cost, exactly.

Poisson demand, a base stock at each site, unmet demand waits everywhere, and the warehouse serves
retailers in the order in which their customers came (first come, first served: each unit is reserved
for the demand that called for it, a virtual allocation). Not here: the best levels
(``distribution_levels``), other rationing rules (``rationing``), or simulation
(``distribution_simulation``).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.special import gammaln, xlogy

from assets.inventory.demand_distributions.families import poisson
from assets.inventory.demand_distributions.lattice import Lattice, Reals
from assets.kernel.errors import EquipoiseError

# Logarithm of a probability that no cost can show.
NEGLIGIBLE = -70.0


@dataclass(frozen=True)
class Retailer:
    """A site that customers buy from.

    Attributes
    ----------
    rate : float
        Customers per unit of time, a unit each.
    lead_time : float
        From the warehouse, when it has stock.
    holding_cost, shortage_cost : float
        Per unit on hand, or owed to customers, and unit of time.
    """

    rate: float
    lead_time: float
    holding_cost: float
    shortage_cost: float

    def __post_init__(self) -> None:
        if not 0 < self.rate < np.inf:
            raise _error(f"demand of {self.rate} per unit of time", "Give a finite demand above 0")
        if not self.lead_time >= 0:
            raise _error(f"lead time {self.lead_time}", "Give one of at least 0")
        if not (self.holding_cost > 0 and self.shortage_cost > 0):
            raise _error(
                f"holding cost {self.holding_cost} and shortage cost {self.shortage_cost}", "Give both above 0"
            )


@dataclass(frozen=True)
class DistributionSystem:
    """A warehouse, its lead time from a source that never runs out, and its retailers.

    Attributes
    ----------
    holding_cost : float
        Per unit at the warehouse, or in transit to a retailer, and unit of time; at most that of any
        retailer.
    lead_time : float
        From the outside source to the warehouse.
    retailers : tuple of Retailer
    review : float
        0 where orders follow each customer at once; 1 for a review at the start of each unit of time,
        costs being counted at its end.

    Raises
    ------
    EquipoiseError
        If there is no retailer, or a lead time or cost is out of range.
    """

    holding_cost: float
    lead_time: float
    retailers: tuple[Retailer, ...]
    review: float = 0.0

    def __post_init__(self) -> None:
        if not self.retailers:
            raise _error("no retailer", "Give at least one")
        if not (self.lead_time >= 0 and self.review >= 0):
            raise _error(f"lead time {self.lead_time} and review {self.review}", "Give both at least 0")
        cheapest = min(retailer.holding_cost for retailer in self.retailers)
        if not 0 < self.holding_cost <= cheapest:
            raise _error(
                f"holding cost {self.holding_cost} of the warehouse, {cheapest} of a retailer",
                "Give the warehouse a cost above 0 and at most that of its retailers",
            )

    @property
    def rate(self) -> float:
        """Demand of all retailers, in units per unit of time."""
        return sum(retailer.rate for retailer in self.retailers)

    @property
    def in_transit_cost(self) -> float:
        """Cost of what is on its way to retailers, the same for all policies."""
        return self.holding_cost * sum(retailer.rate * retailer.lead_time for retailer in self.retailers)

    @cached_property
    def warehouse_demand(self) -> Lattice:
        """Demand over the warehouse's lead time."""
        return poisson(self.rate * self.lead_time)

    @cached_property
    def retailer_demand(self) -> tuple[Lattice, ...]:
        """Demand of each retailer over its own lead time and the review."""
        return tuple(poisson(retailer.rate * (retailer.lead_time + self.review)) for retailer in self.retailers)


@dataclass(frozen=True)
class DistributionCost:
    """What base stocks cost, per unit of time.

    Attributes
    ----------
    warehouse : float
        Stock at the warehouse.
    retailers : tuple of float
        Stock and shortage at each.
    in_transit : float
        Stock on its way to retailers, at the warehouse's rate.
    """

    warehouse: float
    retailers: tuple[float, ...]
    in_transit: float

    @property
    def total(self) -> float:
        """All three."""
        return self.warehouse + sum(self.retailers) + self.in_transit


def evaluate(system: DistributionSystem, warehouse_level: int, retailer_levels: tuple[int, ...]) -> DistributionCost:
    """Return the exact cost of base stocks under first come, first served.

    What the warehouse owes is ``[D_0 - S_0]+`` with ``D_0`` the demand over its lead time, and each
    unit of it is a retailer's with the probability of its share of demand. A retailer is short of
    its base stock by that and its own demand since (Simon 1971; Graves 1985).

    Parameters
    ----------
    system : DistributionSystem
    warehouse_level : int
        Base stock of the warehouse, at least 0, in units.
    retailer_levels : tuple of int
        Base stock of each retailer, in units.

    Examples
    --------
    A warehouse without lead time never makes a retailer wait: each is a newsvendor, here that of
    Snyder and Shen (2019), example 4.7 without fixed cost.

    >>> shop = Retailer(rate=6, lead_time=1, holding_cost=1, shortage_cost=4)
    >>> cost = evaluate(DistributionSystem(0.5, 0, (shop,)), 0, (8,))
    >>> round(cost.retailers[0], 4), cost.in_transit
    (3.5701, 3.0)
    """
    require_levels(system, warehouse_level, retailer_levels)
    costs = [
        float(law.holding_and_shortage(np.array([float(level)]), retailer.holding_cost, retailer.shortage_cost)[0])
        for law, level, retailer in zip(
            outstanding(system, warehouse_level), retailer_levels, system.retailers, strict=True
        )
    ]
    return DistributionCost(warehouse_stock_cost(system, warehouse_level), tuple(costs), system.in_transit_cost)


def require_levels(system: DistributionSystem, warehouse_level: int, retailer_levels: tuple[int, ...]) -> None:
    """Refuse base stocks that do not belong to a system.

    Raises
    ------
    EquipoiseError
        If the warehouse's is below 0, or there is not one a retailer.
    """
    if warehouse_level < 0 or len(retailer_levels) != len(system.retailers):
        raise _error(
            f"warehouse level {warehouse_level}, levels of {len(retailer_levels)} retailers out of "
            f"{len(system.retailers)}",
            "Give a warehouse level of at least 0 and one level per retailer",
        )


def warehouse_stock_cost(system: DistributionSystem, level: int) -> float:
    """Return ``h_0 E[S_0 - D_0]+``."""
    demand = system.warehouse_demand
    return float(demand.holding_and_shortage(np.array([float(level)]), system.holding_cost, 0.0)[0])


def outstanding(system: DistributionSystem, warehouse_level: int) -> tuple[Lattice, ...]:
    """Return how far each retailer's stock is below its base stock: owed to it, and demanded since."""
    owed = owed_by_warehouse(system, warehouse_level)
    shares = [retailer.rate / system.rate for retailer in system.retailers]
    # Retailers of equal demand share the distribution of what is owed to them.
    tables = {share: thinning(owed.mass.size - 1, share) for share in set(shares)}
    parts = [Lattice(0, tables[share] @ owed.mass) for share in shares]
    return tuple(part.convolve(demand) for part, demand in zip(parts, system.retailer_demand, strict=True))


def owed_by_warehouse(system: DistributionSystem, level: int) -> Lattice:
    """Return the distribution of ``[D_0 - level]+``, units the warehouse owes its retailers."""
    demand = system.warehouse_demand
    over = np.maximum(demand.points - level, 0.0).astype(np.int64)
    return Lattice(0, np.bincount(over, weights=demand.mass).astype(np.float64))


def thinning(units: int, share: float) -> Reals:
    """Return the probability that ``k`` of ``n`` units fall into a share, each independently.

    Binomial, shape ``(units + 1, units + 1)`` by ``k`` and ``n``; columns add up to 1.
    """
    counts = np.arange(units + 1, dtype=float)
    chosen, of = counts[:, None], counts[None, :]
    rest = np.maximum(of - chosen, 0.0)
    logs = gammaln(of + 1) - gammaln(chosen + 1) - gammaln(rest + 1) + xlogy(chosen, share) + xlogy(rest, 1.0 - share)
    # Sums of numbers below the normal range would take most of the time.
    table: Reals = np.exp(np.where((chosen <= of) & (logs > NEGLIGIBLE), logs, -np.inf))
    return table


def _error(what: str, remedy: str) -> EquipoiseError:
    return EquipoiseError(what, where="distribution system", remedy=remedy)
