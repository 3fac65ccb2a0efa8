"""Orders with their events, and what is known of a few days, for the tests of the regret ledger."""

import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal

import numpy as np
import pandas as pd
from unit.orders.order_samples import PLAN_DATE, order_book, rows_of

from assets.kernel.calendar import Bucket, PlanCalendar
from assets.kernel.frames.decisions import PROTECTION_DEMAND, TARGETS
from assets.monitoring.regret.hindsight import Hindsight
from assets.monitoring.regret.windows import PlanTerms
from assets.orders.decide import decide
from assets.orders.events import (
    Approve,
    BeginSend,
    Command,
    Confirm,
    Document,
    Errand,
    Issue,
    LedgerEvent,
    Propose,
    Require,
    Reserve,
)
from assets.orders.evolve import evolve_all
from assets.orders.order import Order
from assets.orders.receipts import Answer, Receipt, ReceiptLine

DAY = dt.timedelta(days=1)
CALENDAR = PlanCalendar(Bucket.DAY, "UTC")
PURCHASE_OF_TEN = (("purchase", "I1", "SUP", "S1", 10),)
TRANSFER_OF_TEN = (("transfer", "I1", "S2", "S1", 10),)
SENT_ON = dt.datetime(2026, 1, 5, 8, tzinfo=dt.UTC)


def document(lines: Sequence[tuple[str, str, str, str, int]] = PURCHASE_OF_TEN, freight: str = "0") -> Document:
    """Return one document, whose lines arrive on the third day and cost a stated freight each."""
    (made,) = order_book(lines).content
    priced = tuple(dataclasses.replace(line, transport_amount=Decimal(freight)) for line in made.lines)
    return dataclasses.replace(made, lines=priced)


def having_units(made: Document, units: int) -> Document:
    """Return a document with other units in its only line, priced alike."""
    (line,) = made.lines
    changed = dataclasses.replace(
        line, quantity_units=units, value_amount=line.value_amount / line.quantity_units * units
    )
    return dataclasses.replace(made, lines=(changed,), content_digest=f"units-{units}")


def lived(made: Document, *commands: Command) -> tuple[Order, tuple[LedgerEvent, ...]]:
    """Return an order after some commands, and its events."""
    events: list[LedgerEvent] = list(decide(None, Propose(made)))
    for command in commands:
        events += decide(evolve_all(None, events), command)  # type: ignore[arg-type]
    order = evolve_all(None, events)  # type: ignore[arg-type]
    assert order is not None
    return order, tuple(events)


def asked_of(approvers: int) -> Require:
    """Return the word of the rules."""
    return Require(approvers, ("value",) if approvers else (), PLAN_DATE + DAY)


def agreed(by: str, made: Document) -> Approve:
    """Return somebody's yes to a document."""
    return Approve(by, made.content_digest, PLAN_DATE, PLAN_DATE + DAY)


def sent(made: Document, revision: int = 1, received: int | None = None) -> tuple[Command, ...]:
    """Return the commands by which the other side has a document, and all of it or so much of it arrived."""
    lines = tuple(
        ReceiptLine(line.line_number, line.quantity_units, *(() if received is None else (received, received)))
        for line in made.lines
    )
    receipt = Receipt(made.order_id, revision, Answer.ACCEPTED, lines)
    return (
        Reserve((), PLAN_DATE + DAY),
        Issue("rules", "filedrop", "key"),
        BeginSend(Errand.SUBMIT, "host", SENT_ON),
        Confirm(receipt, "submit"),
    )


def terms(
    sites: Mapping[str, str] = {"S1": "SUP", "S2": "SUP"}, shortage: float = 5.0, holding: float = 0.5, last: int = 3
) -> PlanTerms:
    """Return what a plan knew: each site's source, one pair of prices, protection from bucket 2 to ``last``."""
    keys = [{"item_id": "I1", "site_id": site, "source_id": source} for site, source in sites.items()]
    prices = {"shortage_cost_per_unit": shortage, "holding_cost_per_unit_bucket": holding, "protection_buckets": 4}
    protection = [key | {"first_bucket": 2, "last_bucket": last} for key in keys]
    return PlanTerms(
        PLAN_DATE, rows_of(TARGETS, [key | prices for key in keys]), rows_of(PROTECTION_DEMAND, protection),
        {("I1", "S1"): 2.5},
    )  # fmt: skip


def known(
    demand: Mapping[str, Sequence[float]],
    left: Mapping[str, float],
    hidden: Mapping[str, Sequence[float]] | None = None,
    end: dt.date = PLAN_DATE + 4 * DAY,
) -> Hindsight:
    """Return demand of I1 by site from the plan date on, what stock-outs may have hidden, and stock at the end."""
    sites = sorted(demand)
    low = np.array([demand[site] for site in sites], dtype=float)
    more = np.array([(hidden or {}).get(site, [0.0] * low.shape[1]) for site in sites])
    starts = tuple(PLAN_DATE + place * DAY for place in range(low.shape[1]))
    stock = {("I1", site): (float(units), 0.0) for site, units in left.items()}
    places = {("I1", site): row for row, site in enumerate(sites)}
    return Hindsight(starts, places, low, low + more, {end: stock})


def counts_until(day: dt.date) -> list[dt.date]:
    """Return the plan dates from the first to one."""
    return [one.date() for one in pd.date_range(PLAN_DATE, day)]
