"""The command line from an empty home to explained orders, as a user meets it: in its own processes."""

import datetime as dt
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration import locks

ENTRY = "from orchestration.cli import main; main()"
REQUIRED = {
    "order_id", "kind", "plan_date", "channel", "origin", "destination", "status", "value", "lines",
    "policy_release", "model_version", "feature_version", "batch_ids", "plan_digest", "run_id",
}  # fmt: skip


@dataclass(frozen=True)
class CommandLine:
    """Runs `equipoise` with a home of its own."""

    home: Path

    def __call__(self, *arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        environment = {k: v for k, v in os.environ.items() if not k.startswith("EQUIPOISE_")}
        done = subprocess.run(
            [sys.executable, "-c", ENTRY, *arguments],
            env={**environment, "EQUIPOISE_HOME": str(self.home)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == code, f"{arguments}: {done.stdout[-2000:]}\n{done.stderr[-4000:]}"
        assert "Traceback" not in done.stderr
        return done

    def json(self, *arguments: str, code: int = 0) -> Any:
        """Return a command's answer as JSON."""
        return json.loads(self(*arguments, "--json", code=code).stdout)


@pytest.fixture(scope="module")
def equipoise(tmp_path_factory: pytest.TempPathFactory) -> CommandLine:
    """Return the command line on a home where the small demo has run."""
    command_line = CommandLine(tmp_path_factory.mktemp("home"))
    command_line("demo", "--small")
    return command_line


@pytest.fixture(scope="module")
def plan(equipoise: CommandLine) -> dict[str, Any]:
    """Return the demo's date planned again."""
    return dict(equipoise.json("plan"))


@pytest.fixture(scope="module")
def orders(equipoise: CommandLine) -> list[dict[str, Any]]:
    """Return the demo's order documents."""
    return list(equipoise.json("orders"))


@pytest.fixture
def writing(equipoise: CommandLine) -> Iterator[None]:
    """Hold the warehouse as a run does."""
    network = equipoise.home / "sample-small"
    with locks.hold(network / "locks" / locks.WRITER, "a test"), duckdb.connect(str(network / "warehouse.duckdb")):
        yield


def test_the_demo_moves_and_buys(orders: list[dict[str, Any]]) -> None:
    assert {"transfer", "purchase"} <= {order["kind"] for order in orders}
    assert all(set(order) >= REQUIRED for order in orders)
    assert {order["channel"] for order in orders} == {"live"}
    assert all({"item", "quantity", "value", "reason"} <= set(line) for order in orders for line in order["lines"])


def test_planning_again_gives_the_same_documents(
    equipoise: CommandLine, plan: dict[str, Any], orders: list[dict[str, Any]]
) -> None:
    again = equipoise.json("orders")
    assert plan["success"]
    content = [(order["order_id"], order["revision"], order["content_digest"]) for order in orders]
    assert [(order["order_id"], order["revision"], order["content_digest"]) for order in again] == content


def test_a_plan_as_json_prints_cost_bound_gap_baselines_and_seconds(plan: dict[str, Any]) -> None:
    assert plan["plan"]["bound_amount"] <= plan["plan"]["cost_amount"]
    assert {"joint_plan", "no_transfers", "greedy_pairs"} <= {row["policy"] for row in plan["policies"]}
    assert {"feeds", "forecasting", "rebalancing"} <= set(plan["seconds"])


def test_explanation_and_lineage_of_an_order_reach_content_hashes(
    equipoise: CommandLine, orders: list[dict[str, Any]]
) -> None:
    for kind in ("transfer", "purchase"):
        order = next(order for order in orders if order["kind"] == kind)
        assert all(line["reason"] for line in equipoise.json("explain", order["order_id"])["lines"])
        traced = equipoise.json("lineage", order["order_id"])
        assert {batch["name"] for batch in traced["batches"]} == set(order["batch_ids"])
        assert all(batch["content_hash"] for batch in traced["batches"])
        assert "content" in equipoise("lineage", order["order_id"]).stdout


def test_an_item_and_site_without_an_order_are_explained_and_traced(
    equipoise: CommandLine, orders: list[dict[str, Any]]
) -> None:
    from assets.kernel.frames.decisions import DECISIONS
    from assets.kernel.published import Published

    date = dt.date.fromisoformat(orders[0]["plan_date"])
    decisions = Published(equipoise.home / "sample-small" / "published").read(DECISIONS, date)
    waiting = decisions[decisions["decision"] == "wait"].iloc[0]
    subject = ("--item", str(waiting["item_id"]), "--site", str(waiting["site_id"]))
    assert equipoise.json("explain", *subject)["reason"]
    assert all(batch["content_hash"] for batch in equipoise.json("lineage", *subject)["batches"])


@pytest.mark.usefixtures("writing")
def test_reading_works_while_a_run_writes(equipoise: CommandLine, orders: list[dict[str, Any]]) -> None:
    assert equipoise.json("orders") == orders
    equipoise("verdicts")
    equipoise("alerts")
    equipoise("explain", orders[0]["order_id"])
    equipoise("lineage", orders[0]["order_id"])
    assert equipoise("plan", code=1).stderr.endswith("reading commands work meanwhile\n")


# In the default run `tests/integration/test_plan_day.py` replays.
@pytest.mark.slow
def test_a_replay_finds_every_table_the_same(equipoise: CommandLine) -> None:
    assert equipoise.json("replay")["identical"]


# In the default run `tests/integration/test_plan_day.py` plans a past date.
@pytest.mark.slow
def test_a_past_date_is_planned_in_a_channel_of_its_own(equipoise: CommandLine, orders: list[dict[str, Any]]) -> None:
    # A Thursday: the demo plans a Monday, and the Sunday before it orders nothing.
    past = (dt.date.fromisoformat(orders[0]["plan_date"]) - dt.timedelta(days=4)).isoformat()
    assert equipoise.json("plan", "--date", past)["channel"] == "backfill"
    assert {order["channel"] for order in equipoise.json("orders", "--date", past)} == {"backfill"}


def test_a_date_before_the_first_batch_is_one_line(equipoise: CommandLine) -> None:
    said = equipoise("plan", "--date", "2001-01-01", code=1)
    assert said.stdout == ""
    assert len([line for line in said.stderr.splitlines() if "2001-01-01" in line]) == 1


def test_the_doctor_finds_nothing_wrong(equipoise: CommandLine) -> None:
    assert all(finding["ok"] for finding in equipoise.json("doctor"))
