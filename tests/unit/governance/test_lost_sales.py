"""Lost sales as a guard metric: the canary's at least, against the others' as estimated, each beside its past."""

import datetime as dt
from pathlib import Path

import pandas as pd
import pytest
from unit.governance.governance_samples import release_with
from unit.orders.order_samples import rows_of

from assets.governance.guard_metrics import observations
from assets.governance.guards import Watch, watch
from assets.governance.lost_sales import BUCKETS_BEFORE, lost_sales
from assets.kernel.frames.decisions import PROTECTION_DEMAND
from assets.kernel.frames.forecasts import DEMAND_ESTIMATE
from assets.kernel.frames.marts import FCT_DEMAND
from assets.kernel.frames.rollout import CANARY_ITEMS
from assets.kernel.published import Published
from assets.orders.store import MemoryOrderStore
from assets.policy.oversight import GuardMetric

CANARY = "eager@0123456789ab"
BEGAN = dt.date(2026, 3, 2)
DAY = dt.timedelta(days=1)
REACHED = 2
"""Buckets after which the canary's first orders can be sold."""


def network(root: Path, days: int, lost: float, std: float, before: int = BUCKETS_BEFORE) -> Published:
    """Publish a canary of I1 for some days: since its orders arrive it loses so many units of 10 a day, I2 none."""
    tables = Published(root)
    reach = {"item_id": "I1", "site_id": "S1", "first_bucket": REACHED}
    mine = {"item_id": "I1", "policy_release": CANARY, "plan_date": pd.Timestamp(BEGAN)}
    tables.write(CANARY_ITEMS, rows_of(CANARY_ITEMS, [mine]), BEGAN, "run-1")
    tables.write(PROTECTION_DEMAND, rows_of(PROTECTION_DEMAND, [reach]), BEGAN, "run-1")
    for place in range(days + 1):
        today = BEGAN + place * DAY
        past = [BEGAN + past * DAY for past in range(-before, place)]
        sold = [
            {"item_id": item, "site_id": "S1", "bucket_start": pd.Timestamp(day), "demand_lower_bound_units": 10}
            for item in ("I1", "I2") for day in past
        ]  # fmt: skip
        hidden = [
            {"item_id": "I1", "site_id": "S1", "bucket_start": pd.Timestamp(day), "lost_units": lost,
             "estimated_std_units": std}
            for day in past if day >= BEGAN + REACHED * DAY
        ]  # fmt: skip
        if place in (4, days):
            tables.write(FCT_DEMAND, rows_of(FCT_DEMAND, sold), today, "run-1")
        tables.write(DEMAND_ESTIMATE, rows_of(DEMAND_ESTIMATE, hidden), today, "run-1")
    return tables


def watched(tables: Published, days: int) -> Watch:
    seen = observations(tables, MemoryOrderStore(), "sample", CANARY, BEGAN + days * DAY)
    return watch(release_with(), [one for one in seen if one.metric is GuardMetric.LOST_SALES])


def test_lost_units_over_demand_are_told_for_each_day_that_its_orders_could_reach(tmp_path: Path) -> None:
    found = lost_sales(network(tmp_path, 4, lost=10.0, std=0.0), CANARY, BEGAN + 4 * DAY)
    assert [one.day for one in found] == [BEGAN + 2 * DAY, BEGAN + 3 * DAY]
    assert [(one.canary, one.others) for one in found] == [(0.5, 0.0)] * 2


def test_a_canary_that_runs_out_is_taken_back_for_it(tmp_path: Path) -> None:
    (broken,) = watched(network(tmp_path, 18, lost=10.0, std=2.0), 18).broken
    assert broken.guard.metric is GuardMetric.LOST_SALES


def test_what_the_estimate_does_not_know_for_sure_takes_no_canary_back(tmp_path: Path) -> None:
    assert watched(network(tmp_path, 18, lost=10.0, std=8.0), 18).broken == ()


def test_a_day_is_told_as_the_first_plan_after_it_knew_it(tmp_path: Path) -> None:
    tables = network(tmp_path, 6, lost=10.0, std=0.0)
    early = lost_sales(tables, CANARY, BEGAN + 4 * DAY)
    tables.write(DEMAND_ESTIMATE, DEMAND_ESTIMATE.empty(), BEGAN + 6 * DAY, "run-2")
    assert lost_sales(tables, CANARY, BEGAN + 6 * DAY)[: len(early)] == early


def test_without_enough_days_before_nothing_is_compared(tmp_path: Path) -> None:
    assert lost_sales(network(tmp_path, 6, lost=10.0, std=0.0, before=5), CANARY, BEGAN + 6 * DAY) == []


@pytest.mark.parametrize("version", ["other@0123456789ab", ""])
def test_another_release_is_not_observed(tmp_path: Path, version: str) -> None:
    assert lost_sales(network(tmp_path, 3, lost=10.0, std=0.0), version, BEGAN + 3 * DAY) == []
