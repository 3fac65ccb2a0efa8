"""What targets promise, against simulated base stocks; the three measures of service apart."""

import numpy as np
import pytest
from scipy import stats

from assets.inventory.fill_rate import least_base_stock
from assets.inventory.lead_time_demand import LEVELS, CumulativeDemand, LeadTimeDemand, gamma_quantiles
from assets.inventory.lead_time_loss import expected_excess
from assets.inventory.promise import ReviewCycle, expected_service
from assets.inventory.stochastic_service.two_moment import EchelonSystem, echelon_cost
from assets.inventory.supply import LeadTimes
from assets.kernel.calendar import Bucket, PlanCalendar

DAILY = PlanCalendar(Bucket.DAY, "UTC")
RATE, VARIANCE = 6.0, 12.0
NOTHING = np.zeros(1)


def steady(rate=RATE, variance=VARIANCE, horizon=14):
    buckets = np.arange(1, horizon + 1)
    mean, spread = (rate * buckets)[None], (variance * buckets)[None]
    return CumulativeDemand(mean, spread, gamma_quantiles(mean, spread))


def cycle(days, shares, review):
    supply = LeadTimes(np.array([days]), np.array([shares]))
    order_days = supply.days + review
    return ReviewCycle.of(steady(), supply, order_days, np.array([review]), DAILY)


def simulated(stock, days, shares, review, periods=200_000, seed=11):
    """Run one base stock with backorders; of orders that cross none is allowed to arrive before an earlier one."""
    rng = np.random.default_rng(seed)
    demand = rng.negative_binomial(RATE**2 / (VARIANCE - RATE), RATE / VARIANCE, periods)
    lead = rng.choice(days, size=periods, p=shares)
    due, net, outstanding = np.zeros(periods + 40, dtype=np.int64), stock, 0
    ends, missed = np.empty(periods, dtype=np.int64), 0
    last = 0
    for period in range(periods):
        if period % review == 0:
            units = stock - (net + outstanding)
            last = max(last, period + int(lead[period]))
            due[last] += units
            outstanding += units
        net += due[period]
        outstanding -= due[period]
        missed += min(max(demand[period] - max(net, 0), 0), demand[period])
        net -= demand[period]
        ends[period] = net
    return {
        "fill_rate": 1.0 - missed / demand.sum(),
        "ready_rate": float((ends > 0).mean()),
        "stock": float(np.maximum(ends, 0).mean()),
    }


@pytest.mark.parametrize(("stock", "review"), [(30, 1), (38, 1), (40, 2), (48, 2)])
def test_fill_rate_ready_rate_and_stock_are_those_of_a_simulated_base_stock(stock, review):
    days, shares = [3], [1.0]
    told = expected_service(cycle(days, shares, review), np.array([stock]), NOTHING, NOTHING)
    found = simulated(stock, days, shares, review)
    assert told.fill_rate[0] == pytest.approx(found["fill_rate"], abs=0.01)
    assert told.ready_rate[0] == pytest.approx(found["ready_rate"], abs=0.02)
    assert told.stock[0] == pytest.approx(found["stock"], rel=0.03)


def test_with_a_random_lead_time_the_promise_stays_near_the_simulation():
    days, shares = [2, 4], [0.5, 0.5]
    # Orders that wait for one another arrive later than each alone.
    told = expected_service(cycle(days, shares, 7), np.array([72]), NOTHING, NOTHING)
    found = simulated(72, days, shares, 7)
    assert told.fill_rate[0] == pytest.approx(found["fill_rate"], abs=0.01)
    assert told.stock[0] == pytest.approx(found["stock"], rel=0.05)


def test_cycle_service_fill_rate_and_ready_rate_are_three_numbers():
    told = expected_service(cycle([3], [1.0], 2), np.array([34]), NOTHING, NOTHING)
    assert told.cycle_service[0] < told.ready_rate[0] < told.fill_rate[0] < 1


def test_what_the_source_owes_lowers_every_measure():
    alone = expected_service(cycle([3], [1.0], 2), np.array([40]), NOTHING, NOTHING)
    late = expected_service(cycle([3], [1.0], 2), np.array([40]), np.array([4.0]), np.array([9.0]))
    assert late.cycle_service[0] < alone.cycle_service[0]
    assert late.fill_rate[0] < alone.fill_rate[0]
    assert late.ready_rate[0] < alone.ready_rate[0]
    assert late.stock[0] < alone.stock[0]


def test_a_certain_delay_is_a_longer_lead_time():
    longer = expected_service(cycle([5], [1.0], 1), np.array([45]), NOTHING, NOTHING)
    owed = expected_service(cycle([3], [1.0], 1), np.array([45]), np.array([2 * RATE]), np.array([2 * VARIANCE]))
    assert owed.fill_rate[0] == pytest.approx(longer.fill_rate[0], abs=0.01)
    assert owed.stock[0] == pytest.approx(longer.stock[0], rel=0.02)


def test_without_demand_everything_is_filled_and_nothing_divides_by_zero():
    none = CumulativeDemand(np.zeros((1, 5)), np.zeros((1, 5)), np.zeros((1, 5, len(LEVELS))))
    supply = LeadTimes(np.array([[2]]), np.ones((1, 1)))
    quiet = ReviewCycle.of(none, supply, supply.days + 1, np.array([1]), DAILY)
    told = expected_service(quiet, np.array([3]), NOTHING, NOTHING)
    assert (told.fill_rate[0], told.ready_rate[0], told.stock[0]) == (1.0, 1.0, 3.0)


@pytest.mark.parametrize("target", [0.5, 0.9, 0.98, 0.999])
def test_the_least_base_stock_fills_the_target_and_one_less_does_not(target):
    of = cycle([2, 4], [0.3, 0.7], 2)
    units = least_base_stock(of, np.array([target]))
    assert expected_service(of, units, NOTHING, NOTHING).fill_rate[0] >= target
    assert expected_service(of, units - 1, NOTHING, NOTHING).fill_rate[0] < target


@pytest.mark.parametrize("stock", [-4.0, 0.0, 7.5, 12.0, 25.0, 60.0])
def test_expected_excess_is_the_integral_of_the_tail(stock):
    mean, variance = np.array([[12.0]]), np.array([[30.0]])
    demand = LeadTimeDemand(CumulativeDemand(mean, variance, gamma_quantiles(mean, variance)), np.ones((1, 1)))
    exact = stats.gamma(144 / 30, scale=30 / 12).expect(lambda x: max(x - stock, 0.0))
    assert expected_excess(demand, np.array([stock]))[0] == pytest.approx(exact, abs=0.15)


def two_echelons(warehouse_holding=1.0, price=20.0):
    """One warehouse of lead time 4 and three retailers of lead time 2, reviewed each period."""
    rates = np.array([12.0, 4.0, 4.0, 4.0])
    return EchelonSystem(
        parent=np.array([-1, 0, 0, 0]),
        echelon=np.array([1, 0, 0, 0]),
        mean=rates,
        variance=rates,
        transit=np.array([4.0, 2.0, 2.0, 2.0]),
        transit_variance=np.zeros(4),
        wait_variance=np.zeros(4),
        review=np.ones(4),
        holding=np.array([warehouse_holding, 1.0, 1.0, 1.0]),
        shortage=np.array([0.0, price, price, price]),
    )


def simulated_owed(warehouse, retailer, periods=60_000, seed=3):
    """Return what the warehouse owes one retailer, and what all hold, on average at the end of a period."""
    rng = np.random.default_rng(seed)
    demand = rng.poisson(4.0, (periods, 3))
    owed, on_hand = np.zeros(3, dtype=np.int64), warehouse
    to_warehouse, to_retailers = [0] * 4, [np.zeros(3, dtype=np.int64)] * 2
    net, asked = np.full(3, retailer), np.zeros(3, dtype=np.int64)
    late, held, stocked = 0.0, 0.0, 0.0
    for period in range(periods):
        to_warehouse.append(int(asked.sum()))
        on_hand += to_warehouse.pop(0)
        owed = owed + asked
        sent = np.minimum(owed, on_hand * owed // max(int(owed.sum()), 1))
        for place in np.argsort(-(owed - sent), kind="stable"):
            sent[place] += min(owed[place] - sent[place], on_hand - int(sent.sum()))
        owed, on_hand = owed - sent, on_hand - int(sent.sum())
        to_retailers.append(sent)
        net = net + to_retailers.pop(0) - demand[period]
        asked = demand[period]
        late += owed.mean()
        held += on_hand
        stocked += np.maximum(net, 0).mean()
    return late / periods, held / periods, stocked / periods


@pytest.mark.parametrize("warehouse", [50, 60, 70])
def test_what_a_warehouse_owes_and_all_hold_is_near_the_simulation(warehouse):
    told = echelon_cost(two_echelons(), np.array([warehouse, 16.0, 16.0, 16.0]))
    late, held, stocked = simulated_owed(warehouse, 16)
    assert told.owed_mean[1] == pytest.approx(late, abs=0.15)
    assert told.holding[0] == pytest.approx(held, abs=0.5)
    assert told.holding[1] == pytest.approx(stocked, abs=0.25)


def test_a_warehouse_that_holds_more_owes_less_and_its_retailers_lose_less():
    system = two_echelons()
    costs = [echelon_cost(system, np.array([level, 15.0, 15.0, 15.0])) for level in (40.0, 55.0, 70.0)]
    owed, lost = [cost.owed_mean[1] for cost in costs], [cost.shortage[1] for cost in costs]
    assert owed == sorted(owed, reverse=True)
    assert lost == sorted(lost, reverse=True)
    assert all(cost.shortage[0] == 0 for cost in costs)
