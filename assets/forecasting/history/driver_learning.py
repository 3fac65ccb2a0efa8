"""How the effects of promotions, prices and events are learned from a panel's own past.

Series borrow from their item, category and network. Here: estimates. Not here: the sums they follow
from (``driver_sums``), the factors that follow from them (``driver_effects``), or taking them out of the
past (``without_drivers``).
"""

from __future__ import annotations

import numpy as np

from assets.forecasting.history.arrays import Flags, Integers, Reals
from assets.forecasting.history.driver_effects import LEAST_FACTOR, MOST_FACTOR, DriverEffects, drivers_of
from assets.forecasting.history.driver_sums import DriverSums, driver_sums
from assets.forecasting.history.drivers import carried_prices
from assets.forecasting.history.index import key_order
from assets.forecasting.history.panel import SeriesPanel
from assets.forecasting.history.row_blocks import row_blocks
from assets.kernel.calendar import Bucket

# Expected units that the wider pool weighs when a narrower one estimates its own uplift; buckets, where
# it estimates its own share of promotions that nobody announced.
SERIES_PRIOR_UNITS = 100.0
ITEM_PRIOR_UNITS = 30.0
CATEGORY_PRIOR_UNITS = 300.0
# Information (expected units times squared log price) that the wider pool weighs, and that no effect does.
CATEGORY_PRIOR_INFORMATION = 30.0
NETWORK_PRIOR_INFORMATION = 30.0
# A price above its reference never sells more: what looks so is something else.
LEAST_ELASTICITY, MOST_ELASTICITY = -5.0, 0.0
# Buckets before the plan whose median price is the one that a factor of 1 stands for.
REFERENCE_BUCKETS = {Bucket.DAY: 28, Bucket.WEEK: 8}


def learn_drivers(panel: SeriesPanel) -> DriverEffects:
    """Estimate the effects of a panel's drivers from its own past.

    Uplift is demand over what level and season promise, both summed over promoted known buckets, series
    shrunk to item shrunk to category shrunk to network (gamma-Poisson, as for the season); so is the
    share of known buckets that were promoted without being announced. Elasticity is
    one Newton step of a Poisson regression on log price within a window, pooled by category. An
    event's factor is estimated from all its earlier occurrences by name, and shrunk to 1 by how much
    the network's demand moves anyway in as many buckets.

    Parameters
    ----------
    panel : SeriesPanel
        With drivers. Where it has a longer one, that one's past tells, but for how often promotions are unannounced.
    """
    order = key_order(panel.index)
    if (np.diff(order) < 0).any():
        # Sums over series are of the same order whatever order they stand in.
        return learn_drivers(panel.take(order)).take(np.argsort(order))
    # Uplifts hold for years; how often there is a promotion is what the level was told beside.
    recent = panel.length
    panel = panel if panel.longer is None else panel.longer.panel
    sums = driver_sums(panel, drivers_of(panel), recent)
    names = panel.index["category"].to_numpy(dtype=str)
    categories, category = np.unique(names, return_inverse=True)
    category = category.reshape(-1).astype(np.int64)
    items = panel.index["item_id"].to_numpy(dtype=str)
    by_category, uplift = _uplifts(sums, items, category, len(categories))
    unannounced = _unannounced(sums, items, category, len(categories))
    elasticity = _elasticities(sums, category, len(categories))
    network_events, events = _events(sums, category, len(categories))
    return DriverEffects(
        uplift, unannounced, elasticity[category], _reference(panel), category, tuple(categories.tolist()), events,
        by_category, elasticity, network_events, sums,
    )  # fmt: skip


def _uplifts(sums: DriverSums, items: np.ndarray, category: Integers, count: int) -> tuple[Reals, Reals]:
    actual, expected = sums.promoted, sums.promoted_expected
    network = _shrunk(actual.sum(), expected.sum(), 1.0, CATEGORY_PRIOR_UNITS)
    by_category, uplift = _borrowed(actual, expected, network, items, category, count)
    return _bounded(np.append(by_category, network)), _bounded(uplift)


def _unannounced(sums: DriverSums, items: np.ndarray, category: Integers, count: int) -> Reals:
    promoted, known = (values.astype(np.float64) for values in (sums.unannounced_buckets, sums.known_buckets))
    # The network's own share is not shrunk: without evidence of a change, promotions go on as before.
    network = promoted.sum() / max(float(known.sum()), 1.0)
    return _borrowed(promoted, known, network, items, category, count)[1]


def _borrowed(
    actual: Reals, expected: Reals, network: Reals | float, items: np.ndarray, category: Integers, count: int
) -> tuple[Reals, Reals]:
    """Return actual over expected of each category, and of each series, the narrower shrunk to the wider."""
    own = [_pooled(category, values, count) for values in (actual, expected)]
    by_category = _shrunk(own[0], own[1], network, CATEGORY_PRIOR_UNITS)
    # An item is of one category; the first of its series says which.
    _, first, item = np.unique(items, return_index=True, return_inverse=True)
    item = item.reshape(-1)
    of_item = [_pooled(item, values, len(first)) for values in (actual, expected)]
    by_item = _shrunk(of_item[0], of_item[1], by_category[category[first]], ITEM_PRIOR_UNITS)
    return by_category, _shrunk(actual, expected, by_item[item], SERIES_PRIOR_UNITS)


def _shrunk(actual: Reals, expected: Reals, prior: Reals | float, weight: float) -> Reals:
    shrunk: Reals = (actual + weight * prior) / (expected + weight)
    return shrunk


def _bounded(factors: Reals) -> Reals:
    return np.clip(factors, LEAST_FACTOR, MOST_FACTOR)


def _elasticities(sums: DriverSums, category: Integers, count: int) -> Reals:
    score, information = (_pooled(category, values, count) for values in (sums.score, sums.information))
    network = float(score.sum()) / (float(information.sum()) + NETWORK_PRIOR_INFORMATION)
    own = _shrunk(score, information, network, CATEGORY_PRIOR_INFORMATION)
    slopes: Reals = np.clip(np.append(own, network), LEAST_ELASTICITY, MOST_ELASTICITY)
    return slopes


def _pooled(code: Integers, values: Reals, count: int) -> Reals:
    return np.bincount(code, weights=values, minlength=count).astype(np.float64)


def _events(sums: DriverSums, category: Integers, count: int) -> tuple[Reals, Reals]:
    actual, expected = sums.event.sum(axis=0), sums.event_expected.sum(axis=0)
    network = np.divide(np.maximum(actual, 0.0), expected, out=np.ones_like(actual), where=expected > 0)
    own = np.zeros((2, count, len(actual)))
    np.add.at(own[0], category, sums.event)
    np.add.at(own[1], category, sums.event_expected)
    raw = _shrunk(np.maximum(own[0], 0.0), own[1], network, CATEGORY_PRIOR_UNITS)
    return _certain(network, sums, np.inf), _certain(raw, sums, own[1])


def _certain(factors: Reals, sums: DriverSums, expected: Reals | float) -> Reals:
    """Shrink factors to 1 by the variance of what is no event: the estimate's own square stands for its prior.

    That variance is the network's own, and for a part of it that of the part's few units.
    """
    noise = sums.common_variance / np.maximum(sums.event_weight, 1e-12)
    noise = noise + sums.dispersion / np.maximum(expected, 1e-12)
    square = (factors - 1.0) ** 2
    certainty = np.divide(square, square + noise, out=np.zeros_like(factors), where=square > 0)
    return _bounded(1.0 + (factors - 1.0) * certainty)


def _reference(panel: SeriesPanel) -> Reals:
    drivers, found = drivers_of(panel), np.full(panel.size, np.nan)
    if drivers.price is None or panel.length == 0:
        return found
    for rows in row_blocks(panel.size, panel.length):
        carried = carried_prices(drivers.price[rows], ~drivers.promoted[rows])[:, -REFERENCE_BUCKETS[panel.bucket] :]
        found[rows] = _median(carried, np.isfinite(carried))
    return found


def _median(values: np.ndarray, known: Flags) -> Reals:
    """Return the median of the known values of each row, the lower of two; NaN without any."""
    ordered = np.sort(np.where(known, values, np.inf), axis=1)
    middle = np.maximum(known.sum(axis=1) - 1, 0) // 2
    median = ordered[np.arange(len(ordered)), middle].astype(np.float64)
    return np.where(np.isfinite(median), median, np.nan)
