"""What the cheapest policy would have cost that knew all demand: a min-cost flow over what happened.

The physics, costs and valuation of what is left are those of ``day`` and ``run``; everything that makes
a plan dearer in practice (lots, minimums, least gains, departures, not knowing) is left out, so that
no policy played by the twin costs less. Not here: any policy.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assets.kernel.errors import EquipoiseError
from assets.kernel.solvers.min_cost_flow import optimal_flow
from assets.twin.day import SUPPLIER, Floats, Ints, Rates, Stock

STEP = 1_000_000
"""Integer money steps of a unit of currency; costs are rounded down, so that the bound stays one."""


@dataclass(frozen=True)
class Ways:
    """How units can come to item-sites in any bucket; ``m`` ways.

    Attributes
    ----------
    origin, destination : int array, shape (m,)
        Item-sites; the origin of what is bought is ``SUPPLIER``.
    buckets : int array, shape (m,)
        Buckets from the start until they can be sold.
    amount : float array, shape (m,)
        Currency per unit, to the supplier or the carrier: at most what any policy pays.
    """

    origin: Ints
    destination: Ints
    buckets: Ints
    amount: Floats


@dataclass(frozen=True)
class Clairvoyant:
    """The bound.

    Attributes
    ----------
    cost : float array, shape (groups,)
        Least cost of each group of item-sites, in currency.
    lost : int array, shape (groups,)
        Units unmet in it.
    """

    cost: Floats
    lost: Ints

    @property
    def total(self) -> float:
        """Of all groups."""
        return float(self.cost.sum())


def clairvoyant(opening: Stock, demand: Ints, rates: Rates, ways: Ways, groups: Ints) -> Clairvoyant:
    """Return the least cost at which demand that is known could have been met.

    Parameters
    ----------
    opening : Stock
        Of ``n`` item-sites.
    demand : int array, shape (n, T)
        Base units asked for.
    rates : Rates
        What things cost.
    ways : Ways
        How units can come; both ends in one group.
    groups : int array, shape (n,)
        Group (item) of each item-site, from 0; groups share nothing.

    Raises
    ------
    EquipoiseError
        If a way joins two groups, or one gains money by itself: it brings a unit to where it is worth
        more than where it was and what it costs, so that no least cost exists.

    Notes
    -----
    Nodes: stock of a site as a bucket begins, and after what is due has arrived. What leaves comes from the
    first, what is sold from the second, as in ``day.pass_bucket``. With v landed cost, h holding, p the
    shortage price, a unit that a way brings costs its amount plus ``h[origin] k`` on a way of k buckets
    between sites; a unit sold is credited v; one left, on hand or under way, at the end is credited v;
    and one not sold costs p (each bucket that it is owed, where demand waits). Opening stock is debited v.
    Nobody must sell what is there, which the twin makes everybody do: the bound is the lower for it.
    """
    _checked(opening, demand, rates, ways, groups)
    count = int(groups.max(initial=-1)) + 1
    cost, lost = np.zeros(count), np.zeros(count, dtype=np.int64)
    for group in range(count):
        rows = np.flatnonzero(groups == group)
        place = np.full(len(groups) + 1, SUPPLIER, dtype=np.int64)
        place[rows] = np.arange(len(rows))
        mine = groups[ways.destination] == group
        own = Ways(
            place[ways.origin[mine]], place[ways.destination[mine]], ways.buckets[mine], ways.amount[mine]
        )  # fmt: skip
        stock = Stock(opening.on_hand[rows], opening.under_way[rows], opening.owed[rows])
        part = Rates(rates.holding[rows], rates.shortage[rows], rates.landed[rows], rates.lost_sales)
        cost[group], lost[group] = _least(stock, demand[rows], part, own)
    return Clairvoyant(cost, lost)


def _checked(opening: Stock, demand: Ints, rates: Rates, ways: Ways, groups: Ints) -> None:
    where = "twin.clairvoyant"
    moved = ways.origin != SUPPLIER
    if (groups[ways.origin[moved]] != groups[ways.destination[moved]]).any():
        raise EquipoiseError("a way joins two groups", where=where, remedy="Put both ends into one group")
    if (demand < 0).any() or (opening.on_hand < 0).any():
        raise EquipoiseError("demand or stock is negative", where=where, remedy="Take returns out of demand")
    before = np.where(moved, rates.landed[ways.origin], 0.0)
    gain = rates.landed[ways.destination] - before - ways.amount
    if (gain > 1e-9).any():
        worst = int(np.argmax(gain))
        raise EquipoiseError(
            f"a way to item-site {ways.destination[worst]} brings units that are worth {gain[worst]:.4g} more there "
            "than where they were and what they cost, so that no least cost exists",
            where=where,
            remedy="Value stock at its landed cost, freight as ways charge it",
        )


class _Arcs:
    """Arcs as they are added: tail, head, capacity, cost in currency."""

    def __init__(self) -> None:
        self.parts: list[tuple[Ints, Ints, Ints, Floats]] = []

    def add(self, tail: Ints, head: Ints, capacity: Ints, cost: Floats) -> None:
        """Add arcs, broadcast against each other."""
        self.parts.append(tuple(one.ravel() for one in np.broadcast_arrays(tail, head, capacity, cost)))  # type: ignore[arg-type]

    def all(self) -> tuple[Ints, Ints, Ints, Floats]:
        """Return every arc."""
        return tuple(np.concatenate(column) for column in zip(*self.parts, strict=True))  # type: ignore[return-value]


def _least(stock: Stock, demand: Ints, rates: Rates, ways: Ways) -> tuple[float, int]:
    """Return the least cost of one group, and the units that are unmet in it."""
    n, horizon = demand.shape
    morning, day, asked = (np.arange(n * horizon).reshape(n, horizon) + k * n * horizon for k in range(3))
    outside, end = 3 * n * horizon, 3 * n * horizon + 1
    due = np.zeros((n, horizon), dtype=np.int64)
    width = min(horizon, stock.under_way.shape[1])
    due[:, :width] = stock.under_way[:, :width]
    wanted = demand.copy()
    wanted[:, 0] += stock.owed
    most = int(stock.units + wanted.sum())
    landed, holding = rates.landed[:, None], rates.holding[:, None]
    free, arcs = np.zeros(1), _Arcs()
    arcs.add(morning, day, np.array(most), free)
    arcs.add(day[:, :-1], morning[:, 1:], np.array(most), holding)
    arcs.add(day[:, -1], np.array(end), np.array(most), rates.holding - rates.landed)
    arcs.add(day, asked, wanted if rates.lost_sales else np.array(most), -landed)
    if rates.lost_sales:
        arcs.add(np.array(outside), asked, wanted, rates.shortage[:, None])
    else:
        # What is owed waits for a later bucket, or for ever.
        arcs.add(asked[:, 1:], asked[:, :-1], np.array(most), rates.shortage[:, None])
        arcs.add(np.array(outside), asked[:, -1], np.array(most), rates.shortage)
    _add_ways(arcs, ways, rates, (morning, day), (outside, end), most)
    arcs.add(np.array([outside]), np.array([end]), np.array(most), free)
    supply = np.zeros(3 * n * horizon + 2, dtype=np.int64)
    supply[morning[:, 0]] += stock.on_hand
    supply[day] += due
    supply[asked] -= wanted
    supply[outside] = int(wanted.sum())
    supply[end] = -int(supply.sum())
    tail, head, capacity, cost = arcs.all()
    flow = optimal_flow(
        tail.astype(np.int64), head.astype(np.int64), capacity.astype(np.int64),
        np.floor(cost * STEP).astype(np.int64), supply, "clairvoyant",
    )  # fmt: skip
    # What is due after the last bucket keeps its worth, whatever is done: debited and credited alike.
    fixed = float(rates.landed @ (stock.on_hand + due.sum(axis=1)))
    met = (tail >= day[0, 0]) & (tail < asked[0, 0]) & (head >= asked[0, 0]) & (head < outside)
    unmet = int(wanted.sum() - flow[met].sum())
    return float(flow @ np.floor(cost * STEP)) / STEP + fixed, unmet


def _add_ways(
    arcs: _Arcs, ways: Ways, rates: Rates, nodes: tuple[Ints, Ints], ends: tuple[int, int], most: int
) -> None:  # fmt: skip
    """Add every way in every bucket; what comes after the last one is worth its landed cost at the end."""
    (morning, day), (outside, end), horizon = nodes, ends, nodes[0].shape[1]
    start = np.arange(horizon)[None, :]
    bought = ways.origin == SUPPLIER
    on_the_way = np.where(bought, 0.0, rates.holding[ways.origin] * ways.buckets)
    tail = np.where(bought[:, None], outside, morning[ways.origin])
    arrival = start + ways.buckets[:, None]
    within = arrival < horizon
    head = np.where(within, day[ways.destination[:, None], np.minimum(arrival, horizon - 1)], end)
    cost = (ways.amount + on_the_way)[:, None] - np.where(within, 0.0, rates.landed[ways.destination][:, None])
    # What is bought to arrive after the end gains nothing: it costs at least what it is credited.
    useful = within | ~bought[:, None]
    arcs.add(tail[useful], head[useful], np.array(most), cost[useful])
