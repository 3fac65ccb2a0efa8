"""What would change a decision is confirmed by planning the changed inputs anew, and is the least that would."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from small_networks import PLAN_DATE, poisson_forecast, profile, release, snapshot

from assets.kernel.errors import EquipoiseError
from assets.kernel.frames.forecasts import QUANTILE_COLUMNS
from assets.rebalancing import lots
from assets.rebalancing.plan import Plan, solve
from assets.rebalancing.problem import Problem, build_problem
from assets.rebalancing.snapshot import Snapshot
from assets.rebalancing.what_if import recorded as recorded_module
from assets.rebalancing.what_if.case import at_prices, decide
from assets.rebalancing.what_if.flips import search
from assets.rebalancing.what_if.inputs import against_line
from assets.rebalancing.what_if.next_best import instead_of_nothing
from assets.rebalancing.what_if.one_item import move_of, one_item, row_of
from assets.rebalancing.what_if.recorded import Recorded
from assets.rebalancing.what_if.report import APPEARS, CHANGED, GONE, FlipView, Verified
from assets.rebalancing.what_if.verify import verify_absence, verify_line

HORIZON = 4
NETWORK = profile(HORIZON)


def world(seed: int) -> Snapshot:
    """Return an item at a centre that buys in lots and two stores that it serves and that help each other."""
    rng = np.random.default_rng(seed)
    stores, forecast, sourcing = [], [], []
    for item in ("i",):
        stores.append({"item_id": item, "site_id": "dc", "echelon": 1, "available_units": int(rng.integers(0, 15))})
        for site in "ab":
            stores.append({"item_id": item, "site_id": site, "available_units": int(rng.integers(0, 14)),
                           "protection_units": int(rng.integers(0, 4)), "receipt_kind": "transfer", "source_id": "dc",
                           "shortage_cost_per_unit": float(rng.integers(2, 9))})  # fmt: skip
            forecast += poisson_forecast(item, site, float(rng.choice([0.5, 1.0, 2.0])), HORIZON)
        sourcing.append({"item_id": item, "supplier_id": "sup", "site_id": "dc", "quoted_lead_time_days": 1,
                         "order_multiple_units": 4, "unit_cost": float(rng.integers(4, 12))})  # fmt: skip
    lanes = [{"origin_id": "dc", "destination_id": site, "cost_per_unit": 0.4} for site in "ab"]
    lanes += [{"origin_id": o, "destination_id": d, "cost_per_unit": 0.7} for o, d in ("ab", "ba")]
    return snapshot(stores, forecast, lanes=lanes, sourcing=sourcing)


def built(seen: Snapshot, least: float = 0.5) -> Problem:
    return build_problem(seen, release=release(minimum_gain_amount=least), profile=NETWORK, plan_date=PLAN_DATE)


def record(seen: Snapshot, least: float = 0.5) -> tuple[Recorded, Plan]:
    problem = built(seen, least)
    plan = solve(problem)
    return Recorded(problem, seen, NETWORK, plan.lines, plan.shared_limits, plan.graph), plan


def planned_with(seen: Snapshot, item: str, flip: FlipView, value: float, least: float = 0.5) -> pd.DataFrame:
    """Return the lines of an item, planned anew from a snapshot whose frames hold another input.

    What a unit costs to bring today stands in no frame: there the problem holds it.
    """
    if flip.input == "least gain":
        least = value
    ends = flip.subject.split(" by ")[0].split(" > ")
    changed = {
        "demand": lambda: {"forecast": demand(seen.forecast, item, flip.subject, value / 100)},
        "shortage price": lambda: {"targets": of(seen.targets, value, "shortage_cost_per_unit", item, flip.subject)},
        "stock": lambda: {"position": of(seen.position, value, "available_units", item, flip.subject)},
        "donor protection": lambda: {"targets": of(seen.targets, value, "protection_units", item, flip.subject)},
        "transport cost": dict,
        "purchase price": dict,
        "order multiple": lambda: {"sourcing": bought(seen.sourcing, value, "order_multiple_units", item)},
        "least gain": dict,
    }[flip.input]()
    made = built(replace(seen, **changed), least)
    if flip.input in ("transport cost", "purchase price"):
        made = today_at(made, value, *ends)
    lines = solve(made).lines
    return lines.loc[lines["item_id"] == item]


def of(table: pd.DataFrame, value: float, column: str, item: str, site: str) -> pd.DataFrame:
    here = (table["item_id"] == item) & (table["site_id"] == site)
    assert here.any()
    return table.assign(**{column: table[column].mask(here, value)})


def demand(table: pd.DataFrame, item: str, site: str, factor: float) -> pd.DataFrame:
    here = (table["item_id"] == item) & (table["site_id"] == site)
    names = ["mean_units", "cumulative_mean_units", "cumulative_std_units", *QUANTILE_COLUMNS]
    return table.assign(**{name: table[name].mask(here, table[name] * factor) for name in names})


def today_at(made: Problem, value: float, origin: str, destination: str) -> Problem:
    moves, sites = made.moves, made.item_sites
    names = np.array(sites.site_ids, dtype=object)[sites.site[moves.destination]]
    here = (moves.source_id == origin) & (names == destination) & (moves.bucket == 0)
    field = "transport" if moves.is_transfer[here].all() else "price"
    return replace(made, moves=replace(moves, **{field: np.where(here, value, getattr(moves, field))}))


def bought(table: pd.DataFrame, value: float, column: str, item: str) -> pd.DataFrame:
    return table.assign(**{column: table[column].mask(table["item_id"] == item, value)})


def touching(lines: pd.DataFrame, site: str) -> pd.DataFrame:
    return lines.loc[(lines["origin_id"] == site) | (lines["destination_id"] == site)]


def same_line(lines: pd.DataFrame, line: pd.Series) -> int:
    names = ["kind", "origin_id", "destination_id", "mode"]
    return int(lines.loc[(lines[names] == line[names]).all(axis=1), "quantity_units"].sum())


def lines_of(seeds: list[int]) -> Iterator[tuple[Snapshot, Recorded, pd.Series]]:
    for seed in seeds:
        seen = world(seed)
        plan, _ = record(seen)
        for _, line in plan.lines.iterrows():
            yield seen, plan, line


@pytest.mark.parametrize("seed", [4])
def test_a_line_flips_where_it_is_said_to_not_one_step_before_and_not_at_a_bound_said_to_be_vain(seed: int) -> None:
    confirmed, vain = 0, 0
    for seen, plan, line in lines_of([seed]):
        found = verify_line(plan, line)
        assert found.confirmed, found.terms
        for flip in found.flips:
            if flip.to is None or flip.before is None:
                there = same_line(planned_with(seen, line["item_id"], flip, flip.bound), line)
                assert there > 0 if flip.outcome == GONE else there in (0, line["quantity_units"])
                vain += 1
                continue
            there = same_line(planned_with(seen, line["item_id"], flip, flip.to), line)
            near = same_line(planned_with(seen, line["item_id"], flip, flip.before), line)
            if flip.outcome == GONE:
                assert there == 0 < near
            else:
                assert 0 < there != line["quantity_units"]
                assert near in (0, line["quantity_units"])
            confirmed += 1
    assert min(confirmed, vain) >= 3


@pytest.mark.parametrize("seed", [4])
def test_no_smaller_step_of_the_grid_takes_the_line_away(seed: int) -> None:
    tried = 0
    for _, plan, line in lines_of([seed, seed + 1, seed + 2]):
        item = one_item(plan, line["item_id"])
        move = move_of(item.case.problem, line)
        assert move is not None
        changes = against_line(item.case, move, int(line["quantity_units"]))
        for flip in search(changes, {GONE: lambda then, m=move: then.units[m] == 0})[0]:
            nearer = range(1, min(flip.steps or 0, 60))
            decisions = decide([flip.change.at(flip.change.value(k)) for k in nearer]) if len(nearer) else []
            assert all(decision.units[move] > 0 for decision in decisions), flip.change
            tried += len(decisions)
    assert tried > 20


@pytest.mark.parametrize("seed", [7])
def test_an_absent_line_appears_where_it_is_said_to_and_not_one_step_before(seed: int) -> None:
    seen, confirmed = world(seed), 0
    plan, whole = record(seen)
    waiting = whole.decisions.loc[whole.decisions["decision"] == "wait"]
    for item, site in waiting[["item_id", "site_id"]].itertuples(index=False):
        found = verify_absence(plan, item, site)
        assert found.confirmed, found.terms
        for flip in found.flips:
            assert flip.outcome == APPEARS
            if flip.to is None or flip.before is None:
                continue
            assert len(touching(planned_with(seen, item, flip, flip.to), site))
            assert touching(planned_with(seen, item, flip, flip.before), site).empty
            confirmed += 1
    assert confirmed >= 2


def test_every_probe_is_kept_and_agrees_with_the_flips() -> None:
    _, plan, line = next(lines_of([4]))
    found = verify_line(plan, line)
    for flip in found.flips:
        mine = [p for p in found.probes if (p.input, p.subject) == (flip.input, flip.subject)]
        hits = [abs(p.to - p.now) for p in mine if flip.outcome in p.flips]
        assert (min(hits) == pytest.approx(abs(flip.to - flip.now))) if flip.to is not None else not hits
        assert all(p.decided_now == mine[0].decided_now for p in mine)


@pytest.mark.parametrize("seed", [1])
def test_the_next_best_of_a_line_is_the_plan_with_its_move_forbidden(seed: int) -> None:
    for seen, plan, line in lines_of([seed]):
        problem = built(seen)
        moves = problem.moves
        item, site = problem.item_sites.item_ids, problem.item_sites.site_ids
        here = np.array([item[k] for k in problem.item_sites.item[moves.destination]]) == line["item_id"]
        here &= np.array([site[k] for k in problem.item_sites.site[moves.destination]]) == line["destination_id"]
        here &= (moves.source_id == line["origin_id"]) & (moves.mode == line["mode"]) & (moves.bucket == 0)
        shut = replace(moves, capacity=np.where(here, 0, moves.capacity))
        before, after = solve(problem), solve(replace(problem, moves=shut))
        found = verify_line(plan, line)
        assert found.next_best is not None
        assert found.next_best.costs_more == pytest.approx(after.cost - before.cost, abs=1e-4)
        assert same_line(after.lines.loc[after.lines["item_id"] == line["item_id"]], line) == 0
        told = after.lines.loc[after.lines["item_id"] == line["item_id"]]
        assert len(found.next_best.lines) == len(told)


@pytest.mark.parametrize("seed", [1, 4, 7])
def test_the_next_best_of_an_absence_is_the_cheapest_single_line(seed: int) -> None:
    plan, whole = record(world(seed))
    compared = 0
    for item, site in whole.decisions.loc[whole.decisions["decision"] == "wait", ["item_id", "site_id"]].to_numpy():
        alone = one_item(plan, item)
        row = row_of(alone.case.problem, site)
        assert row is not None
        found = instead_of_nothing(alone.case, alone.decision, row)
        network = at_prices([alone.case])
        moves, now = network.problem.moves, alone.decision.units[network.first]
        base = lots.evaluate(network, now).cost[0]
        costs = []
        for k in np.flatnonzero((moves.destination[network.first] == row) | (moves.origin[network.first] == row)):
            step = max(1, int(moves.multiple[network.first[k]]))
            for units in range(step, 25, step):
                tried = now.copy()
                tried[k] = units
                if now[k] == 0 and possible(network.problem, network.first, tried):
                    costs.append(int(lots.evaluate(network, tried).cost[0] - base))
        assert (found is None) == (not costs)
        if found is not None:
            assert found.costs_more == pytest.approx(min(costs) / network.scale, abs=1e-9)
            compared += 1
    assert compared > 0


def possible(problem: Problem, first: np.ndarray, units: np.ndarray) -> bool:
    """Return whether givers have what lines of today take, sideways only what they may spare."""
    sites, moves = problem.item_sites, problem.moves
    for k in range(len(sites)):
        out = (moves.origin[first] == k) & (units > 0)
        spare = max(0, int(sites.available[k]) - max(int(sites.protection[k]), int(sites.presentation[k])))
        if units[out].sum() > sites.available[k] or units[out & moves.lateral[first]].sum() > spare:
            return False
    return True


def test_inputs_that_have_changed_since_are_said_and_nothing_is_verified() -> None:
    seen = world(4)
    plan, _ = record(seen)
    line = plan.lines.iloc[0]
    stale = replace(plan, lines=plan.lines.assign(quantity_units=plan.lines["quantity_units"] + 1))
    found = verify_line(stale, stale.lines.iloc[0])
    assert not found.confirmed
    assert "inputs have changed since" in found.terms
    assert (found.flips, found.probes, found.next_best) == ((), (), None)
    assert verify_line(plan, line).confirmed


def test_a_held_item_site_is_solved_as_if_the_verdict_had_passed() -> None:
    seen = world(4)
    empty = replace(seen, position=of(seen.position, 0, "available_units", "i", "a"))
    verdict = {"gate": "feeds", "action": "hold", "site_id": "a", "item_id": "i"}
    held = replace(empty, verdicts=snapshot([{"item_id": "i", "site_id": "a"}], [], verdicts=[verdict]).verdicts)
    plan, whole = record(held)
    assert whole.decisions.set_index(["item_id", "site_id"]).loc[("i", "a"), "decision"] == "held"
    found = verify_absence(plan, "i", "a")
    assert found.confirmed
    (flip,) = found.flips
    free = touching(record(empty)[1].lines.query("item_id == 'i'"), "a")
    assert len(free)
    assert flip.to == 0
    assert f"{free['quantity_units'].iloc[0]} from {free['origin_id'].iloc[0]} to a" in flip.then


def test_a_guardrail_that_forbids_the_only_line_is_lifted() -> None:
    stores = [{"item_id": "i", "site_id": s, "available_units": q} for s, q in (("a", 30), ("b", 0))]
    forecast = [row for s in "ab" for row in poisson_forecast("i", s, 2.0, HORIZON)]
    seen = snapshot(stores, forecast, lanes=[{"origin_id": "a", "destination_id": "b"}])
    rules = release(forbidden_lanes=(("a", "b"),))
    problem = build_problem(seen, release=rules, profile=NETWORK, plan_date=PLAN_DATE)
    plan = solve(problem)
    assert plan.lines.empty
    found = verify_absence(Recorded(problem, seen, NETWORK, plan.lines, plan.shared_limits, plan.graph), "i", "b")
    assert found.next_best is None
    smallest = found.found(APPEARS)[0]
    assert (smallest.input, smallest.to) == ("guardrail forbidden_lane", 0)
    assert "from a to b" in smallest.then


def van(capacity: float) -> tuple[Recorded, Plan]:
    """Return three items that a store has run out of, and a van from the centre that carries little."""
    stores: list[dict[str, Any]] = []
    forecast = []
    for k, item in enumerate("ijk"):
        stores.append({"item_id": item, "site_id": "dc", "echelon": 1, "available_units": 60})
        stores.append({"item_id": item, "site_id": "a", "available_units": 0, "receipt_kind": "transfer",
                       "source_id": "dc", "shortage_cost_per_unit": 3.0 + 2.0 * k})  # fmt: skip
        forecast += poisson_forecast(item, "a", 2.0, HORIZON)
    lanes = [{"origin_id": "dc", "destination_id": "a", "capacity_kg": capacity}]
    seen = snapshot(stores, forecast, lanes=lanes, items={item: {"weight_kg_per_unit": 1.0} for item in "ijk"})
    return record(seen, 0.0)


@pytest.mark.parametrize("capacity", [2.0, 9.0])
def test_items_that_share_a_full_van_are_solved_again_at_its_price(capacity: float) -> None:
    plan, whole = van(capacity)
    assert whole.summary.set_index("policy").loc["joint_plan", "settled_by"] == "market"
    told = [verify_line(plan, line) for _, line in whole.lines.iterrows()]
    waiting = whole.decisions.loc[(whole.decisions["decision"] == "wait") & (whole.decisions["site_id"] == "a")]
    told += [verify_absence(plan, item, "a") for item in waiting["item_id"]]
    assert told
    confirmed = [found for found in told if found.confirmed]
    assert confirmed
    assert any(priced(found) for found in confirmed)


def priced(found: Verified) -> bool:
    names = {flip.input for flip in found.flips if flip.to is not None}
    return "shared limit" in found.terms and bool(names & {"shadow price", "room"})


def test_sentences_are_whole_and_name_the_smallest_changes_first() -> None:
    _, plan, line = next(lines_of([4]))
    found = verify_line(plan, line)
    for outcome in (GONE, CHANGED):
        shares = [flip.share for flip in found.flips if flip.outcome == outcome and flip.share is not None]
        assert shares == sorted(shares)
        assert not shares or found.found(outcome)[0].sentence() in found.flips_when()
    told = found.sentences()
    assert len(told) == len({flip.sentence() for flip in found.flips if flip.to is not None}) + bool(
        [flip for flip in found.flips if flip.to is None and flip.outcome == GONE]
    )
    assert "{" not in " ".join(told)


def test_a_rebuilt_plan_reads_what_the_plan_was_made_from() -> None:
    from assets.rebalancing.defs import _MARTS

    beside = {"demand_forecast", "lead_time", "targets", "protection_demand", "verdicts", "forecast_verdicts"}
    assert {frame.name for frame in recorded_module.READ} == {*_MARTS, *beside}


def test_an_item_that_a_canary_decided_is_solved_again_by_the_rules_of_the_canary() -> None:
    plan, made = record(world(4))
    line = made.lines.iloc[0]
    other, _ = record(world(4), least=9.0)
    mixed = replace(plan, canary_items=frozenset({line["item_id"]}), by_canary=lambda: other)
    assert mixed.deciding(line["item_id"]).problem.release.guardrails.minimum_gain_amount == 9.0
    assert mixed.deciding("another item") is mixed

    def gone() -> Recorded:
        raise EquipoiseError("there is no policy release eager@1 any more", where="releases", remedy="Bring it back")

    lost = replace(mixed, by_canary=gone)
    assert "no policy release eager@1" in verify_line(lost, line).terms
    assert "no policy release eager@1" in verify_absence(lost, line["item_id"], "b").terms
    assert verify_line(replace(lost, canary_items=frozenset()), line).confirmed


@pytest.mark.parametrize("offered", [False, True])
def test_that_an_item_which_nothing_can_bring_gets_no_line_is_verified(*, offered: bool) -> None:
    stores = [{"item_id": item, "site_id": "a", "available_units": 0} for item in ("i", "lone")]
    forecast = [row for item in ("i", "lone") for row in poisson_forecast(item, "a", 2.0, HORIZON)]
    sourcing = [{"item_id": "i", "supplier_id": "sup", "site_id": "a"}]
    if offered:  # at a price below nothing: the plan leaves it out and names it
        sourcing.append({"item_id": "lone", "supplier_id": "sup", "site_id": "a", "unit_cost": -1.0})
    recorded, _ = record(snapshot(stores, forecast, sourcing=sourcing))
    assert any("no way in" in fault for fault in recorded.problem.consistency())
    found = verify_absence(recorded, "lone", "a")
    assert found.confirmed
    assert not found.found(APPEARS)
    assert found.next_best_sentence() == "none: no line could start today"
