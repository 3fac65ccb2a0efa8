"""Runs that Dagster starts, as its pages and schedules do, are traced from the plan to the other side's receipt."""

import json
import subprocess
import sys
from contextlib import closing
from typing import Any

import pytest
from networks import copied

from assets.kernel.frames.marts import DIM_ITEM
from assets.kernel.published import Published
from assets.orders.store import OrderFilter
from assets.orders.trace import trace_id
from orchestration import ui
from orchestration.ledger import open_ledger
from orchestration.settings import Settings

pytestmark = pytest.mark.slow

SECRET = "a secret that only this test has"
TABLES = ("documents", "order_lines", "order_levels")
PLAN = ("asset", "materialize", "--select", " or ".join(f'key:"orders/{table}"' for table in TABLES))
DISPATCH = ("job", "execute", "-j", "dispatch_orders")


def started(settings: Settings, *command: str, **environment: str) -> str:
    """Run Dagster's own tool as a process, and return what it wrote to standard error."""
    done = subprocess.run(
        [sys.executable, "-m", "dagster", *command, "-m", "orchestration.definitions", "-a", "definitions"],
        env={**ui.environment(settings), "EQUIPOISE_GATEWAY_SECRET": SECRET, **environment},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    assert SECRET not in done.stdout + done.stderr
    return done.stderr


def told(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


@pytest.fixture(scope="module")
def network(planned_settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Return a planned network whose ledger knows nothing yet."""
    settings = copied(planned_settings, tmp_path_factory.mktemp("traced"))
    home = settings.network_home()
    for file in (*home.ledger.parent.glob(f"{home.ledger.name}*"), home.ledger_checkpoints):
        file.unlink(missing_ok=True)
    return settings


def test_a_plan_and_a_dispatch_that_dagster_started_are_one_trace(network: Settings) -> None:
    home = network.network_home()
    date = home.profile.clock.today()
    planned = told(started(network, *PLAN, "--partition", date.isoformat(), EQUIPOISE_LOG="json"))
    text = started(network, *DISPATCH, EQUIPOISE_LOG="json", EQUIPOISE_TRACING="console")
    lines = [line for line in told(text) if "event" in line]
    spans = [line for line in told(text) if "context" in line]
    with closing(open_ledger(network, home.profile.clock)) as store:
        orders = store.orders(OrderFilter(network=home.profile.name))
    (trace,) = {trace_id(order.document.provenance.run_id) for order in orders}

    assert [(line["event"], line["trace_id"], line["level"]) for line in planned] == [("orders/orders", trace, "info")]
    sent = {line["order_id"]: line for line in lines if line["event"] == "filedrop.submit"}
    assert sent.keys() == {order.order_id for order in orders if order.delivery is not None} != set()
    assert {line["trace_id"] for line in sent.values()} == {trace}
    steps = [line for line in lines if line["event"].startswith("dispatch/")]
    assert {line["event"] for line in steps} == {"dispatch/dispatching", "dispatch/governance__policy_release"}
    (run,) = {line["trace_id"] for line in steps} - {trace}
    assert {line["trace_id"] for line in lines} == {trace, run}, "dispatching is a run of its own"
    assert sorted(span["name"] for span in spans) == sorted(line["event"] for line in lines)
    assert {span["context"]["trace_id"] for span in spans} == {f"0x{line['trace_id']}" for line in lines}


def test_what_is_told_names_no_item_and_nothing_is_told_unless_it_is_asked_for(network: Settings) -> None:
    home = network.network_home()
    items = Published(home.published).read(DIM_ITEM, home.profile.clock.today())["item_id"]
    text = started(network, *DISPATCH, EQUIPOISE_LOG="json", EQUIPOISE_TRACING="console")
    assert told(text)
    assert not [item for item in items if any(item in json.dumps(line) for line in told(text))]
    assert told(started(network, *DISPATCH)) == []
