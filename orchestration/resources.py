"""What assets are handed: plain objects of the capabilities, built from the settings.

The warehouse is handed out under the writer lock, so that whoever needs it, started from
wherever, waits for its turn. Not here: anything that decides.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_dbt import DbtProject

from assets.features.defs import NetworkDbt
from assets.features.registry import FeatureRegistry
from assets.forecasting.registry.registry import ModelRegistry
from assets.governance.canary import RegisteredCanary
from assets.kernel.calendar import AsKnown
from assets.kernel.published import Published
from assets.kernel.warehouse import Warehouse
from assets.orders.announced import LedgerAnnouncements
from assets.orders.levels_there import LedgerLevels
from assets.orders.store import OrderStore
from assets.policy.registry import PolicyRegistry
from assets.rebalancing.only import Only
from orchestration import locks, recovery
from orchestration.dispatching import before_a_plan, dispatch_network
from orchestration.gateways import open_gateway
from orchestration.ledger import open_ledger
from orchestration.policies import registry_of
from orchestration.private import keep_private
from orchestration.retries import RetryingIOManager
from orchestration.settings import Settings
from orchestration.veil import PageVeil

LATE_IMPORTS = (
    "great_expectations",
    "lightgbm",
    "statsforecast.models",
    "hierarchicalforecast.methods",
    "ortools.graph.python.min_cost_flow",
)
"""Libraries of one to four seconds, in the order that the stages ask for them; imported while dbt builds staging."""


def build_resources(settings: Settings, project: DbtProject, **overrides: Any) -> dict[str, Any]:
    """Return the resources of the graph by name.

    Parameters
    ----------
    settings : Settings
        The installation.
    project : DbtProject
        The parsed dbt project.
    **overrides
        Resources to use instead, by name; tests and the CLI pass theirs.
    """
    home = settings.network_home()
    keep_private(home.root)
    profile = home.profile
    published = Published(home.published)
    orders: OrderStore = overrides.get("orders") or open_ledger(settings, profile.clock)
    veil = PageVeil(home, orders, lifted=settings.pages_show_sensitive)
    policies: PolicyRegistry = overrides.get("policies") or registry_of(home, orders)
    given = {
        "home": home,
        "profile": profile,
        "clock": profile.clock,
        "as_known": AsKnown.THEN,
        "only": Only(),
        "policies": policies,
        "canaries": RegisteredCanary(policies, published),
        "features": FeatureRegistry(home.root),
        "models": ModelRegistry(home.root),
        "published": published,
        "parquet": RetryingIOManager(published, veil.metadata),
        "veil": veil,
        "warehouse": guarded_warehouse(
            home.warehouse,
            home.locks,
            settings.lock_wait_seconds,
            go_on=lambda plan_date: before_a_plan(settings, orders, profile.clock, plan_date),
        ),
        "orders": orders,
        "order_partition_days": settings.order_partition_days,
        "dispatcher": lambda: dispatch_network(
            settings, store=orders, gateway=open_gateway(settings, home), clock=profile.clock
        ),
        "dbt": NetworkDbt(project, meanwhile=list(LATE_IMPORTS)),
        "levels": LedgerLevels(orders, profile.name),
        **overrides,
    }
    if "announcements" not in given:
        named = (given[name] for name in ("orders", "profile", "clock", "as_known", "policies"))
        given["announcements"] = LedgerAnnouncements(*named)
    return given


def guarded_warehouse(
    path: Path, lock_folder: Path, wait_seconds: int, go_on: Callable[[dt.date | None], object]
) -> dg.ResourceDefinition:
    """Return a resource that holds the writer lock for as long as a run needs the warehouse.

    ``go_on`` is called under the lock before anything else, with the run's plan date: what a process that died left
    half done.
    """

    @dg.resource(description="The DuckDB warehouse, under the writer lock.")
    def warehouse(context: dg.InitResourceContext) -> Iterator[Warehouse]:
        run_id = context.run.run_id if context.run else "unknown run"
        with (
            recovery.alive(lock_folder, run_id),
            locks.hold(lock_folder / locks.WRITER, f"run {run_id}", wait_seconds=wait_seconds),
        ):
            if context.instance is not None:
                recovery.release_dead_runs(context.instance, lock_folder, except_run=run_id)
            go_on(_plan_date(context.run))
            yield Warehouse(path)

    return warehouse


def _plan_date(run: dg.DagsterRun | None) -> dt.date | None:
    key = run.tags.get("dagster/partition") if run else None
    return dt.date.fromisoformat(key) if key else None
