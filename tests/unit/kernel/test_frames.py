"""Frames conform, refuse and survive the way through Parquet."""

import datetime as dt

import pandas as pd
import pytest

from assets.kernel.errors import EquipoiseError
from assets.kernel.frames.schema import Frame, date, flag, integer, money, text, time

FRAME = Frame(
    "example",
    "One row per site and day.",
    (
        text("site_id", "Site."),
        date("day", "Day."),
        integer("stock_units", "Stock.", nullable=True),
        money("stock_amount", "Its value."),
        flag("is_open", "Whether open."),
        text("remark", "Free text.", nullable=True),
        time("seen_at", "When."),
    ),
    ("site_id", "day"),
)


def rows() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "site_id": ["s2", "s1"],
            "day": [dt.date(2025, 1, 2), dt.date(2025, 1, 1)],
            "stock_units": [None, 3],
            "stock_amount": [0.1 + 0.2, 1],
            "is_open": [True, False],
            "remark": [None, "ok"],
            "seen_at": [dt.datetime(2025, 1, 2, 3), dt.datetime(2025, 1, 1, 3)],
            "extra": [1, 2],
        }
    )


def test_a_frame_conforms_to_its_columns_in_order_sorted_by_key() -> None:
    conformed = FRAME.conform(rows())
    assert list(conformed.columns) == FRAME.names
    assert list(conformed["site_id"]) == ["s1", "s2"]
    assert conformed["stock_amount"].tolist() == [1.0, 0.3]


def test_parquet_types_survive_the_way_there_and_back() -> None:
    conformed = FRAME.conform(rows())
    pd.testing.assert_frame_equal(FRAME.from_arrow(FRAME.to_arrow(rows())), conformed)
    pd.testing.assert_frame_equal(FRAME.from_arrow(FRAME.to_arrow(FRAME.empty())), FRAME.empty())


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda d: d.drop(columns="day"), "missing"),
        (lambda d: d.assign(site_id=None), "nulls"),
        (lambda d: d.assign(site_id="s1", day=dt.date(2025, 1, 1)), "stands twice"),
        (lambda d: d.assign(stock_units="many"), "not integer"),
    ],
)
def test_what_does_not_conform_is_refused_with_its_reason(change, what: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(EquipoiseError, match=what):
        FRAME.conform(change(rows()))


def test_what_conforms_already_comes_back_as_a_copy_of_its_own() -> None:
    given = FRAME.conform(rows())
    kept = given.copy(deep=True)
    again = FRAME.conform(given)
    pd.testing.assert_frame_equal(again, given)
    again.loc[0, ["remark", "stock_amount", "is_open", "seen_at"]] = ["other", 99.0, False, pd.Timestamp("2030-01-01")]
    again.loc[0, "stock_units"] = 77
    pd.testing.assert_frame_equal(given, kept)


def test_a_key_that_is_no_column_is_refused_when_it_is_declared() -> None:
    with pytest.raises(EquipoiseError, match="not columns"):
        Frame("broken", "", (text("a", ""),), ("b",))
