"""Answers over HTTP that are no receipts: found or not, pages of confirmations, references, problems.

Written by the counterpart and read by the gateway, side by side. Not here: receipts (``wire``).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from assets.orders.gateways.port import NotUnderstood
from assets.orders.gateways.wire import SCHEMA_VERSION

LONGEST_DETAIL = 200
FOUND, PAGE, REFERENCES, PROBLEM = (
    "equipoise.found", "equipoise.page", "equipoise.references", "equipoise.problem",
)  # fmt: skip


def found_message(receipt: dict[str, Any] | None) -> dict[str, Any]:
    """Return the answer to a question for an order; no receipt says that there is none."""
    return {"schema": FOUND, "schema_version": SCHEMA_VERSION, "receipt": receipt}


def page_message(messages: Sequence[dict[str, Any]], cursor: int) -> dict[str, Any]:
    """Return confirmations, and the sequence up to which they are all that was said."""
    return {"schema": PAGE, "schema_version": SCHEMA_VERSION, "messages": list(messages), "cursor": cursor}


def references_message(references: Sequence[str]) -> dict[str, Any]:
    """Return references."""
    return {"schema": REFERENCES, "schema_version": SCHEMA_VERSION, "references": list(references)}


def problem_message(detail: str) -> dict[str, Any]:
    """Return what is wrong with a request."""
    return {"schema": PROBLEM, "schema_version": SCHEMA_VERSION, "detail": detail[:LONGEST_DETAIL]}


def understood(answer: Any, *, where: str) -> None:
    """Raise the other side's own words where it says that it did not understand.

    Raises
    ------
    NotUnderstood
        If the answer is a problem.
    """
    if isinstance(answer, dict) and answer.get("schema") == PROBLEM:
        detail = str(answer.get("detail", ""))[:LONGEST_DETAIL]
        raise NotUnderstood(f"it did not understand us: {detail}", where=where, remedy="Settle it with the other side")


def read_found(answer: Any, *, where: str) -> Any:
    """Return the receipt message, not read yet, or ``None``."""
    content = _content(answer, FOUND, where)
    if "receipt" not in content:
        raise _unreadable("it holds no receipt", where)
    return content["receipt"]


def read_page(answer: Any, after: int, *, where: str) -> tuple[list[Any], int]:
    """Return confirmation messages, not read yet, and the cursor, which never goes back."""
    content = _content(answer, PAGE, where)
    messages, cursor = content.get("messages"), content.get("cursor")
    if not isinstance(messages, list) or not isinstance(cursor, int) or isinstance(cursor, bool) or cursor < after:
        raise _unreadable("it holds no messages, or no cursor beyond the one asked with", where)
    return messages, cursor


def read_references(answer: Any, *, where: str) -> tuple[str, ...]:
    """Return references."""
    references = _content(answer, REFERENCES, where).get("references")
    if not isinstance(references, list) or not all(isinstance(one, str) for one in references):
        raise _unreadable("it holds no references", where)
    return tuple(references)


def _content(answer: Any, schema: str, where: str) -> dict[str, Any]:
    understood(answer, where=where)
    if not isinstance(answer, dict) or (answer.get("schema"), answer.get("schema_version")) != (schema, SCHEMA_VERSION):
        raise _unreadable(f"it is no {schema} of version {SCHEMA_VERSION}", where)
    return answer


def _unreadable(what: str, where: str) -> NotUnderstood:
    return NotUnderstood(
        what, where=where, remedy="Ask the other side what it sent; update this release if it is newer"
    )
