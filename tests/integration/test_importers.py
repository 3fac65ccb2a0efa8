"""The real files, imported whole: totals of units equal the sources' own."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from assets.feeds.importers import favorita, vn2
from assets.feeds.importers.registry import IMPORTERS
from assets.kernel.clock import WallClock
from assets.kernel.home import NetworkHome


def folder_of(data_directory: Path, name: str) -> Path:
    folder = data_directory / name
    if not folder.exists():
        pytest.skip(f"{name} is not in {data_directory}; set EQUIPOISE_BENCH_DATA")
    return folder


def test_vn2_keeps_every_unit_of_its_files(data_directory: Path, tmp_path: Path) -> None:
    folder = folder_of(data_directory, "vn2")
    report = IMPORTERS["vn2"](folder, NetworkHome(tmp_path), WallClock())
    state = pd.read_csv(folder / vn2.STATE_FILE)
    assert report.sold_units == pd.read_csv(folder / vn2.SALES_FILE).iloc[:, 2:].to_numpy().sum()
    assert report.on_hand_units == state["End Inventory"].sum()
    assert report.under_way_units == state[["In Transit W+1", "In Transit W+2"]].to_numpy().sum()
    rows = report.rows_by_table
    assert (rows["erp_sites"], rows["erp_items"], rows["wms_inventory"]) == (68, 297, 599)
    assert rows["demand_sales"] == 599 * 157
    assert rows["tms_lanes"] == 2144 + 67


def test_vn2_keeps_every_flag_of_an_empty_shelf(data_directory: Path, tmp_path: Path) -> None:
    folder, home = folder_of(data_directory, "vn2"), NetworkHome(tmp_path)
    report = IMPORTERS["vn2"](folder, home, WallClock())
    (envelope,) = [e for e in report.envelopes if e.table == "sales"]
    sales = pd.read_parquet(home.landing / "demand" / "sales" / envelope.batch_id / envelope.files[0])
    flags = pd.read_csv(folder / vn2.IN_STOCK_FILE).iloc[:, 2:].to_numpy()
    assert sales["in_stock_share"].sum() == flags.sum()


def test_favorita_keeps_every_unit_of_its_files(data_directory: Path, tmp_path: Path) -> None:
    folder = folder_of(data_directory, "favorita_21_stores")
    report = IMPORTERS["favorita"](folder, NetworkHome(tmp_path), WallClock())
    with np.load(folder / favorita.SALES_FILE) as archive:
        units = archive[archive.files[0]].astype(np.int64)
    assert report.sold_units == units.sum()
    rows = report.rows_by_table
    assert (rows["erp_sites"], rows["erp_items"], rows["tms_lanes"]) == (24, 288, 55)
    assert rows["demand_sales"] == units.size
