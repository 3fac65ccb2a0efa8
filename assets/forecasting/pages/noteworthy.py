"""Which series deserve a planner's look: the largest, and the worst with the reason why.

Not here: what is drawn of them (``fan_chart``), or the scores of segments (``scores``).
"""

from __future__ import annotations

from collections.abc import Collection, Hashable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from assets.forecasting.pages.series_view import KEY
from assets.kernel.frames.forecasts import quantile_column

# What promotions, prices and events change by less than this share is not told apart.
SAME = 0.02
# Series are looked at for wide bands until they make up this share of expected demand: beyond, every
# band is wide and little hangs on it.
WEIGHTY_SHARE = 0.8
LOW, HIGH = quantile_column(0.05), quantile_column(0.95)


@dataclass(frozen=True)
class Noteworthy:
    """A series to look at.

    Attributes
    ----------
    item, site : str
        Whose demand it is.
    why : str
        The reason, as a title says it.
    """

    item: str
    site: str
    why: str


def largest_series(forecast: pd.DataFrame, count: int) -> list[Noteworthy]:
    """Return the series with the most expected demand over the horizon, the largest first."""
    last = _last_bucket(forecast)
    largest = last.sort_values(["cumulative_mean_units", *KEY], ascending=[False, True, True]).head(count)
    total = max(float(last["cumulative_mean_units"].sum()), 1e-12)
    return [
        Noteworthy(
            row["item_id"], row["site_id"], f"{100 * row['cumulative_mean_units'] / total:.1f} % of all expected demand"
        )
        for row in largest.to_dict("records")
    ]


def worst_series(
    forecast: pd.DataFrame, recent: pd.DataFrame | None, count: int, shown: Collection[Noteworthy] = ()
) -> list[Noteworthy]:
    """Return the series whose forecast a planner should doubt first.

    First those whose demand over the last stretch, as long as the horizon and driven as the next one will be,
    lies outside the 90 % band that the forecast gives the next one, by most units: either something broke that
    the model does not believe in, or it believes in something that no longer holds. Then, where these are too
    few, the widest bands relative to the mean among the series that carry most of the demand.

    Parameters
    ----------
    forecast : DataFrame
        Frame ``DEMAND_FORECAST``.
    recent : DataFrame or None
        As ``last_stretch`` returns it; without it only bands are looked at.
    count : int
        Most series.
    shown : collection of Noteworthy
        Series that are drawn already.
    """
    if forecast.empty:
        return []
    last, named = _last_bucket(forecast), {(one.item, one.site) for one in shown}
    found = []
    if recent is not None:
        broken = _breaks(last, recent).head(count + len(named))
        found = [one for one in map(_told_break, broken.to_dict("records")) if (one.item, one.site) not in named]
    named |= {(one.item, one.site) for one in found}
    wide = [_told_width(row) for row in _widest(last).head(count + len(named)).to_dict("records")]
    return (found + [one for one in wide if (one.item, one.site) not in named])[:count]


def _last_bucket(forecast: pd.DataFrame) -> pd.DataFrame:
    return forecast.sort_values("bucket_index", kind="stable").drop_duplicates(KEY, keep="last")


def _breaks(last: pd.DataFrame, recent: pd.DataFrame) -> pd.DataFrame:
    both = last.merge(recent, on=KEY, how="inner")
    outside = np.maximum(both["comparable_units"] - both[HIGH], both[LOW] - both["comparable_units"])
    both = both.assign(outside=outside)[outside > 0]
    return both.sort_values(["outside", *KEY], ascending=[False, True, True])


def _widest(last: pd.DataFrame) -> pd.DataFrame:
    ordered = last.sort_values(["cumulative_mean_units", *KEY], ascending=[False, True, True])
    total = ordered["cumulative_mean_units"].sum()
    before = ordered["cumulative_mean_units"].cumsum() - ordered["cumulative_mean_units"]
    weighty = ordered[(before < WEIGHTY_SHARE * total) & (ordered["cumulative_mean_units"] > 0)]
    width = (weighty[HIGH] - weighty[LOW]) / weighty["cumulative_mean_units"]
    widest: pd.DataFrame = weighty.assign(width=width).sort_values(["width", *KEY], ascending=[False, True, True])
    return widest


def _told_break(row: dict[Hashable, Any]) -> Noteworthy:
    asked, comparable = row["asked_units"], row["comparable_units"]
    side, level, bound = ("above", 95, row[HIGH]) if comparable > row[HIGH] else ("below", 5, row[LOW])
    about = "about " if row["estimated_buckets"] else ""
    told = f"last {row['buckets']} buckets asked for {about}{_units(asked)}"
    if abs(comparable - asked) > SAME * max(asked, comparable):
        told += f", about {_units(comparable)} if driven as the next ones"
    return Noteworthy(row["item_id"], row["site_id"], f"{told}; {side} the next ones' {level} % ({_units(bound)})")


def _told_width(row: dict[Hashable, Any]) -> Noteworthy:
    return Noteworthy(
        row["item_id"], row["site_id"], f"90 % band is {row['width']:.1f} times the mean: widest of the large"
    )


def _units(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 else f"{value:,.1f}"
