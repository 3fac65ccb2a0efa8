"""Some items planned again beside the others' use of shared limits."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from market_worlds import HORIZON, limits, problem
from small_networks import PLAN_DATE, poisson_forecast, profile, release, snapshot

from assets.kernel.errors import EquipoiseError
from assets.kernel.frames.decisions import DOCUMENTS
from assets.kernel.published import Published
from assets.rebalancing import pages
from assets.rebalancing.base import TABLES, Base, planned_in
from assets.rebalancing.plan import Plan, solve
from assets.rebalancing.problem import Problem, build_problem
from assets.rebalancing.replan import replan, replan_items, replan_on

PARTS = ("lines", "decisions", "costs", "graph")
"""Tables of a plan that tell of items one by one."""


def base_of(plan: Plan, run_id: str = "run-1") -> Base:
    return Base(
        run_id, PLAN_DATE, plan.lines, plan.decisions, plan.summary, plan.costs, plan.shared_limits, plan.transcript,
        plan.graph,
    )  # fmt: skip


def position(made: Problem, item: str) -> np.ndarray:
    return np.array([made.item_sites.item_ids.index(item)])


def others(table: pd.DataFrame, item: str) -> pd.DataFrame:
    return table.loc[table["item_id"] != item].reset_index(drop=True)


def shared_problem(seed: int) -> Problem:
    made = problem(5, seed)
    return replace(made, limits=limits(made, seed, 0.2))


@pytest.mark.parametrize("seed", [3, 8])
def test_what_is_planned_again_fits_beside_what_stands(seed: int) -> None:
    made = shared_problem(seed)
    whole = solve(made)
    chosen = position(made, "i01")
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


@pytest.mark.parametrize("seed", [3, 8])
def test_what_another_release_plans_again_fits_beside_what_stands(seed: int) -> None:
    made = shared_problem(seed)
    whole = solve(made)
    other = replace(made, release=made.release.model_copy(update={"name": "eager"}))
    names = {"i01", "i03"}
    again = replan_items(Base.beneath(whole, made.plan_date), other, names)
    stand = [plan.lines.loc[~plan.lines["item_id"].isin(names)].reset_index(drop=True) for plan in (again, whole)]
    pd.testing.assert_frame_equal(*stand)
    ours, theirs = (set(plan.summary["policy_release"]) for plan in (again, whole))
    assert ours == theirs, "the active release decided the plan beneath"
    assert again.summary.set_index("policy").loc["joint_plan", "broken_limits"] == 0
    with pytest.raises(EquipoiseError, match="now eager@"):
        replan_on(base_of(whole), other, ["item=i01"])


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
    again = replan(now, position(now, "i"), whole.lines, whole.graph)
    today = again.shared_limits.set_index("limit_id").loc[f"lane weight dc > a > van {PLAN_DATE}"]
    assert today["fixed"] == stands
    assert 0 < again.lines["quantity_units"].sum() <= 2
    full = van(stands - 1.0)
    assert replan(full, position(full, "i"), whole.lines, whole.graph).lines.empty


def test_planned_again_with_nothing_new_the_plan_is_what_it_was() -> None:
    made = problem(4, 2)
    whole = solve(made)
    again = replan_on(base_of(whole), made, ["item=i01"])
    for name in (*PARTS, "shared_limits", "transcript"):
        pd.testing.assert_frame_equal(getattr(again, name), getattr(whole, name))
    same = whole.summary.columns.drop(["replanned", "base_run_id", "broken_limits"])
    pd.testing.assert_frame_equal(again.summary[same], whole.summary[same])
    assert again.plan_digest == whole.plan_digest
    assert set(again.summary["replanned"]) == {"item=i01"}
    assert set(again.summary["base_run_id"]) == {"run-1"}


@pytest.mark.parametrize("seed", [2, 5])
def test_the_rows_of_others_stand_to_the_bit_and_the_whole_is_that_of_all_planned_anew(seed: int) -> None:
    """Without shared limits items are apart, so that one of them planned again is the plan of all."""
    whole = solve(problem(4, seed))
    now = problem(4, seed, stock={("i01", "a"): 0, ("i01", "dc"): 40})
    anew, again = solve(now), replan_on(base_of(whole), now, ["item=i01"])
    for name in PARTS:
        pd.testing.assert_frame_equal(others(getattr(again, name), "i01"), others(getattr(whole, name), "i01"))
        pd.testing.assert_frame_equal(getattr(again, name), getattr(anew, name))
    assert not again.lines.equals(whole.lines)
    assert again.plan_digest == anew.plan_digest
    amounts = [column for column in anew.summary if str(column).endswith(("amount", "lines"))]
    counted = anew.summary[[*amounts, "item_sites", "held_item_sites"]].drop(
        columns=["announced_lines", "changed_lines"]
    )
    for column in counted:
        ours, theirs = (table.set_index("policy")[column].astype(float) for table in (again.summary, anew.summary))
        np.testing.assert_allclose(ours, theirs, atol=1e-2, err_msg=str(column))
    assert again.gap == pytest.approx(anew.gap, abs=1e-4)
    assert dict(pages.plan_numbers(again))["plan_digest"] == again.plan_digest


@pytest.mark.parametrize("seed", [3])
def test_beside_shared_limits_the_whole_keeps_to_them_and_costs_no_less_than_its_bound(seed: int) -> None:
    made = shared_problem(seed)
    whole = solve(made)
    again = replan_on(base_of(whole), made, ["item=i01", "item=i03"])
    joint = again.summary.set_index("policy").loc["joint_plan"]
    assert joint["broken_limits"] == 0
    room = (again.shared_limits["capacity"] - again.shared_limits["fixed"]).clip(lower=0)
    assert (again.shared_limits["used"] <= room + 1e-6).all()
    stated = made.limits.ordered().fixed
    np.testing.assert_allclose(again.shared_limits["fixed"], stated)
    for name in ("lines", "decisions", "costs"):
        rest = others(others(getattr(again, name), "i01"), "i03")
        pd.testing.assert_frame_equal(rest, others(others(getattr(whole, name), "i01"), "i03"))
    assert again.bound <= again.cost + 1e-6
    said = again.transcript["statement"]
    assert said.tolist() == list(range(len(said)))
    pd.testing.assert_frame_equal(again.transcript.head(len(whole.transcript)), whole.transcript)
    twice = replan_on(base_of(again, "run-2"), made, ["item=i02"])
    assert twice.summary.set_index("policy").loc["joint_plan", "broken_limits"] == 0
    assert set(twice.graph["limit_id"]) == set(whole.graph["limit_id"])


def test_a_site_touches_every_item_that_is_ranged_there_and_what_is_unknown_is_refused() -> None:
    base = base_of(solve(problem(3, 2)))
    assert base.items_at(["site=a"]) == {"i00", "i01", "i02"}
    assert base.items_at(["item=i00", "item=i02"]) == {"i00", "i02"}
    for asked, said in (
        ("site=nowhere", "knows no site nowhere"),
        ("item=x", "knows no item x"),
        ("lane=a", "item=ID"),
        ("i00", "item=ID"),
    ):
        with pytest.raises(EquipoiseError, match=said):
            base.items_at([asked])


def test_another_policy_or_an_item_that_is_held_is_refused() -> None:
    base = base_of(solve(problem(3, 2)))
    with pytest.raises(EquipoiseError, match="now test@"):
        replan_on(base, problem(3, 2, freeze_days=1), ["item=i00"])
    with pytest.raises(EquipoiseError, match="nothing of it can be planned now"):
        replan_on(base_of(solve(problem(3, 2))), problem(2, 2), ["item=i02"])


def test_the_plan_that_stands_is_that_of_the_run_whose_documents_do(tmp_path: Path) -> None:
    published = Published(tmp_path)
    with pytest.raises(EquipoiseError, match="no plan of that date is published"):
        Base.of(published, PLAN_DATE)
    made = problem(3, 2)
    whole = solve(made)
    publish(published, whole, "run-1")
    base = Base.of(published, PLAN_DATE)
    assert base.run_id == "run-1"
    pd.testing.assert_frame_equal(base.lines, whole.lines)
    publish(published, replan_on(base, made, ["item=i01"]), "run-2")
    publish(published, replan_on(Base.of(published, PLAN_DATE), made, ["item=i02"]), "run-3")
    assert [planned_in(published, PLAN_DATE, item) for item in ("i00", "i01", "i02")] == ["run-1", "run-2", "run-3"]
    for frame in TABLES:
        published.write(frame, frame.empty(), PLAN_DATE, "stopped")
    assert Base.of(published, PLAN_DATE).run_id == "run-3"


def publish(published: Published, plan: Plan, run_id: str) -> None:
    tables = {name: table for name, table, _ in pages.published(plan)}
    for frame in TABLES:
        published.write(frame, tables[frame.name], PLAN_DATE, run_id)
    published.write(DOCUMENTS, DOCUMENTS.empty(), PLAN_DATE, run_id)


def test_what_a_departure_is_worth_to_all_stands_when_a_part_is_planned_again() -> None:
    made = problem(5, 4, trucks=1.0)
    whole = solve(made)
    again = replan_on(base_of(whole), made, ["item=i01"])
    was, now = (plan.shared_limits.set_index("limit_id")["worth_amount"].dropna() for plan in (whole, again))
    assert (was > 0).any()
    assert (now >= was.reindex(now.index) - 1e-9).all()


@pytest.mark.parametrize("fixed", [0.0, 5.0])
def test_an_item_that_nothing_can_bring_is_planned_again_beside_what_stands(fixed: float) -> None:
    stores = [
        {"item_id": i, "site_id": s, "echelon": e, "available_units": q}
        for i, s, e, q in (("i", "dc", 1, 60), ("i", "a", 0, 0), ("lone", "a", 0, 0))
    ]  # fmt: skip
    forecast = [row for i in ("i", "lone") for row in poisson_forecast(i, "a", 2.0, HORIZON)]
    lanes = [{"origin_id": "dc", "destination_id": "a", "capacity_kg": 30.0, "fixed_cost_per_departure": fixed}]
    seen = snapshot(stores, forecast, lanes=lanes, items={i: {"weight_kg_per_unit": 1.0} for i in ("i", "lone")})
    made = build_problem(seen, release=release(), profile=profile(HORIZON), plan_date=PLAN_DATE)
    assert (made.departures is not None) == (fixed > 0)
    whole = solve(made)
    again = replan_on(base_of(whole), made, ["item=lone"])
    for name in PARTS:
        pd.testing.assert_frame_equal(getattr(again, name), getattr(whole, name))
    pd.testing.assert_frame_equal(again.shared_limits, whole.shared_limits)
