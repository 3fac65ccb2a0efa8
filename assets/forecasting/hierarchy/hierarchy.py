"""The groups that item-site demand adds up to: items, sites, regions, categories, the network.

Here: which series belong to which group, sums over groups, and the demand history of each group.
Not here: making forecasts of groups agree with those of their members (``reconcile``), or whether
that pays (``coherence``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from assets.forecasting.history.arrays import Integers, Reals
from assets.forecasting.history.censoring import History
from assets.forecasting.history.fills import LEVEL_WINDOW
from assets.forecasting.history.panel import SeriesPanel
from assets.forecasting.history.seasonality import CLOSED_FACTOR, season_factors

BOTTOM = "item_site"
# From the whole to the parts. Every level is a partition of the series by these columns.
LEVELS: dict[str, tuple[str, ...]] = {
    "network": (),
    "category": ("category",),
    "region": ("region",),
    "category_region": ("category", "region"),
    "site": ("site_id",),
    "item": ("item_id",),
}
SEPARATOR = " / "
WHOLE = "all"


@dataclass(frozen=True)
class Hierarchy:
    """Groups of ``n`` series: ``m`` groups above them, level by level.

    Attributes
    ----------
    summing : sparse matrix (m, n)
        1 where a series belongs to a group (Hyndman et al. 2011, without its identity block).
    levels : dict
        Level to the rows of its groups, in the order of ``LEVELS``.
    members : array (m,)
        Name of each group; columns of a pair are joined by `` / ``.
    """

    summing: Any
    levels: dict[str, slice]
    members: npt.NDArray[np.object_]

    @property
    def group_count(self) -> int:
        """Groups of all levels."""
        return int(self.summing.shape[0])

    @property
    def series_count(self) -> int:
        """Series at the bottom."""
        return int(self.summing.shape[1])

    @property
    def level_of_group(self) -> npt.NDArray[np.object_]:
        """Level of each group, shape (m,)."""
        names = np.empty(self.group_count, dtype=object)
        for level, rows in self.levels.items():
            names[rows] = level
        return names

    def sums(self, values: Reals) -> Reals:
        """Return the sum over the members of each group, shape (m, ...), of values (n, ...).

        Members are added in the order of the series: the same panel gives the same bits.
        """
        total: Reals = np.asarray(self.summing @ np.asarray(values, dtype=np.float64))
        return total


def build_hierarchy(index: pd.DataFrame, region_of: Mapping[str, str] | None = None) -> Hierarchy:
    """Lay out the groups of a panel's series.

    Parameters
    ----------
    index : DataFrame
        ``item_id``, ``site_id`` and ``category`` of each series.
    region_of : mapping, optional
        Site to region; a site that it does not name is in region ``""``.

    Returns
    -------
    Hierarchy
        Groups of a level are sorted by name. Memory grows with series times levels.
    """
    from scipy import sparse

    labels = index.assign(region=index["site_id"].map(dict(region_of or {})).fillna(""))
    codes, members, levels, first = [], [], {}, 0
    for level, columns in LEVELS.items():
        code, names = _groups(labels, columns)
        levels[level] = slice(first, first + len(names))
        codes.append(code + first)
        members.extend(names)
        first += len(names)
    count = len(index)
    rows = np.concatenate([np.empty(0, dtype=np.int64), *codes])
    column = np.tile(np.arange(count), len(LEVELS))
    summing = sparse.csr_matrix((np.ones(len(rows)), (rows, column)), shape=(first, count))
    return Hierarchy(summing, levels, np.array(members, dtype=object))


def summed_panel(panel: SeriesPanel, history: History, hierarchy: Hierarchy) -> tuple[SeriesPanel, History]:
    """Return demand of every group on the same grid, and what models see of it.

    What is added up is estimated demand: a bucket in which a member was out of stock holds what the
    member was expected to sell, and so does one from before the member was known. A stock-out does
    not look like a fall of the group, nor a new member like its rise. Promotions, prices and events are
    taken out of it, as they are of the members' histories, and put back ahead: a group's factor is the
    mean of its members', weighted by what they sold of late.

    Parameters
    ----------
    panel, history : SeriesPanel, History
        Of the members.
    hierarchy : Hierarchy
        Groups.

    Returns
    -------
    SeriesPanel, History
        Rows in the order of the groups; ``item_id`` is the group, ``site_id`` and ``category`` its
        level. Season factors are those of the group's own sum.
    """
    units = hierarchy.sums(history.units)
    level = hierarchy.level_of_group
    index = pd.DataFrame(
        {"item_id": hierarchy.members, "site_id": level, "demand_segment": "smooth", "category": level}
    )
    begins = np.zeros(len(index), dtype=np.int64)
    summed = SeriesPanel(index, units, np.ones(units.shape, dtype=bool), begins, panel.phase, panel.bucket)
    factors = season_factors(summed)
    deseasonalised = units / np.maximum(factors[:, panel.phase], CLOSED_FACTOR)
    return summed, History(deseasonalised, units, factors, _driven(panel, history, hierarchy))


def _driven(panel: SeriesPanel, history: History, hierarchy: Hierarchy) -> Reals | None:
    """Return the factors of what is announced for the buckets ahead of each group, shape (m, H)."""
    if history.driven is None:
        return None
    weight = history.units[:, -LEVEL_WINDOW[panel.bucket] :].sum(axis=1)
    total = hierarchy.sums(weight)[:, None]
    driven = hierarchy.sums(weight[:, None] * history.driven)
    return np.divide(driven, total, out=np.ones_like(driven), where=total > 0)


def _groups(labels: pd.DataFrame, columns: tuple[str, ...]) -> tuple[Integers, list[str]]:
    """Return the group of each series, and the names of the groups in order."""
    if not len(labels):
        return np.empty(0, dtype=np.int64), []
    if not columns:
        return np.zeros(len(labels), dtype=np.int64), [WHOLE]
    grouped = labels.groupby(list(columns), sort=True)
    code: Integers = np.asarray(grouped.ngroup(), dtype=np.int64)
    firsts = labels.iloc[np.unique(code, return_index=True)[1]]
    parts = [firsts[name].astype(str).tolist() for name in columns]
    return code, [SEPARATOR.join(names) for names in zip(*parts, strict=True)]
