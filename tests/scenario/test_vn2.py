"""A public data set from its files to explained orders: import, plan, orders, explanation, lineage."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from bad_networks import typed

from orchestration.settings import Settings

PLAN_DATE = "2024-04-15"
SCHEMA = {
    "order_id", "kind", "plan_date", "channel", "origin", "destination", "status", "value", "lines",
    "policy_release", "model_version", "feature_version", "batch_ids", "plan_digest", "run_id",
}  # fmt: skip

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Vn2:
    """The planned network, and its orders."""

    settings: Settings
    plan: dict[str, Any]
    orders: list[dict[str, Any]]

    def json(self, *arguments: str) -> Any:
        said = typed(self.settings, *arguments, "--json")
        assert (said.code, said.err) == (0, "")
        return json.loads(said.out)


@pytest.fixture(scope="module")
def vn2(data_directory: Path, tmp_path_factory: pytest.TempPathFactory) -> Vn2:
    folder = data_directory / "vn2"
    if not folder.exists():
        pytest.skip(f"vn2 is not in {data_directory}; set EQUIPOISE_BENCH_DATA")
    settings = Settings(home=tmp_path_factory.mktemp("vn2"), network="vn2")
    imported = typed(settings, "import", "vn2", str(folder))
    assert imported.code == 0, imported.err
    network = Vn2(settings, {}, [])
    plan = network.json("plan", "--date", PLAN_DATE)
    return Vn2(settings, plan, network.json("orders", "--date", PLAN_DATE))


def test_orders_of_vn2_have_every_field_of_the_contract(vn2: Vn2) -> None:
    assert vn2.orders
    for order in vn2.orders:
        assert set(order) >= SCHEMA
        assert (order["plan_date"], order["status"]) == (PLAN_DATE, "proposed")
        assert all(order[field] for field in SCHEMA)
        assert all({"item", "quantity", "value", "reason"} <= set(line) for line in order["lines"])
        assert all(line["quantity"] > 0 and line["reason"] for line in order["lines"])


def test_a_plan_of_vn2_covers_every_series_and_proves_its_gap(vn2: Vn2) -> None:
    plan = vn2.plan["plan"]
    assert plan["item_sites"] == 599
    assert sum(len(order["lines"]) for order in vn2.orders) == plan["purchase_lines"] + plan["transfer_lines"]
    assert 0 <= plan["gap_share"] < 0.01
    assert plan["bound_amount"] <= plan["cost_amount"]


def test_every_order_of_vn2_is_explained_and_traced_to_content_hashes(vn2: Vn2) -> None:
    for order in vn2.orders:
        assert len(vn2.json("explain", order["order_id"])["lines"]) == len(order["lines"])
        traced = vn2.json("lineage", order["order_id"])
        assert {batch["name"] for batch in traced["batches"]} == set(order["batch_ids"])
        assert all(batch["content_hash"] for batch in traced["batches"])
