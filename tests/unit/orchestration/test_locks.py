"""The writer lock names its holder and is free as soon as the holder is gone."""

import subprocess
import sys
from pathlib import Path

import pytest

from assets.kernel.errors import EquipoiseError
from orchestration import locks

ROOT = Path(__file__).parents[3]


def test_a_second_writer_is_told_who_the_first_is(tmp_path: Path) -> None:
    path = tmp_path / locks.WRITER
    with locks.hold(path, "equipoise plan 2025-01-31"):
        with pytest.raises(EquipoiseError, match=r"equipoise plan 2025-01-31 \(process \d+\) is writing"):
            locks.hold(path, "another").__enter__()
        held = locks.holder_of(path)
    assert held is not None
    assert held["holder"] == "equipoise plan 2025-01-31"
    assert locks.holder_of(path) is None


def test_a_killed_holder_frees_the_lock_at_once(tmp_path: Path) -> None:
    path = tmp_path / locks.WRITER
    program = (
        "import sys, time; from pathlib import Path; from orchestration import locks\n"
        f"with locks.hold(Path({str(path)!r}), 'doomed'):\n"
        "    print('held', flush=True); time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == "held"
        assert locks.holder_of(path) is not None
        process.kill()
    with locks.hold(path, "next"):
        pass
