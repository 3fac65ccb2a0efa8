"""The simulation that judges placements, where its answer is known."""

import datetime as dt

import numpy as np
import pytest
from unit.inventory.conftest import Network

from assets.inventory.master_data import MasterData
from assets.inventory.situation import situation_of
from assets.kernel.calendar import Bucket, PlanCalendar
from assets.policy.registry import PolicyRegistry
from orchestration.cli.bench import load

simulation = load("placement_simulation")
DAILY, MONDAY = PlanCalendar(Bucket.DAY, "UTC"), dt.date(2025, 6, 30)


@pytest.fixture(scope="module")
def situation():
    forecast, lead_times, *master = Network().frames()
    return situation_of(forecast, lead_times, MasterData(*master), PolicyRegistry().active(), DAILY, MONDAY)


def lived(situation, levels, *, lost_sales=True):
    world = simulation.NetworkSimulation(situation, lost_sales=lost_sales, paths=20, days=200, warm_up=60, seed=3)
    return world.live(np.array(levels))


def test_with_plenty_everywhere_nothing_is_missed_and_stores_hold_what_demand_leaves(situation):
    # Stores a and b, then the hub; the hub's ten days of 8 units and more are always there.
    told = lived(situation, [60, 60, 300])
    assert told.fill_rate == pytest.approx(1.0)
    # On hand in the evening: base stock less demand of the review, the two days of transit and the day itself.
    left = (60 - 5 * 3) + (60 - 3 * 3)
    assert told.holding_by_echelon[0] == pytest.approx(0.01 * left, rel=0.02)


def test_a_dry_hub_starves_its_stores(situation):
    assert lived(situation, [20, 14, 40]).fill_rate < lived(situation, [20, 14, 120]).fill_rate - 0.05


def test_the_same_luck_tells_the_same(situation):
    assert lived(situation, [20, 14, 90]) == lived(situation, [20, 14, 90])


def test_what_waits_is_counted_as_missed_and_still_served(situation):
    lost, waits = (lived(situation, [16, 10, 90], lost_sales=one) for one in (True, False))
    assert waits.fill_rate < lost.fill_rate
    assert waits.holding < lost.holding
