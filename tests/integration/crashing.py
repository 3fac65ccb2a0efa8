"""A process that plans, reserves, issues, sends and listens, and that can be killed at any of its steps."""

import dataclasses
import datetime as dt
import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from unit.orders.order_samples import PLAN_DATE, order_book

from assets.feeds.contract import feed_table
from assets.feeds.landing import LandingArea
from assets.kernel.clock import DeclaredClock
from assets.kernel.network import NetworkProfile
from assets.orders.answers import answer_one
from assets.orders.checkpoints import CheckpointFile
from assets.orders.commitments import land_commitments, land_missing
from assets.orders.confirmations import take_confirmations
from assets.orders.documents import order_id
from assets.orders.events import Channel, OrderBook, Require
from assets.orders.gateways.port import Gateway
from assets.orders.issuing import issue
from assets.orders.order import OrderStatus, certainly_here
from assets.orders.outbox import SendTerms, send_due
from assets.orders.record import record
from assets.orders.reservations import reserve
from assets.orders.sql_store import SqlOrderStore
from assets.orders.store import Append, OrderFilter, StockGuard

NETWORK = "sample"
PROFILE = NetworkProfile(name=NETWORK, first_plan_date=PLAN_DATE, timezone="Europe/Berlin")
COMMITMENTS = feed_table("ledger", "commitments")
NEVER = dt.date(2099, 1, 1)
UNITS = 10
LINES = tuple(("transfer", "I1", "DC1", f"S{number}", UNITS) for number in (1, 2, 3))
AT_ONCE = SendTerms(
    # A lease that has run out when the process is dead, and that nothing is kept from by.
    "host", lease=dt.timedelta(0), call=dt.timedelta(days=-1), batch=2, first_wait=dt.timedelta(0),
    longest_wait=dt.timedelta(0),
)  # fmt: skip
Step = Callable[[str], None]


def book_of(number: int) -> OrderBook:
    """Return the plan of one day: three transfers."""
    day = PLAN_DATE + dt.timedelta(days=number)
    documents = []
    for document in order_book(LINES).content:
        name = order_id(NETWORK, day, document.kind, document.origin_id, document.destination_id, Channel.LIVE)
        documents.append(dataclasses.replace(document, plan_date=day, order_id=name))
    return OrderBook(NETWORK, day, Channel.LIVE, tuple(documents), f"run-{number}")


@dataclasses.dataclass(frozen=True)
class SteppedCheckpoints(CheckpointFile):
    """Says when all of an append is written and its transaction still open, and when its end is about to be noted."""

    step: Step

    def begin(self, position: int, chain_hash: str) -> None:
        self.step("inside a transaction")
        super().begin(position, chain_hash)
        self.step("inside a transaction, end of chain noted")

    def commit(self, position: int, chain_hash: str) -> None:
        self.step("after a commit, end of chain not noted")
        super().commit(position, chain_hash)


class SteppedStore(SqlOrderStore):
    """Says when it is about to commit, and when it has."""

    def __init__(self, url: str, checkpoints: CheckpointFile, step: Step, kinds: Sequence[Any] = ()) -> None:
        super().__init__(url, checkpoints=checkpoints, kinds=kinds)
        self._step = step

    def append(self, appends: Sequence[Append], guard: StockGuard | None = None) -> int:
        self._step("before a commit")
        last = super().append(appends, guard)
        self._step("after a commit")
        return last


class SteppedGateway:
    """Says when it is about to talk, and when it was answered."""

    def __init__(self, inner: Gateway, step: Step) -> None:
        self._inner = inner
        self._step = step

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if name in ("name", "address"):
            return found

        def call(*arguments: Any) -> Any:
            self._step("before a message")
            answer = found(*arguments)
            self._step("after an answer")
            return answer

        return call


def inside_messages(gateway: Any, step: Step) -> None:
    """Have a gateway say when the other side has a message and its reply is not read, or before each file of one.

    For a process that is its own: what listens to its files cannot be taken away again.
    """
    exchange: Any = getattr(gateway, "_exchange", None) or getattr(gateway, "rpc", None)
    if exchange is not None:
        exchange._client.event_hooks = {"response": [lambda _response: step("inside a message")]}
    else:
        sys.addaudithook(lambda name, _told: step("inside a message") if name == "os.rename" else None)


def dies_at(number: int, deaths: Path | None = None) -> Step:
    """Return a step that kills this process when it is reached for the time after ``number``, and notes where."""
    left = number

    def step(name: str) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            if deaths is not None:
                with deaths.open("a", encoding="utf-8") as file:
                    file.write(f"{name}\n")
            os.kill(os.getpid(), signal.SIGKILL)

    return step


def known_orders(landing: LandingArea, number: int) -> set[str]:
    """Return the orders that a day's plan counts as under way."""
    cutoff = PROFILE.calendar.cutoff(PLAN_DATE + dt.timedelta(days=number))
    known = [batch for batch in landing.batches(COMMITMENTS) if batch.available_at <= cutoff]
    return set(pd.read_parquet(landing.directory(known[-1]) / known[-1].files[0])["order_id"]) if known else set()


def require_counted(store: SqlOrderStore, landing: LandingArea, number: int) -> None:
    """Require that a day's plan counts every order of earlier days that may have left, each once."""
    land_missing(store, landing, PROFILE, DeclaredClock(PLAN_DATE + dt.timedelta(days=number)))
    earlier = store.orders(OrderFilter(planned_before=PLAN_DATE + dt.timedelta(days=number)))
    left = {one.order_id for one in earlier if one.delivery is not None and not certainly_here(one)}
    assert known_orders(landing, number) == left


def work(url: str, checkpoints: Path, gateway: Gateway, books: Sequence[int], step: Step) -> None:
    """Do a day's work: plan, approve, reserve, issue, land, send, and listen; also what others left undone."""
    from assets.orders.confirmations import ConfirmationsTaken

    store = SteppedStore(url, SteppedCheckpoints(checkpoints, step), step, [ConfirmationsTaken])
    last = max(books, default=0)
    today = DeclaredClock(PLAN_DATE + dt.timedelta(days=last))
    landing = LandingArea(checkpoints.parent / "landing", today)
    inside_messages(gateway, step)
    require_counted(store, landing, last)
    for number in books:
        record(book_of(number), store)
    for order in store.orders(OrderFilter(network=NETWORK, status=OrderStatus.PROPOSED)):
        answer_one(store, order.order_id, Require(0, (), NEVER))
    guard = StockGuard(NETWORK, {("DC1", "I1"): 10**9})
    approved = store.orders(OrderFilter(network=NETWORK, status=OrderStatus.APPROVED))
    reserve(store, approved, guard, stock_sites={"DC1"}, expires_on=NEVER)
    reserved = store.orders(OrderFilter(network=NETWORK, status=OrderStatus.RESERVED))
    issue(store, reserved, gateway=gateway.address, by="rule", holds=lambda _order: "")
    step("before a landing")
    land_commitments(store, landing, PROFILE, today)
    step("after a landing")
    stepped: Any = SteppedGateway(gateway, step)
    send_due(store, stepped, NETWORK, AT_ONCE, lambda: dt.datetime.now(dt.UTC))
    take_confirmations(store, stepped, NETWORK)
    step("before a landing")
    land_commitments(store, landing, PROFILE, today)
    store.close()


def in_a_process(task: Callable[[], None], kill_after_s: float | None = None) -> int:
    """Run a task in a process of its own, killed after some time if asked; return its exit code, -9 if killed."""
    import time

    child = os.fork()
    if child == 0:
        code = 1
        try:
            task()
            code = 0
        finally:
            os._exit(code)
    if kill_after_s is not None:
        time.sleep(kill_after_s)
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)
