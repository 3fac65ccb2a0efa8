"""Dagster face of governance: shadows, the canary's guards, dispatching, and which release decides.

Not here: any of the steps (``dispatch``), or who starts a run.
"""

from collections.abc import Iterator
from typing import Protocol

import dagster as dg
import pandas as pd

from assets.governance import pages
from assets.governance.canary_watch import GuardDay, watch_canary
from assets.governance.dispatch import Dispatched
from assets.governance.shadow import ShadowDay, cast_shadows
from assets.kernel.calendar import AsKnown
from assets.kernel.clock import Clock
from assets.kernel.defs import PlanDates, log_event, plan_date_of, published_asset, published_outs, shown
from assets.kernel.frames.rollout import CANARY_GUARDS, SHADOW_DIFFERENCES, SHADOW_LEVELS, SHADOW_PLANS
from assets.kernel.network import NetworkProfile
from assets.kernel.published import Published
from assets.orders.order import Order
from assets.orders.projections import moved_since
from assets.orders.store import OrderStore
from assets.policy.registry import PolicyRegistry
from assets.rebalancing.announced import Announcements

ORDER_KEY = dg.AssetKey(["orders", "order"])
DOCUMENTS_KEY = dg.AssetKey(["orders", "documents"])
LEDGER_KEY = dg.AssetKey(["orders", "order_ledger"])
GROUP = "dispatch"
ROLLOUT = "rollout"
_OWNERS = ["team:replenishment"]
_KINDS = {"python", "ledger"}
_SHADOWS = {
    SHADOW_PLANS: "Forecasts are the active release's; targets and the joint plan are the shadow's. Empty where no "
    "release is at stage shadow, and with hindsight. Costs by each one's own terms do not compare; those by the "
    "active prices do. What ERPs order by levels that they are handed is not in them: `shadow_levels` prices levels.",
    SHADOW_DIFFERENCES: "The shadow's documents are in the ledger in channel shadow, which never leaves. Documents of "
    "levels are in `shadow_levels`.",
    SHADOW_LEVELS: "Priced is what both releases leave to the ERP, by the stock that levels keep. Not counted: "
    "item-sites that only one of them leaves to it, since orders of a plan do not compare with orders of an ERP that "
    "nobody here sees; what ERPs' orders cost; sales that other levels win or lose.",
}


class Dispatching(Protocol):
    """Works the orders of the clock's plan date off; orchestration supplies it."""

    def __call__(self) -> Dispatched:
        """Bring orders as far as they may go, and take in what the other side says."""
        ...


def build(plan_dates: PlanDates) -> list[dg.AssetsDefinition]:
    """Return what decides beside the active release on a plan date, and dispatching, which is of no plan date."""
    return [_shadows(plan_dates), _canary_guards(plan_dates), _dispatching(), _policy_release()]


def _shadows(plan_dates: PlanDates) -> dg.AssetsDefinition:
    @dg.multi_asset(
        name="shadows",
        outs=published_outs("governance", _SHADOWS, owners=_OWNERS, kinds={"python", "ortools", "ledger"}),
        deps=[DOCUMENTS_KEY],
        group_name=ROLLOUT,
        partitions_def=plan_dates,
    )
    def shadows(
        context: dg.AssetExecutionContext,
        profile: dg.ResourceParam[NetworkProfile],
        policies: dg.ResourceParam[PolicyRegistry],
        announcements: dg.ResourceParam[Announcements],
        published: dg.ResourceParam[Published],
        orders: dg.ResourceParam[OrderStore],
        as_known: dg.ResourceParam[AsKnown],
    ) -> Iterator[dg.Output[pd.DataFrame]]:
        day = ShadowDay(published, profile, plan_date_of(context), announcements, orders, context.run.run_id, as_known)
        found = cast_shadows(policies, day)
        yield dg.Output(found.plans, "shadow_plans", metadata=shown(pages.shadow_plans_page(found.plans)))
        page = pages.shadow_differences_page(found.differences)
        yield dg.Output(found.differences, "shadow_differences", metadata=shown(page))
        yield dg.Output(found.levels, "shadow_levels", metadata=shown(pages.shadow_levels_page(found.levels)))

    return shadows


def _canary_guards(plan_dates: PlanDates) -> dg.AssetsDefinition:
    @published_asset(
        CANARY_GUARDS,
        ["governance", "canary_guards"],
        "Lost sales, rejections and failures count days that are over; of the canary's lost sales the lower bound. A "
        "broken guard takes the canary back where its release has automatic rollback on, and its orders in flight "
        "with it.",
        group=ROLLOUT,
        deps=[["orders", "documents"], ["rebalancing", "canary_items"], ["forecasting", "demand_estimate"]],
        plan_dates=plan_dates,
        owners=_OWNERS,
        kinds=_KINDS,
    )
    def canary_guards(
        context: dg.AssetExecutionContext,
        profile: dg.ResourceParam[NetworkProfile],
        policies: dg.ResourceParam[PolicyRegistry],
        published: dg.ResourceParam[Published],
        orders: dg.ResourceParam[OrderStore],
        clock: dg.ResourceParam[Clock],
        as_known: dg.ResourceParam[AsKnown],
    ) -> dg.MaterializeResult[pd.DataFrame]:
        day = GuardDay(published, profile, plan_date_of(context), orders, clock, as_known)
        found = watch_canary(policies, day)
        return dg.MaterializeResult(value=found, metadata=shown(pages.canary_guards_page(found)))

    return canary_guards


def _dispatching() -> dg.AssetsDefinition:
    @dg.multi_asset(
        name="dispatching",
        specs=[
            _of_dispatch("order_dispatch", "what went out, what waits for whom, and what is held back and why."),
            _of_dispatch("order_confirmations", "what the other side said, taken in exactly once."),
            _of_dispatch("order_ledger", "how many orders stand where, by the ledger."),
        ],
    )
    def dispatching(
        context: dg.AssetExecutionContext,
        dispatcher: dg.ResourceParam[Dispatching],
        profile: dg.ResourceParam[NetworkProfile],
        orders: dg.ResourceParam[OrderStore],
    ) -> Iterator[dg.MaterializeResult[None]]:
        logged = _position_logged(context.instance)
        found = dispatcher()
        moved = moved_since(orders, profile.name, logged)
        for order in moved.orders:
            log_event(context, _state_of(order))
        for name, page in pages.dispatching_pages(found, orders, moved.position).items():
            yield dg.MaterializeResult(["orders", name], metadata=shown(page))

    return dispatching


def _position_logged(instance: dg.DagsterInstance) -> int:
    """Return the position of the ledger up to which an earlier run logged what changed; 0 where none did."""
    last = instance.get_latest_materialization_event(LEDGER_KEY)
    told = last.asset_materialization.metadata.get(pages.EVENTS) if last and last.asset_materialization else None
    return told.value if isinstance(told, dg.IntMetadataValue) and told.value else 0


def _of_dispatch(name: str, what: str) -> dg.AssetSpec:
    return dg.AssetSpec(
        ["orders", name],
        description=f"One materialization per dispatch run: {what} Only the clock's current plan date leaves, inside "
        "its dispatch window.",
        deps=[DOCUMENTS_KEY],
        group_name=GROUP,
        owners=_OWNERS,
        kinds=_KINDS,
    )


def _policy_release() -> dg.AssetsDefinition:
    @dg.asset(
        key=["governance", "policy_release"],
        description="One row per policy release, with the stage that events left it at. Stages change by "
        "`equipoise policy promote` and `rollback`.",
        group_name=GROUP,
        owners=_OWNERS,
        kinds=_KINDS,
    )
    def policy_release(policies: dg.ResourceParam[PolicyRegistry]) -> dg.MaterializeResult[None]:
        page = pages.releases_page(policies.releases(), policies.active().version)
        return dg.MaterializeResult(metadata=shown(page))

    return policy_release


def _state_of(order: Order) -> dg.AssetObservation:
    """Return where an order stands, as an observation of its partition."""
    facts = {
        "status": order.status.value,
        "reason": order.status_reason or "none",
        "revision": order.revision,
        "other_side": order.receipt.answer.value if order.receipt else "not asked",
        "other_side_number": order.receipt.external_id if order.receipt else "none",
    }
    return dg.AssetObservation(ORDER_KEY, partition=order.order_id, metadata=facts)
