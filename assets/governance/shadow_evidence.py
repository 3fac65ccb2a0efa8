"""What published shadow plans and canary parts say for a release: the evidence that its promotion asks for.

Read from the tables that every plan date leaves, so that it can be found again. Not here: making them (``shadow``,
``rebalancing.canary``), or who may promote (``stages``).
"""

from __future__ import annotations

from decimal import Decimal

import pandas as pd

from assets.governance.events import Evidence, EvidenceKind, Figure
from assets.governance.guard_metrics import ordered_by_erps
from assets.kernel.frames import Frame
from assets.kernel.frames.rollout import CANARY_ITEMS, SHADOW_LEVELS, SHADOW_PLANS
from assets.kernel.published import Published


def published_evidence(published: Published, version: str) -> tuple[Evidence, ...]:
    """Return what plan dates until now say of a release as shadow and as canary; nothing where it was neither."""
    return (*shadow_evidence(published, version), *canary_evidence(published, version))


def shadow_evidence(published: Published, version: str) -> tuple[Evidence, ...]:
    """Return the evidence of a release as shadow: its decisions beside the active plan's on the same snapshots."""
    table = _of_release(published, SHADOW_PLANS, version)
    if table.empty:
        return ()
    figures = (
        *_costs(table),
        Figure("documents that differ", Decimal(int(table["differing_documents"].sum()))),
        Figure("documents of the active plans", Decimal(int(table["active_documents"].sum()))),
        *_levels(published, version, table["plan_date"].max()),
    )
    return (Evidence(EvidenceKind.SHADOW, _source(SHADOW_PLANS, table), figures),)


def canary_evidence(published: Published, version: str) -> tuple[Evidence, ...]:
    """Return the evidence of a release as canary: what its decisions cost beside what the active one would have."""
    table = _of_release(published, CANARY_ITEMS, version)
    if table.empty:
        return ()
    items = Figure("items", Decimal(int(table["item_id"].nunique())))
    theirs = ordered_by_erps(published, version, table["plan_date"].max().date())
    erps = (
        (Figure("ordered by ERPs on the last plan date, not counted", Decimal(theirs), "item-sites"),) if theirs else ()
    )
    return (Evidence(EvidenceKind.CANARY, _source(CANARY_ITEMS, table), (*_costs(table), items, *erps)),)


def _levels(published: Published, version: str, on: pd.Timestamp) -> tuple[Figure, ...]:
    """Return what levels of the release differ by on its last plan date, and what of them is not priced."""
    table = _of_release(published, SHADOW_LEVELS, version)
    last = table.loc[table["plan_date"] == on]
    if last.empty:
        return ()
    only = int(last["shadow_only_item_sites"].sum() + last["active_only_item_sites"].sum())
    return (
        Figure("levels that differ", Decimal(int(last["differing_item_sites"].sum())), "item-sites"),
        Figure("stock that levels allow over the active ones", _money(last["allowed_stock_amount"]), "currency"),
        Figure(
            "holding of average stock over the active one", _money(last["holding_per_day_amount"]), "currency a day"
        ),
        Figure("left to an ERP by one release only, not priced", Decimal(only), "item-sites"),
    )


def _costs(table: pd.DataFrame) -> tuple[Figure, ...]:
    priced = table.dropna(subset=["decided_amount", "active_decided_amount"])
    ours, theirs = (_money(priced[name]) for name in ("decided_amount", "active_decided_amount"))
    figures = [
        Figure("plan dates", Decimal(int(table["plan_date"].nunique())), "days"),
        Figure("cost of its decisions at active prices", ours, "currency"),
        Figure("cost of the active decisions", theirs, "currency"),
    ]
    if theirs > 0:
        figures.append(Figure("cost against the active", (ours / theirs).quantize(Decimal("0.0001")), "times"))
    return tuple(figures)


def _money(amounts: pd.Series[float]) -> Decimal:
    return sum((Decimal(f"{amount:.2f}") for amount in amounts), Decimal(0))


def _of_release(published: Published, frame: Frame, version: str) -> pd.DataFrame:
    tables = [published.read(frame, date) for date in published.plan_dates(frame.name)]
    found = [table.loc[table["policy_release"] == version] for table in tables]
    return pd.concat([table for table in found if len(table)] or [frame.empty()], ignore_index=True)


def _source(frame: Frame, table: pd.DataFrame) -> str:
    first, last = (day.date() for day in (table["plan_date"].min(), table["plan_date"].max()))
    return f"table {frame.name}, plan dates {first} to {last}"
