"""What is kept from run to run comes back as it was, and nothing half written is read."""

from __future__ import annotations

import datetime as dt
from dataclasses import fields
from pathlib import Path

import numpy as np
import pandas as pd

from assets.twin.day import Lines
from assets.twin.experiment.kept import Keep, Known

DATE = dt.date(2026, 3, 2)


def _lines(units: list[int]) -> Lines:
    count = len(units)
    return Lines(
        np.arange(count) - 1, np.arange(count), np.array(units, dtype=np.int64), np.full(count, 2),
        np.full(count, 1.5), np.full(count, 0.1),
    )  # fmt: skip


def test_lines_come_back_bucket_by_bucket(tmp_path: Path) -> None:
    keep, lines = Keep(tmp_path / "k"), (_lines([3, 4]), Lines.none(), _lines([1]), Lines.none())
    assert keep.lines("joint") is None
    keep.write_lines("joint", lines)
    back = keep.lines("joint")
    assert len(back) == 4
    for one, other in zip(lines, back, strict=True):
        assert all(getattr(one, f.name).tolist() == getattr(other, f.name).tolist() for f in fields(Lines))
        assert other.units.dtype == np.int64


def test_what_is_known_is_read_only_when_all_of_it_is_there(tmp_path: Path) -> None:
    keep, table = Keep(tmp_path / "k"), pd.DataFrame({"a": [1], "when": [pd.Timestamp(DATE)]})
    assert keep.read(DATE) is None
    keep.write(DATE, Known(table, table, table))
    pd.testing.assert_frame_equal(keep.read(DATE).targets, table)
    next(keep.folder.glob("*protection*")).unlink()
    assert keep.read(DATE) is None


def test_another_release_or_network_is_kept_elsewhere(tmp_path: Path) -> None:
    assert Keep.of(tmp_path, ["a"]).folder != Keep.of(tmp_path, ["b"]).folder
    assert Keep.of(tmp_path, ["a"]).folder == Keep.of(tmp_path, ["a"]).folder
