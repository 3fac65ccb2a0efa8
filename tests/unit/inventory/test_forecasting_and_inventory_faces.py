"""Both faces in one run, on a fake store of tables."""

import dagster as dg
import numpy as np
import pandas as pd
import pytest

from assets.forecasting import defs as forecasting
from assets.forecasting.registry.registry import ModelRegistry
from assets.inventory import defs as inventory
from assets.kernel.calendar import AsKnown, Bucket
from assets.kernel.frames.decisions import PROTECTION_DEMAND, TARGETS
from assets.kernel.frames.forecasts import CHAMPIONS, DEMAND_FORECAST, FORECAST_SCORES, LEAD_TIME
from assets.kernel.frames.marts import DIM_EVENT, FCT_DEMAND, FCT_LEAD_TIME, FCT_OPEN_ORDER, FEAT_LEAD_TIME
from assets.kernel.network import NetworkProfile
from assets.kernel.published import Published
from assets.policy.registry import PolicyRegistry

DATE = "2025-06-30"
MARTS = (
    "fct_demand", "dim_event", "feat_item_site", "dim_item", "dim_site", "fct_lead_time", "fct_open_order",
    "feat_lead_time", "dim_item_site", "dim_lane", "dim_sourcing",
)  # fmt: skip


class TablesInMemory(dg.IOManager):
    """Keeps tables by the last part of their key."""

    def __init__(self, tables: dict[str, pd.DataFrame]) -> None:
        self.tables = tables

    def handle_output(self, context: dg.OutputContext, obj: pd.DataFrame) -> None:
        self.tables[context.asset_key.path[-1]] = obj

    def load_input(self, context: dg.InputContext) -> pd.DataFrame:
        return self.tables[context.asset_key.path[-1]]


def demand_of(item: str, site: str, days: int = 100) -> pd.DataFrame:
    starts = pd.date_range(end="2025-06-29", periods=days).astype("datetime64[us]")
    units = np.random.default_rng(4).poisson(5, days)
    frame = pd.DataFrame({"bucket_start": starts, "sold_units": units, "demand_lower_bound_units": units})
    return FCT_DEMAND.conform(
        frame.assign(
            item_id=item,
            site_id=site,
            in_stock_share=1.0,
            is_censored=False,
            is_promoted=False,
            unit_price=1.0,
            available_at=starts,
            batch_id="b",
        )
    )


@pytest.fixture
def tables(network) -> dict[str, pd.DataFrame]:
    names = ("dim_item_site", "dim_site", "dim_lane", "dim_sourcing", "dim_item", "feat_item_site")
    frames = dict(zip(names, network.frames()[2:], strict=True))
    frames["feat_item_site"]["demand_segment"] = "smooth"
    frames["dim_site"]["region"] = "r"
    frames["feat_item_site"]["feature_set_version"] = "1"
    quote = {
        "plan_date": pd.Timestamp(DATE),
        "receipt_kind": "transfer",
        "source_id": "hub",
        "site_id": "a",
        "mode": "truck",
        "observation_count": 0,
        "quoted_days": 2.0,
        "mean_days": 2.0,
        "std_days": 0.5,
        "feature_set_version": "1",
    }
    return {
        **frames,
        "fct_demand": pd.concat([demand_of("i", "a"), demand_of("i", "b")], ignore_index=True),
        "dim_event": DIM_EVENT.empty(),
        "fct_lead_time": FCT_LEAD_TIME.empty(),
        "fct_open_order": FCT_OPEN_ORDER.empty(),
        "feat_lead_time": FEAT_LEAD_TIME.conform(pd.DataFrame([quote])),
    }


def test_both_stages_materialize_and_describe_themselves(tables, tmp_path):
    plan_dates = dg.DailyPartitionsDefinition(start_date="2025-06-01", end_date="2025-07-02")
    store = TablesInMemory(tables)
    built = [*forecasting.build(plan_dates), *inventory.build(plan_dates)]
    marts = [dg.AssetSpec(["marts", name], partitions_def=plan_dates).with_io_manager_key("parquet") for name in MARTS]
    profile = NetworkProfile(name="net", bucket=Bucket.DAY, horizon_buckets=7, first_plan_date="2025-06-01")
    result = dg.materialize(
        [*marts, *built],
        selection=built,
        partition_key=DATE,
        resources={
            "parquet": store,
            "profile": profile,
            "policies": PolicyRegistry(),
            "published": Published(tmp_path / "published"),
            "models": ModelRegistry(tmp_path),
            "as_known": AsKnown.THEN,
        },
    )
    assert result.success
    frames = {"demand_forecast": DEMAND_FORECAST, "forecast_scores": FORECAST_SCORES, "champions": CHAMPIONS}
    for name, frame in {
        **frames,
        "lead_time": LEAD_TIME,
        "targets": TARGETS,
        "protection_demand": PROTECTION_DEMAND,
    }.items():
        frame.conform(store.tables[name])
    shown = {
        event.asset_key.path[-1]: event.step_materialization_data.materialization.metadata
        for event in result.get_asset_materialization_events()
    }
    assert "data:image/png;base64," in shown["demand_forecast"]["largest_series"].value
    assert shown["targets"]["item_sites"].value == 3


def test_every_asset_says_what_a_row_is_and_who_owns_it():
    plan_dates = dg.DailyPartitionsDefinition(start_date="2025-06-01")
    specs = [s for d in (*forecasting.build(plan_dates), *inventory.build(plan_dates)) for s in d.specs]
    assert {s.key.to_user_string() for s in specs} == {
        "forecasting/lead_time",
        "forecasting/demand_estimate",
        "forecasting/demand_anomalies",
        "forecasting/demand_forecast",
        "forecasting/forecast_scores",
        "forecasting/forecast_effects",
        "forecasting/champions",
        "forecasting/interval_calibration",
        "forecasting/hierarchy_forecast",
        "forecasting/coherence",
        "inventory/placement",
        "inventory/targets",
        "inventory/target_service",
        "inventory/protection_demand",
    }
    for spec in specs:
        assert spec.description.startswith("One row per")
        assert spec.owners
        assert spec.kinds
        assert spec.metadata["frame"]
