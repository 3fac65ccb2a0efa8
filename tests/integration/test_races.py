"""64 planners, approvers and others want the same stock at once, and no unit of it is promised twice."""

import json
import multiprocessing
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from contract.test_order_store import postgres_schema
from integration.racing import AVAILABLE, EVERYBODY, Replay, prepare, race

from assets.orders.checkpoints import CheckpointFile
from assets.orders.sql_store import SqlOrderStore

SECONDS = [4.0, pytest.param(300.0, marks=pytest.mark.slow)]
PATIENCE_S = 240.0
"""After which whoever has not ended is held to be in a deadlock."""
SAMPLES = 8


@contextmanager
def ledger(kind: str, folder: Path) -> Iterator[Callable[[], SqlOrderStore]]:
    """Yield how a store on one and the same ledger is opened."""
    checkpoints = CheckpointFile(folder / "checkpoints")
    if kind == "sqlite":
        yield lambda: SqlOrderStore(f"sqlite:///{folder / 'ledger.db'}", checkpoints=checkpoints)
    else:
        with postgres_schema() as url:
            yield lambda: SqlOrderStore(url, checkpoints=checkpoints)


def take_part(opened: Callable[[], SqlOrderStore], who: str, gate: Any, stop: Any, folder: Path) -> None:
    """Race with a store of one's own, and leave a note of how it went."""
    store = opened()
    try:
        store.headers()
        gate.wait(PATIENCE_S)
        told: dict[str, Any] = race(store, who, stop)
    finally:
        store.close()
    (folder / f"{who}.json").write_text(json.dumps(told))


@pytest.mark.parametrize("seconds", SECONDS)
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_of_64_that_want_the_same_stock_at_once_nobody_gets_what_another_has(
    database: str, seconds: float, tmp_path: Path
) -> None:
    notes = tmp_path / "notes"
    notes.mkdir()
    kind: Any = threading if database == "sqlite" else multiprocessing.get_context("fork")
    racer_of: Any = kind.Thread if database == "sqlite" else kind.Process
    gate, stop = kind.Barrier(len(EVERYBODY) + 1), kind.Event()
    with ledger(database, tmp_path) as opened:
        first = opened()
        prepare(first)
        first.close()  # nobody inherits its connections
        racers = [racer_of(target=take_part, args=(opened, who, gate, stop, notes), daemon=True) for who in EVERYBODY]
        for racer in racers:
            racer.start()
        gate.wait(PATIENCE_S)
        began = time.monotonic()
        store, replay = opened(), Replay()
        try:
            try:
                _watch(store, replay, began, seconds)
            finally:
                stop.set()
            stopped = time.monotonic()
            for racer in racers:
                racer.join(max(0.0, stopped + PATIENCE_S - time.monotonic()))
            assert [who for who, racer in zip(EVERYBODY, racers, strict=True) if racer.is_alive()] == []
            assert sorted(note.stem for note in notes.iterdir()) == sorted(EVERYBODY)  # all without an error
            _require_sound(store, replay)
        finally:
            store.close()
    told = [json.loads(note.read_text()) for note in notes.iterdir()]
    _report(database, time.monotonic() - began, replay, told)


def _watch(store: SqlOrderStore, replay: Replay, began: float, seconds: float) -> None:
    """Look at the ledger now and then while the others race, until the time is over and there was a race."""
    sample, every = 0, seconds / SAMPLES
    while time.monotonic() < began + seconds or not replay.was_a_race:
        time.sleep(every)
        _catch_up(store, replay)
        sample += 1
        if sample % (SAMPLES // 2) == 0:
            assert store.verify().faults == ()
        assert time.monotonic() < began + seconds + PATIENCE_S, replay.kinds


def _catch_up(store: SqlOrderStore, replay: Replay) -> None:
    while events := store.events(after=replay.position):
        replay.follow(events)
        if len(events) < 1000:
            break


def _require_sound(store: SqlOrderStore, replay: Replay) -> None:
    _catch_up(store, replay)
    assert store.verify().faults == ()
    assert {order.order_id: order for order in store.orders()} == replay.orders


def _report(database: str, seconds: float, replay: Replay, told: list[dict[str, int]]) -> None:
    turns, changes, conflicts = (sum(one[key] for one in told) for key in ("turns", "changes", "conflicts"))
    reserved, refused = replay.asked
    most = ", ".join(f"{replay.most[stock]} of {units} {stock[1]}" for stock, units in AVAILABLE.items())
    print(  # noqa: T201
        f"\n{database}: {len(told)} racers, {seconds:.0f} s, {turns:,} turns, {replay.position:,} events "
        f"({replay.position / seconds:.0f} a second), {changes:,} changes, {conflicts:,} conflicts, "
        f"{reserved:,} reserved, {refused:,} refused; held at most {most}; 0 oversold"
    )
