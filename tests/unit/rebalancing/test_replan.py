"""Some items planned again beside the others' use of shared limits."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from market_worlds import limits, problem

from assets.kernel.errors import EquipoiseError
from assets.rebalancing.plan import Plan, solve
from assets.rebalancing.problem import Problem
from assets.rebalancing.replan import items_at, replan


def shared_problem(seed: int) -> Problem:
    made = problem(5, seed)
    return replace(made, limits=limits(made, seed, 0.2))


@pytest.mark.parametrize("seed", [3, 8])
def test_what_is_planned_again_fits_beside_what_stands(seed: int) -> None:
    made = shared_problem(seed)
    whole = solve(made)
    chosen = items_at(made, item="i01")
    again = replan(made, chosen, whole.graph)
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
    return replan(made, np.arange(len(made.item_sites.item_ids)), solve(made).graph)


def test_a_site_touches_every_item_that_it_ranges_and_an_unknown_one_is_refused() -> None:
    made = shared_problem(3)
    assert items_at(made, site="a").tolist() == [0, 1, 2, 3, 4]
    assert items_at(made, item="i02", site="a").tolist() == [2]
    with pytest.raises(EquipoiseError, match="no such item or site"):
        items_at(made, site="nowhere")
