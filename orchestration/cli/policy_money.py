"""What one policy release would cost more or less than another on the latest snapshot.

Both plan it anew from the tables that the plan of record was made from; forecasts and targets stand as they
were published. Not here: comparing (``governance.diff``), or planning (``assets.rebalancing``).
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import TYPE_CHECKING

from assets.kernel.telling import Record
from orchestration.cli.policy import registry
from orchestration.cli.reading import planned_date

if TYPE_CHECKING:
    from assets.governance.diff import CostOf
    from orchestration.access import Access

_PARTS = ("holding", "shortage", "transport", "purchase", "change")


def gather_diff(access: Access, before: str, after: str, *, money: bool) -> Record:
    """Return what the second release decides otherwise: fields, sentences, and money if asked for.

    Raises
    ------
    EquipoiseError
        If there is no such release, or if money is asked for and nothing is planned.
    """
    from assets.governance.diff import diff, money_diff
    from assets.governance.stages import release_named

    releases = registry(access).releases()
    old, new = release_named(before, releases), release_named(after, releases)
    changes = diff(old, new)
    sentences = [change.sentence for change in changes] or [f"{new.version} decides as {old.version} does."]
    told: list[str] = []
    if money and changes:
        told = [
            *money_diff(old, new, cost_on_latest(access), access.home.profile.currency),
            *caveats(change.path for change in changes),
        ]
    return {
        "before": old.version,
        "after": new.version,
        "changes": [{"path": one.path, "before": one.before, "after": one.after} for one in changes],
        "words": sentences,
        "money": told,
    }


def caveats(paths: Iterable[str]) -> list[str]:
    """Return what the money does not tell of such changes."""
    paths = tuple(paths)
    sections = {path.partition(".")[0] for path in paths}
    told = []
    if sections & {"forecast", "targets"}:
        told.append("Forecasts and targets stand as published: what their rules change is not in the money.")
    if "parameters" in sections or "toggles.parameters_document" in set(paths):
        told.append(
            "Not priced: what ERPs order by levels. Until they acknowledge levels, or a withdrawal, whoever orders now "
            "goes on, and the money is of that."
        )
    if "objective" in sections:
        told.append("The two weigh costs differently, each sum is by its own weights.")
    return told


def cost_on_latest(access: Access) -> CostOf:
    """Return a function that plans the latest snapshot under a release and returns what the plan costs."""
    from assets.governance.diff import PlanTotals
    from assets.kernel.frames.decisions import PLAN_LINES
    from assets.kernel.published import Published
    from assets.policy.release import Release
    from assets.rebalancing.plan import solve
    from assets.rebalancing.problem import build_problem
    from assets.rebalancing.snapshot import READ, from_published, levels_beside

    published, profile = Published(access.home.published), access.home.profile
    plan_date = planned_date(published, PLAN_LINES, None)
    latest = published.latest(PLAN_LINES.name, plan_date)
    run_id = latest.run_id if latest else ""
    tables = {frame.name: published.beside(frame, plan_date, run_id) for frame in READ}
    snapshot = from_published(tables | levels_beside(published, plan_date, run_id))

    def cost_of(release: Release) -> PlanTotals:
        plan = solve(build_problem(snapshot, release=release, profile=profile, plan_date=plan_date))
        joint = plan.summary[plan.summary["policy"] == "joint_plan"].iloc[0]
        amounts = {part: Decimal(str(round(float(joint[f"{part}_amount"]), 2))) for part in _PARTS}
        ends = plan.lines[["kind", "origin_id", "destination_id"]].drop_duplicates()
        return PlanTotals(amounts, len(ends))

    return cost_of
