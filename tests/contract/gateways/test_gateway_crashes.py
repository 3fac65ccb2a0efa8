"""A sender is killed at random times; the other side, a process of its own, has every order once."""

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from contract.gateways.kit_documents import submission

ROOT = Path(__file__).parents[3]
SECRET = "a secret that only tests have"
ENVIRONMENT = os.environ | {
    "SECRET": SECRET,
    "EQUIPOISE_WEBHOOK_SECRET": SECRET,
    "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests"), os.environ.get("PYTHONPATH", "")]),
}
COUNTERPART = [sys.executable, "-m", "assets.orders.gateways.counterpart"]
ORDERS, KILLS, FEWEST_KILLS = 400, 25, 15


@contextmanager
def other_side(kind: str, folder: Path) -> Iterator[str]:
    """Run the other side until the block ends, and return where it is reached."""
    where = ["serve"] if kind == "webhook" else ["watch", "--folder", str(folder / "shared"), "--naive"]
    command = [*COUNTERPART, *where, "--store", str(folder / "counterpart.db")]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, env=ENVIRONMENT, text=True)
    assert process.stdout is not None
    try:
        said = json.loads(process.stdout.readline())
        yield said.get("url") or said["folder"]
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def listed(folder: Path) -> dict[str, int]:
    command = [*COUNTERPART, "list", "--store", str(folder / "counterpart.db")]
    done = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, check=True)
    return {order["reference"]: order["times_created"] for order in map(json.loads, done.stdout.splitlines())}


def killed_at_work(sender: subprocess.Popen[str], journal: Path, delay_s: float) -> bool:
    """Kill a sender shortly after it first writes to its journal; false if it ended before."""
    before = journal.stat().st_size if journal.exists() else 0
    while sender.poll() is None and (not journal.exists() or journal.stat().st_size == before):
        time.sleep(0.001)
    time.sleep(delay_s)
    if sender.poll() is not None:
        return False
    sender.kill()
    sender.communicate()
    return True


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["filedrop", "webhook"])
def test_a_sender_that_is_killed_at_random_times_makes_every_order_once(kind: str, tmp_path: Path) -> None:
    chance = random.Random(5)
    journal = tmp_path / "journal"
    kills = 0
    program = str(ROOT / "tests" / "contract" / "gateways" / "crash_sender.py")
    with other_side(kind, tmp_path) as place:
        command = [sys.executable, program, kind, place, str(journal), str(ORDERS)]
        for _ in range(KILLS):
            sender = subprocess.Popen(command, env=ENVIRONMENT, stderr=subprocess.PIPE, text=True)
            if not killed_at_work(sender, journal, chance.uniform(0, 0.02)):
                complaints = sender.communicate()[1]
                assert sender.returncode == 0, complaints
                break  # a fast machine sends them all before
            kills += 1
        subprocess.run(command, env=ENVIRONMENT, check=True)
        wanted = {submission(f"S{number}").reference: 1 for number in range(ORDERS)}
        until = time.monotonic() + 30
        while len(listed(tmp_path)) < ORDERS and time.monotonic() < until:
            time.sleep(0.1)
        assert listed(tmp_path) == wanted
    assert kills >= FEWEST_KILLS
