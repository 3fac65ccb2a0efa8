"""Dagster face of monitoring, a module each step. Not here: judging or sending."""

import dagster as dg

from assets.kernel.defs import PlanDates
from assets.monitoring.defs import alerts, digest, forecast_drift, kpis, process_drift, regret


def build(plan_dates: PlanDates) -> list[dg.AssetsDefinition]:
    """Return the assets of monitoring."""
    return [step.build(plan_dates) for step in (forecast_drift, process_drift, regret, alerts, kpis, digest)]
