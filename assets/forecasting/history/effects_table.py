"""The effects of promotions, prices, events and the season of the year as a table, for pages and planners.

Not here: estimating them (``driver_learning``, ``yearly``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import numpy as np
import pandas as pd

from assets.forecasting.history.announced import PROMOTION
from assets.forecasting.history.arrays import Integers, Reals
from assets.forecasting.history.driver_effects import DriverEffects
from assets.forecasting.history.panel import SeriesPanel
from assets.forecasting.history.without_drivers import Taken
from assets.forecasting.history.yearly.season import YearlySeason
from assets.kernel.frames.forecasts import FORECAST_EFFECTS
from assets.kernel.page import Page

PRICE, EVENT, SEASON, YEAR = "price", "event", "season", "year"
# What the network's own row calls its category.
NETWORK = "(all)"
# A factor this close to 1, or an elasticity this close to 0, changes nothing that anybody could see.
LEAST_EFFECT = 0.005
SHOWN = 20


def effects_table(taken: Taken, plan_date: dt.date) -> pd.DataFrame:
    """Return the frame ``FORECAST_EFFECTS``: each driver's effect in the network and in each category.

    Parameters
    ----------
    taken : Taken
        What is taken out of a panel; the table is empty where that is nothing.
    plan_date : date
        Plan.
    """
    rows = [] if taken.effects is None else [row for driver in _drivers(taken.panel, taken.effects) for row in driver]
    if taken.season is not None:
        rows += _of_year(taken.panel, taken.season)
    if not rows:
        return FORECAST_EFFECTS.empty()
    frame = pd.DataFrame(
        rows, columns=["driver", "driver_name", "category", "effect", "most", "learned_buckets", "ahead_buckets"]
    )
    used = (frame["learned_buckets"] > 0) & (frame["most"] > LEAST_EFFECT)
    return FORECAST_EFFECTS.conform(frame.assign(plan_date=pd.Timestamp(plan_date), is_used=used))


def effects_page(effects: pd.DataFrame) -> Page:
    """Return what Dagster shows of the effects: the network's first, the largest first among them."""
    size = np.abs(effects["effect"] - np.where(effects["driver"] == PRICE, 0.0, 1.0))
    ordered = effects.assign(
        size=size, is_category=effects["category"] != NETWORK, effect=effects["effect"].round(2)
    ).sort_values(
        ["is_category", "size", "driver", "driver_name", "category"], ascending=[True, False, True, True, True]
    )
    columns = ["driver", "driver_name", "category", "effect", "learned_buckets", "ahead_buckets", "is_used"]
    unlearned = (effects["ahead_buckets"] > 0) & (effects["learned_buckets"] == 0)
    return {
        "rows": len(effects),
        "drivers_used": int(effects.loc[effects["is_used"] & (effects["category"] == NETWORK), "driver"].size),
        "announced_without_a_past": int(unlearned.sum()),
        "effects": ordered[columns].head(SHOWN),
    }


_Row = tuple[str, str, str, float, float, int, int]


def _drivers(panel: SeriesPanel, effects: DriverEffects) -> Iterator[list[_Row]]:
    drivers, sums, start = panel.drivers, effects.sums, panel.length
    assert drivers is not None
    told = drivers.announced
    planned = told.planned[:, start:].sum(axis=1)
    if drivers.promoted.any() or planned.any():
        yield _rows(effects, PROMOTION, "", effects.category_uplift, sums.promoted_buckets, planned)
    ahead = np.zeros(panel.size, dtype=np.int64)
    if told.price is not None:
        ahead = np.isfinite(told.price[:, start:]).sum(axis=1)
    # Announced where none ever varied it changes nothing, which its row says.
    if drivers.price is not None or ahead.any():
        yield _rows(effects, PRICE, "", effects.category_elasticity, sums.priced_buckets, ahead)
    touched = (told.shares[:, :, start:] > 0).sum(axis=2)
    for place, name in enumerate(told.names):
        effect = np.append(effects.events[:, place], effects.network_events[place])
        yield _rows(effects, EVENT, name, effect, sums.event_buckets[:, place], touched[told.scope, place])


def _of_year(panel: SeriesPanel, season: YearlySeason) -> list[_Row]:
    """Return the mean factor of the buckets ahead of each category, and that of all series as the network's."""
    ahead = season.factors[:, panel.length :]
    if not ahead.shape[1] or panel.longer is None:
        return []
    of_category = ahead.mean(axis=1)
    effect = np.append(of_category, of_category[season.category].mean())
    # A season that passes its mean within the horizon is neutral there, and drove the past all the same.
    most = np.abs(season.factors - 1.0).max(axis=1)
    known, coming = panel.longer.panel.observed_count, np.full(panel.size, ahead.shape[1])
    return _named(season.categories, season.category, SEASON, YEAR, effect, np.append(most, most.max()), known, coming)


def _rows(
    effects: DriverEffects, driver: str, name: str, effect: Reals, learned: Integers, ahead: Integers
) -> list[_Row]:
    most = np.abs(effect - (0.0 if driver == PRICE else 1.0))
    return _named(effects.categories, effects.category, driver, name, effect, most, learned, ahead)


def _named(
    categories: tuple[str, ...],
    category: Integers,
    driver: str,
    name: str,
    effect: Reals,
    most: Reals,
    learned: Integers,
    ahead: Integers,
) -> list[_Row]:
    """Return one row a category, and the network's last; buckets are added up over series.

    ``most`` is how far any factor that follows, or a slope, is from one that changes nothing.
    """
    count = len(categories)
    by_category = [np.bincount(category, weights=values, minlength=count) for values in (learned, ahead)]
    totals = [np.append(values, values.sum()).astype(np.int64).tolist() for values in by_category]
    named = zip([*categories, NETWORK], effect.tolist(), most.tolist(), *totals, strict=True)
    return [(driver, name, *of_category) for of_category in named]
