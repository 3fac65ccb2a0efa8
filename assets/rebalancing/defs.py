"""Dagster face of rebalancing: the joint plan of a plan date."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

import dagster as dg
import pandas as pd

from assets.kernel.frames import Frame
from assets.kernel.frames.decisions import DECISIONS, PLAN_LINES, PLAN_SUMMARY
from assets.kernel.network import NetworkProfile
from assets.policy.registry import PolicyRegistry
from assets.rebalancing import pages
from assets.rebalancing.problem import build_problem
from assets.rebalancing.snapshot import from_published

_GROUP = "rebalancing"
_MARTS = (
    "fct_inventory_position", "fct_scheduled_receipt", "fct_lead_time", "dim_item", "dim_site", "dim_lane",
    "dim_sourcing", "dim_item_site",
)  # fmt: skip
_UPSTREAM = {
    **{name: ("marts", name) for name in _MARTS},
    "demand_forecast": ("forecasting", "demand_forecast"),
    "lead_time": ("forecasting", "lead_time"),
    "targets": ("inventory", "targets"),
    "verdicts": ("quality", "verdicts"),
    "forecast_verdicts": ("quality", "forecast_verdicts"),
}
_OUTPUTS = {
    PLAN_LINES: "Decided jointly for every item by min-cost flow; only what starts now. Amounts are expectations "
    "of the model: gains of lines of one item do not add up.",
    DECISIONS: "Where nothing moves, the reason says why. Marginal values hold for one unit, with the plan as it is.",
    PLAN_SUMMARY: "Costs of all policies come from the same function on the same snapshot; later buckets are "
    "planned optimally for each.",
}


def build(plan_dates: dg.PartitionsDefinition[Any]) -> list[dg.AssetsDefinition]:
    """Return the assets of the stage."""

    @dg.multi_asset(
        name="joint_plan",
        outs={frame.name: _out(frame, caveat) for frame, caveat in _OUTPUTS.items()},
        ins={name: dg.AssetIn(list(key)) for name, key in _UPSTREAM.items()},
        group_name=_GROUP,
        partitions_def=plan_dates,
    )
    def joint_plan(
        context: dg.AssetExecutionContext,
        profile: dg.ResourceParam[NetworkProfile],
        policies: dg.ResourceParam[PolicyRegistry],
        **published: pd.DataFrame,
    ) -> Iterator[dg.Output[pd.DataFrame]]:
        from assets.rebalancing.plan import solve

        plan_date = dt.date.fromisoformat(context.partition_key)
        problem = build_problem(
            from_published(published), release=policies.active(), profile=profile, plan_date=plan_date
        )
        plan = solve(problem)
        yield dg.Output(plan.lines, "plan_lines", metadata=_shown(pages.lines_page(plan)))
        yield dg.Output(plan.decisions, "decisions", metadata=_shown(pages.decisions_page(plan)))
        yield dg.Output(plan.summary, "plan_summary", metadata=_shown(pages.summary_page(plan)))

    return [joint_plan]


def _out(frame: Frame, caveat: str) -> dg.AssetOut:
    return dg.AssetOut(
        key=[_GROUP, frame.name],
        description=f"{frame.grain} {caveat}",
        io_manager_key="parquet",
        metadata={"frame": frame.name},
        owners=["team:planning-science"],
        kinds={"python", "ortools"},
        code_version="1",
    )


def _shown(page: dict[str, Any]) -> dict[str, Any]:
    """Wrap markdown; numbers show as they are."""
    return {k: dg.MetadataValue.md(v) if isinstance(v, pages.Markdown) else v for k, v in page.items()}
