"""Kinds of shared limits as rows over moves: one function a kind, its inequality in the docstring.

Symbols: move j of q[j] units, item i(j), bucket of departure b(j) and of arrival a(j). Not here:
solving, and the limits that feeds and policy state (``stated``).
"""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array

from assets.kernel.errors import EquipoiseError
from assets.rebalancing.item_sites import Flags, Floats
from assets.rebalancing.market.limits import Limits
from assets.rebalancing.market.stage import Stage
from assets.rebalancing.problem import Problem


def lane_weight(
    problem: Problem, origin: str, destination: str, bucket: int, most: float, weight: Floats, mode: str = ""
) -> Limits:
    """``sum_j weight[i(j)] q[j] <= most`` over transfers of a lane that leave in a bucket.

    Parameters
    ----------
    problem : Problem
        Whose moves they are.
    origin, destination : str
        Sites of the lane.
    bucket : int
        Of departure.
    most : float
        Capacity of the departure.
    weight : float array, shape (items,)
        Per unit.
    mode : str
        Mode of transport; all together if empty.
    """
    return _lane(problem, origin, destination, bucket, "lane_weight", most, weight, mode)


def lane_volume(
    problem: Problem, origin: str, destination: str, bucket: int, most: float, volume: Floats, mode: str = ""
) -> Limits:
    """``sum_j volume[i(j)] q[j] <= most`` over transfers of a lane that leave in a bucket; as ``lane_weight``."""
    return _lane(problem, origin, destination, bucket, "lane_volume", most, volume, mode)


def dock_in(problem: Problem, site: str, bucket: int, most: float) -> Limits:
    """``sum_j q[j] <= most`` over moves of any kind that reach a site in a bucket."""
    on = _site(problem, site, bucket) & (problem.moves.arrival == bucket)
    return _row(problem, f"dock in {site}", f"bucket {bucket}", "dock_in", most, on.astype(np.float64))


def dock_out(problem: Problem, site: str, bucket: int, most: float) -> Limits:
    """``sum_j q[j] <= most`` over transfers that leave a site in a bucket."""
    _require(problem, site, bucket)
    moves = problem.moves
    on = moves.is_transfer & (moves.source_id == site) & (moves.bucket == bucket)
    return _row(problem, f"dock out {site}", f"bucket {bucket}", "dock_out", most, on.astype(np.float64))


def supplier_capacity(problem: Problem, supplier: str, bucket: int, most: float) -> Limits:
    """``sum_j q[j] <= most`` over purchases from a supplier, of all items, ordered in a bucket."""
    moves = problem.moves
    on = ~moves.is_transfer & (moves.source_id == supplier) & (moves.bucket == bucket)
    return _row(problem, f"supplier {supplier}", f"bucket {bucket}", "supplier_capacity", most, on.astype(np.float64))


def budget(problem: Problem, first: int, last: int, most: float) -> Limits:
    """``sum_j price[j] q[j] <= most`` over purchases ordered in buckets first..last."""
    moves = problem.moves
    on = ~moves.is_transfer & (moves.bucket >= first) & (moves.bucket <= last)
    return _row(problem, "budget", f"buckets {first} to {last}", "budget", most, on * moves.price)


def storage(problem: Problem, site: str, bucket: int, most: float, volume: Floats) -> Limits:
    """``sum_i volume[i] expected stock[i] + sum_j volume[i(j)] (in - out) q[j] <= most`` at the end of a bucket.

    Expected stock is that of ``Stage.expected_stock``; in counts what has arrived by then, out what
    has left.
    """
    _require(problem, site, bucket)
    item_sites, moves = problem.item_sites, problem.moves
    here = np.array(item_sites.site_ids, dtype=object)[item_sites.site] == site
    stock = Stage(item_sites, moves, problem.plan_date, problem.lost_sales).expected_stock[:, bucket]
    fixed = float((volume[item_sites.item] * stock)[here].sum())
    into = _site(problem, site) & (moves.arrival <= bucket)
    out = moves.is_transfer & (moves.source_id == site) & (moves.bucket <= bucket)
    net = (into.astype(np.float64) - out) * _of(problem, volume)
    return _row(problem, f"storage {site}", f"bucket {bucket}", "storage", most, net, fixed)


def _lane(
    problem: Problem, origin: str, destination: str, bucket: int, kind: str, most: float, per_item: Floats, mode: str
) -> Limits:
    moves, ends = problem.moves, _site(problem, destination)
    _require(problem, origin, bucket)
    on = moves.is_transfer & (moves.source_id == origin) & ends & (moves.bucket == bucket)
    on &= (moves.mode == mode) | (mode == "")
    lane = " > ".join(filter(None, [origin, destination, mode]))
    family = f"{kind.replace('_', ' ')} {lane}"
    return _row(problem, family, f"bucket {bucket}", kind, most, on * _of(problem, per_item))


def _require(problem: Problem, site: str, bucket: int) -> None:
    """Refuse a limit on what does not exist: it would hold nobody."""
    if site not in problem.item_sites.site_ids:
        raise EquipoiseError(f"there is no site {site}", where="shared limits", remedy="Name a site of the plan")
    if not 0 <= bucket < problem.horizon:
        raise EquipoiseError(
            f"there is no bucket {bucket}", where=f"shared limits of {site}",
            remedy=f"Give one from 0 to {problem.horizon - 1}",
        )  # fmt: skip


def _site(problem: Problem, site: str, bucket: int = 0) -> Flags:
    """Return which moves end at a site."""
    _require(problem, site, bucket)
    item_sites = problem.item_sites
    return np.asarray(np.array(item_sites.site_ids, dtype=object)[item_sites.site[problem.moves.destination]] == site)


def _of(problem: Problem, per_item: Floats) -> Floats:
    return np.asarray(per_item[problem.item_sites.item[problem.moves.destination]])


def _row(
    problem: Problem, family: str, when: str, kind: str, most: float, use: Floats, fixed: float = 0.0
) -> Limits:  # fmt: skip
    row = csr_array(use.reshape(1, len(problem.moves)))
    return Limits((f"{family} {when}",), (kind,), np.array([most]), np.array([fixed]), row, (family,))
