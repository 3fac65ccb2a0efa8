"""One item planned again on top of a day's plan: rows, orders, explanations, lineage and replay of it."""

import datetime as dt
import json

import duckdb
import pandas as pd
import pytest
from networks import copied

from assets.kernel.frames.decisions import DECISIONS, DOCUMENTS, PLAN_COSTS, PLAN_LINES, PLAN_SUMMARY
from assets.kernel.published import Published
from orchestration import instance
from orchestration.cli import application
from orchestration.planning import plan_day
from orchestration.replay import replay
from orchestration.settings import Settings


class Day:
    """A planned day, and what one item of it came to when it was planned again."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.date: dt.date = settings.network_home().profile.clock.today()
        lines = self.read(PLAN_LINES)
        self.first = str(self.read(DOCUMENTS)["run_id"].iloc[0])
        self.item = str(lines.loc[lines["kind"] == "transfer", "item_id"].iloc[0])

    def read(self, frame: object, run_id: str = "") -> pd.DataFrame:
        published = Published(self.settings.network_home().published)
        return published.of_run(frame, self.date, run_id) if run_id else published.read(frame, self.date)

    def again(self) -> str:
        run = plan_day(self.settings, only=[f"item={self.item}"])
        assert run.success, f"{run.failed_step}: {run.error}"
        return run.run_id

    def digest(self, run_id: str) -> str:
        return str(self.read(PLAN_SUMMARY, run_id).set_index("policy").loc["joint_plan", "plan_digest"])

    def documents(self, run_id: str) -> dict[str, dict]:
        """Return the documents that a run left standing, by id."""
        return {row["order_id"]: row for row in self.read(DOCUMENTS, run_id).to_dict("records")}

    def sell_out(self) -> None:
        """Take nearly all stock of the item away, as a late count would."""
        with duckdb.connect(str(self.settings.network_home().warehouse)) as connection:
            connection.execute(
                "update raw.wms_inventory set on_hand_units = least(on_hand_units, 1) where item_id = ?", [self.item]
            )


@pytest.fixture(scope="module")
def day(planned_settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Day:
    return Day(copied(planned_settings, tmp_path_factory.mktemp("only")))


@pytest.fixture(scope="module")
def same(day: Day) -> str:
    """Return the run that planned the item again from the same data."""
    return day.again()


@pytest.fixture(scope="module")
def other(day: Day, same: str) -> str:
    """Return the run that planned it again, after ``same``, with nearly no stock."""
    assert same
    day.sell_out()
    return day.again()


def test_the_item_stands_in_no_config_of_the_run(day: Day, same: str) -> None:
    with instance.opened(day.settings) as store:
        run = store.get_run_by_id(same)
    assert run is not None
    assert day.item not in str(run.run_config) + str(run.tags)


def test_an_item_planned_again_from_the_same_data_changes_nothing(day: Day, same: str) -> None:
    lines = [day.read(PLAN_LINES, run) for run in (same, day.first)]
    # What all lines of a departure save together is told of those that pay for it.
    together = [
        each["reason"].str.replace(r", for lines that save [\d.]+ or more together", "", regex=True) for each in lines
    ]
    pd.testing.assert_frame_equal(*(each.assign(reason=told) for each, told in zip(lines, together, strict=True)))
    # Departures that others ride on leave whatever the item does: who does nothing pays what is owed of them.
    costs = [day.read(PLAN_COSTS, run).drop(columns="bound_amount") for run in (same, day.first)]
    joint, idle = ([each[each["policy"] == name] for each in costs] for name in ("joint_plan", "do_nothing"))
    pd.testing.assert_frame_equal(*joint)
    owed = ["cost_amount", "transport_amount"]
    pd.testing.assert_frame_equal(*(each.drop(columns=owed) for each in idle))
    # Of a departure that stays it is told what those who were planned would have saved by it.
    now, was = (day.read(DECISIONS, run) for run in (same, day.first))
    own = now["item_id"] == day.item
    pd.testing.assert_frame_equal(now[~own], was[~own])
    told = ["reason", "flips_when"]
    pd.testing.assert_frame_equal(now.drop(columns=told), was.drop(columns=told))
    for name in told:
        stays = was[name].str.contains("what would ride on")
        pd.testing.assert_series_equal(now.loc[~stays, name], was.loc[~stays, name])
    assert day.digest(same) == day.digest(day.first)
    was, now = day.documents(day.first), day.documents(same)
    assert {o: d["revision"] for o, d in now.items()} == {o: d["revision"] for o, d in was.items()}


def test_an_item_planned_again_changes_its_own_rows_and_the_documents_that_they_stand_in(
    day: Day, same: str, other: str
) -> None:
    for frame in (PLAN_LINES, DECISIONS, PLAN_COSTS):
        before, after = day.read(frame, day.first), day.read(frame, other)
        pd.testing.assert_frame_equal(
            after.loc[after["item_id"] != day.item].reset_index(drop=True),
            before.loc[before["item_id"] != day.item].reset_index(drop=True),
        )
        assert not after.equals(before)
    plan = day.read(PLAN_SUMMARY, other).set_index("policy").loc["joint_plan"]
    assert (plan["replanned"], plan["base_run_id"]) == (f"item={day.item}", same)
    assert plan["bound_amount"] <= plan["cost_amount"]
    was, now, lines = day.documents(day.first), day.documents(other), day.read(PLAN_LINES, other)
    route = ["kind", "origin_id", "destination_id"]
    ends = set(lines.loc[lines["item_id"] == day.item, route].itertuples(index=False, name=None))
    for order_id in set(was) & set(now):
        if was[order_id]["content_digest"] == now[order_id]["content_digest"]:
            assert now[order_id]["revision"] == was[order_id]["revision"]
        else:
            assert now[order_id]["revision"] == was[order_id]["revision"] + 1
    assert {tuple(d[k] for k in route) for d in now.values()} >= set(map(tuple, ends))
    assert any(was.get(o, {}).get("content_digest") != d["content_digest"] for o, d in now.items()) or set(was) - set(
        now
    )


@pytest.mark.slow
@pytest.mark.usefixtures("other")
def test_a_day_with_an_item_planned_again_replays_on_the_plan_that_it_stands_on(day: Day, same: str) -> None:
    report = replay(day.settings, day.date)
    assert (report.differing, report.only, report.base_run_id) == ([], (f"item={day.item}",), same)


def test_explanations_and_lineage_know_which_run_planned_an_item(
    day: Day, other: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
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
        assert lines["run_id"] == run
        assert tree["batches"]
    capsys.readouterr()
    assert application.run(["plan", "--only", "item=nothing"]) == 1
    assert "knows no item nothing" in capsys.readouterr().err
    assert application.run(["plan", "--only", f"item={day.item}", "--date", str(day.date - dt.timedelta(days=1))]) == 1
    assert "no plan of that date is published" in capsys.readouterr().err
