"""`equipoise targets`: what targets promise is read; nonsense is refused in one line."""

import pytest
from unit.cli.people import write_release
from unit.cli.tiny_network import PLAN_DATE, Equipoise, rows

from assets.kernel.frames.decisions import PLAN_SUMMARY
from assets.kernel.frames.targets import TARGET_SERVICE
from assets.kernel.home import NetworkHome
from assets.kernel.published import Published
from assets.policy.registry import PolicyRegistry


@pytest.fixture
def promised(network: NetworkHome) -> NetworkHome:
    made = rows(
        TARGET_SERVICE,
        {"echelon": 0, "abc_class": "A", "demand_segment": "smooth", "item_sites": 2, "demand_units": 3.0,
         "fill_rate": 0.9, "stock_amount": 10.0},
        {"echelon": 0, "abc_class": "B", "demand_segment": "smooth", "item_sites": 1, "demand_units": 1.0,
         "fill_rate": 0.5, "stock_amount": 5.0},
    )  # fmt: skip
    Published(network.published).write(TARGET_SERVICE, made, PLAN_DATE, "run-1")
    return network


@pytest.mark.usefixtures("promised")
def test_the_promise_of_an_echelon_is_weighed_by_demand(equipoise: Equipoise) -> None:
    said = equipoise("targets", "--json")
    assert said.code == 0
    echelon = said.data["by_echelon"][0]
    assert (echelon["item_sites"], echelon["stock_amount"]) == (3, 15.0)
    assert echelon["fill_rate"] == pytest.approx(0.8)
    assert len(said.data["by_segment"]) == 2
    assert "80.00 %" in equipoise("targets").out


@pytest.mark.usefixtures("promised")
@pytest.mark.parametrize(
    "arguments",
    [
        ["--service", "1.5"],
        ["--budget", "now", "--service", "0.9"],
        ["--budget", "much"],
        ["--budget", "-5"],
        ["--budget", "nan"],
        ["--budget", "inf"],
    ],
)
def test_what_cannot_be_asked_is_refused(equipoise: Equipoise, arguments: list[str]) -> None:
    said = equipoise("targets", *arguments)
    assert said.code != 0
    assert said.out == ""


@pytest.mark.usefixtures("promised")
def test_a_negative_budget_is_refused_before_anything_is_read(equipoise: Equipoise) -> None:
    assert equipoise("targets", "--budget", "-5").err.strip() == "--budget: -5 is no amount of money. Give 0 or more"


def test_another_target_is_compared_by_the_release_that_decided_the_plan(
    promised: NetworkHome, equipoise: Equipoise
) -> None:
    def answer(version: str) -> str:
        decided = rows(PLAN_SUMMARY, {"policy": "joint_plan", "policy_release": version})
        Published(promised.published).write(PLAN_SUMMARY, decided, PLAN_DATE, "run-1")
        said = equipoise("targets", "--service", "0.9")
        assert said.code == 1
        return said.err

    gone = answer("retired@0123456789ab")
    assert "no policy release retired@0123456789ab" in gone
    assert "Bring its file back" in gone
    # With a release that is there it goes on, to the tables that this network lacks.
    assert "demand_forecast" in answer(PolicyRegistry().active().version)
    standard = PolicyRegistry().active()
    write_release(promised, {"version": standard.version, **standard.model_dump(mode="json")}, "own")
    own = next(one for one in PolicyRegistry(own=promised.policies).releases() if one.name == "own")
    assert "demand_forecast" in answer(own.version)


@pytest.mark.usefixtures("network")
def test_without_a_plan_it_says_what_to_run(equipoise: Equipoise) -> None:
    said = equipoise("targets")
    assert said.code == 1
    assert "equipoise plan" in said.err
