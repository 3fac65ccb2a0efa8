"""`equipoise regret`: grades for everybody who reads orders, names only for those who may know them."""

from contextlib import closing

import pytest
from unit.cli.people import token_for
from unit.cli.tiny_network import PLAN_DATE, TRANSFER, Equipoise, open_tiny, rows

from assets.kernel.frames.marts import DIM_ITEM
from assets.kernel.frames.monitoring import REGRET
from assets.kernel.home import NetworkHome
from assets.kernel.published import Published
from assets.orders.events import OrderOverridden, OrderRejected
from assets.orders.store import Append
from assets.policy.access import Role


@pytest.fixture
def judged(planned: NetworkHome) -> NetworkHome:
    """Return a network of which two decisions are judged: what Pia changed, and what Rob rejected."""
    with closing(open_tiny(planned)) as store:
        changed = OrderOverridden(TRANSFER, 2, "pia", "space", "")
        store.append(
            [Append(TRANSFER.order_id, 1, (changed, OrderRejected(TRANSFER.order_id, 2, "rob", "duplicate", "")))]
        )
    facts = {"order_id": TRANSFER.order_id, "line_number": 1, "item_id": "I1", "destination_id": "S1"}
    told = rows(
        REGRET,
        facts | {"event_version": 2, "decision": "override", "reason": "space", "value_low_amount": -71.5,
                 "value_high_amount": -20.25, "regret_low_amount": 20.25, "regret_high_amount": 71.5,
                 "hindsight": "refuted"},
        facts | {"event_version": 3, "decision": "rejection", "reason": "duplicate", "value_low_amount": 3.0,
                 "value_high_amount": 4.0, "hindsight": "borne_out"},
    )  # fmt: skip
    Published(planned.published).write(REGRET, told, PLAN_DATE, "run-1")
    return planned


def become(home: NetworkHome, person: str, role: Role, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EQUIPOISE_TOKEN", token_for(home, person, role))


@pytest.mark.usefixtures("judged")
def test_reasons_are_listed_with_count_bounds_and_share(equipoise: Equipoise) -> None:
    told = equipoise("regret", "--by", "reason", "--json").data
    space, duplicate = told["groups"]
    assert (space["decision"], space["reason"], space["lines"], space["refuted_share"]) == ("override", "space", 1, 1.0)
    assert (space["regret_low_amount"], space["regret_high_amount"]) == (20.25, 71.5)
    assert duplicate["borne_out_share"] == 1.0
    assert "the receiving site has" in space["meaning"]
    assert told["all"]["value_low_amount"] == -68.5
    shown = equipoise("regret", "--by", "reason").out
    assert "71.50" in shown
    assert "the same was ordered by another way" in shown


def test_names_are_told_to_whoever_reads_the_access_log_and_to_each_their_own(
    equipoise: Equipoise, judged: NetworkHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    def people() -> list[str]:
        return [one["person"] for one in equipoise("regret", "--by", "person", "--json").data["groups"]]

    assert people() == ["pia", "rob"]
    become(judged, "pia", Role.PLANNER, monkeypatch)
    assert people() == ["pia", "others"]
    become(judged, "vera", Role.VIEWER, monkeypatch)
    said = equipoise("regret", "--by", "person")
    assert "rob" not in said.out + said.err
    assert "others" in said.out


def test_who_may_not_see_an_item_sees_no_number_of_it(
    equipoise: Equipoise, judged: NetworkHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    item = rows(DIM_ITEM, {"item_id": "I1", "is_sensitive": True})
    Published(judged.published).write(DIM_ITEM, item, PLAN_DATE, "run-1")
    become(judged, "vera", Role.VIEWER, monkeypatch)
    for by in ("decision", "reason", "release", "person", "site"):
        for form in ((), ("--json",)):
            said = equipoise("regret", "--by", by, *form).out
            assert not [secret for secret in ("I1", "71.5", "20.25", "68.5") if secret in said], said
    become(judged, "anna", Role.APPROVER, monkeypatch)
    assert equipoise("regret", "--json").data["most_regretted"][0]["item_id"] == "I1"


def test_money_of_one_item_that_no_plan_names_is_withheld_as_of_a_sensitive_one(
    equipoise: Equipoise, judged: NetworkHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    Published(judged.published).write(DIM_ITEM, rows(DIM_ITEM, {"item_id": "I9"}), PLAN_DATE, "run-1")
    become(judged, "vera", Role.VIEWER, monkeypatch)
    told = equipoise("regret", "--json").data
    assert [one["money_withheld"] for one in (*told["groups"], told["all"])] == [True, True, True]
    assert not [secret for secret in ("I1", "71.5", "20.25", "68.5") if secret in str(told)]
    become(judged, "anna", Role.APPROVER, monkeypatch)
    assert equipoise("regret", "--json").data["all"]["value_low_amount"] == -68.5


@pytest.mark.usefixtures("judged")
def test_a_date_without_outcomes_is_an_error_with_a_remedy(equipoise: Equipoise) -> None:
    said = equipoise("regret", "--date", "2001-01-01")
    assert (said.code, said.out, said.err.count("\n")) == (1, "", 1)
    assert "2001-01-01 is not planned" in said.err


def test_an_empty_ledger_is_said_in_words(equipoise: Equipoise, planned: NetworkHome) -> None:
    Published(planned.published).write(REGRET, REGRET.empty(), PLAN_DATE, "run-1")
    assert "No decision has an outcome yet" in equipoise("regret").out
    assert equipoise("regret", "--json").data["groups"] == []


@pytest.mark.usefixtures("judged")
def test_an_unknown_group_is_refused(equipoise: Equipoise) -> None:
    assert equipoise("regret", "--by", "mood").code == 2
