"""A small plan and everything published behind it, for the tests of orders."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

import pandas as pd

from assets.kernel.frames import Frame, Kind
from assets.kernel.frames.decisions import DECISIONS, PLAN_LINES, PLAN_SUMMARY, TARGETS
from assets.kernel.frames.feeds import FEED_BATCHES
from assets.kernel.frames.forecasts import DEMAND_FORECAST
from assets.kernel.frames.marts import FCT_DEMAND, FCT_INVENTORY_POSITION, FEAT_ITEM_SITE
from assets.kernel.frames.quality import VERDICTS
from assets.kernel.published import Published
from assets.orders.decide import decide
from assets.orders.documents import compose
from assets.orders.events import Channel, OrderBook, Propose
from assets.orders.evidence import Evidence
from assets.orders.store import Append, MemoryOrderStore

PLAN_DATE = dt.date(2026, 1, 5)
CUTOFF = dt.datetime(2026, 1, 5, 4, tzinfo=dt.UTC)
DEFAULT_LINES = (
    ("transfer", "I1", "DC1", "S1", 10),
    ("transfer", "I2", "DC1", "S1", 4),
    ("transfer", "I1", "DC1", "S2", 7),
    ("purchase", "I1", "SUP", "DC1", 100),
)
_BLANK: dict[Kind, Any] = {
    Kind.TEXT: "", Kind.INTEGER: 1, Kind.REAL: 0.5, Kind.MONEY: 1.0, Kind.FLAG: False,
    Kind.DATE: pd.Timestamp(PLAN_DATE), Kind.TIME: pd.Timestamp("2026-01-04 20:00"),
}  # fmt: skip


def rows_of(frame: Frame, rows: Sequence[dict[str, Any]]) -> pd.DataFrame:
    """Return rows of a frame; columns that a test does not care about get a plain value."""
    blank = {column.name: _BLANK[column.kind] for column in frame.columns}
    return frame.conform(pd.DataFrame([blank | row for row in rows])) if rows else frame.empty()


def plan_lines(lines: Sequence[tuple[str, str, str, str, int]] = DEFAULT_LINES) -> pd.DataFrame:
    return rows_of(
        PLAN_LINES,
        [
            {
                "kind": kind, "item_id": item, "origin_id": origin, "destination_id": destination,
                "mode": "supplier" if kind == "purchase" else "truck", "quantity_units": units,
                "line_amount": units * 2.5, "gain_amount": units * 0.3, "arrival_date": pd.Timestamp("2026-01-07"),
                "reason": f"{destination} runs short of {item}", "binding_constraints": "order_multiple",
            }
            for kind, item, origin, destination, units in lines
        ],
    )  # fmt: skip


def plan_summary(plan_digest: str = "a" * 32) -> pd.DataFrame:
    row = {"policy": "joint_plan", "plan_digest": plan_digest, "policy_release": "standard@0123456789ab"}
    return rows_of(PLAN_SUMMARY, [row, row | {"policy": "greedy_pairs", "plan_digest": "b"}])


def verdicts(*rows: dict[str, Any]) -> pd.DataFrame:
    return rows_of(VERDICTS, rows)


def evidence(plan_digest: str = "a" * 32) -> Evidence:
    facts = [("I1", "DC1"), ("I1", "S1"), ("I2", "S1")]
    return Evidence(
        plan_digest=plan_digest,
        policy_release="standard@0123456789ab",
        feature_version="features-1",
        batches=pd.DataFrame([(x[0], f"batch-{x[1]}") for x in facts], columns=["item_id", "batch_id"]),
        models=pd.DataFrame([(x[0], "model-1") for x in facts], columns=["item_id", "model_version"]),
        master_batches=("batch-items",),
    )


def order_book(
    lines: Sequence[tuple[str, str, str, str, int]] = DEFAULT_LINES,
    *,
    channel: Channel = Channel.LIVE,
    run_id: str = "run-1",
    plan_digest: str = "a" * 32,
) -> OrderBook:
    return compose(
        plan_lines(lines), network="sample", plan_date=PLAN_DATE, channel=channel,
        evidence=evidence(plan_digest), run_id=run_id,
    )  # fmt: skip


def ledger_of_proposals() -> MemoryOrderStore:
    """Return a ledger in which every document of the plan is a proposal."""
    made = MemoryOrderStore()
    for document in order_book().content:
        made.append([Append(document.order_id, 0, decide(None, Propose(document)))])
    return made


def publish_plan(published: Published, run_id: str = "run-1", *, plan_date: dt.date = PLAN_DATE) -> None:
    """Publish a plan with all that orders and their lineage read."""
    item_sites = [("I1", "DC1"), ("I1", "S1"), ("I1", "S2"), ("I2", "DC1"), ("I2", "S1"), ("I3", "S1")]
    keys = [{"item_id": item, "site_id": site, "plan_date": plan_date} for item, site in item_sites]
    tables = (
        (PLAN_LINES, plan_lines().assign(plan_date=pd.Timestamp(plan_date))),
        (PLAN_SUMMARY, plan_summary().assign(plan_date=pd.Timestamp(plan_date))),
        (DECISIONS, rows_of(DECISIONS, [key | {"decision": "wait", "reason": "enough stock"} for key in keys])),
        (TARGETS, rows_of(TARGETS, keys)),
        (DEMAND_FORECAST, rows_of(DEMAND_FORECAST, [key | {"model_version": "model-1"} for key in keys])),
        (FEAT_ITEM_SITE, rows_of(FEAT_ITEM_SITE, [key | {"feature_set_version": "features-1"} for key in keys])),
        (
            FCT_INVENTORY_POSITION,
            rows_of(
                FCT_INVENTORY_POSITION,
                [key | {"batch_ids": f"stock-{key['site_id']},transit-1"} for key in keys],
            ),
        ),
        (FCT_DEMAND, _demand(keys)),
        (FEED_BATCHES, _batches(plan_date)),
    )
    for frame, data in tables:
        published.write(frame, data, plan_date, run_id)


def _demand(keys: Sequence[dict[str, Any]]) -> pd.DataFrame:
    past = [
        {
            "item_id": key["item_id"], "site_id": key["site_id"], "bucket_start": day,
            "available_at": day + pd.Timedelta(hours=26), "batch_id": f"sales-{day:%m%d}",
        }
        for key in keys
        for day in pd.date_range("2025-12-20", "2026-01-06")
    ]  # fmt: skip
    return rows_of(FCT_DEMAND, past)


def _batches(plan_date: dt.date) -> pd.DataFrame:
    def batch(feed: str, batch_id: str, day: str = "2026-01-04") -> dict[str, Any]:
        return {
            "plan_date": plan_date, "feed": feed, "batch_id": batch_id, "business_date": pd.Timestamp(day),
            "content_hash": f"hash-{batch_id}", "status": "accepted",
        }  # fmt: skip

    days = pd.date_range("2025-12-20", "2026-01-04")
    return rows_of(
        FEED_BATCHES,
        [
            *(batch("demand_sales", f"sales-{day:%m%d}", str(day.date())) for day in days),
            *(batch("wms_inventory", f"stock-{site}") for site in ("DC1", "S1", "S2")),
            batch("tms_shipments", "transit-1"),
            batch("erp_items", "items-1", "2026-01-01"),
            batch("erp_items", "items-2", "2026-01-02"),
            batch("erp_items", "items-3", "2026-01-03") | {"status": "rejected", "reason": "truncated"},
            batch("tms_lanes", "lanes-1"),
        ],
    )
