"""What is at stake in money where a gate holds something back, by the day's own tables.

=================  ==================================================================================
a gate says        at stake
=================  ==================================================================================
``hold``           of feeds and forecasts: expected shortage cost of the item-sites left out, until an
                   order of the next plan could arrive (the protection interval), with what is there
                   and under way; of the plan: the gain of the lines that stay behind
``hold_outbound``  the same of the item-sites that the site normally replenishes
``stop``           what the last plan known saves beside doing nothing
``warn``           nothing: the plan goes on
=================  ==================================================================================

Where a forecast itself is in doubt, its recent mean demand stands for it. Whatever is not known
counts 0. Not here: the rules (``quality``), or the alerts (``alerts``).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from assets.kernel.frames.decisions import PLAN_LINES, PLAN_SUMMARY, TARGETS
from assets.kernel.frames.forecasts import DEMAND_FORECAST, QUANTILE_COLUMNS
from assets.kernel.frames.marts import FCT_INVENTORY_POSITION, FEAT_ITEM_SITE
from assets.kernel.published import Published
from assets.rebalancing.distribution import expected_shortage, knots

KEY = ["item_id", "site_id"]
_PLACES = [*KEY, "source_id", "shortage_amount", "recent_shortage_amount"]
_LINES = ["item_id", "origin_id", "destination_id", "gain_amount"]


@dataclass(frozen=True)
class Stakes:
    """What a plan date's tables say is at stake; read when first asked for.

    Parameters
    ----------
    published : Published
        The tables.
    plan_date : date
        Plan date judged.
    """

    published: Published
    plan_date: dt.date

    def of(self, verdicts: pd.DataFrame) -> float:
        """Return the money at stake of verdicts of one cause; each item-site and line counts once.

        Parameters
        ----------
        verdicts : DataFrame
            Rows of ``VERDICTS``.
        """
        if (verdicts["action"] == "stop").any():
            return plan_worth(self.published, self.plan_date)
        held = verdicts[verdicts["action"].isin(["hold", "hold_outbound"])]
        by_plan = held["gate"] == "plan"
        doubted = held["gate"] == "forecasts"
        return (
            self._of_lines(held[by_plan])
            + self._of_places(held[doubted], "recent_shortage_amount")
            + self._of_places(held[~by_plan & ~doubted], "shortage_amount")
        )

    def _of_lines(self, held: pd.DataFrame) -> float:
        if held.empty:
            return 0.0
        touched = _named(self.lines, held, "destination_id") | _named(self.lines, held, "origin_id")
        return float(self.lines.loc[touched, "gain_amount"].sum())

    def _of_places(self, held: pd.DataFrame, column: str) -> float:
        if held.empty:
            return 0.0
        outbound = held["action"] == "hold_outbound"
        found = _named(self.places, held[~outbound], "site_id") | _named(self.places, held[outbound], "source_id")
        return float(self.places.loc[found, column].sum())

    @cached_property
    def lines(self) -> pd.DataFrame:
        """Lines of the plan, with their gains."""
        found = self.published.part(PLAN_LINES, self.plan_date, _LINES)
        return pd.DataFrame(columns=_LINES) if found is None else found

    @cached_property
    def places(self) -> pd.DataFrame:
        """Item-sites, what normally replenishes them, and the expected cost of what they will be short of."""
        targets = ["source_id", "protection_buckets", "shortage_cost_per_unit"]
        known = self.published.part(TARGETS, self.plan_date, [*KEY, *targets])
        stock = self.published.part(FCT_INVENTORY_POSITION, self.plan_date, [*KEY, "position_units"])
        if known is None or stock is None:
            return pd.DataFrame(columns=_PLACES)
        known = known.merge(stock, on=KEY, how="left").fillna({"position_units": 0})
        missing = _expected_missing(self.published, self.plan_date, known)
        recent = _recent_missing(self.published, self.plan_date, known)
        cost = known["shortage_cost_per_unit"].astype(float)
        return known.assign(
            shortage_amount=(missing * cost).where(np.isfinite(missing), 0.0),
            recent_shortage_amount=(recent * cost).where(np.isfinite(recent), 0.0),
        )[_PLACES]


def plan_worth(published: Published, plan_date: dt.date) -> float:
    """Return what the last plan known by a date saves beside doing nothing; 0 where none is known."""
    for day in reversed([day for day in published.plan_dates(PLAN_SUMMARY.name) if day <= plan_date]):
        summary = published.part(PLAN_SUMMARY, day, ["policy", "cost_amount"])
        if summary is not None:
            cost: dict[str, float] = dict(zip(summary["policy"], summary["cost_amount"].astype(float), strict=True))
            return max(cost.get("do_nothing", 0.0) - cost.get("joint_plan", 0.0), 0.0)
    return 0.0


def _expected_missing(published: Published, plan_date: dt.date, known: pd.DataFrame) -> pd.Series[float]:
    """Return E[(D - position)+] of each row over its protection interval; NaN where nothing is forecast."""
    forecast = published.part(DEMAND_FORECAST, plan_date, [*KEY, "bucket_index", *QUANTILE_COLUMNS])
    if forecast is None or forecast.empty:
        return pd.Series(np.nan, index=known.index)
    last = int(forecast["bucket_index"].max())
    asked = known.assign(bucket_index=np.minimum(known["protection_buckets"] - 1, last))
    both = asked.merge(forecast, on=[*KEY, "bucket_index"], how="left")
    short = expected_shortage(
        knots(both[list(QUANTILE_COLUMNS)].to_numpy(float)), both[["position_units"]].to_numpy(float)
    )
    return pd.Series(short[:, 0], index=known.index)


def _recent_missing(published: Published, plan_date: dt.date, known: pd.DataFrame) -> pd.Series[float]:
    """Return by how much recent mean demand over the protection interval exceeds the position."""
    recent = published.part(FEAT_ITEM_SITE, plan_date, [*KEY, "mean_units_per_bucket"])
    if recent is None:
        return pd.Series(np.nan, index=known.index)
    mean = known[KEY].merge(recent, on=KEY, how="left")["mean_units_per_bucket"].to_numpy(float)
    missing = mean * known["protection_buckets"].to_numpy(float) - known["position_units"].to_numpy(float)
    return pd.Series(np.maximum(missing, 0.0), index=known.index)


def _named(table: pd.DataFrame, held: pd.DataFrame, site_column: str) -> pd.Series[bool]:
    """Return which rows verdicts speak of; an empty site is every site, an empty item every item."""
    of_all = held[held["site_id"] == ""]
    of_site = held[(held["site_id"] != "") & (held["item_id"] == "")]
    exact = held[(held["site_id"] != "") & (held["item_id"] != "")]
    pairs = pd.MultiIndex.from_frame(table[["item_id", site_column]])
    everything = bool((of_all["item_id"] == "").any())
    return pd.Series(
        everything
        | table["item_id"].isin(of_all["item_id"]).to_numpy()
        | table[site_column].isin(of_site["site_id"]).to_numpy()
        | pairs.isin(pd.MultiIndex.from_frame(exact[["item_id", "site_id"]])),
        index=table.index,
    )
