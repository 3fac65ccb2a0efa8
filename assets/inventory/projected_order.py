"""What to order now for the bucket it arrives in, when demand not served is lost.

Pure arithmetic on sample paths. Not here: the paths (``forecasting.paths``), order multiples and
budgets (the joint decision of ``rebalancing``), or backorders, where ordering up to a quantile of
cumulative demand is exact (``targets``).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from assets.kernel.errors import EquipoiseError

Reals = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


def projected_order(on_hand: Integers, pipeline: Integers, paths: Integers, ratio: float) -> Integers:
    """Return the order that the bucket of its arrival lacks at the decision ratio.

    On each path stock is rolled to the arrival, what is not served being lost:
    ``x[k + 1] = max(x[k] + pipeline[k] - demand[k], 0)`` for ``k < L``. The order is the
    ``ratio`` quantile over the paths of ``demand[L] - x[L]``, at least 0. Buckets after ``L``
    that no later order reaches add their demand to ``demand[L]``. It is the projected inventory
    level policy of van Jaarsveld and Arts (2024), at a quantile instead of a level.

    The ratio that costs least lies below ``p / (p + h)``, the newsvendor's. A unit that is left is
    carried into buckets whose orders are already placed, or that ask for none, and is held more than
    once; a unit too few loses one sale, and no more, because the next order sees the empty shelf.
    The ratio is therefore a parameter, chosen by simulated cost (README).

    Parameters
    ----------
    on_hand : array (n,)
        Units on hand after the last demand.
    pipeline : array (n, L)
        Units that can be sold from the start of bucket ``k``; ``L`` is the lead time in buckets.
    paths : array (n, L + R, S)
        Demand of each bucket and path; ``R`` buckets pass until the next order arrives.
    ratio : float
        Decision ratio, above 0 and below 1.

    Returns
    -------
    array (n,)
        Units to order.

    Raises
    ------
    EquipoiseError
        If the ratio is no quantile, or the paths end before the arrival.

    Examples
    --------
    Without a lead time it is the newsvendor's quantile less what is there:

    >>> paths = np.array([[[0, 1, 2, 3, 4]]])
    >>> projected_order(np.array([1]), np.empty((1, 0), dtype=np.int64), paths, 0.8)
    array([2])
    """
    _require(pipeline, paths, ratio)
    lead = pipeline.shape[1]
    left = projected_stock(on_hand, pipeline, paths)
    lacking = np.sort(paths[:, lead:].sum(axis=1) - left, axis=1)
    # The least order that is enough on a share `ratio` of the paths; the tolerance keeps 0.8 * 5 at 4.
    place = int(np.ceil(ratio * lacking.shape[1] - 1e-9)) - 1
    order: Integers = np.maximum(lacking[:, place], 0)
    return order


def projected_stock(on_hand: Integers, pipeline: Integers, paths: Integers) -> Integers:
    """Return what is left on each path when the order arrives, shape (n, S)."""
    stock = np.repeat(on_hand[:, None], paths.shape[2], axis=1)
    for bucket in range(pipeline.shape[1]):
        stock = np.maximum(stock + pipeline[:, bucket, None] - paths[:, bucket], 0)
    return stock


def _require(pipeline: Integers, paths: Integers, ratio: float) -> None:
    if not 0.0 < ratio < 1.0:
        raise EquipoiseError(
            f"decision ratio {ratio} is no quantile", where="projected order", remedy="Give one between 0 and 1"
        )
    if paths.shape[1] <= pipeline.shape[1]:
        raise EquipoiseError(
            f"paths of {paths.shape[1]} buckets end before an order that takes {pipeline.shape[1]} arrives",
            where="projected order",
            remedy="Sample at least one bucket more than the lead time",
        )
