"""A release from draft to active and back: who may, on what evidence, and proof of what decides."""

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
import yaml
from unit.governance.governance_samples import ADA, ALAN, AT, BEN, DORA, TODAY, VERA, evidence, release_with

from assets.governance.events import RELEASES, Event, EvidenceKind, RolledBack, StageChanged
from assets.governance.in_flight import IN_FLIGHT, InFlight, OrderInFlight
from assets.governance.log import MemoryGovernanceLog, settle
from assets.governance.rollback import (
    Rollback,
    prove_restored,
    roll_back,
    roll_back_by_guard,
)
from assets.governance.stages import EVIDENCE_FOR, evidence_of, promote, retire, standings
from assets.kernel.errors import EquipoiseError
from assets.orders.order import OrderStatus
from assets.policy.access import Identity, NotPermitted, Role
from assets.policy.registry import PolicyRegistry
from assets.policy.stage import PROMOTIONS, Stage

OPERATOR = Identity("otto#1009", frozenset({Role.OPERATOR}))


class Office:
    """Releases of a folder, and a log of what became of them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = MemoryGovernanceLog()
        self.registry = PolicyRegistry(own=folder, stages=lambda: standings(self.log.history(RELEASES)))

    def write(self, name: str, **sections: Any) -> None:
        release = release_with(name, **sections).model_dump(mode="json", exclude={"stage"})
        (self.folder / f"{name}.yaml").write_text(yaml.safe_dump(release))

    def promote(self, name: str, by: Identity | None = None, **changes: Any) -> tuple[Event, ...]:
        """Promote as ada, and as another admin where a release is to decide."""
        stage = next(release.stage for release in self.registry.releases() if release.name == name)
        after = PROMOTIONS.get(stage)
        by = by or (ALAN if after is Stage.ACTIVE else ADA)
        arguments = {"why": "better", "evidence": evidence(EVIDENCE_FOR[after]) if after else ()} | changes
        return settle(
            self.log,
            RELEASES,
            lambda history: promote(history, name, self.registry.releases(), by=by, at=AT, **arguments),
        )

    def promote_to_active(self, name: str) -> None:
        for _ in range(3):
            self.promote(name)

    def roll_back(self, name: str, *orders: OrderInFlight, by: Identity = ADA) -> Rollback:
        history = self.log.history(RELEASES)
        done = roll_back(history, name, self.registry.releases(), orders, by=by, at=AT, why="worse", plan_date=TODAY)
        self.log.append(RELEASES, len(history), done.events)
        return done

    def stages(self) -> dict[str, str]:
        return {release.name: str(release.stage) for release in self.registry.releases()}


@pytest.fixture
def office(tmp_path: Path) -> Office:
    made = Office(tmp_path)
    made.write("bold", guardrails={"cool_down_days": 1})
    return made


def test_without_events_the_shipped_release_decides(office: Office) -> None:
    assert office.registry.active().version == PolicyRegistry().active().version
    assert office.stages() == {"bold": "draft", "standard": "active"}
    assert (office.registry.canary(), office.registry.shadows()) == (None, [])


def test_a_release_goes_from_draft_to_active_and_the_one_before_retires(office: Office) -> None:
    seen = []
    for _ in range(3):
        office.promote("bold")
        canary = office.registry.canary()
        seen.append((office.stages(), office.registry.active().name, canary.name if canary else ""))
    assert seen == [
        ({"bold": "shadow", "standard": "active"}, "standard", ""),
        ({"bold": "canary", "standard": "active"}, "standard", "bold"),
        ({"bold": "active", "standard": "retired"}, "bold", ""),
    ]


def test_every_transition_says_who_when_why_and_on_what_evidence(office: Office) -> None:
    office.promote("bold")
    (event,) = office.log.history(RELEASES)
    assert isinstance(event, StageChanged)
    bold = office.registry.releases()[0]
    assert (event.before, event.after, event.by, event.at, event.why) == (
        Stage.DRAFT, Stage.SHADOW, "ada#1000", AT, "better",
    )  # fmt: skip
    assert (event.version, event.content_hash) == (bold.version, bold.content_hash)
    assert evidence_of(office.log.history(RELEASES), bold) == evidence(EvidenceKind.BACKTEST)


def test_rolling_back_restores_the_former_release_to_the_bit(office: Office) -> None:
    before = office.registry.active()
    office.promote_to_active("bold")
    done = office.roll_back("bold")
    assert (done.taken_back.name, done.restored.name) == ("bold", "standard")
    assert office.stages() == {"bold": "retired", "standard": "active"}
    proof = prove_restored(office.log.history(RELEASES), office.registry.active())
    assert proof.former_hash == proof.restored_hash == before.content_hash
    assert office.registry.active() == before


def test_rolling_back_a_canary_leaves_the_active_release_as_it_was(office: Office) -> None:
    before = office.registry.active()
    office.promote("bold")
    office.promote("bold")
    office.roll_back("bold")
    assert office.stages() == {"bold": "retired", "standard": "active"}
    assert prove_restored(office.log.history(RELEASES), office.registry.active()).former_hash == before.content_hash


def test_the_release_before_the_one_before_is_not_what_a_rollback_restores(office: Office) -> None:
    office.write("bolder", guardrails={"cool_down_days": 0})
    office.promote_to_active("bold")
    office.promote_to_active("bolder")
    assert office.roll_back("bolder").restored.name == "bold"
    assert office.roll_back("bold").restored.name == "standard"


@pytest.mark.parametrize("fault", ["colour: red", "{", "parent: gone@000000000000"])
def test_a_draft_that_is_at_fault_keeps_nobody_from_taking_a_release_back(office: Office, fault: str) -> None:
    office.promote_to_active("bold")
    whole = (office.folder / "bold.yaml").read_text().replace("name: bold", "name: draft")
    (office.folder / "draft.yaml").write_text(f"{fault}\n" if fault == "{" else f"{whole}{fault}\n")
    with pytest.raises(EquipoiseError):
        office.registry.releases()
    history = office.log.history(RELEASES)
    done = roll_back(history, "bold", office.registry.whole(), (), by=ADA, at=AT, why="worse", plan_date=TODAY)
    assert done.restored.name == "standard"


def test_a_release_that_is_at_fault_itself_is_neither_taken_back_nor_restored(office: Office) -> None:
    office.promote_to_active("bold")
    office.write("bold", guardrails={"cool_down_days": 9})
    with pytest.raises(EquipoiseError, match="there is no such release"):
        roll_back(
            office.log.history(RELEASES), "bold", office.registry.whole(), (), by=ADA, at=AT, why="worse",
            plan_date=TODAY,
        )  # fmt: skip


def test_a_canary_is_not_taken_back_where_nothing_else_could_decide(office: Office) -> None:
    office.promote("bold")
    office.promote("bold")
    alone = [release for release in office.registry.whole() if release.stage is not Stage.ACTIVE]
    history = office.log.history(RELEASES)
    with pytest.raises(EquipoiseError, match="the active release is not there"):
        roll_back(history, "bold", alone, (), by=ADA, at=AT, why="worse", plan_date=TODAY)


def test_a_guard_rolls_back_and_asks_nobody(office: Office) -> None:
    office.promote("bold")
    office.promote("bold")
    done = roll_back_by_guard(
        office.log.history(RELEASES), "bold", office.registry.releases(), (), guard="cost", at=AT, why="dearer",
        plan_date=TODAY,
    )  # fmt: skip
    last = done.events[-1]
    assert isinstance(last, RolledBack)
    assert (last.by, last.guard, last.why) == ("guard", "cost", "dearer")


def test_every_status_has_a_rule_for_orders_in_flight_and_every_action_is_used() -> None:
    assert set(IN_FLIGHT) == set(OrderStatus)
    assert {action for action, _ in IN_FLIGHT.values()} == set(InFlight)


def test_a_rollback_says_of_each_order_of_the_release_what_becomes_of_it(office: Office) -> None:
    office.promote_to_active("bold")
    bold, standard = (release.version for release in office.registry.releases())
    done = office.roll_back(
        "bold",
        OrderInFlight("T-3", OrderStatus.SHIPPED, bold),
        OrderInFlight("T-1", OrderStatus.PROPOSED, bold),
        OrderInFlight("T-2", OrderStatus.UNKNOWN, bold),
        OrderInFlight("T-0", OrderStatus.PROPOSED, standard),
    )
    assert [(one.order_id, one.action) for one in done.orders] == [
        ("T-1", InFlight.CANCEL), ("T-2", InFlight.HOLD), ("T-3", InFlight.COMPENSATE),
    ]  # fmt: skip


def test_a_promoted_release_whose_content_changed_decides_nothing(office: Office) -> None:
    office.promote_to_active("bold")
    office.write("bold", guardrails={"cool_down_days": 2})
    for ask in (office.registry.active, office.registry.releases):
        with pytest.raises(EquipoiseError, match="changed after it was promoted") as told:
            ask()
        assert "\n" not in str(told.value)


def test_a_draft_may_still_change(office: Office) -> None:
    office.write("bold", guardrails={"cool_down_days": 2})
    office.promote("bold")
    assert office.stages()["bold"] == "shadow"


def test_a_restored_release_whose_file_changed_proves_nothing(office: Office) -> None:
    office.promote_to_active("bold")
    office.roll_back("bold")
    with pytest.raises(EquipoiseError, match="restored = standard"):
        prove_restored(office.log.history(RELEASES), release_with(guardrails={"cool_down_days": 9}))


def test_a_promotion_without_its_evidence_is_refused(office: Office) -> None:
    with pytest.raises(EquipoiseError, match="no backtest speaks for it"):
        office.promote("bold", evidence=())
    with pytest.raises(EquipoiseError, match="no backtest speaks for it"):
        office.promote("bold", evidence=evidence(EvidenceKind.CANARY))


def test_evidence_without_numbers_is_none(office: Office) -> None:
    (sound,) = evidence(EvidenceKind.BACKTEST)
    with pytest.raises(EquipoiseError, match="no numbers or no source"):
        office.promote("bold", evidence=(type(sound)(sound.kind, sound.source),))


def test_there_is_one_canary_at_most(office: Office) -> None:
    office.write("bolder", guardrails={"cool_down_days": 0})
    for name in ("bold", "bolder", "bold"):
        office.promote(name)
    with pytest.raises(EquipoiseError, match="bold is canary already"):
        office.promote("bolder")


def test_what_is_active_or_retired_has_no_next_stage(office: Office) -> None:
    with pytest.raises(EquipoiseError, match="no next stage"):
        office.promote("standard")


@pytest.mark.parametrize("written", ["ada", "", "somebody"])
def test_nobody_makes_the_release_active_that_they_brought_in_whatever_its_file_says(
    office: Office, written: str
) -> None:
    office.write("own", objective={"shortage_weight": 2.0})
    path = office.folder / "own.yaml"
    path.write_text(path.read_text().replace("author: ''", "author: ada"))
    office.promote("own", by=ADA)
    office.promote("own", by=ALAN)
    path.write_text(path.read_text().replace("author: ada", f"author: '{written}'"))
    with pytest.raises(EquipoiseError, match="nobody makes their own active"):
        office.promote("own", by=ADA)
    office.promote("own", by=ALAN)
    assert office.registry.active().name == "own"


def test_who_wrote_a_release_does_not_make_it_active_though_another_brought_it_in(office: Office) -> None:
    office.write("own", objective={"shortage_weight": 2.0})
    path = office.folder / "own.yaml"
    path.write_text(path.read_text().replace("author: ''", "author: alan"))
    office.promote("own")
    office.promote("own")
    with pytest.raises(EquipoiseError, match="alan wrote it, and nobody makes their own active"):
        office.promote("own", by=ALAN)


def test_a_planner_shadows_and_only_an_admin_goes_further(office: Office) -> None:
    for somebody in (BEN, VERA, OPERATOR):
        with pytest.raises(NotPermitted):
            office.promote("bold", by=somebody)
    office.promote("bold", by=DORA)
    with pytest.raises(NotPermitted):
        office.promote("bold", by=DORA)


def test_an_operator_rolls_back_and_a_planner_does_not(office: Office) -> None:
    office.promote_to_active("bold")
    with pytest.raises(NotPermitted):
        office.roll_back("bold", by=DORA)
    assert office.roll_back("bold", by=OPERATOR).restored.name == "standard"


@pytest.mark.parametrize(("name", "why"), [("bold", "decides nothing"), ("standard", "no release decided before")])
def test_what_has_nothing_before_it_cannot_be_rolled_back(office: Office, name: str, why: str) -> None:
    with pytest.raises(EquipoiseError, match=why):
        office.roll_back(name)


def test_a_shadow_retires_and_what_decides_does_not(office: Office) -> None:
    office.promote("bold")
    history = office.log.history(RELEASES)
    events = retire("bold", office.registry.releases(), by=DORA, at=AT, why="no better")
    assert standings((*history, *events))["bold"].stage is Stage.RETIRED
    with pytest.raises(EquipoiseError, match="Roll back"):
        retire("standard", office.registry.releases(), by=ADA, at=AT, why="tired")


def test_times_are_utc(office: Office) -> None:
    office.promote("bold")
    assert all(isinstance(e, StageChanged) and e.at.tzinfo is dt.UTC for e in office.log.history(RELEASES))
