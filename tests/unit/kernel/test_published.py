"""Published tables: immutable, digested, and followed by a pointer."""

import datetime as dt
from pathlib import Path

import pandas as pd
import pyarrow.compute as pc
import pytest

from assets.kernel.errors import EquipoiseError
from assets.kernel.frames.schema import Column, Frame, integer, text
from assets.kernel.published import Published

FRAME = Frame("stock", "One row per site.", (text("site_id", "Site."), integer("units", "Stock.")), ("site_id",))
DAY = dt.date(2025, 1, 1)


def stock(*units: int) -> pd.DataFrame:
    return pd.DataFrame({"site_id": [f"s{i}" for i in range(len(units))], "units": units})


def test_the_pointer_follows_the_latest_run_and_the_former_file_stays(tmp_path: Path) -> None:
    published = Published(tmp_path)
    first = published.write(FRAME, stock(1), DAY, "run1")
    published.write(FRAME, stock(2), DAY, "run2")
    assert published.read(FRAME, DAY)["units"].tolist() == [2]
    assert (tmp_path / first.path).exists()


def test_equal_rows_in_any_order_have_an_equal_digest(tmp_path: Path) -> None:
    published = Published(tmp_path)
    one = published.write(FRAME, stock(1, 2), DAY, "run1")
    two = published.write(FRAME, stock(1, 2).iloc[::-1], DAY, "run2")
    other = published.write(FRAME, stock(1, 3), DAY, "run3")
    assert one.digest == two.digest != other.digest


def test_what_was_never_published_is_a_one_line_error_with_the_command(tmp_path: Path) -> None:
    with pytest.raises(EquipoiseError, match="equipoise plan --date 2025-01-01"):
        Published(tmp_path).read(FRAME, DAY)


@pytest.mark.parametrize("units", [text("units", "Stock."), integer("on_hand_units", "Stock.")])
def test_a_table_of_another_version_is_a_one_line_error_with_the_command(tmp_path: Path, units: Column) -> None:
    earlier = Frame("stock", FRAME.grain, (FRAME.columns[0], units), FRAME.key)
    published = Published(tmp_path)
    published.write(earlier, pd.DataFrame({"site_id": ["s0"], units.name: ["1"]}), DAY, "run")
    words = r"table stock of 2025-01-01: it was made by another version.*equipoise plan --date 2025-01-01"
    with pytest.raises(EquipoiseError, match=words):
        published.read(FRAME, DAY)
    with pytest.raises(EquipoiseError, match=words):
        published.of_run(FRAME, DAY, "run")


def test_the_runs_of_a_date_are_listed_the_latest_first(tmp_path: Path) -> None:
    published = Published(tmp_path)
    for run_id in ("b", "c", "a", "c"):
        published.write(FRAME, stock(1), DAY, run_id)
    assert published.run_ids("stock", DAY) == ["c", "a", "b"]
    assert published.run_ids("other", DAY) == []


def test_plan_dates_are_listed_in_order(tmp_path: Path) -> None:
    published = Published(tmp_path)
    for day in (DAY + dt.timedelta(days=1), DAY):
        published.write(FRAME, stock(1), day, "run")
    assert published.plan_dates("stock") == [DAY, DAY + dt.timedelta(days=1)]


def test_a_part_of_a_table_is_read_without_the_rest(tmp_path: Path) -> None:
    published = Published(tmp_path)
    assert published.part(FRAME, DAY, ["units"]) is None
    published.write(FRAME, stock(1, 2, 3), DAY, "run1")
    published.write(FRAME, stock(4), DAY, "run2")
    found = published.part(FRAME, DAY, ["units"], run_id="run1", where=pc.field("site_id") > "s0")
    assert found is not None
    assert found.to_dict("list") == {"units": [2, 3]}
    latest = published.part(FRAME, DAY, ["units"])
    assert latest is not None
    assert latest["units"].tolist() == [4]
    wider = Frame("stock", FRAME.grain, (*FRAME.columns, integer("on_hand_units", "Stock.")))
    assert published.part(wider, DAY, ["on_hand_units"]) is None
