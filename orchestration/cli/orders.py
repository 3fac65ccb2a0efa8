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
from assets.kernel.telling import Record, counted
from assets.orders.events import Channel
from assets.orders.order import OrderStatus
from assets.orders.standing import newest_stopped, stopped
from assets.policy.access import Permission
from assets.policy.text_mask import HIDDEN
from orchestration.cli.command import PlanDate, command
from orchestration.cli.console import Output, cell, table
from orchestration.cli.documents import documents_of, find_order, open_store, record_of, remarks, remarks_on
from orchestration.cli.order_text import history_of, show_document, total, waiting_for
from orchestration.cli.reading import open_network, planned_date
from orchestration.cli.subject import OrderId


class OrderKind(StrEnum):
    """What a document asks for."""

    TRANSFER = "transfer"
    PURCHASE = "purchase"
    EXPEDITE = "expedite"
    PARAMETERS = "parameters"


@command(needs=Permission.READ_ORDERS)
def orders(
    out: Output,
    date: PlanDate = None,
    status: Annotated[OrderStatus | None, typer.Option(help="Only documents in this state.")] = None,
    channel: Annotated[Channel | None, typer.Option(help="Only documents of this channel.")] = None,
    kind: Annotated[OrderKind | None, typer.Option(help="Only documents of this kind.")] = None,
    order_id: OrderId = None,
) -> None:
    """List the order documents of a plan date, the largest expected gain first; of one, all that happened to it."""
    if order_id is not None:
        show_one(out, order_id)
        return
    home = open_network()
    published, currency = Published(home.published), home.profile.currency
    plan_date = ordered_date(published, date)
    documents = documents_of(open_store(home), home.profile.name, plan_date)
    found = out.shown(matching(documents, status=status, channel=channel, kind=kind))
    told = remarks(published, plan_date, found)
    if date is None and (newer := newest_stopped(published, plan_date)):
        told.append(newer)
    out.answer(found, lambda console: show(console, found, currency, told))
    if out.json:
        out.say_each(told)


def show_one(out: Output, order_id: str) -> None:
    """Answer with one order: its lines, its state, and its history."""
    access = out.access
    order = find_order(access.store, access.network, order_id)
    document = {**record_of(order), "history": history_of(access.store, order.order_id)}
    told = out.shown(document)
    out.answer(told, lambda console: show_document(console, told, access.home.profile.currency))
    out.say_each(remarks_on(Published(access.home.published), document))


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
        [d["order_id"], d["kind"], d["origin"], d["destination"], d["status"], len(d["lines"]),
         total(d["lines"], "quantity"), d["value"], d["gain"], waiting_for(d).partition(":")[0]]
        for d in documents
    ]  # fmt: skip
    heads = ["order", "kind", "from", "to", "status", "lines", "units", f"value {currency}", f"gain {currency}", "why"]
    console.print(table(f"Orders of {documents[0]['plan_date']}", heads, rows))
    value, gain = (total(documents, key) for key in ("value", "gain"))
    console.print(
        f"{counted(documents, 'document')} worth {cell(value) or HIDDEN} {currency}, expected gain before departures "
        f"{cell(gain) or HIDDEN} {currency}; channel {', '.join(sorted({d['channel'] for d in documents}))}",
        markup=False,
    )
