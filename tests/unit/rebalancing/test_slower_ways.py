"""What a slower way costs by being decided earlier, and when a plan takes one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.stats import poisson
from small_networks import PLAN_DATE, certain_forecast, poisson_forecast, profile, release, snapshot

from assets.rebalancing import expansion, lots
from assets.rebalancing.costs import Costs
from assets.rebalancing.plan import solve
from assets.rebalancing.problem import Problem, build_problem
from assets.rebalancing.slower_ways import buckets_earlier, cost_of_deciding_early

HORIZON, RATE, HOLDING, FAST, SLOW = 10, 5.0, 1.0, 1, 4


def problem(
    forecast: list[dict[str, Any]] | None = None, slow: int = SLOW, saved: float = 0.2, horizon: int = HORIZON
) -> Problem:
    """One store that two suppliers serve, the slow one for less."""
    told = poisson_forecast("i", "a", RATE, horizon) if forecast is None else forecast
    row = {"item_id": "i", "site_id": "a"}
    costs = {"holding_cost_per_unit_bucket": HOLDING, "shortage_cost_per_unit": 9.0}
    network = snapshot(
        [{**row, **costs}],
        told,
        sourcing=[
            {**row, "supplier_id": "fast", "quoted_lead_time_days": FAST, "unit_cost": 10.0},
            {**row, "supplier_id": "slow", "quoted_lead_time_days": slow, "unit_cost": 10.0 - saved},
        ],
    )
    return build_problem(network, release=release(), profile=profile(horizon), plan_date=PLAN_DATE)


def early_of(made: Problem, supplier: str) -> np.ndarray:
    return made.moves.early[made.moves.source_id == supplier]


def first_units(made: Problem) -> dict[str, int]:
    network = expansion.expand(made)
    units = lots.relaxed_optimum(network).units
    return dict(zip(made.moves.source_id[network.first], units.tolist(), strict=True))


def test_the_cost_is_the_holding_of_what_demand_falls_short_of_meanwhile():
    support = np.arange(200)
    mean = RATE * (SLOW - FAST)
    shortfall = (np.maximum(0.0, mean - support) * poisson.pmf(support, mean)).sum()
    # Quantiles are whole units joined by lines.
    assert early_of(problem(), "slow") == pytest.approx(HOLDING * shortfall / RATE, rel=0.05)


def test_the_fastest_way_and_the_only_way_cost_nothing():
    assert not early_of(problem(), "fast").any()
    assert not early_of(problem(slow=FAST), "slow").any()


def test_demand_that_is_known_makes_no_difference_when_it_is_met():
    known = problem(certain_forecast("i", "a", [RATE] * HORIZON), saved=0.01)
    assert not known.moves.early.any()
    assert first_units(known)["slow"] > 0


@pytest.mark.parametrize("rate", [0.02, 0.3, 5.0])
def test_a_slower_way_costs_more_and_never_more_than_holding_until_then(rate: float):
    costs = [early_of(problem(poisson_forecast("i", "a", rate, HORIZON), slow), "slow")[0] for slow in (2, 4, 7)]
    assert costs[0] > 0
    assert (np.diff(costs) >= 0).all()
    assert (np.array(costs) <= HOLDING * (np.array([2, 4, 7]) - FAST) + 1e-9).all()


def test_a_slower_way_is_taken_where_it_saves_more_than_it_costs():
    cost = early_of(problem(), "slow")[0]
    assert first_units(problem(saved=0.5 * cost))["slow"] == 0
    assert first_units(problem(saved=2.0 * cost))["slow"] > 0


def test_what_it_costs_is_part_of_the_plan_and_of_its_items_alike():
    made = problem(saved=2.0 * early_of(problem(), "slow")[0])
    network = expansion.expand(made)
    flow = lots.relaxed_optimum(network)
    exact = network.fixed_amount + float(flow.cost.sum()) / network.scale
    assert Costs.of(network, flow).total == pytest.approx(exact, abs=1e-3)
    plan = solve(made)
    assert (plan.lines["origin_id"] == "slow").any()
    for policy, row in plan.summary.set_index("policy").iterrows():
        items = plan.costs.loc[plan.costs["policy"] == policy]
        assert items["cost_amount"].sum() == pytest.approx(row["cost_amount"], abs=1e-3)


def test_waiting_for_a_departure_does_not_make_a_way_slow():
    row = {"item_id": "i", "site_id": "a"}
    network = snapshot(
        [row, {"item_id": "i", "site_id": "w", "echelon": 1, "available_units": 50}],
        poisson_forecast("i", "a", RATE, HORIZON),
        lanes=[
            # From Monday on: a van on Fridays for the next day, a truck on all days for the day after.
            {"origin_id": "w", "destination_id": "a", "mode": "van", "departure_days": "5", "cost_per_unit": 0.4},
            {"origin_id": "w", "destination_id": "a", "mode": "truck", "quoted_transit_days": 2, "cost_per_unit": 0.4},
        ],
    )
    made = build_problem(network, release=release(), profile=profile(HORIZON), plan_date=PLAN_DATE)
    truck = (made.moves.mode == "truck") & (made.moves.blocked == 0)
    found = buckets_earlier(made.item_sites, made.moves)[truck]
    earlier = dict(zip(made.moves.bucket[truck].tolist(), found, strict=True))
    assert [earlier[day] for day in (0, 2, 3)] == [0, 0, 1]


def test_a_site_that_serves_others_sees_their_pooled_demand():
    stores = [{"item_id": "i", "site_id": s, "receipt_kind": "transfer", "source_id": "w"} for s in "ab"]
    above = {"item_id": "i", "site_id": "w", "echelon": 1, "holding_cost_per_unit_bucket": HOLDING}
    bought = {"item_id": "i", "site_id": "w"}
    network = snapshot(
        [*stores, above],
        [row for s in "ab" for row in poisson_forecast("i", s, RATE, HORIZON)],
        lanes=[{"origin_id": "w", "destination_id": s} for s in "ab"],
        sourcing=[
            {**bought, "supplier_id": "fast", "quoted_lead_time_days": 1},
            {**bought, "supplier_id": "slow", "quoted_lead_time_days": 5},
        ],
    )
    made = build_problem(network, release=release(), profile=profile(HORIZON), plan_date=PLAN_DATE)
    found = cost_of_deciding_early(made.item_sites, made.moves)[made.moves.source_id == "slow"]
    assert found == pytest.approx(HOLDING * np.sqrt(2 * RATE * 4) / np.sqrt(2 * np.pi) / (2 * RATE))
