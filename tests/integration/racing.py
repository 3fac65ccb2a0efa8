"""Planners, approvers, reservers, issuers and cancellers that all want the same few orders and stock at once.

Not here: starting them, or judging what they did (``test_races``).
"""

import collections
import datetime as dt
import functools
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from unit.orders.order_samples import PLAN_DATE, order_book

from assets.orders.decide import decide
from assets.orders.events import (
    Approve,
    Cancel,
    Command,
    Document,
    Event,
    OrderReserved,
    Propose,
    Require,
    ReservationRefused,
    Withdraw,
)
from assets.orders.evolve import evolve
from assets.orders.issuing import issue
from assets.orders.order import ENDED, Order, OrderStatus, held
from assets.orders.reservations import reserve
from assets.orders.store import Append, OrderFilter, OrderStore, Recorded, Stock, StockGuard, VersionConflict

NETWORK = "sample"
AVAILABLE: dict[Stock, int] = {("DC1", "I1"): 100, ("DC1", "I2"): 60}
DOCUMENTS = 24
THINKING_S = 0.5
"""Between turns on average: with none, 64 threads on two cores mostly wait for each other's interpreter."""
NEVER = dt.date(2099, 1, 1)
GUARD = StockGuard(NETWORK, AVAILABLE)
Turn = Callable[[OrderStore, np.random.Generator, str], int]


@functools.cache
def books() -> tuple[tuple[Document, ...], ...]:
    """Return plans that want all documents, some units of both items each; composed once, they take a while."""
    random = np.random.default_rng(5)
    return tuple(
        order_book(
            [
                ("transfer", item, "DC1", f"S{number}", int(random.integers(3, 20)))
                for number in range(DOCUMENTS)
                for item in ("I1", "I2")
            ]
        ).content
        for _ in range(6)
    )


def plan(store: OrderStore, random: np.random.Generator, who: str) -> int:
    """Propose a document, propose it again with other units, or withdraw it."""
    document = books()[int(random.integers(6))][int(random.integers(DOCUMENTS))]
    stands = {order.order_id: order for order in store.orders(OrderFilter(order_ids=(document.order_id,)))}
    order = stands.get(document.order_id)
    if order is not None and order.status not in ENDED and random.random() < 0.6:
        return 0  # most plans leave what is going on alone
    command: Command = Withdraw("no longer", who) if order and random.random() < 0.4 else Propose(document)
    return _one(store, order, document.order_id, command)


def approve(store: OrderStore, random: np.random.Generator, who: str) -> int:
    """Ask the rules about a proposal, or agree to one that waits for people."""
    waiting = [
        order
        for order in store.orders(OrderFilter(network=NETWORK, status=OrderStatus.PROPOSED))
        if order.approval is None or who not in {consent.by for consent in order.approval.given}
    ]
    if not waiting:
        return 0
    order = waiting[int(random.integers(len(waiting)))]
    command: Command = Approve(who, order.document.content_digest, PLAN_DATE, NEVER)
    if order.approval is None:
        command = Require(int(random.integers(3)), ("value",), NEVER)
    return _one(store, order, order.order_id, command)


def take_stock(store: OrderStore, _random: np.random.Generator, _who: str) -> int:
    """Reserve stock for all that was approved."""
    approved = store.orders(OrderFilter(network=NETWORK, status=OrderStatus.APPROVED))
    told = reserve(store, approved, GUARD, stock_sites={"DC1"}, expires_on=NEVER)
    return len(told.reserved) + len(told.refused)


def send(store: OrderStore, random: np.random.Generator, _who: str) -> int:
    """Put one or two reserved orders into the outbox."""
    ready = store.orders(OrderFilter(network=NETWORK, status=OrderStatus.RESERVED))
    some = [order for order in ready if random.random() < 0.2]
    return len(issue(store, some, gateway="memory", by="rule", holds=lambda _order: "").issued)


def cancel(store: OrderStore, random: np.random.Generator, who: str) -> int:
    """Cancel an order that holds stock, when not much is left."""
    holding = [order for order in store.orders(OrderFilter(network=NETWORK, going_on=True)) if held(order)]
    if len(holding) < 3:
        return 0
    order = holding[int(random.integers(len(holding)))]
    return _one(store, order, order.order_id, Cancel(who, "not needed"))


def prepare(store: OrderStore) -> None:
    """Plan everything once and have it approved by rule, so that there is much to fight for from the start."""
    for document in books()[0]:
        events = decide(None, Propose(document))
        order = evolve(None, events[0])
        store.append([Append(document.order_id, 0, (*events, *decide(order, Require(0, (), NEVER))))])


ROLES: dict[str, tuple[Turn, int]] = {
    "planner": (plan, 20), "approver": (approve, 20), "reserver": (take_stock, 8), "issuer": (send, 8),
    "canceller": (cancel, 8),
}  # fmt: skip
"""What each does at its turn, and how many there are: 64 in all."""
EVERYBODY = [f"{role}-{number}" for role, (_, count) in ROLES.items() for number in range(count)]


def race(store: OrderStore, who: str, stop: Any) -> dict[str, int]:
    """Do one's part until somebody says stop (an event); return the turns, changes and conflicts."""
    turn = ROLES[who.split("-")[0]][0]
    random = np.random.default_rng([EVERYBODY.index(who), 7])
    told: collections.Counter[str] = collections.Counter(turns=0, changes=0, conflicts=0)
    while not stop.is_set():
        told["turns"] += 1
        try:
            told["changes"] += turn(store, random, who)
        except VersionConflict:
            told["conflicts"] += 1
        stop.wait(float(random.uniform(0.0, 2 * THINKING_S)))
    return dict(told)


def _one(store: OrderStore, order: Order | None, order_id: str, command: Command) -> int:
    events = decide(order, command)
    if events:
        store.append([Append(order_id, order.version if order else 0, events)])
    return len(events)


EXPECTED = {"OrderRevised", "OrderWithdrawn", "OrderCancelled", "OrderIssued", "ApprovalGiven"}


@dataclass
class Replay:
    """The ledger's events in sequence, and what they leave: stock is looked at after each single one."""

    position: int = 0
    orders: dict[str, Order] = field(default_factory=dict)
    taken: collections.Counter[Stock] = field(default_factory=collections.Counter)
    most: collections.Counter[Stock] = field(default_factory=collections.Counter)
    kinds: collections.Counter[str] = field(default_factory=collections.Counter)

    def follow(self, events: Iterable[Recorded]) -> None:
        """Go on with further events; a gap, or a unit held twice, is an error."""
        for entry in events:
            assert entry.position == self.position + 1, f"event {entry.position} follows {self.position}"
            self.position = entry.position
            self._take(entry.stream, entry.event)  # type: ignore[arg-type]

    def _take(self, stream: str, event: Event) -> None:
        before = self.orders.get(stream)
        after = self.orders[stream] = evolve(before, event)
        self.kinds[type(event).__name__] += 1
        for order, sign in ((before, -1), (after, 1)):
            for hold in held(order) if order else ():
                self.taken[hold.site_id, hold.item_id] += sign * hold.units
        for stock, units in self.taken.items():
            assert units <= AVAILABLE[stock], f"event {self.position}: {units} of {AVAILABLE[stock]} of {stock} held"
            self.most[stock] = max(self.most[stock], units)

    @property
    def was_a_race(self) -> bool:
        """Whether all that can happen did, and stock was short."""
        reserved, refused = self.asked
        used = any(self.most[stock] > 0.9 * units for stock, units in AVAILABLE.items())
        return used and reserved > 10 and refused > 10 and self.kinds.keys() >= EXPECTED

    @property
    def asked(self) -> tuple[int, int]:
        """Reservations that were made, and that were refused."""
        return self.kinds[OrderReserved.__name__], self.kinds[ReservationRefused.__name__]
