"""What releases at stage shadow would have decided on a plan date's recorded snapshot, beside the active plan.

Each is planned jointly with targets of its own; forecasts and lead times are the active release's. Its documents go
into the ledger in channel shadow, where nothing but proposing and withdrawing is allowed. Not here: what speaks for
a shadow (``shadow_evidence``), or Dagster.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from assets.governance.level_money import LevelsUnder, level_differences
from assets.governance.shadow_differences import differences
from assets.kernel.calendar import AsKnown
from assets.kernel.frames import Frame
from assets.kernel.frames.decisions import DECISIONS, PLAN_LINES, PLAN_SUMMARY, TARGETS
from assets.kernel.frames.quality import PLAN_VERDICTS
from assets.kernel.frames.rollout import SHADOW_DIFFERENCES, SHADOW_LEVELS, SHADOW_PLANS
from assets.kernel.network import NetworkProfile
from assets.kernel.published import Published
from assets.orders.documents import compose
from assets.orders.events import Channel, Document, OrderBook
from assets.orders.evidence import gather, joint_plan, touched_items
from assets.orders.plan_book import book_of_plan
from assets.orders.plan_gate import let_out
from assets.orders.record import record
from assets.orders.store import OrderFilter, OrderStore
from assets.policy.registry import PolicyRegistry
from assets.policy.release import Release
from assets.rebalancing.announced import Announcements


@dataclass(frozen=True)
class Shadows:
    """What the shadows of a plan date came to: SHADOW_PLANS, SHADOW_DIFFERENCES and SHADOW_LEVELS."""

    plans: pd.DataFrame
    differences: pd.DataFrame
    levels: pd.DataFrame


@dataclass(frozen=True)
class ShadowDay:
    """What shadows of a plan date are planned from.

    Attributes
    ----------
    published : Published
        The date's tables, those of the active plan among them.
    profile, plan_date : NetworkProfile, date
        As ``build_problem`` takes them.
    announcements : Announcements
        What earlier plans of the active release announced.
    orders : OrderStore
        The ledger.
    run_id : str
        Run that plans.
    as_known : AsKnown
        With hindsight nothing is shadowed: it would be no evidence.
    """

    published: Published
    profile: NetworkProfile
    plan_date: dt.date
    announcements: Announcements
    orders: OrderStore
    run_id: str
    as_known: AsKnown = AsKnown.THEN


def cast_shadows(policies: PolicyRegistry, day: ShadowDay) -> Shadows:
    """Plan the date under every shadow, record what it wants, and compare it with the active plan.

    Documents of releases that are no shadow any more are withdrawn.

    Parameters
    ----------
    policies : PolicyRegistry
        Which releases are shadows.
    """
    shadows = [] if day.as_known is AsKnown.NOW else policies.shadows()
    _withdraw_others(shadows, day)
    if not shadows:
        return Shadows(SHADOW_PLANS.empty(), SHADOW_DIFFERENCES.empty(), SHADOW_LEVELS.empty())
    active, live = policies.version(str(_summary(day)["policy_release"])), _active_book(day).content
    found = [_cast(release, active, live, day) for release in shadows]
    return Shadows(
        SHADOW_PLANS.conform(pd.DataFrame([row for row, _, _ in found])),
        _joined(SHADOW_DIFFERENCES, [table for _, table, _ in found]),
        _joined(SHADOW_LEVELS, [table for _, _, table in found]),
    )


def _joined(frame: Frame, tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    rows = [table for table in tables if len(table)]
    return frame.conform(pd.concat(rows, ignore_index=True)) if rows else frame.empty()


def _summary(day: ShadowDay) -> pd.Series[Any]:
    return joint_plan(day.published.read(PLAN_SUMMARY, day.plan_date), day.plan_date)


def _active_book(day: ShadowDay) -> OrderBook:
    """Return what the active plan wants, whatever became of it in the ledger."""
    tables = (day.published.read(frame, day.plan_date) for frame in (PLAN_LINES, PLAN_SUMMARY, PLAN_VERDICTS))
    lines, summary, verdicts = tables
    return book_of_plan(
        day.published, day.profile, day.plan_date, plan_lines=lines, plan_summary=summary, verdicts=verdicts,
        today=day.plan_date, dispatch_days=1, as_known=day.as_known, run_id=day.run_id,
    )  # fmt: skip


def _cast(
    release: Release, active: Release, live: Sequence[Document], day: ShadowDay
) -> tuple[dict[str, object], pd.DataFrame, pd.DataFrame]:
    """Return the row of SHADOW_PLANS of a release and its rows of SHADOW_DIFFERENCES and of SHADOW_LEVELS."""
    # The solvers are imported where there is something to solve.
    from assets.rebalancing.canary import Day
    from assets.rebalancing.plan import solve

    looked = Day(day.profile, day.plan_date, day.published, day.announcements)
    plan = solve(looked.problem_under(release))
    book = _book(plan.lines, plan.summary, day)
    record(book, day.orders)
    lines = day.published.read(PLAN_LINES, day.plan_date)
    ours, theirs = (looked.priced(active, each).sum(skipna=False) for each in (plan.lines, lines))
    told = differences(release.version, day.plan_date, book.content, live)
    row = {
        "plan_date": pd.Timestamp(day.plan_date), "policy_release": release.version, "active_release": active.version,
        "cost_amount": plan.cost, "active_cost_amount": float(_summary(day)["cost_amount"]),
        "decided_amount": ours, "active_decided_amount": theirs,
        "purchase_lines": int((plan.lines["kind"] == "purchase").sum()),
        "transfer_lines": int((plan.lines["kind"] != "purchase").sum()),
        "documents": len(book.content), "active_documents": len(live), "differing_documents": len(told),
        "settled_by": str(joint_plan(plan.summary, day.plan_date)["settled_by"]), "plan_digest": plan.plan_digest,
    }  # fmt: skip
    return row, told, _levels(release, active, plan.decisions, day)


def _levels(release: Release, active: Release, decisions: pd.DataFrame, day: ShadowDay) -> pd.DataFrame:
    """Return SHADOW_LEVELS of a release; its targets are set once more where either leaves something to an ERP."""
    if not (release.parameters.handed_over or active.parameters.handed_over):
        return SHADOW_LEVELS.empty()
    from assets.rebalancing.other_release import recorded_tables, snapshot_under

    tables = recorded_tables(day.published, day.plan_date)
    snapshot = snapshot_under(
        tables, day.published, release=release, profile=day.profile, plan_date=day.plan_date
    )  # fmt: skip
    masters = (snapshot.items, snapshot.item_sites, snapshot.sourcing, day.profile.bucket.days)
    ours = LevelsUnder(decisions, snapshot.targets, *masters)
    theirs = LevelsUnder(day.published.read(DECISIONS, day.plan_date), tables[TARGETS.name], *masters)
    return level_differences(release.version, day.plan_date, ours, theirs)


def _book(plan_lines: pd.DataFrame, plan_summary: pd.DataFrame, day: ShadowDay) -> OrderBook:
    """Return the documents that a shadow wants, without those that the active plan's gate holds."""
    lines = let_out(plan_lines, day.published.read(PLAN_VERDICTS, day.plan_date))
    evidence = gather(
        day.published, day.plan_date, plan_summary=plan_summary, touched=touched_items(lines),
        cutoff=day.profile.calendar.cutoff(day.plan_date, day.as_known),
    )  # fmt: skip
    book = compose(
        lines, network=day.profile.name, plan_date=day.plan_date, channel=Channel.SHADOW, evidence=evidence,
        run_id=day.run_id,
    )  # fmt: skip
    # Also where it wants nothing, so that what it wanted before is withdrawn.
    return replace(book, release=evidence.policy_release)


def _withdraw_others(shadows: Sequence[Release], day: ShadowDay) -> None:
    """Withdraw what releases wanted on the date that are no shadow now."""
    wanted = OrderFilter(network=day.profile.name, plan_date=day.plan_date, channel=Channel.SHADOW, going_on=True)
    standing = {order.document.provenance.policy_release for order in day.orders.orders(wanted)}
    for version in sorted(standing - {release.version for release in shadows}):
        record(OrderBook(day.profile.name, day.plan_date, Channel.SHADOW, (), day.run_id, version), day.orders)
