"""Every command and every role: only those pass whom the table of permissions lets pass."""

from contextlib import closing
from typing import Any

import pytest
from unit.cli.people import token_for
from unit.cli.tiny_network import Equipoise, open_tiny

from assets.governance.events import PermissionRefused, access_log_of
from assets.kernel.home import NetworkHome
from assets.policy.access import PERMISSIONS, Permission, Role
from orchestration.cli import application
from orchestration.cli.application import COMMANDS

P = Permission
WHY = ("--reason", "for a test")
NEEDS: dict[tuple[str, ...], Permission | None] = {
    ("orders",): P.READ_ORDERS,
    ("orders", "aaaa1111"): P.READ_ORDERS,
    ("forecast", "--item", "I1", "--site", "S1"): P.READ_ORDERS,
    ("targets",): P.READ_ORDERS,
    ("explain", "aaaa1111", "--no-verify"): P.READ_ORDERS,
    ("lineage", "aaaa1111"): P.READ_ORDERS,
    ("impact", "site=S1"): P.READ_ORDERS,
    ("market",): P.READ_ORDERS,
    ("market", "--item", "I1"): P.READ_ORDERS,
    ("experiment",): P.READ_ORDERS,
    ("verdicts",): P.READ_ORDERS,
    ("alerts",): P.READ_ORDERS,
    ("report",): P.READ_ORDERS,
    ("kpis",): P.READ_ORDERS,
    ("inbox",): P.READ_ORDERS,
    ("regret",): P.READ_ORDERS,
    ("regret", "--by", "person"): P.READ_ORDERS,
    ("pause",): P.READ_ORDERS,
    ("features", "list"): P.READ_ORDERS,
    ("models", "list"): P.READ_ORDERS,
    ("models", "show"): P.READ_ORDERS,
    ("models", "recalibrate"): P.READ_ORDERS,
    ("models", "recalibrate", "--approve", *WHY): P.PROMOTE_RELEASE,
    ("models", "recalibrate", "--reject", *WHY): P.PROMOTE_RELEASE,
    ("policy", "list"): P.READ_ORDERS,
    ("policy", "show"): P.READ_ORDERS,
    ("policy", "diff", "standard", "standard"): P.READ_ORDERS,
    ("access", "list"): P.READ_ORDERS,
    ("ui", "--port", "63999"): P.READ_ORDERS,
    ("land", "/no/such/folder"): P.LAND_DATA,
    ("plan", "--date", "2001-01-01"): P.PLAN,
    ("replay",): P.PLAN,
    ("drill", "no-such-scenario"): P.PLAN,
    ("override", "none", "--line", "1", "--units", "1", *WHY): P.OVERRIDE,
    ("approve", "none"): P.APPROVE,
    ("reject", "none", *WHY): P.REJECT,
    ("cancel", "none", *WHY): P.CANCEL,
    ("dispatch",): P.DISPATCH,
    ("reconcile",): P.RECONCILE,
    ("pause", "site=S1", *WHY): P.PAUSE,
    ("resume", "site=none", *WHY): P.PAUSE,
    ("policy", "promote", "none", *WHY): P.DRAFT_RELEASE,
    ("policy", "search", "--name", "none"): P.DRAFT_RELEASE,
    ("policy", "retire", "none", *WHY): P.DRAFT_RELEASE,
    ("policy", "rollback", "none", *WHY): P.ROLL_BACK_RELEASE,
    ("policy", "lift", "none", *WHY): P.APPROVE,
    ("features", "pin", "none"): P.PROMOTE_RELEASE,
    ("features", "rollback"): P.ROLL_BACK_RELEASE,
    ("models", "promote", "none", "none", *WHY): P.PROMOTE_RELEASE,
    ("models", "rollback", *WHY): P.ROLL_BACK_RELEASE,
    ("ledger", "verify"): P.VERIFY_LEDGER,
    ("ledger", "rebuild"): P.VERIFY_LEDGER,
    ("access", "grant", "somebody", "viewer", *WHY): P.GRANT_ROLES,
    ("access", "revoke", "nobody", "viewer", *WHY): P.GRANT_ROLES,
    ("access", "remove", "nobody", *WHY): P.GRANT_ROLES,
    ("access", "token", "somebody"): P.GRANT_ROLES,
    ("access", "log", "somebody"): P.READ_ACCESS_LOG,
}
NO_NETWORK = {"bench", "simulate"}
"""Commands that touch no network."""
TELLS_LESS = {"doctor": P.READ_ORDERS}
"""Commands that anybody may run, and what whoever is told of orders and releases needs."""
OWN_NETWORK = {"demo": P.PLAN, "import": P.LAND_DATA}
"""Commands that make a network, and ask where it is there already."""


@pytest.fixture
def whoever(planned: NetworkHome, monkeypatch: pytest.MonkeyPatch) -> Any:
    def become(role: Role | None) -> str:
        person = f"a-{role}" if role else "stranger"
        monkeypatch.setenv("EQUIPOISE_TOKEN", token_for(planned, person, *([role] if role else [])))
        return person

    return become


@pytest.mark.parametrize("role", [*Role, None])
def test_only_those_pass_whose_role_allows_it(
    equipoise: Equipoise, whoever: Any, planned: NetworkHome, role: Role | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orchestration.ui.serve", lambda *_: None)
    person = whoever(role)
    allowed = PERMISSIONS[role] if role else frozenset()
    refused = 0
    for arguments, needed in NEEDS.items():
        said = equipoise(*arguments)
        # A stranger may not even read, which some commands ask before what they do.
        stopped = f"may not {needed if role else ''}" in said.err
        assert stopped is (needed not in allowed), f"{arguments} by {role}: {said}"
        if stopped:
            assert (said.code, said.out, said.err.count("\n")) == (1, "", 1)
            refused += 1
    with closing(open_tiny(planned)) as store:
        entries = store.history(access_log_of(person))
    assert sum(isinstance(entry.event, PermissionRefused) for entry in entries) == refused


@pytest.mark.parametrize("role", [*Role, None])
@pytest.mark.parametrize("fault", [False, True])
def test_the_doctor_tells_of_orders_and_releases_whoever_may_read_them_and_nobody_else(
    equipoise: Equipoise, whoever: Any, planned: NetworkHome, role: Role | None, fault: bool
) -> None:
    if fault:
        planned.policies.mkdir()
        (planned.policies / "secret.yaml").write_text("name: secret\ncolour: red\n")
    whoever(role)
    said = equipoise("doctor", "--json")
    told = {one["check"]: one["detail"] for one in said.data}
    reads = TELLS_LESS["doctor"] in (PERMISSIONS[role] if role else frozenset())
    assert ("2 order documents" in told["ledger"]) is reads
    assert (("secret" if fault else "standard@") in told["policy"]) is reads
    assert ("secret" in said.out + said.err) is (reads and fault)


def test_the_table_names_every_command() -> None:
    named = {arguments[0] for arguments in NEEDS} | NO_NETWORK | OWN_NETWORK.keys() | TELLS_LESS.keys()
    assert named == COMMANDS.keys()
    within = {(name, sub) for name in COMMANDS for sub in getattr(application.load(name), "commands", {})}
    assert {pair for pair in within if pair[0] not in NO_NETWORK} <= {arguments[:2] for arguments in NEEDS}


@pytest.mark.parametrize("name", sorted(OWN_NETWORK))
def test_a_command_that_makes_a_network_asks_where_it_is_there(
    equipoise: Equipoise, whoever: Any, planned: NetworkHome, name: str
) -> None:
    whoever(Role.VIEWER)
    target = {"demo": "sample-small", "import": "vn2"}[name]
    planned.root.rename(planned.root.parent / target)
    arguments = {"demo": ("--small",), "import": ("vn2", str(planned.root.parent))}[name]
    said = equipoise(name, *arguments)
    assert said.code == 1
    assert f"may not {OWN_NETWORK[name]}" in said.err


def test_somebody_who_was_removed_may_do_nothing(equipoise: Equipoise, whoever: Any) -> None:
    person = whoever(Role.APPROVER)
    assert equipoise("orders").code == 0
    # As the owner of the machine, who is admin here, would.
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("EQUIPOISE_TOKEN")
        assert equipoise("access", "remove", person, *WHY).code == 0
    said = equipoise("approve", "aaaa1111")
    assert said.code == 1
    assert "it was never issued here, or was revoked" in said.err


def test_who_owns_the_home_is_admin_until_a_role_is_granted_and_is_told_so_once(
    equipoise: Equipoise, tmp_path: Any
) -> None:
    from unit.cli.tiny_network import PLAN_DATE

    from assets.kernel.network import NetworkProfile

    home = NetworkHome(tmp_path / "fresh")
    NetworkProfile(name="fresh", first_plan_date=PLAN_DATE, declared_date=PLAN_DATE).write(home.root)
    (tmp_path / "active").write_text("fresh\n")
    assert equipoise("access", "list").err == ""  # reading is no act
    said = equipoise("access", "grant", "ada", "viewer", *WHY)
    assert said.code == 0
    assert said.err.count("Nobody has been granted a role yet") == 1
    assert equipoise("access", "grant", "ada", "planner", *WHY).err == ""
