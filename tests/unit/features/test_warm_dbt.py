"""Who asks for dbt where none is awake gets a cold one. A warm one answers in tests/integration."""

import subprocess
import sys
from pathlib import Path

from assets.features import warm_dbt


def test_where_nobody_answers_the_plain_command_runs(tmp_path: Path) -> None:
    plain = tmp_path / "dbt"
    plain.write_text('#!/bin/sh\necho "cold $*"\nexit 3\n')
    plain.chmod(0o755)
    ask = [sys.executable, "-IS", str(Path(warm_dbt.__file__)), "ask", str(tmp_path / "socket")]
    done = subprocess.run([*ask, str(plain), "build", "--quiet"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (3, "cold build --quiet\n")
