"""One item's problem by itself, and copies of it side by side, each with other inputs.

Items are apart, so that copies are solved in one call as if they were as many items. Not here:
which inputs differ (``inputs``), and solving (``case``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any

import numpy as np

from assets.rebalancing.item_sites import Ints, ItemSites, Protection
from assets.rebalancing.market import departures
from assets.rebalancing.market.departures import Departures
from assets.rebalancing.market.limits import no_limits
from assets.rebalancing.market.parts import problem_part
from assets.rebalancing.moves import Moves
from assets.rebalancing.problem import Problem


def alone(problem: Problem, item: int) -> Problem:
    """Return the problem of one item; its limits are those that its moves use, by name.

    Parameters
    ----------
    problem : Problem
        Of every item.
    item : int
        Position in ``item_ids``.
    """
    one, _, moves = problem_part(problem, np.array([item]))
    limits = (problem.limits or no_limits(len(problem.moves))).take(slice(None), moves)
    used = np.diff(limits.use.indptr) > 0
    return replace(one, limits=limits.take(used).ordered())


def side_by_side(problems: Sequence[Problem]) -> Problem:
    """Return one problem whose items are those of several problems of one item each.

    Parameters
    ----------
    problems : sequence of Problem
        Of the same item, with as many item-sites and moves each; release and dates are the first one's.
    """
    first = problems[0]
    count = len(first.item_sites)
    return replace(
        first,
        item_sites=_item_sites([one.item_sites for one in problems], count),
        moves=_moves([one.moves for one in problems], count),
        limits=None,
        departures=_departures([one.departures for one in problems]),
        minimums=None,
        documents=None,
    )


def _departures(parts: Sequence[Departures | None]) -> Departures | None:
    """Return the departures that copies pay for; none where they pay for none."""
    known = [part for part in parts if part is not None]
    return departures.side_by_side(known) if known else None


def _item_sites(parts: Sequence[ItemSites], count: int) -> ItemSites:
    shared = ("bucket_days", "site_ids", "item_ids", "protection_demand")
    joined: dict[str, Any] = {f.name: _joined(parts, f.name) for f in fields(ItemSites) if f.name not in shared}
    known = joined["parent"] >= 0
    demand = [part.protection_demand for part in parts]
    return replace(
        parts[0],
        **{
            **joined,
            "item_ids": tuple(f"{parts[0].item_ids[0]} {number}" for number in range(len(parts))),
            "item": np.repeat(np.arange(len(parts)), count),
            "parent": np.where(known, joined["parent"] + _offsets(parts, count), -1),
            "protection_demand": Protection(**{f.name: _joined(demand, f.name) for f in fields(Protection)}),
        },
    )


def _moves(parts: Sequence[Moves], count: int) -> Moves:
    joined = {f.name: _joined(parts, f.name) for f in fields(Moves)}
    offset = _offsets(parts, count)
    joined["origin"] = np.where(joined["origin"] >= 0, joined["origin"] + offset, -1)
    joined["destination"] = joined["destination"] + offset
    return Moves(**joined)


def _joined(parts: Sequence[Any], name: str) -> np.ndarray:
    return np.concatenate([getattr(part, name) for part in parts])


def _offsets(parts: Sequence[Any], count: int) -> Ints:
    """Return by how much positions of item-sites move, for each row of the parts in turn."""
    return np.repeat(np.arange(len(parts)) * count, len(parts[0]))
