"""Dagster face of monitoring: the alerts of a plan date. Not here: raising or sending one."""

import datetime as dt
from typing import Any

import dagster as dg
import pandas as pd

from assets.kernel.frames.quality import ALERTS
from assets.monitoring import pages
from assets.monitoring.alerts import merge, raise_alerts

_SHOWN = dg.TableSchema([dg.TableColumn(name) for name in ("title", "body", "remedy")])


def build(plan_dates: dg.PartitionsDefinition[Any]) -> list[dg.AssetsDefinition]:
    """Return the assets of monitoring."""

    @dg.asset(
        key=["monitoring", "alerts"],
        # By the gates' own alerts and not by their verdicts: a stop on the plan must not skip this.
        ins={
            "feed_alerts": dg.AssetIn(["quality", "feed_alerts"]),
            "forecast_verdicts": dg.AssetIn(["quality", "forecast_verdicts"]),
            "plan_alerts": dg.AssetIn(["quality", "plan_alerts"]),
        },
        group_name="monitoring",
        owners=["team:data-platform"],
        kinds={"python", "pandas"},
        partitions_def=plan_dates,
        description=f"{ALERTS.grain} Of all gates, each cause once. Where the feeds stop the plan, their alerts are "
        "in `quality/feed_alerts` and this is not made.",
        metadata={"frame": ALERTS.name},
        io_manager_key="parquet",
        code_version="1",
    )
    def alerts(
        context: dg.AssetExecutionContext,
        feed_alerts: pd.DataFrame,
        forecast_verdicts: pd.DataFrame,
        plan_alerts: pd.DataFrame,
    ) -> dg.MaterializeResult[pd.DataFrame]:
        plan_date = dt.date.fromisoformat(context.partition_key)
        found = merge([feed_alerts, raise_alerts([forecast_verdicts], plan_date), plan_alerts])
        page = pages.alerts_page(found)
        rows = [dg.TableRecord(row) for row in page.pop("alerts")]  # type: ignore[union-attr]
        return dg.MaterializeResult(
            value=found, metadata={**page, "alerts": dg.MetadataValue.table(rows, schema=_SHOWN)}
        )

    return [alerts]
