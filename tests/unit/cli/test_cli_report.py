"""`equipoise report` and `equipoise alerts`: a page for its owner alone, whole or not at all, and alerts by money."""

import stat
from pathlib import Path

import pytest
from unit.cli.people import token_for
from unit.cli.tiny_network import PLAN_DATE, Equipoise, alert, rows

from assets.kernel.frames.decisions import PROTECTION_DEMAND, TARGETS
from assets.kernel.frames.marts import DIM_ITEM, DIM_SITE, DIM_SOURCING, FCT_COMMITMENT, FCT_LEAD_TIME, FCT_OPEN_ORDER
from assets.kernel.frames.quality import ALERTS
from assets.kernel.home import NetworkHome
from assets.kernel.published import Published
from assets.policy.access import Role

WHAT_APPROVERS_KNOW = (
    FCT_LEAD_TIME,
    FCT_OPEN_ORDER,
    FCT_COMMITMENT,
    DIM_ITEM,
    DIM_SITE,
    DIM_SOURCING,
    PROTECTION_DEMAND,
    TARGETS,
)


@pytest.fixture(autouse=True)
def _is_planned(planned: NetworkHome) -> None:
    """Each test reads a planned network, of which the tables that approvals rest on are there."""
    published = Published(planned.published)
    for frame in WHAT_APPROVERS_KNOW:
        published.write(frame, frame.empty(), PLAN_DATE, "run-1")


def test_the_page_is_written_for_its_owner_alone_and_told_in_a_few_lines(
    equipoise: Equipoise, planned: NetworkHome
) -> None:
    said = equipoise("report")
    page = planned.root / "reports" / f"{PLAN_DATE}.html"
    assert said.code == 0
    assert "What waits for you" in said.out
    assert str(page) in said.err
    assert stat.S_IMODE(page.stat().st_mode) == 0o600
    assert [path.name for path in page.parent.iterdir()] == [page.name]
    assert "2 things wait" in page.read_text()


def test_json_is_what_the_page_is_made_of(equipoise: Equipoise, tmp_path: Path) -> None:
    said = equipoise("report", "--date", str(PLAN_DATE), "--out", str(tmp_path / "day.html"), "--json")
    assert said.data["page"] == str(tmp_path / "day.html")
    assert said.data["waits"]["count"] == 2
    assert said.data["worth"]["plan"]["saves_amount"] == 300.0
    assert (tmp_path / "day.html").exists()


def test_the_same_tables_make_the_same_page(equipoise: Equipoise, tmp_path: Path) -> None:
    pages = [tmp_path / "one.html", tmp_path / "other.html"]
    for path in pages:
        assert equipoise("report", "--out", str(path)).code == 0
    assert pages[0].read_bytes() == pages[1].read_bytes()


def test_a_date_that_was_not_judged_names_those_that_were(equipoise: Equipoise) -> None:
    said = equipoise("report", "--date", "2026-03-09")
    assert said.code == 1
    assert said.err.count("\n") == 1
    assert "2026-03-09 is not planned" in said.err
    assert "Planned so far: 2026-03-02" in said.err
    assert equipoise("report", "--date", "soon").code == 2


@pytest.mark.parametrize("file", ["day.pdf", "."])
def test_a_file_that_cannot_be_the_page_is_refused_in_one_line(equipoise: Equipoise, tmp_path: Path, file: str) -> None:
    said = equipoise("report", "--out", str(tmp_path / file))
    assert said.code == 1
    assert said.err.count("\n") == 1
    assert not list(tmp_path.glob("**/*.html"))


def test_a_folder_that_cannot_be_written_leaves_nothing_behind(equipoise: Equipoise, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    said = equipoise("report", "--out", str(tmp_path / "file" / "day.html"))
    assert said.code == 1
    assert "Name a file in a folder that can be written" in said.err
    (tmp_path / "taken.html").mkdir()
    assert equipoise("report", "--out", str(tmp_path / "taken.html")).code == 1


def test_a_stranger_gets_no_page(
    equipoise: Equipoise, planned: NetworkHome, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EQUIPOISE_TOKEN", token_for(planned, "nobody"))
    assert equipoise("report", "--out", str(tmp_path / "day.html")).code == 1
    assert not (tmp_path / "day.html").exists()
    monkeypatch.setenv("EQUIPOISE_TOKEN", token_for(planned, "vera", Role.VIEWER))
    assert equipoise("report", "--out", str(tmp_path / "day.html")).code == 0


def test_alerts_come_by_the_money_at_stake_with_owner_and_remedy(equipoise: Equipoise, planned: NetworkHome) -> None:
    told = {"owner": "warehouse-operations at S2", "remedy": "Run `equipoise land DIR`", "action": "hold"}
    given = [
        {**alert("small", "critical", "wms_inventory", "S1"), **told, "stake_amount": 5.0},
        {**alert("large", "warning", "wms_inventory", "S2"), **told, "stake_amount": 50.0},
        {**alert("stopped", "critical", "erp_items", ""), **told, "action": "stop"},
    ]
    Published(planned.published).write(ALERTS, rows(ALERTS, *given), PLAN_DATE, "run-1")
    found = equipoise("alerts", "--json").data
    assert [one["rule"] for one in found][:3] == ["stopped", "large", "small"]
    # The plan of the fixture saves 300 beside doing nothing.
    assert [one["stake_amount"] for one in found][:3] == [300.0, 50.0, 5.0]
    assert "warehouse-operations" in equipoise("alerts").out
