"""Rows of our own orders: what a plan wanted beside what became of it. Not here: reading, or any figure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping

import pandas as pd

from assets.orders.events import Channel
from assets.orders.handling import Handling
from assets.orders.order import IN_OUTBOX, UNDER_WAY, OrderStatus

SENT = IN_OUTBOX | UNDER_WAY | {OrderStatus.CLOSED, OrderStatus.COMPENSATED}
"""The other side was asked for it, and has not refused."""
EXPEDITE = "expedite"
_TRACED = ("plan_digest", "policy_release", "model_version", "feature_version", "batch_ids")
DOCUMENT_COLUMNS = (
    "order_id", "plan_date", "channel", "kind", "destination_id", "value_amount", *_TRACED,
)  # fmt: skip
"""What is read of ``DOCUMENTS``."""
COLUMNS = (
    "day", "site_id", "policy_release", "planned_count", "value_amount", "due_amount", "adhered_amount",
    "expedite_amount", "expedite_freight_amount", "handled_count", "approved_count", "decision_days", "traced_count",
)  # fmt: skip


def order_facts(
    documents: pd.DataFrame,
    freight: pd.DataFrame,
    handlings: Iterable[Handling],
    batches: Mapping[pd.Timestamp, frozenset[str]],
    plan_date: dt.date,
) -> pd.DataFrame:
    """Return one row per live document that plans wanted, at the day before its plan date.

    Parameters
    ----------
    documents : DataFrame
        ``DOCUMENT_COLUMNS`` of the latest plan of each plan date.
    freight : DataFrame
        ``order_id`` and ``transport_amount`` of their lines; documents without any cost no freight.
    handlings : iterable of Handling
        What became of them; a document that the ledger does not know is as planned and not handled.
    batches : mapping
        Plan date to the batches that it could know.
    plan_date : date
        Documents of earlier plan dates are due.
    """
    planned = documents.loc[documents["channel"] == Channel.LIVE.value].reset_index(drop=True)
    if planned.empty:
        return pd.DataFrame({name: pd.Series(dtype="float64") for name in COLUMNS}).astype(
            {"day": "datetime64[us]", "site_id": "object", "policy_release": "object"}
        )
    became = planned[["order_id"]].merge(_became(handlings), on="order_id", how="left")
    known = became["is_sent"].notna()
    value, is_expedite = planned["value_amount"], planned["kind"] == EXPEDITE
    is_due = planned["plan_date"] < pd.Timestamp(plan_date)
    sums = freight.groupby("order_id", sort=True)["transport_amount"].sum()
    decided = became["approved_on"].notna() & known
    return pd.DataFrame(
        {
            "day": planned["plan_date"] - pd.Timedelta(days=1),
            "site_id": planned["destination_id"],
            "policy_release": planned["policy_release"],
            "planned_count": 1,
            "value_amount": value,
            "due_amount": value.where(is_due, 0.0),
            "adhered_amount": value.where(is_due & became["is_sent"].eq(other=True), 0.0),
            "expedite_amount": value.where(is_expedite, 0.0),
            "expedite_freight_amount": planned["order_id"].map(sums).fillna(0.0).where(is_expedite, 0.0),
            "handled_count": became["by_people"].eq(other=True).astype("int64"),
            "approved_count": decided.astype("int64"),
            "decision_days": (became["approved_on"] - planned["plan_date"]).dt.days.where(decided, 0),
            "traced_count": _traced(planned, batches).astype("int64"),
        }
    )[list(COLUMNS)]


def _became(handlings: Iterable[Handling]) -> pd.DataFrame:
    rows = [
        (handled.order_id, handled.status in SENT and not handled.overridden, handled.by_people, handled.approved_on)
        for handled in handlings
    ]
    found = pd.DataFrame(rows, columns=["order_id", "is_sent", "by_people", "approved_on"])
    return found.assign(approved_on=pd.to_datetime(found["approved_on"]).astype("datetime64[us]"))


def _traced(planned: pd.DataFrame, batches: Mapping[pd.Timestamp, frozenset[str]]) -> pd.Series[bool]:
    """Return which documents name everything they were made from, and no batch that is unknown."""
    named = (planned[list(_TRACED)] != "").all(axis=1)
    known = [
        set(str(some).split(",")) <= batches.get(pd.Timestamp(day), frozenset())
        for day, some in zip(planned["plan_date"], planned["batch_ids"], strict=True)
    ]
    return named & pd.Series(known, index=planned.index)
