"""Lost sales with a lead time, exactly: the optimal policy and the cost of any rule, by value iteration.

The state is what can be sold now and what is under way; it grows like a power of the lead time, so
this serves lead times of up to about three periods, and to judge rules that serve any. Not here:
those rules (``lost_sales_rules``), or the order of a real item (``projected_order``).

Each period the oldest order arrives, an order is placed that arrives ``L`` periods later, demand
takes what there is, and ``h`` is charged per unit left and ``p`` per unit lost (Zipkin 2008).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assets.inventory.demand_distributions.lattice import Integers, Lattice, Reals
from assets.inventory.single_echelon.newsvendor import newsvendor_lattice
from assets.kernel.errors import EquipoiseError

# States times orders beyond which value iteration would take minutes.
LARGEST = 5_000_000
# Share of a sweep that is taken: what is kept of the value before breaks the cycles of steady demand.
STEP = 0.9
MOST_SWEEPS = 20_000


@dataclass(frozen=True)
class LostSales:
    """One item and site where unmet demand is lost.

    Attributes
    ----------
    holding_cost : float
        Per unit left at the end of a period.
    shortage_cost : float
        Per unit of demand lost.
    demand : Lattice
        Whole units of a period, above 0 on average.
    lead_time : int
        Periods until an order can be sold, at least 1.

    Raises
    ------
    EquipoiseError
        If a cost is not above 0, there is no demand, or the lead time is below 1.
    """

    holding_cost: float
    shortage_cost: float
    demand: Lattice
    lead_time: int

    def __post_init__(self) -> None:
        if not (self.holding_cost > 0 and self.shortage_cost > 0):
            raise _error(
                f"holding cost {self.holding_cost} and shortage cost {self.shortage_cost}", "Give both above 0"
            )
        if self.demand.start < 0 or self.demand.step != 1.0 or not self.demand.mean > 0:
            raise _error(
                f"demand of mean {self.demand.mean:g} from {self.demand.points[0]:g} units",
                "Give whole units of at least 0, above 0 on average",
            )
        if self.lead_time < 1:
            raise _error(f"lead time {self.lead_time}", "Give one of at least 1 period, or use the newsvendor")

    @property
    def ceiling(self) -> int:
        """Position that no optimal order exceeds: the base stock if demand waited (Morton 1969)."""
        protection = self.demand.times(self.lead_time + 1)
        return int(newsvendor_lattice(self.holding_cost, self.shortage_cost, protection).level)


@dataclass(frozen=True)
class StatePolicy:
    """What to order in every state, and what that costs.

    Attributes
    ----------
    orders : array (N + 1, ..., N + 1)
        Units to order by stock on hand after the arrival and by each order under way, oldest first;
        ``L`` axes.
    cost : float
        Expected cost per period.
    error : float
        Bound on the difference of ``cost`` from the exact value.
    """

    orders: Integers
    cost: float
    error: float


def best_policy(model: LostSales, *, tolerance: float = 1e-6, slack: int = 0) -> StatePolicy:
    """Return the optimal policy by relative value iteration.

    Parameters
    ----------
    model : LostSales
    tolerance : float
        Largest error of the cost, relative.
    slack : int
        Units by which positions may exceed ``model.ceiling``; no optimal order does.

    Examples
    --------
    >>> from assets.inventory.demand_distributions.families import poisson
    >>> round(best_policy(LostSales(1, 4, poisson(5), 1)).cost, 2)  # Zipkin 2008, table of Poisson demand
    4.04
    """
    return _iterate(model, model.ceiling + slack, None, tolerance)


def evaluate(model: LostSales, orders: Integers, *, tolerance: float = 1e-6) -> StatePolicy:
    """Return the cost of a rule given as a table over states (see ``StatePolicy.orders``)."""
    size = orders.shape[0]
    if orders.ndim != model.lead_time or orders.min() < 0:
        raise _error(
            f"orders over {orders.ndim} state variables, least {orders.min()}, for a lead time of {model.lead_time}",
            "Give a table with one axis per period of the lead time and no order below 0",
        )
    return _iterate(model, size - 1, orders, tolerance)


def positions(lead_time: int, ceiling: int) -> Integers:
    """Return the inventory position of every state, shape ``(ceiling + 1,) * lead_time``."""
    position: Integers = np.indices((ceiling + 1,) * lead_time).sum(axis=0)
    return position


def _iterate(model: LostSales, ceiling: int, orders: Integers | None, tolerance: float) -> StatePolicy:
    lead, size = model.lead_time, ceiling + 1
    if size ** (lead + 1) > LARGEST:
        raise _error(
            f"{size ** (lead + 1):,} states and orders at a lead time of {lead}",
            "Use a rule of lost_sales_rules and judge it by simulation",
        )
    leave, period = _transitions(model, size)
    position = positions(lead, ceiling)
    allowed = position[..., None] + np.arange(size) <= ceiling
    chosen = None if orders is None else np.minimum(orders, np.maximum(ceiling - position, 0))
    value: Reals = np.zeros((size,) * lead)
    shape = (size,) + (1,) * (lead - 1)
    for _ in range(MOST_SWEEPS):
        costs = np.where(allowed, _next_value(value, leave, size), np.inf)
        picked = costs.argmin(axis=-1) if chosen is None else chosen
        after = period.reshape(shape) + np.take_along_axis(costs, picked[..., None], axis=-1)[..., 0]
        change = (after - value)[position <= ceiling]
        low, high = float(change.min()), float(change.max())
        if high - low <= tolerance * abs(high):
            return StatePolicy(picked.astype(np.int64), (low + high) / 2.0, (high - low) / 2.0)
        # States beyond the ceiling are never met; they must only stay finite.
        mixed = (1.0 - STEP) * value + STEP * after
        value = np.where(position <= ceiling, mixed - mixed.flat[0], 0.0)
    raise _error(
        f"the cost of a period lies between {low:.4g} and {high:.4g} after {MOST_SWEEPS:,} sweeps",
        "Give a rule whose states lead to each other, or a larger tolerance",
    )


def _next_value(value: Reals, leave: Reals, size: int) -> Reals:
    """Return the expected value after each state and order, axes (on hand, under way ..., order)."""
    if value.ndim == 1:
        padded = np.append(value, np.zeros(size))
        shifted = np.stack([padded[order : order + size] for order in range(size)], axis=1)
        expected: Reals = leave @ shifted
        return expected
    arriving = []
    for units in range(size):
        # The oldest order is added to what is left; beyond the ceiling nothing is met.
        moved = np.zeros_like(value)
        moved[: size - units] = value[units:]
        arriving.append(np.tensordot(leave, moved, axes=1))
    return np.stack(arriving, axis=1)


def _transitions(model: LostSales, size: int) -> tuple[Reals, Reals]:
    """Return P(what is left | on hand), shape (size, size), and the expected cost of a period."""
    demand = model.demand
    mass = np.concatenate([np.zeros(demand.start), demand.mass, np.zeros(size)])
    leave = np.zeros((size, size))
    for on_hand in range(size):
        leave[on_hand, 1 : on_hand + 1] = mass[:on_hand][::-1]
        leave[on_hand, 0] = 1.0 - leave[on_hand, 1:].sum()
    cost = demand.holding_and_shortage(np.arange(size, dtype=float), model.holding_cost, model.shortage_cost)
    return leave, cost


def _error(what: str, remedy: str) -> EquipoiseError:
    return EquipoiseError(what, where="lost sales", remedy=remedy)
