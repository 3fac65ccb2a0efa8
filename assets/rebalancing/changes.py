"""How many announced lines a plan changes, and how many it would change if that cost nothing.

Not here: what a change costs (``constraints``), and which lines may be changed (``announced``).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from assets.rebalancing.announced import LINE, ordered
from assets.rebalancing.choice import choose
from assets.rebalancing.early_sales import expand_knowing_sales
from assets.rebalancing.expansion import Network
from assets.rebalancing.item_sites import Ints
from assets.rebalancing.market.limits import Limits
from assets.rebalancing.market.parts import part
from assets.rebalancing.settled import settle


@dataclass(frozen=True)
class Changes:
    """What became of announced lines.

    Attributes
    ----------
    announced, changed, avoided : int or None
        Lines that could be changed; those that are; and what the price saves: changes of the plan
        without it, less those of this one. None where a change has no price.
    kept : frozenset of tuple
        ``LINE`` of those that the plan without the price changes, and this one does not.
    """

    announced: int | None = None
    changed: int | None = None
    avoided: int | None = None
    kept: frozenset[tuple[object, ...]] = frozenset()

    @classmethod
    def of(cls, announced: pd.DataFrame, priced: pd.DataFrame, unpriced: pd.DataFrame) -> Changes:
        """Compare announced lines with what two plans order.

        Parameters
        ----------
        announced : DataFrame
            ANNOUNCED_LINES that may be changed.
        priced, unpriced : DataFrame
            ``LINE`` and quantity_units of the plan, and of the one without a price of changes.
        """
        changed, otherwise = is_changed(announced, priced), is_changed(announced, unpriced)
        kept = announced.loc[~changed & otherwise, LINE].itertuples(index=False, name=None)
        counts = len(announced), int(changed.sum()), int(otherwise.sum() - changed.sum())
        return cls(*counts, frozenset(kept))


def is_changed(announced: pd.DataFrame, lines: pd.DataFrame) -> pd.Series[bool]:
    """Return which announced lines are not ordered as they were: another quantity, or none at all."""
    now = announced[LINE].merge(lines[[*LINE, "quantity_units"]], on=LINE, how="left")["quantity_units"]
    return pd.Series(now.fillna(0).to_numpy(np.int64) != announced["quantity_units"].to_numpy(), announced.index)


def changes(network: Network, limits: Limits, units: Ints) -> Changes:
    """Return what a plan changes of what was announced.

    Parameters
    ----------
    network : Network
        Of every item, at its own costs.
    limits : Limits
        Shared, over its moves.
    units : int array, shape (m,)
        Of every move.

    Notes
    -----
    The plan without the price is that of the items with open announcements, beside what the
    others use of shared limits.
    """
    problem = network.problem
    if problem.release.guardrails.announced_change_price == 0:
        return Changes()
    ours = ordered(problem.moves, problem.item_sites, units)
    return Changes.of(problem.standing.open, ours, _without_price(network, limits, units, ours))


def _without_price(network: Network, limits: Limits, units: Ints, ours: pd.DataFrame) -> pd.DataFrame:
    """Return what a plan orders whose items with announced lines pay for no change."""
    problem, moves = network.problem, network.problem.moves
    items = np.unique(problem.item_sites.item[moves.destination[network.change > 0]])
    if not len(items):
        return ours
    free = replace(problem, moves=replace(moves, announced=np.zeros_like(moves.announced)))
    some = part(expand_knowing_sales(free), items)
    others = units.copy()
    others[some.moves] = 0
    beside = limits.take(slice(None), some.moves)
    beside = replace(beside, fixed=beside.fixed + limits.used(others))
    found = settle(choose(some.network), beside)
    names = {problem.item_sites.item_ids[k] for k in items.tolist()}
    alone = some.network.problem
    theirs = ordered(alone.moves, alone.item_sites, found.every_unit)
    return pd.concat([ours.loc[~ours["item_id"].isin(names)], theirs], ignore_index=True)
