"""Orders through their whole life, as the ledger would have recorded them, for ``ledger``.

Each day brings documents of mixed size; they are approved by rule or by a person, reserved, issued, sent and
answered the same day, shipped, and received and closed on the days after it. Some are withdrawn, rejected or
cancelled. All events come from ``decide``. Not here: what is measured.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from assets.orders.decide import decide
from assets.orders.documents import order_id
from assets.orders.events import (
    Approve,
    BeginSend,
    Cancel,
    Channel,
    Close,
    Command,
    Confirm,
    Document,
    Errand,
    Event,
    Hold,
    Issue,
    OrderBook,
    OrderLine,
    Propose,
    Provenance,
    Reject,
    Require,
    Reserve,
    Withdraw,
)
from assets.orders.evolve import evolve
from assets.orders.order import Order
from assets.orders.receipts import Answer, Receipt, ReceiptLine
from assets.orders.store import Append

NETWORK = "bench"
FIRST_DAY = dt.date(2024, 1, 1)
DOCUMENTS_A_DAY = 500
STEPS_A_DAY = 10
_FAR = dt.timedelta(days=30)


@dataclass
class Life:
    """An order, and what is still to happen to it: commands by day and step of the day, earliest first."""

    order: Order | None
    later: list[tuple[int, Command]]


def book(day: int, documents: int, lines: int, seed: int) -> OrderBook:
    """Return a plan of so many documents of so many lines each."""
    random = np.random.default_rng([seed, day])
    content = sorted((document(random, day, number, lines) for number in range(documents)), key=lambda d: d.order_id)
    return OrderBook(NETWORK, _date(day), Channel.LIVE, tuple(content), f"run-{day}")


def lives(events: int, seed: int, documents_a_day: int = DOCUMENTS_A_DAY) -> Iterator[list[Append]]:
    """Yield what each day appends until there are so many events; orders stay as the last day leaves them."""
    random = np.random.default_rng(seed)
    going: list[Life] = []
    day = made = 0
    while made < events:
        sizes = np.clip(random.geometric(1 / 5, documents_a_day), 1, 60)
        going += [_born(random, day, number, int(size)) for number, size in enumerate(sizes)]
        steps = range(day * STEPS_A_DAY, (day + 1) * STEPS_A_DAY)
        appends = [one for step in steps for life in going if (one := _advanced(life, step))]
        yield appends
        made += sum(len(one.events) for one in appends)
        going = [life for life in going if life.later]
        day += 1


def document(random: np.random.Generator, day: int, number: int, lines: int) -> Document:
    """Return a document of a day's plan; its number tells origin and destination."""
    date, origin, destination = _date(day), f"DC{number % 10}", f"S{number // 10:04}"
    name = order_id(NETWORK, date, "transfer", origin, destination, Channel.LIVE)
    items = random.choice(20_000, lines, replace=False).tolist()
    units = random.integers(1, 200, lines).tolist()
    return Document(
        name, NETWORK, date, Channel.LIVE, "transfer", origin, destination,
        f"{destination} runs short of {lines} items", random.bytes(32).hex(),
        tuple(_line(place, *one, date) for place, one in enumerate(zip(items, units, strict=True), 1)),
        Provenance(
            "a" * 32, "standard@0123456789ab", f"model-{day // 30}", "features-1",
            tuple(f"batch-{feed}-{day:05}" for feed in range(8)), f"run-{day}",
        ),
    )  # fmt: skip


def _line(number: int, item: int, units: int, date: dt.date) -> OrderLine:
    value = Decimal(units * (100 + item % 900)) / 100
    return OrderLine(
        number, f"I{item:05}", "truck", units, date, date + dt.timedelta(days=2), value, Decimal("1.25"),
        value / 10, f"expected stock-out of I{item:05} in 3 days", "order_multiple",
    )  # fmt: skip


def _born(random: np.random.Generator, day: int, number: int, lines: int) -> Life:
    """Return an order that is about to be proposed, with all that will happen to it."""
    wanted = document(random, day, number, lines)
    fate, people = float(random.random()), int(random.random() < 0.3)
    today = _day_of(wanted, day * STEPS_A_DAY, people)
    transit, settled = int(random.integers(1, 3)), int(random.integers(0, 2))
    if fate < 0.04:
        return Life(None, [*today[:2], (today[1][0] + 1, Withdraw("a later plan does not contain it", f"run-{day}b"))])
    if fate < 0.08:
        return Life(None, [*today[:2], (today[1][0] + 1, Reject("ann", "local knowledge"))])
    if fate < 0.10:
        return Life(None, [*today[:3], (today[2][0] + 1, Cancel("bo", "not needed"))])
    arrives = (day + transit) * STEPS_A_DAY
    later: list[tuple[int, Command]] = [
        (arrives, Confirm(_receipt(wanted, shipped=True, received=True), f"m{number}-2")),
        (arrives + settled * STEPS_A_DAY + 1, Close("shown by the feed")),
    ]
    return Life(None, [*today, (today[-1][0] + 1, Confirm(_receipt(wanted, shipped=True), f"m{number}-1")), *later])


def _day_of(wanted: Document, start: int, people: int) -> list[tuple[int, Command]]:
    """Return the way of a document from its plan to the other side, a step each."""
    date, until = wanted.plan_date, wanted.plan_date + _FAR
    lease = dt.datetime.combine(date, dt.time(6), dt.UTC)
    holds = tuple(Hold(wanted.origin_id, line.item_id, line.quantity_units) for line in wanted.lines)
    commands: tuple[Command, ...] = (
        Propose(wanted),
        Require(people, ("value",) if people else (), until, "worth more than 1,000" if people else ""),
        *((Approve("ann", wanted.content_digest, date, until),) if people else ()),
        Reserve(tuple(sorted(holds, key=lambda hold: hold.item_id)), until),
        Issue("rule", "filedrop", f"{wanted.order_id}/1"),
        BeginSend(Errand.SUBMIT, "host-1", lease),
        Confirm(_receipt(wanted), "submit"),
    )
    return [(start + step, command) for step, command in enumerate(commands)]


def _receipt(wanted: Document, *, shipped: bool = False, received: bool = False) -> Receipt:
    lines = tuple(
        ReceiptLine(line.line_number, units, units * shipped, units * received)
        for line in wanted.lines
        for units in (line.quantity_units,)
    )
    return Receipt(wanted.order_id, 1, Answer.ACCEPTED, lines, f"X{wanted.order_id[2:]}")


def _advanced(life: Life, moment: int) -> Append | None:
    """Carry out what is due, and return what it leads to."""
    events: list[Event] = []
    expected = life.order.version if life.order else 0
    while life.later and life.later[0][0] <= moment:
        for event in decide(life.order, life.later.pop(0)[1]):
            life.order = evolve(life.order, event)
            events.append(event)
    return Append(life.order.order_id, expected, tuple(events)) if events and life.order else None


def _date(day: int) -> dt.date:
    return FIRST_DAY + dt.timedelta(days=day)
