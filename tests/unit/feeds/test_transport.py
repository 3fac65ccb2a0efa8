import datetime as dt
from pathlib import Path

import pytest

from assets.feeds.transport import latest_date, open_file
from assets.kernel.errors import EquipoiseError


def written(folder: Path, content: bytes, name: str = "sent.csv") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_csv_is_read_by_the_separator_of_its_header(separator: str, tmp_path: Path) -> None:
    sent = open_file(written(tmp_path, f"a{separator}b\n1{separator}x\n".encode()))
    assert sent.table is not None
    assert sent.table.to_pylist() == [{"a": "1", "b": "x"}]


def test_every_column_of_a_csv_stays_text(tmp_path: Path) -> None:
    sent = open_file(written(tmp_path, b"id,flag,empty\n007,true,\n"))
    assert sent.table is not None
    assert sent.table.to_pylist() == [{"id": "007", "flag": "true", "empty": ""}]


def test_a_byte_order_mark_is_no_part_of_a_name(tmp_path: Path) -> None:
    assert open_file(written(tmp_path, b"\xef\xbb\xbfa,b\n1,2\n")).schema.names == ["a", "b"]


def test_a_quoted_field_may_hold_separators_and_lines(tmp_path: Path) -> None:
    sent = open_file(written(tmp_path, b'a,b\n"x, y\nz",2\n'))
    assert sent.table is not None
    assert sent.table.to_pylist() == [{"a": "x, y\nz", "b": "2"}]


@pytest.mark.parametrize(
    ("name", "content", "what"),
    [
        ("sent.csv", b"", "is empty"),
        ("sent.csv", b"\n\n", "no header"),
        ("sent.csv", "naïve\n1\n".encode("latin-1"), "not UTF-8"),
        ("sent.csv", "a\nnaïve\n".encode("latin-1"), "not UTF-8"),
        ("sent.csv", b"a,A\n1,2\n", "columns a stand twice"),
        ("sent.parquet", b"", "is empty"),
        ("sent.parquet", b"PAR1 and no more", "truncated or damaged"),
        ("sent.xlsx", b"x", "neither CSV nor Parquet"),
    ],
)
def test_a_file_that_cannot_be_read_is_told_in_one_line(name: str, content: bytes, what: str, tmp_path: Path) -> None:
    path = written(tmp_path, content, name)
    with pytest.raises(EquipoiseError, match=what) as caught:
        open_file(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_gone_is_told(tmp_path: Path) -> None:
    with pytest.raises(EquipoiseError, match="missing"):
        open_file(tmp_path / "gone.csv")


def test_the_latest_date_leaves_out_what_is_no_date_or_lies_ahead(tmp_path: Path) -> None:
    sent = open_file(written(tmp_path, b"day\n2024-01-05\n2024-02-30\n2030-01-01\nx\n"))
    assert latest_date(sent, "day", dt.date(2024, 6, 1)) == dt.date(2024, 1, 5)
    assert latest_date(sent, "other", dt.date(2024, 6, 1)) is None
