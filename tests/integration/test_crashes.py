"""Real processes are killed at every step and at any time, and each order is on the other side once."""

import collections
import contextlib
import functools
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from contract.test_order_store import postgres_schema
from integration.crashing import UNITS, book_of, dies_at, in_a_process, work

from assets.orders.checkpoints import CheckpointFile
from assets.orders.confirmations import ConfirmationsTaken
from assets.orders.gateways.filedrop import FileDrop
from assets.orders.gateways.port import Gateway
from assets.orders.gateways.webhook import Webhook
from assets.orders.order import OrderStatus
from assets.orders.sql_store import SqlOrderStore
from assets.orders.store import OrderFilter

ROOT = Path(__file__).parents[2]
COUNTERPART = [sys.executable, "-m", "assets.orders.gateways.counterpart"]
SECRET = "a secret that only tests have"
STEPS, STRIDE = 63, 11
"""Failpoints of a day, about, and how far apart those of two processes are, so that few reach all of it."""
KILLS = [12, pytest.param(260, marks=pytest.mark.slow)]
Opener = Callable[[], Gateway]


@contextlib.contextmanager
def other_side(kind: str, folder: Path) -> Iterator[Opener]:
    """Run the counterpart as a process with a store of its own, and yield how a gateway to it is made."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "EQUIPOISE_WEBHOOK_SECRET": SECRET}
    store = ["--store", str(folder / "counterpart.db")]
    # It makes a second order of whatever comes twice.
    store.append("--naive")
    command = ["serve", *store] if kind == "webhook" else ["watch", *store, "--folder", str(folder / "drop")]
    with subprocess.Popen([*COUNTERPART, *command], env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())
        try:
            yield (lambda: Webhook(told["url"], SECRET)) if kind == "webhook" else (lambda: FileDrop(folder / "drop"))
        finally:
            process.kill()  # what started the tests may have had SIGTERM ignored


def there(folder: Path) -> list[dict[str, object]]:
    """Return the other side's orders, by its own program."""
    command = [*COUNTERPART, "list", "--store", str(folder / "counterpart.db")]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    listed = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return [json.loads(line) for line in listed.stdout.splitlines()]


@contextlib.contextmanager
def ledger(kind: str, folder: Path) -> Iterator[str]:
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'ledger.db'}"
    else:
        with postgres_schema() as url:
            yield url


@pytest.mark.parametrize("kills", KILLS)
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
@pytest.mark.parametrize("gateway", ["filedrop", "webhook"])
def test_of_processes_killed_at_every_step_no_order_is_lost_or_sent_twice(
    gateway: str, database: str, kills: int, tmp_path: Path
) -> None:
    random = np.random.default_rng(kills)
    checkpoints = tmp_path / "checkpoints"
    with ledger(database, tmp_path) as url, other_side(gateway, tmp_path) as opened:
        day = lambda books, step: work(url, checkpoints, opened(), books, step)  # noqa: E731
        deaths, ends = tmp_path / "deaths", collections.Counter[int]()
        for number in range(kills):
            # Every second one at some step, each in its turn, the others at any time.
            step = dies_at(number // 2 * STRIDE % STEPS, deaths) if number % 2 == 0 else dies_at(10**9)
            after = None if number % 2 == 0 else float(random.uniform(0.0, 0.25))
            ends[in_a_process(functools.partial(day, [number], step), after)] += 1
        assert ends.keys() <= {0, -signal.SIGKILL}
        assert ends[0] < kills / 2  # most were killed before they had done their work
        for _ in range(3):
            assert in_a_process(functools.partial(day, range(kills), dies_at(10**9))) == 0
        _require_once_each(url, checkpoints, there(tmp_path), kills)
        report(f"{gateway}, {database}", ends[-signal.SIGKILL], deaths.read_text("utf-8").splitlines())


def _require_once_each(url: str, checkpoints: Path, found: list[dict[str, object]], days: int) -> None:
    wanted = {document.order_id for number in range(days) for document in book_of(number).content}
    assert {order["reference"] for order in found} == wanted  # 0 lost
    assert collections.Counter(order["times_created"] for order in found) == {1: len(wanted)}  # 0 twice
    assert {order["accepted_units"] for order in found} == {UNITS}
    require_known(url, checkpoints, len(wanted))


def require_known(url: str, checkpoints: Path, orders_wanted: int) -> None:
    """Require that the ledger knows every order as acknowledged, has nothing left to send, and is sound."""
    store = SqlOrderStore(url, checkpoints=CheckpointFile(checkpoints), kinds=[ConfirmationsTaken])
    try:
        orders = store.orders()
        assert len(orders) == orders_wanted
        assert {order.status for order in orders} == {OrderStatus.ACKNOWLEDGED}  # 0 stuck
        assert store.orders(OrderFilter(in_outbox=True)) == ()
        assert store.verify().faults == ()
    finally:
        store.close()


def report(what: str, killed: int, deaths: list[str]) -> None:
    """Print how many were killed where."""
    found = collections.Counter(deaths)
    places = [*((f"{count} {place}" for place, count in sorted(found.items()))), f"{killed - len(deaths)} at any time"]
    print(f"\n{what}: {killed} kills ({'; '.join(places)}); 0 lost, 0 twice, 0 stuck")  # noqa: T201
