"""Dagster face of rebalancing: the joint plan of a plan date, and the market that settled it."""

from collections.abc import Iterator

import dagster as dg
import pandas as pd
from pydantic import Field

from assets.kernel.defs import PlanDates, inputs, plan_date_of, published_outs, shown
from assets.kernel.frames.decisions import ANNOUNCED_LINES, DECISIONS, PLAN_COSTS, PLAN_FAULTS, PLAN_LINES, PLAN_SUMMARY
from assets.kernel.frames.market import COORDINATION_GRAPH, MARKET_TRANSCRIPT, SHARED_LIMITS
from assets.kernel.frames.rollout import CANARY_ITEMS
from assets.kernel.network import NetworkProfile
from assets.kernel.published import Published
from assets.policy.registry import PolicyRegistry
from assets.rebalancing import pages
from assets.rebalancing.announced import Announcements
from assets.rebalancing.canaries import Canaries
from assets.rebalancing.only import Only
from assets.rebalancing.snapshot import from_published

_GROUP = "rebalancing"
_MARTS = (
    "fct_inventory_position", "fct_scheduled_receipt", "fct_lead_time", "dim_item", "dim_site", "dim_lane",
    "dim_sourcing", "dim_item_site", "fct_open_order",
)  # fmt: skip
_OUTPUTS = {
    PLAN_LINES: "Decided jointly for every item by min-cost flow; only what starts now. Amounts are expectations "
    "of the model: gains of lines of one item do not add up.",
    DECISIONS: "Where nothing moves, the reason says why. Marginal values hold for one unit, with the plan as it is.",
    PLAN_SUMMARY: "Costs of all policies come from the same function on the same snapshot; later buckets are "
    "planned optimally for each, those of baselines as if nothing were shared then: `broken_limits` counts what they "
    "would break, and their cost is what they would cost at least.",
    PLAN_COSTS: "Baselines as if nothing were shared; the sum of bounds is no more than the bound of the summary.",
    PLAN_FAULTS: "Empty where nothing is wrong. Where only some items were planned again, what went wrong while others "
    "were planned stands in the run that planned them.",
    ANNOUNCED_LINES: "Empty where the policy release neither prices nor forbids changes of what was announced.",
    SHARED_LIMITS: "Prices are those of the best proven bound; 0 where there is room. Uses of different units do not "
    "add up.",
    MARKET_TRANSCRIPT: "Empty where what items would do by themselves breaks no limit.",
    COORDINATION_GRAPH: "Limits that no possible plan could fill are left out.",
    CANARY_ITEMS: "Empty where no release is at stage canary. Costs are those of today's decisions for the item by the "
    "active prices, so that they compare.",
}


class Asked(dg.Config):
    """What is planned by whoever starts a run from Dagster's pages, where it stands as it was written."""

    only: list[str] = Field(default=[], description="item=ID or site=ID each: plan only the items touched, again.")


def build(plan_dates: PlanDates) -> list[dg.AssetsDefinition]:
    """Return the assets of the stage."""

    @dg.multi_asset(
        name="joint_plan",
        outs=published_outs(_GROUP, _OUTPUTS, owners=["team:planning-science"], kinds={"python", "ortools"}),
        ins=inputs(
            marts=_MARTS,
            forecasting=["demand_forecast", "lead_time"],
            inventory=["targets", "protection_demand"],
            quality=["verdicts", "forecast_verdicts"],
            orders=["levels_there"],
        ),
        group_name=_GROUP,
        partitions_def=plan_dates,
    )
    def joint_plan(
        context: dg.AssetExecutionContext,
        config: Asked,
        only: dg.ResourceParam[Only],
        profile: dg.ResourceParam[NetworkProfile],
        policies: dg.ResourceParam[PolicyRegistry],
        announcements: dg.ResourceParam[Announcements],
        canaries: dg.ResourceParam[Canaries],
        published: dg.ResourceParam[Published],
        **tables: pd.DataFrame,
    ) -> Iterator[dg.Output[pd.DataFrame]]:
        from assets.rebalancing.daily import planned

        plan = planned(
            from_published(tables), release=policies.active(), profile=profile, plan_date=plan_date_of(context),
            announcements=announcements, published=published, canaries=canaries, only=(*only.named, *config.only),
        )  # fmt: skip
        for name, frame, page in pages.published(plan):
            yield dg.Output(frame, name, metadata=shown(page))

    return [joint_plan]
