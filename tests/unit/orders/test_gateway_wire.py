"""Messages: what is written is read back as it was, and whatever else is read is not understood."""

import json
from typing import Any

import pytest
from contract.gateways.kit_documents import submission
from hypothesis import given
from hypothesis import strategies as st

from assets.orders.gateways.port import Answer, Confirmation, NotUnderstood, Receipt, ReceiptLine, Submission
from assets.orders.gateways.wire import canonical, confirmation_message, order_message, receipt_message
from assets.orders.gateways.wire_reading import parsed, read_confirmation, read_order, read_receipt

UNITS = st.integers(0, 2**40)
LINES = st.lists(st.tuples(UNITS, UNITS, UNITS), max_size=4).map(
    lambda rows: tuple(ReceiptLine(number, *row) for number, row in enumerate(rows, 1))
)
RECEIPTS = st.builds(
    Receipt,
    reference=st.text(min_size=1),
    revision=st.integers(0, 99),
    answer=st.sampled_from(Answer),
    lines=LINES,
    external_id=st.text(),
    reason=st.text(),
    answered_revision=st.integers(0, 99),
)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


def over_the_wire(message: dict[str, Any]) -> Any:
    return parsed(canonical(message).encode("utf-8", "surrogatepass"), where="test")


@given(receipt=RECEIPTS)
def test_a_receipt_is_read_as_it_was_written(receipt: Receipt) -> None:
    assert read_receipt(over_the_wire(receipt_message(receipt)), where="test") == receipt


@given(receipt=RECEIPTS, sequence=st.integers(0, 2**62))
def test_a_confirmation_is_read_as_it_was_written(receipt: Receipt, sequence: int) -> None:
    confirmation = Confirmation("c1", receipt, "2026-01-05T06:00:00+00:00")
    message = over_the_wire(confirmation_message(confirmation, sequence))
    assert read_confirmation(message, where="test") == (sequence, confirmation)


@given(receipt=RECEIPTS, field=st.sampled_from(["revision", "answer", "lines", "totals", "reference"]), value=ANYTHING)
def test_a_receipt_with_a_strange_field_is_understood_or_not_and_nothing_else(
    receipt: Receipt, field: str, value: Any
) -> None:
    try:
        read = read_receipt(receipt_message(receipt) | {field: value}, where="test")
    except NotUnderstood:
        return
    assert receipt_message(read)[field] == value


@given(content=ANYTHING)
def test_anything_that_is_no_receipt_is_not_understood(content: Any) -> None:
    with pytest.raises(NotUnderstood):
        read_receipt(content, where="test")


@given(text=st.binary())
def test_bytes_that_are_no_json_are_not_understood(text: bytes) -> None:
    try:
        json.loads(text)
    except ValueError:
        with pytest.raises(NotUnderstood):
            parsed(text, where="test")


def test_nesting_that_is_too_deep_is_not_understood() -> None:
    with pytest.raises(NotUnderstood):
        parsed("[" * 100_000, where="test")


def test_a_message_is_the_same_bytes_whatever_led_to_it() -> None:
    wanted = submission()
    traced = Submission(wanted.document, wanted.revision, "00-" + "a" * 32 + "-" + "b" * 16 + "-01")
    assert canonical(order_message(traced)) == canonical(order_message(wanted))
    assert canonical(order_message(submission(units=(1, 1)))) != canonical(order_message(wanted))


def test_an_order_message_of_ours_can_be_read() -> None:
    message = order_message(submission())
    assert read_order(over_the_wire(message), where="test") == message


@pytest.mark.parametrize("field", ["reference", "revision", "idempotency_key", "lines", "totals", "plan_date"])
def test_an_order_message_that_lacks_a_field_is_not_understood(field: str) -> None:
    message = order_message(submission())
    del message[field]
    with pytest.raises(NotUnderstood, match=field):
        read_order(message, where="test")
