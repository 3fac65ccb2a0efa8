"""The constraint evaluator: which limits a plan breaks, from its units alone. It trusts no sums of others."""

from __future__ import annotations

import math
from dataclasses import dataclass

from assets.rebalancing.item_sites import Ints
from assets.rebalancing.market.limits import TOLERANCE, Limits


@dataclass(frozen=True)
class Breach:
    """A limit that is broken, its use and what there is."""

    limit: str
    used: float
    room: float


def breaches(limits: Limits, units: Ints) -> list[Breach]:
    """Return every limit that the units of a plan break, added up anew and exactly.

    Parameters
    ----------
    limits : Limits
        Shared.
    units : int array, shape (m,)
        Of every move, of the first bucket and later ones alike.
    """
    use, room = limits.use, limits.room
    amounts = use.data * units[use.indices]
    found = []
    for k, name in enumerate(limits.names):
        used = math.fsum(amounts[use.indptr[k] : use.indptr[k + 1]])
        if used > room[k] + TOLERANCE * max(1.0, abs(room[k])):
            found.append(Breach(name, used, float(room[k])))
    return found
