"""How far forecast errors of one item move together over its sites, from the backtest.

Whoever serves several sites adds up what they are surprised by: with correlation r the variance of the sum is
``(1 - r) sum sigma^2 + r (sum sigma)^2``. Here: r by item, drawn to its category and the network. Not here: the
deviations (``published``), what series of one origin share whatever their item (``shocks``), or who adds up
(``inventory.served_demand``, ``rebalancing.reserve``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from assets.forecasting.evaluation.calibrate import Calibration, scale
from assets.forecasting.evaluation.outcomes import Outcomes
from assets.forecasting.history.arrays import Integers, Reals
from assets.forecasting.lead_time_credibility import credibility_weight


@dataclass(frozen=True)
class SiteCorrelation:
    """Correlation of forecast errors between two sites of an item, within [0, 1].

    Attributes
    ----------
    network : float
        Of an item whose category was not tested; 0 where nothing was.
    categories, items : mapping
        Category and item to theirs; an item that was not tested has its category's.
    """

    network: float = 0.0
    categories: Mapping[str, float] = field(default_factory=dict)
    items: Mapping[str, float] = field(default_factory=dict)

    def of(self, index: pd.DataFrame) -> Reals:
        """Return that of each row of ``item_id`` and ``category``, shape (n,)."""
        wider = index["category"].map(dict(self.categories)).fillna(self.network)
        own = index["item_id"].map(dict(self.items)).fillna(wider)
        return np.asarray(own, dtype=np.float64)

    def document(self) -> dict[str, Any]:
        """Return it as what JSON can hold; numbers survive to the bit."""
        return {"network": self.network, "categories": dict(self.categories), "items": dict(self.items)}

    @classmethod
    def of_document(cls, document: Mapping[str, Any]) -> SiteCorrelation:
        """Return what a document holds."""
        return cls(float(document["network"]), dict(document["categories"]), dict(document["items"]))


@dataclass(frozen=True)
class ItemErrors:
    """Errors of cumulative demand about corrected means, and what they were expected to be; m series and origins.

    Attributes
    ----------
    error, deviation : array (m, H)
        In base units; both 0 where a window is not scored.
    item, category : object array (m,)
        Of the series.
    origin : array (m,)
        First bucket forecast.
    """

    error: Reals
    deviation: Reals
    item: np.ndarray[Any, Any]
    category: np.ndarray[Any, Any]
    origin: Integers


def errors_of(outcomes: Outcomes, calibration: Calibration, index: pd.DataFrame) -> ItemErrors:
    """Return the errors of a candidate's outcomes, spikes cut, beside the deviations that its calibration gives them.

    Parameters
    ----------
    outcomes, calibration : Outcomes, Calibration
        Of one candidate.
    index : DataFrame
        ``item_id`` and ``category`` of the panel's series.
    """
    corrected = outcomes.without_spikes().scaled(calibration.mean_factor)
    expected, actual, scored = corrected.over(0)
    deviation = scale(expected) * calibration.deviation[calibration.group(corrected.level)]
    names = index.iloc[outcomes.series]
    return ItemErrors(
        np.where(scored, actual - expected, 0.0),
        np.where(scored, deviation, 0.0),
        names["item_id"].to_numpy(dtype=object),
        names["category"].to_numpy(dtype=object),
        outcomes.origin,
    )


def joined_errors(parts: list[ItemErrors]) -> ItemErrors:
    """Return all errors as one; there is at least one part."""
    return ItemErrors(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in vars(parts[0])})


def site_correlation(errors: ItemErrors) -> SiteCorrelation:
    """Return the correlation of errors between sites of one item.

    By the method of moments: over the sites of an item at an origin, and over horizons t alike,
    ``x = sum_t ((sum e)^2 - sum e^2) / S_t^2  /  sum_t ((sum s)^2 - sum s^2) / S_t^2`` with e the errors, s the
    deviations published for them and S their sum: what the variance of the sum has beyond independence, over
    what it could have. Each origin of an item counts as one, however many sites it has: all of them saw one shock.
    An item's mean of its n origins has the credibility ``n / (n + k)`` (Buhlmann and Straub 1970,
    ``credibility_weight``) against its category's, and that against the network's. Within [0, 1] at the end only,
    so that what is drawn together is unbiased.

    Parameters
    ----------
    errors : ItemErrors
        Of the champions of all segments.
    """
    told = _by_item_and_origin(errors)
    if told.empty:
        return SiteCorrelation()
    by_item = told.groupby(["category", "item"], sort=True)["x"]
    count: Reals = by_item.size().to_numpy().astype(np.float64)
    mean = by_item.mean().to_numpy()
    squares = ((told["x"] - by_item.transform("mean")) ** 2).groupby([told["category"], told["item"]]).sum()
    names = by_item.size().index
    parent = pd.factorize(names.get_level_values("category"), sort=True)[0].astype(np.int64)
    k = credibility_weight(count, mean, squares.to_numpy(), parent)
    network = float(told["x"].mean())
    by_category = told.groupby("category", sort=True)["x"].agg(["size", "mean"])
    size: Reals = by_category["size"].to_numpy().astype(np.float64)
    category = _drawn(size, by_category["mean"].to_numpy(), network, k)
    item = _drawn(count, mean, category[parent], k)
    return SiteCorrelation(
        _bounded(network),
        {str(name): _bounded(value) for name, value in zip(by_category.index, category, strict=True)},
        {str(name): _bounded(value) for (_, name), value in zip(names, item, strict=True)},
    )


def _by_item_and_origin(errors: ItemErrors) -> pd.DataFrame:
    """Return ``category``, ``item`` and what each origin of an item says, where two sites or more tell of it."""
    labels = pd.DataFrame({"category": errors.category, "item": errors.item, "origin": errors.origin})
    groups = labels.groupby(["category", "item", "origin"], sort=True)
    place = groups.ngroup().to_numpy()

    def summed(values: Reals) -> Reals:
        total = np.zeros((groups.ngroups, values.shape[1]))
        np.add.at(total, place, values)
        return total

    spread = summed(errors.deviation)
    whole = np.where(spread > 0, spread, 1.0) ** 2
    shared = (summed(errors.error) ** 2 - summed(errors.error**2)) / whole
    possible = ((spread**2 - summed(errors.deviation**2)) / whole).sum(axis=1)
    # A pair of sites of which one varies by next to nothing has nothing to share.
    tells = possible > 1e-6
    found: pd.DataFrame = groups.size().index.to_frame(index=False)[tells]
    return found.assign(x=shared.sum(axis=1)[tells] / possible[tells])


def _drawn(count: Reals, own: Reals, wider: Reals | float, k: float) -> Reals:
    drawn: Reals = (count * own + k * wider) / (count + k)
    return drawn


def _bounded(value: float) -> float:
    return min(max(float(value), 0.0), 1.0)
