"""Dagster face of dispatching: what leaves, what comes back, where orders stand, and which release decides.

Not here: any of the steps (``dispatch``), or who starts a run.
"""

from collections.abc import Iterator
from typing import Protocol

import dagster as dg

from assets.governance import pages
from assets.governance.dispatch import Dispatched
from assets.kernel.defs import shown
from assets.orders.order import Order
from assets.orders.store import OrderFilter, OrderStore
from assets.policy.registry import PolicyRegistry

ORDER_KEY = dg.AssetKey(["orders", "order"])
DOCUMENTS_KEY = dg.AssetKey(["orders", "documents"])
GROUP = "dispatch"
_OWNERS = ["team:replenishment"]
_KINDS = {"python", "ledger"}


class Dispatching(Protocol):
    """Works the orders of the clock's plan date off; orchestration supplies it."""

    def __call__(self) -> Dispatched:
        """Bring orders as far as they may go, and take in what the other side says."""
        ...


def build() -> list[dg.AssetsDefinition]:
    """Return the assets of dispatching; of no plan date, because only the clock's leaves."""
    return [_dispatching(), _policy_release()]


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
        orders: dg.ResourceParam[OrderStore],
    ) -> Iterator[dg.MaterializeResult[None]]:
        found = dispatcher()
        for order in orders.orders(OrderFilter(order_ids=found.changed)):
            context.log_event(_state_of(order))
        for name, page in pages.dispatching_pages(found, orders).items():
            yield dg.MaterializeResult(["orders", name], metadata=shown(page))

    return dispatching


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
