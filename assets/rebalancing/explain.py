"""Why a line was ordered, and why none was: from published frames alone.

Pure reading: nothing is solved again, so that an explanation is that of the plan which was
published. Not here: orders and their lineage.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

import pandas as pd

from assets.kernel.errors import EquipoiseError
from assets.rebalancing.item_sites import KEY


@dataclass(frozen=True)
class SiteView:
    """One site as the plan saw it.

    Attributes
    ----------
    site_id, decision : str
        Site, and what was decided there.
    available_units, incoming_units, base_stock_units, protection_units : int
        Stock, what is coming, the target, and what a donor keeps.
    protection_mean_units : float
        Demand expected over the protection interval.
    demand_low_units, demand_high_units : float or None
        10 % and 90 % quantiles of demand over it; ``None`` without a forecast.
    marginal_value : float or None
        What one more unit here now would save, in currency.
    binding_constraints : tuple of str
        Names of the guardrails that bind here.
    """

    site_id: str
    decision: str
    available_units: int
    incoming_units: int
    base_stock_units: int
    protection_units: int
    protection_mean_units: float
    demand_low_units: float | None
    demand_high_units: float | None
    marginal_value: float | None
    binding_constraints: tuple[str, ...]

    def sentence(self) -> str:
        """Say it in one line."""
        worth = "" if self.marginal_value is None else f"; one more unit here saves {self.marginal_value:.2f}"
        band = ""
        if self.demand_low_units is not None:
            band = f" (80 % between {self.demand_low_units:.0f} and {self.demand_high_units:.0f})"
        return (
            f"{self.site_id}: {self.available_units} available, {self.incoming_units} coming, base stock "
            f"{self.base_stock_units}, a donor keeps {self.protection_units}; demand of the protection interval "
            f"{self.protection_mean_units:.1f}{band}{worth}"
        )


@dataclass(frozen=True)
class LimitView:
    """A shared limit that binds, as the market settled it.

    Attributes
    ----------
    limit_id, unit : str
        Its name, and the unit of its figures.
    room, asked, used : float
        What there is beside what can no longer change, what moves would use if it were free, and
        what the plan uses.
    price : float
        Shadow price: what one unit more of it would save, in currency.
    item_used, item_paid : float
        What the item uses, and what that is worth to others, in currency.
    """

    limit_id: str
    unit: str
    room: float
    asked: float
    used: float
    price: float
    item_used: float
    item_paid: float

    def sentence(self) -> str:
        """Say it in one line."""
        return (
            f"{self.limit_id}: {self.used:.6g} of {self.room:.6g} {self.unit} used, {self.asked:.6g} asked for; one "
            f"more would save {self.price:.4f}; this item uses {self.item_used:.6g} of it, worth {self.item_paid:.2f} "
            "to others"
        )


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
        The best action not taken, and the smallest change of input that changes the decision.
    shared_limits : tuple of LimitView
        Those of the binding constraints that items share, with their prices.
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

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return asdict(self)

    def lines(self) -> list[str]:
        """Return the explanation as sentences for a person."""
        limits = ", ".join(self.binding_constraints) or "none"
        return [
            self.question,
            self.answer,
            *(view.sentence() for view in self.sites),
            f"Constraints that bind: {limits}",
            *(f"Shared limit {view.sentence()}" for view in self.shared_limits),
            f"Next best: {self.next_best}",
            f"It would change when {self.flips_when}",
        ]


def explain_line(
    line: pd.Series[Any],
    *,
    decisions: pd.DataFrame,
    targets: pd.DataFrame,
    forecast: pd.DataFrame,
    shared_limits: pd.DataFrame | None = None,
    graph: pd.DataFrame | None = None,
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

    Raises
    ------
    EquipoiseError
        If the plan has no decision for the destination.
    """
    destination = _view(line["item_id"], line["destination_id"], decisions, targets, forecast)
    if destination is None:
        raise _unknown(line["item_id"], line["destination_id"])
    origin = _view(line["item_id"], line["origin_id"], decisions, targets, forecast)
    sites = tuple(view for view in (destination, origin) if view is not None)
    gain, units = float(line["gain_amount"]), int(line["quantity_units"])
    question = f"Why {line['kind']} {units} of {line['item_id']} from {line['origin_id']} to {line['destination_id']}?"
    flips = f"what it saves falls by {gain:.2f}, or each unit costs {gain / max(1, units):.2f} more to bring"
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
        _names(line["binding_constraints"]), str(line["next_best"]), flips,
        _limit_views(_names(line["binding_constraints"]), str(line["item_id"]), shared_limits, graph),
    )  # fmt: skip


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

    Raises
    ------
    EquipoiseError
        If the plan knows no such item at that site.
    """
    touching = (lines["item_id"] == item_id) & ((lines["origin_id"] == site_id) | (lines["destination_id"] == site_id))
    found = [
        explain_line(
            row, decisions=decisions, targets=targets, forecast=forecast, shared_limits=shared_limits, graph=graph
        )
        for _, row in lines.loc[touching].iterrows()
    ]
    if found:
        return found
    absence = _absence(item_id, site_id, decisions, targets, forecast)
    return [replace(absence, shared_limits=_limit_views(absence.binding_constraints, item_id, shared_limits, graph))]


def _absence(
    item_id: str, site_id: str, decisions: pd.DataFrame, targets: pd.DataFrame, forecast: pd.DataFrame
) -> Explanation:
    view = _view(item_id, site_id, decisions, targets, forecast)
    if view is None:
        raise _unknown(item_id, site_id)
    row = decisions.loc[(decisions["item_id"] == item_id) & (decisions["site_id"] == site_id)].iloc[0]
    return Explanation(
        f"Why is there no order for {item_id} at {site_id}?", str(row["reason"]), item_id, (view,), None,
        view.binding_constraints, str(row["next_best"]), str(row["flips_when"]),
    )  # fmt: skip


def _limit_views(
    names: tuple[str, ...], item_id: str, shared_limits: pd.DataFrame | None, graph: pd.DataFrame | None
) -> tuple[LimitView, ...]:
    """Return the shared limits among some names, as the market settled them."""
    if shared_limits is None or graph is None:
        return ()
    mine = graph.loc[graph["item_id"] == item_id].set_index("limit_id")
    views = []
    for _, row in shared_limits.loc[shared_limits["limit_id"].isin(names)].iterrows():
        own = mine.loc[row["limit_id"]] if row["limit_id"] in mine.index else {"used": 0.0, "paid_amount": 0.0}
        room = max(0.0, float(row["capacity"]) - float(row["fixed"]))
        figures = (room, row["asked"], row["used"], row["price"], own["used"], own["paid_amount"])
        views.append(LimitView(str(row["limit_id"]), str(row["unit"]), *map(float, figures)))
    return tuple(views)


def _view(
    item_id: str, site_id: str, decisions: pd.DataFrame, targets: pd.DataFrame, forecast: pd.DataFrame
) -> SiteView | None:
    def rows(table: pd.DataFrame) -> pd.DataFrame:
        return table.loc[(table[KEY[0]] == item_id) & (table[KEY[1]] == site_id)]

    decided, target, demand = rows(decisions), rows(targets), rows(forecast)
    if decided.empty:
        return None
    row = decided.iloc[0]
    low = high = None
    if len(target) and len(demand):
        last = int(target["protection_buckets"].iloc[0]) - 1
        reached = demand.loc[demand["bucket_index"] <= last].sort_values("bucket_index")
        low, high = (float(reached[c].iloc[-1]) for c in ("cumulative_q10_units", "cumulative_q90_units"))
    worth = row["marginal_value"]
    return SiteView(
        site_id=site_id,
        decision=str(row["decision"]),
        available_units=int(row["available_units"]),
        incoming_units=int(row["incoming_units"]),
        base_stock_units=int(row["base_stock_units"]),
        protection_units=int(target["protection_units"].iloc[0]) if len(target) else 0,
        protection_mean_units=float(row["protection_mean_units"]),
        demand_low_units=low,
        demand_high_units=high,
        marginal_value=None if pd.isna(worth) else float(worth),
        binding_constraints=_names(row["binding_constraints"]),
    )


def _names(text: Any) -> tuple[str, ...]:
    return tuple(name for name in str(text or "").split(",") if name)


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
