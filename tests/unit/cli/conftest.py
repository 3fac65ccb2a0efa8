"""Commands run as if typed, and a network with published tables and a ledger, as a run leaves them."""

from pathlib import Path

import pytest
from unit.cli.tiny_network import (
    BATCH,
    DAY,
    PLAN_DATE,
    PURCHASE,
    TRANSFER,
    Equipoise,
    Said,
    alert,
    decision,
    grant,
    line,
    open_tiny,
    policy,
    rows,
    verdict,
)

from assets.governance.identity import current_user
from assets.kernel.frames.decisions import DECISIONS, DOCUMENTS, PLAN_LINES, PLAN_SUMMARY
from assets.kernel.frames.feeds import FEED_BATCHES
from assets.kernel.frames.forecasts import DEMAND_FORECAST
from assets.kernel.frames.marts import DIM_ITEM, FCT_DEMAND, FCT_INVENTORY_POSITION, FEAT_ITEM_SITE
from assets.kernel.frames.quality import ALERTS, FEED_ALERTS, VERDICTS
from assets.kernel.home import NetworkHome
from assets.kernel.network import NetworkProfile
from assets.kernel.published import Published
from assets.orders.events import OrderProposed
from assets.orders.projections import documents_frame, proposals
from assets.orders.store import Append
from assets.policy.access import Role
from orchestration.cli import application


@pytest.fixture
def equipoise(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Equipoise:
    """Run a command as if typed, with its home in a folder of the test's own."""
    monkeypatch.setenv("EQUIPOISE_HOME", str(tmp_path))
    monkeypatch.delenv("EQUIPOISE_NETWORK", raising=False)
    monkeypatch.delenv("EQUIPOISE_TOKEN", raising=False)

    def run(*arguments: str) -> Said:
        capsys.readouterr()
        code = application.run(arguments)
        said = capsys.readouterr()
        return Said(code, said.out, said.err)

    return run


@pytest.fixture
def network(tmp_path: Path) -> NetworkHome:
    """Return the home of a network that nothing was planned for."""
    home = NetworkHome(tmp_path / "tiny")
    NetworkProfile(name="tiny", first_plan_date=PLAN_DATE, declared_date=PLAN_DATE).write(home.root)
    (tmp_path / "active").write_text("tiny\n")
    grant(home, current_user().person, Role.ADMIN)
    return home


@pytest.fixture
def planned(network: NetworkHome) -> NetworkHome:
    """Return the home of a network of which one date is planned."""
    published = Published(network.published)
    orders = proposals([TRANSFER, PURCHASE])
    tables = {
        VERDICTS: rows(
            VERDICTS,
            verdict("wms_inventory", "negative_stock", "hold", "S2", "I1", "on hand is -4"),
            verdict("demand_sales", "stale_feed", "warn", "S3", "", "last sales are of 2026-02-20"),
            verdict("erp_items", "all", "pass", "", "", ""),
        ),
        DIM_ITEM: rows(DIM_ITEM, {"item_id": "I1"}),
        FCT_INVENTORY_POSITION: rows(
            FCT_INVENTORY_POSITION, {"item_id": "I1", "site_id": "S1", "batch_ids": BATCH, "available_units": 1}
        ),
        FCT_DEMAND: rows(
            FCT_DEMAND, {"item_id": "I1", "site_id": "S1", "bucket_start": PLAN_DATE - DAY, "batch_id": BATCH}
        ),
        FEAT_ITEM_SITE: rows(FEAT_ITEM_SITE, {"item_id": "I1", "site_id": "S1", "feature_set_version": "features-1"}),
        DEMAND_FORECAST: rows(
            DEMAND_FORECAST, {"item_id": "I1", "site_id": "S1", "mean_units": 2.0, "model_version": "model-1"}
        ),
        PLAN_LINES: rows(
            PLAN_LINES,
            line("transfer", "W1", "S1", "truck", "pack"),
            line("purchase", "SUP", "W1", "truck", ""),
        ),
        DECISIONS: rows(
            DECISIONS,
            decision("S1", "move_in", "S1 runs out before the next delivery.", 9.5),
            decision("W1", "move_out", "W1 has more than it needs.", 0.25),
            decision("S2", "held", "The verdict negative_stock holds it.", None),
            decision("S3", "wait", "Stock covers the protection interval.", 0.5),
        ),
        PLAN_SUMMARY: rows(
            PLAN_SUMMARY,
            policy("joint_plan", 1000.0, 990.0),
            policy("greedy_pairs", 1100.0, None),
            policy("no_transfers", 1200.0, None),
            policy("min_max", 1250.0, None),
            policy("do_nothing", 1300.0, None),
        ),
        DOCUMENTS: documents_frame(orders),
        FEED_ALERTS: rows(FEED_ALERTS, alert("stale_feed", "warning", "demand_sales", "S3")),
        ALERTS: rows(
            ALERTS,
            alert("negative_stock", "critical", "wms_inventory", "S2"),
            alert("stale_feed", "warning", "demand_sales", "S3"),
        ),
        FEED_BATCHES: rows(
            FEED_BATCHES,
            {
                "feed": "wms_inventory", "batch_id": BATCH, "business_date": PLAN_DATE - DAY,
                "row_count": 3, "content_hash": "c" * 32, "status": "accepted",
            },
        ),
    }  # fmt: skip
    for frame, data in tables.items():
        published.write(frame, data, PLAN_DATE, "run-1")
    store = open_tiny(network)
    store.append([Append(order.order_id, 0, (OrderProposed(order.document),)) for order in orders])
    store.close()
    return network
