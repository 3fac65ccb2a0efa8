"""What other levels cost: the stock that they allow and keep; what has no truthful price is counted and left out."""

import dataclasses
import datetime as dt
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from unit.governance.test_dispositions import CANARY
from unit.orders.level_samples import tables
from unit.orders.order_samples import PLAN_DATE, rows_of

from assets.governance.guard_metrics import ordered_by_erps
from assets.governance.level_money import LevelsUnder, average_stock, level_differences
from assets.governance.shadow_evidence import canary_evidence, shadow_evidence
from assets.kernel.frames.decisions import DECISIONS
from assets.kernel.frames.marts import DIM_ITEM, DIM_ITEM_SITE
from assets.kernel.frames.rollout import CANARY_ITEMS, SHADOW_LEVELS, SHADOW_PLANS
from assets.kernel.published import Published
from assets.orders.wanted_levels import WITHDRAWAL_WAITS
from assets.rebalancing import site_reasons

NEXT_DAY = PLAN_DATE + dt.timedelta(days=1)
UNIT_COST = {"I1": 10.0, "I2": 3.0}


def under(*base_stocks: tuple[str, str, int], bucket_days: int = 1, **target: Any) -> LevelsUnder:
    """Return what leaves item-sites to ERPs, a base stock each; 0.02 a unit and day is what holding costs."""
    facts = tables(base_stocks, **({"demand_mean_units": 2.0, "lead_time_mean_days": 3.0} | target))
    sites = [{"site_id": s, "item_id": i, "holding_cost_per_unit_day": 0.02} for s in ("S1", "S2") for i in UNIT_COST]
    items = rows_of(DIM_ITEM, [{"item_id": item, "unit_cost": cost} for item, cost in UNIT_COST.items()])
    masters = rows_of(DIM_ITEM_SITE, [one | {"presentation_minimum_units": 0} for one in sites])
    return LevelsUnder(facts.decisions, facts.targets, items, masters, facts.sourcing, bucket_days)


def differing(shadow: LevelsUnder, active: LevelsUnder) -> dict[str, dict[str, Any]]:
    return level_differences(CANARY, PLAN_DATE, shadow, active).set_index("site_id").to_dict("index")


def test_the_average_stock_is_that_of_a_simulated_reorder_point_policy() -> None:
    reorder, maximum, lead, rate = 12, 20, 3, 2.0
    random = np.random.default_rng(7)
    stock, due, total, days = maximum, dict[int, int](), 0.0, 60_000
    for day in range(days):
        stock += due.pop(day, 0)
        for _ in range(random.poisson(rate)):
            stock -= 1
            if stock + sum(due.values()) <= reorder:
                due[day + lead] = due.get(day + lead, 0) + maximum - (stock + sum(due.values()))
        total += max(stock, 0)
    expected = average_stock(*(np.array([float(x)]) for x in (reorder, maximum, lead * rate)))[0]
    # At the end of a day: what was ordered during it arrives at the beginning of one, half a day sooner on average.
    assert total / days == pytest.approx(expected, abs=rate / 2 + 0.2)


def test_higher_levels_allow_and_keep_more_stock_at_the_price_of_holding_it() -> None:
    found = differing(under(("S1", "I1", 15), ("S1", "I2", 5)), under(("S1", "I1", 12), ("S1", "I2", 5)))
    # Levels are 11 and 12, and become 14 and 15: three units more on hand whatever demand is.
    assert found == {
        "S1": {
            "plan_date": pd.Timestamp(PLAN_DATE), "policy_release": CANARY, "differing_item_sites": 1,
            "priced_item_sites": 1, "shadow_only_item_sites": 0, "active_only_item_sites": 0,
            "allowed_stock_amount": 30.0, "average_stock_units": 3.0, "holding_per_day_amount": pytest.approx(0.06),
        }
    }  # fmt: skip


def test_lower_levels_spare_money_and_sites_are_told_apart() -> None:
    found = differing(under(("S1", "I1", 12), ("S2", "I2", 18)), under(("S1", "I1", 15), ("S2", "I2", 15)))
    assert [found[site]["allowed_stock_amount"] for site in ("S1", "S2")] == [-30.0, 9.0]
    assert [found[site]["holding_per_day_amount"] for site in ("S1", "S2")] == pytest.approx([-0.06, 0.06])


def test_a_source_that_is_further_away_keeps_less_on_hand_by_the_same_levels() -> None:
    far = under(("S1", "I1", 12), source_id="DC2", lead_time_mean_days=4.0)
    found = differing(far, under(("S1", "I1", 12)))["S1"]
    assert (found["allowed_stock_amount"], found["average_stock_units"]) == (0.0, -2.0)
    weekly = differing(
        under(("S1", "I1", 12), source_id="DC2", lead_time_mean_days=10.0, demand_mean_units=7.0, bucket_days=7),
        under(("S1", "I1", 12), lead_time_mean_days=3.0, demand_mean_units=7.0, bucket_days=7),
    )
    assert weekly["S1"]["average_stock_units"] == -7.0


def test_what_only_one_of_them_leaves_to_its_erp_is_counted_and_not_priced() -> None:
    found = differing(under(("S1", "I1", 15), ("S1", "I2", 5)), under(("S1", "I1", 12), ("S2", "I1", 8)))
    assert {site: (one["shadow_only_item_sites"], one["active_only_item_sites"]) for site, one in found.items()} == {
        "S1": (1, 0), "S2": (0, 1),
    }  # fmt: skip
    assert (found["S1"]["differing_item_sites"], found["S1"]["priced_item_sites"]) == (2, 1)
    assert found["S1"]["allowed_stock_amount"] == 30.0
    assert found["S2"]["holding_per_day_amount"] == 0.0


def test_the_same_levels_differ_by_nothing() -> None:
    same = under(("S1", "I1", 12))
    assert level_differences(CANARY, PLAN_DATE, same, same).empty
    assert level_differences(CANARY, PLAN_DATE, under(), under()).empty


def test_evidence_of_a_shadow_tells_its_levels_of_the_last_date_and_what_is_not_priced(tmp_path: Path) -> None:
    published = Published(tmp_path)
    for date, units in ((PLAN_DATE, 20), (NEXT_DAY, 15)):
        row = {"plan_date": pd.Timestamp(date), "policy_release": CANARY}
        published.write(SHADOW_PLANS, rows_of(SHADOW_PLANS, [row]), date, "run-1")
        ours, theirs = under(("S1", "I1", units), ("S2", "I2", 4)), under(("S1", "I1", 12))
        published.write(SHADOW_LEVELS, level_differences(CANARY, date, ours, theirs), date, "run-1")
    (evidence,) = shadow_evidence(published, CANARY)
    told = {figure.name: (str(figure.value), figure.unit) for figure in evidence.figures}
    assert (
        told.items()
        >= {
            "levels that differ": ("2", "item-sites"),
            "stock that levels allow over the active ones": ("30.00", "currency"),
            "holding of average stock over the active one": ("0.06", "currency a day"),
            "left to an ERP by one release only, not priced": ("1", "item-sites"),
        }.items()
    )
    published.write(SHADOW_LEVELS, SHADOW_LEVELS.empty(), NEXT_DAY, "run-2")
    (evidence,) = shadow_evidence(published, CANARY)
    assert not any("levels" in figure.name for figure in evidence.figures)


def test_what_erps_order_is_counted_for_the_canary_and_said_to_be_left_out(tmp_path: Path) -> None:
    published = Published(tmp_path)
    row = {"plan_date": pd.Timestamp(PLAN_DATE), "policy_release": CANARY, "item_id": "I1"}
    published.write(CANARY_ITEMS, rows_of(CANARY_ITEMS, [row]), PLAN_DATE, "run-1")
    assert ordered_by_erps(published, CANARY, PLAN_DATE) == 0
    bound = {("S1", "I1"): "handed_over", ("S2", "I1"): "order_multiple,withdrawal_waits", ("S3", "I1"): "levels_wait",
             ("S1", "I2"): "handed_over"}  # fmt: skip
    rows = [
        {"site_id": site, "item_id": item, "binding_constraints": names} for (site, item), names in bound.items()
    ]  # fmt: skip
    published.write(DECISIONS, rows_of(DECISIONS, rows), PLAN_DATE, "run-1")
    assert ordered_by_erps(published, CANARY, PLAN_DATE) == 2
    assert ordered_by_erps(published, "other@0123456789ab", PLAN_DATE) == 0
    assert WITHDRAWAL_WAITS == site_reasons.WITHDRAWAL_WAITS
    (evidence,) = canary_evidence(published, CANARY)
    last = evidence.figures[-1]
    assert (last.name, last.value, last.unit) == ("ordered by ERPs on the last plan date, not counted", 2, "item-sites")
    without = dataclasses.replace(evidence, figures=evidence.figures[:-1])
    published.write(DECISIONS, rows_of(DECISIONS, [rows[2]]), PLAN_DATE, "run-2")
    assert canary_evidence(published, CANARY) == (without,)
