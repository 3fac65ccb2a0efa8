"""An input of one item that moves one way in whole steps, from what is published to a stated bound.

Not here: which inputs there are (``site_inputs``, ``move_inputs``), and how far one must move (``flips``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from assets.rebalancing.what_if.case import Case

LEAST_PERCENT, MOST_PERCENT = 0, 500
"""Between which shares of what is published demand and prices are tried."""

FEWEST_UNITS = 10
"""Stock and capacities are tried at least so many units above what they are."""


@dataclass(frozen=True)
class Change:
    """An input that moves one way, step by step.

    Attributes
    ----------
    name, subject, unit : str
        What it is, of what, and the unit of its values.
    now, step : float
        Published value; what a step adds.
    most : int
        Steps to the bound.
    base : float
        What a change is compared with to call it small; positive.
    sentence : str
        How it reads when it is another: a template of ``{to}`` and ``{now}``.
    at : callable
        The case with the input at a value.
    """

    name: str
    subject: str
    unit: str
    now: float
    step: float
    most: int
    base: float
    sentence: str
    at: Callable[[float], Case]

    def value(self, steps: int) -> float:
        """Return the input after so many steps."""
        return round(self.now + steps * self.step, 10)

    def share(self, steps: int) -> float:
        """Return the size of a change beside what it is compared with."""
        return abs(steps * self.step) / self.base

    def told(self, steps: int) -> str:
        """Return the change in words."""
        return self.sentence.format(to=figure(self.value(steps)), now=figure(self.now))


def figure(value: float) -> str:
    """Return a number as people write it.

    >>> figure(12.0), figure(0.5), figure(1234.5678)
    ('12', '0.50', '1234.57')
    """
    if value == round(value):
        return f"{value:.0f}"
    return f"{value:.2f}" if abs(value) >= 0.1 else f"{value:.3g}"


def site_name(case: Case, site: int) -> str:
    """Return the site of an item-site."""
    return str(case.problem.item_sites.site_ids[case.problem.item_sites.site[site]])


def way(case: Case, move: int) -> str:
    """Return origin, destination and mode of a move."""
    moves = case.problem.moves
    lane = f"{moves.source_id[move]} > {site_name(case, int(moves.destination[move]))}"
    return f"{lane} by {moves.mode[move]}" if moves.is_transfer[move] else lane


def percents(sign: int) -> int:
    """Return how many hundredths of what is published a price or demand is tried to move, up or down."""
    return 100 - LEAST_PERCENT if sign < 0 else MOST_PERCENT - 100


def with_sites(case: Case, **changed: Any) -> Case:
    """Return a case with other figures of its item-sites."""
    return replace(case, problem=replace(case.problem, item_sites=replace(case.problem.item_sites, **changed)))


def with_row(values: np.ndarray, row: int, value: Any) -> np.ndarray:
    """Return a copy in which one row is another value."""
    changed = values.copy()
    changed[row] = value
    return changed
