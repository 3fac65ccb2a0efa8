"""Plans of small networks."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from small_networks import PLAN_DATE, profile, release

from assets.rebalancing.plan import Plan, solve
from assets.rebalancing.problem import Problem, build_problem
from assets.rebalancing.snapshot import Snapshot


@pytest.fixture
def problem_of() -> Callable[..., Problem]:
    """Return a function that builds the problem of a snapshot."""

    def build(
        snapshot: Snapshot, horizon: int = 6, *, lost_sales: bool = True, bucket: str = "day", **rules: Any
    ) -> Problem:
        network = profile(horizon, bucket, lost_sales=lost_sales)
        return build_problem(snapshot, release=release(**rules), profile=network, plan_date=PLAN_DATE)

    return build


@pytest.fixture
def plan_of(problem_of: Callable[..., Problem]) -> Callable[..., Plan]:
    """Return a function that plans a snapshot."""

    def plan(snapshot: Snapshot, horizon: int = 6, **rules: Any) -> Plan:
        return solve(problem_of(snapshot, horizon, **rules))

    return plan
