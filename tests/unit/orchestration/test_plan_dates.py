"""The plan dates of a network: from its first on, and to its declared date, on whatever day anybody looks."""

import datetime as dt

import pytest

from assets.kernel.calendar import Bucket
from assets.kernel.errors import EquipoiseError
from assets.kernel.network import NetworkProfile
from orchestration.partitions import plan_dates, require_partition

FIRST, LAST = dt.date(2026, 3, 2), dt.date(2026, 3, 30)


def keys(bucket: Bucket, now: dt.date, last: dt.date | None = LAST) -> list[str]:
    profile = NetworkProfile(name="x", first_plan_date=FIRST, declared_date=last, bucket=bucket)
    return list(plan_dates(profile).get_partition_keys(dt.datetime.combine(now, dt.time(12), dt.UTC)))


@pytest.mark.parametrize("now", [dt.date(2026, 3, 3), dt.date(2026, 3, 30), dt.date(2027, 3, 1)])
@pytest.mark.parametrize(("bucket", "count"), [(Bucket.DAY, 29), (Bucket.WEEK, 5)])
def test_a_declared_network_is_planned_to_its_declared_date_before_that_day_comes(
    bucket: Bucket, count: int, now: dt.date
) -> None:
    found = keys(bucket, now)
    assert (len(found), found[0], found[-1]) == (count, "2026-03-02", "2026-03-30")


def test_a_network_on_the_clock_is_planned_to_the_day_that_it_is() -> None:
    assert keys(Bucket.DAY, dt.date(2026, 3, 5), None)[-1] == "2026-03-05"


def test_another_date_is_told_with_those_that_may_be_planned() -> None:
    profile = NetworkProfile(name="x", first_plan_date=FIRST, declared_date=LAST)
    with pytest.raises(EquipoiseError, match="Plan a date from 2026-03-02 to 2026-03-30"):
        require_partition(plan_dates(profile), "2026-03-31", "x")
