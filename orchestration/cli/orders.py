"""`equipoise orders`: order documents and their lines.

Not here: making, approving or sending a document.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated

import typer
from rich.console import Console

from assets.kernel.errors import EquipoiseError
from assets.kernel.frames.decisions import DOCUMENTS
from assets.kernel.frames.quality import VERDICTS
from assets.kernel.published import Published
from assets.orders.events import Channel
from assets.orders.order import OrderStatus
from assets.orders.standing import newest_stopped, stopped
from assets.policy.access import Permission
from orchestration.cli.command import PlanDate, command
from orchestration.cli.console import Output, cell, counted, table
from orchestration.cli.documents import documents_of, open_store, remarks
from orchestration.cli.reading import Record, open_network, planned_date


class OrderKind(StrEnum):
    """What a document asks for."""

    TRANSFER = "transfer"
    PURCHASE = "purchase"
    EXPEDITE = "expedite"


@command(needs=Permission.READ_ORDERS)
def orders(
    out: Output,
    date: PlanDate = None,
    status: Annotated[OrderStatus | None, typer.Option(help="Only documents in this state.")] = None,
    channel: Annotated[Channel | None, typer.Option(help="Only documents of this channel.")] = None,
    kind: Annotated[OrderKind | None, typer.Option(help="Only documents of this kind.")] = None,
) -> None:
    """List the order documents of a plan date, the largest expected gain first."""
    home = open_network()
    published, currency = Published(home.published), home.profile.currency
    plan_date = ordered_date(published, date)
    documents = documents_of(open_store(home), home.profile.name, plan_date)
    found = matching(documents, status=status, channel=channel, kind=kind)
    told = remarks(published, plan_date, found)
    if date is None and (newer := newest_stopped(published, plan_date)):
        told.append(newer)
    out.answer(found, lambda console: show(console, found, currency, told))
    if out.json:
        out.say_each(told)


def ordered_date(published: Published, asked: dt.date | None) -> dt.date:
    """Return the date asked for, or the latest one that documents were made for.

    Raises
    ------
    EquipoiseError
        If it has none; where a gate stopped its plan, with the rule.
    """
    judged = asked or max(published.plan_dates(VERDICTS.name), default=None)
    made = published.plan_dates(DOCUMENTS.name)
    why = stopped(published, judged) if judged and judged not in made and (asked or not made) else ""
    if why:
        raise EquipoiseError(why, where="equipoise orders", remedy=f"Then run `equipoise plan --date {judged}`")
    return planned_date(published, DOCUMENTS, asked)


def matching(
    documents: list[Record], *, status: str | None = None, channel: str | None = None, kind: str | None = None
) -> list[Record]:
    """Return the documents that match, the largest expected gain first.

    Documents that a later plan of the date withdrew stand in the ledger as cancelled; they
    are returned only if asked for by status.
    """
    wanted = {"status": status, "channel": channel, "kind": kind}
    kept = [
        document
        for document in documents
        if all(value is None or document[key] == str(value) for key, value in wanted.items())
        and (status is not None or document["status"] != OrderStatus.CANCELLED)
    ]
    return sorted(kept, key=lambda document: (-document["gain"], document["order_id"]))


def show(console: Console, documents: list[Record], currency: str, told: Sequence[str] = ()) -> None:
    """Print documents for people, and beneath them what must be known of them."""
    if documents:
        _show_documents(console, documents, currency)
    else:
        console.print("No order documents match.")
    for line in told:
        console.print(line, markup=False, soft_wrap=True)


def _show_documents(console: Console, documents: list[Record], currency: str) -> None:
    rows = [
        [
            d["order_id"],
            d["kind"],
            d["origin"],
            d["destination"],
            d["channel"],
            d["status"],
            len(d["lines"]),
            sum(line["quantity"] for line in d["lines"]),
            d["value"],
            d["gain"],
        ]
        for d in documents
    ]
    first = documents[0]
    heads = [
        "order",
        "kind",
        "from",
        "to",
        "channel",
        "status",
        "lines",
        "units",
        f"value {currency}",
        f"gain {currency}",
    ]
    console.print(table(f"Orders of {first['plan_date']}", heads, rows))
    value, gain = (sum(d[key] for d in documents) for key in ("value", "gain"))
    console.print(
        f"{counted(documents, 'document')} worth {cell(float(value))} {currency}, expected gain before departures "
        f"{cell(float(gain))} {currency}; channel {', '.join(sorted({d['channel'] for d in documents}))}"
    )
