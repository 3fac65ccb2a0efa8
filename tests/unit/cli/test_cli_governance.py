"""Deciding about orders by command: what passes, and every refusal as one clear line."""

import os
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from unit.cli.people import token_for, write_release
from unit.cli.tiny_network import AT, PLAN_DATE, PURCHASE, TRANSFER, Equipoise, open_tiny, rows

from assets.governance.events import RELEASES, RolledBack
from assets.governance.in_flight import Disposition, InFlight
from assets.governance.ledger_log import LedgerLog
from assets.governance.reasons import OverrideReason, RejectionReason
from assets.kernel.frames.marts import DIM_SITE, DIM_SOURCING
from assets.kernel.home import NetworkHome
from assets.kernel.network import NetworkProfile
from assets.kernel.published import Published
from assets.orders.order import OrderStatus
from assets.orders.sql_engine import open_engine
from assets.orders.sql_schema import HEAD
from assets.policy.access import Role

WHY = ("--reason", "for a test")


@pytest.mark.usefixtures("planned")
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("approve", "aaaa1111", "--by", "somebody"), ["you are", "not somebody"]),
        (("approve", "zzzz9999"), ["no orders have an id that starts with 'zzzz9999'"]),
        (("reject", "aaaa1111", "--seen", "0123456789", "--reason", "not_needed"), ["its content changed"]),
        (("reject", "aaaa1111", "--reason", "bad mood"), ["'bad mood' is no reason", *RejectionReason]),
        (("cancel", "aaaa1111", "--reason", "bad mood"), ["'bad mood' is no reason", *RejectionReason]),
        (
            ("override", "aaaa1111", "--line", "1", "--units", "2", "--reason", "bad mood"),
            ["'bad mood' is no reason", *OverrideReason],
        ),
        (
            ("override", "aaaa1111", "--line", "7", "--units", "2", "--reason", "packing"),
            ["it has no line 7", "Name one of 1 to 1"],
        ),
        (
            ("override", "aaaa1111", "--line", "1", "--units", str(2**63 - 1), "--reason", "packing"),
            ["9223372036854775807 units are more than a line can have", "Give fewer units"],
        ),
        (("pause", "shop=S1", *WHY), ["'shop=S1' cannot be paused", "site=SITE"]),
        (("pause", "all"), ["no reason was given"]),
        (("pause", "all", "--until", "2020-01-01", *WHY), ["today is 2026-03-02"]),
        (("resume", "all", *WHY), ["it is not paused; paused: nothing"]),
        (("access", "revoke", "somebody", "viewer"), ["--reason"]),
        (("access", "token", "policy"), ["cannot be the name of a person"]),
        (("access", "token", "robot", "--until", "2020-01-01"), ["it would expire"]),
        (("policy", "promote", "standard", *WHY), ["it is active, which has no next stage"]),
        (("policy", "promote", "standard", "--evidence", "rumour:x:cost=1", *WHY), ["is no evidence", "backtest"]),
        (("policy", "rollback", "standard", *WHY), ["no release decided before it"]),
        (("reconcile", "--take", "aaaa1111"), ["the other side has nothing of it"]),
        (("reconcile", "--cancel-there", "unheard-of"), ["the other side has nothing of it"]),
    ],
)  # fmt: skip
def test_what_is_wrong_is_one_line_that_says_what_and_the_remedy(
    equipoise: Equipoise, arguments: tuple[str, ...], words: list[str]
) -> None:
    said = equipoise(*arguments)
    assert said.code != 0
    assert said.err.count("\n") == 1
    assert all(str(word) in said.err for word in words), said.err


@pytest.mark.usefixtures("planned")
def test_a_rejected_order_says_who_and_why_in_its_history(equipoise: Equipoise) -> None:
    assert equipoise("reject", "aaaa1111", "--reason", "wrong_stock", "--note", "counted by hand").code == 0
    shown = equipoise("orders", "aaaa1111", "--json").data
    assert (shown["status"], len(shown["history"])) == ("rejected", 2)
    assert shown["history"][-1]["what"] == "order rejected"
    text = equipoise("orders", "aaaa1111").out
    assert "order rejected by " in text
    assert "reason wrong_stock, note counted by hand" in text


@pytest.mark.usefixtures("planned")
def test_an_overridden_line_has_other_units_and_is_a_proposal_of_the_one_who_changed_it(equipoise: Equipoise) -> None:
    arguments = ("--line", "1", "--units", "24", "--reason", "packing", "--json")
    after = equipoise("override", PURCHASE.order_id, *arguments).data
    assert (after["status"], after["revision"], after["lines"][0]["quantity"]) == ("proposed", 2, 24)
    assert after["overridden_by"]
    assert equipoise("approve", PURCHASE.order_id).code == 1


@pytest.mark.usefixtures("planned")
def test_what_was_not_sent_is_cancelled_at_once(equipoise: Equipoise) -> None:
    assert equipoise("cancel", TRANSFER.order_id, "--reason", "duplicate", "--json").data["status"] == "cancelled"


@pytest.mark.usefixtures("network")
def test_a_pause_is_listed_until_it_is_resumed(equipoise: Equipoise) -> None:
    assert equipoise("pause", "lane=A>B", "--until", "2026-03-05", *WHY).code == 0
    [paused] = equipoise("pause", "--json").data
    assert (paused["scope"], paused["since"], paused["until"]) == ("lane=A>B", "2026-03-02", "2026-03-05")
    assert equipoise("resume", "lane=A>B", *WHY, "--json").data == []


def test_a_pause_of_a_place_that_is_not_there_names_those_that_are(equipoise: Equipoise, planned: NetworkHome) -> None:
    published = Published(planned.published)
    published.write(DIM_SITE, rows(DIM_SITE, {"site_id": "S1"}), PLAN_DATE, "run-1")
    published.write(DIM_SOURCING, rows(DIM_SOURCING, {"supplier_id": "SUP", "site_id": "S1"}), PLAN_DATE, "run-1")
    said = equipoise("pause", "site=S9", *WHY)
    assert said.code == 1
    assert "no such place: S9. Name one of S1" in said.err
    assert equipoise("pause", "lane=SUP>S1", *WHY).code == 0


def test_a_token_stands_for_a_person_until_it_is_revoked(
    equipoise: Equipoise, network: NetworkHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EQUIPOISE_TOKEN", token_for(network, "robot", Role.VIEWER))
    told = equipoise("access", "list", "--json").data
    assert told["you"]["person"] == "robot"
    [token] = told["tokens"]
    assert equipoise("access", "token", "--revoke", token["token"], *WHY).code == 0
    said = equipoise("access", "list")
    assert (said.code, said.err.count("\n")) == (1, 1)
    assert "was revoked. Ask an admin for a new token" in said.err


@pytest.mark.usefixtures("network")
def test_the_access_log_holds_grants_and_refusals(equipoise: Equipoise, network: NetworkHome) -> None:
    token = token_for(network, "vera", Role.VIEWER)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EQUIPOISE_TOKEN", token)
        assert equipoise("dispatch").code == 1
    for arguments in (("vera",), ()):
        log = equipoise("access", "log", *arguments, "--json").data
        assert log[0]["event"] == "PermissionRefused"
        assert log[0]["permission"] == "dispatch orders"
        assert {"RoleGranted", "TokenIssued"} <= {entry["event"] for entry in log}
        assert "secret" not in str(log)


def test_an_unknown_key_of_a_release_is_named_with_the_nearest_one(equipoise: Equipoise, network: NetworkHome) -> None:
    network.policies.mkdir()
    (network.policies / "next.yaml").write_text("name: next\nauthor: ada\ndescription: d\nguardrail: {}\n")
    said = equipoise("policy", "list")
    assert (said.code, said.err.count("\n")) == (1, 1)
    assert "next.yaml" in said.err
    assert "guardrail: unknown key, did you mean guardrails?" in said.err


def test_a_release_is_compared_promoted_and_keeps_its_evidence(equipoise: Equipoise, network: NetworkHome) -> None:
    base = equipoise("policy", "show", "--json").data
    write_release(network, base, "next", guardrails={"cool_down_days": 5})
    told = equipoise("policy", "diff", "standard", "next", "--no-money")
    assert "rises to 5 days from 3 days" in told.out, told
    refused = equipoise("policy", "promote", "next", *WHY)
    assert "no backtest speaks for it, and shadow needs one" in refused.err
    evidence = ("--evidence", "backtest:bench vn2:cost=0.97 share")
    promoted = equipoise("policy", "promote", "next", *evidence, *WHY, "--json")
    assert promoted.data["stage"] == "shadow"
    assert "[backtest bench vn2: cost 0.97 share]" in equipoise("policy", "show", "next").out
    assert equipoise("policy", "retire", "next", *WHY, "--json").data["stage"] == "retired"


def test_a_rollback_left_half_done_is_told_by_reading_and_finished_by_the_next_change(
    equipoise: Equipoise, planned: NetworkHome
) -> None:
    write_release(planned, equipoise("policy", "show", "--json").data, "next")
    fate = Disposition(TRANSFER.order_id, OrderStatus.PROPOSED, InFlight.CANCEL, "nobody has acted on it")
    with closing(open_tiny(planned)) as store:
        rolled = RolledBack("standard@1", "former@1", "hash", "ada#1", AT, "worse", "", (fate,), PLAN_DATE)
        LedgerLog(store).append(RELEASES, 0, [rolled])
    told = "1 order of standard@1, taken back at 2026-03-02 08:00 UTC, still to be seen to"
    assert told in equipoise("policy", "list").err
    assert equipoise("orders", TRANSFER.order_id, "--json").data["status"] == "proposed"
    assert equipoise("policy", "retire", "next", *WHY).code == 0
    assert equipoise("orders", TRANSFER.order_id, "--json").data["status"] == "cancelled"
    assert told not in equipoise("policy", "list").err


def test_a_ledger_of_a_newer_release_is_told_in_one_line(equipoise: Equipoise, planned: NetworkHome) -> None:
    engine = open_engine(f"sqlite:///{planned.ledger}")
    with engine.execution_options(writes=True).begin() as connection:
        connection.execute(sa.update(HEAD).values(schema_release=999))
    engine.dispose()
    said = equipoise("inbox")
    assert (said.code, said.err.count("\n")) == (1, 1)
    assert "the ledger has schema 999" in said.err


def test_what_the_program_writes_is_its_user_s_alone(tmp_path: Path) -> None:
    home = NetworkHome(tmp_path / "home" / "tiny")
    NetworkProfile(name="tiny", first_plan_date=PLAN_DATE, declared_date=PLAN_DATE).write(home.root)
    ours = {*tmp_path.rglob("*")}
    environment = {**os.environ, "EQUIPOISE_HOME": str(home.root.parent), "EQUIPOISE_NETWORK": "tiny"}
    environment.pop("EQUIPOISE_TOKEN", None)
    done = subprocess.run(
        [sys.executable, "-c", "import os; os.umask(0o022); from orchestration.cli import main; main()",
         "pause", "all", *WHY],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    made = [path for path in tmp_path.rglob("*") if path not in ours]
    assert home.ledger in made
    assert {path.name: stat.S_IMODE(path.stat().st_mode) & 0o077 for path in made if path.stat().st_mode & 0o077} == {}


def test_a_read_only_home_is_told_in_one_line(planned: NetworkHome) -> None:
    # Root may write everywhere but on what is mounted so that nobody may, in a namespace of the process alone.
    mounted = 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"'
    read_only = ["unshare", "--mount", "sh", "-c", mounted, str(planned.root)] if os.geteuid() == 0 else []
    if read_only and subprocess.run([*read_only, "true"], check=False, capture_output=True).returncode:
        pytest.skip("root may write everywhere, and nothing can be mounted here")
    environment = {**os.environ, "EQUIPOISE_HOME": str(planned.root.parent), "EQUIPOISE_NETWORK": planned.root.name}
    planned.root.chmod(0o500)
    planned.ledger.chmod(0o400)
    command = [*read_only, sys.executable, "-m", "orchestration.cli", "pause", "all", *WHY]
    said = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    planned.root.chmod(0o700)
    assert (said.returncode, said.stderr.count("\n")) == (1, 1)
    assert "writable" in said.stderr
