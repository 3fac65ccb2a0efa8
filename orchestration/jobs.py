"""The jobs: plan a day, take in what has landed without planning, and dispatch what may leave.

All run in one process: a process per step would cost seconds of imports each.
"""

from __future__ import annotations

import dagster as dg

from orchestration.stages import DISPATCH, PLANNING

PLAN_DAY = "plan_day"
INGEST = "ingest"
DISPATCH_ORDERS = "dispatch_orders"


def plan_day() -> dg.JobDefinition:
    """Return the job of the whole chain, from raw feeds to order documents."""
    return dg.define_asset_job(
        PLAN_DAY,
        selection=dg.AssetSelection.groups(*PLANNING),
        executor_def=dg.in_process_executor,
        description="One plan date, from raw feeds to order documents.",
        tags={"equipoise/job": PLAN_DAY},
    )


def ingest(raw_tables: list[dg.AssetKey]) -> dg.JobDefinition:
    """Return the job that loads what has landed into the raw tables."""
    return dg.define_asset_job(
        INGEST,
        selection=dg.AssetSelection.assets(*raw_tables),
        executor_def=dg.in_process_executor,
        description="What has landed goes into the raw tables; nothing is planned.",
        tags={"equipoise/job": INGEST},
    )


def dispatch_orders() -> dg.JobDefinition:
    """Return the job that lets orders go and takes in what the other side says; it needs no warehouse."""
    return dg.define_asset_job(
        DISPATCH_ORDERS,
        selection=dg.AssetSelection.groups(DISPATCH),
        executor_def=dg.in_process_executor,
        description="What may leave leaves, once; what the other side says is taken in.",
        tags={"equipoise/job": DISPATCH_ORDERS},
    )
