"""Lost sales of a canary's items against the rest, one number a bucket: a guard metric.

What stock-outs hid is an estimate. Of the canary's items its lower bound counts, of the others the estimate itself,
each beside its own mean before the canary began; the difference before is raised by its standard error, so that a
release is not taken back for what may be chance. A bucket is told as the first plan after it knew it, and stays so.
Not here: judging (``guards``), or estimating demand (``forecasting``).
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd
import pyarrow.compute as pc

from assets.governance.guards import Observation
from assets.kernel.frames.decisions import PROTECTION_DEMAND
from assets.kernel.frames.forecasts import DEMAND_ESTIMATE
from assets.kernel.frames.marts import FCT_DEMAND
from assets.kernel.frames.rollout import CANARY_ITEMS
from assets.kernel.published import Published
from assets.policy.oversight import GuardMetric

BUCKETS_BEFORE = 28
"""Buckets before the canary that its items are compared by."""
LEAST_BEFORE = 14
"""With fewer of them nothing is observed: the parts may differ by nature."""
LOWER_DEVIATIONS = 1.2816
"""Standard deviations of the estimate that its lower bound lies below it: the 10 % quantile, if normal."""

_KEY = ["item_id", "site_id", "bucket_start"]
_SOLD = (*_KEY, "demand_lower_bound_units", "available_at")
_HIDDEN = (*_KEY, "lost_units", "estimated_std_units")


@dataclass(frozen=True)
class LostShares:
    """Lost units over demand in one bucket, of the canary's items at least, of the others as estimated."""

    canary: float
    others: float

    @property
    def difference(self) -> float:
        """How much more the canary lost."""
        return self.canary - self.others


def lost_sales(published: Published, version: str, today: dt.date) -> list[Observation]:
    """Return the canary's lost sales beside the others', one observation a bucket that its orders could reach.

    Parameters
    ----------
    published : Published
        Tables of the network.
    version : str
        Of the release at stage canary.
    today : date
        Plan date; buckets before it are over.
    """
    parts = canary_dates(published, version, today)
    if not parts:
        return []
    began = min(parts)
    sold = _sold(published, today, began)
    buckets = [bucket.date() for bucket in sorted(set(sold["bucket_start"]))]
    before = _shares(published, sold, {b: began for b in buckets if b < began}, parts[began])
    after = [bucket for bucket in buckets if bucket >= began][_reach(published, began, parts[began]) :]
    plans = published.plan_dates(DEMAND_ESTIMATE.name)
    known = {b: plan for b in after if (plan := next((p for p in plans if b < p <= today), None))}
    items = {b: parts[max(date for date in parts if date <= b)] for b in known}
    shares = {b: _shares(published, sold, {b: plan}, items[b]).get(b) for b, plan in known.items()}
    return beside_before(list(before.values())[-BUCKETS_BEFORE:], {b: one for b, one in shares.items() if one})


def beside_before(before: Sequence[LostShares], after: Mapping[dt.date, LostShares]) -> list[Observation]:
    """Return observations whose others carry by how much the canary's items lost more before, and its standard error.

    >>> before = [LostShares(0.02, 0.01)] * 20
    >>> beside_before(before, {dt.date(2026, 1, 5): LostShares(0.05, 0.02)})[0].difference.__round__(6)
    0.02
    """
    count = len(before)
    if count < LEAST_BEFORE:
        return []
    mean = math.fsum(one.difference for one in before) / count
    spread = math.fsum((one.difference - mean) ** 2 for one in before) / (count - 1)
    reference = mean + math.sqrt(spread / count)
    return [
        Observation(GuardMetric.LOST_SALES, bucket, one.canary, one.others + reference)
        for bucket, one in sorted(after.items())
    ]


def canary_dates(published: Published, version: str, today: dt.date) -> dict[dt.date, frozenset[str]]:
    """Return the items that a release decided for as canary, by plan date until today."""
    found = {}
    for date in published.plan_dates(CANARY_ITEMS.name):
        table = published.read(CANARY_ITEMS, date) if date <= today else CANARY_ITEMS.empty()
        items = table.loc[table["policy_release"] == version, "item_id"]
        if len(items):
            found[date] = frozenset(items)
    return found


def _sold(published: Published, today: dt.date, began: dt.date) -> pd.DataFrame:
    """Return sales from long enough before the canary, the latest version of each bucket."""
    inside = (pc.field("bucket_start") >= began - dt.timedelta(days=7 * BUCKETS_BEFORE)) & (
        pc.field("bucket_start") < today
    )
    found = published.part(FCT_DEMAND, today, _SOLD, where=inside)
    table = FCT_DEMAND.empty()[list(_SOLD)] if found is None else found
    return table.sort_values([*_KEY, "available_at"], kind="stable").drop_duplicates(_KEY, keep="last")


def _reach(published: Published, began: dt.date, items: frozenset[str]) -> int:
    """Return after how many buckets orders of the canary's first plan could be sold, at half of its item-sites."""
    found = published.part(PROTECTION_DEMAND, began, ("item_id", "first_bucket"))
    mine = None if found is None else found.loc[found["item_id"].isin(items), "first_bucket"]
    return 0 if mine is None or mine.empty else int(mine.median())


def _shares(
    published: Published, sold: pd.DataFrame, plans: Mapping[dt.date, dt.date], items: frozenset[str]
) -> dict[dt.date, LostShares]:
    """Return the shares of some buckets, each as a plan date knew it; buckets without demand of a part are left out."""
    if not plans:
        return {}
    (plan,) = set(plans.values())
    span = (pc.field("bucket_start") >= min(plans)) & (pc.field("bucket_start") <= max(plans))
    hidden = published.part(DEMAND_ESTIMATE, plan, _HIDDEN, where=span)
    if hidden is None:
        return {}
    low = (hidden["lost_units"] - LOWER_DEVIATIONS * hidden["estimated_std_units"]).clip(lower=0.0)
    mine = _by_bucket(sold, hidden.assign(lost=low), items, inside=True)
    theirs = _by_bucket(sold, hidden.assign(lost=hidden["lost_units"]), items, inside=False)
    both = {bucket.date() for bucket in mine.index.intersection(theirs.index)} & plans.keys()
    return {b: LostShares(float(mine[pd.Timestamp(b)]), float(theirs[pd.Timestamp(b)])) for b in sorted(both)}


def _by_bucket(sold: pd.DataFrame, hidden: pd.DataFrame, items: frozenset[str], *, inside: bool) -> pd.Series[float]:
    """Return lost units over demand by bucket, of some items or of all others."""
    units = _of(sold, items, inside).groupby("bucket_start", sort=True)["demand_lower_bound_units"].sum()
    lost = _of(hidden, items, inside).groupby("bucket_start", sort=True)["lost"].sum()
    lost = lost.reindex(units.index, fill_value=0.0)
    demand = units + lost
    return (lost / demand.where(demand > 0)).dropna()


def _of(table: pd.DataFrame, items: frozenset[str], inside: bool) -> pd.DataFrame:
    return table[table["item_id"].isin(items) == inside]
