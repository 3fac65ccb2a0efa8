"""One order in words: its lines, who has to approve it, its way to the other side, and all that happened to it.

Records may have lost numbers that their reader may not see. Not here: what an order is (``assets.orders``).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from typing import Any

from rich.console import Console
from rich.text import Text

from assets.kernel.telling import Record, counted
from assets.orders.events import PARAMETERS, Document, OrderProposed, OrderRevised, SendBegun, SendEnded
from assets.orders.receipts import Receipt
from assets.orders.store import OrderStore, Recorded
from assets.policy.text_mask import HIDDEN
from orchestration.cli.console import cell, table

_SIGNED = ("by", "run_id")
_UNTOLD = {"order_id", *_SIGNED}


def history_of(store: OrderStore, order_id: str) -> list[Record]:
    """Return what happened to an order, a record an event: position, when, what, who and with what."""
    return [_told(entry) for entry in store.history(order_id)]


def total(records: Iterable[Record], key: str) -> float | None:
    """Return a sum over records; ``None`` where a part is hidden, which the sum would tell.

    >>> total([{"value": 1}, {"value": 2.5}], "value"), total([{"value": 1}, {"value": None}], "value")
    (3.5, None)
    """
    parts = [record[key] for record in records]
    return None if any(part is None for part in parts) else sum(parts)


def waiting_for(document: Record) -> str:
    """Return why an order stands where it does: whom a proposal waits for, or the last reason."""
    approval = document["approval"]
    if document["status"] != "proposed":
        return str(document["status_reason"])
    if approval is None:
        return "its rules were not asked yet"
    given = [consent["by"] for consent in approval["given"]]
    told = f"{len(given)} of {approval['approvers']} approved" + (f" ({', '.join(given)})" if given else "")
    return f"{told}: {approval['why']}"


def show_document(console: Console, document: Record, currency: str) -> None:
    """Print an order with its lines, state and history for people."""
    show_content(console, document, currency)
    delivery, receipt = document["delivery"], document["receipt"]
    if delivery:
        tried = f"{cell(delivery['attempts']) or HIDDEN} attempts"
        console.print(f"Sent by {delivery['gateway']}, {tried}. {delivery['detail']}".rstrip(), markup=False)
    if receipt:
        sort = ("accepted",) if document["kind"] == PARAMETERS else ("accepted", "shipped", "received")
        units = [
            f"line {line['line_number']}: "
            + ", ".join(f"{cell(line[f'{word}_units']) or HIDDEN} {word}" for word in sort)
            for line in receipt["lines"]
        ]
        said = f"The other side ({receipt['external_id'] or 'no number'}): revision {receipt['revision']} "
        console.print(f"{said}{receipt['answer']}. {'; '.join(units)} {receipt['reason']}".rstrip(), markup=False)
    show_history(console, document["history"])


def show_content(console: Console, document: Record, currency: str) -> None:
    """Print what an order asks for, and the rules that ask for people."""
    levels = document["kind"] == PARAMETERS
    ends = f"to {document['destination']}" if levels else f"{document['origin']} to {document['destination']}"
    console.print(Text(f"{document['kind']} {document['order_id']}: {ends}", "bold"))
    (_show_levels if levels else _show_lines)(console, document, currency)
    digest = str(document["content_digest"])[:12]
    console.print(f"{document['status']}: {waiting_for(document)}".rstrip(": ") + f". Content {digest}.", markup=False)
    console.print(f"Policy {document['policy_release']}, model {document['model_version']}.", markup=False)


def _show_lines(console: Console, document: Record, currency: str) -> None:
    rows = [
        [at, line["item"], line["mode"], line["quantity"], line["departure_date"], line["arrival_date"],
         line["value"], line["gain"]]
        for at, line in enumerate(document["lines"], 1)
    ]  # fmt: skip
    heads = ["line", "item", "mode", "units", "leaves", "arrives", f"value {currency}", f"gain {currency}"]
    console.print(
        table(f"Plan of {document['plan_date']}, revision {document['revision']}", heads, rows, right=heads[-2:])
    )


def _show_levels(console: Console, document: Record, _currency: str) -> None:
    rows = [
        [at, line["item"], line["mode"], line["levels"]["source_id"], line["levels"]["reorder_point_units"],
         line["levels"]["minimum_units"], line["levels"]["maximum_units"], _service(line["levels"]), _before(line)]
        for at, line in enumerate(document["lines"], 1)
    ]  # fmt: skip
    heads = ["line", "item", "by", "from", "reorder point", "minimum", "maximum", "service", "before"]
    console.print(table(f"Plan of {document['plan_date']}, revision {document['revision']}", heads, rows))


def _service(levels: Record) -> str:
    if levels["is_withdrawn"]:
        return "withdrawn"
    promised = levels["promised_service"]
    return HIDDEN if promised is None else f"{100 * promised:.1f} %"


def _before(line: Record) -> str:
    """Return the reorder point and maximum that stood there before; hidden where the present ones are."""
    levels = line["levels"]
    if levels["maximum_units"] is None:
        return HIDDEN
    if levels["former_maximum_units"] is None:
        return "none"
    return f"{levels['former_reorder_point_units']} / {levels['former_maximum_units']}"


def show_history(console: Console, history: list[Record]) -> None:
    """Print what happened to an order, a line an event."""
    for one in history:
        console.print(
            f"{one['position']} {one['at'][:19].replace('T', ' ')}Z {one['what']}"
            + (f" by {one['who']}" if one["who"] else "")
            + (f": {one['told']}" if one["told"] else ""),
            markup=False, soft_wrap=True,
        )  # fmt: skip


def _told(entry: Recorded) -> Record:
    event = entry.event
    values = {one.name: getattr(event, one.name) for one in fields(event)}  # type: ignore[arg-type]
    if isinstance(event, OrderProposed | OrderRevised):
        values["by"] = f"run {event.document.provenance.run_id}"
    if isinstance(event, SendBegun | SendEnded):
        values.pop("lease_until", None)
        values.pop("retry_at", None)
    who = next((_words(values[name]) for name in _SIGNED if values.get(name)), "")
    told = [f"{name.replace('_', ' ')} {_words(value)}" for name, value in values.items() if _is_told(name, value)]
    what = "".join(f" {c.lower()}" if c.isupper() else c for c in type(event).__name__).strip()
    return {
        "position": entry.position, "at": entry.recorded_at.isoformat(), "what": what, "who": who,
        "told": ", ".join(told),
    }  # fmt: skip


def _is_told(name: str, value: Any) -> bool:
    return name not in _UNTOLD and value not in ("", None, ())


def _words(value: Any) -> str:
    if isinstance(value, Document) and value.kind == PARAMETERS:
        return f"{value.reason}, content {value.content_digest[:12]}"
    if isinstance(value, Document):
        return f"of {counted(value.lines, 'line')}, {value.quantity_units} units, content {value.content_digest[:12]}"
    if isinstance(value, Receipt):
        return (
            f"{value.external_id or 'without a number'}, revision {value.revision} {value.answer}, "
            f"{value.accepted_units} units accepted, {value.shipped_units} shipped, {value.received_units} received"
        )
    if isinstance(value, tuple):
        return "; ".join(_words(one) for one in value)
    if hasattr(value, "__dataclass_fields__"):
        return " ".join(str(getattr(value, name)) for name in value.__dataclass_fields__)
    return str(value)
