"""Documents for the conformance kit: made here, so that the kit needs no plan."""

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal

from assets.orders.documents import content_digest, order_id
from assets.orders.events import PARAMETERS, Channel, Document, Levels, OrderLine, Provenance
from assets.orders.gateways.port import Cancellation, Submission

PLAN_DATE = dt.date(2026, 1, 5)
UNITS = (10, 4)
LEVELS = ((11, 4, 17), (0, 0, 3))
"""Reorder point, minimum and maximum of each line."""
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


def parameters(
    destination: str = "S1",
    revision: int = 1,
    levels: Sequence[tuple[int, int, int]] = LEVELS,
    plan_date: dt.date = PLAN_DATE,
    withdrawn: Sequence[int] = (),
) -> Submission:
    """Return levels of a site, the lines of ``withdrawn`` taken back; another destination is another document."""
    nothing = Decimal(0)
    lines = tuple(
        OrderLine(
            number, f"I{number}", "transfer", 0, plan_date, plan_date, nothing, nothing, nothing, "its ERP orders it",
            "", Levels(*told, "DC1", "cycle_service", Decimal("0.95"), number in withdrawn),
        )
        for number, told in enumerate(levels, 1)
    )  # fmt: skip
    reference = order_id("sample", plan_date, PARAMETERS, "", destination, channel=Channel.LIVE)
    document = Document(
        reference, "sample", plan_date, Channel.LIVE, PARAMETERS, "", destination, "levels", content_digest(lines),
        lines, MADE_BY,
    )  # fmt: skip
    return Submission(document, revision)


def cancellation(reference: str) -> Cancellation:
    """Return the wish to cancel an order."""
    return Cancellation(reference, "planned differently")
