"""Departures that cost something whatever they carry, and documents with a minimum, in the daily plan."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from charged_monolith import charged_monolith, charges
from market_worlds import base, limits, network, problem
from scipy.sparse import csr_array

from assets.kernel.errors import EquipoiseError
from assets.rebalancing.choice import choose
from assets.rebalancing.consolidated import Consolidated, consolidated
from assets.rebalancing.costs import Costs, of_items, units_of_flow
from assets.rebalancing.market.components import largest_units
from assets.rebalancing.market.departures import Departures
from assets.rebalancing.market.limits import Limits, no_limits
from assets.rebalancing.market.minimums import Minimums
from assets.rebalancing.market.verify import breaches
from assets.rebalancing.problem import Problem
from assets.rebalancing.settled import settle

SEEDS = [0, 1, 2, *(pytest.param(k, marks=pytest.mark.slow) for k in range(3, 20))]
WORST_GAP = 0.02


def plan(made: Problem, shared: Limits | None = None) -> Consolidated:
    return consolidated(network(made), shared or made.limits or no_limits(len(made.moves)))


@pytest.mark.parametrize("seed", SEEDS)
def test_the_plan_meets_the_monolith_and_its_bound_holds(seed: int) -> None:
    made = problem(4, seed, trucks=1.0, least=40.0 * (seed % 2))
    net, shared = network(made), limits(made, seed, 0.6)
    done, whole = plan(made, shared), charged_monolith(net, shared)
    departures, minimums = charges(made)
    best, units = base(net) + whole.value, done.found.every_unit
    cost = done.found.costs.total
    assert done.bound is not None
    assert done.bound.amount <= base(net) + whole.bound + 1e-6 * abs(best)
    assert base(net) + whole.bound - 1e-6 * abs(best) <= cost <= best + WORST_GAP * abs(best)
    assert done.found.over_bound == pytest.approx(cost - done.bound.amount, abs=1e-4)
    assert breaches(shared, units) == []
    assert (departures.trucks(units) <= departures.most).all()
    assert not minimums.broken(units).any()


def test_where_nothing_costs_by_departure_items_choose_and_are_settled_and_nothing_else() -> None:
    made = problem(4, 3)
    net, shared = network(made), limits(made, 3, 0.4)
    done, choice = plan(made, shared), choose(net)
    found = settle(choice, shared)
    assert (made.departures, made.minimums, done.charges, done.bound) == (None, None, None, None)
    assert done.found.every_unit.tolist() == found.every_unit.tolist()
    assert (done.found.costs, done.found.over_bound) == (found.costs, found.over_bound)


@pytest.mark.parametrize("seed", [0, 4])
def test_the_bill_is_counted_once_and_what_items_pay_adds_up_to_the_total(seed: int) -> None:
    made = problem(4, seed, trucks=1.0)
    done = plan(made)
    net, units = network(made), done.found.every_unit
    assert made.departures is not None
    bill, total = made.departures.bill(units), Costs.of_units(net, units)
    free = Costs.of_units(replace(net, problem=replace(made, departures=None)), units)
    assert bill > 0
    assert total.transport == pytest.approx(free.transport + bill)
    assert of_items(net, units)["transport"].sum() == pytest.approx(total.transport)
    assert done.found.costs.total == pytest.approx(total.total)


def test_dearer_trucks_are_fewer_until_none_leaves() -> None:
    trucks = []
    made = problem(4, 0, trucks=1.0)
    for times in (0.0, 1.0, 4.0, 1e4):
        assert made.departures is not None
        dearer = replace(made, departures=replace(made.departures, cost=times * made.departures.cost))
        trucks.append(int(made.departures.trucks(plan(dearer).found.every_unit).sum()))
    assert trucks == sorted(trucks, reverse=True)
    assert trucks[0] > trucks[2] > trucks[-1] == 0


@pytest.mark.parametrize("seed", [0, 9, 11])
def test_departures_that_close_save_against_letting_all_leave(seed: int) -> None:
    made = problem(4, seed, trucks=2.0)
    net, done = network(made), plan(made)
    everything = choose(network(replace(made, departures=None)))
    units = units_of_flow(everything.network, everything.flow)
    assert done.charges is not None
    assert done.charges.stays.any()
    assert done.found.costs.total < Costs.of_units(net, units).total


def test_no_order_of_items_and_no_second_run_changes_a_bit() -> None:
    found = [plan(problem(4, 5, trucks=1.0, least=30.0, shuffle=shuffle)) for shuffle in (False, False, True)]
    for other in found[1:]:
        assert other.found.every_unit.tolist() == found[0].found.every_unit.tolist()
        assert other.found.costs == found[0].found.costs
        assert other.found.over_bound == found[0].found.over_bound


@pytest.mark.parametrize("least", [20.0, 60.0, 1e6])
def test_a_document_goes_out_with_its_minimum_or_not_at_all(least: float) -> None:
    made = problem(4, 9, least=least)
    done = plan(made)
    assert made.minimums is not None
    amount = made.minimums.amount(done.found.every_unit)
    assert ((amount == 0) | (amount >= least)).all()
    assert (amount > 0).any() == (least < 1e6)


def test_a_document_that_lacks_little_is_filled_and_its_lines_stand() -> None:
    free = plan(problem(4, 9))
    made = problem(4, 9, least=1.0)
    assert made.minimums is not None
    wanted = float(made.minimums.amount(free.found.every_unit)[0])
    asks = problem(4, 9, least=wanted + 1.0)
    done = plan(asks)
    assert asks.minimums is not None
    assert done.charges is not None
    assert done.charges.filled.tolist() == [True]
    assert wanted + 1.0 <= float(asks.minimums.amount(done.found.every_unit)[0]) <= wanted + 12.0
    assert (done.found.every_unit >= done.charges.pins).all()


def test_what_others_pay_for_is_free_to_ride_on_and_what_they_do_not_tell_is_owed() -> None:
    made = problem(4, 6, trucks=1.0)
    assert made.departures is not None
    units = plan(made).found.every_unit
    item = made.item_sites.item[made.moves.destination]
    others, ours = np.where(item > 1, units, 0), np.where(item <= 1, units, 0)
    beside, whole = made.departures.paid_by(others, ours), made.departures
    riding = whole.shares(units)
    assert whole.bill(others) > 0
    assert beside.bill(0 * units) == 0
    assert beside.bill(ours) == pytest.approx(whole.bill(units) - whole.bill(others))
    told = beside.shares(ours).sum() + beside.owed_by_all(ours)
    assert told == pytest.approx(whole.bill(units) - riding[item > 1].sum())


@pytest.mark.parametrize("seed", range(4))
def test_the_least_share_is_never_more_than_the_bill(seed: int) -> None:
    made = problem(4, seed, trucks=3.0)
    assert made.departures is not None
    rng, most = np.random.default_rng(seed), largest_units(network(made))
    for _ in range(50):
        likely, units = (rng.binomial(most, rng.random()) for _ in range(2))
        share = made.departures.least_shares(most, likely)
        trucks = made.departures.trucks(units)
        assert share @ units <= made.departures.cost @ trucks + 1e-9


@pytest.mark.parametrize(
    "change",
    [{"truck": np.zeros((1, 2))}, {"truck": np.full((1, 2), np.nan)}, {"cost": np.array([-1.0])},
     {"cost": np.array([np.inf])}, {"most": np.array([-1])}],
    ids=lambda change: next(iter(change)),
)  # fmt: skip
def test_a_truck_that_cannot_be_is_refused_by_name(change: dict[str, np.ndarray]) -> None:
    none = np.zeros(1, dtype=np.int64)
    one = Departures(
        ("departure dc > a van",), np.ones(1), none + 2, np.array([[3.0, np.inf]]), np.ones(1, dtype=bool),
        np.array([0, 0]), np.ones((2, 2)), np.zeros(2), np.zeros((1, 2)), none, np.zeros(1), np.full(1, 0.5),
    )  # fmt: skip
    assert one.trucks(np.array([2, 2])).tolist() == [2]
    with pytest.raises(EquipoiseError, match="departure dc > a van"):
        replace(one, **change)


def minimums_of(*, others: float, per_unit: tuple[float, float] = (1.0, 1.0)) -> Minimums:
    return Minimums(("document",), np.array([100.0]), csr_array(np.array([per_unit])), np.array([others]))


def test_a_document_that_others_left_short_is_broken_only_by_who_joins_it():
    short = minimums_of(others=60.0)
    assert short.broken(np.array([0, 0])).tolist() == [False]
    assert short.broken(np.array([20, 0])).tolist() == [True]
    assert short.broken(np.array([20, 20])).tolist() == [False]
