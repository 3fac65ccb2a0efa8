"""What a canary is watched by: measured from the ledger and the tables that plans publish."""

import dataclasses
import datetime as dt
from pathlib import Path

import pandas as pd
import pytest
from unit.orders.order_samples import PLAN_DATE, order_book, rows_of

from assets.governance.guard_metrics import observations
from assets.governance.shadow_differences import differences
from assets.governance.shadow_evidence import canary_evidence, published_evidence, shadow_evidence
from assets.kernel.frames.rollout import CANARY_ITEMS, SHADOW_PLANS
from assets.kernel.published import Published
from assets.orders.decide import decide
from assets.orders.events import Propose, Reject, Withdraw
from assets.orders.store import Append, MemoryOrderStore
from assets.policy.oversight import GuardMetric

CANARY = "eager@0123456789ab"
NEXT_DAY = PLAN_DATE + dt.timedelta(days=1)


@pytest.fixture
def published(tmp_path: Path) -> Published:
    """Return tables of a date on which the canary decided for I2: for 110 where the active one would have for 100."""
    tables = Published(tmp_path)
    row = {"item_id": "I2", "policy_release": CANARY, "decided_amount": 110.0, "active_decided_amount": 100.0}
    tables.write(CANARY_ITEMS, rows_of(CANARY_ITEMS, [row]), PLAN_DATE, "run-1")
    return tables


def ledger(*rejected: str) -> MemoryOrderStore:
    """Return the ledger of that date: the document to S1 has a line of I2, and some documents are rejected."""
    store = MemoryOrderStore()
    for document in order_book().content:
        mine = tuple(line.item_id for line in document.lines if line.item_id == "I2")
        made_by = dataclasses.replace(document.provenance, canary_release=CANARY if mine else "", canary_items=mine)
        document = dataclasses.replace(document, provenance=made_by)
        store.append([Append(document.order_id, 0, decide(None, Propose(document)))])
    for order in store.orders():
        if order.document.destination_id in rejected:
            store.append([Append(order.order_id, 1, decide(order, Reject("ann", "not_needed")))])
    return store


def seen(published: Published, store: MemoryOrderStore, today: dt.date) -> dict[GuardMetric, tuple[float, float]]:
    found = observations(published, store, "sample", CANARY, today)
    return {one.metric: (one.canary, one.others) for one in found}


def test_cost_is_that_of_the_canarys_items_over_what_the_active_release_would_have_decided(
    published: Published,
) -> None:
    assert seen(published, ledger(), PLAN_DATE)[GuardMetric.COST] == (pytest.approx(1.1), 1.0)


def test_rejections_are_counted_when_the_date_is_over_by_who_decided_a_line(published: Published) -> None:
    store = ledger("S1")
    assert GuardMetric.REJECTIONS not in seen(published, store, PLAN_DATE)
    assert seen(published, store, NEXT_DAY)[GuardMetric.REJECTIONS] == (1.0, 0.0)
    assert seen(published, ledger("S2"), NEXT_DAY)[GuardMetric.REJECTIONS] == (0.0, 0.5)


def test_what_a_plan_withdrew_was_rejected_by_nobody_and_what_was_not_issued_cannot_have_failed(
    published: Published,
) -> None:
    store = ledger()
    for order in store.orders():
        store.append([Append(order.order_id, order.version, decide(order, Withdraw("gone", "run-2")))])
    assert set(seen(published, store, NEXT_DAY)) == {GuardMetric.COST}


def test_another_release_and_later_dates_are_not_observed(published: Published) -> None:
    assert observations(published, ledger(), "sample", "other@0123456789ab", NEXT_DAY) == ()
    assert observations(published, ledger(), "sample", CANARY, PLAN_DATE - dt.timedelta(days=1)) == ()


def test_evidence_adds_up_what_plan_dates_published_and_says_where(published: Published) -> None:
    row = {"policy_release": CANARY, "decided_amount": 95.0, "active_decided_amount": 100.0}
    for date in (PLAN_DATE, NEXT_DAY):
        table = rows_of(SHADOW_PLANS, [row | {"plan_date": pd.Timestamp(date)}])
        published.write(SHADOW_PLANS, table, date, "run-1")
    (shadow,), (canary,) = shadow_evidence(published, CANARY), canary_evidence(published, CANARY)
    assert published_evidence(published, CANARY) == (shadow, canary)
    assert {figure.name: str(figure.value) for figure in shadow.figures}.items() >= {
        "plan dates": "2", "cost of its decisions at active prices": "190.00", "cost against the active": "0.9500",
    }.items()  # fmt: skip
    assert shadow.source == f"table shadow_plans, plan dates {PLAN_DATE} to {NEXT_DAY}"
    assert published_evidence(published, "other@0123456789ab") == ()


def test_a_difference_is_told_by_document_with_what_either_has() -> None:
    live = order_book().content
    lines = (
        ("transfer", "I1", "DC1", "S1", 12),
        ("transfer", "I2", "DC1", "S1", 4),
        ("transfer", "I1", "DC1", "S3", 1),
    )
    rows = differences(CANARY, PLAN_DATE, order_book(lines).content, live).set_index("destination_id")
    assert set(rows.index) == {"S1", "S2", "S3", "DC1"}
    assert tuple(rows.loc["S1", ["shadow_units", "active_units", "changed_lines"]]) == (16, 14, 1)
    assert tuple(rows.loc["S2", ["shadow_order_id", "shadow_units", "active_units"]]) == ("", 0, 7)
    assert tuple(rows.loc["S3", ["order_id", "shadow_units", "active_units"]]) == ("", 1, 0)
    assert differences(CANARY, PLAN_DATE, live, live).empty
