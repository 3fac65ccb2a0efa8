"""Log-linear effects of known drivers (price, promotion) on demand, shrunk so that thin series borrow.

Here: one ridge regression per series, shrunk to its group and the group to all. Not here: what trees
make of the rest (``driven``), or which drivers there are (the caller's).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assets.forecasting.history.arrays import Integers, Reals

# Buckets of pooled variation that the wider pool weighs when a series, a group, or everything
# estimates its own effects. Swept on orange juice (README): a series prior of 6 / 40 / 100 / 300.
SERIES_PRIOR = 100.0
GROUP_PRIOR = 100.0
NETWORK_PRIOR = 50.0
SMALLEST_VARIANCE = 1e-6


@dataclass(frozen=True)
class Effects:
    """What a log-linear regression says of each series.

    Attributes
    ----------
    level : array (n,)
        Mean log demand of the known buckets; 0 for a series never seen.
    effect : array (n, B)
        Log demand that the drivers of each bucket add to the level; 0 where a driver is unknown.
    """

    level: Reals
    effect: Reals


def driver_effects(log_demand: Reals, drivers: Reals, group: Integers) -> Effects:
    """Regress log demand on drivers, series shrunk to group shrunk to all (ridge on centred data).

    Solves ``(A_i + w R) b_i = c_i + w R b_group`` with ``A_i`` and ``c_i`` the centred cross products
    of series i and ``R`` the pooled variance of each driver, so that the scale of a driver is free.

    Parameters
    ----------
    log_demand : array (n, T)
        NaN where unknown.
    drivers : array (n, B, k)
        ``B >= T``: the buckets after T are those whose drivers are known and whose demand is not.
    group : array (n,)
        Codes from 0 of what resembles each other most, such as the item.

    Returns
    -------
    Effects
    """
    history = drivers[:, : log_demand.shape[1]]
    known = np.isfinite(log_demand) & np.isfinite(history).all(axis=2)
    count = np.maximum(known.sum(axis=1), 1).astype(np.float64)
    centre = np.where(known[..., None], history, 0.0).sum(axis=1) / count[:, None]
    level = np.where(known, log_demand, 0.0).sum(axis=1) / count
    x = np.where(known[..., None], history - centre[:, None], 0.0)
    y = np.where(known, log_demand - level[:, None], 0.0)
    coefficients = _shrunk_coefficients(x, y, group, float(max(known.sum(), 1)))
    deviation = np.nan_to_num(drivers - centre[:, None])
    return Effects(level, np.einsum("nbk,nk->nb", deviation, coefficients))


def _shrunk_coefficients(x: Reals, y: Reals, group: Integers, cells: float) -> Reals:
    cross = np.einsum("ntk,ntl->nkl", x, x)
    moment = np.einsum("ntk,nt->nk", x, y)
    ridge = np.diag(np.maximum(np.einsum("nkk->k", cross) / cells, SMALLEST_VARIANCE))
    network = np.linalg.solve(cross.sum(axis=0) + NETWORK_PRIOR * ridge, moment.sum(axis=0))
    groups = int(group.max()) + 1
    group_cross: Reals = np.zeros((groups, *ridge.shape))
    group_moment: Reals = np.zeros((groups, len(ridge)))
    np.add.at(group_cross, group, cross)
    np.add.at(group_moment, group, moment)
    pooled = _ridge(group_cross, group_moment, ridge, GROUP_PRIOR, np.tile(network, (groups, 1)))
    return _ridge(cross, moment, ridge, SERIES_PRIOR, pooled[group])


def _ridge(cross: Reals, moment: Reals, ridge: Reals, weight: float, prior: Reals) -> Reals:
    target = moment + weight * prior @ ridge
    return np.asarray(np.linalg.solve(cross + weight * ridge, target[..., None])[..., 0], dtype=np.float64)
