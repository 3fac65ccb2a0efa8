"""What came over a wire that is ours, read with suspicion: schema version, shape, control totals.

Both ends read here. What is wrong is ``NotUnderstood``, with the field; nothing is mended. Not here: what is
written (``wire``), or whether it comes from whom it says (``signature``).
"""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from decimal import Decimal
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from assets.orders.gateways.port import Answer, Confirmation, NotUnderstood, Receipt, ReceiptLine
from assets.orders.gateways.wire import LEVELS_SCHEMA, ORDER_SCHEMA, SCHEMA_VERSION, receipt_totals

MOST_UNITS = 2**53
_READ_IT = "Ask the other side what it sent; update this release if it is newer"


def read_receipt(content: Any, *, where: str) -> Receipt:
    """Return the receipt that the other side wrote.

    Raises
    ------
    NotUnderstood
        If it is of another schema version, lacks something, or its control totals do not add up.
    """
    return _receipt(_validated(_ReceiptMessage, content, "equipoise.receipt", where), where)


def read_confirmation(content: Any, *, where: str) -> tuple[int, Confirmation]:
    """Return the sequence and the confirmation that the other side wrote.

    Raises
    ------
    NotUnderstood
        As ``read_receipt``.
    """
    message = _validated(_ConfirmationMessage, content, "equipoise.confirmation", where)
    receipt = replace(read_receipt(message.receipt, where=where), sequence=message.sequence)
    return message.sequence, Confirmation(message.confirmation_id, receipt, message.occurred_at)


def read_order(content: Any, *, where: str) -> dict[str, Any]:
    """Return a message with an order, or with levels, that came in; whether its totals add up is the receiver's to say.

    Raises
    ------
    NotUnderstood
        If it is of another schema version or lacks something.
    """
    if isinstance(content, dict) and content.get("schema") == LEVELS_SCHEMA:
        _validated(_LevelsMessage, content, LEVELS_SCHEMA, where)
    else:
        _validated(_OrderMessage, content, ORDER_SCHEMA, where)
    return dict(content)


def read_cancel(content: Any, *, where: str) -> dict[str, Any]:
    """Return a cancel message that came in.

    Raises
    ------
    NotUnderstood
        As ``read_order``.
    """
    _validated(_CancelMessage, content, "equipoise.cancel", where)
    return dict(content)


def parsed(text: str | bytes, *, where: str) -> Any:
    """Return what JSON text holds.

    Raises
    ------
    NotUnderstood
        If it is torn or no JSON.
    """
    try:
        return json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise NotUnderstood("it is torn, or no JSON", where=where, remedy=_READ_IT) from None


class _Message(BaseModel):
    # More than this release knows is left alone: what changes its meaning raises the schema version.
    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)


Units = Annotated[int, Field(ge=0, le=MOST_UNITS)]
M = TypeVar("M", bound=_Message)


class _LineMessage(_Message):
    line_number: int = Field(ge=1)
    accepted_units: Units
    shipped_units: Units = 0
    received_units: Units = 0
    taken: bool | None = None


class _OrderLineMessage(_Message):
    line_number: int = Field(ge=1)
    item_id: str
    mode: str
    quantity_units: Units
    departure_date: dt.date = Field(strict=False)
    arrival_date: dt.date = Field(strict=False)
    value_amount: Decimal = Field(strict=False, allow_inf_nan=False)


class _LevelLineMessage(_Message):
    line_number: int = Field(ge=1)
    item_id: str
    action: Literal["set", "withdraw"]
    supplied_by: str
    source_id: str
    reorder_point_units: Units
    minimum_units: Units
    maximum_units: Units


class _DocumentMessage(_Message):
    reference: str = Field(min_length=1)
    revision: int = Field(ge=1)
    idempotency_key: str = Field(min_length=1)
    network: str
    plan_date: dt.date = Field(strict=False)
    kind: str
    origin_id: str
    destination_id: str
    totals: dict[str, Any]


class _OrderMessage(_DocumentMessage):
    lines: list[_OrderLineMessage]


class _LevelsMessage(_DocumentMessage):
    lines: list[_LevelLineMessage]


class _CancelMessage(_Message):
    reference: str = Field(min_length=1)
    idempotency_key: str = Field(min_length=1)
    reason: str


class _ReceiptMessage(_Message):
    reference: str = Field(min_length=1)
    revision: int = Field(ge=0)
    answered_revision: int = Field(default=0, ge=0)
    answer: Answer = Field(strict=False)
    lines: list[_LineMessage] = []
    external_id: str = ""
    reason: str = ""
    totals: dict[str, int]


class _ConfirmationMessage(_Message):
    confirmation_id: str = Field(min_length=1)
    sequence: int = Field(ge=0)
    occurred_at: str = ""
    receipt: dict[str, Any]


def require_same_order(receipt: Receipt, reference: str, *, where: str) -> Receipt:
    """Return a receipt that is of the order asked for.

    Raises
    ------
    NotUnderstood
        If it is of another.
    """
    if receipt.reference != reference:
        raise NotUnderstood(f"asked of {reference}, it answered of {receipt.reference}", where=where, remedy=_READ_IT)
    return receipt


def _validated(model: type[M], content: Any, schema: str, where: str) -> M:
    if not isinstance(content, dict):
        raise NotUnderstood("it is no JSON object", where=where, remedy=_READ_IT)
    told = (content.get("schema"), content.get("schema_version"))
    if told != (schema, SCHEMA_VERSION):
        raise NotUnderstood(
            f"schema = {told[0]!r} version {told[1]!r}, expected = {schema!r} version {SCHEMA_VERSION}",
            where=where,
            remedy=_READ_IT,
        )
    try:
        return model.model_validate(content)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        raise NotUnderstood(f"{field}: {first['msg']}", where=where, remedy=_READ_IT) from None


def _receipt(message: _ReceiptMessage, where: str) -> Receipt:
    lines = tuple(ReceiptLine(**line.model_dump()) for line in message.lines)
    if len({line.line_number for line in lines}) != len(lines):
        raise NotUnderstood("a line number comes twice", where=where, remedy=_READ_IT)
    if message.totals != receipt_totals(lines):
        raise NotUnderstood(
            f"control totals = {message.totals}, its lines add up to {receipt_totals(lines)}",
            where=where,
            remedy="Ask the other side to send it again",
        )
    return Receipt(
        message.reference, message.revision, message.answer, lines, message.external_id, message.reason,
        message.answered_revision,
    )  # fmt: skip


def _refuse(constant: str) -> None:
    raise ValueError(constant)
