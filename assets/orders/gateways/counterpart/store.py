"""What the other side remembers: its orders, what it said, and which requests it had, in SQLite.

A file of its own, synced on every commit (``synchronous = full``), so that it outlives whatever is killed.
One connection under a lock; several processes may open the same file. Not here: what requests do (``orders``).
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from assets.orders.gateways.counterpart.orders import TheirOrder
from assets.orders.gateways.port import Answer, ReceiptLine

MEMORY = ":memory:"
_TABLES = """
create table if not exists orders (reference text primary key, content text not null);
create table if not exists keys (idempotency_key text primary key, reference text not null, content text not null);
create table if not exists said (
    sequence integer primary key, reference text not null, body text not null, delivered integer not null default 0
);
create table if not exists requests (request_id text primary key, at real not null);
create table if not exists files (name text primary key, fingerprint text not null);
"""


class CounterpartStore:
    """Orders of the other side.

    Parameters
    ----------
    path : str or Path
        The file; ``:memory:`` for one that nobody else sees.
    """

    def __init__(self, path: str | Path = MEMORY) -> None:
        self._lock = threading.RLock()
        self._connection = sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=False)
        self._connection.execute("pragma journal_mode = wal")
        self._connection.execute("pragma synchronous = full")
        self._connection.executescript(_TABLES)

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Do everything within, or nothing of it."""
        with self._lock:
            self._connection.execute("begin immediate")
            try:
                yield
            except BaseException:
                self._connection.execute("rollback")
                raise
            self._connection.execute("commit")

    def order(self, reference: str) -> TheirOrder | None:
        """Return an order, or ``None``."""
        rows = self._read("select content from orders where reference = ?", reference)
        return _order(rows[0][0]) if rows else None

    def orders(self) -> tuple[TheirOrder, ...]:
        """Return all orders by reference."""
        return tuple(_order(row[0]) for row in self._read("select content from orders order by reference"))

    def keep(self, order: TheirOrder) -> None:
        """Write an order as it stands."""
        text = json.dumps(asdict(order), sort_keys=True)
        self._write(
            "insert into orders values (?, ?) on conflict (reference) do update set content = excluded.content",
            order.reference,
            text,
        )

    def next_number(self) -> int:
        """Return the number that the next new order gets."""
        return int(self._read("select coalesce(max(rowid), 0) + 1 from orders")[0][0])

    def content_of_key(self, key: str) -> str | None:
        """Return what was submitted under a key."""
        rows = self._read("select content from keys where idempotency_key = ?", key)
        return rows[0][0] if rows else None

    def keep_key(self, key: str, reference: str, content: str) -> None:
        """Remember what was submitted under a key."""
        self._write("insert or ignore into keys values (?, ?, ?)", key, reference, content)

    def last_sequence(self) -> int:
        """Return the number of the last thing said, or 0."""
        return int(self._read("select coalesce(max(sequence), 0) from said")[0][0])

    def say(self, sequence: int, reference: str, body: str) -> None:
        """Remember something that is to be said."""
        self._write("insert into said (sequence, reference, body) values (?, ?, ?)", sequence, reference, body)

    def said(self, after: int, limit: int) -> tuple[tuple[int, str], ...]:
        """Return sequence and text of what was said after a sequence, oldest first."""
        return tuple(
            self._read("select sequence, body from said where sequence > ? order by sequence limit ?", after, limit)
        )

    def undelivered(self) -> tuple[tuple[int, str, str], ...]:
        """Return sequence, reference and text of what no folder has yet."""
        return tuple(self._read("select sequence, reference, body from said where delivered = 0 order by sequence"))

    def deliver(self, sequence: int, delivered: bool = True) -> None:
        """Note that a folder has it, or that it is to be written again."""
        self._write("update said set delivered = ? where sequence = ?", int(delivered), sequence)

    def admit(self, request_id: str, at: float, forget_before: float) -> bool:
        """Tell whether a request is new, and remember it; older ones than ``forget_before`` are forgotten."""
        with self.transaction():
            self._write("delete from requests where at < ?", forget_before)
            known = self._read("select 1 from requests where request_id = ?", request_id)
            if not known:
                self._write("insert into requests values (?, ?)", request_id, at)
        return not known

    def fingerprint(self, name: str) -> str | None:
        """Return the fingerprint under which a file was read."""
        rows = self._read("select fingerprint from files where name = ?", name)
        return rows[0][0] if rows else None

    def keep_fingerprint(self, name: str, fingerprint: str) -> None:
        """Remember that a file was read."""
        self._write("insert or replace into files values (?, ?)", name, fingerprint)

    def copy_to(self, path: Path) -> None:
        """Write a backup of everything."""
        target = sqlite3.connect(path)
        with self._lock:
            self._connection.backup(target)
        target.close()

    def restore(self, path: Path) -> None:
        """Go back to a backup, forgetting all that came after it."""
        source = sqlite3.connect(path)
        with self._lock:
            source.backup(self._connection)
        source.close()

    def _read(self, statement: str, *values: Any) -> list[Any]:
        with self._lock:
            return self._connection.execute(statement, values).fetchall()

    def _write(self, statement: str, *values: Any) -> None:
        with self._lock:
            self._connection.execute(statement, values)


def _order(text: str) -> TheirOrder:
    content = json.loads(text)
    content["answer"] = Answer(content["answer"])
    content["lines"] = tuple(ReceiptLine(**line) for line in content["lines"])
    content["quantities"] = {int(number): units for number, units in content["quantities"].items()}
    return TheirOrder(**content)
