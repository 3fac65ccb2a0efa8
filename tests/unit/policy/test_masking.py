"""No sensitive item is left in anything that is shown to those who may not see it."""

import json
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.policy.masking import Mask, Telling, groups_that_tell, masked, masked_texts
from assets.policy.oversight import MaskingRules

SECRET = {"I1", "SKU-9"}
NAMES = ("I1", "I10", "SKU-9", "SKU-90", "DC1", "S1")
# Numbers of sensitive rows are of seven digits, so that none of them is in a text by chance.
AMOUNTS = st.integers(1_000_000, 9_999_999)
TEXTS = st.lists(
    st.one_of(
        st.sampled_from(NAMES), st.sampled_from(["short of", "-", "→", ",", "(", ")", "_", "."]), AMOUNTS.map(str)
    ),
    max_size=6,
).map(" ".join)
RECORDS = st.recursive(
    st.one_of(st.none(), st.booleans(), AMOUNTS, TEXTS, st.decimals(10**6, 10**7, places=2)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(
            st.one_of(st.sampled_from(NAMES), st.sampled_from(["item_id", "units", "lines"])), inner, max_size=4
        ),
    ),
    max_leaves=12,
)


def left(shown: Any, items: set[str] = SECRET) -> list[str]:
    """Return the sensitive ids that a reader would still find."""
    text = shown if isinstance(shown, str) else json.dumps(shown, default=str, ensure_ascii=False)
    return [item for item in items if re.search(rf"(?<![A-Za-z0-9]){re.escape(item)}(?![A-Za-z0-9])", text)]


def csv_of(frame: pd.DataFrame) -> str:
    return frame.to_csv() + str(list(frame.columns))


@given(RECORDS)
def test_no_sensitive_id_is_left_in_any_record(record: Any) -> None:
    assert left(masked(record, SECRET, may_see=False)) == []


@given(RECORDS)
def test_who_may_see_sees_everything(record: Any) -> None:
    assert masked(record, SECRET, may_see=True) == record


@given(RECORDS)
def test_what_names_no_sensitive_item_stays_as_it_is(record: Any) -> None:
    if not left(record):
        assert masked(record, SECRET, may_see=False) == record


@given(RECORDS)
def test_masking_twice_is_masking_once(record: Any) -> None:
    once = masked(record, SECRET, may_see=False)
    assert masked(once, SECRET, may_see=False) == once


@given(st.lists(st.tuples(st.sampled_from(NAMES), AMOUNTS, TEXTS), max_size=6), st.booleans())
def test_no_sensitive_id_or_number_is_left_in_any_frame(rows: list[tuple[str, int, str]], indexed: bool) -> None:
    frame = pd.DataFrame(rows, columns=["item_id", "quantity_units", "reason"])
    shown = masked(frame.set_index("item_id") if indexed else frame, SECRET, may_see=False)
    assert left(csv_of(shown)) == []
    open_text = csv_of(shown)
    for item, units, reason in rows:
        if item in SECRET and not any(str(units) in str(row) for row in rows if row != (item, units, reason)):
            assert str(units) not in open_text


ALPHABET = st.characters(categories=["L", "N", "P", "S"], exclude_characters="⟨⟩…")
IDS = st.text(ALPHABET, min_size=1, max_size=4)


@given(st.sets(IDS, min_size=1, max_size=4), st.lists(IDS, max_size=4))
def test_no_id_of_any_alphabet_is_left_among_other_words(items: set[str], others: list[str]) -> None:
    told = masked(" ".join([*others, *sorted(items)]), items, may_see=False)
    assert items.isdisjoint(told.split(" "))


def test_an_item_has_the_same_label_in_frame_record_and_text() -> None:
    label = masked("I1", SECRET, may_see=False)
    assert masked({"item_id": "I1"}, SECRET, may_see=False) == {"item_id": label}
    assert masked("S1 runs short of I1", SECRET, may_see=False) == f"S1 runs short of {label}"
    frame = masked(pd.DataFrame({"item_id": ["I1", "I10"]}), SECRET, may_see=False)
    assert list(frame["item_id"]) == [label, "I10"]
    assert label != masked("SKU-9", SECRET, may_see=False)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("S1 lacks 12 of I1 on 2026-01-05", "S1 lacks … of ⟨⟩ on 2026-01-05"),
        ("I1: 10-20 units, +3.5 % for 1,250.00", "⟨⟩: … units, … % for …"),
        ("12kg of I1/DC1 by lane-7", "… of ⟨⟩/DC1 by lane-7"),
        ("T_I1_S1 and I1's 4", "T_⟨⟩_S1 and ⟨⟩'s …"),
        ("I10 lacks 12", "I10 lacks 12"),
    ],
)
def test_numbers_beside_a_sensitive_item_go_and_days_and_names_stay(text: str, shown: str) -> None:
    assert re.sub(r"⟨hidden\d⟩", "⟨⟩", masked(text, SECRET, may_see=False)) == shown


def test_a_row_of_a_sensitive_item_keeps_days_flags_and_sites_and_loses_numbers() -> None:
    frame = pd.DataFrame(
        {
            "item_id": ["I1", "I2"], "site_id": ["S1", "S1"], "units": [5, 6], "amount": [1.5, 2.5],
            "price": [Decimal("1.5"), Decimal("2.5")], "day": pd.to_datetime(["2026-01-05"] * 2), "ok": [True, False],
        }
    )  # fmt: skip
    shown = masked(frame, SECRET, may_see=False)
    assert list(shown.iloc[0])[1:] == ["S1", None, None, None, pd.Timestamp("2026-01-05"), True]
    assert list(shown.iloc[1]) == list(frame.iloc[1])
    assert list(frame["units"]) == [5, 6], "the frame that was handed in stays as it is"


def test_a_frame_with_items_in_its_columns_loses_their_names_and_numbers() -> None:
    frame = pd.DataFrame([[5, 6]], columns=["I1", "I2"], index=["S1"])
    shown = masked(frame, SECRET, may_see=False)
    assert "I1" not in shown.columns
    assert list(shown.iloc[0]) == [None, 6]


def test_a_frame_with_items_in_one_level_of_its_index_keeps_its_levels() -> None:
    index = pd.MultiIndex.from_tuples([("I1", "S1"), ("I2", "S1")], names=["item_id", "site_id"])
    shown = masked(pd.DataFrame({"units": [5, 6]}, index=index), SECRET, may_see=False)
    assert list(shown.index.names) == ["item_id", "site_id"]
    assert list(shown["units"]) == [None, 6]


def test_a_total_over_a_hidden_line_is_hidden_and_the_other_lines_are_not() -> None:
    document = {
        "order_id": "T-1", "value_amount": 30.0,
        "lines": [{"item_id": "I1", "costs": {"holding": 10.0}}, {"item_id": "I2", "value_amount": 20.0}],
    }  # fmt: skip
    shown = masked(document, SECRET, may_see=False)
    assert shown["value_amount"] is None
    assert shown["lines"][0]["costs"] == {"holding": None}
    assert shown["lines"][1] == {"item_id": "I2", "value_amount": 20.0}


def test_dataclasses_and_sets_are_searched() -> None:
    @dataclass(frozen=True)
    class Line:
        item_id: str
        units: int

    assert left(masked({"line": Line("I1", 5), "all": {"I1", "I2"}}, SECRET, may_see=False)) == []
    assert masked([Line("I1", 5)], SECRET, may_see=False)[0]["units"] is None  # type: ignore[index]


def test_numbers_of_other_libraries_are_numbers() -> None:
    shown = masked(
        {"item_id": "I1", "a": np.int64(5), "b": np.float64(1.5), "c": np.bool_(True)}, SECRET, may_see=False
    )
    assert (shown["a"], shown["b"], shown["c"]) == (None, None, np.bool_(True))


def test_a_release_may_leave_the_numbers() -> None:
    rules = MaskingRules(numbers=False)
    assert masked({"item_id": "I1", "units": 5}, SECRET, may_see=False, rules=rules)["units"] == 5
    assert "12" in masked("12 of I1", SECRET, may_see=False, rules=rules)


def test_an_item_that_is_named_like_a_label_is_hidden_as_well() -> None:
    shown = masked("⟨hidden1⟩ and I1", {"⟨hidden1⟩", "I1"}, may_see=False)
    assert shown == "… and …"


def test_items_whose_ids_are_numbers_are_found_among_numbers() -> None:
    frame = masked(pd.DataFrame({"item_id": [101, 102], "units": [5, 6]}), {"101"}, may_see=False)
    assert list(frame["units"]) == [None, 6]
    assert frame["item_id"][0] != 101


def test_what_holds_a_sensitive_item_keeps_its_name_and_loses_its_own_numbers_only() -> None:
    mask = Mask(frozenset({"I1"}), MaskingRules(), closed=frozenset({"T-0a1b2c3d"}))
    order = {"order": "T-0a1b2c3d", "value": 500, "lines": [{"item": "I1", "units": 3}, {"item": "I2", "units": 4}]}
    assert mask.of(order) == {
        "order": "T-0a1b2c3d", "value": None,
        "lines": [{"item": "⟨hidden1⟩", "units": None}, {"item": "I2", "units": 4}],
    }  # fmt: skip
    assert mask.of([{"order": "T-0a1b2c3d", "value": 500}, {"order": "T-99999999", "value": 7}]) == [
        {"order": "T-0a1b2c3d", "value": None}, {"order": "T-99999999", "value": 7},
    ]  # fmt: skip
    assert mask.of("T-0a1b2c3d is worth 500.00") == "T-0a1b2c3d is worth …"
    assert mask.of("T-0a1b2c3d0 is worth 500.00") == "T-0a1b2c3d0 is worth 500.00"


def test_a_sum_tells_where_it_holds_one_sensitive_item_or_is_what_is_left_of_the_total() -> None:
    assert groups_that_tell({"a": ["I1", "I2"], "b": ["I3"]}, ["I1"]) == Telling(frozenset({"a"}), total=True)
    assert groups_that_tell({"a": ["I1"], "b": ["I2"]}, ["I1", "I2"]) == Telling(frozenset({"a", "b"}), total=False)
    assert groups_that_tell({"a": ["I1", "I2"]}, ["I1", "I2"]) == Telling(frozenset(), total=False)
    assert groups_that_tell({}, ["I1"]) == groups_that_tell({"a": ["I1"]}, []) == Telling(frozenset(), total=False)


def test_texts_of_a_record_are_looked_at_one_by_one() -> None:
    told = masked_texts({"id": "77", "message": "I1 has 5", "remedy": "Count 3 shelves", "count": 9}, ["I1"])
    assert told == {"id": "77", "message": "⟨hidden1⟩ has …", "remedy": "Count 3 shelves", "count": 9}
