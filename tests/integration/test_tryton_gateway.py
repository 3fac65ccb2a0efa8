"""Orders in a real Tryton: there once, whatever happens to who sends them, and back as confirmations and feeds."""

import datetime as dt
import pickle
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest
from contract.gateways.kit_documents import UNITS, cancellation, parameters, submission
from tryton_erp import Erp, Operator, prepared_erp, running_erp

from assets.feeds.contract import feed_table
from assets.feeds.envelope import end_of_day
from assets.feeds.landing import LandingArea
from assets.kernel.network import NetworkProfile
from assets.orders.documents import order_id
from assets.orders.events import Channel, Levels
from assets.orders.gateways.port import Answer, NotUnderstood, Receipt, ReceiptLine, Submission
from assets.orders.gateways.tryton import order_points
from assets.orders.gateways.tryton.feeds import read_feeds
from assets.orders.gateways.tryton.gateway import Tryton
from assets.orders.gateways.tryton.master import rows, sites
from orchestration.erp_feeds import land_from_tryton
from orchestration.sensitive import landed_sensitive
from orchestration.settings import Settings

CHILD = """
import os, pickle, signal, sys, threading
import httpx
from assets.orders.gateways.tryton.gateway import Tryton
from assets.orders.gateways.tryton.rpc import Credentials, Rpc
url, when, key, wanted = sys.argv[1:]

def die():
    os.kill(os.getpid(), signal.SIGKILL)

class Dies(httpx.HTTPTransport):
    def handle_request(self, request):
        creates = b'internal.create"' in request.content
        if creates and when == "before":
            die()
        if creates and when != "after":
            threading.Timer(float(when), die).start()
        response = super().handle_request(request)
        if creates:
            die()
        return response

Tryton(Rpc(url, "erp", Credentials("equipoise", key), transport=Dies())).submit(pickle.loads(bytes.fromhex(wanted)))
"""


@pytest.fixture(scope="module")
def erp(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Erp]:
    may_install = "not slow" not in request.config.getoption("markexpr")
    installation = prepared_erp(tmp_path_factory.mktemp("tryton") / "erp", may_install=may_install)
    with running_erp(installation) as erp:
        yield erp


@pytest.fixture
def gateway(erp: Erp) -> Iterator[Tryton]:
    gateway = erp.gateway()
    yield gateway
    gateway.close()


@pytest.fixture
def operator(erp: Erp) -> Operator:
    return erp.operator()


@pytest.fixture
def day(erp: Erp) -> dt.date:
    """Return a plan date of the test's own, whose orders have ids of their own."""
    return next(erp.days)


def transfer(day: dt.date, revision: int = 1, units: Sequence[int] = UNITS, destination: str = "S1") -> Submission:
    return _of(day, submission(destination, revision, units), "transfer", "DC1")


def purchase(day: dt.date, revision: int = 1, origin: str = "P1") -> Submission:
    return _of(day, submission("DC1", revision), "purchase", origin)


def _of(day: dt.date, wanted: Submission, kind: str, origin: str) -> Submission:
    document = wanted.document
    reference = order_id("sample", day, kind, origin, document.destination_id, channel=Channel.LIVE)
    return Submission(
        replace(document, order_id=reference, plan_date=day, kind=kind, origin_id=origin), wanted.revision
    )


def test_a_transfer_is_a_draft_shipment_there_until_somebody_accepts_it(
    gateway: Tryton, operator: Operator, day: dt.date
) -> None:
    wanted = transfer(day)
    assert gateway.submit(wanted) == Receipt(wanted.reference, 1, Answer.PENDING)
    operator.accept(wanted.reference)
    accepted = gateway.find(wanted.reference)
    assert accepted is not None
    assert (accepted.answer, accepted.lines) == (Answer.ACCEPTED, (ReceiptLine(1, 10), ReceiptLine(2, 4)))
    assert operator.times_there(wanted.reference) == 1


def test_what_is_shipped_and_received_there_comes_back_as_confirmations(
    gateway: Tryton, operator: Operator, day: dt.date
) -> None:
    reference = gateway.submit(transfer(day)).reference
    operator.accept(reference)
    cursor = gateway.confirmations("").cursor
    operator.ship(reference)
    shipped = gateway.confirmations(cursor)
    operator.receive(reference)
    (received,) = gateway.confirmations(shipped.cursor).found
    assert [one.receipt.lines for one in shipped.found] == [(ReceiptLine(1, 10, 10), ReceiptLine(2, 4, 4))]
    assert received.receipt.lines == (ReceiptLine(1, 10, 10, 10), ReceiptLine(2, 4, 4, 4))
    assert received.receipt.answer is Answer.CLOSED


def test_a_purchase_is_ordered_from_the_supplier_and_closed_by_its_arrival(
    gateway: Tryton, operator: Operator, day: dt.date
) -> None:
    reference = gateway.submit(purchase(day)).reference
    again = gateway.submit(purchase(day))
    operator.accept(reference)
    operator.receive(reference)
    closed = gateway.find(reference)
    assert closed is not None
    assert again.answer is Answer.PENDING
    assert (closed.answer, closed.lines) == (Answer.CLOSED, (ReceiptLine(1, 10, 10, 10), ReceiptLine(2, 4, 4, 4)))
    assert operator.times_there(reference) == 1


@pytest.mark.slow
def test_a_purchase_is_amended_while_it_is_a_draft_and_not_cancelled_once_confirmed(
    gateway: Tryton, operator: Operator, day: dt.date
) -> None:
    reference = gateway.submit(purchase(day)).reference
    assert gateway.submit(purchase(day, revision=2)).revision == 2
    operator.accept(reference)
    assert gateway.cancel(cancellation(reference)).answer is Answer.ACCEPTED
    refused = gateway.submit(purchase(day, revision=3))
    assert (refused.revision, refused.amendment_was_refused) == (2, True)


@pytest.mark.slow
def test_a_product_a_site_or_a_supplier_that_is_not_there_is_a_refusal_with_its_code(
    gateway: Tryton, day: dt.date
) -> None:
    document = transfer(day).document
    stranger = replace(document, lines=(replace(document.lines[0], item_id="I9"),))
    assert "I9" in gateway.submit(Submission(stranger, 1)).reason
    assert "S9" in gateway.submit(transfer(day, destination="S9")).reason
    assert "P9" in gateway.submit(purchase(day, origin="P9")).reason
    assert gateway.submit(transfer(day, destination="S9")).answer is Answer.REFUSED
    assert gateway.find(transfer(day, destination="S9").reference) is None


@pytest.mark.slow
def test_ten_that_send_the_same_at_once_make_one_order(erp: Erp, operator: Operator, day: dt.date) -> None:
    gateways = [erp.gateway() for _ in range(10)]
    for gateway in gateways:
        assert gateway.find("nothing") is None  # Logged in, so that all set off together.
    with ThreadPoolExecutor(10) as pool:
        receipts = list(pool.map(lambda gateway: gateway.submit(transfer(day)), gateways))
    assert {receipt.answer for receipt in receipts} == {Answer.PENDING}
    assert operator.times_there(transfer(day).reference) == 1


@pytest.mark.slow
def test_the_database_itself_refuses_a_second_record_of_an_order(
    gateway: Tryton, operator: Operator, day: dt.date
) -> None:
    gateway.submit(transfer(day))
    receipt = gateway._create(transfer(day))
    assert receipt is None
    assert operator.times_there(transfer(day).reference) == 1


@pytest.mark.slow
def test_a_copy_that_a_person_makes_is_not_ours(gateway: Tryton, operator: Operator, day: dt.date) -> None:
    reference = gateway.submit(transfer(day)).reference
    copies = operator.rpc.change("model.stock.shipment.internal.copy", [operator.order(reference).record_id])
    (copy,) = operator.rpc.read("model.stock.shipment.internal.read", copies, ["equipoise_order"])
    assert copy["equipoise_order"] is None
    assert gateway.references().count(reference) == 1


@pytest.mark.parametrize(
    "when", ["after", *(pytest.param(when, marks=pytest.mark.slow) for when in ("before", "0.01", "0.05", "0.1"))]
)
def test_a_sender_killed_while_it_creates_leads_to_one_order(
    erp: Erp, gateway: Tryton, operator: Operator, day: dt.date, when: str
) -> None:
    command = [sys.executable, "-c", CHILD, erp.url, when, erp.key, pickle.dumps(transfer(day)).hex()]
    died = subprocess.run(command, cwd=Path(__file__).parents[2], check=False)
    assert died.returncode == -signal.SIGKILL
    found = gateway.find(transfer(day).reference)
    if when in ("before", "after"):
        assert (found is None) == (when == "before")
    gateway.submit(transfer(day))
    assert operator.times_there(transfer(day).reference) == 1


def test_a_change_made_there_meanwhile_is_not_overwritten(gateway: Tryton, operator: Operator, day: dt.date) -> None:
    reference = gateway.submit(transfer(day)).reference
    seen = gateway._require(reference)
    operator.accept(reference)
    operator.ship(reference)
    amended = gateway._amend(seen, transfer(day, revision=2, units=(1, 1)))
    assert (amended.receipt.revision, amended.receipt.amendment_was_refused) == (1, True)
    assert amended.receipt.lines == (ReceiptLine(1, 10, 10), ReceiptLine(2, 4, 4))


@pytest.mark.slow
def test_feeds_tell_stock_and_what_our_orders_became_with_our_reference(
    gateway: Tryton, operator: Operator, day: dt.date
) -> None:
    today = dt.datetime.now(dt.UTC).date()
    moved, bought = gateway.submit(transfer(day)).reference, gateway.submit(purchase(day)).reference
    before = read_feeds(gateway.rpc, today)
    operator.accept(moved)
    operator.ship(moved)
    operator.accept(bought)
    after = read_feeds(gateway.rpc, today)
    columns = ["item_id", "destination_id", "shipped_units", "status"]
    assert _ours(before["tms_shipments"], moved, columns) == _ours(before["erp_purchase_orders"], bought, []) == []
    assert _ours(after["tms_shipments"], moved, columns) == [
        ["I1", "S1", 10, "in_transit"],
        ["I2", "S1", 4, "in_transit"],
    ]
    columns = ["supplier_id", "site_id", "ordered_units", "received_units", "status"]
    assert _ours(after["erp_purchase_orders"], bought, columns) == [
        ["P1", "DC1", 10, 0, "open"],
        ["P1", "DC1", 4, 0, "open"],
    ]
    left = _on_hand(before) - _on_hand(after)
    assert (left["DC1", "I1"], left["DC1", "I2"], left["S1", "I1"]) == (10, 4, 0)
    assert set(after["erp_sites"]["site_id"]) == {"DC1", "S1", "S2", "S3"}
    assert list(after["erp_suppliers"]["supplier_id"]) == ["P1"]
    assert list(after["erp_items"]["unit_cost"]) == [2.0, 5.0]


@pytest.mark.slow
def test_what_tryton_knows_lands_as_feeds_once_and_keeps_what_it_does_not_know(
    erp: Erp, gateway: Tryton, operator: Operator, day: dt.date, tmp_path: Path
) -> None:
    today = dt.datetime.now(dt.UTC).date()
    moved = gateway.submit(transfer(day)).reference
    operator.accept(moved)
    operator.ship(moved)
    settings = Settings(home=tmp_path, network="sample", gateway_url=erp.url, gateway_secret=erp.key)
    home = settings.network_home()
    NetworkProfile(name="sample", first_plan_date=today).write(home.root)
    area = LandingArea(home.landing, home.profile.clock)
    folder = tmp_path / "sent"
    folder.mkdir()
    (folder / "erp_items_2026-01-01.csv").write_text("item_id,category,is_sensitive\nI1,cold,true\n")
    (folder / "erp_sites_2026-01-01.csv").write_text("site_id,site_kind\nS1,store\n")
    assert not area.land_files(folder, default_date=today - dt.timedelta(days=9)).problems

    first, again = (land_from_tryton(settings, home, today) for _ in range(2))
    assert {f"{one.source}_{one.table}" for one in first.landed} == set(read_feeds(gateway.rpc, today))
    assert (again.landed, len(again.repeated)) == ((), len(first.landed))
    assert {one.business_date for one in first.landed} == {today}
    contracted = {one.table: feed_table(one.source, one.table).lateness for one in first.landed}
    assert all(one.available_at == end_of_day(today, "UTC") + contracted[one.table] for one in first.landed)

    rows = {one.table: pd.read_parquet(area.directory(one) / one.files[0]) for one in first.landed}
    assert rows["items"].set_index("item_id").loc["I1", ["category", "is_sensitive"]].tolist() == ["cold", True]
    kinds = rows["sites"].set_index("site_id")["site_kind"]
    assert (kinds["S1"], kinds["DC1"]) == ("store", "regional_warehouse")
    assert _ours(rows["shipments"], moved, ["item_id", "shipped_units"]) == [["I1", 10], ["I2", 4]]
    assert landed_sensitive(area) == {"I1"}


def _ours(table: pd.DataFrame, reference: str, columns: list[str]) -> list[list[object]]:
    return table.loc[table["order_reference"] == reference, columns].to_numpy().tolist()


def _on_hand(feeds: dict[str, pd.DataFrame]) -> "pd.Series[int]":
    return feeds["wms_inventory"].set_index(["site_id", "item_id"])["on_hand_units"]


@pytest.mark.slow
def test_another_content_as_the_same_revision_is_for_a_person(gateway: Tryton, day: dt.date) -> None:
    gateway.submit(transfer(day))
    with pytest.raises(NotUnderstood, match="another content"):
        gateway.submit(transfer(day, units=(99, 1)))


def levels(day: dt.date) -> Submission:
    """Return levels of S2, supplied by DC1, for both items."""
    return parameters("S2", levels=((11, 4, 17), (0, 0, 3)), plan_date=day)


def test_levels_are_order_points_there_by_which_tryton_orders(
    erp: Erp, gateway: Tryton, operator: Operator, day: dt.date
) -> None:
    receipt = gateway.submit(levels(day))
    taken = (ReceiptLine(1, 17, taken=True), ReceiptLine(2, 3, taken=True))
    assert (receipt.answer, receipt.lines) == (Answer.ACCEPTED, taken)
    there = order_points.read(operator.rpc)
    assert there["S2", "I1"] == order_points.OrderPoint("transfer", "DC1", 11, 4, 17, receipt.reference)
    assert there["S2", "I2"] == order_points.OrderPoint("transfer", "DC1", 0, 0, 3, receipt.reference)
    admin = erp.rpc("admin")
    wizard, *_ = admin.change("wizard.stock.supply.create")
    admin.change("wizard.stock.supply.execute", wizard, {"start": {"warehouses": []}}, "create_")
    admin.close()
    requested = rows(operator.rpc, "stock.shipment.internal", [["state", "=", "request"]], [])
    domain = [["shipment", "in", [f"stock.shipment.internal,{row['id']}" for row in requested]]]
    asked = rows(operator.rpc, "stock.move", domain, ["product.code", "internal_quantity", "to_location"])
    storage = sites(operator.rpc, ["S2"])["S2"].storage
    found = {(row["product."]["code"], row["internal_quantity"]) for row in asked if row["to_location"] == storage}
    assert found == {("I1", 17.0), ("I2", 3.0)}


def test_levels_of_what_is_bought_are_order_points_of_the_warehouse_and_a_withdrawal_deletes_them(
    gateway: Tryton, operator: Operator, day: dt.date
) -> None:
    wanted = levels(day).document
    lines = tuple(replace(line, mode="purchase") for line in wanted.lines[:1])
    reference = order_id("sample", day, "parameters", "", "DC1", channel=Channel.LIVE)
    bought = replace(wanted, lines=lines, order_id=reference, destination_id="DC1")
    gateway.submit(Submission(bought, 1))
    assert order_points.read(operator.rpc)["DC1", "I1"].kind == "purchase"
    none = replace(lines[0], levels=Levels(0, 0, 0, "P1", "cycle_service", Decimal(0), is_withdrawn=True))
    later = day + dt.timedelta(days=300)
    reference = order_id("sample", later, "parameters", "", "DC1", channel=Channel.LIVE)
    gone = replace(bought, lines=(none,), order_id=reference, plan_date=later)
    assert gateway.submit(Submission(gone, 1)).lines == (ReceiptLine(1, 0, taken=True),)
    assert ("DC1", "I1") not in order_points.read(operator.rpc)


def test_levels_of_a_product_or_site_that_is_not_there_are_refused_with_its_code(gateway: Tryton, day: dt.date) -> None:
    document = levels(day).document
    stranger = replace(document, lines=(replace(document.lines[0], item_id="I9"),))
    refused = gateway.submit(Submission(stranger, 1))
    assert (refused.answer, "I9" in refused.reason) == (Answer.REFUSED, True)
    nowhere = replace(document, destination_id="S9")
    assert "S9" in gateway.submit(Submission(nowhere, 1)).reason
