"""Messages of the other side made wrong on purpose, for its faces to send. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assets.orders.gateways.faults import Fault

NEWER_SCHEMA = 99


def spoilt_receipt(message: Mapping[str, Any], fault: Fault | None) -> dict[str, Any]:
    """Return a receipt message with the fault in it; as it is for a fault that is not one of content."""
    if fault is Fault.WRONG_TOTALS:
        totals = {name: value + 1 for name, value in message["totals"].items()}
        return {**message, "totals": totals}
    if fault is Fault.SCHEMA_CHANGE:
        return {**message, "schema_version": NEWER_SCHEMA}
    return dict(message)


def spoilt_confirmation(message: Mapping[str, Any], fault: Fault | None) -> dict[str, Any]:
    """Return a confirmation message with the fault in its receipt."""
    return {**message, "receipt": spoilt_receipt(message["receipt"], fault)}
