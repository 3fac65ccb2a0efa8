"""How much to order at once when demand is steady: EOQ, backorders, production, price breaks, packs.

Not here: random demand (``reorder_quantity``, ``reorder_level``).

Notation: ``K`` fixed cost of an order, ``h`` holding cost per unit and unit of time, ``l`` demand rate.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from assets.kernel.errors import EquipoiseError


@dataclass(frozen=True)
class OrderQuantity:
    """An order quantity and what it costs.

    Attributes
    ----------
    quantity : float
        Units per order.
    cost : float
        Fixed and holding cost per unit of time; with price breaks the purchases too.
    """

    quantity: float
    cost: float


def order_cost(quantity: float, fixed_cost: float, holding_cost: float, rate: float) -> float:
    """Return ``K l / Q + h Q / 2`` (Harris 1913).

    Examples
    --------
    >>> round(order_cost(304.0467800264368, 8, 0.225, 1300), 4)  # Snyder and Shen 2019, example 3.1
    68.4105
    """
    _require(fixed_cost, holding_cost, rate)
    if not quantity > 0:
        raise _error(f"order quantity {quantity}", "Give one above 0")
    return fixed_cost * rate / quantity + holding_cost * quantity / 2.0


def economic_order_quantity(fixed_cost: float, holding_cost: float, rate: float) -> OrderQuantity:
    """Return ``sqrt(2 K l / h)``, the economic order quantity (Harris 1913).

    Raises
    ------
    EquipoiseError
        If the fixed cost is below 0, or the holding cost or demand is not above 0.

    Examples
    --------
    >>> best = economic_order_quantity(8, 0.225, 1300)  # Snyder and Shen 2019, example 3.1
    >>> round(best.quantity, 4), round(best.cost, 4)
    (304.0468, 68.4105)
    """
    _require(fixed_cost, holding_cost, rate)
    return OrderQuantity(
        float(np.sqrt(2.0 * fixed_cost * rate / holding_cost)), float(np.sqrt(2.0 * fixed_cost * rate * holding_cost))
    )


def economic_order_quantity_with_backorders(
    fixed_cost: float, holding_cost: float, shortage_cost: float, rate: float
) -> OrderQuantity:
    """Return the economic order quantity where a share ``h / (h + p)`` of each order is owed already.

    Examples
    --------
    >>> best = economic_order_quantity_with_backorders(8, 0.225, 5, 1300)  # Snyder and Shen 2019, example 3.8
    >>> round(best.quantity, 4), round(best.cost, 4)
    (310.8126, 66.9214)
    """
    _require_positive(shortage_cost, "shortage cost")
    plain = economic_order_quantity(fixed_cost, holding_cost, rate)
    stretch = float(np.sqrt((holding_cost + shortage_cost) / shortage_cost))
    return OrderQuantity(plain.quantity * stretch, plain.cost / stretch)


def economic_production_quantity(
    fixed_cost: float, holding_cost: float, rate: float, production_rate: float
) -> OrderQuantity:
    """Return the economic quantity where units arrive at a rate instead of at once (Taft 1918).

    Examples
    --------
    >>> best = economic_production_quantity(4, 0.08, 80, 110)  # Snyder and Shen 2019, problem 3.22
    >>> round(best.quantity, 4), round(best.cost, 4)
    (171.2698, 3.7368)
    """
    if not production_rate > rate:
        raise _error(f"production rate {production_rate} is not above demand {rate}", "Give a higher rate")
    return economic_order_quantity(fixed_cost, holding_cost * (1.0 - rate / production_rate), rate)


def economic_order_quantity_in_multiples(
    fixed_cost: float,
    holding_cost: float,
    rate: float,
    *,
    minimum: float = 0.0,
    multiple: float = 0.0,
    maximum: float = np.inf,
) -> OrderQuantity:
    """Return the cheapest order quantity that a supplier accepts.

    The cost is convex: the answer is one of the two accepted quantities next to the economic one
    (with ``n = Q / multiple`` the best has ``n (n - 1) <= EOQ^2 / multiple^2 <= n (n + 1)``).

    Parameters
    ----------
    fixed_cost, holding_cost, rate : float
        Per order; per unit and unit of time; units per unit of time.
    minimum, maximum : float
        Smallest (MOQ) and largest accepted order, in units.
    multiple : float
        Orders are whole multiples of it; 0 for any quantity.

    Raises
    ------
    EquipoiseError
        If no multiple lies between minimum and maximum.

    Examples
    --------
    >>> best = economic_order_quantity_in_multiples(8, 0.225, 1300, multiple=100)  # example 3.1 in hundreds
    >>> best.quantity, round(best.cost, 4)
    (300.0, 68.4167)
    >>> economic_order_quantity_in_multiples(8, 0.225, 1300, minimum=350, multiple=100).quantity
    400.0
    """
    low, high = _accepted(minimum, multiple, maximum)
    best = economic_order_quantity(fixed_cost, holding_cost, rate).quantity
    candidates = [best]
    if multiple > 0:
        below = np.floor(best / multiple) * multiple
        candidates = [float(max(below, multiple)), float(below + multiple)]
    inside = {min(max(quantity, low), high) for quantity in candidates}
    costed = [(order_cost(q, fixed_cost, holding_cost, rate), q) for q in inside if q > 0]
    if not costed:
        raise _error("no order of more than 0 units is accepted or worth while", "Give a fixed cost or a minimum")
    cost, quantity = min(costed)
    return OrderQuantity(quantity, cost)


def economic_order_quantity_with_price_breaks(
    fixed_cost: float, holding_rate: float, rate: float, breaks: Sequence[float], prices: Sequence[float]
) -> OrderQuantity:
    """Return the cheapest order where the whole order is charged at the price of its size.

    In each bracket the economic quantity of its price, or the bracket's own end next to it; the
    cost holds the purchases (Snyder and Shen 2019, section 3.4).

    Parameters
    ----------
    fixed_cost, rate : float
        Per order; units per unit of time.
    holding_rate : float
        Per money held and unit of time.
    breaks, prices : sequence
        Smallest quantity of each bracket, rising from 0, and its price per unit, falling.

    Examples
    --------
    >>> best = economic_order_quantity_with_price_breaks(
    ...     8, 0.3, 1300, [0, 400, 800], [0.75, 0.72, 0.68]
    ... )  # Snyder and Shen 2019, example 3.5
    >>> best.quantity, round(best.cost, 2)
    (800.0, 978.6)
    """
    if len(breaks) != len(prices) or not len(breaks) or breaks[0] != 0 or np.any(np.diff(breaks) <= 0):
        raise _error(
            f"price breaks at {list(breaks)} for {len(prices)} prices", "Give rising breaks from 0, one a price"
        )
    if np.any(np.diff(prices) > 0):
        raise _error(
            f"prices {list(prices)} rise with the quantity", "Give prices that fall, or stay, from break to break"
        )
    costed = []
    for start, end, price in zip(breaks, [*breaks[1:], np.inf], prices, strict=True):
        free = economic_order_quantity(fixed_cost, holding_rate * price, rate).quantity
        # The end of a bracket belongs to the next, cheaper one.
        quantity = float(max(free, start))
        if quantity < end:
            costed.append((order_cost(quantity, fixed_cost, holding_rate * price, rate) + price * rate, quantity))
    cost, quantity = min(costed)
    return OrderQuantity(quantity, cost)


def _accepted(minimum: float, multiple: float, maximum: float) -> tuple[float, float]:
    if minimum < 0 or multiple < 0 or not maximum > 0:
        raise _error(
            f"minimum order {minimum}, order multiple {multiple}, largest order {maximum}", "Give none below 0"
        )
    low, high = minimum, maximum
    if multiple > 0:
        # The tolerance keeps 0.3 at three times 0.1.
        low = float(max(np.ceil(minimum / multiple - 1e-9), 1.0) * multiple)
        high = float(np.floor(maximum / multiple + 1e-9) * multiple) if np.isfinite(maximum) else maximum
    if low > high:
        raise _error(
            f"no multiple of {multiple:g} lies between the minimum order {minimum:g} and the largest order {maximum:g}",
            "Lower the minimum or the multiple, or raise the largest order",
        )
    return low, high


def _require(fixed_cost: float, holding_cost: float, rate: float) -> None:
    if not fixed_cost >= 0:
        raise _error(f"fixed cost {fixed_cost} is below 0", "Give one of at least 0")
    _require_positive(holding_cost, "holding cost")
    _require_positive(rate, "demand")


def _require_positive(value: float, name: str) -> None:
    if not value > 0:
        raise _error(f"{name} {value} is not above 0", "Give one above 0")


def _error(what: str, remedy: str) -> EquipoiseError:
    return EquipoiseError(what, where="order quantity", remedy=remedy)
