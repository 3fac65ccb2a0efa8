"""Sites that handle so many order documents a day: who goes out, what is told, parts of a plan, bad input."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pandas as pd
import pytest
from market_worlds import HORIZON, limits, network, problem, world
from small_networks import PLAN_DATE, profile, release

from assets.kernel.errors import EquipoiseError
from assets.rebalancing.announced import units_of
from assets.rebalancing.baselines import within
from assets.rebalancing.charges import total
from assets.rebalancing.choice import choose
from assets.rebalancing.consolidated import consolidated
from assets.rebalancing.costs import units_of_flow
from assets.rebalancing.market.departures import no_departures
from assets.rebalancing.market.documents import Documents
from assets.rebalancing.market.limits import no_limits
from assets.rebalancing.market.parts import shut
from assets.rebalancing.market.verify import breaches
from assets.rebalancing.plan import Plan, solve
from assets.rebalancing.problem import Problem, build_problem
from assets.rebalancing.replan import replan
from assets.rebalancing.views import limit_views
from assets.rebalancing.what_if.one_item import one_item
from assets.rebalancing.what_if.recorded import Recorded

SITES = [{"a": 1}, {"dc": 1, "b": 1}, {"dc": 2, "a": 1, "b": 1}]


def documents(made: Problem) -> Documents:
    assert made.documents is not None
    return made.documents


def count(plan: Plan, site: str) -> int:
    ends = plan.lines[["kind", "origin_id", "destination_id"]].drop_duplicates()
    return int(((ends["origin_id"] == site) | (ends["destination_id"] == site)).sum())


@pytest.mark.parametrize("handled", SITES, ids=str)
@pytest.mark.parametrize("seed", range(4))
def test_no_site_handles_more_than_it_can_whatever_else_is_shared(seed: int, handled: dict[str, int]) -> None:
    for shape in ({}, {"trucks": 1.0, "least": 30.0}):
        made = problem(5, seed, handled=handled, **shape)
        shared = limits(made, seed, 0.3)
        plan = solve(replace(made, limits=shared))
        assert [count(plan, site) <= most for site, most in handled.items()] == [True] * len(handled)
        assert breaches(shared, units_of(made.moves, made.item_sites, plan.lines)) == []
        assert plan.cost >= plan.bound
        assert not [fault for fault in plan.faults if "too many" in fault]


def test_where_there_is_room_for_all_of_them_the_plan_is_the_same_to_the_bit() -> None:
    free, wide = (solve(problem(5, 2, handled=handled)) for handled in ({}, {"dc": 99, "a": 99, "b": 99}))
    pd.testing.assert_frame_equal(free.lines, wide.lines)
    pd.testing.assert_frame_equal(free.decisions, wide.decisions)
    assert (free.cost, free.bound) == (wide.cost, pytest.approx(wide.bound))


@pytest.mark.parametrize("handled", SITES, ids=str)
@pytest.mark.parametrize("seed", range(6))
def test_those_that_go_out_are_the_best_that_could(seed: int, handled: dict[str, int]) -> None:
    made = problem(4, seed, handled=handled)
    net, paper = network(made), documents(made)
    nothing = no_departures(len(made.moves))
    choices = (np.array(kept) for kept in product((False, True), repeat=len(paper)))
    costs = [
        total(choose(shut(net, paper.moves_of(~kept))), nothing)
        for kept in choices
        if (paper.handles @ kept.astype(np.int64) <= paper.most).all()
    ]
    done = consolidated(net, no_limits(len(made.moves)))
    assert total(done.choice, nothing) == pytest.approx(min(costs), abs=1e-6)


def test_a_site_that_handles_none_sends_and_receives_nothing() -> None:
    plan = solve(problem(5, 1, handled={"a": 0}))
    assert count(plan, "a") == 0
    assert count(plan, "b") > 0


def test_no_order_of_items_changes_a_bit() -> None:
    plans = [solve(problem(5, 3, handled={"dc": 1, "a": 1}, shuffle=shuffle)) for shuffle in (False, True)]
    assert plans[0].plan_digest == plans[1].plan_digest
    pd.testing.assert_frame_equal(plans[0].shared_limits, plans[1].shared_limits)


def test_what_stands_is_handled_already_and_a_part_opens_no_more() -> None:
    made = problem(5, 0, handled={"a": 1})
    whole = solve(made)
    item = made.item_sites.item_ids[0]
    again = replan(made, np.array([0]), whole.lines, whole.graph)
    lines = pd.concat([whole.lines[whole.lines["item_id"] != item], again.lines])
    ends = lines.loc[(lines["origin_id"] == "a") | (lines["destination_id"] == "a")]
    assert len(ends[["kind", "origin_id", "destination_id"]].drop_duplicates()) == 1
    row = again.shared_limits.set_index("limit_id").loc[f"documents a {PLAN_DATE}"]
    assert (row["capacity"], row["fixed"], row["used"]) == (1, 1, 0)


def test_the_limit_is_told_with_what_was_asked_and_whoever_gets_nothing_says_so() -> None:
    free, plan = solve(problem(5, 0)), solve(problem(5, 0, handled={"dc": 1}))
    row = plan.shared_limits.set_index("limit_id").loc[f"documents dc {PLAN_DATE}"]
    assert (row["kind"], row["unit"], row["capacity"], row["used"]) == ("documents", "documents", 1, 1)
    assert row["asked"] == count(free, "dc") > 1
    missed = plan.decisions.loc[plan.decisions["binding_constraints"].str.contains("documents dc")]
    assert len(missed)
    fuller = missed["reason"].str.contains("those that go out save more")
    assert (fuller | missed["reason"].str.contains("one more unit now would save nothing")).all()
    assert fuller.sum() == 4
    view = limit_views((f"documents dc {PLAN_DATE}",), "i00", plan.shared_limits, plan.graph)[0]
    assert view.sentence() == f"documents dc {PLAN_DATE}: 1 of 1 go out, {row['asked']:.0f} if any number could"


@pytest.mark.parametrize("seed", range(3))
def test_every_item_by_itself_gives_its_published_lines_again(seed: int) -> None:
    made = problem(5, seed, handled={"dc": 1, "a": 1})
    plan = solve(made)
    seen = world(5, seed, handled={"dc": 1, "a": 1})
    known = Recorded(made, seen, profile(HORIZON), plan.lines, plan.shared_limits, plan.graph)
    for item in made.item_sites.item_ids:
        ours = plan.lines.loc[plan.lines["item_id"] == item, "quantity_units"].sum()
        assert one_item(known, item).decision.units.sum() == ours


def test_baselines_send_no_more_than_the_sites_handle() -> None:
    made = problem(5, 0, handled={"dc": 1})
    net = network(made)
    for flow in choose(net).policies.values():
        kept = within(net, no_limits(len(made.moves)), flow)
        units = units_of_flow(net, kept)
        units[made.moves.bucket > 0] = 0
        assert documents(made).handled(units).max() <= 1


def test_a_number_below_nothing_is_named_and_nothing_goes_out() -> None:
    seen = world(5, 1, handled={"a": -3})
    made = build_problem(seen, release=release(), profile=profile(HORIZON), plan_date=PLAN_DATE)
    assert "handles less than no document; none goes out: a" in made.consistency()
    assert count(solve(made), "a") == 0
    with pytest.raises(EquipoiseError, match="less than no document"):
        replace(documents(made), most=np.array([-1]))
