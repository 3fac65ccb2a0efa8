"""Which items the release at stage canary decides for: whole components where they fit, the same from day to day.

On its first plan date the release's part is drawn from the coordination graph of the active plan (``rollout``);
from then on it is the part that the last plan before published, so that what moves about between days is what
the canary decides and never whom it decides for. Not here: planning the part (``rebalancing.canary``).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from assets.governance.rollout import Canary, Link, Node, assign
from assets.kernel.frames.rollout import CANARY_ITEMS
from assets.kernel.published import Published
from assets.policy.registry import PolicyRegistry
from assets.policy.release import Release
from assets.rebalancing.canaries import Part
from assets.rebalancing.plan import Plan

_CENT = Decimal("0.01")
_LIMIT = "limit "


@dataclass(frozen=True)
class RegisteredCanary:
    """The canary that the registry names, and its part; the real ``Canaries``."""

    policies: PolicyRegistry
    published: Published

    def release(self) -> Release | None:
        """Return the release at stage canary, if there is one."""
        return self.policies.canary()

    def part(self, plan: Plan, plan_date: dt.date) -> Part | None:
        """Return the canary's part of the active release's plan.

        Raises
        ------
        EquipoiseError
            If no part of the network is as small as the release's share.
        """
        release = self.release()
        if release is None:
            return None
        stands = self._before(release.version, plan_date)
        if stands is None:
            stands = frozenset(share_of(plan, release).members & set(plan.decisions["item_id"]))
        return Part(release, stands)

    def _before(self, version: str, plan_date: dt.date) -> frozenset[str] | None:
        """Return the release's items in the latest plan before a date; ``None`` where it decided in none."""
        for date in reversed(self.published.plan_dates(CANARY_ITEMS.name)):
            if date < plan_date:
                table = self.published.read(CANARY_ITEMS, date)
                items = table.loc[table["policy_release"] == version, "item_id"]
                return frozenset(items) if len(items) else None
        return None


def share_of(plan: Plan, release: Release) -> Canary:
    """Return the part of a plan's network that a release decides for, with its money and leakage.

    An item weighs its cost in the plan; two items are tied by every limit that can bind for both, as much as
    they pay for it, and by a cent at least.
    """
    costs = plan.costs.loc[plan.costs["policy"] == "joint_plan"].set_index("item_id")["cost_amount"].clip(lower=0)
    limits = sorted(set(plan.graph["limit_id"]))
    nodes = [Node(str(item), _money(cost)) for item, cost in costs.sort_index().items()]
    edges = zip(*(plan.graph[name].tolist() for name in ("item_id", "limit_id", "paid_amount")), strict=True)
    links = [Link(item, _LIMIT + limit, max(_CENT, _money(paid))) for item, limit, paid in edges if item in costs.index]
    nodes += [Node(_LIMIT + name, Decimal(0)) for name in limits]
    return assign(tuple(nodes), tuple(links), release.rollout.share, release.version)


def _money(amount: float) -> Decimal:
    return Decimal(f"{amount:.2f}")
