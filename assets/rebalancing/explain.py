"""Why a line was ordered, and why none was: one sentence for the planner, all numbers for the auditor.

What was decided and why is read from published frames. What would have been done instead, and
what would change the decision, is verified by solving the item again where the plan's problem
can be rebuilt. Not here: solving again (``what_if``), orders and their lineage.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

import pandas as pd

from assets.kernel.errors import EquipoiseError
from assets.rebalancing.views import LimitView, SiteView, limit_views, names_of, site_view
from assets.rebalancing.what_if.recorded import Recorded
from assets.rebalancing.what_if.report import Verified
from assets.rebalancing.what_if.verify import verify_absence, verify_line

VERIFIED_LINES = 5
"""Most lines of one question that are solved again, a second or so each."""


@dataclass(frozen=True)
class Explanation:
    """The answer to "why this line" or "why no line".

    Attributes
    ----------
    question, answer : str
        One sentence each.
    item_id : str
        Item concerned.
    sites : tuple of SiteView
        Destination first, then the origin where it is a site.
    line : dict or None
        The line's quantity, dates and money; ``None`` where there is none.
    binding_constraints : tuple of str
        Names of the guardrails and shared limits that bind.
    next_best, flips_when : str
        As the plan published them, by unit prices: the best action not taken, and what would have to change.
    shared_limits : tuple of LimitView
        Those of the binding constraints that items share, with their prices.
    verified : Verified or None
        What solving the item again found; ``None`` where it was not asked for.
    """

    question: str
    answer: str
    item_id: str
    sites: tuple[SiteView, ...]
    line: dict[str, Any] | None
    binding_constraints: tuple[str, ...]
    next_best: str
    flips_when: str
    shared_limits: tuple[LimitView, ...] = ()
    verified: Verified | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {**asdict(self), "planner": self.planner()}

    def planner(self) -> str:
        """Return what a planner wants to know, in one sentence."""
        found = self.verified
        if found is None or not found.confirmed:
            return f"{self.answer}; next best, by unit prices: {self.next_best}."
        other, flip = found.next_best_sentence(), found.flips_when()
        return f"{self.answer}; next best: {other}; {flip}."

    def lines(self) -> list[str]:
        """Return the explanation as sentences for a person: the planner's first, then the auditor's."""
        limits = ", ".join(self.binding_constraints) or "none"
        return [
            self.question,
            self.planner(),
            *(view.sentence() for view in self.sites),
            f"Constraints that bind: {limits}",
            *(f"Shared limit {view.sentence()}" for view in self.shared_limits),
            *self._solved_again(),
        ]

    def _solved_again(self) -> list[str]:
        found = self.verified
        if found is None or not found.confirmed:
            told = "" if found is None else f"Not verified: {found.terms}"
            published = f"Next best: {self.next_best}", f"By unit prices it would change when {self.flips_when}"
            return [*published, *filter(None, [told])]
        return [
            f"Solved again {len(found.probes)} times with one input changed, {found.terms}; next best: "
            f"{found.next_best_sentence()}",
            *(f"- {sentence}" for sentence in found.sentences()),
        ]


def explain_line(
    line: pd.Series[Any],
    *,
    decisions: pd.DataFrame,
    targets: pd.DataFrame,
    forecast: pd.DataFrame,
    shared_limits: pd.DataFrame | None = None,
    graph: pd.DataFrame | None = None,
    plan: Recorded | None = None,
) -> Explanation:
    """Explain one line of a plan.

    Parameters
    ----------
    line : Series
        Row of PLAN_LINES.
    decisions, targets, forecast : DataFrame
        DECISIONS, TARGETS and DEMAND_FORECAST of the plan date.
    shared_limits, graph : DataFrame, optional
        SHARED_LIMITS and COORDINATION_GRAPH, which tell of prices.
    plan : Recorded, optional
        The plan with its problem rebuilt; without it nothing is solved again.

    Raises
    ------
    EquipoiseError
        If the plan has no decision for the destination.
    """
    destination = site_view(line["item_id"], line["destination_id"], decisions, targets, forecast)
    if destination is None:
        raise _unknown(line["item_id"], line["destination_id"])
    origin = site_view(line["item_id"], line["origin_id"], decisions, targets, forecast)
    sites = tuple(view for view in (destination, origin) if view is not None)
    gain, units = float(line["gain_amount"]), int(line["quantity_units"])
    question = f"Why {line['kind']} {units} of {line['item_id']} from {line['origin_id']} to {line['destination_id']}?"
    flips = f"it saves {gain:.2f} less, the item's other lines as they are: {gain / max(1, units):.2f} a unit"
    shown = {
        name: _plain(line[name])
        for name in (
            "kind",
            "quantity_units",
            "departure_date",
            "arrival_date",
            "line_amount",
            "transport_amount",
            "gain_amount",
            "limits_amount",
        )
    }
    return Explanation(
        question, str(line["reason"]), str(line["item_id"]), sites, shown,
        names_of(line["binding_constraints"]), str(line["next_best"]), flips,
        limit_views(names_of(line["binding_constraints"]), str(line["item_id"]), shared_limits, graph),
        None if plan is None else verify_line(plan, line),
    )  # fmt: skip


def explain_lines(lines: pd.DataFrame, *, plan: Recorded | None = None, **tables: Any) -> list[Explanation]:
    """Explain lines of a plan; those that gain most are solved again.

    Parameters
    ----------
    lines : DataFrame
        Rows of PLAN_LINES.
    plan : Recorded, optional
        The plan with its problem rebuilt; without it nothing is solved again.
    **tables
        As of ``explain_line``.
    """
    best = set(lines.sort_values("gain_amount", ascending=False, kind="stable").index[:VERIFIED_LINES])
    found = []
    for index, row in lines.iterrows():
        one = explain_line(row, plan=plan if index in best else None, **tables)
        left_out = plan is not None and index not in best
        found.append(replace(one, verified=_left_out(row)) if left_out else one)
    return found


def _left_out(line: pd.Series[Any]) -> Verified:
    asked = f"`equipoise explain --item {line['item_id']} --site {line['destination_id']}` does it for this one"
    return Verified(False, f"only the {VERIFIED_LINES} lines that gain most are solved again; {asked}")


def explain_item_site(
    item_id: str,
    site_id: str,
    *,
    lines: pd.DataFrame,
    decisions: pd.DataFrame,
    targets: pd.DataFrame,
    forecast: pd.DataFrame,
    shared_limits: pd.DataFrame | None = None,
    graph: pd.DataFrame | None = None,
    plan: Recorded | None = None,
) -> list[Explanation]:
    """Explain every line that touches an item and site; or, where there is none, its absence.

    Parameters
    ----------
    item_id, site_id : str
        What is asked about.
    lines, decisions, targets, forecast : DataFrame
        PLAN_LINES, DECISIONS, TARGETS and DEMAND_FORECAST of the plan date.
    shared_limits, graph : DataFrame, optional
        SHARED_LIMITS and COORDINATION_GRAPH, which tell of prices.
    plan : Recorded, optional
        The plan with its problem rebuilt; without it nothing is solved again.

    Raises
    ------
    EquipoiseError
        If the plan knows no such item at that site.
    """
    touching = (lines["item_id"] == item_id) & ((lines["origin_id"] == site_id) | (lines["destination_id"] == site_id))
    found = explain_lines(
        lines.loc[touching],
        decisions=decisions,
        targets=targets,
        forecast=forecast,
        shared_limits=shared_limits,
        graph=graph,
        plan=plan,
    )
    if found:
        return found
    absence = _absence(item_id, site_id, decisions, targets, forecast)
    return [
        replace(
            absence,
            shared_limits=limit_views(absence.binding_constraints, item_id, shared_limits, graph),
            verified=None if plan is None else verify_absence(plan, item_id, site_id),
        )
    ]


def _absence(
    item_id: str, site_id: str, decisions: pd.DataFrame, targets: pd.DataFrame, forecast: pd.DataFrame
) -> Explanation:
    view = site_view(item_id, site_id, decisions, targets, forecast)
    if view is None:
        raise _unknown(item_id, site_id)
    row = decisions.loc[(decisions["item_id"] == item_id) & (decisions["site_id"] == site_id)].iloc[0]
    return Explanation(
        f"Why is there no order for {item_id} at {site_id}?", str(row["reason"]), item_id, (view,), None,
        view.binding_constraints, str(row["next_best"]), str(row["flips_when"]),
    )  # fmt: skip


def _plain(value: Any) -> Any:
    if isinstance(value, pd.Timestamp):
        return value.date().isoformat()
    return value.item() if hasattr(value, "item") else value


def _unknown(item_id: str, site_id: str) -> EquipoiseError:
    return EquipoiseError(
        "the plan knows no such item at that site",
        where=f"item {item_id}, site {site_id}",
        remedy="Ask for an item that is ranged at an open site, or for another plan date",
    )
