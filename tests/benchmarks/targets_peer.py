"""stockpyl's guaranteed-service solver on our networks, where it is installed.

Not here: our own solver, or what is measured (``targets``).
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

from assets.inventory.guaranteed_service.levels import Level, network_levels
from assets.inventory.guaranteed_service.network import Stage, StageNetwork

SAFETY_FACTOR = 1.645
"""That of drawn networks (``targets_networks``)."""


def is_installed() -> bool:
    """Return whether stockpyl can be imported."""
    return find_spec("stockpyl") is not None


def peer_network(network: StageNetwork) -> Any:
    """Return a tree, whose demands pool as independent ones, as stockpyl has it.

    It takes holding costs per unit and one safety factor, so that ours are handed over as they
    came out; its answer is the same money.
    """
    from stockpyl.supply_chain_network import SupplyChainNetwork

    made = SupplyChainNetwork()
    levels = network_levels(network)
    place = {level.name: at for at, level in enumerate(levels)}
    stages = {stage.name: stage for stage in network.stages}
    for level in levels:
        made.add_node(_node(place[level.name], stages[level.name], level, network.holding_rate))
    made.add_edges_from_list([(place[arc.upstream], place[arc.downstream]) for arc in network.arcs])
    return made


def stockpyl_cost(made: Any) -> float:
    """Return the cost that stockpyl finds."""
    from stockpyl.gsm_tree import optimize_committed_service_times

    return float(optimize_committed_service_times(made)[1])


def _node(at: int, stage: Stage, level: Level, holding_rate: float) -> Any:
    from stockpyl.demand_source import DemandSource
    from stockpyl.supply_chain_node import SupplyChainNode

    node = SupplyChainNode(
        at,
        processing_time=stage.processing_time,
        local_holding_cost=holding_rate * level.unit_cost,
        external_outbound_cst=stage.max_service_time,
        demand_bound_constant=SAFETY_FACTOR,
    )
    if stage.demand is not None:
        node.demand_source = DemandSource(type="N", mean=stage.demand.mean, standard_deviation=stage.demand.std)
    return node
