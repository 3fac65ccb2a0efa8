"""What first-bucket moves could still carry beside a plan: what givers have left, sideways what they may spare.

Not here: whether it would pay.
"""

from __future__ import annotations

import numpy as np

from assets.rebalancing import constraints
from assets.rebalancing.expansion import Network
from assets.rebalancing.item_sites import Ints


def spare_units(network: Network, units: Ints) -> Ints:
    """Return the most units that each first-bucket move could carry more, in the order of ``network.first``.

    Parameters
    ----------
    network : Network
        Whose moves they are.
    units : int array, shape (len(network.first),)
        Plan.
    """
    sites, moves = network.problem.item_sites, network.problem.moves.take(network.first)
    sent = np.flatnonzero(moves.is_transfer & (units > 0))
    out, sideways = np.zeros(len(sites), dtype=np.int64), np.zeros(len(sites), dtype=np.int64)
    np.add.at(out, moves.origin[sent], units[sent])
    np.add.at(sideways, moves.origin[sent], np.where(moves.lateral[sent], units[sent], 0))
    left, laterally = sites.available - out, constraints.donor_protection(sites) - sideways
    there = np.where(moves.lateral, np.minimum(left, laterally)[moves.origin], left[moves.origin])
    most = moves.capacity - units
    return np.where(moves.is_transfer, np.minimum(there, most), most)
