"""Who asks for dbt gets the one that is awake, or a cold one where none is."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from assets.features import warm_dbt


def test_where_nobody_answers_the_plain_command_runs(tmp_path: Path) -> None:
    plain = tmp_path / "dbt"
    plain.write_text('#!/bin/sh\necho "cold $*"\nexit 3\n')
    plain.chmod(0o755)
    ask = [sys.executable, "-IS", str(Path(warm_dbt.__file__)), "ask", str(tmp_path / "socket")]
    done = subprocess.run([*ask, str(plain), "build", "--quiet"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (3, "cold build --quiet\n")


def asked_of_the_warm_one(command: list[str], folder: Path) -> "subprocess.CompletedProcess[str]":
    project = Path(__file__).parents[3] / "dbt_project"
    environment = {
        **os.environ,
        "EQUIPOISE_WAREHOUSE": str(folder / "warehouse.duckdb"),
        "DBT_TARGET_PATH": str(folder),
        "DBT_PROJECT_DIR": str(project),
        "DBT_PROFILES_DIR": str(project),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    }
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=project, env=environment)


def test_the_one_that_is_awake_answers_with_its_output_and_its_exit_code(tmp_path: Path) -> None:
    with warm_dbt.awake("/bin/false") as command:
        assert wait_for(command)
        done = asked_of_the_warm_one([*command, "ls", "--resource-type", "exposure"], tmp_path)
        wrong = asked_of_the_warm_one([*command, "ls", "--select", "source:no_such_thing", "--no-such-flag"], tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert wrong.returncode == 1


def test_it_ends_with_whoever_started_it() -> None:
    code = (
        "import sys, time\n"
        "from assets.features import warm_dbt\n"
        "with warm_dbt.awake('/bin/false') as command:\n"
        "    print(command[-2], flush=True)\n"
        "    time.sleep(600)\n"
    )
    root = Path(__file__).parents[3]
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, cwd=root) as starter:
        assert starter.stdout is not None
        path = starter.stdout.readline().strip()
        assert wait_for(["", "", "", "", path, ""])
        starter.send_signal(signal.SIGKILL)
    assert not answers_within(path, seconds=30, wanted=False)


def wait_for(command: list[str]) -> bool:
    return answers_within(command[-2], seconds=120, wanted=True)


def answers_within(path: str, seconds: float, wanted: bool) -> bool:
    """Return whether somebody listens at a socket, once that is as wanted or the time is over."""
    end = time.monotonic() + seconds
    while True:
        with socket.socket(socket.AF_UNIX) as probe:
            found = probe.connect_ex(path) == 0
        if found is wanted or time.monotonic() > end:
            return found
        time.sleep(0.05)
