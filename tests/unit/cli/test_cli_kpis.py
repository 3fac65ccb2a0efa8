"""`equipoise kpis`: figures by dimension and window, and one line for what there is not."""

import pandas as pd
import pytest
from unit.cli.tiny_network import PLAN_DATE, Equipoise
from unit.monitoring.kpi_samples import facts

from assets.kernel.frames.kpis import KPIS
from assets.kernel.home import NetworkHome
from assets.kernel.published import Published
from assets.monitoring.kpis.definitions import KEY_FIGURES
from assets.monitoring.kpis.totals import key_figures


@pytest.fixture
def measured(network: NetworkHome) -> NetworkHome:
    yesterday = pd.Timestamp(PLAN_DATE) - pd.Timedelta(days=1)
    known = {name: table.assign(day=yesterday) for name, table in facts().items()}
    Published(network.published).write(KPIS, key_figures(known, PLAN_DATE), PLAN_DATE, "run-1")
    return network


@pytest.mark.usefixtures("measured")
def test_all_figures_of_the_network_are_told_with_their_definitions(equipoise: Equipoise) -> None:
    said = equipoise("kpis", "--json")
    assert said.code == 0
    figures = {row["kpi"]: row for row in said.data["key_figures"]}
    assert list(figures) == [kpi.name for kpi in KEY_FIGURES]
    assert figures["otif"]["value"] == pytest.approx(0.6)
    assert figures["otif"]["previous_value"] is None
    assert said.data["definitions"][0]["formula"] == KEY_FIGURES[0].formula
    told = equipoise("kpis").out
    assert "60.00 %" in told
    assert "Not measured" not in told


@pytest.mark.usefixtures("measured")
@pytest.mark.parametrize(
    ("by", "members"),
    [
        ("site", ["s1", "s2", "w1"]),
        ("echelon", ["0", "1"]),
        ("segment", ["lumpy", "smooth"]),
        ("release", ["one@1", "two@1"]),
    ],
)
def test_figures_are_told_by_what_is_asked_for(equipoise: Equipoise, by: str, members: list[str]) -> None:
    said = equipoise("kpis", "--by", by, "--kpi", "otif", "--window", "7", "--json")
    assert [row["member"] for row in said.data["key_figures"]] == members
    assert said.data["window_days"] == 7
    text = equipoise("kpis", "--by", by).out
    assert all(member in text for member in members)


@pytest.mark.usefixtures("measured")
@pytest.mark.parametrize(
    ("arguments", "where", "allowed"),
    [
        (("--by", "store"), "--by", "network, site, echelon, segment, release"),
        (("--window", "30"), "--window", "7, 28, 91"),
        (("--kpi", "otfi"), "--kpi", "fill_rate, cycle_service"),
        (("--date", "2001-01-01"), "table kpis", "2026-03-02"),
    ],
)
def test_what_there_is_not_is_one_line_with_what_there_is(
    equipoise: Equipoise, arguments: tuple[str, ...], where: str, allowed: str
) -> None:
    said = equipoise("kpis", *arguments)
    assert (said.code, said.out, said.err.count("\n")) == (1, "", 1)
    assert said.err.startswith(where)
    assert allowed in said.err


def test_without_a_plan_it_says_what_to_run(equipoise: Equipoise, network: NetworkHome) -> None:
    assert network.root.exists()
    assert "equipoise plan" in equipoise("kpis").err
