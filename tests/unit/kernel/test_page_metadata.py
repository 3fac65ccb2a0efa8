"""A pure page becomes what Dagster shows: the same wrapping for every face."""

import dagster as dg
import pandas as pd
import pytest

from assets.kernel.defs import shown, table
from assets.kernel.frames.decisions import TARGETS
from assets.kernel.page import Markdown


def names_of(value: dg.TableMetadataValue) -> list[str]:
    return [column.name for column in value.schema.columns]


@pytest.mark.parametrize("rows", [TARGETS.empty(), []], ids=["frame", "records"])
def test_a_table_without_rows_still_has_columns(rows: pd.DataFrame | list[dict[str, str]]) -> None:
    found = table(rows)
    assert list(found.records) == []
    assert names_of(found) == (list(rows.columns) if isinstance(rows, pd.DataFrame) else ["nothing"])


def test_numbers_of_a_table_stay_numbers_and_what_is_missing_is_empty() -> None:
    rows = pd.DataFrame(
        {
            "units": pd.array([3, None], dtype="Int64"),
            "share": [0.123456, float("nan")],
            "day": [pd.Timestamp("2026-01-05"), pd.NaT],
        }
    )
    found = table(rows)
    assert [record.data for record in found.records] == [
        {"units": 3, "share": 0.1235, "day": "2026-01-05 00:00:00"},
        {"units": None, "share": None, "day": None},
    ]
    assert [column.type for column in found.schema.columns] == ["int", "float", "string"]


def test_records_and_a_frame_of_the_same_rows_show_the_same() -> None:
    records = [{"item": "I1", "units": 2, "late": True}, {"item": "I2", "units": 0, "late": False}]
    assert table(records) == table(pd.DataFrame(records))


def test_plots_and_markdown_are_rendered_and_plain_values_stand_as_they_are() -> None:
    page = shown({"plot": b"png", "text": Markdown("**so**"), "command": "equipoise explain T-1", "lines": 4})
    assert page["plot"] == dg.MetadataValue.md("![plot](data:image/png;base64,cG5n)")
    assert page["text"] == dg.MetadataValue.md("**so**")
    assert (page["command"], page["lines"]) == ("equipoise explain T-1", 4)
