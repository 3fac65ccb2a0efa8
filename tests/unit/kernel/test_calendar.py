"""Buckets, cutoffs and plan dates."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.kernel.calendar import HINDSIGHT, AsKnown, Bucket, PlanCalendar
from assets.kernel.errors import EquipoiseError

WEEKS = PlanCalendar(Bucket.WEEK, "UTC")
DAYS = PlanCalendar(Bucket.DAY, "Europe/Berlin")


def test_the_cutoff_is_early_on_the_plan_date_in_the_networks_time_zone() -> None:
    assert DAYS.cutoff(dt.date(2025, 1, 15)) == dt.datetime(2025, 1, 15, 4, tzinfo=dt.UTC)
    assert DAYS.cutoff(dt.date(2025, 7, 15)) == dt.datetime(2025, 7, 15, 3, tzinfo=dt.UTC)


def test_hindsight_knows_everything() -> None:
    assert DAYS.cutoff(dt.date(2025, 1, 15), AsKnown.NOW) == HINDSIGHT


def test_a_date_inside_a_week_is_no_plan_date_and_the_remedy_names_two_that_are() -> None:
    with pytest.raises(EquipoiseError, match="Plan 2024-04-15 or 2024-04-22"):
        WEEKS.require_plan_date(dt.date(2024, 4, 17))


@given(st.dates(dt.date(2000, 1, 1), dt.date(2100, 1, 1)))
def test_a_bucket_starts_on_or_before_every_day_it_holds(day: dt.date) -> None:
    for calendar in (WEEKS, DAYS):
        start = calendar.start_of_bucket(day)
        assert dt.timedelta() <= day - start < dt.timedelta(days=calendar.bucket.days)
        assert calendar.require_plan_date(start) == start


@given(st.integers(0, 1000))
def test_buckets_cover_the_days_asked_for_and_not_one_more(days: int) -> None:
    for calendar in (WEEKS, DAYS):
        buckets = calendar.buckets_in(days)
        assert buckets * calendar.bucket.days >= days > (buckets - 1) * calendar.bucket.days


def test_an_hour_that_is_none_is_refused() -> None:
    with pytest.raises(EquipoiseError, match="cutoff hour 24"):
        PlanCalendar(Bucket.DAY, "UTC", 24)
