import datetime as dt
from pathlib import Path

import pytest
from pydantic import ValidationError

from assets.feeds.contract import feed_table
from assets.feeds.envelope import Envelope, batch_available_at, read_envelope, row_available_at
from assets.kernel.calendar import Bucket, PlanCalendar
from assets.kernel.errors import EquipoiseError

NOON = dt.datetime(2024, 4, 3, 12, tzinfo=dt.UTC)


def envelope(**changes: object) -> Envelope:
    fields = {
        "source": "wms",
        "table": "inventory",
        "business_date": dt.date(2024, 4, 2),
        "produced_at": NOON,
        "available_at": NOON,
        "landed_at": NOON,
        "row_count": 3,
        "content_hash": "abc",
        "files": ("part-0000.parquet",),
    }
    return Envelope.model_validate(fields | changes)


def test_an_envelope_reads_back_as_it_was_written(tmp_path: Path) -> None:
    sent = envelope(covers=("S1", "S2"))
    sent.write(tmp_path)
    assert read_envelope(tmp_path) == sent
    assert read_envelope(tmp_path / "envelope.json").batch_id == sent.batch_id


@pytest.mark.parametrize(
    "changes",
    [
        {"source": "erp"},
        {"table": "other"},
        {"business_date": dt.date(2024, 4, 3)},
        {"content_hash": "d"},
        {"edition": 1},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_source_table_business_date_content_and_edition_make_a_batch(changes: dict[str, object]) -> None:
    assert envelope(**changes).batch_id != envelope().batch_id


def test_times_and_counts_do_not_make_another_batch() -> None:
    later = NOON + dt.timedelta(days=3)
    assert envelope(landed_at=later, available_at=later, covers=("S1",)).batch_id == envelope().batch_id


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValidationError, match="time zone"):
        envelope(available_at=NOON.replace(tzinfo=None))


def test_times_are_kept_in_utc() -> None:
    east = dt.timezone(dt.timedelta(hours=5))
    assert envelope(available_at=NOON.astimezone(east)).available_at.tzinfo is dt.UTC


def test_a_damaged_envelope_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "envelope.json").write_text('{"source": "wms"')
    with pytest.raises(EquipoiseError, match="cannot be read") as caught:
        read_envelope(tmp_path)
    assert "\n" not in str(caught.value)


def test_a_batch_is_known_at_the_end_of_its_day_plus_the_lateness() -> None:
    known = batch_available_at(feed_table("wms", "inventory"), dt.date(2024, 7, 1), "Europe/Berlin")
    assert known == dt.datetime(2024, 7, 2, 0, tzinfo=dt.UTC)


def test_a_row_of_a_weekly_network_is_known_at_the_end_of_its_week() -> None:
    weekly = PlanCalendar(Bucket.WEEK, "UTC")
    known = row_available_at(feed_table("demand", "sales"), dt.date(2024, 4, 1), weekly)
    assert known == dt.datetime(2024, 4, 8, 2, tzinfo=dt.UTC)
