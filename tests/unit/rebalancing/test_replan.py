"""Some items planned again beside the others' use of shared limits."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from market_worlds import HORIZON, limits, problem
from small_networks import PLAN_DATE, poisson_forecast, profile, release, snapshot

from assets.kernel.errors import EquipoiseError
from assets.rebalancing.plan import Plan, solve
from assets.rebalancing.problem import Problem, build_problem
from assets.rebalancing.replan import items_at, replan


def shared_problem(seed: int) -> Problem:
    made = problem(5, seed)
    return replace(made, limits=limits(made, seed, 0.2))


@pytest.mark.parametrize("seed", [3, 8])
def test_what_is_planned_again_fits_beside_what_stands(seed: int) -> None:
    made = shared_problem(seed)
    whole = solve(made)
    chosen = items_at(made, item="i01")
    again = replan(made, chosen, whole.lines, whole.graph)
    assert set(again.decisions["item_id"]) == {"i01"}
    other = whole.graph.loc[whole.graph["item_id"] != "i01"].groupby("limit_id")["used"].sum()
    mine = again.graph.groupby("limit_id")["used"].sum()
    table = whole.shared_limits.set_index("limit_id")
    used = other.reindex(table.index).fillna(0.0) + mine.reindex(table.index).fillna(0.0)
    assert (used <= (table["capacity"] - table["fixed"]).clip(lower=0) + 1e-6).all()
    assert again.summary.set_index("policy").loc["joint_plan", "broken_limits"] == 0


def test_everything_planned_again_is_the_plan() -> None:
    made = shared_problem(3)
    whole, again = solve(made), everything(made)
    for name in ("lines", "decisions", "summary", "transcript"):
        pd.testing.assert_frame_equal(getattr(again, name), getattr(whole, name))


def everything(made: Problem) -> Plan:
    whole = solve(made)
    return replan(made, np.arange(len(made.item_sites.item_ids)), whole.lines, whole.graph)


def van(capacity: float | None) -> Problem:
    """Three items that a store has run out of, and a van from the centre."""
    stores = [
        {"item_id": i, "site_id": s, "echelon": e, "available_units": q}
        for i in "ijk" for s, e, q in (("dc", 1, 60), ("a", 0, 0))
    ]  # fmt: skip
    forecast = [row for i in "ijk" for row in poisson_forecast(i, "a", 2.0, HORIZON)]
    lanes = [{"origin_id": "dc", "destination_id": "a", "capacity_kg": capacity, "fixed_cost_per_departure": 0.0}]
    made = snapshot(stores, forecast, lanes=lanes, items={i: {"weight_kg_per_unit": 1.0} for i in "ijk"})
    return build_problem(made, release=release(), profile=profile(HORIZON), plan_date=PLAN_DATE)


@pytest.mark.parametrize("before", [1e6, None])
def test_a_limit_that_falls_or_is_new_leaves_what_the_lines_that_stand_leave(before: float | None) -> None:
    whole = solve(van(before))
    assert whole.graph.empty, "the limit could not bind"
    stands = whole.lines.loc[whole.lines["item_id"] != "i", "quantity_units"].sum()
    asked = whole.lines.loc[whole.lines["item_id"] == "i", "quantity_units"].sum()
    assert asked > 2
    now = van(stands + 2.0)
    again = replan(now, items_at(now, item="i"), whole.lines, whole.graph)
    today = again.shared_limits.set_index("limit_id").loc[f"lane weight dc > a > van {PLAN_DATE}"]
    assert today["fixed"] == stands
    assert 0 < again.lines["quantity_units"].sum() <= 2
    full = van(stands - 1.0)
    assert replan(full, items_at(full, item="i"), whole.lines, whole.graph).lines.empty


def test_a_site_touches_every_item_that_it_ranges_and_an_unknown_one_is_refused() -> None:
    made = shared_problem(3)
    assert items_at(made, site="a").tolist() == [0, 1, 2, 3, 4]
    assert items_at(made, item="i02", site="a").tolist() == [2]
    with pytest.raises(EquipoiseError, match="no such item or site"):
        items_at(made, site="nowhere")
