"""The same money where it earns most: beside the best of all choices, more for more, savings that the rows tell."""

import datetime as dt
import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.inventory.master_data import MasterData
from assets.inventory.service_mix import UnitGains, best_mix
from assets.inventory.situation import situation_of
from assets.inventory.targets import set_targets
from assets.inventory.what_if import SMALL_MONEY, by_class, stores_of, with_budget, with_service
from assets.kernel.calendar import Bucket, PlanCalendar
from assets.kernel.errors import EquipoiseError

MONDAY = dt.date(2025, 6, 30)
DAILY = PlanCalendar(Bucket.DAY, "UTC")


def units_of(gains, prices, least=None):
    owner = np.repeat(np.arange(len(gains)), [len(one) for one in gains])
    flat = np.array([value for one in gains for value in one], dtype=float)
    return UnitGains(owner, flat, np.array(prices), np.array(least or [0] * len(gains)))


def gain_of(units, choice):
    """Return what the first units of each item-site save."""
    return sum(float(units.gain[units.owner == who][:count].sum()) for who, count in enumerate(choice))


def most_by_enumeration(units, budget):
    counts = np.bincount(units.owner, minlength=len(units.price))
    best = 0.0
    for choice in itertools.product(*(range(count + 1) for count in counts)):
        if int((np.array(choice) * units.price).sum()) <= budget:
            best = max(best, gain_of(units, choice))
    return best


drawn = st.lists(st.lists(st.floats(-2, 20), min_size=0, max_size=3), min_size=1, max_size=4)


@settings(max_examples=150, deadline=None)
@given(drawn, st.lists(st.integers(1, 9), min_size=4, max_size=4), st.integers(0, 40))
def test_the_best_of_all_choices_lies_between_what_is_bought_and_the_bound(gains, prices, budget):
    units = units_of(gains, prices[: len(gains)])
    mix = best_mix(units, budget)
    most = most_by_enumeration(units, budget)
    assert mix.spent == int((mix.units * units.price).sum()) <= budget
    assert mix.gain == pytest.approx(gain_of(units, mix.units))
    assert mix.gain - 1e-9 <= most <= mix.bound + 1e-9


@settings(max_examples=100, deadline=None)
@given(drawn, st.lists(st.integers(1, 9), min_size=4, max_size=4))
def test_whatever_money_the_first_blocks_cost_buys_the_best_of_all_choices(gains, prices):
    units = units_of([sorted(one, reverse=True) for one in gains], prices[: len(gains)])
    order = sorted(
        (-gain / units.price[who], place) for place, (who, gain) in enumerate(zip(units.owner, units.gain, strict=True))
    )
    money = 0
    for ratio, place in order:
        money += int(units.price[units.owner[place]])
        if ratio < 0:
            assert best_mix(units, money).gain == pytest.approx(most_by_enumeration(units, money))


@settings(max_examples=200, deadline=None)
@given(drawn, st.lists(st.integers(1, 9), min_size=4, max_size=4), st.integers(0, 40), st.integers(0, 10))
def test_a_larger_budget_never_saves_less(gains, prices, budget, more):
    units = units_of(gains, prices[: len(gains)])
    assert best_mix(units, budget + more).gain >= best_mix(units, budget).gain - 1e-9


def test_units_that_save_more_than_those_before_them_are_bought_together():
    units = units_of([[0.1, 0.2, 9.0], [2.0]], [2, 2])
    assert best_mix(units, 6).units.tolist() == [3, 0]
    # Too little for the block goes to what it can buy, below the bound.
    mix = best_mix(units, 4)
    assert (mix.units.tolist(), mix.gain, mix.bound) == ([0, 1], 2.0, pytest.approx(9.3 * 4 / 6))


def test_units_that_save_nothing_are_not_bought():
    mix = best_mix(units_of([[3.0, -1.0, -5.0]], [2]), 100)
    assert (mix.units.tolist(), mix.spent, mix.bound) == ([1], 2, 3.0)


def test_the_least_units_are_paid_for_first():
    units = units_of([[3.0], [9.0]], [2, 5], least=[2, 0])
    assert best_mix(units, 9).units.tolist() == [2, 1]
    with pytest.raises(EquipoiseError, match="does not pay for the least stock of 4"):
        best_mix(units, 3)


def test_a_price_of_nothing_is_refused():
    with pytest.raises(EquipoiseError, match="a price is not above 0"):
        best_mix(units_of([[1.0]], [0]), 5)


@pytest.fixture
def unlike(network):
    """A cheap item that sells and a dear one that hardly does, in two stores."""
    settings_ = {("i", site): {} for site in ("a", "b", "hub")} | {("j", site): {} for site in ("a", "b", "hub")}
    settings_[("j", "a")] = {"holding_cost_per_unit_day": 0.2, "shortage_cost_per_unit": 3.0}
    sourcing = ({"item_id": "i", "site_id": "hub"}, {"item_id": "j", "site_id": "hub"})
    rates = {("i", "a"): 5.0, ("i", "b"): 3.0, ("j", "a"): 1.0, ("j", "b"): 0.5}
    return network.with_(settings=settings_, sourcing=sourcing, rates=rates)


@pytest.fixture
def known(unlike, release):
    forecast, lead_times, *master = unlike.frames()
    told = (forecast, lead_times, MasterData(*master), release, DAILY, MONDAY)
    return situation_of(*told), set_targets(*told)


def costs_by_level(situation, targets, most):
    """Return what each store and item costs a bucket at every level, from the promise of the targets alone."""
    rows = stores_of(situation)
    system = situation.system(situation.promise.shortage_cost)
    levels = targets["base_stock_units"].to_numpy(dtype=np.int64)
    costs = np.zeros((most + 1, len(rows)))
    for level in range(most + 1):
        levels[rows] = level
        told = situation.expected(system, levels)
        cost = system.mean * (1.0 - told.fill_rate) * system.shortage + told.stock * system.holding
        costs[level] = cost[rows]
    return costs


def most_saved(costs, units):
    """Return what the best of all choices of so many units, all of one price, saves over none."""
    saved = costs[0] - costs
    best = np.zeros(units + 1)
    for one in saved.T:
        best = np.array([max(best[all_ - own] + one[own] for own in range(min(all_, len(one) - 1) + 1))
                         for all_ in range(units + 1)])  # fmt: skip
    return float(best[units])


AMOUNTS = [None, 20.0, 60.0, 90.0, 120.0, 160.0, 200.0, 1000.0]


@pytest.mark.parametrize("amount", AMOUNTS)
def test_the_best_of_all_choices_for_a_budget_lies_between_the_mix_and_its_bound(known, amount):
    change = with_budget(*known, amount)
    budget = change.plans["now"]["amount"] if amount is None else amount
    best = most_saved(costs_by_level(*known, 60), int((budget + 1e-9) // 4.0))
    assert change.plans["then"]["amount"] <= budget + 1e-9
    assert change.uniform_amount <= budget + 1e-9
    assert change.uniform_gain - 1e-9 <= best
    # A store and item more or less: whole blocks of four rows leave money over.
    assert 0.85 * best <= change.mix_gain <= best + 1e-9
    assert best <= change.mix.bound + 1e-9


@pytest.mark.parametrize("amount", AMOUNTS)
def test_what_is_saved_is_the_difference_of_two_rows_and_no_more_than_losing_all_demand_costs(known, amount):
    change = with_budget(*known, amount)
    rows, total = change.rows, by_class(change).iloc[-1]
    for name in ("now", "then"):
        plan = change.plans[name]
        assert plan["shortage_amount"] == pytest.approx(total[f"{name}_shortage_amount"])
        assert plan["amount"] == pytest.approx(total[f"{name}_amount"])
        assert plan["fill_rate"] == pytest.approx(total[f"{name}_fill_rate"])
    cost = {name: plan["shortage_amount"] + plan["holding_amount"] for name, plan in change.plans.items()}
    assert change.mix_gain == pytest.approx(cost["least"] - cost["then"])
    assert change.uniform_gain == pytest.approx(cost["least"] - cost["uniform"])
    situation, _ = known
    shortage = (situation.promise.shortage_cost * situation.shortage_weight)[stores_of(situation)]
    lost = float((rows["demand_units"] * shortage).sum())
    assert max(change.mix_gain, change.uniform_gain, change.plans["least"]["shortage_amount"]) <= lost + 1e-9


@pytest.fixture
def shelves(unlike, release):
    """Each store shows four units of each item, at 4 apiece: 64 in all."""
    least = {key: {**told, "presentation_minimum_units": 4} for key, told in unlike.settings.items() if key[1] != "hub"}
    forecast, lead_times, *master = unlike.with_(settings={**unlike.settings, **least}).frames()
    told = (forecast, lead_times, MasterData(*master), release, DAILY, MONDAY)
    return situation_of(*told), set_targets(*told)


@pytest.mark.parametrize(
    ("amount", "said"),
    [
        (-5.0, "a budget of -5.00 is no amount of money"),
        (float("nan"), "a budget of nan is no amount of money"),
        (63.99, "a budget of 63.99 does not pay for the presentation minimums, which cost 64.00"),
    ],
)
def test_a_budget_that_is_no_money_or_too_little_is_refused_in_currency(shelves, amount, said):
    with pytest.raises(EquipoiseError, match=said):
        with_budget(*shelves, amount)
    assert with_budget(*shelves, 64.0).mix.spent == 64 * SMALL_MONEY


def test_without_a_limit_every_store_and_item_holds_what_costs_least(known):
    change = with_budget(*known, 10_000.0)
    assert change.rows["then_units"].tolist() == costs_by_level(*known, 60).argmin(axis=0).tolist()
    assert change.mix_gain == pytest.approx(change.mix.gain)


def test_a_higher_service_costs_more_and_fills_more(known):
    low, high = (by_class(with_service(*known, ratio)).iloc[-1] for ratio in (0.8, 0.98))
    assert high["then_amount"] > low["then_amount"]
    assert high["then_fill_rate"] > low["then_fill_rate"]
    assert high["then_shortage_amount"] < low["then_shortage_amount"]
    assert high["now_amount"] == low["now_amount"]
