"""`equipoise bench ledger`: seconds and memory of the order ledger, on SQLite and, where one is named, PostgreSQL.

(a) Plans of documents of 20 lines are recorded: appended, chained, projected, synced. In another ledger of a million
events through whole lives of orders: (b) which orders are open, without their lines and whole; (c) all views made
again and (e) the whole ledger verified, each in a process of its own, whose peak of memory is told; (d) events
appended one at a time. Databases are made for it and thrown away.
"""

from __future__ import annotations

import multiprocessing
import resource
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import ledger_lives
import numpy as np
import sqlalchemy as sa
from rich.console import Console

from assets.orders.checkpoints import CheckpointFile
from assets.orders.decide import decide
from assets.orders.events import Propose
from assets.orders.record import record
from assets.orders.sql_store import SqlOrderStore
from assets.orders.store import Append, OrderFilter
from orchestration.cli.console import table

LINES = 20
DOCUMENTS_A_PLAN = 500
OPEN = OrderFilter(network=ledger_lives.NETWORK, going_on=True)
TARGETS = {"sqlite": 20.0, "postgresql": 30.0}
"""Seconds in which 10,000 documents are to be recorded."""


def run(*, documents: int = 10_000, events: int = 1_000_000, postgres: str = "", seed: int = 1) -> dict[str, Any]:
    """Measure each database in turn.

    Parameters
    ----------
    documents, events : int
        Recorded in (a), and in the large ledger.
    postgres : str
        URL of a database in which schemas may be made; empty for SQLite only.
    seed : int
        Of documents and lives.
    """
    found = []
    for name in ("sqlite", *(("postgresql",) if postgres else ())):
        with tempfile.TemporaryDirectory(prefix="ledger-bench-") as folder:
            with scratch_database(name, Path(folder) / "a", postgres) as opened:
                recorded = _recording(opened, documents, seed)
            with scratch_database(name, Path(folder) / "b", postgres) as opened:
                found.append({"database": name, **recorded, **_large(opened, events, seed)})
    return {"seed": seed, "lines_a_document": LINES, "rows": found}


@contextmanager
def scratch_database(name: str, folder: Path, postgres: str) -> Iterator[tuple[str, Path]]:
    """Make an empty database and the place of its checkpoints, thrown away at the end."""
    folder.mkdir()
    if name == "sqlite":
        yield f"sqlite:///{folder / 'ledger.db'}", folder / "ledger.checkpoints"
        return
    schema = f"bench_{uuid.uuid4().hex[:12]}"
    address = sa.make_url(postgres).set(drivername="postgresql+psycopg")
    admin = sa.create_engine(address)
    with admin.begin() as connection:
        connection.execute(sa.schema.CreateSchema(schema))
    try:
        inside = address.set(drivername="postgresql").update_query_dict({"options": f"-csearch_path={schema}"})
        yield inside.render_as_string(hide_password=False), folder / "ledger.checkpoints"
    finally:
        with admin.begin() as connection:
            connection.execute(sa.schema.DropSchema(schema, cascade=True))
        admin.dispose()


def _recording(opened: tuple[str, Path], documents: int, seed: int) -> dict[str, Any]:
    size = min(documents, DOCUMENTS_A_PLAN)
    books = [ledger_lives.book(day, size, LINES, seed) for day in range(documents // size)]
    store = _open(opened)
    store.headers()  # the tables are there before the clock starts
    seconds, _ = _timed(lambda: [record(book, store) for book in books])
    store.close()
    return {"documents": size * len(books), "documents_a_plan": size, "record_seconds": seconds}


def _large(opened: tuple[str, Path], events: int, seed: int) -> dict[str, Any]:
    """Return what is measured in a ledger of many events, which is made first."""
    store = _open(opened)
    store.headers()
    appending = 0.0
    for appends in ledger_lives.lives(events, seed):
        seconds, last = _timed(lambda appends=appends: store.append(appends))
        appending += seconds
    store.close()
    return {"events": last, "append_seconds": appending, **measured(opened, seed)}


def measured(opened: tuple[str, Path], seed: int) -> dict[str, Any]:
    """Return what is measured in a large ledger as it stands."""
    store = _open(opened)
    headers = [_timed(lambda: store.headers(OPEN)) for _ in range(20)]
    whole = [_timed(lambda: store.orders(OPEN)) for _ in range(5)]
    single = _single_appends(store, seed)
    store.close()
    rebuild, verify = _apart(rebuilt, opened), _apart(verified, opened)
    return {
        "open_orders": len(headers[0][1]),
        "open_headers_ms": _spread([1000 * seconds for seconds, _ in headers]),
        "open_whole_ms": _spread([1000 * seconds for seconds, _ in whole]),
        "single_append_ms": _spread(single),
        "rebuild": rebuild,
        "verify": verify,
    }


def _single_appends(store: SqlOrderStore, seed: int, count: int = 200) -> list[float]:
    """Return milliseconds of proposals recorded one at a time."""
    random, found = np.random.default_rng([seed, 2]), []
    for number in range(count):
        document = ledger_lives.document(random, 10_000 + seed % 1_000, number, 5)
        append = Append(document.order_id, 0, decide(None, Propose(document)))
        found.append(1000 * _timed(lambda append=append: store.append([append]))[0])
    return found


def _apart(
    task: Callable[[tuple[str, Path]], tuple[float, str, float, float]], opened: tuple[str, Path]
) -> dict[str, Any]:
    """Run a task in a fresh process, and return its seconds, its answer and the process's peak of memory."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(task, opened).result()


def rebuilt(opened: tuple[str, Path]) -> dict[str, Any]:
    """Make all views again."""
    store = _open(opened)
    return _told(store.rebuild, lambda position: f"up to event {position:,}")


def verified(opened: tuple[str, Path]) -> dict[str, Any]:
    """Verify the whole ledger."""
    store = _open(opened)
    return _told(store.verify, lambda found: f"{found.events:,} events, {len(found.faults)} faults")


def _told(task: Callable[[], Any], said: Callable[[Any], str]) -> dict[str, Any]:
    before, cpu = _peak_mb(), time.process_time()
    seconds, answer = _timed(task)
    return {
        "seconds": seconds,
        "cpu_seconds": time.process_time() - cpu,
        "found": said(answer),
        "memory_before_mb": before,
        "peak_memory_mb": _peak_mb(),
    }


def _open(opened: tuple[str, Path]) -> SqlOrderStore:
    url, checkpoints = opened
    return SqlOrderStore(url, checkpoints=CheckpointFile(checkpoints))


def _timed(task: Callable[[], Any]) -> tuple[float, Any]:
    started = time.perf_counter()
    answer = task()
    return time.perf_counter() - started, answer


def _peak_mb() -> float:
    """Return this process's peak of memory; what getrusage tells of a fresh process is its parent's too."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _spread(values: list[float]) -> dict[str, float]:
    return {"median": float(np.median(values)), "longest": float(max(values))}


def show(console: Console, found: dict[str, Any]) -> None:
    """Print one line a thing measured and database."""
    rows = [line for one in found["rows"] for line in _lines(one)]
    columns = ("database", "what", "measured", "target")
    console.print(table(f"The order ledger, seed {found['seed']}", columns, rows))


def _lines(one: dict[str, Any]) -> list[list[str]]:
    name, many = one["database"], f"{one['events']:,} events"
    recorded = f"{one['documents']:,} documents of {LINES} lines recorded, {one['documents_a_plan']} a plan"
    target = f"{TARGETS[name] * one['documents'] / 10_000:.0f} s"
    apart = lambda key: (  # noqa: E731
        f"{one[key]['seconds']:.1f} s ({one[key]['cpu_seconds']:.1f} of its CPU), "
        f"{one[key]['memory_before_mb']:,.0f} MB before, at most {one[key]['peak_memory_mb']:,.0f}"
    )
    spread = lambda key: f"median {one[key]['median']:.1f} ms, longest {one[key]['longest']:.1f}"  # noqa: E731
    return [
        [name, recorded, f"{one['record_seconds']:.1f} s", target],
        [name, f"{many} appended, a day an append", f"{one['append_seconds']:.1f} s", ""],
        [name, f"{one['open_orders']:,} open orders listed after {many}", spread("open_headers_ms"), "50 ms"],
        [name, "the same with all their lines", spread("open_whole_ms"), ""],
        [name, "one event appended after them", spread("single_append_ms"), ""],
        [name, f"all views made again, {one['rebuild']['found']}", apart("rebuild"), "180 s for a million"],
        [name, f"verified: {one['verify']['found']}", apart("verify"), ""],
    ]
