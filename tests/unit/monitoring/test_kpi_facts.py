"""Rows behind key figures: what counts, for whom, and on which day."""

import datetime as dt
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from assets.kernel.frames.kpis import KPI_WINDOWS
from assets.monitoring.kpis.forecast_facts import forecast_facts, share_below
from assets.monitoring.kpis.order_facts import COLUMNS, DOCUMENT_COLUMNS, order_facts
from assets.monitoring.kpis.promise_facts import TARGET_COLUMNS, promise_facts
from assets.monitoring.kpis.reading import UNPLANNED, with_members
from assets.monitoring.kpis.service_facts import served_item_sites, service_facts
from assets.orders.handling import Handling
from assets.orders.order import OrderStatus

PLAN_DATE = dt.date(2026, 3, 10)
DAY = pd.Timestamp("2026-03-09")
ITEM_SITES = pd.DataFrame({"item_id": ["a", "b"], "site_id": "s1", "demand_segment": ["smooth", "lumpy"]})
NOTHING_SHIPPED = pd.DataFrame({"order_id": [], "transport_amount": []})


def document(order_id: str, plan_date: str = "2026-03-09", **changes: object) -> dict[str, object]:
    made = {
        "order_id": order_id, "plan_date": pd.Timestamp(plan_date), "channel": "live", "kind": "transfer",
        "destination_id": "s1", "value_amount": 100.0, "plan_digest": "p", "policy_release": "one@1",
        "model_version": "m", "feature_version": "f", "batch_ids": "b1,b2",
    }  # fmt: skip
    return made | changes


def documents(*some: dict[str, object]) -> pd.DataFrame:
    return pd.DataFrame(list(some), columns=list(DOCUMENT_COLUMNS))


def handled(order_id: str, status: OrderStatus, approved_on: dt.date | None = None, **changes: bool) -> Handling:
    told = {"withdrawn": False, "overridden": False, "by_people": approved_on is not None} | changes
    day = dt.date(2026, 3, 9)
    return Handling(order_id, day, "s1", Decimal(100), status, approved_on=approved_on, **told)


NAIVE = pd.DataFrame({"item_id": ["a"], "site_id": "s1", "compared_buckets": 4, "absolute_error_units": 16})
BATCHES = {pd.Timestamp("2026-03-09"): frozenset({"b1", "b2"}), pd.Timestamp(PLAN_DATE): frozenset({"b1", "b2"})}


def test_what_was_lost_counts_where_service_is_owed_and_at_its_price() -> None:
    settings = pd.DataFrame({"item_id": ["a", "b", "c"], "site_id": "s1", "lifecycle": ["active", "new", "delisted"]})
    segments = pd.DataFrame({"item_id": ["a", "b", "c"], "site_id": "s1", "demand_segment": ["smooth"] * 3})
    served = served_item_sites(settings, segments)
    assert served["item_id"].tolist() == ["a", "b"]
    service = pd.DataFrame({"day": [DAY, DAY], "site_id": ["s1", "s2"], "demand_segment": "smooth"})
    lost = pd.DataFrame(
        {"item_id": ["a", "b", "c"], "site_id": "s1", "bucket_start": DAY, "lost_units": [1.0, 2.0, 4.0]}
    )
    prices = pd.DataFrame({"item_id": ["a", "b", "c"], "unit_price": [10.0, 3.0, 1.0]})
    found = service_facts(service, lost, served, prices, 7)
    assert found["lost_units"].tolist() == [3.0, 0.0]
    assert found["lost_amount"].tolist() == [16.0, 0.0]
    assert found["bucket_days"].tolist() == [7, 7]


def test_an_order_adheres_to_the_plan_if_it_was_sent_as_the_plan_wanted_it() -> None:
    planned = documents(*(document(name) for name in ("sent", "changed", "waits", "refused")))
    became = [
        handled("sent", OrderStatus.SHIPPED),
        handled("changed", OrderStatus.SHIPPED, overridden=True, by_people=True),
        handled("waits", OrderStatus.PROPOSED),
        handled("refused", OrderStatus.REJECTED, by_people=True),
    ]
    found = order_facts(planned, NOTHING_SHIPPED, became, BATCHES, PLAN_DATE)
    assert found["due_amount"].tolist() == [100.0] * 4
    assert found["adhered_amount"].tolist() == [100.0, 0.0, 0.0, 0.0]
    assert found["handled_count"].tolist() == [0, 1, 0, 1]


def test_documents_of_today_are_planned_and_not_due_and_others_than_live_ones_do_not_count() -> None:
    planned = documents(document("today", str(PLAN_DATE)), document("past", channel="backfill"))
    found = order_facts(planned, NOTHING_SHIPPED, [handled("today", OrderStatus.ISSUED)], BATCHES, PLAN_DATE)
    assert found[["planned_count", "value_amount", "due_amount", "adhered_amount"]].to_numpy().tolist() == [
        [1, 100.0, 0.0, 0.0]
    ]
    assert found["day"].tolist() == [DAY]


def test_a_decision_takes_from_the_plan_date_to_the_last_approval() -> None:
    planned = documents(document("slow"), document("by_rule"))
    became = [handled("slow", OrderStatus.APPROVED, dt.date(2026, 3, 12)), handled("by_rule", OrderStatus.APPROVED)]
    found = order_facts(planned, NOTHING_SHIPPED, became, BATCHES, PLAN_DATE)
    assert found[["approved_count", "decision_days"]].to_numpy().tolist() == [[1, 3], [0, 0]]


def test_a_document_is_traced_if_it_names_everything_and_no_batch_that_nobody_knows() -> None:
    planned = documents(
        document("whole"), document("nameless", model_version=""), document("stranger", batch_ids="b1,b9"),
        document("unknown_day", "2026-03-01"),
    )  # fmt: skip
    found = order_facts(planned, NOTHING_SHIPPED, [], BATCHES, PLAN_DATE)
    assert found["traced_count"].tolist() == [1, 0, 0, 0]


def test_expedites_cost_their_freight() -> None:
    planned = documents(document("fast", kind="expedite"), document("slow"))
    freight = pd.DataFrame({"order_id": ["fast", "fast", "slow"], "transport_amount": [2.0, 3.5, 9.0]})
    found = order_facts(planned, freight, [], BATCHES, PLAN_DATE)
    assert found["expedite_amount"].tolist() == [100.0, 0.0]
    assert found["expedite_freight_amount"].tolist() == [5.5, 0.0]


def test_without_a_document_there_is_no_row_and_every_column() -> None:
    found = order_facts(documents(), NOTHING_SHIPPED, [], {}, PLAN_DATE)
    assert (len(found), tuple(found.columns)) == (0, COLUMNS)


def windows(**changes: object) -> pd.DataFrame:
    row = {
        "plan_date": DAY, "item_id": "a", "site_id": "s1", "demand_segment": "smooth", "is_known": True,
        "forecast_units": 5.0, "demand_units": 3.0, "pit_lower": 0.2, "pit_upper": 0.4, "pinball_units": 0.5,
    }  # fmt: skip
    return pd.DataFrame([row | changes])


def test_an_error_is_scaled_by_that_of_the_naive_forecast_of_its_series() -> None:
    found = forecast_facts(windows(), NAIVE).iloc[0]
    assert found[["error_units", "absolute_error_units", "scaled_error", "scaled_count"]].tolist() == [2, 2, 0.5, 1]
    assert forecast_facts(windows(), NAIVE.iloc[:0]).iloc[0]["scaled_count"] == 0


def test_of_an_empty_shelf_the_level_counts_and_the_error_does_not() -> None:
    found = forecast_facts(windows(is_known=False), NAIVE).iloc[0]
    assert found[["error_units", "demand_units", "window_count"]].tolist() == [2.0, 3.0, 1]
    assert found[["absolute_error_units", "known_units", "pinball_units", "scaled_count"]].tolist() == [0, 0, 0, 0]


def test_a_transform_counts_below_a_quantile_as_far_as_it_lies_below() -> None:
    found = forecast_facts(windows(), NAIVE)
    assert found[["below_q20", "below_q30", "below_q40"]].iloc[0].tolist() == pytest.approx([0.0, 0.5, 1.0])
    levels = share_below(np.full(3, 0.0), np.full(3, 1.0), 0.9)
    assert levels == pytest.approx(np.full(3, 0.9))


def targets(*, ready: float, echelon: int = 0) -> pd.DataFrame:
    row = dict.fromkeys(TARGET_COLUMNS, 0.5) | {
        "item_id": "a", "site_id": "s1", "echelon": echelon, "demand_mean_units": 4.0, "expected_ready_rate": ready,
    }  # fmt: skip
    return pd.DataFrame([row])


def test_a_day_is_promised_by_the_targets_in_force_and_days_before_all_by_the_first() -> None:
    made = {PLAN_DATE: targets(ready=0.9)}
    made |= {dt.date(2026, 3, 8): targets(ready=0.8), dt.date(2026, 3, 6): targets(ready=0.7)}
    found = promise_facts(made, ITEM_SITES, PLAN_DATE, dt.date(2026, 3, 4))
    assert found["day"].dt.day.tolist() == [4, 5, 6, 7, 8, 9]
    assert found["ready_count"].tolist() == [0.7, 0.7, 0.7, 0.7, 0.8, 0.8]
    assert found["fill_units"].tolist() == [2.0] * 6


def test_warehouses_promise_to_be_ready_and_nothing_to_customers() -> None:
    found = promise_facts({PLAN_DATE: targets(ready=0.9, echelon=1)}, ITEM_SITES, PLAN_DATE, dt.date(2026, 3, 9))
    assert found[["target_count", "ready_count", "selling_count", "demand_units"]].to_numpy().tolist() == [
        [1, 0.9, 0, 0.0]
    ]


def test_nothing_is_promised_without_targets() -> None:
    assert promise_facts({}, ITEM_SITES, PLAN_DATE, PLAN_DATE - dt.timedelta(days=max(KPI_WINDOWS))).empty


def test_a_day_belongs_to_the_release_of_the_latest_plan_up_to_it() -> None:
    echelons = pd.DataFrame({"site_id": ["s1"], "echelon": [0]})
    releases = pd.DataFrame(
        {"plan_date": pd.to_datetime(["2026-03-05", "2026-03-08"]), "policy_release": ["one@1", "two@1"]}
    )
    days = pd.to_datetime(["2026-03-04", "2026-03-05", "2026-03-07", "2026-03-09"])
    found = with_members(pd.DataFrame({"day": days, "site_id": ["s1", "s1", "s1", "gone"]}), echelons, releases)
    assert found["policy_release"].tolist() == [UNPLANNED, "one@1", "one@1", "two@1"]
    assert found["echelon"].tolist() == ["0", "0", "0", "unknown"]
