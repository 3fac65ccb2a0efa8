"""What the levels of two releases differ by in money: the stock that they allow, and holding what they keep on average.

Pure. Priced is what both releases leave to its ERP. What only one of them does is not: there orders of a plan stand
against orders of an ERP, which nobody here sees; such item-sites are counted. Nor is what ERPs' orders cost, or sales
that other levels win or lose: levels of either release promise the service that its targets say. Not here: which
levels a release wants (``orders.wanted_levels``).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from assets.kernel.frames.rollout import SHADOW_LEVELS
from assets.orders.wanted_levels import KEY, wanted_levels

_LEVELS = ["reorder_point_units", "maximum_units"]
_DIFFERENT = [*_LEVELS, "minimum_units", "source_id", "receipt_kind"]


@dataclass(frozen=True)
class LevelsUnder:
    """What levels follow from under one release.

    Attributes
    ----------
    decisions, targets : DataFrame
        DECISIONS and TARGETS of its plan.
    items, item_sites, sourcing : DataFrame
        DIM_ITEM, DIM_ITEM_SITE and DIM_SOURCING of the plan date.
    bucket_days : int
        Length of a bucket, by which demand is told.
    """

    decisions: pd.DataFrame
    targets: pd.DataFrame
    items: pd.DataFrame
    item_sites: pd.DataFrame
    sourcing: pd.DataFrame
    bucket_days: int

    def wanted(self) -> pd.DataFrame:
        """Return the levels of what the release leaves to ERPs, with the demand expected in a lead time."""
        levels = wanted_levels(self.decisions, self.targets, self.item_sites, self.sourcing)
        demand = self.targets["demand_mean_units"] * self.targets["lead_time_mean_days"] / self.bucket_days
        return levels.merge(self.targets[KEY].assign(lead_time_demand=demand), on=KEY, how="left")

    def costs(self) -> pd.DataFrame:
        """Return standard cost of a unit and what holding it costs a day, by site and item."""
        table = self.item_sites[[*KEY, "holding_cost_per_unit_day"]]
        return table.merge(self.items[["item_id", "unit_cost"]], on="item_id", how="left")


def average_stock(
    reorder_point: NDArray[np.float64], maximum: NDArray[np.float64], lead_time_demand: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the stock that is on hand on average where orders are made up to a maximum at a reorder point; units.

    The inventory position is uniform on the whole numbers above the reorder point, up to the maximum (Axsäter 2006,
    Inventory Control, 2nd edition, proposition 5.1), and stock on hand is what demand of a lead time leaves of it.
    What is owed to customers is left out, so that low levels have a little more on hand than this says. Where nothing
    is stocked, or levels leave no room between them, the position is the maximum.

    Examples
    --------
    >>> one = lambda value: np.array([float(value)])
    >>> [float(average_stock(one(s), one(S), one(mean))[0]) for s, S, mean in ((9, 19, 5), (0, 0, 0), (2, 3, 8))]
    [9.5, 0.0, 0.0]
    """
    position = (np.minimum(reorder_point + 1, maximum) + maximum) / 2
    return np.maximum(position - lead_time_demand, 0.0)


def level_differences(release: str, plan_date: dt.date, shadow: LevelsUnder, active: LevelsUnder) -> pd.DataFrame:
    """Return SHADOW_LEVELS of one release: sites at which its levels are not the active release's."""
    both = shadow.wanted().merge(active.wanted(), on=KEY, how="outer", suffixes=("", "_active"), indicator="in")
    same = np.logical_and.reduce([(both[name] == both[f"{name}_active"]).to_numpy(bool) for name in _DIFFERENT])
    table = both.loc[~same].merge(active.costs(), on=KEY, how="left")
    if table.empty:
        return SHADOW_LEVELS.empty()
    priced = (table["in"] == "both") & table[["unit_cost", "holding_cost_per_unit_day"]].notna().all(axis=1)
    more_stock = _stock(table, "") - _stock(table, "_active")
    more_allowed = table["maximum_units"] - table["maximum_units_active"]
    table = table.assign(
        differing_item_sites=1,
        priced_item_sites=priced.astype(int),
        shadow_only_item_sites=(table["in"] == "left_only").astype(int),
        active_only_item_sites=(table["in"] == "right_only").astype(int),
        allowed_stock_amount=(more_allowed * table["unit_cost"]).where(priced, 0.0),
        average_stock_units=more_stock.where(priced, 0.0),
        holding_per_day_amount=(more_stock * table["holding_cost_per_unit_day"]).where(priced, 0.0),
    )
    sums = [column for column in SHADOW_LEVELS.names if column not in ("plan_date", "policy_release", "site_id")]
    rows = table.sort_values(KEY, kind="stable").groupby("site_id", as_index=False)[sums].sum()
    return SHADOW_LEVELS.conform(rows.assign(plan_date=pd.Timestamp(plan_date), policy_release=release))


def _stock(table: pd.DataFrame, of: str) -> pd.Series[float]:
    names = (f"{name}{of}" for name in (*_LEVELS, "lead_time_demand"))
    levels = (table[name].to_numpy(np.float64, na_value=np.nan) for name in names)
    return pd.Series(average_stock(*levels), index=table.index)
