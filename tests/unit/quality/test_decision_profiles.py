"""Profiles of forecasts and plans: what is broken is listed, what is sound is not."""

import datetime as dt

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.kernel.frames.decisions import PLAN_LINES, PLAN_SUMMARY, TARGETS
from assets.kernel.frames.forecasts import DEMAND_FORECAST, QUANTILE_COLUMNS
from assets.kernel.frames.market import SHARED_LIMITS
from assets.kernel.frames.marts import DIM_ITEM, DIM_LANE, DIM_SOURCING, FCT_INVENTORY_POSITION, FEAT_ITEM_SITE
from assets.kernel.frames.quality import VERDICTS
from assets.kernel.frames.schema import Frame, Kind
from assets.orders.plan_gate import let_out
from quality.forecast_profile import profile_forecasts
from quality.gate import run_gate
from quality.plan_profile import SharedUse, profile_plan
from quality.profiles import wide
from quality.suite import read_suite

PLAN_DATE = dt.date(2026, 3, 2)
_BLANK = {Kind.TEXT: "", Kind.INTEGER: 0, Kind.REAL: 0.0, Kind.MONEY: 0.0, Kind.FLAG: False, Kind.DATE: PLAN_DATE}


def table(frame: Frame, rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows with every column of a frame that they do not name blank."""
    blanks = {c.name: _BLANK[c.kind] for c in frame.columns if c.name not in rows.columns}
    return frame.conform(rows.assign(**blanks))


def forecast(buckets: int = 4, mean: float = 5.0) -> pd.DataFrame:
    rows = pd.DataFrame({"item_id": "I1", "site_id": "S1", "bucket_index": range(buckets)})
    total = mean * (rows["bucket_index"] + 1)
    levels = {name: total * (0.5 + n / 13) for n, name in enumerate(QUANTILE_COLUMNS)}
    return table(DEMAND_FORECAST, rows.assign(mean_units=mean, cumulative_mean_units=total, **levels))


def targets(base_stock: int = 20) -> pd.DataFrame:
    rows = pd.DataFrame({"item_id": ["I1"], "site_id": ["S1"], "base_stock_units": [base_stock]})
    return table(TARGETS, rows.assign(protection_mean_units=15.0, protection_std_units=3.0, protection_buckets=1))


def features(mean: float = 5.0) -> pd.DataFrame:
    rows = pd.DataFrame({"item_id": ["I1"], "site_id": ["S1"], "observed_buckets": [50]})
    return table(FEAT_ITEM_SITE, rows.assign(mean_units_per_bucket=mean))


def rules_of(forecasts: pd.DataFrame, of_targets: pd.DataFrame, of_features: pd.DataFrame) -> list[str]:
    profiles = profile_forecasts(forecasts, of_targets, of_features, PLAN_DATE)
    found = run_gate(read_suite("forecasts"), profiles, PLAN_DATE)
    held = found.loc[found["action"] != "pass"]
    assert set(held["action"]) <= {"hold"}
    return sorted(held["rule"])


def test_a_sound_forecast_passes() -> None:
    assert rules_of(forecast(), targets(), features()) == []


def test_quantiles_that_cross_are_held() -> None:
    crossed = forecast()
    crossed.loc[2, QUANTILE_COLUMNS[6]] = crossed.loc[2, QUANTILE_COLUMNS[5]] - 0.5
    assert rules_of(crossed, targets(), features()) == ["quantiles_cross"]


def test_a_cumulative_forecast_that_falls_is_held() -> None:
    falling = forecast()
    falling.loc[3, "cumulative_mean_units"] = 10.0
    assert rules_of(falling, targets(), features()) == ["demand_shrinks"]


def test_a_negative_forecast_is_held() -> None:
    negative = forecast()
    negative.loc[0, "mean_units"] = -3.0
    assert rules_of(negative, targets(), features()) == ["forecast_negative"]


def test_infinity_and_nothing_are_held() -> None:
    endless = forecast()
    endless.loc[1, "cumulative_std_units"] = np.inf
    assert rules_of(endless, targets(), features()) == ["forecast_not_finite"]


def test_totals_far_from_history_are_held() -> None:
    assert rules_of(forecast(mean=80.0), targets(), features()) == ["forecast_high"]
    assert rules_of(forecast(mean=0.0), targets(), features(mean=50.0)) == ["forecast_low"]


def test_a_handful_of_units_is_not_far_from_nothing() -> None:
    assert rules_of(forecast(mean=1.0), targets(), features(mean=0.0)) == []


def test_a_target_without_forecast_is_held() -> None:
    assert rules_of(forecast().assign(item_id="I2"), targets(), features()) == ["forecast_missing"]


def test_a_target_that_nothing_explains_is_held() -> None:
    assert rules_of(forecast(), targets(base_stock=5000), features()) == ["target_high"]
    assert rules_of(forecast(), targets(base_stock=-1), features()) == ["target_negative"]


@settings(deadline=None, max_examples=15)
@given(st.lists(st.floats(0, 1e6), min_size=13, max_size=13))
def test_sorted_quantiles_never_cross(levels: list[float]) -> None:
    row = forecast(buckets=1)
    row.loc[0, list(QUANTILE_COLUMNS)] = sorted(levels)
    assert "crossing_units" not in wide(profile_forecasts(row, targets(), features(), PLAN_DATE)).columns


def lines(*rows: tuple[str, str, str, str, int]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["kind", "item_id", "origin_id", "destination_id", "quantity_units"])
    return table(PLAN_LINES, frame)


def position(**units: int) -> pd.DataFrame:
    rows = pd.DataFrame({"site_id": list(units), "available_units": list(units.values())}).assign(item_id="I1")
    return table(FCT_INVENTORY_POSITION, rows)


def sourcing() -> pd.DataFrame:
    rows = pd.DataFrame({"item_id": ["I1"], "supplier_id": ["V"], "site_id": ["S1"]})
    return table(DIM_SOURCING, rows.assign(order_multiple_units=6, minimum_order_units=12))


def verdict(site: str, item: str, action: str) -> pd.DataFrame:
    rows = pd.DataFrame({"site_id": [site], "item_id": [item], "action": [action]})
    return table(VERDICTS, rows.assign(rule="r", feed="f"))


def broken(plan: pd.DataFrame, *verdicts: pd.DataFrame, action: str = "hold") -> list[tuple[str, str]]:
    profiles = profile_plan(
        plan, position(S1=10, S2=10, S3=10), sourcing(), list(verdicts) or [VERDICTS.empty()], PLAN_DATE
    )
    found = run_gate(read_suite("plan"), profiles, PLAN_DATE)
    asked = found.loc[found["action"] != "pass"]
    assert set(asked["action"]) <= {action}
    return [(v.rule, v.site_id) for v in asked.itertuples()]


def test_a_sound_plan_passes() -> None:
    assert broken(lines(("transfer", "I1", "S1", "S2", 10), ("purchase", "I1", "V", "S1", 18))) == []


def test_an_empty_plan_passes() -> None:
    assert broken(PLAN_LINES.empty()) == []


def test_stock_is_conserved_over_all_lines_out_of_a_site() -> None:
    plan = lines(("transfer", "I1", "S1", "S2", 6), ("transfer", "I1", "S1", "S3", 5))
    assert broken(plan, action="stop") == [("stock_overdrawn", "S1")]


def test_what_nobody_counted_cannot_be_sent() -> None:
    assert broken(lines(("transfer", "I9", "S1", "S2", 1)), action="stop") == [("stock_overdrawn", "S1")]


def test_a_circle_stops() -> None:
    circle = lines(
        ("transfer", "I1", "S1", "S2", 1), ("transfer", "I1", "S2", "S3", 1), ("transfer", "I1", "S3", "S1", 1)
    )
    assert broken(circle, action="stop") == [("item_cycles", site) for site in ("S1", "S2", "S3")]
    assert broken(lines(("transfer", "I1", "S1", "S1", 1)), action="stop") == [("item_cycles", "S1")]


def test_two_items_may_pass_one_lane_both_ways() -> None:
    plan = lines(("transfer", "I1", "S1", "S2", 1), ("purchase", "I1", "V", "S1", 12))
    assert broken(plan) == []


def test_what_is_held_is_not_moved() -> None:
    plan = lines(("transfer", "I1", "S1", "S2", 1))
    assert broken(plan, verdict("S2", "", "hold")) == [("held_moved", "S2")]
    assert broken(plan, VERDICTS.empty(), verdict("S1", "I1", "hold_outbound")) == [("held_moved", "S1")]
    assert broken(plan, verdict("S2", "", "hold_outbound")) == []


def test_the_suppliers_terms_are_kept() -> None:
    assert broken(lines(("purchase", "I1", "V", "S1", 13))) == [("multiple_broken", "S1")]
    assert broken(lines(("purchase", "I1", "V", "S1", 6))) == [("multiple_broken", "S1")]
    assert broken(lines(("purchase", "I1", "W", "S1", 12))) == [("source_unknown", "S1")]


def test_quantities_and_dates_must_make_sense() -> None:
    assert broken(lines(("transfer", "I1", "S1", "S2", 0))) == [("quantity_not_positive", "S2")]
    early = lines(("transfer", "I1", "S1", "S2", 1)).assign(departure_date=pd.Timestamp("2026-03-01"))
    assert broken(early) == [("dates_impossible", "S2")]


def test_a_line_at_fault_is_left_out_and_the_others_go() -> None:
    plan = lines(("purchase", "I1", "V", "S1", 13), ("transfer", "I1", "S2", "S3", 5))
    profiles = profile_plan(plan, position(S1=0, S2=10, S3=0), sourcing(), [VERDICTS.empty()], PLAN_DATE)
    left = let_out(plan, run_gate(read_suite("plan"), profiles, PLAN_DATE))
    assert left["kind"].tolist() == ["transfer"]


def shared(capacity: float = 20.0, used: float = 5.0, settled_by: str = "market") -> SharedUse:
    lane = pd.DataFrame({"origin_id": ["S1"], "destination_id": ["S2"], "mode": [""], "capacity_kg": [capacity]})
    limit = pd.DataFrame({"limit_id": ["storage S2"], "capacity": [8.0], "fixed": [3.0], "used": [used]})
    return SharedUse(
        table(DIM_LANE, lane),
        table(DIM_ITEM, pd.DataFrame({"item_id": ["I1"], "weight_kg_per_unit": [2.0]})),
        table(SHARED_LIMITS, limit),
        table(PLAN_SUMMARY, pd.DataFrame({"policy": ["joint_plan"], "settled_by": [settled_by]})),
    )


def judged(plan: pd.DataFrame, use: SharedUse) -> list[tuple[str, str, str]]:
    profiles = profile_plan(plan, position(S1=10, S2=10, S3=10), sourcing(), [VERDICTS.empty()], PLAN_DATE, use)
    found = run_gate(read_suite("plan"), profiles, PLAN_DATE)
    return [(v.rule, v.site_id, v.action) for v in found.loc[found["action"] != "pass"].itertuples()]


def test_a_departure_is_loaded_no_fuller_than_it_carries() -> None:
    plan = lines(("transfer", "I1", "S1", "S2", 10))
    assert judged(plan, shared(20.0)) == []
    assert judged(plan, shared(19.0)) == [("departure_overloaded", "S2", "hold")]


def test_a_shared_limit_that_is_broken_stops_the_plan() -> None:
    assert judged(PLAN_LINES.empty(), shared(used=5.5)) == [("shared_limit_broken", "", "stop")]


def test_a_market_that_failed_is_warned_of() -> None:
    assert judged(PLAN_LINES.empty(), shared(settled_by="fallback")) == [("market_failed", "", "warn")]
