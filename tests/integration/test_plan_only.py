"""One item planned again on top of a day's plan: rows, orders, explanations, lineage and replay of it."""

import datetime as dt
import json

import duckdb
import pandas as pd
import pytest
from networks import small_network

from assets.kernel.frames.decisions import DECISIONS, PLAN_COSTS, PLAN_LINES, PLAN_SUMMARY
from assets.kernel.published import Published
from orchestration.cli import application
from orchestration.planning import PlanRun, plan_day
from orchestration.replay import replay
from orchestration.settings import Settings


class Day:
    """A planned day, and what one item of it came to when it was planned again."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.date: dt.date = settings.network_home().profile.clock.today()
        self.first = self.run(plan_day(settings))
        lines = self.read(PLAN_LINES)
        self.item = str(lines.loc[lines["kind"] == "transfer", "item_id"].iloc[0])

    def run(self, run: PlanRun) -> PlanRun:
        assert run.success, f"{run.failed_step}: {run.error}"
        return run

    def read(self, frame: object, run_id: str = "") -> pd.DataFrame:
        published = Published(self.settings.network_home().published)
        return published.of_run(frame, self.date, run_id) if run_id else published.read(frame, self.date)

    def again(self) -> PlanRun:
        return self.run(plan_day(self.settings, only=[f"item={self.item}"]))

    def sell_out(self) -> None:
        """Take nearly all stock of the item away, as a late count would."""
        with duckdb.connect(str(self.settings.network_home().warehouse)) as connection:
            connection.execute(
                "update raw.wms_inventory set on_hand_units = least(on_hand_units, 1) where item_id = ?", [self.item]
            )


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Day:
    return Day(small_network(tmp_path_factory.mktemp("only")))


def test_an_item_is_planned_again_on_top_of_the_day(
    day: Day, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    same = day.again()
    for frame in (PLAN_LINES, DECISIONS, PLAN_COSTS):
        pd.testing.assert_frame_equal(day.read(frame, same.run_id), day.read(frame, day.first.run_id))
    assert same.summary[0]["plan_digest"] == day.first.summary[0]["plan_digest"]
    assert [(d["order_id"], d["revision"]) for d in same.documents] == [
        (d["order_id"], d["revision"]) for d in day.first.documents
    ]

    day.sell_out()
    other = day.again()
    for frame in (PLAN_LINES, DECISIONS, PLAN_COSTS):
        before, after = day.read(frame, day.first.run_id), day.read(frame, other.run_id)
        pd.testing.assert_frame_equal(
            after.loc[after["item_id"] != day.item].reset_index(drop=True),
            before.loc[before["item_id"] != day.item].reset_index(drop=True),
        )
        assert not after.equals(before)
    plan = day.read(PLAN_SUMMARY).set_index("policy").loc["joint_plan"]
    assert (plan["replanned"], plan["base_run_id"]) == (f"item={day.item}", same.run_id)
    assert plan["bound_amount"] <= plan["cost_amount"]
    was, now = ({d["order_id"]: d for d in run.documents} for run in (day.first, other))
    lines = day.read(PLAN_LINES)
    route = ["kind", "origin_id", "destination_id"]
    ends = set(lines.loc[lines["item_id"] == day.item, route].itertuples(index=False, name=None))
    for order_id in set(was) & set(now):
        if was[order_id]["content_digest"] == now[order_id]["content_digest"]:
            assert now[order_id]["revision"] == was[order_id]["revision"]
        else:
            assert now[order_id]["revision"] == was[order_id]["revision"] + 1
    assert {tuple(d[k] for k in ("kind", "origin_id", "destination_id")) for d in now.values()} >= set(map(tuple, ends))
    assert any(was.get(o, {}).get("content_digest") != d["content_digest"] for o, d in now.items()) or set(was) - set(
        now
    )

    report = replay(day.settings, day.date)
    assert (report.differing, report.only, report.base_run_id) == ([], (f"item={day.item}",), same.run_id)
    asked_of_both(day, other, monkeypatch, capsys)


def asked_of_both(
    day: Day, other: PlanRun, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Explanations and lineage of the item planned again and of one that stands."""
    monkeypatch.setenv("EQUIPOISE_HOME", str(day.settings.home))
    monkeypatch.setenv("EQUIPOISE_NETWORK", str(day.settings.network))

    def ask(*words: str) -> dict:
        capsys.readouterr()
        assert application.run([*words, "--json"]) == 0
        return json.loads(capsys.readouterr().out)

    decisions = day.read(DECISIONS)
    for mine, run in ((True, other), (False, day.first)):
        row = decisions.loc[(decisions["item_id"] == day.item) == mine].iloc[0]
        named = ("--item", row["item_id"], "--site", row["site_id"])
        assert ask("explain", *named)["reason"] == row["reason"]
        tree = ask("lineage", *named)
        (lines,) = [node for node in tree["inputs"] if node["name"] == "plan_lines"]
        assert lines["run_id"] == run.run_id
        assert tree["batches"]
    capsys.readouterr()
    assert application.run(["plan", "--only", "item=nothing"]) == 1
    assert "knows no item nothing" in capsys.readouterr().err
    assert application.run(["plan", "--only", f"item={day.item}", "--date", str(day.date - dt.timedelta(days=1))]) == 1
    assert "no plan of that date is published" in capsys.readouterr().err
