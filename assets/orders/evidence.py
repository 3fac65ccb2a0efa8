"""What stands behind a plan: batches, model versions, feature set, policy release, digest.

Reads published tables, only the columns it needs, and says for each document which feed
batches and models stand behind its items. An item is planned jointly over all its sites, so a
line rests on the item's stock and demand at every one of them. Not here: the tree that people
read (``lineage``).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from assets.kernel.errors import EquipoiseError
from assets.kernel.frames import Frame
from assets.kernel.frames.decisions import PLAN_SUMMARY
from assets.kernel.frames.feeds import FEED_BATCHES
from assets.kernel.frames.forecasts import DEMAND_FORECAST
from assets.kernel.frames.marts import FCT_DEMAND, FCT_INVENTORY_POSITION, FEAT_ITEM_SITE
from assets.kernel.published import Published
from assets.orders.events import Provenance

MASTER_FEEDS = ("erp_items", "erp_sites", "erp_sourcing", "erp_item_site_settings", "tms_lanes")
"""Feeds that every document rests on; the latest accepted batch of each stands behind it."""

_ITEM = ["item_id"]


@dataclass(frozen=True)
class Evidence:
    """What a plan was made from.

    Attributes
    ----------
    batches : DataFrame
        item_id, batch_id; unique rows.
    models : DataFrame
        item_id, model_version; unique rows.
    master_batches : tuple of str
        Batches behind every document.
    canary_release : str
        Release that decided for ``canary_items`` beside ``policy_release``; empty where none did.
    canary_items : frozenset of str
        Items that it decided for.
    """

    plan_digest: str
    policy_release: str
    feature_version: str
    batches: pd.DataFrame
    models: pd.DataFrame
    master_batches: tuple[str, ...] = ()
    canary_release: str = ""
    canary_items: frozenset[str] = frozenset()

    def behind(self, lines: pd.DataFrame, run_id: str) -> dict[str, Provenance]:
        """Return the provenance of each document.

        Parameters
        ----------
        lines : DataFrame
            order_id, item_id.
        run_id : str
            Run that makes the documents.
        """
        items = lines[["order_id", *_ITEM]].drop_duplicates()
        batches = _per_document(items, self.batches, "batch_id")
        models = _per_document(items, self.models, "model_version")
        canary = items.loc[items["item_id"].isin(self.canary_items)].groupby("order_id")["item_id"]
        decided = {str(order_id): tuple(sorted(found)) for order_id, found in canary}
        return {
            order_id: Provenance(
                plan_digest=self.plan_digest,
                policy_release=self.policy_release,
                model_version=",".join(models.get(order_id, ())),
                feature_version=self.feature_version,
                batch_ids=tuple(sorted({*batches.get(order_id, ()), *self.master_batches})),
                run_id=run_id,
                canary_release=self.canary_release if order_id in decided else "",
                canary_items=decided.get(order_id, ()),
            )
            for order_id in sorted(set(lines["order_id"]))
        }


def gather(
    published: Published,
    plan_date: dt.date,
    *,
    plan_summary: pd.DataFrame,
    touched: pd.DataFrame,
    cutoff: dt.datetime,
    run_id: str = "",
) -> Evidence:
    """Return what stands behind a plan.

    Parameters
    ----------
    plan_summary : DataFrame
        Frame ``plan_summary``; its row of the joint plan carries digest and policy release.
    touched : DataFrame
        item_id of interest; everything else is left unread.
    cutoff : datetime
        UTC; later demand rows and the plan date's own buckets are not evidence.
    run_id : str
        Run whose tables it rests on, where they still exist; the latest if empty.

    Raises
    ------
    EquipoiseError
        If a table was not published for the date, or the summary is empty.
    """
    summary = joint_plan(PLAN_SUMMARY.conform(plan_summary), plan_date)
    features = read_columns(published, FEAT_ITEM_SITE, plan_date, ["feature_set_version"], run_id)
    models = _touched(read_columns(published, DEMAND_FORECAST, plan_date, [*_ITEM, "model_version"], run_id), touched)
    batches = published.of_run(FEED_BATCHES, plan_date, run_id) if run_id else None
    return Evidence(
        plan_digest=str(summary["plan_digest"]),
        policy_release=str(summary["policy_release"]),
        feature_version=",".join(sorted(pc.unique(features.column(0)).to_pylist())),
        batches=batches_by_item(published, plan_date, touched, cutoff, run_id),
        models=models.group_by([*_ITEM, "model_version"]).aggregate([]).to_pandas(),
        master_batches=latest_master_batches(published.read(FEED_BATCHES, plan_date) if batches is None else batches),
    )


def joint_plan(summary: pd.DataFrame, plan_date: dt.date) -> pd.Series[Any]:
    """Return the summary row of the plan that goes out."""
    if summary.empty:
        raise EquipoiseError(
            "the plan has no summary",
            where=f"table {PLAN_SUMMARY.name} of {plan_date}",
            remedy=f"Run `equipoise plan --date {plan_date}`",
        )
    joint = summary[summary["policy"] == "joint_plan"]
    return (summary if joint.empty else joint).iloc[0]


def touched_items(plan_lines: pd.DataFrame) -> pd.DataFrame:
    """Return the items of lines: item_id, unique and sorted."""
    return plan_lines[_ITEM].drop_duplicates().sort_values(_ITEM, ignore_index=True)


def batches_by_item(
    published: Published, plan_date: dt.date, touched: pd.DataFrame, cutoff: dt.datetime, run_id: str = ""
) -> pd.DataFrame:
    """Return the batches behind stock and demand of items: item_id, batch_id, unique."""
    position = _touched(
        read_columns(published, FCT_INVENTORY_POSITION, plan_date, [*_ITEM, "batch_ids"], run_id), touched
    ).to_pandas()
    position["batch_id"] = position["batch_ids"].str.split(",")
    stock = position.explode("batch_id")[[*_ITEM, "batch_id"]]
    columns = [*_ITEM, "bucket_start", "available_at", "batch_id"]
    demand = _touched(read_columns(published, FCT_DEMAND, plan_date, columns, run_id), touched)
    known = pc.and_(
        pc.less_equal(demand["available_at"], pa.scalar(cutoff.replace(tzinfo=None), pa.timestamp("us"))),
        pc.less(demand["bucket_start"], pa.scalar(plan_date, pa.date32())),
    )
    sold = demand.filter(known).group_by([*_ITEM, "batch_id"]).aggregate([]).to_pandas()
    both: pd.DataFrame = pd.concat([stock, sold[stock.columns]])
    both["batch_id"] = both["batch_id"].str.strip()
    return both[both["batch_id"].fillna("") != ""].drop_duplicates(ignore_index=True)


def latest_master_batches(feed_batches: pd.DataFrame) -> tuple[str, ...]:
    """Return the latest accepted batch of each master-data feed, sorted."""
    accepted = feed_batches[
        (feed_batches["status"] == "accepted") & feed_batches["feed"].isin(MASTER_FEEDS)
    ].sort_values(["feed", "business_date", "available_at", "batch_id"])
    return tuple(sorted(accepted.groupby("feed")["batch_id"].last()))


def read_columns(
    published: Published, frame: Frame, plan_date: dt.date, columns: list[str], run_id: str = ""
) -> pa.Table:
    """Return some columns of a published table: of a run where it still exists, else of the latest version.

    Demand is a million rows and only its batches are wanted; the README has the measurement.

    Raises
    ------
    EquipoiseError
        If nothing was published for the date.
    """
    import pyarrow.parquet as pq

    publication = published.latest(frame.name, plan_date)
    if publication is None:
        raise EquipoiseError(
            f"nothing is published for {plan_date}",
            where=f"table {frame.name}",
            remedy=f"Run `equipoise plan --date {plan_date}`",
        )
    of_run = published.root / frame.name / plan_date.isoformat() / f"{run_id}.parquet"
    path = of_run if run_id and of_run.exists() else published.root / publication.path
    return pq.read_table(path, columns=columns)


def _touched(table: pa.Table, touched: pd.DataFrame) -> pa.Table:
    keys = pa.Table.from_pandas(touched[_ITEM].drop_duplicates(), preserve_index=False)
    if not len(keys):
        return table.slice(0, 0)
    # One dictionary join on a text key; the order of rows is restored by whoever sorts.
    keys = keys.cast(pa.schema([(name, table.schema.field(name).type) for name in _ITEM]))
    return table.join(keys, keys=_ITEM, join_type="left semi", use_threads=False)


def _per_document(items: pd.DataFrame, facts: pd.DataFrame, column: str) -> dict[str, tuple[str, ...]]:
    pairs = items.merge(facts, on=_ITEM)[["order_id", column]].drop_duplicates()
    return {str(key): tuple(sorted(values)) for key, values in pairs.groupby("order_id")[column]}
