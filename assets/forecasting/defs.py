"""Dagster face of forecasting: lead times, demand forecasts and their scores."""

# Annotations are not postponed here: Dagster reads the context's type from the signature.

import base64
import datetime as dt
from collections.abc import Iterator
from typing import Any

import dagster as dg
import pandas as pd

from assets.forecasting import pages
from assets.forecasting.forecast import forecast_demand
from assets.forecasting.lead_time import lead_time_distributions
from assets.kernel.frames import Frame
from assets.kernel.frames.decisions import DEMAND_FORECAST, FORECAST_SCORES, LEAD_TIME
from assets.kernel.network import NetworkProfile
from assets.policy.registry import PolicyRegistry

_GROUP = "forecasting"
_OWNERS = ["team:planning-science"]
_CODE_VERSION = "1"
_MARTS = ("fct_demand", "feat_item_site", "dim_item", "dim_site")


def build(plan_dates: dg.PartitionsDefinition[Any]) -> list[dg.AssetsDefinition]:
    """Return the assets of the stage."""
    return [_lead_time(plan_dates), _demand(plan_dates)]


def _lead_time(plan_dates: dg.PartitionsDefinition[Any]) -> dg.AssetsDefinition:
    @dg.asset(
        key=[_GROUP, "lead_time"],
        ins={name: dg.AssetIn(["marts", name]) for name in ("fct_lead_time", "feat_lead_time")},
        group_name=_GROUP,
        owners=_OWNERS,
        kinds={"python", "pandas"},
        partitions_def=plan_dates,
        description=f"{LEAD_TIME.grain} Learned from receipts, shrunk to the quote where they are few. "
        "Waiting for a departure is not in it.",
        metadata={"frame": LEAD_TIME.name},
        io_manager_key="parquet",
        code_version=_CODE_VERSION,
    )
    def lead_time(
        context: dg.AssetExecutionContext, fct_lead_time: pd.DataFrame, feat_lead_time: pd.DataFrame
    ) -> dg.MaterializeResult[pd.DataFrame]:
        plan_date = dt.date.fromisoformat(context.partition_key)
        found = lead_time_distributions(fct_lead_time, feat_lead_time, plan_date)
        return dg.MaterializeResult(value=found, metadata=_metadata(pages.lead_time_page(found)))

    return lead_time


def _demand(plan_dates: dg.PartitionsDefinition[Any]) -> dg.AssetsDefinition:
    @dg.multi_asset(
        name="demand_forecast",
        outs={
            "demand_forecast": _out(
                DEMAND_FORECAST,
                f"{DEMAND_FORECAST.grain} Champion of the segment's backtest, calibrated conformally.",
            ),
            "forecast_scores": _out(
                FORECAST_SCORES,
                f"{FORECAST_SCORES.grain} Out-of-stock buckets are never scored; a segment without an origin "
                "scores 0 over 0 origins.",
            ),
        },
        ins={name: dg.AssetIn(["marts", name]) for name in _MARTS},
        group_name=_GROUP,
        partitions_def=plan_dates,
    )
    def demand_forecast(
        context: dg.AssetExecutionContext,
        fct_demand: pd.DataFrame,
        feat_item_site: pd.DataFrame,
        dim_item: pd.DataFrame,
        dim_site: pd.DataFrame,
        profile: dg.ResourceParam[NetworkProfile],
        policies: dg.ResourceParam[PolicyRegistry],
    ) -> Iterator[dg.Output[pd.DataFrame]]:
        made = forecast_demand(
            fct_demand, feat_item_site, policies.active(), profile.calendar,
            dt.date.fromisoformat(context.partition_key), profile.horizon_buckets,
            items=dim_item, sites=dim_site,
        )  # fmt: skip
        page = pages.forecast_page(made.forecast, fct_demand)
        yield dg.Output(made.forecast, "demand_forecast", metadata=_metadata(page))
        yield dg.Output(made.scores, "forecast_scores", metadata=_metadata(pages.scores_page(made.scores)))

    return demand_forecast


def _out(frame: Frame, description: str) -> dg.AssetOut:
    return dg.AssetOut(
        key=[_GROUP, frame.name],
        description=description,
        io_manager_key="parquet",
        metadata={"frame": frame.name},
        owners=_OWNERS,
        kinds={"python", "statsforecast"},
        code_version=_CODE_VERSION,
    )


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
