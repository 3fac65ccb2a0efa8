"""The table of contents of the graph: stages in order, and the module that builds each.

The keys are Dagster's asset groups.
"""

from __future__ import annotations

STAGES: dict[str, str] = {
    "feeds": "assets.feeds.defs",
    "staging": "assets.features.defs",
    "quality": "quality.checks",
    "features": "assets.features.defs",
    "forecasting": "assets.forecasting.defs",
    "inventory": "assets.inventory.defs",
    "forecast_gate": "quality.checks",
    "rebalancing": "assets.rebalancing.defs",
    "plan_gate": "quality.checks",
    "orders": "assets.orders.defs",
    "rollout": "assets.governance.defs",
    "monitoring": "assets.monitoring.defs",
    "dispatch": "assets.governance.defs",
}
"""Stage to the module whose ``build`` makes its assets; dbt and quality fill several from one module."""

DISPATCH = "dispatch"
PLANNING = tuple(stage for stage in STAGES if stage != DISPATCH)
"""Stages that a plan goes through; dispatching has a job of its own, because it is of no plan date."""
