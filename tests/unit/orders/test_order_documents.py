"""Documents: their identity, content and channel."""

import datetime as dt

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.orders.order_samples import (
    DEFAULT_LINES,
    PLAN_DATE,
    evidence,
    order_book,
    plan_lines,
    verdicts,
)

from assets.kernel.calendar import AsKnown, Bucket, PlanCalendar
from assets.kernel.errors import EquipoiseError
from assets.orders.documents import channel_of, compose, order_id
from assets.orders.events import Channel
from assets.orders.plan_gate import let_out
from assets.orders.projections import as_records, documents_frame, lines_frame, proposals

DAILY = PlanCalendar(Bucket.DAY, "UTC")
WEEKLY = PlanCalendar(Bucket.WEEK, "UTC")


def test_one_document_per_kind_origin_and_destination() -> None:
    book = order_book()
    found = {(d.kind, d.origin_id, d.destination_id): len(d.lines) for d in book.content}
    assert found == {("transfer", "DC1", "S1"): 2, ("transfer", "DC1", "S2"): 1, ("purchase", "SUP", "DC1"): 1}


def test_an_order_id_says_its_kind() -> None:
    kinds = {d.order_id[0]: d.kind for d in order_book().content}
    assert kinds == {"T": "transfer", "P": "purchase"}


@given(st.permutations(list(range(len(DEFAULT_LINES)))))
def test_documents_do_not_depend_on_the_order_of_rows(order: list[int]) -> None:
    shuffled = compose(
        plan_lines().iloc[order], network="sample", plan_date=PLAN_DATE, channel=Channel.LIVE,
        evidence=evidence(), run_id="run-1",
    )  # fmt: skip
    assert shuffled == order_book()


def test_documents_and_lines_conform_to_their_frames() -> None:
    orders = proposals(order_book().content)
    documents, lines = documents_frame(orders), lines_frame(orders)
    assert documents["line_count"].sum() == len(lines) == 4
    assert documents["value_amount"].sum() == pytest.approx(lines["value_amount"].sum())
    assert documents_frame([]).empty
    assert lines_frame([]).empty


def test_a_document_names_the_batches_and_models_behind_its_items() -> None:
    to_s1 = next(d for d in order_book().content if d.destination_id == "S1")
    assert to_s1.provenance.batch_ids == ("batch-DC1", "batch-S1", "batch-items")
    assert to_s1.provenance.model_version == "model-1"


def test_a_reason_does_not_change_the_content_but_a_quantity_does() -> None:
    def digests(lines: pd.DataFrame) -> list[str]:
        book = compose(
            lines, network="sample", plan_date=PLAN_DATE, channel=Channel.LIVE, evidence=evidence(), run_id="r"
        )
        return [d.content_digest for d in book.content]

    before = digests(plan_lines())
    assert digests(plan_lines().assign(reason="another", gain_amount=9.0)) == before
    assert digests(plan_lines().assign(quantity_units=1)) != before


def test_a_line_of_another_plan_date_is_refused() -> None:
    with pytest.raises(EquipoiseError, match="belong to 2026-01-05"):
        compose(
            plan_lines(), network="n", plan_date=dt.date(2026, 1, 6), channel=Channel.LIVE,
            evidence=evidence(), run_id="r",
        )  # fmt: skip


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(EquipoiseError, match="gift"):
        order_id("n", PLAN_DATE, "gift", "a", "b", channel=Channel.LIVE)


def test_the_channel_is_part_of_the_id() -> None:
    ids = {order_id("n", PLAN_DATE, "transfer", "a", "b", channel=channel) for channel in Channel}
    assert len(ids) == len(Channel)


@pytest.mark.parametrize(
    ("calendar", "today", "channel"),
    [
        (DAILY, "2026-01-05", "live"),
        (DAILY, "2026-01-06", "backfill"),
        (DAILY, "2026-01-04", "backfill"),
        (WEEKLY, "2026-01-05", "live"),
        (WEEKLY, "2026-01-06", "backfill"),
        (WEEKLY, "2026-01-12", "backfill"),
    ],
)
def test_only_the_current_plan_date_inside_its_window_is_live(calendar: PlanCalendar, today: str, channel: str) -> None:
    assert channel_of(PLAN_DATE, dt.date.fromisoformat(today), calendar, dispatch_days=1) == channel


def test_a_plan_with_hindsight_is_never_live() -> None:
    assert channel_of(PLAN_DATE, PLAN_DATE, DAILY, as_known=AsKnown.NOW, dispatch_days=1) is Channel.BACKFILL


def test_a_wider_window_admits_a_later_day_of_the_week() -> None:
    assert channel_of(PLAN_DATE, dt.date(2026, 1, 6), WEEKLY, dispatch_days=2) is Channel.LIVE


def test_records_are_what_programs_read() -> None:
    record = as_records(proposals(order_book().content))[0]
    promised = {
        "order_id", "kind", "plan_date", "channel", "origin", "destination", "status", "value", "lines",
        "policy_release", "model_version", "feature_version", "batch_ids", "plan_digest", "run_id",
    }  # fmt: skip
    assert promised <= record.keys()
    assert {"item", "quantity", "value", "reason"} <= record["lines"][0].keys()


@pytest.mark.parametrize(
    ("verdict", "left"),
    [
        ({"action": "warn", "site_id": "S1"}, 4),
        ({"action": "hold", "site_id": "S1"}, 2),
        ({"action": "hold", "site_id": "DC1"}, 0),
        ({"action": "hold_outbound", "site_id": "DC1"}, 1),
        ({"action": "hold", "item_id": "I2"}, 3),
        ({"action": "hold", "item_id": "I1", "site_id": "S1"}, 3),
        ({"action": "hold"}, 0),
    ],
)
def test_a_held_item_or_site_stays_out_of_the_documents(verdict: dict[str, str], left: int) -> None:
    assert len(let_out(plan_lines(), verdicts(verdict))) == left


def test_a_stopped_plan_makes_no_document() -> None:
    with pytest.raises(EquipoiseError, match="stock is not conserved"):
        let_out(plan_lines(), verdicts({"action": "stop", "message": "stock is not conserved"}))
