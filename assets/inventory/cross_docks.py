"""Replenishment through cross-docks: they hold no stock, so that a site behind one waits for both ways.

Not here: which source is the normal one (``supply``).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from assets.inventory.settings import normal_parents
from assets.inventory.supply import Integers, LeadTimes, Reals, departure_waits
from assets.kernel.network import CROSS_DOCK

Flags = npt.NDArray[np.bool_]

ORIGIN = ["receipt_kind", "source_id", "mode", "departure_days"]


def past_cross_docks(
    settings: pd.DataFrame, sources: pd.DataFrame, supply: LeadTimes
) -> tuple[pd.DataFrame, pd.DataFrame, LeadTimes]:
    """Return settings, sources and lead times with cross-docks taken out of the way.

    A site whose normal source is a cross-dock gets the cross-dock's own source, which holds the
    stock or makes it. Its lead time is that of the cross-dock, the wait there for a departure
    (every weekday of arrival as likely as the others) and its own, all independent; it is
    reviewed no more often than the cross-dock is.

    Parameters
    ----------
    settings, sources, supply
        What ``item_site_settings``, ``normal_sources`` and ``lead_times_of`` returned.
    """
    docks = (settings["site_kind"] == CROSS_DOCK).to_numpy(bool)
    parent = normal_parents(settings, sources)
    behind = (parent >= 0) & docks[parent]
    if not behind.any():
        return settings, sources, supply
    settings, sources = settings.copy(), sources.copy()
    echelon = settings["echelon"].to_numpy(dtype=np.int64)
    for level in np.unique(echelon[behind])[::-1]:
        # Sources stand on a higher echelon, so that a cross-dock has been seen through before what it serves.
        rows = np.flatnonzero(behind & (echelon == level))
        above = parent[rows]
        supply = _added(supply, rows, above, sources["departure_days"].iloc[rows])
        sources.loc[rows, ORIGIN] = sources.loc[above, ORIGIN].to_numpy()
        review = settings["review_days"].to_numpy(dtype=np.int64)
        settings.loc[rows, "review_days"] = np.maximum(review[rows], review[above])
    return settings, sources, supply


def holds_stock(settings: pd.DataFrame) -> Flags:
    """Return which item-sites may have a stock target: not those at cross-docks."""
    return (settings["site_kind"] != CROSS_DOCK).to_numpy(bool)


def _added(supply: LeadTimes, rows: Integers, above: Integers, departure_days: pd.Series[str]) -> LeadTimes:
    """Return lead times in which those of ``rows`` follow those of ``above`` and a wait, shapes (r,)."""
    waits = np.stack([departure_waits(departure_days, np.full(len(rows), day)) for day in range(1, 8)], axis=1)
    even = np.full(waits.shape, 1.0 / waits.shape[1])
    days, probability = _sum(supply.days[above], supply.probability[above], waits, even)
    days, probability = _sum(days, probability, supply.days[rows], supply.probability[rows])
    more = max(0, days.shape[1] - supply.days.shape[1])
    all_days = np.pad(supply.days, ((0, 0), (0, more)))
    all_probability = np.pad(supply.probability, ((0, 0), (0, more)))
    all_days[rows], all_probability[rows] = 0, 0.0
    all_days[rows, : days.shape[1]], all_probability[rows, : days.shape[1]] = days, probability
    return LeadTimes(all_days, all_probability)


def _sum(days: Integers, probability: Reals, more: Integers, chance: Reals) -> tuple[Integers, Reals]:
    """Return the distribution of the sum of two independent times, row by row, as days from 0."""
    total = (days[:, :, None] + more[:, None, :]).reshape(len(days), -1)
    joint = (probability[:, :, None] * chance[:, None, :]).reshape(len(days), -1)
    width = int(total.max(initial=0)) + 1
    cell = np.arange(len(days))[:, None] * width + total
    added = np.bincount(cell.ravel(), weights=joint.ravel(), minlength=len(days) * width)
    whole = added.reshape(len(days), width)
    return np.tile(np.arange(width), (len(days), 1)), whole / whole.sum(axis=1, keepdims=True)
