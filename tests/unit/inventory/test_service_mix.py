"""The same money where it earns most: never worse than one service for all, more for more, within the bound."""

import datetime as dt
import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.inventory.master_data import MasterData
from assets.inventory.service_mix import UnitGains, best_mix, gain_of
from assets.inventory.situation import situation_of
from assets.inventory.targets import set_targets
from assets.inventory.what_if import SMALL_MONEY, by_class, stores_of, unit_gains, with_budget, with_service
from assets.kernel.calendar import Bucket, PlanCalendar
from assets.kernel.errors import EquipoiseError

MONDAY = dt.date(2025, 6, 30)
DAILY = PlanCalendar(Bucket.DAY, "UTC")


def units_of(gains, prices, least=None):
    owner = np.repeat(np.arange(len(gains)), [len(one) for one in gains])
    falling = [sorted(one, reverse=True) for one in gains]
    flat = np.array([value for one in falling for value in one], dtype=float)
    return UnitGains(owner, flat, np.array(prices), np.array(least or [0] * len(gains)))


def most_by_enumeration(units, budget):
    counts = np.bincount(units.owner, minlength=len(units.price))
    best = 0.0
    for choice in itertools.product(*(range(count + 1) for count in counts)):
        if int((np.array(choice) * units.price).sum()) <= budget:
            best = max(best, gain_of(units, np.array(choice)))
    return best


drawn = st.lists(st.lists(st.floats(-2, 20), min_size=0, max_size=3), min_size=1, max_size=4)


@settings(max_examples=150, deadline=None)
@given(drawn, st.lists(st.integers(1, 9), min_size=4, max_size=4), st.integers(0, 40))
def test_no_choice_of_units_saves_more_than_the_bound_and_what_is_bought_is_best_for_its_money(gains, prices, budget):
    units = units_of(gains, prices[: len(gains)])
    mix = best_mix(units, budget)
    assert mix.spent == int((mix.units * units.price).sum()) <= budget
    assert mix.gain == pytest.approx(gain_of(units, mix.units))
    assert most_by_enumeration(units, budget) <= mix.bound + 1e-9
    assert most_by_enumeration(units, mix.spent) == pytest.approx(mix.gain)


@settings(max_examples=100, deadline=None)
@given(drawn, st.lists(st.integers(1, 9), min_size=4, max_size=4), st.integers(0, 40), st.integers(0, 10))
def test_a_larger_budget_never_saves_less(gains, prices, budget, more):
    units = units_of(gains, prices[: len(gains)])
    assert best_mix(units, budget + more).gain >= best_mix(units, budget).gain


def test_units_that_save_nothing_are_not_bought():
    mix = best_mix(units_of([[3.0, -1.0, -5.0]], [2]), 100)
    assert (mix.units.tolist(), mix.spent, mix.bound) == ([1], 2, 3.0)


def test_the_least_units_are_paid_for_first():
    units = units_of([[3.0], [9.0]], [2, 5], least=[2, 0])
    assert best_mix(units, 9).units.tolist() == [2, 1]
    with pytest.raises(EquipoiseError, match="does not pay for the least stock of 4"):
        best_mix(units, 3)


def test_savings_that_rise_are_refused():
    with pytest.raises(EquipoiseError, match="saves rises"):
        best_mix(UnitGains(np.array([0, 0]), np.array([1.0, 2.0]), np.array([1]), np.array([0])), 5)


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


@pytest.mark.parametrize("amount", [None, 60.0, 120.0, 200.0, 1000.0])
def test_a_budget_is_kept_and_never_worse_than_one_service_for_all(known, amount):
    change = with_budget(*known, amount)
    spent = (change.rows["then_units"] * change.rows["unit_cost"]).sum()
    budget = (change.rows["now_units"] * change.rows["unit_cost"]).sum() if amount is None else amount
    assert spent <= budget + 1e-9
    assert change.uniform_amount <= budget + 1e-9
    assert change.mix_gain >= change.uniform_gain


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


def test_without_a_limit_the_mix_is_the_targets(known):
    situation, targets = known
    rows = stores_of(situation)
    mix = best_mix(unit_gains(situation, rows), 10**12)
    now = targets[targets["echelon"] == 0]["base_stock_units"].to_numpy()
    assert np.abs(mix.units - now).max() <= 1


def test_a_higher_service_costs_more_and_fills_more(known):
    low, high = (by_class(with_service(*known, ratio)).iloc[-1] for ratio in (0.8, 0.98))
    assert high["then_amount"] > low["then_amount"]
    assert high["then_fill_rate"] > low["then_fill_rate"]
    assert high["then_shortage_amount"] < low["then_shortage_amount"]
    assert high["now_amount"] == low["now_amount"]
