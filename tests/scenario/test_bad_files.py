"""Faulty files from the sender to the plan: each is one line and a rejected batch, and the last good one is used.

Not here: every variant of a fault up to the raw tables (``integration/test_bad_feeds``).
"""

from pathlib import Path

import pytest
from scenario.faulty_files import SPOILT_DAY, FilesPlanned

from assets.kernel.frames.decisions import DOCUMENTS
from assets.kernel.frames.feeds import FEED_BATCHES
from assets.kernel.frames.marts import DIM_ITEM, DIM_LANE
from assets.kernel.frames.quality import QUARANTINE


def test_files_that_cannot_be_read_are_one_line_each_and_the_others_land(files_planned: FilesPlanned) -> None:
    landed = files_planned.landed
    assert landed.code == 1
    told = {Path(line.split(": ")[0]).name.split(f"_{SPOILT_DAY}")[0]: line for line in landed.err.splitlines()}
    assert set(told) == {"erp_suppliers", "erp_sourcing", "erp_items"}
    assert "the file is empty" in told["erp_suppliers"]
    assert "truncated" in told["erp_sourcing"]
    assert "not UTF-8" in told["erp_items"]
    assert "8 new batches" in landed.out


def test_a_network_with_faulty_files_is_planned_from_the_last_good_ones(files_planned: FilesPlanned) -> None:
    plan = files_planned.planned
    assert (plan.said.code, plan.said.err) == (0, "")
    assert len(plan.table(DOCUMENTS)) > 0
    assert set(plan.table(DIM_ITEM)["item_id"]) == {f"item-{n:04d}" for n in range(1, 21)}
    assert len(plan.table(DIM_LANE)) == 10


@pytest.mark.parametrize(
    ("feed", "reason"),
    [
        ("erp_suppliers", "the file is empty"),
        ("erp_sourcing", "truncated"),
        ("erp_items", "not UTF-8"),
        ("erp_item_site_settings", "schema drift: missing columns review_days"),
        ("tms_lanes", "missing columns mode; unexpected columns vehicle"),
    ],
)
def test_a_file_that_cannot_be_used_is_a_rejected_batch_with_a_reason_and_a_warning(
    files_planned: FilesPlanned, feed: str, reason: str
) -> None:
    batches = files_planned.planned.table(FEED_BATCHES)
    [told] = batches.loc[(batches["feed"] == feed) & (batches["status"] == "rejected"), "reason"]
    assert reason in told
    assert "\n" not in told
    assert files_planned.planned.actions("batch_rejected", feed) == ["warn"]


def test_a_retyped_column_refuses_its_rows_and_says_so_once(files_planned: FilesPlanned) -> None:
    rows = files_planned.planned.table(QUARANTINE)
    moved = rows[rows["feed"] == "wms_stock_movements"]
    assert set(moved["reason"]) == {"moved_units = a dozen is not a finite whole number"}
    assert files_planned.planned.actions("rows_refused", "wms_stock_movements") == ["warn"]
