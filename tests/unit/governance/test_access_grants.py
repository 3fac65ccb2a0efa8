"""Who gets in: grants, tokens, people who left, and what is written down of it."""

import datetime as dt
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from unit.governance.governance_samples import ADA, AT, BEN, DORA, TODAY, TOMORROW, VERA

from assets.governance.access_log import log_sensitive_read, refusals_logged, shown_to
from assets.governance.events import ACCESS, Event, PermissionRefused, SensitiveRead, TokenRefused, access_log_of
from assets.governance.grants import access_book, grant, remove_person, revoke, revoke_token
from assets.governance.identity import OsUser, current_user, identify, owner_of, still_named
from assets.governance.log import MemoryGovernanceLog
from assets.governance.tokens import NewToken, TokenFault, issue_token
from assets.kernel.clock import FixedClock
from assets.kernel.errors import EquipoiseError
from assets.policy.access import Identity, NotPermitted, Permission, Role, require
from assets.policy.oversight import MaskingRules

CHEAP = 2**4
OWNER, OTHER = OsUser(1000, "ada"), OsUser(1001, "ben")
NAMES = {1000: "ada", 1001: "ben"}


def granted(*pairs: tuple[str, Role]) -> tuple[Event, ...]:
    history: tuple[Event, ...] = ()
    for person, role in (("ada#1000", Role.ADMIN), *pairs):
        history += grant(history, person, role, by=ADA, at=AT, why="needed")
    return history


def who(history: tuple[Event, ...], user: OsUser, token: str = "", **changes: Any) -> Identity:
    arguments: dict[str, Any] = {
        "user": user, "owner": OWNER, "environ": {"EQUIPOISE_TOKEN": token, "USER": "ada"}, "today": TODAY,
        "name_of": lambda uid: NAMES.get(uid, ""),
    }  # fmt: skip
    return identify(access_book(history), **(arguments | changes))


def token_for(person: str, seed: int = 1, expires_on: dt.date = TOMORROW) -> NewToken:
    return issue_token(
        person, by=ADA, at=AT, expires_on=expires_on, cost=CHEAP, random_bytes=lambda size: bytes([seed]) * size
    )


def test_while_nobody_was_granted_anything_the_owner_of_the_home_is_admin_and_is_told() -> None:
    owner = who((), OWNER)
    assert owner.roles == {Role.ADMIN}
    assert "owns the home, is admin" in owner.note
    assert who((), OTHER).roles == frozenset()


def test_the_first_grant_makes_the_owner_admin_by_name() -> None:
    history = grant((), "ben#1001", Role.PLANNER, by=who((), OWNER), at=AT, why="plans")
    assert who(history, OWNER).roles == {Role.ADMIN}
    assert who(history, OWNER).note == ""
    assert who(history, OTHER).roles == {Role.PLANNER}


def test_the_environment_cannot_say_who_somebody_is() -> None:
    assert who(granted(), OTHER).person == "ben#1001"


def test_a_user_with_another_name_or_a_reused_uid_has_nothing() -> None:
    history = granted(("ben#1001", Role.APPROVER))
    assert who(history, OsUser(1001, "bob")).roles == frozenset()
    assert who(history, OsUser(1005, "ben")).roles == frozenset()


def test_granting_twice_and_revoking_twice_are_once() -> None:
    history = granted(("ben#1001", Role.PLANNER))
    assert grant(history, "ben#1001", Role.PLANNER, by=ADA, at=AT, why="again") == ()
    history += revoke(history, "ben#1001", Role.PLANNER, by=ADA, at=AT, why="left")
    assert who(history, OTHER).roles == frozenset()
    assert revoke(history, "ben#1001", Role.PLANNER, by=ADA, at=AT, why="left") == ()


def test_the_last_admin_stays() -> None:
    with pytest.raises(EquipoiseError, match="last admin"):
        revoke(granted(), "ada#1000", Role.ADMIN, by=ADA, at=AT, why="tired")
    with pytest.raises(EquipoiseError, match="last admin"):
        remove_person(granted(), "ada#1000", by=ADA, at=AT, why="tired")


def test_who_is_removed_loses_every_role_and_token() -> None:
    token = token_for("ben#1001")
    history = (*granted(("ben#1001", Role.PLANNER), ("ben#1001", Role.OPERATOR)), token.event)
    assert who(history, OWNER, token.text).roles == {Role.PLANNER, Role.OPERATOR}
    history += remove_person(history, "ben#1001", by=ADA, at=AT, why="left")
    assert who(history, OTHER).roles == frozenset()
    with pytest.raises(TokenFault, match="revoked"):
        who(history, OWNER, token.text)


@pytest.mark.parametrize("who_asks", [BEN, DORA, VERA], ids=lambda one: one.person)
def test_only_an_admin_grants_revokes_removes_and_issues(who_asks: Identity) -> None:
    history = granted(("ben#1001", Role.APPROVER))
    for act in (
        lambda: grant(history, "x", Role.VIEWER, by=who_asks, at=AT, why="w"),
        lambda: revoke(history, "ben#1001", Role.APPROVER, by=who_asks, at=AT, why="w"),
        lambda: remove_person(history, "ben#1001", by=who_asks, at=AT, why="w"),
        lambda: (issue_token("x", by=who_asks, at=AT, expires_on=TOMORROW, cost=CHEAP).event,),
    ):
        with pytest.raises(NotPermitted, match="role admin"):
            act()


@pytest.mark.parametrize("name", ["", "guard", "policy#1", "a b", "ada#", "#1", "../x"])
def test_what_is_no_name_is_granted_nothing(name: str) -> None:
    with pytest.raises(EquipoiseError, match="cannot be the name"):
        grant(granted(), name, Role.VIEWER, by=ADA, at=AT, why="w")


def test_a_grant_without_a_reason_is_refused() -> None:
    with pytest.raises(EquipoiseError, match="no reason"):
        grant(granted(), "ben#1001", Role.VIEWER, by=ADA, at=AT, why=" ")


def test_a_token_stands_for_its_person_and_nothing_kept_holds_its_secret() -> None:
    token = token_for("robot")
    history = (*granted(("robot", Role.OPERATOR)), token.event)
    found = who(history, OTHER, token.text)
    assert (found.person, found.roles, found.via) == ("robot", {Role.OPERATOR}, f"token {token.event.token_id}")
    secret = token.text.rpartition("_")[2]
    assert secret not in repr(token) + repr(token.event)


def test_two_tokens_of_one_secret_have_different_hashes() -> None:
    def chance() -> Any:
        salts = iter([b"a", b"s", b"x", b"b", b"s", b"y"])
        return lambda size: next(salts) * size

    source = chance()
    first, second = (
        issue_token("robot", by=ADA, at=AT, expires_on=TOMORROW, cost=CHEAP, random_bytes=source).event for _ in "ab"
    )
    assert first.secret_hash != second.secret_hash


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("ada", "form of a token"),
        ("eqp_" + "2" * 12 + "_" + "A" * 43, "never issued"),
        ("eqp_" + "01" * 6 + "_" + "A" * 43, "secret is wrong"),
    ],
)
def test_a_bad_token_is_an_error_and_never_falls_back_to_the_user(text: str, why: str) -> None:
    history = (*granted(), token_for("robot").event)
    with pytest.raises(TokenFault, match=why):
        who(history, OWNER, text)


def test_a_token_ends_on_its_day() -> None:
    token = token_for("robot")
    history = (*granted(("robot", Role.VIEWER)), token.event)
    assert who(history, OWNER, token.text, today=TODAY).roles == {Role.VIEWER}
    with pytest.raises(TokenFault, match="expired on 2026-01-06"):
        who(history, OWNER, token.text, today=TOMORROW)


def test_a_token_of_a_user_who_was_renamed_stands_for_nobody() -> None:
    token = token_for("ben#1001")
    history = (*granted(("ben#1001", Role.VIEWER)), token.event)
    with pytest.raises(TokenFault, match="no user of this machine"):
        who(history, OWNER, token.text, name_of=lambda _: "bob")


def test_a_person_revokes_their_own_token_and_an_admin_any() -> None:
    history = (*granted(("vera#1004", Role.VIEWER)), token_for(VERA.person).event)
    name = next(iter(access_book(history).tokens))
    assert access_book(history + revoke_token(history, name, by=VERA, at=AT, why="lost")).tokens == {}
    assert access_book(history + revoke_token(history, name, by=ADA, at=AT, why="lost")).tokens == {}
    with pytest.raises(NotPermitted):
        revoke_token(history, name, by=BEN, at=AT, why="curious")


def test_a_refusal_is_written_down_and_goes_on() -> None:
    log, clock = MemoryGovernanceLog(), FixedClock(AT)
    with pytest.raises(NotPermitted), refusals_logged(log, clock, "equipoise approve T-1"):
        require(VERA, Permission.APPROVE)
    refused = PermissionRefused("vera#1004", Permission.APPROVE, "equipoise approve T-1", AT)
    assert log.history(access_log_of(VERA.person)) == (refused,)
    assert log.history(ACCESS) == ()


def test_a_forged_token_is_written_down() -> None:
    log = MemoryGovernanceLog()
    with pytest.raises(TokenFault), refusals_logged(log, FixedClock(AT), "equipoise plan"):
        who(granted(), OTHER, "eqp_" + "2" * 12 + "_" + "A" * 43)
    assert [type(event) for event in log.history("access-log/token 222222222222")] == [TokenRefused]


def test_a_use_of_sensitive_data_is_written_down_with_its_items_and_none_without() -> None:
    log, clock = MemoryGovernanceLog(), FixedClock(AT)
    log_sensitive_read(log, clock, BEN, "orders", ["I2", "I1", "I2"])
    log_sensitive_read(log, clock, BEN, "orders", [])
    assert log.history(access_log_of(BEN.person)) == (SensitiveRead("ben#1001", "orders", ("I1", "I2"), AT),)


def test_who_may_see_is_written_down_with_what_they_saw_and_who_may_not_sees_labels() -> None:
    log = MemoryGovernanceLog()

    def seen(somebody: Identity, shown: Any) -> Any:
        rules = MaskingRules()
        return shown_to(somebody, shown, {"I1", "I9"}, rules, log=log, clock=FixedClock(AT), what="orders")

    record = {"item_id": "I1", "units": 5, "other": ["I2"]}
    assert seen(BEN, record) == record
    assert seen(BEN, pd.DataFrame({"text": ["all of I9"]}))["text"][0] == "all of I9"
    assert seen(BEN, {"item_id": "I2"}) == {"item_id": "I2"}
    assert log.history(access_log_of(BEN.person)) == (
        SensitiveRead("ben#1001", "orders", ("I1",), AT),
        SensitiveRead("ben#1001", "orders", ("I9",), AT),
    )
    assert seen(VERA, record)["units"] is None
    assert log.history(access_log_of(VERA.person)) == ()


def test_the_user_comes_from_the_process_and_the_owner_from_the_folder(tmp_path: Path) -> None:
    assert current_user(lambda _: "me") == owner_of(tmp_path, lambda _: "me")
    assert current_user(lambda _: "").name == "uid"
    with pytest.raises(EquipoiseError, match="owner is unknown"):
        owner_of(tmp_path / "missing")


def test_people_without_a_uid_are_always_still_named() -> None:
    assert still_named("robot", lambda _: "")
    assert still_named("uid#7", lambda _: "")
    assert not still_named("ada#1000", lambda _: "")
