"""What the market came to: the deal of each component, and the settlement of all.

Not here: how either is reached (``deal``, ``negotiate``), and frames (``frames``).
"""

from __future__ import annotations

from dataclasses import dataclass

from assets.kernel.errors import EquipoiseError
from assets.rebalancing.item_sites import Flags, Floats, Ints
from assets.rebalancing.market.components import Component
from assets.rebalancing.market.transcript import Row


class BrokenAwardError(EquipoiseError):
    """An award that breaks a limit: it does not go out."""


@dataclass(frozen=True)
class Deal:
    """What one component came to; costs are integers.

    Attributes
    ----------
    component : Component
        Its items, and the limits that they negotiated over.
    units : int array, shape (m,)
        Of every move of the whole; 0 for those of other items.
    cost, bound, still : int
        Of its items: as awarded, at least, and at least if nothing starts today.
    prices : float array
        Of its limits.
    paid : float array, shape (sites,)
        What each site pays for the room that its lines of today take, in currency.
    rows : list of Row
        Transcript.
    rounds : int
        Rounds of bidding.
    """

    component: Component
    units: Ints
    cost: int
    bound: int
    still: int
    prices: Floats
    paid: Floats
    rows: list[Row]
    rounds: int


@dataclass(frozen=True)
class Settlement:
    """What the market settled.

    Attributes
    ----------
    units : int array, shape (m,)
        Of every move; those of later buckets are intentions.
    cost, bound : float
        Expected cost over the horizon and its proven lower bound, in currency, in the model.
    gap : float
        (cost - bound) / cost.
    decidable_gap : float
        (cost - bound) / (least cost if nothing starts today - bound), with a lower bound in place of
        that least cost, so that the share is never too small.
    limits : tuple of str
        Names, sorted.
    prices : float array, shape (L,)
        Currency per unit of each limit, as in the best bound; smoothing can leave a trace of one
        where a limit does not bind.
    used, room : float array, shape (L,)
        Use of each limit, and what there is.
    asked : float array, shape (L,)
        What plans would use of each limit if it were free.
    negotiating : bool array, shape (L,)
        Which limits were negotiated over: those that a plan on the way broke, on whatever dates.
    paid : float array, shape (sites,)
        What each site pays for the room that its lines of today take, in currency: see ``payments``.
    deals : tuple of Deal
        Of the components in which items negotiated, by their first item.
    faults : tuple of str
        What was wrong with the limits, and how it was relaxed.
    """

    units: Ints
    cost: float
    bound: float
    gap: float
    decidable_gap: float
    limits: tuple[str, ...]
    prices: Floats
    used: Floats
    room: Floats
    asked: Floats
    negotiating: Flags
    paid: Floats
    deals: tuple[Deal, ...]
    faults: tuple[str, ...]

    @property
    def transcript(self) -> list[Row]:
        """Who bid what, and what came of it, one component after the other."""
        return [row for deal in self.deals for row in deal.rows]

    @property
    def rounds(self) -> int:
        """Most rounds that a component took."""
        return max((deal.rounds for deal in self.deals), default=0)

    @property
    def negotiated(self) -> int:
        """Number of components in which items negotiated."""
        return len(self.deals)
