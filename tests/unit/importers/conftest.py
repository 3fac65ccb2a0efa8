"""Tiny copies of the published files: the same columns, hardly any rows."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from assets.feeds.contract import feed_table
from assets.feeds.importers import favorita, vn2
from assets.feeds.importers.report import ImportReport
from assets.feeds.landing import LandingArea
from assets.kernel.clock import WallClock
from assets.kernel.home import NetworkHome

SERIES = {"Store": [0, 0, 7], "Product": [12, 126, 126]}
WEEKS = ["2024-03-25", "2024-04-01", "2024-04-08"]


@pytest.fixture
def vn2_files(tmp_path: Path) -> Path:
    folder = tmp_path / "vn2"
    folder.mkdir()
    key = pd.DataFrame(SERIES)
    sales = np.array([[0.0, 2.0, 1.0], [3.0, 0.0, 4.0], [5.0, 6.0, 0.0]])
    flags = np.array([[True, True, True], [True, False, True], [True, True, False]])
    key.join(pd.DataFrame(sales, columns=WEEKS)).to_csv(folder / vn2.SALES_FILE, index=False)
    key.join(pd.DataFrame(flags, columns=WEEKS)).to_csv(folder / vn2.IN_STOCK_FILE, index=False)
    key.assign(ProductGroup=301202, Department=30, StoreFormat=[1, 1, 2]).to_csv(folder / vn2.MASTER_FILE, index=False)
    state = {"End Inventory": [3, 0, 8], "In Transit W+1": [0, 2, 0], "In Transit W+2": [1, 4, 0]}
    key.assign(**state).to_csv(folder / vn2.STATE_FILE, index=False)
    return folder


@pytest.fixture
def favorita_files(tmp_path: Path) -> Path:
    folder = tmp_path / "favorita"
    folder.mkdir()
    units = np.zeros((2, 2, 20), dtype=np.float32)
    units[0, 0], units[0, 1], units[1, 0, -1] = 10, 4, -3
    np.savez(folder / favorita.SALES_FILE, units)
    dates = pd.date_range("2013-01-01", periods=60, freq="7D").strftime("%Y-%m-%d")
    calendar = pd.DataFrame({"date": dates, "christmas": 0, "earthquake": 0})
    calendar.loc[51, "christmas"] = 1
    calendar.loc[55, "earthquake"] = 1
    calendar.to_csv(folder / favorita.CALENDAR_FILE, index=False)
    pd.DataFrame({"warehouse": [0, 0, 1], "store": [0, 1, 0], "lead_time_weeks": [6, 5, 1]}).to_csv(
        folder / favorita.LANES_FILE, index=False
    )
    pd.DataFrame(
        {
            "warehouse": [0, 1],
            "supplier_lead_time_weeks": 3,
            "holding_cost_per_unit_week": [0.3, 0.4],
            "purchase_cost_per_unit": [0.5, 1.5],
        }
    ).to_csv(folder / favorita.WAREHOUSES_FILE, index=False)
    return folder


@pytest.fixture
def home(tmp_path: Path) -> NetworkHome:
    return NetworkHome(tmp_path / "home")


@pytest.fixture
def landed(home: NetworkHome) -> Callable[[ImportReport, str], pd.DataFrame]:
    """Return a function from a report and a raw table's name to the rows that landed."""

    def read(report: ImportReport, name: str) -> pd.DataFrame:
        area = LandingArea(home.landing, WallClock())
        (envelope,) = [e for e in report.envelopes if f"{e.source}_{e.table}" == name]
        data = pd.read_parquet(area.directory(envelope) / envelope.files[0])
        return feed_table(envelope.source, envelope.table).frame.conform(data)

    return read
