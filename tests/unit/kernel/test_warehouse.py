"""The warehouse waits for what a killed run left behind, and no longer than it says."""

import subprocess
import sys
from pathlib import Path

import pytest

from assets.kernel.errors import EquipoiseError
from assets.kernel.warehouse import Warehouse

_HOLDER = """
import duckdb, sys
connection = duckdb.connect(sys.argv[1])
print("held", flush=True)
sys.stdin.read()
"""


def _holder(path: Path) -> "subprocess.Popen[bytes]":
    """Return a process that holds the file until its standard input is closed."""
    command = [sys.executable, "-c", _HOLDER, str(path)]
    holder = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"held\n"
    return holder


def test_a_step_waits_until_the_file_is_free(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "warehouse.duckdb"
    holder = _holder(path)
    waits = []

    def let_go(seconds: float) -> None:
        waits.append(seconds)
        holder.communicate()

    monkeypatch.setattr("assets.kernel.warehouse.time.sleep", let_go)
    with Warehouse(path).connect() as connection:
        assert connection.execute("select 1").fetchone() == (1,)
    assert waits


def test_a_file_that_stays_held_is_an_error_that_names_the_process(tmp_path: Path) -> None:
    path = tmp_path / "warehouse.duckdb"
    holder = _holder(path)
    with pytest.raises(EquipoiseError, match=str(holder.pid)), Warehouse(path, patience_seconds=0).connect():
        pass
    holder.communicate()
