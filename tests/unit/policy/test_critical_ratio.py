"""Critical ratios: costs where they are stated, service as a floor, the release's service by class where neither is."""

import numpy as np
import pandas as pd
import pytest

from assets.policy.critical_ratio import COST, HIGHEST_RATIO, SERVICE, critical_ratios
from assets.policy.registry import PolicyRegistry


def settings(**columns: object) -> pd.DataFrame:
    usual = {
        "holding_cost_per_unit_day": 0.1,
        "shortage_cost_per_unit": np.nan,
        "service_target": np.nan,
        "review_days": 7,
        "abc_class": "A",
        "unit_cost": 4.0,
        "unit_price": 9.0,
    }
    return pd.DataFrame([usual | columns])


@pytest.fixture
def release():
    return PolicyRegistry().active()


def test_costs_give_the_newsvendors_ratio_of_a_review(release):
    told = critical_ratios(settings(shortage_cost_per_unit=6.3), release)
    assert told.ratio[0] == pytest.approx(6.3 / (6.3 + 0.7))
    assert (told.source[0], told.shortage_cost[0]) == (COST, 6.3)


def test_a_service_target_is_a_floor_and_raises_the_cost_to_what_it_implies(release):
    told = critical_ratios(settings(shortage_cost_per_unit=0.7, service_target=0.9), release)
    assert (told.ratio[0], told.source[0]) == (0.9, SERVICE)
    assert told.shortage_cost[0] == pytest.approx(0.7 * 0.9 / 0.1)


@pytest.mark.parametrize("name", ["A", "B", "C"])
def test_without_either_the_class_has_the_releases_service(release, name):
    assert critical_ratios(settings(abc_class=name), release).ratio[0] == release.targets.default_service_target[name]


def test_an_unknown_class_has_the_least_service_of_the_release(release):
    least = min(release.targets.default_service_target.values())
    assert critical_ratios(settings(abc_class=None), release).ratio[0] == least


def test_no_ratio_is_beyond_what_a_tail_can_tell(release):
    told = critical_ratios(settings(shortage_cost_per_unit=1e9), release)
    assert told.ratio[0] == HIGHEST_RATIO


def test_where_holding_is_free_a_lost_unit_costs_its_margin(release):
    told = critical_ratios(settings(holding_cost_per_unit_day=0.0), release)
    assert told.shortage_cost[0] == pytest.approx(5.0)
