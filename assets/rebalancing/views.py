"""Sites and shared limits as a published plan saw them: what explanations show.

Not here: why a line was ordered (``explain``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from assets.rebalancing.item_sites import KEY
from assets.rebalancing.market.limits import TOLERANCE


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
    service_price : float
        What a service target adds to the given price of a lost unit, in currency: its shadow price.
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
    service_price: float = 0.0

    def sentence(self) -> str:
        """Say it in one line."""
        floor = ""
        if self.service_price > 0:
            floor = f"; its service target makes a lost unit dearer by {self.service_price:.2f}"
        worth = ""
        if self.marginal_value is not None:
            value = f"{self.marginal_value:.2f}, what is left of it at the end included"
            worth = f"; beside the plan one more unit here is worth {value}"
        band = ""
        if self.demand_low_units is not None:
            band = f", until it ends 80 % between {self.demand_low_units:.0f} and {self.demand_high_units:.0f}"
        return (
            f"{self.site_id}: {self.available_units} available, {self.incoming_units} coming, base stock "
            f"{self.base_stock_units}, giving it would keep {self.protection_units}; demand of the protection interval "
            f"{self.protection_mean_units:.1f}{band}{worth}{floor}"
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
        Shadow price: what one unit more of it would save, in currency; where some of it is left, if lots
        could be split.
    item_used, item_paid : float
        What the item uses, and that at the price: what it is worth to others where nothing is left.
    kind : str
        As in SHARED_LIMITS.
    truck : float, optional
        What a truck costs, of a departure.
    """

    limit_id: str
    unit: str
    room: float
    asked: float
    used: float
    price: float
    item_used: float
    item_paid: float
    kind: str = "other"
    truck: float | None = None

    def sentence(self) -> str:
        """Say it in one line."""
        if self.kind == "truck":
            return (
                f"{self.limit_id}: {self.used:.6g} of {self.room:.6g} trucks leave, {self.asked:.6g} if they cost "
                f"nothing; each costs {self.truck or 0.0:.2f}"
            )
        if self.kind == "document":
            return (
                f"{self.limit_id}: {self.used:.6g} {self.unit} of at least {self.room:.6g}, {self.asked:.6g} asked for"
            )
        if self.kind == "documents":
            return f"{self.limit_id}: {self.used:.6g} of {self.room:.6g} go out, {self.asked:.6g} if any number could"
        used = f"{self.limit_id}: {self.used:.6g} of {self.room:.6g} {self.unit} used, {self.asked:.6g} asked for"
        left = self.room - self.used
        if self.price > 0 and left > TOLERANCE * max(1.0, self.room):
            return (
                f"{used}; no line that was found takes the {left:.6g} left, and one more would save {self.price:.4f} "
                f"only if lots could be split; this item uses {self.item_used:.6g} of it, {self.item_paid:.2f} at that "
                "price"
            )
        return (
            f"{used}; one more would save {self.price:.4f}; this item uses {self.item_used:.6g} of it, worth "
            f"{self.item_paid:.2f} to others"
        )


def limit_views(
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
        truck = None if pd.isna(row["truck_amount"]) else float(row["truck_amount"])
        room, asked, used, price, mine_used, paid = map(float, figures)
        name, unit, kind = (str(row[column]) for column in ("limit_id", "unit", "kind"))
        views.append(LimitView(name, unit, room, asked, used, price, mine_used, paid, kind, truck))
    return tuple(views)


def site_view(
    item_id: str, site_id: str, decisions: pd.DataFrame, targets: pd.DataFrame, forecast: pd.DataFrame
) -> SiteView | None:
    """Return an item's site as the plan saw it; ``None`` where the plan does not know it."""

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
        binding_constraints=names_of(row["binding_constraints"]),
        service_price=_price_of_service(target),
    )


def _price_of_service(target: pd.DataFrame) -> float:
    """Return the shadow price of a service target; 0 where it does not bind."""
    return float(target["service_price_per_unit"].fillna(0.0).iloc[0]) if len(target) else 0.0


def names_of(text: Any) -> tuple[str, ...]:
    """Return the names in a comma-separated text."""
    return tuple(name for name in str(text or "").split(",") if name)
