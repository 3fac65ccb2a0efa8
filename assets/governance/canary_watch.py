"""The guards of the canary on a plan date, and taking it back where one is broken and nobody need be asked.

Not here: what is measured (``guard_metrics``), the test (``guards``), or what becomes of orders (``disposition``).
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from assets.governance.carrying_out import see_to
from assets.governance.disposition import in_flight
from assets.governance.events import RELEASES, Event
from assets.governance.guard_metrics import observations, ordered_by_erps
from assets.governance.guards import Watch, watch
from assets.governance.ledger_log import LedgerLog
from assets.governance.log import settle
from assets.governance.rollback import Rollback, roll_back_by_guard
from assets.kernel.calendar import AsKnown
from assets.kernel.clock import Clock
from assets.kernel.frames.rollout import CANARY_GUARDS
from assets.kernel.network import NetworkProfile
from assets.kernel.published import Published
from assets.orders.documents import channel_of
from assets.orders.events import Channel
from assets.orders.store import OrderStore
from assets.policy.oversight import GuardMetric
from assets.policy.registry import PolicyRegistry
from assets.policy.release import Release
from assets.policy.stage import Stage


@dataclass(frozen=True)
class GuardDay:
    """What guards look at on a plan date.

    Attributes
    ----------
    published, profile, plan_date
        The network and the date's tables.
    orders : OrderStore
        The ledger.
    clock : Clock
        The network's: only on its current plan date a canary is taken back.
    as_known : AsKnown
        With hindsight nothing is taken back either.
    """

    published: Published
    profile: NetworkProfile
    plan_date: dt.date
    orders: OrderStore
    clock: Clock
    as_known: AsKnown = AsKnown.THEN


def watch_canary(policies: PolicyRegistry, day: GuardDay) -> pd.DataFrame:
    """Judge the canary by its guards, take it back where they say so, and return CANARY_GUARDS."""
    release = policies.canary()
    if release is None:
        return CANARY_GUARDS.empty()
    seen = observations(day.published, day.orders, day.profile.name, release.version, day.plan_date)
    found = watch(release, seen)
    channel = channel_of(
        day.plan_date, day.clock.today(), day.profile.calendar, as_known=day.as_known,
        dispatch_days=policies.active().dispatch.window_days,
    )  # fmt: skip
    acts = found.rolls_back and channel is Channel.LIVE
    if acts:
        take_back(policies, release, found, day)
    return _table(release, found, day, acts)


def take_back(policies: PolicyRegistry, release: Release, found: Watch, day: GuardDay) -> Rollback | None:
    """Take a canary back by its broken guards, carry out what becomes of its orders, and return the rollback.

    ``None`` where somebody else took it back meanwhile.
    """
    made: list[Rollback] = []

    def decide(history: tuple[Event, ...]) -> Sequence[Event]:
        made.clear()
        releases = policies.whole()
        if not any(one.name == release.name and one.stage is Stage.CANARY for one in releases):
            return ()
        orders, guard = in_flight(day.orders, day.profile.name, release.version), found.broken[0].guard.metric
        made.append(
            roll_back_by_guard(
                history,
                release.name,
                releases,
                orders,
                guard=guard,
                at=day.clock.now(),
                why=found.why,
                plan_date=day.plan_date,
            )
        )
        return made[0].events

    log = LedgerLog(day.orders)
    settle(log, RELEASES, decide)
    if not made:
        return None
    see_to(day.orders, log, made[0].rolled, today=day.plan_date, at=day.clock.now())
    return made[0]


def _table(release: Release, found: Watch, day: GuardDay, acts: bool) -> pd.DataFrame:
    erps = ordered_by_erps(day.published, release.version, day.plan_date)
    aside = f"; not counted: what ERPs order by levels at {erps} item-sites of its items" if erps else ""
    rows = [
        {
            "plan_date": pd.Timestamp(day.plan_date), "policy_release": release.version,
            "metric": one.guard.metric.value, "days": one.days,
            "mean_difference": None if math.isnan(one.mean_difference) else one.mean_difference,
            "p_value": one.p_value, "tolerance": one.guard.tolerance, "broken": one.broken_on is not None,
            "finding": one.sentence + (aside if one.guard.metric is GuardMetric.COST else ""), "rolled_back": acts,
        }
        for one in found.findings
    ]  # fmt: skip
    return CANARY_GUARDS.conform(pd.DataFrame(rows))
