"""From a plan to receipts by command: two people approve, the other side answers, a pause holds everything."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from bad_networks import typed
from networks import copied
from unit.cli.people import write_release

from assets.kernel.home import NetworkHome
from assets.orders.gateways.counterpart import Counterpart, CounterpartStore
from assets.orders.gateways.counterpart.folder_face import FolderFace
from assets.orders.gateways.drop_folder import DropFolder
from orchestration.settings import Settings

WHY = ("--reason", "for a test")


@dataclass
class Person:
    """Somebody at the command line."""

    settings: Settings
    token: str = ""

    def __call__(self, *arguments: str, code: int = 0) -> Any:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("EQUIPOISE_TOKEN", self.token)
            said = typed(self.settings, *arguments, "--json")
        assert said.code == code, f"{arguments}: {said}"
        return json.loads(said.out) if code == 0 else said.err


@dataclass
class Scene:
    """A planned network, its people, and the other side."""

    owner: Person
    ann: Person
    bob: Person
    ops: Person
    theirs: FolderFace


@pytest.fixture
def scene(planned_settings: Settings, tmp_path: Path) -> Scene:
    """Return a network of which every order needs two people."""
    settings = copied(planned_settings, tmp_path)
    home = settings.network_home()
    owner = Person(settings)
    people = {}
    for name, role in (("ann", "approver"), ("bob", "approver"), ("ops", "operator")):
        owner("access", "grant", name, role, *WHY)
        people[name] = Person(settings, owner("access", "token", name)["token"])
    owner("access", "grant", "eve", "admin", *WHY)
    activate_strict(owner, Person(settings, owner("access", "token", "eve")["token"]), home)
    counterpart = Counterpart(CounterpartStore(tmp_path / "theirs.db"))
    theirs = FolderFace(counterpart, DropFolder(home.gateway_files))
    return Scene(owner, people["ann"], people["bob"], people["ops"], theirs)


def activate_strict(owner: Person, another: Person, home: NetworkHome) -> None:
    """Make a release decide by which every order needs two people; who brings it in does not make it active."""
    write_release(
        home, owner("policy", "show"), "strict",
        approvals={"one_approver_above_amount": 0, "two_approvers_above_amount": 0},
    )  # fmt: skip
    for kind, stage in (("backtest", "shadow"), ("shadow", "canary"), ("canary", "active")):
        who = another if stage == "active" else owner
        after = who("policy", "promote", "strict", "--evidence", f"{kind}:a test:cost=1 share", *WHY)
        assert after["stage"] == stage


def test_from_inbox_to_receipt_and_back(scene: Scene) -> None:
    ann, bob, ops = scene.ann, scene.bob, scene.ops
    waiting = ann("inbox")["waiting"]
    assert {one["kind"] for one in waiting} == {"approval"}
    assert all(one["why"].startswith("2 of 2 to approve") for one in waiting)
    first, second = (one["order_id"] for one in waiting[:2])

    assert ops("dispatch")["issued"] == []
    seen = ann("orders", first)["content_digest"]
    assert ann("approve", first, "--seen", seen)["status"] == "proposed"
    assert "ann has approved it already" in ann("approve", first, code=1)
    assert "changed since it was shown" in bob("approve", first, "--seen", "0" * 12, code=1)
    assert "not ann" in bob("approve", first, "--by", "ann", code=1)
    assert bob("approve", first)["status"] == "approved"

    assert ops("dispatch")["issued"] == [first]
    scene.theirs.poll()
    assert first in ops("dispatch")["orders_told_of"]
    assert ann("orders", first)["status"] == "acknowledged"
    assert ops("reconcile")["differences"] == []

    assert bob("cancel", first, "--reason", "not_needed")["cancel_reason"]
    ops("dispatch")
    scene.theirs.poll()
    ops("dispatch")
    after = ann("orders", first)
    assert after["status"] == "cancelled"
    assert [one["what"] for one in after["history"]][-1] == "receipt recorded"
    assert ops("reconcile")["differences"] == []

    ops("pause", "all", *WHY)
    ann("approve", second)
    bob("approve", second)
    held = ops("dispatch")
    assert held["issued"] == []
    assert "everything is paused" in held["held"][second]
    [kept] = [one for one in ann("inbox")["waiting"] if one["order_id"] == second]
    assert (kept["kind"], kept["command"]) == ("held back", "equipoise resume 'all' --reason WHY")
    ops("resume", "all", *WHY)
    assert ops("dispatch")["issued"] == [second]
    assert ops("ledger", "verify")["faults"] == []


def test_approvals_of_somebody_who_left_count_no_more_and_the_order_waits(scene: Scene) -> None:
    order_id = scene.ann("inbox")["waiting"][0]["order_id"]
    scene.ann("approve", order_id)
    assert scene.bob("approve", order_id)["status"] == "approved"
    scene.owner("access", "remove", "ann", *WHY)
    done = scene.ops("dispatch")
    assert done["issued"] == []
    assert done["waiting_for_people"][order_id].startswith("1 of 2 approved")


def test_a_release_taken_back_says_and_does_what_becomes_of_orders(scene: Scene) -> None:
    told = scene.owner("policy", "rollback", "strict", *WHY)
    assert told["proof"]["former_hash"] == told["proof"]["restored_hash"]
    # All of them were made by the release that decides again.
    assert told["orders"] == []
    assert scene.owner("policy", "show")["name"] == "standard"
    assert scene.ops("dispatch")["issued"]


def test_two_releases_are_compared_in_money_on_the_latest_snapshot(scene: Scene) -> None:
    home = scene.owner.settings.network_home()
    standard = scene.owner("policy", "show", "standard")
    write_release(home, standard, "still", guardrails={"minimum_gain_amount": 100_000})
    told = scene.owner("policy", "diff", "standard", "still")
    assert any("Least gain of a lateral or expedited line rises to" in line for line in told["words"])
    assert told["money"][0].startswith("On this snapshot the plan would cost ")
