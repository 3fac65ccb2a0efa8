"""Faulty rows from the sender to the plan: each ends in quarantine or a verdict, and the rest is planned.

Not here: every variant of a fault up to the raw tables (``integration/test_bad_feeds``), and the
gates' verdict on the faults of the synthetic world (``integration/test_feeds_gate_verdicts``).
"""

import numpy as np
import pytest
from bad_networks import END, ONE_DAY, PARAMETERS, Planned
from scenario.faulty_rows import (
    ENDLESS,
    INFINITE_RATE,
    INFINITE_SHARE,
    NAN_COUNT,
    NAN_SOLD,
    NEVER_SOLD,
    NOT_SOLD_HERE,
    ONLY_ZEROS,
    OVER,
    OVER_COUNT,
    OVER_SOLD,
    SOLD_ONCE,
    TOO_EARLY,
    TOO_LATE,
    TWICE,
)

from assets.kernel.frames.decisions import DECISIONS, DOCUMENTS, PLAN_LINES, TARGETS
from assets.kernel.frames.feeds import FEED_BATCHES
from assets.kernel.frames.forecasts import DEMAND_FORECAST, QUANTILE_COLUMNS
from assets.kernel.frames.marts import DIM_ITEM, DIM_ITEM_SITE, DIM_LANE, DIM_SITE, FCT_DEMAND, FEAT_ITEM_SITE
from assets.kernel.frames.quality import ALERTS, QUARANTINE
from assets.kernel.network import lane_cycles
from assets.kernel.warehouse import Warehouse


def test_a_network_full_of_faulty_rows_is_planned(rows_planned: Planned) -> None:
    assert (rows_planned.said.code, rows_planned.said.err) == (0, "")
    assert {"transfer", "purchase"} <= set(rows_planned.table(DOCUMENTS)["kind"])
    ranged, decided = rows_planned.table(DIM_ITEM_SITE), rows_planned.table(DECISIONS)
    pairs = [set(zip(rows["item_id"], rows["site_id"], strict=True)) for rows in (ranged, decided)]
    assert pairs[0] <= pairs[1]
    held = decided[decided["decision"] == "held"]
    assert set(held["item_id"]) == {TWICE, NAN_COUNT[0], OVER_COUNT[0], ENDLESS[0]}


def test_forecasts_and_targets_of_a_network_full_of_faulty_rows_are_finite(rows_planned: Planned) -> None:
    for frame in (DEMAND_FORECAST, TARGETS, FEAT_ITEM_SITE):
        numbers = rows_planned.table(frame).select_dtypes("number")
        may_be_null = [column.name for column in frame.columns if column.nullable and column.name in numbers]
        assert np.isfinite(numbers.drop(columns=may_be_null).to_numpy(float)).all(), frame.name
        assert not np.isinf(numbers[may_be_null].to_numpy(float, na_value=np.nan)).any(), frame.name
    quantiles = rows_planned.table(DEMAND_FORECAST)[list(QUANTILE_COLUMNS)].to_numpy()
    assert (np.diff(quantiles, axis=1) >= 0).all()


def test_every_row_sent_is_accepted_or_in_quarantine(rows_planned: Planned) -> None:
    batches = rows_planned.table(FEED_BATCHES)
    assert (batches["row_count"] == batches["accepted_rows"] + batches["quarantined_rows"]).all()
    assert set(batches["status"]) == {"accepted"}
    refused = rows_planned.table(QUARANTINE)[["batch_id", "row_number"]].drop_duplicates()
    assert batches["quarantined_rows"].sum() == len(refused)


def test_a_lane_to_nowhere_is_told_and_not_used(rows_planned: Planned) -> None:
    assert rows_planned.actions("lane_to_nowhere", "tms_lanes") == ["warn"]
    for frame in (DIM_LANE, PLAN_LINES):
        assert "nowhere" not in set(rows_planned.table(frame)[["origin_id", "destination_id"]].to_numpy().ravel())


def test_a_cycle_of_lanes_is_planned_and_no_item_goes_in_circles(rows_planned: Planned) -> None:
    lanes, lines = rows_planned.table(DIM_LANE), rows_planned.table(PLAN_LINES)
    assert ["dc-1", "rw-1", "rw-2"] in lane_cycles(zip(lanes["origin_id"], lanes["destination_id"], strict=True))
    echelons = rows_planned.table(DIM_SITE).set_index("site_id")["echelon"]
    assert echelons[["dc-1", "rw-1", "rw-2", "store-01"]].tolist() == [2, 1, 1, 0]
    for item, moved in lines.groupby("item_id"):
        assert lane_cycles(zip(moved["origin_id"], moved["destination_id"], strict=True)) == [], item


def test_an_unknown_item_and_an_unknown_site_are_told_kept_and_not_planned(rows_planned: Planned) -> None:
    decisions = rows_planned.table(DECISIONS)
    assert not {"item-unknown"} & set(decisions["item_id"])
    assert not {"site-unknown"} & set(decisions["site_id"])
    with Warehouse(rows_planned.settings.network_home().warehouse).connect() as connection:
        for feed in ("demand_sales", "wms_inventory"):
            assert rows_planned.actions("unknown_reference", feed) == ["warn"]
            kept = f"select count(*) from raw.{feed} where item_id = 'item-unknown' or site_id = 'site-unknown'"
            assert connection.execute(kept).fetchone() == (2,)


def history(rows_planned: Planned, pair: tuple[str, str]) -> list[int]:
    return list(rows_planned.of(FCT_DEMAND, pair)["sold_units"])


@pytest.mark.parametrize(
    ("pair", "buckets"),
    [(NEVER_SOLD, 0), (NOT_SOLD_HERE, 0), (SOLD_ONCE, 1), (ONLY_ZEROS, PARAMETERS.history_days)],
    ids=["none at all", "none at this site", "one bucket", "only zeros"],
)
def test_an_item_with_a_strange_history_is_forecast_and_planned(
    rows_planned: Planned, pair: tuple[str, str], buckets: int
) -> None:
    assert len(history(rows_planned, pair)) == buckets
    forecast = rows_planned.of(DEMAND_FORECAST, pair)
    assert len(forecast) == rows_planned.settings.network_home().profile.horizon_buckets
    assert (forecast["mean_units"] >= 0).all()
    assert forecast["mean_units"].max() < 20
    assert len(rows_planned.of(TARGETS, pair)) == 1
    assert rows_planned.decision(pair) != "held"


@pytest.mark.parametrize(
    ("pair", "feed", "reason"),
    [
        (NAN_SOLD, "demand_sales", "sold_units = nan is not a finite whole number"),
        (INFINITE_SHARE, "demand_sales", "in_stock_share = inf is not a finite number"),
        (INFINITE_RATE, "erp_item_site_settings", "holding_rate_per_year = inf is not a finite number"),
        (NAN_COUNT, "wms_inventory", "on_hand_units is missing"),
        (OVER_SOLD, "demand_sales", f"sold_units = {OVER} is above {OVER - 1}"),
        (OVER_COUNT, "wms_inventory", f"on_hand_units = {OVER} is above {OVER - 1}"),
        (TOO_EARLY, "demand_sales", "sales_date = 1900-01-01 is before 1990-01-01"),
        (TOO_LATE, "demand_sales", f"sales_date = {END + ONE_DAY} is after the business date {END}"),
        (ENDLESS, "wms_inventory", f"expiry_date = 9999-12-31 is more than 3 years after the business date {END}"),
    ],
)
def test_nan_infinite_oversized_and_misdated_rows_are_in_quarantine_with_their_reason(
    rows_planned: Planned, pair: tuple[str, str], feed: str, reason: str
) -> None:
    assert rows_planned.refused(feed, item_id=pair[0], site_id=pair[1]) == reason


def test_an_infinite_cost_of_a_lane_takes_only_that_lane(rows_planned: Planned) -> None:
    assert rows_planned.refused("tms_lanes", origin_id="rw-2", destination_id="rw-1").startswith("cost_per_kg = inf")
    lanes = rows_planned.table(DIM_LANE)
    assert {("rw-1", "rw-2"), ("rw-2", "dc-1")} <= set(zip(lanes["origin_id"], lanes["destination_id"], strict=True))


@pytest.mark.parametrize("pair", [NAN_COUNT, OVER_COUNT, ENDLESS])
def test_an_item_whose_count_cannot_be_used_is_held_at_that_site_alone(
    rows_planned: Planned, pair: tuple[str, str]
) -> None:
    assert rows_planned.actions("count_refused", "wms_inventory", pair[1], pair[0]) == ["hold"]
    decisions = rows_planned.table(DECISIONS)
    elsewhere = decisions[(decisions["item_id"] == pair[0]) & (decisions["site_id"] != pair[1])]
    assert rows_planned.decision(pair) == "held"
    assert "held" not in set(elsewhere["decision"])


def test_two_items_with_one_id_hold_that_item_and_not_the_network(rows_planned: Planned) -> None:
    reason = rows_planned.refused("erp_items", item_id=TWICE)
    assert reason == f"item_id = {TWICE} stands 2 times; row 12 was taken, which differs"
    assert rows_planned.actions("item_ambiguous", "erp_items", "", TWICE) == ["hold"]
    assert "Another" not in set(rows_planned.table(DIM_ITEM)["description"])
    decisions = rows_planned.table(DECISIONS)
    assert set(decisions.loc[decisions["item_id"] == TWICE, "decision"]) == {"held"}
    assert TWICE not in set(rows_planned.table(PLAN_LINES)["item_id"])


def test_faulty_rows_are_an_alert_per_rule_and_feed_not_per_row(rows_planned: Planned) -> None:
    alerts = rows_planned.table(ALERTS)
    assert not alerts.duplicated(["rule", "feed", "site_id"]).any()
    assert "stop" not in set(alerts["action"])
