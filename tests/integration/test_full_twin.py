"""The full twin over two days: through the graph, by the functions alone, and killed in the middle."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from assets.twin.full_record import LivedDay, digest_of
from orchestration.settings import Settings
from orchestration.simulation_drill import drill
from orchestration.simulation_run import Played, Request, Speed, WorldKind, played, simulate, world_of

pytestmark = pytest.mark.slow

DAYS = 2
WORLD = world_of(WorldKind.SMALL, 7)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("twin")


@pytest.fixture(scope="module")
def by_graph(home: Path) -> Played:
    return played(Settings(home=home), Request("undisturbed", WORLD, DAYS))


@pytest.fixture(scope="module")
def directly(home: Path) -> Played:
    return played(Settings(home=home), Request("undisturbed", WORLD, DAYS, Speed.DIRECT))


def ordered(lived: LivedDay) -> list[tuple[int, int, int]]:
    """Return what was ordered on a day: lane (or -1 for a purchase), place or source by number, units."""
    orders = lived.day.orders
    moved = zip(orders.lane.tolist(), orders.destination.tolist(), orders.transfer_units.tolist(), strict=True)
    bought = zip(orders.sourcing_row.tolist(), orders.purchase_units.tolist(), strict=True)
    return sorted([*moved, *((-1, row, units) for row, units in bought)])


def test_the_graph_and_the_functions_alone_give_the_same_orders_and_the_same_days(
    by_graph: Played, directly: Played
) -> None:
    assert any(ordered(one) for one in by_graph.ours)
    for one, other in zip(by_graph.ours, directly.ours, strict=True):
        assert ordered(one) == ordered(other)
        assert np.array_equal(one.stock.on_hand, other.stock.on_hand)
        assert np.array_equal(one.stock.due, other.stock.due)


def test_everything_that_was_planned_was_sent_once(by_graph: Played) -> None:
    for one in by_graph.ours:
        assert one.software.planned, one.software.error
        assert one.software.issued == one.software.documents
        assert (one.software.blocked, one.software.in_outbox, one.software.duplicates) == (0, 0, 0)


def test_a_run_that_was_killed_goes_on_and_ends_with_the_digest_of_one_that_was_not(
    by_graph: Played, tmp_path: Path
) -> None:
    command = [
        sys.executable, "-m", "orchestration.cli", "simulate", "undisturbed", "--world", "small", "--days", str(DAYS),
        "--json",
    ]  # fmt: skip
    environment = {**os.environ, "EQUIPOISE_HOME": str(tmp_path)}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        _when(tmp_path, "*/days/*.npz", process)  # the first day is kept
        _when(tmp_path, f"*/published/plan_lines/{by_graph.staged.dates[1]}/*.parquet", process)
        os.kill(process.pid, signal.SIGKILL)
    assert list(tmp_path.rglob("scorecard.*")) == []
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    card = json.loads(done.stdout)
    assert card["digest"] == digest_of(by_graph.ours)
    (kept,) = tmp_path.rglob("scorecard.json")
    assert json.loads(kept.read_text()) == card
    assert len(pd.read_parquet(kept.with_suffix(".parquet"))) == 2


def _when(home: Path, pattern: str, process: Any) -> None:
    while not list((home / "simulations").glob(pattern)):
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.05)


def test_a_gateway_that_is_down_leaves_orders_behind_and_makes_none_twice(home: Path) -> None:
    path = home / "down.yaml"
    path.write_text(
        "name: down\ntitle: Down on the first day\nevents: [{kind: gateway, start: 1, days: 1, fault: down}]\n"
    )
    card = simulate(Settings(home=home), Request(str(path), WORLD, DAYS), beside_undisturbed=False)
    assert card["software"]["duplicates"] == 0
    assert card["software"]["blocked"] > 0
    assert card["software"]["issued"] > 0


def test_a_drill_lives_todays_snapshot_in_a_copy_and_leaves_the_network_as_it_was(home: Path) -> None:
    from orchestration.cli.demo import prepare

    settings = Settings(home=home, network="sample-small")
    network = prepare(settings, seed=7, small=True)
    before = sorted(path for path in network.root.rglob("*") if path.is_file() and "locks" not in path.parts)
    card = drill(settings, "undisturbed", 1)
    assert card["software"]["documents"] > 0
    assert card["software"]["duplicates"] == 0
    after = sorted(path for path in network.root.rglob("*") if path.is_file() and "locks" not in path.parts)
    assert set(after) - set(before) <= {network.ledger, network.ledger_checkpoints}
