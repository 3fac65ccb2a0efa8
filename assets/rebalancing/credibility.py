"""What lateral units are told to save and do not: pairs are chosen because their forecasts say so.

Of many pairs the plan takes those that promise most, so that what they promise is on average more than
they keep (the optimizer's curse: Smith and Winkler 2006). How much is kept is learned from what earlier
lateral units saved (``twin.experiment.learned_credibility``), told by the policy release. Not here: learning it.
"""

from __future__ import annotations

import numpy as np

from assets.rebalancing.item_sites import Floats
from assets.rebalancing.moves import Moves


def cost_of_disbelief(moves: Moves, credibility: float) -> Floats:
    """Return what a lateral unit at the margin is not expected to save, currency per unit of each move, shape (m,).

    Parameters
    ----------
    moves : Moves
        All of them.
    credibility : float
        Share c of what is told that is believed, within (0, 1].

    Notes
    -----
    A unit told to save v saves c v, and goes where ``c v`` is at least its freight f: where v is at least
    ``f + f (1 / c - 1)``. Freight is what it pays to be moved, holding on the way included. At the margin the second
    term is ``(1 - c) v``, what is told and not kept; beyond it more is told, and less than all of that is charged.
    """
    freight = moves.usual_transport + moves.under_way
    return np.where(moves.lateral, freight * (1.0 / credibility - 1.0), 0.0)
