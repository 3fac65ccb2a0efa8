"""`equipoise market`: scarce limits, who uses them, what was said, and what a viewer may not work out."""

from pathlib import Path

import pytest
from rich.console import Console
from unit.cli.people import token_for
from unit.cli.tiny_network import PLAN_DATE, Equipoise, decision, policy, rows

from assets.kernel.frames.decisions import DECISIONS, PLAN_SUMMARY
from assets.kernel.frames.market import COORDINATION_GRAPH, MARKET_TRANSCRIPT, SHARED_LIMITS
from assets.kernel.frames.marts import DIM_ITEM
from assets.kernel.home import NetworkHome
from assets.kernel.published import Published
from assets.policy.access import Role
from orchestration.cli import market

DOCK, VAN = "dock in S1 2026-03-02", "lane weight W1 > S1 2026-03-02"
FIGURES = {DOCK: (20.0, 35.0, 20.0, 1.5), VAN: (100.0, 120.0, 80.0, 0.1)}


def said(number: int, agent: str, subject: str, outcome: str, bid: float, reason: str) -> dict[str, object]:
    return {"statement": number, "round": number, "agent": agent, "subject": subject, "bid": bid, "price": 1.5,
            "outcome": outcome, "reason": reason}  # fmt: skip


@pytest.fixture
def negotiated(planned: NetworkHome) -> NetworkHome:
    """Return the tiny network with two items that share a dock and a van."""
    limits = [
        {"limit_id": name, "unit": "base units", "capacity": room, "asked": asked, "used": used, "price": price,
         "deal": 0, "component": 0}
        for name, (room, asked, used, price) in FIGURES.items()
    ]  # fmt: skip
    limits.append({"limit_id": "budget 2026-03-02", "unit": "currency", "capacity": 1e6, "used": 5.0})
    uses = [
        {"item_id": item, "limit_id": DOCK, "used": used, "paid_amount": 1.5 * used}
        for item, used in (("I1", 13.0), ("I2", 7.0))
    ] + [{"item_id": "I2", "limit_id": VAN, "used": 80.0, "paid_amount": 8.0}]
    told = [
        said(0, "conflict_resolver", DOCK, "scarce", 35.0, "35 asked for, 20 there: 35 by 2 new bids"),
        said(1, "conflict_resolver", "I1", "awarded", 9.0, f"gets 13 of {DOCK}, at the prices of round 1"),
        said(1, "conflict_resolver", "I2", "awarded", 4.0, f"gets 7 of {DOCK}, at the prices of round 1")
        | {"statement": 2},
    ]
    joint = policy("joint_plan", 1000.0, 990.0) | {"settled_by": "market", "scarce_limits": 2}
    items = [
        decision(site, "wait", "", None) | {"item_id": item}
        for item, site in (("I1", "S1"), ("I2", "S1"), ("I3", "S1"))
    ]
    tables = {
        SHARED_LIMITS: limits,
        COORDINATION_GRAPH: uses,
        MARKET_TRANSCRIPT: told,
        PLAN_SUMMARY: [joint],
        DECISIONS: items,
    }
    for frame, given in tables.items():
        Published(planned.published).write(frame, rows(frame, *given), PLAN_DATE, "run-1")
    return planned


@pytest.mark.usefixtures("negotiated")
def test_it_tells_how_many_limits_were_scarce_and_the_dearest_first(equipoise: Equipoise) -> None:
    found = equipoise("market", "--json").data
    short = found["in_short"]
    assert (short["scarce_limits"], short["negotiated_items"], short["rounds"]) == (2, 2, 2)
    assert short["dearest"] == [f"{DOCK}, 1.500 a unit", f"{VAN}, 0.1000 a unit"]
    assert len(found["limits"]) == len(found["statements"]) == 3
    told = equipoise("market").out
    assert "2 of them scarce; 2 items negotiated" in told
    assert told.index("dock in S1") < told.index("lane weight")
    assert "budget" not in told


@pytest.mark.usefixtures("negotiated")
def test_of_one_limit_it_tells_who_uses_it_and_what_was_said(equipoise: Equipoise) -> None:
    found = equipoise("market", "--limit", "dock in", "--json").data
    assert [row["limit_id"] for row in found["limits"]] == [DOCK]
    assert [row["item_id"] for row in found["uses"]] == ["I1", "I2"]
    assert [row["outcome"] for row in found["statements"]] == ["scarce"]
    assert "35 asked for" in " ".join(equipoise("market", "--limit", DOCK).out.split())


@pytest.mark.usefixtures("negotiated")
def test_of_one_item_it_tells_what_it_uses_and_got(equipoise: Equipoise) -> None:
    found = equipoise("market", "--item", "I1", "--json").data
    assert [row["limit_id"] for row in found["limits"]] == [DOCK]
    assert [(row["subject"], row["outcome"]) for row in found["statements"]] == [("I1", "awarded")]
    assert "Nobody said anything of it" in equipoise("market", "--item", "I3").out


@pytest.mark.usefixtures("negotiated")
@pytest.mark.parametrize(("option", "name"), [("--limit", "dock out"), ("--item", "I9"), ("--date", "2001-01-01")])
def test_what_the_plan_does_not_know_is_one_line(equipoise: Equipoise, option: str, name: str) -> None:
    answer = equipoise("market", option, name)
    assert (answer.code, answer.out, answer.err.count("\n")) == (1, "", 1)


@pytest.mark.usefixtures("planned")
def test_without_shared_limits_it_says_so(equipoise: Equipoise) -> None:
    assert "Nothing that items share" in equipoise("market").out


def test_a_viewer_works_out_nothing_of_a_sensitive_item(
    equipoise: Equipoise, negotiated: NetworkHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    items = rows(DIM_ITEM, {"item_id": "I1", "is_sensitive": True}, {"item_id": "I2", "is_sensitive": False})
    Published(negotiated.published).write(DIM_ITEM, items, PLAN_DATE, "run-1")
    monkeypatch.setenv("EQUIPOISE_TOKEN", token_for(negotiated, "vera", Role.VIEWER))
    shown = equipoise("market", "--json")
    assert "I1" not in shown.out
    dock, van = ({row["limit_id"]: row for row in shown.data["limits"]}[name] for name in (DOCK, VAN))
    assert (dock["used"], dock["asked"], van["used"]) == (None, None, 80.0)
    (scarce,) = [row for row in shown.data["statements"] if row["subject"] == DOCK]
    assert scarce["bid"] is None
    assert "35" not in scarce["reason"]
    text = equipoise("market", "--limit", DOCK).out
    assert "35" not in text
    assert "13" not in text
    refused = equipoise("market", "--item", "I1")
    assert refused.code == 1
    assert "I1" not in refused.out + refused.err
    monkeypatch.setenv("EQUIPOISE_TOKEN", token_for(negotiated, "anna", Role.APPROVER))
    assert equipoise("market", "--item", "I1", "--json").data["limits"][0]["used"] == 20.0


def test_a_plan_tells_what_was_scarce_in_a_few_lines(negotiated: NetworkHome, tmp_path: Path) -> None:
    with (tmp_path / "said").open("w") as stream:
        console = Console(file=stream, width=200)
        market.show_in_short(console, market.in_short(Published(negotiated.published), PLAN_DATE))
        market.show_in_short(console, None)
    assert (tmp_path / "said").read_text().splitlines() == [
        "2 shared limits scarce, 2 items negotiated (`equipoise market`), the dearest:",
        f"  {DOCK}, 1.500 a unit",
        f"  {VAN}, 0.1000 a unit",
    ]
