"""stockpyl's simulator on one base-stock stage, where it is installed.

Not here: ours (``twin``).
"""

from __future__ import annotations

import time
from importlib.util import find_spec

PERIODS, MEAN, LEVEL, LEAD_TIME = 3_000, 5, 20, 2


def node_periods_per_second() -> float | None:
    """Return the rate of a single Poisson stage with backorders; nothing where stockpyl is not installed."""
    if find_spec("stockpyl") is None:
        return None
    from stockpyl.sim import simulation
    from stockpyl.supply_chain_network import single_stage_system

    made = single_stage_system(
        holding_cost=1, stockout_cost=9, demand_type="P", mean=MEAN, policy_type="BS", base_stock_level=LEVEL,
        shipment_lead_time=LEAD_TIME,
    )  # fmt: skip
    started = time.perf_counter()
    simulation(made, PERIODS, rand_seed=1, progress_bar=False)
    return PERIODS / (time.perf_counter() - started)
