"""Where safety stock goes: service times of every stage at least holding cost, and the stock that keeps them.

Not here: how the service times are found (``tree``, ``general``).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from assets.inventory.guaranteed_service.general import solve_core
from assets.inventory.guaranteed_service.levels import Level, network_levels
from assets.inventory.guaranteed_service.network import StageNetwork
from assets.inventory.guaranteed_service.tree import fold_trees
from assets.kernel.errors import EquipoiseError


@dataclass(frozen=True)
class StageStock:
    """What one stage promises and keeps.

    Attributes
    ----------
    name : str
    inbound_service_time, service_time : int
        Periods until its inputs are there, and until its output is.
    net_replenishment_time : int
        Periods that its stock must last: inbound service time + processing time - service time.
    safety_stock : float
        Units.
    base_stock : float
        Units: demand over the net replenishment time, and the safety stock.
    holding_cost : float
        Money, of the safety stock, per year if the holding rate is.
    """

    name: str
    inbound_service_time: int
    service_time: int
    net_replenishment_time: int
    safety_stock: float
    base_stock: float
    holding_cost: float


@dataclass(frozen=True)
class Placement:
    """The safety stock of a network.

    Attributes
    ----------
    stages : tuple of StageStock
        Each after those upstream of it.
    cost : float
        Money, of all safety stock.
    bound : float
        No service times cost less.
    core_size : int
        Stages that hang together in cycles of arcs, and were solved by the integer program.
    """

    stages: tuple[StageStock, ...]
    cost: float
    bound: float
    core_size: int

    @property
    def gap(self) -> float:
        """Share of the cost that a better placement could still save at most."""
        return max(0.0, 1.0 - self.bound / self.cost) if self.cost > 0 else 0.0


def place_safety_stock(network: StageNetwork, *, fold: bool = True) -> Placement:
    """Return the placement of safety stock that holds all service limits at least cost.

    Stage ``j`` keeps ``B_j sqrt(SI_j + T_j - S_j)`` units above mean demand, ``B_j`` its pooled
    demand bound (Simpson 1958; Graves and Willems 2000, equations 1 to 4). Trees are solved by
    dynamic programming; of other networks the core that has cycles by an integer program.

    Parameters
    ----------
    network : StageNetwork
    fold : bool
        Whether trees are solved by dynamic programming; without, all goes to the integer program.

    Raises
    ------
    EquipoiseError
        If the network has faults; all are named.

    Examples
    --------
    Two stages in line, the second facing customers who do not wait (Graves and Willems 2000 in small):

    >>> from assets.inventory.guaranteed_service.network import Arc, Demand, Stage
    >>> make = Stage("make", 9, added_cost=1.0)
    >>> sell = Stage("sell", 4, added_cost=9.0, max_service_time=0, demand=Demand(5.0, 3.0, 2.0))
    >>> placed = place_safety_stock(StageNetwork((make, sell), (Arc("make", "sell"),)))
    >>> [(one.name, one.service_time, one.safety_stock) for one in placed.stages], placed.cost
    ([('make', 0, 18.0), ('sell', 0, 12.0)], 138.0)
    """
    faults = network.consistency()
    if faults:
        raise EquipoiseError(
            "; ".join(faults), where="guaranteed-service network", remedy="Correct what is named, or leave it out"
        )
    levels = network_levels(network)
    folding = fold_trees(levels, keep=not fold)
    core = solve_core(folding)
    stages = tuple(_stock(level, *times) for level, times in zip(levels, folding.unfold(core.times), strict=True))
    cost = math.fsum(stage.holding_cost for stage in stages)
    bound = math.fsum([core.bound, *(float(fold.costs.min()) for fold in folding.folds if fold.into is None)])
    return Placement(stages, cost, min(bound, cost), len(folding.core))


def _stock(level: Level, inbound: int, service: int) -> StageStock:
    periods = inbound + level.processing_time - service
    return StageStock(
        name=level.name,
        inbound_service_time=inbound,
        service_time=service,
        net_replenishment_time=periods,
        safety_stock=level.demand_bound * math.sqrt(periods),
        base_stock=level.demand_mean * periods + level.demand_bound * math.sqrt(periods),
        holding_cost=level.holding_cost * math.sqrt(periods),
    )
