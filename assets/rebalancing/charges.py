"""What became of departures with a fixed cost and of order documents: which leave, which go out.

Not here: how that is decided (``consolidated``, ``documented``), and words (``charge_reasons``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assets.rebalancing.choice import Choice
from assets.rebalancing.costs import units_of_flow
from assets.rebalancing.item_sites import Flags, Floats, Ints
from assets.rebalancing.market.departures import Departures, no_departures
from assets.rebalancing.market.documents import Documents, no_documents
from assets.rebalancing.market.minimums import Minimums, no_minimums
from assets.rebalancing.problem import Problem


@dataclass(frozen=True)
class Charges:
    """What became of departures and documents.

    Attributes
    ----------
    departures, minimums, documents : Departures, Minimums, Documents
        Over the moves of the problem.
    stays : bool array, shape (d,)
        Departures that do not leave.
    trucks, asked : int array, shape (d,)
        Most trucks that may leave; trucks if every departure were open for nothing.
    worth : float array, shape (d,)
        What lines save together by a departure that leaves, at least, and would have by one that
        stays, before its bill, in currency.
    closed, filled : bool array, shape (D,)
        Documents that were asked for, but not by enough: those that stay, and those that were filled.
    pins : int array, shape (m,)
        Units of lines that stand because they fill a document; 0 for others.
    wanted : float array, shape (D,)
        Amount of each document before any was filled or closed.
    unhandled : bool array, shape (documents,)
        Documents that stay because a site cannot handle them beside those that save more.
    handled : int array, shape (sites,)
        Documents that each site would handle if it could handle any number.
    """

    departures: Departures
    minimums: Minimums
    documents: Documents
    stays: Flags
    trucks: Ints
    asked: Ints
    worth: Floats
    closed: Flags
    filled: Flags
    pins: Ints
    wanted: Floats
    unhandled: Flags
    handled: Ints

    @classmethod
    def of(cls, problem: Problem) -> Charges:
        """Return the charges of a problem, everything open."""
        count = len(problem.moves)
        departures, minimums = problem.departures or no_departures(count), problem.minimums or no_minimums(count)
        documents, trucks = problem.documents or no_documents(count), len(departures)
        return cls(
            departures, minimums, documents, np.zeros(trucks, dtype=bool), departures.most, departures.most,
            np.zeros(trucks), np.zeros(len(minimums), dtype=bool), np.zeros(len(minimums), dtype=bool),
            np.zeros(count, dtype=np.int64), np.zeros(len(minimums)), np.zeros(len(documents), dtype=bool),
            np.zeros(len(documents.sites), dtype=np.int64),
        )  # fmt: skip

    @property
    def barred(self) -> Flags:
        """Which moves carry nothing, shape (m,)."""
        stays = self.departures.moves_of(self.stays) | self.minimums.moves_of(self.closed)
        return np.asarray(stays | self.documents.moves_of(self.unhandled))


def total(choice: Choice, departures: Departures) -> float:
    """Return what a choice costs with its departures, less what no plan changes, in currency."""
    every = units_of_flow(choice.network, choice.flow)
    return int(choice.flow.cost.sum()) / choice.network.scale + float(departures.beyond(every).sum())
