"""Documents for the conformance kit: made here, so that the kit needs no plan."""

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal

from assets.orders.documents import content_digest, order_id
from assets.orders.events import Channel, Document, OrderLine, Provenance
from assets.orders.gateways.port import Cancellation, Submission

PLAN_DATE = dt.date(2026, 1, 5)
UNITS = (10, 4)
MADE_BY = Provenance("a" * 32, "standard@0123456789ab", "model-1", "features-1", ("batch-1",), "run-1")


def submission(destination: str = "S1", revision: int = 1, units: Sequence[int] = UNITS) -> Submission:
    """Return a transfer to a destination; another destination is another order."""
    lines = tuple(
        OrderLine(
            number, f"I{number}", "truck", quantity, PLAN_DATE, dt.date(2026, 1, 7), quantity * Decimal("2.50"),
            Decimal("1.25"), Decimal("3.5"), f"{destination} needs I{number} – “Größe 7”", "order_multiple",
        )
        for number, quantity in enumerate(units, 1)
    )  # fmt: skip
    reference = order_id("sample", PLAN_DATE, "transfer", "DC1", destination, channel=Channel.LIVE)
    document = Document(
        reference, "sample", PLAN_DATE, Channel.LIVE, "transfer", "DC1", destination, "stock", content_digest(lines),
        lines, MADE_BY,
    )  # fmt: skip
    return Submission(document, revision)


def cancellation(reference: str) -> Cancellation:
    """Return the wish to cancel an order."""
    return Cancellation(reference, "planned differently")
