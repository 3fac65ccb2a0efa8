"""Dagster face of inventory: the stock targets."""

# Annotations are not postponed here: Dagster reads the context's type from the signature.

import base64
import datetime as dt
from typing import Any

import dagster as dg
import pandas as pd

from assets.inventory.pages import targets_page
from assets.inventory.targets import set_targets
from assets.kernel.frames.decisions import TARGETS
from assets.kernel.network import NetworkProfile
from assets.policy.registry import PolicyRegistry

_MARTS = ("dim_item_site", "dim_site", "dim_lane", "dim_sourcing", "dim_item", "feat_item_site")
_FORECASTS = ("demand_forecast", "lead_time")


def build(plan_dates: dg.PartitionsDefinition[Any]) -> list[dg.AssetsDefinition]:
    """Return the assets of the stage."""

    @dg.asset(
        key=["inventory", "targets"],
        ins={
            **{name: dg.AssetIn(["forecasting", name]) for name in _FORECASTS},
            **{name: dg.AssetIn(["marts", name]) for name in _MARTS},
        },
        group_name="inventory",
        owners=["team:planning-science"],
        kinds={"python", "pandas"},
        partitions_def=plan_dates,
        description=f"{TARGETS.grain} A quantile of demand over lead time and review, from each site's normal "
        "source. Local to the site: do not add up base stock along a chain.",
        metadata={"frame": TARGETS.name},
        io_manager_key="parquet",
        code_version="1",
    )
    def targets(
        context: dg.AssetExecutionContext,
        demand_forecast: pd.DataFrame,
        lead_time: pd.DataFrame,
        dim_item_site: pd.DataFrame,
        dim_site: pd.DataFrame,
        dim_lane: pd.DataFrame,
        dim_sourcing: pd.DataFrame,
        dim_item: pd.DataFrame,
        feat_item_site: pd.DataFrame,
        profile: dg.ResourceParam[NetworkProfile],
        policies: dg.ResourceParam[PolicyRegistry],
    ) -> dg.MaterializeResult[pd.DataFrame]:
        found = set_targets(
            demand_forecast, lead_time, dim_item_site, dim_site, dim_lane, dim_sourcing, dim_item,
            feat_item_site, policies.active(), profile.calendar, dt.date.fromisoformat(context.partition_key),
        )  # fmt: skip
        return dg.MaterializeResult(value=found, metadata=_metadata(targets_page(found)))

    return [targets]


def _metadata(page: dict[str, Any]) -> dict[str, Any]:
    return {name: _shown(value) for name, value in page.items()}


def _shown(value: Any) -> Any:
    if isinstance(value, bytes):
        return dg.MetadataValue.md(f"![plot](data:image/png;base64,{base64.b64encode(value).decode()})")
    if isinstance(value, pd.DataFrame):
        columns = [dg.TableColumn(str(name)) for name in value.columns]
        rows = value.astype("object").itertuples(index=False, name=None)
        records = [dg.TableRecord(dict(zip(map(str, value.columns), row, strict=True))) for row in rows]
        return dg.MetadataValue.table(records, schema=dg.TableSchema(columns))
    return value
