"""An order goes to the system it was issued to, and messages are read on where they were read to."""

from pathlib import Path

import pytest
from unit.orders.order_samples import PLAN_DATE
from unit.orders.test_outbox import TERMS, Time, issued

from assets.orders.confirmations import ConfirmationsTaken, stream_of, take_confirmations
from assets.orders.gateways.filedrop import FileDrop
from assets.orders.gateways.memory import MemoryGateway
from assets.orders.gateways.port import Confirmations, OutcomeUnknown, Receipt, Submission
from assets.orders.outbox import send_due
from assets.orders.reconcile import Cause, reconcile
from assets.orders.store import Append, MemoryOrderStore


class TornDrop(FileDrop):
    """Writes, and never learns that it did."""

    def submit(self, submission: Submission) -> Receipt:
        super().submit(submission)
        raise OutcomeUnknown("no answer", where="there", remedy="Ask")


@pytest.mark.parametrize("recorded", ["filedrop:home", "filedrop"])
def test_what_may_have_arrived_in_the_folder_of_the_home_is_held_at_another_and_found_at_home(
    tmp_path: Path, recorded: str
) -> None:
    home, other, time = FileDrop(tmp_path / "home", in_home=True), FileDrop(tmp_path / "erp"), Time()
    store = issued(3, gateway=recorded)
    sent = send_due(store, TornDrop(tmp_path / "home", in_home=True), "sample", TERMS, time)
    assert len(sent.unknown) == 3
    time.passes()
    at_other = send_due(store, other, "sample", TERMS, time)
    assert (sorted(at_other.held), at_other.answered, other.references()) == (sorted(sent.unknown), [], ())
    differences = reconcile(store, other, "sample", PLAN_DATE).differences
    assert [one.cause for one in differences] == [Cause.ELSEWHERE] * 3
    assert len(send_due(store, home, "sample", TERMS, time).answered) == 3


@pytest.mark.parametrize(("recorded", "leaves"), [("filedrop:home", 0), ("filedrop", 3)])
def test_what_was_never_tried_goes_to_another_folder_only_where_no_address_was_recorded(
    tmp_path: Path, recorded: str, leaves: int
) -> None:
    store, other = issued(3, gateway=recorded), FileDrop(tmp_path / "erp")
    assert len(send_due(store, other, "sample", TERMS, Time()).answered) == leaves
    assert len(other.references()) == leaves


class Addressed(MemoryGateway):
    """One of several systems of a kind; keeps the places at which it was asked."""

    def __init__(self, which: str) -> None:
        super().__init__()
        self.which, self.asked = which, list[str]()

    @property
    def address(self) -> str:
        return f"{self.name}:{self.which}"

    def confirmations(self, since: str) -> Confirmations:
        self.asked.append(since)
        return Confirmations((), since)


def test_the_first_address_goes_on_where_its_kind_stood_and_later_ones_begin_anew() -> None:
    store, first, second = MemoryOrderStore(), Addressed("aa"), Addressed("bb")
    store.append([Append("gateway/sample/memory", 0, (ConfirmationsTaken("memory", "500"),))])
    for gateway in (first, first, second, first):
        take_confirmations(store, gateway, "sample")
    assert (first.asked, second.asked) == (["500"] * 3, [""])
    assert [len(store.history(stream_of(gateway, "sample"))) for gateway in (first, second)] == [1, 1]


def test_an_address_whose_kind_never_stood_anywhere_begins_at_the_beginning_and_records_nothing() -> None:
    store, gateway = MemoryOrderStore(), Addressed("aa")
    take_confirmations(store, gateway, "sample")
    assert (gateway.asked, store.events()) == ([""], ())
