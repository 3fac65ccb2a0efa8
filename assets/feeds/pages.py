"""What the pages of raw tables show: plain numbers, texts and records.

Not here: Dagster, which ``defs`` wraps them for.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import duckdb
import pandas as pd

from assets.feeds.contract import FeedTable
from assets.feeds.raw import IngestReport, newest_batches
from assets.kernel.page import Page, Plain, Record


def raw_table_page(connection: duckdb.DuckDBPyConnection, table: FeedTable, report: IngestReport) -> Page:
    """Return what was taken in just now, what the table holds, and its newest batches."""
    found = connection.execute(f"select count(*), max(_business_date) from raw.{table.name}").fetchone()
    rows, latest = found or (0, None)
    page: Page = {
        "dagster/row_count": int(rows),
        "batches ingested": report.batches,
        "rows accepted": report.accepted_rows,
        "rows quarantined": report.quarantined_rows,
        "batches rejected": len(report.rejected),
        "latest business date": str(latest) if latest else "none",
        "newest batches": _plain_records(newest_batches(connection, table)),
    }
    if report.unreadable:
        page["unreadable envelopes"] = "; ".join(report.unreadable)
    return page


def batches_page(batches: pd.DataFrame) -> Page:
    """Return how many batches were known, and which were rejected or left rows behind."""
    faulty = batches[(batches["status"] == "rejected") | (batches["quarantined_rows"] > 0)]
    shown = faulty.sort_values(["available_at", "batch_id"], ascending=False).head(10)
    columns = ["feed", "business_date", "status", "quarantined_rows", "reason", "batch_id"]
    return {
        "batches known": len(batches),
        "batches rejected": int((batches["status"] == "rejected").sum()),
        "rows quarantined": int(batches["quarantined_rows"].sum()),
        "newest faulty batches": _plain_records(shown[columns].to_dict("records")),
    }


def state_page(state: pd.DataFrame) -> Page:
    """Return rows and the latest business date of each feed."""
    columns = ["feed", "batch_count", "row_count", "latest_business_date", "row_digest"]
    return {
        "rows known": int(state["row_count"].sum()),
        "feeds without rows": int((state["row_count"] == 0).sum()),
        "feeds": _plain_records(state[columns].to_dict("records")),
    }


def _plain_records(records: Sequence[Mapping[Any, object]]) -> list[Record]:
    return [{str(name): _plain(value) for name, value in record.items()} for record in records]


def _plain(value: object) -> Plain:
    if isinstance(value, str | bool | int | float):
        return value
    if value is None or value is pd.NaT:
        return ""
    return str(value.date()) if isinstance(value, dt.datetime) else str(value)
