"""`equipoise bench placement`: what placing stock over the echelons of the planned network costs, simulated.

The published tables of the latest plan date are lived under three answers: every site for itself, guaranteed service
where it is cheaper, and the placement of the plan. Daily networks only.
"""

from __future__ import annotations

import time
from typing import Any

from placement_simulation import NetworkSimulation
from rich.console import Console

from assets.inventory.master_data import MasterData
from assets.inventory.placement import ANSWERS, GUARANTEED, place_stock
from assets.inventory.recent_demand import read_recent
from assets.inventory.situation import situation_of
from assets.inventory.targets import set_targets
from assets.kernel.frames import forecasts, marts
from assets.kernel.frames.decisions import TARGETS
from assets.kernel.published import Published
from assets.policy.registry import PolicyRegistry
from orchestration.cli.console import percent, table
from orchestration.cli.reading import open_network, planned_date

_NETWORK = (
    marts.DIM_ITEM_SITE, marts.DIM_SITE, marts.DIM_LANE, marts.DIM_SOURCING, marts.DIM_ITEM, marts.FEAT_ITEM_SITE,
)  # fmt: skip


def run(*, paths: int = 4, days: int = 240, warm_up: int = 60, seed: int = 1) -> dict[str, Any]:
    """Live the network under each answer, demand lost and demand waiting, with the same luck.

    Parameters
    ----------
    paths, days, warm_up, seed : int
        Independent futures, the days that count, those before them, and the luck.
    """
    home = open_network()
    published = Published(home.published)
    plan_date = planned_date(published, TARGETS, None)
    release, calendar = PolicyRegistry().active(), home.profile.calendar
    read = lambda frame: published.read(frame, plan_date)  # noqa: E731
    master = MasterData(*(read(frame) for frame in _NETWORK))
    expected = [read(forecasts.DEMAND_FORECAST), read(forecasts.LEAD_TIME)]
    orders = [read(frame) for frame in (marts.FCT_LEAD_TIME, marts.FCT_OPEN_ORDER, marts.FEAT_LEAD_TIME)]
    demand = read_recent(published, plan_date)
    situation = situation_of(*expected, master, release, calendar, plan_date)
    answers = {"every site for itself": (), "guaranteed service where cheaper": (GUARANTEED,), "as placed": ANSWERS}
    rows = []
    for lost in (True, False):
        simulation = NetworkSimulation(situation, lost_sales=lost, paths=paths, days=days, warm_up=warm_up, seed=seed)
        for name, allowed in answers.items():
            started = time.process_time()
            placed = place_stock(demand, *orders, master, release, calendar, plan_date, allowed)
            seconds = time.process_time() - started
            made = set_targets(*expected, master, release, calendar, plan_date, placed)
            lived = simulation.live(made["base_stock_units"].to_numpy())
            rows.append(
                {
                    "answer": name,
                    "unmet_demand": "lost" if lost else "waits",
                    "cost": lived.cost,
                    "holding": lived.holding,
                    "holding_by_echelon": list(lived.holding_by_echelon),
                    "shortage": lived.shortage,
                    "fill_rate": lived.fill_rate,
                    "placing_cpu_seconds": seconds,
                    "item_sites_placed": int((placed["placement"] != "local").sum()),
                }
            )
    return {"network": home.profile.name, "plan_date": plan_date.isoformat(), "rows": rows}


def show(console: Console, found: dict[str, Any]) -> None:
    """Print one line an answer."""
    columns = ("answer", "unmet demand", "cost a day", "holding", "by echelon", "shortage", "fill rate", "placed")
    cells = [
        [row["answer"], row["unmet_demand"], row["cost"], row["holding"],
         " / ".join(f"{one:,.1f}" for one in row["holding_by_echelon"]), row["shortage"], percent(row["fill_rate"]),
         row["item_sites_placed"]]
        for row in found["rows"]
    ]  # fmt: skip
    console.print(table(f"{found['network']}, targets of {found['plan_date']}, simulated", columns, cells))
