"""Levels that are handed to an ERP: what they are, and which of them a plan tells."""

import datetime as dt
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from unit.orders.level_samples import book, tables, told, wanted
from unit.orders.order_samples import PLAN_DATE, order_book, rows_of, verdicts

from assets.kernel.frames.decisions import LEVELS_THERE, ORDER_LEVELS
from assets.orders.codec import Codec, event_type
from assets.orders.events import SCHEMA_VERSION, Channel, OrderProposed
from assets.orders.level_documents import levels_let_out
from assets.orders.pages import document_page, levels_page
from assets.orders.projections import as_records, documents_frame, levels_frame, lines_frame, proposals
from assets.orders.store import MemoryOrderStore
from assets.orders.wanted_levels import levels, wanted_levels

NEXT_DAY = PLAN_DATE + dt.timedelta(days=1)
SIZES = st.integers(0, 60)


def one(value: float, kind: type = np.int64) -> np.ndarray:
    return np.array([value], dtype=kind)


@example(base_stock=3, below=3, multiple=2, multiples=1, room=0)
@given(SIZES, st.integers(0, 5), st.integers(1, 12), st.integers(1, 4), st.none() | st.integers(0, 80))
def test_levels_are_ordered_reach_the_base_stock_in_whole_lots_and_stay_within_what_the_site_may_hold(
    base_stock: int, below: int, multiple: int, multiples: int, room: int | None
) -> None:
    most = max(base_stock, room) if room is not None else np.inf
    lot, point = multiple * multiples, max(base_stock - below, 0)
    reorder, maximum = (
        int(found[0])
        for found in levels(one(base_stock), one(point), one(lot), one(multiple), one(most, np.float64))
    )  # fmt: skip
    assert 0 <= reorder <= maximum <= most
    if base_stock == 0:
        assert maximum == 0
    elif maximum >= lot:
        assert (maximum - reorder) % multiple == 0
        assert maximum - reorder >= lot
    if most == np.inf and base_stock:
        # An ERP that rounds what it orders down to whole multiples never ends below the base stock.
        for position in range(reorder + 1):
            ordered = (maximum - position) // multiple * multiple
            assert ordered >= lot
            assert base_stock <= position + ordered <= maximum


@given(SIZES, st.integers(-20, 80), SIZES)
def test_the_minimum_is_never_above_the_reorder_point(base_stock: int, safety: int, shown: int) -> None:
    made = tables((("S1", "I1", base_stock),), safety_stock_units=safety)
    settings = made.item_sites.assign(presentation_minimum_units=shown)
    (row,) = wanted_levels(made.decisions, made.targets, settings, made.sourcing).to_dict("records")
    assert 0 <= row["minimum_units"] <= row["reorder_point_units"] <= row["maximum_units"]


def test_what_is_bought_comes_in_the_lots_of_its_supplier() -> None:
    lot = {
        "item_id": "I1", "site_id": "S1", "supplier_id": "SUP", "minimum_order_units": 10, "order_multiple_units": 6,
    }  # fmt: skip
    other = lot | {"supplier_id": "OTHER", "order_multiple_units": 100}
    bought = tables((("S1", "I1", 12),), receipt_kind="purchase", source_id="SUP", lots=[lot, other])
    (document,) = book(bought).content
    assert told(document) == {"I1": (11, 4, 23)}
    assert [line.mode for line in document.lines] == ["purchase"]


def test_a_plan_that_hands_nothing_over_has_the_documents_that_it_had() -> None:
    nothing = tables((), ours=[("S1", "I1")])
    assert book(nothing).content == ()
    ids = {document.order_id: document.content_digest[:12] for document in order_book().content}
    # Ids and digests of before levels were known: no plan of then is announced again.
    assert ids == {
        "P-c7dd5e8eb80e": "ffb31c83e352", "T-2145094993a8": "34c26bb1b49d", "T-51401aa5ad96": "42d39f22c92d",
    }  # fmt: skip


def test_there_is_one_document_a_site_with_a_line_an_item_and_no_origin_or_value() -> None:
    found = book(tables()).content
    assert {d.destination_id: told(d) for d in found} == {
        "S1": {"I1": (11, 4, 12), "I2": (4, 1, 5)}, "S2": {"I1": (7, 2, 8)},
    }  # fmt: skip
    assert {(d.kind, d.origin_id, d.order_id[:2], d.value_amount, d.quantity_units) for d in found} == {
        ("parameters", "", "L-", 0, 0)
    }
    assert found[0].reason in ("levels of 2 items: 2 new", "levels of 1 item: 1 new")


def test_what_levels_promise_and_what_stood_before_is_no_content_but_what_an_erp_acts_on_is() -> None:
    def digest(**target: object) -> str:
        (document,) = book(tables((("S1", "I1", 12),), **target)).content
        return document.content_digest

    assert digest() == digest(promised_service=0.9)
    assert len({digest(), digest(base_stock_units=13), digest(source_id="DC2"), digest(safety_stock_units=5)}) == 4


def test_item_sites_without_a_source_are_not_told() -> None:
    assert book(tables(receipt_kind="none")).content == ()


def test_what_is_held_by_the_plan_s_gate_is_not_told() -> None:
    held = verdicts({"action": "hold", "site_id": "S1", "item_id": "I1"}, {"action": "hold_outbound", "site_id": "S2"})
    kept = levels_let_out(tables(), held)
    assert list(kept[["site_id", "item_id"]].itertuples(index=False, name=None)) == [("S1", "I2"), ("S2", "I1")]


def there(
    *rows: tuple[str, str, int, int], today: bool = False, withdrawn: bool = False, certain: bool = True
) -> pd.DataFrame:
    return rows_of(
        LEVELS_THERE,
        [
            {
                "site_id": site, "item_id": item, "of_this_date": today, "receipt_kind": "transfer", "source_id": "DC1",
                "reorder_point_units": reorder, "minimum_units": (reorder + 1) // 3, "maximum_units": maximum,
                "service_measure": "cycle_service", "is_withdrawn": withdrawn,
                "erp_orders": not (today or withdrawn), "is_certain": certain and not today,
                "approved_reorder_point_units": None, "approved_maximum_units": None,
            }
            for site, item, reorder, maximum in rows
        ],
    )  # fmt: skip


def test_only_levels_that_differ_from_those_acknowledged_are_told() -> None:
    before = there(("S1", "I1", 11, 12), ("S1", "I2", 3, 4), ("S2", "I1", 7, 8))
    (document,) = book(tables(there=before)).content
    assert (document.destination_id, told(document)) == ("S1", {"I2": (4, 1, 5)})
    (line,) = document.lines
    assert line.levels is not None
    assert (line.levels.former_reorder_point_units, line.levels.former_maximum_units) == (3, 4)
    assert "3 and 4 before" in line.reason


def test_a_level_that_was_sent_today_stays_in_the_document_of_the_day() -> None:
    before = pd.concat([there(("S1", "I1", 11, 12)), there(("S1", "I1", 20, 21), today=True)])
    (document,) = book(tables((("S1", "I1", 12),), there=before)).content
    assert told(document) == {"I1": (11, 4, 12)}


def test_what_is_handed_over_no_more_is_withdrawn_and_what_is_held_keeps_its_levels() -> None:
    before = there(("S1", "I1", 11, 12), ("S1", "I2", 4, 5))
    (document,) = book(tables((), there=before, ours=[("S1", "I1")], held=[("S1", "I2")])).content
    assert told(document) == {"I1": (0, 0, 0)}
    assert document.lines[0].levels is not None
    assert document.lines[0].levels.is_withdrawn
    assert document.reason == "levels of 1 item: 1 withdrawn"
    again = there(("S1", "I1", 0, 0), withdrawn=True)
    assert book(tables((), there=again, ours=[("S1", "I1")])).content == ()


def test_what_a_verdict_of_the_plan_holds_keeps_the_line_that_was_sent_today() -> None:
    sent = there(("S1", "I1", 20, 21), today=True)
    made = tables((("S1", "I1", 12), ("S1", "I2", 5)), there=sent)
    kept = levels_let_out(made, verdicts({"action": "hold", "site_id": "S1", "item_id": "I1"}))
    assert list(zip(kept["item_id"], kept["maximum_units"], strict=True)) == [("I1", 21), ("I2", 5)]


def test_what_is_left_to_its_erp_without_a_source_keeps_its_levels_and_is_not_withdrawn() -> None:
    before = there(("S1", "I1", 11, 12))
    assert book(tables((("S1", "I1", 12),), there=before, receipt_kind="none")).content == ()
    sent = pd.concat([before, there(("S1", "I1", 20, 21), today=True)])
    (document,) = book(tables((("S1", "I1", 12),), there=sent, receipt_kind="none")).content
    assert told(document) == {"I1": (20, 7, 21)}


def test_what_the_plan_left_out_as_faulty_is_not_withdrawn_but_what_is_ranged_no_more_is() -> None:
    made = tables((("S1", "I1", 12),), there=there(("S1", "I1", 11, 12)))
    nothing = made.decisions.iloc[:0]
    assert book(replace(made, decisions=nothing)).content == ()
    (document,) = book(replace(made, decisions=nothing, item_sites=made.item_sites.iloc[:0])).content
    assert document.reason == "levels of 1 item: 1 withdrawn"


def test_levels_that_wait_for_the_erp_are_told_like_those_that_it_has() -> None:
    made = tables()
    waits = made.decisions.assign(binding_constraints="levels_wait,order_multiple")
    assert book(replace(made, decisions=waits)).content == book(made).content


@pytest.mark.parametrize("withdrawn", [False, True])
def test_what_is_not_known_to_stand_is_told_again_and_withdrawn_when_it_is_handed_over_no_more(withdrawn: bool) -> None:
    doubt = there(("S1", "I1", 11, 12), certain=False, withdrawn=withdrawn)
    (again,) = book(tables((("S1", "I1", 12),), there=doubt)).content
    assert told(again) == {"I1": (11, 4, 12)}
    (document,) = book(tables((), there=doubt, ours=[("S1", "I1")])).content
    assert document.reason == "levels of 1 item: 1 withdrawn"
    assert book(tables((), there=doubt, held=[("S1", "I1")])).content == ()


def test_a_document_of_levels_shows_as_levels_and_never_as_lines_that_move() -> None:
    orders = proposals(book(tables()).content)
    assert lines_frame(orders).empty
    assert list(documents_frame(orders)["line_count"]) == [len(order.document.lines) for order in orders]
    frame = levels_frame(orders)
    assert list(frame.columns) == list(ORDER_LEVELS.names)
    assert set(frame["maximum_units"]) == {12, 5, 8}
    lines = [line for record in as_records(orders) for line in record["lines"]]
    assert {line["levels"]["maximum_units"] for line in lines} == {12, 5, 8}
    assert [row["maximum_units"] for row in document_page(orders[0])["lines"]]
    assert levels_page(orders, 4) == {"levels_there_before": 4, "told": 3, "new": 3, "changed": 0, "withdrawn": 0}


def test_an_event_with_levels_is_read_as_it_was_written_and_one_without_is_read_too() -> None:
    codec = Codec()
    for document in (*book(tables()).content, *order_book().content):
        event = OrderProposed(document)
        assert codec.from_json(event_type(event), SCHEMA_VERSION, codec.to_json(event)) == event
    old = codec.to_json(OrderProposed(order_book().content[0])).replace('"levels":null,', "")
    assert '"levels"' not in old
    assert codec.from_json("OrderProposed", 3, old) == OrderProposed(order_book().content[0])


@pytest.mark.parametrize("channel", [Channel.LIVE, Channel.BACKFILL])
def test_planning_twice_wants_the_same(channel: Channel) -> None:
    store = MemoryOrderStore()
    assert wanted(store) == wanted(store)
    assert book(tables(), channel=channel) == book(tables(), channel=channel)
