"""Moves: what a source can send, and what a unit pays of a departure."""

import pytest
from small_networks import PLAN_DATE, poisson_forecast, profile, release, snapshot

from assets.rebalancing.plan import solve
from assets.rebalancing.problem import build_problem


@pytest.mark.parametrize(("bucket", "days"), [("day", 1), ("week", 7)])
def test_a_supplier_sends_at_most_its_daily_capacity_for_every_day_of_the_bucket(bucket: str, days: int) -> None:
    short = {"item_id": "i", "site_id": "s", "review_days": days, "shortage_cost_per_unit": 50.0}
    source = {"item_id": "i", "supplier_id": "v", "site_id": "s", "quoted_lead_time_days": days}
    source |= {"unit_cost": 10.0, "capacity_units_per_day": 4}
    taken = snapshot([short], poisson_forecast("i", "s", 60.0, 6, days), sourcing=[source])
    plan = solve(build_problem(taken, release=release(), profile=profile(bucket=bucket), plan_date=PLAN_DATE))
    assert plan.lines["quantity_units"].tolist() == [4 * days]
