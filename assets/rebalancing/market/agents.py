"""What the market asks of its agents, whichever of them answers; one module a role.

The demand planner states needs, the supply executor plans, the constraint evaluator says what is
forbidden. Each is a deterministic function of what it sees. Not here: the conflict resolver, who
asks them (``conflict_resolver``).
"""

from __future__ import annotations

from assets.rebalancing.market.constraint_evaluator import whole
from assets.rebalancing.market.demand_planner import needs
from assets.rebalancing.market.supply_executor import (
    idle,
    paid,
    priced,
    proposals,
    propose,
    propose_whole,
    still_network,
    whole_plans,
)

__all__ = [
    "idle",
    "needs",
    "paid",
    "priced",
    "proposals",
    "propose",
    "propose_whole",
    "still_network",
    "whole",
    "whole_plans",
]
