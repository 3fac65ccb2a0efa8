"""Outcomes of decisions as plan dates publish them: each is told once, when its interval is over."""

import datetime as dt
from pathlib import Path

import pandas as pd
import pytest
from unit.monitoring.regret_samples import DAY, agreed, asked_of, document, lived, sent, terms
from unit.orders.order_samples import PLAN_DATE, rows_of

from assets.kernel.frames.decisions import PLAN_LINES, PROTECTION_DEMAND, TARGETS
from assets.kernel.frames.feeds import FEED_STATE
from assets.kernel.frames.forecasts import DEMAND_ESTIMATE
from assets.kernel.frames.marts import DIM_SOURCING, FCT_DEMAND, FCT_INVENTORY_POSITION
from assets.kernel.frames.monitoring import REGRET
from assets.kernel.network import NetworkProfile
from assets.kernel.published import Published
from assets.monitoring.regret.page import regret_page
from assets.monitoring.regret.reading import RegretDay, regret_of
from assets.orders.store import Append, MemoryOrderStore

OVER = PLAN_DATE + 4 * DAY
PROFILE = NetworkProfile(name="sample", first_plan_date=PLAN_DATE, declared_date=OVER)
KEY = {"item_id": "I1", "site_id": "S1"}


@pytest.fixture
def published(tmp_path: Path) -> Published:
    """Return what five plan dates published: S1 sold six a day, sold out on the last, and counts nothing."""
    tables, knew = Published(tmp_path), terms()
    arrives = {"arrival_date": pd.Timestamp(PLAN_DATE + 2 * DAY)}
    for frame, rows in (
        (TARGETS, knew.targets), (PROTECTION_DEMAND, knew.protection), (PLAN_LINES, rows_of(PLAN_LINES, [arrives])),
        (DIM_SOURCING, rows_of(DIM_SOURCING, [KEY | {"unit_cost": 2.5}])),
    ):  # fmt: skip
        tables.write(frame, rows, PLAN_DATE, "run-0")
    for place in range(5):
        day = PLAN_DATE + place * DAY
        publish_day(tables, day, [PLAN_DATE + past * DAY for past in range(place)])
    return tables


def publish_day(tables: Published, day: dt.date, past: list[dt.date]) -> None:
    stock = KEY | {"plan_date": pd.Timestamp(day), "on_hand_units": 0, "in_transit_units": 0}
    sales = [KEY | {"bucket_start": pd.Timestamp(one), "demand_lower_bound_units": 6} for one in past]
    hidden = {"is_censored": True, "sold_units": 6, "estimated_units": 8.0, "estimated_std_units": 0.0}
    gap = [KEY | hidden | {"bucket_start": pd.Timestamp(one)} for one in past[-1:]]
    known = {"plan_date": pd.Timestamp(day), "as_known": "then"}
    for frame, rows in (
        (FCT_INVENTORY_POSITION, [stock]), (FCT_DEMAND, sales), (DEMAND_ESTIMATE, gap), (FEED_STATE, [known]),
    ):  # fmt: skip
        tables.write(frame, rows_of(frame, rows), day, "run-0")


@pytest.fixture
def orders() -> MemoryOrderStore:
    """Return a ledger with one purchase of ten that Bob agreed to."""
    made = document()
    _, events = lived(made, asked_of(1), agreed("bob#2", made), *sent(made))
    store = MemoryOrderStore()
    store.append([Append(made.order_id, 0, events)])
    return store


def told_on(published: Published, orders: MemoryOrderStore, day: dt.date) -> pd.DataFrame:
    found = regret_of(RegretDay(published, orders, PROFILE, day))
    published.write(REGRET, found, day, "run-0")
    return found


def test_an_outcome_is_told_once_by_the_first_plan_date_that_knows_it(
    published: Published, orders: MemoryOrderStore
) -> None:
    assert told_on(published, orders, OVER - DAY).empty
    (row,) = told_on(published, orders, OVER).to_dict("records")
    assert (row["decision"], row["window_end"].date(), row["demand_low_units"]) == ("approval", OVER, 12.0)
    assert (row["demand_high_units"], row["shortage_low_amount"]) == (14.0, 50.0)
    publish_day(published, OVER + DAY, [PLAN_DATE + past * DAY for past in range(5)])
    assert told_on(published, orders, OVER + DAY).empty


def test_a_site_that_only_its_target_protects_is_told_when_that_is_over(
    published: Published, orders: MemoryOrderStore
) -> None:
    """Its lead time is two days and it is protected for eight: from the arrival that is until day 8."""
    knew = terms()
    by_target = knew.targets.assign(protection_buckets=8, lead_time_mean_days=2.0)
    published.write(TARGETS, by_target, PLAN_DATE, "run-0")
    published.write(PROTECTION_DEMAND, knew.protection.query("site_id == 'S2'"), PLAN_DATE, "run-0")
    days = [PLAN_DATE + place * DAY for place in range(4, 9)]
    for day in days:
        publish_day(published, day, [one.date() for one in pd.date_range(PLAN_DATE, day - DAY)])
    assert [len(told_on(published, orders, day)) for day in days] == [0, 0, 0, 0, 1]


def test_a_date_that_is_planned_again_tells_the_same(published: Published, orders: MemoryOrderStore) -> None:
    first = told_on(published, orders, OVER)
    assert first.equals(told_on(published, orders, OVER))


def test_where_nothing_was_decided_the_ledger_is_empty_and_its_page_says_so(published: Published) -> None:
    found = told_on(published, MemoryOrderStore(), OVER)
    assert found.empty
    page = regret_page(found, ())
    assert page["decided_lines"] == 0
    assert "value_of_decisions" not in page


def test_the_page_grades_kinds_and_reasons_and_names_nobody(published: Published, orders: MemoryOrderStore) -> None:
    page = regret_page(told_on(published, orders, OVER), ())
    by_decision = page["by_decision"]
    assert isinstance(by_decision, pd.DataFrame)
    assert by_decision[["decision", "lines", "borne_out_share"]].to_numpy().tolist() == [["approval", 1, 1.0]]
    assert isinstance(page["value_of_decisions"], bytes)
    assert "bob" not in str(page)


def test_the_page_withholds_the_money_of_a_single_sensitive_item(
    published: Published, orders: MemoryOrderStore
) -> None:
    page = regret_page(told_on(published, orders, OVER), {"I1"})
    assert page["value_low_amount"] is None
    assert "value_of_decisions" not in page
