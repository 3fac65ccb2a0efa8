"""Role matrix of assets: a step of every stage by every role, where Dagster and not the command line starts it."""

from contextlib import closing

import dagster as dg
import pytest
from unit.cli.people import token_for
from unit.cli.tiny_network import open_tiny

from assets.governance.events import PermissionRefused, access_log_of
from assets.kernel.errors import EquipoiseError
from assets.kernel.home import NetworkHome
from assets.policy.access import PERMISSIONS, NotPermitted, Permission, Role
from orchestration.actions import ACTS, Doorkeeper, admitted_before, guarded
from orchestration.definitions import build_defs
from orchestration.settings import Settings
from orchestration.stages import DISPATCH, PLANNING, STAGES


def step(stage: str, done: list[str], *, in_pieces: bool) -> dg.AssetsDefinition:
    if in_pieces:

        @dg.multi_asset(name=stage, specs=[dg.AssetSpec(stage, group_name=stage)])
        def pieces():  # type: ignore[no-untyped-def]
            done.append(stage)
            yield dg.MaterializeResult(stage)

        return pieces

    @dg.asset(name=stage, group_name=stage)
    def whole() -> None:
        done.append(stage)

    return whole


@pytest.mark.parametrize("role", [*Role, None])
def test_only_steps_pass_that_the_role_allows_and_what_is_refused_is_written_down(
    planned: NetworkHome, role: Role | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = f"a-{role}" if role else "stranger"
    monkeypatch.setenv("EQUIPOISE_TOKEN", token_for(planned, person, *([role] if role else [])))
    allowed = PERMISSIONS[role] if role else frozenset()
    done: list[str] = []
    with closing(open_tiny(planned)) as store, dg.DagsterInstance.ephemeral() as instance:
        door = Doorkeeper(planned, store, planned.profile.clock)
        for number, stage in enumerate(STAGES):
            asset = guarded(step(stage, done, in_pieces=bool(number % 2)), door)
            made = dg.materialize([asset], instance=instance, raise_on_error=False)
            assert made.success is (ACTS[stage] in allowed), f"{stage} by {role}"
            assert bool(door.refusal(ACTS[stage])) is not made.success
        assert done == [stage for stage in STAGES if ACTS[stage] in allowed]
        refused = [entry.event for entry in store.history(access_log_of(person))]
    assert sum(isinstance(event, PermissionRefused) for event in refused) == len(STAGES) - len(done)


def test_a_plan_that_the_command_line_admitted_asks_nobody_again() -> None:
    done: list[str] = []
    assert dg.materialize([guarded(step("orders", done, in_pieces=False), admitted_before)]).success
    assert done == ["orders"]


def test_who_may_plan_needs_more_to_dispatch() -> None:
    assert {ACTS[stage] for stage in PLANNING} == {Permission.LAND_DATA, Permission.PLAN}
    assert ACTS[DISPATCH] is Permission.DISPATCH


class Asked(Exception):  # noqa: N818 - no fault: it ends a step where it would begin
    """The door was asked before anything was done."""


def begin(asset: dg.AssetsDefinition) -> None:
    """Run the body of an asset up to its first event, handed nothing."""
    begun = asset.op.compute_fn.decorated_fn()  # type: ignore[union-attr]
    next(begun)


def test_every_step_of_the_real_graph_asks_at_the_door_for_what_its_stage_needs(planned: NetworkHome) -> None:
    needed: list[Permission] = []

    def door(needs: Permission, _what: str) -> None:
        needed.append(needs)
        raise Asked

    graph = build_defs(Settings(home=planned.root.parent, network=planned.root.name), admit=door)
    steps = [
        one for one in (*(graph.assets or ()), *(graph.asset_checks or ()))
        if isinstance(one, dg.AssetsDefinition) and one.is_executable
    ]  # fmt: skip
    groups = {str(spec.group_name) for step in steps for spec in step.specs}
    assert groups == set(STAGES) == set(ACTS)
    for step in steps:
        with pytest.raises(Asked):
            begin(step)
        wanted = {ACTS[str(spec.group_name)] for spec in step.specs} or {Permission.PLAN}
        assert needed.pop() in wanted, step.op.name
        assert not needed
    assert len(steps) > len(STAGES)


def test_an_asset_of_which_nothing_says_who_may_run_it_is_not_built() -> None:
    with pytest.raises(EquipoiseError, match="who may run assets of group novelty"):
        guarded(step("novelty", [], in_pieces=False), admitted_before)


def test_a_refusal_names_who_and_what(planned: NetworkHome, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EQUIPOISE_TOKEN", token_for(planned, "vera", Role.VIEWER))
    with closing(open_tiny(planned)) as store:
        door = Doorkeeper(planned, store, planned.profile.clock)
        with pytest.raises(NotPermitted, match="vera is viewer and may not dispatch orders"):
            door(Permission.DISPATCH, "asset dispatching")
