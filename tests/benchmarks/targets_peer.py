"""stockpyl's guaranteed-service solver on our networks, where it is installed.

Not here: our own solver, or what is measured (``targets``).
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

from assets.inventory.guaranteed_service.levels import network_levels
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
    from stockpyl.supply_chain_network import network_from_edges

    levels = {level.name: level for level in network_levels(network)}
    place = {stage.name: at for at, stage in enumerate(network.stages)}
    by_place = dict(enumerate(network.stages))
    # All at once: adding an edge rebuilds the network.
    return network_from_edges(
        [(place[arc.upstream], place[arc.downstream]) for arc in network.arcs],
        processing_time={at: stage.processing_time for at, stage in by_place.items()},
        local_holding_cost={at: network.holding_rate * levels[stage.name].unit_cost for at, stage in by_place.items()},
        external_outbound_cst={at: stage.max_service_time for at, stage in by_place.items()},
        demand_bound_constant=SAFETY_FACTOR,
        demand_source={at: _demand(stage) for at, stage in by_place.items() if stage.demand is not None},
    )


def stockpyl_cost(made: Any) -> float:
    """Return the cost that stockpyl finds."""
    from stockpyl.gsm_tree import optimize_committed_service_times

    return float(optimize_committed_service_times(made)[1])


def _demand(stage: Stage) -> Any:
    from stockpyl.demand_source import DemandSource

    assert stage.demand is not None, "only stages with a demand of their own are asked"
    return DemandSource(type="N", mean=stage.demand.mean, standard_deviation=stage.demand.std)
