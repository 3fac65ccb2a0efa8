"""A dbt that is asked while a killed run still holds the warehouse waits for it, and no longer than it must."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import duckdb

from assets.features import warm_dbt

HOLDER = "import duckdb, sys, time; held = duckdb.connect(sys.argv[1]); print('held', flush=True); time.sleep(1.0)"


def test_a_build_waits_until_whoever_holds_the_warehouse_lets_go(tmp_path: Path) -> None:
    path = tmp_path / "warehouse.duckdb"
    duckdb.connect(str(path)).close()
    with subprocess.Popen([sys.executable, "-c", HOLDER, str(path)], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        warm_dbt._wait_for_the_warehouse(str(path))
        duckdb.connect(str(path)).close()
    assert holder.returncode == 0


def test_nothing_is_waited_for_where_there_is_no_warehouse(tmp_path: Path) -> None:
    began = time.monotonic()
    warm_dbt._wait_for_the_warehouse(str(tmp_path / "none.duckdb"))
    warm_dbt._wait_for_the_warehouse("")
    assert time.monotonic() - began < warm_dbt._GRACE_SECONDS
