"""Documents that hand reorder points and minimum / maximum levels to an ERP: one per site, a line an item.

They have no origin, move nothing and are worth nothing; else they go the way of every document. Not here: which
levels are told (``wanted_levels``), or documents that move something (``documents``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pandas as pd

from assets.orders.documents import content_digest, order_id
from assets.orders.events import PARAMETERS, Document, Levels, OrderBook, OrderLine
from assets.orders.evidence import Evidence
from assets.orders.plan_gate import let_out
from assets.orders.wanted_levels import KEY, LevelTables

NO_ORIGIN = ""
_SHARE = Decimal("0.0001")


def levels_let_out(tables: LevelTables | None, verdicts: pd.DataFrame) -> pd.DataFrame:
    """Return the levels that have to be told; what a verdict of the plan's gate holds keeps what was sent today.

    Raises
    ------
    EquipoiseError
        If a verdict stops the plan.
    """
    if tables is None:
        return pd.DataFrame(columns=KEY)
    told = tables.told()
    ends = told.assign(origin_id=NO_ORIGIN, destination_id=told["site_id"])
    stopped = told.drop(index=let_out(ends, verdicts).index)
    return tables.told(set(stopped[KEY].itertuples(index=False, name=None))) if len(stopped) else told


def with_levels(book: OrderBook, told: pd.DataFrame, evidence: Evidence) -> OrderBook:
    """Return a book with a document for each site whose levels have to be told.

    Parameters
    ----------
    told : DataFrame
        Of ``wanted_levels.to_be_told``.
    evidence : Evidence
        What the plan was made from.
    """
    if told.empty:
        return book
    names = {site: order_id(book.network, book.plan_date, PARAMETERS, NO_ORIGIN, site, book.channel)
             for site in sorted(set(told["site_id"]))}  # fmt: skip
    told = told.assign(order_id=told["site_id"].map(names))
    made_by = evidence.behind(told, book.run_id)
    documents = []
    for site, name in names.items():
        lines = _lines(told.loc[told["site_id"] == site], book.plan_date)
        documents.append(
            Document(
                name, book.network, book.plan_date, book.channel, PARAMETERS, NO_ORIGIN, site, _reason(lines),
                content_digest(lines), lines, made_by[name],
            )
        )  # fmt: skip
    return replace(book, content=tuple(sorted([*book.content, *documents], key=lambda one: one.order_id)))


def _lines(rows: pd.DataFrame, plan_date: dt.date) -> tuple[OrderLine, ...]:
    nothing = Decimal(0)
    return tuple(
        OrderLine(
            number, row["item_id"], row["receipt_kind"], 0, plan_date, plan_date, nothing, nothing, nothing,
            row["reason"], "", _levels(row),
        )
        for number, row in enumerate(rows.sort_values("item_id", kind="stable").to_dict("records"), 1)
    )  # fmt: skip


def _levels(row: dict[Any, Any]) -> Levels:
    return Levels(
        int(row["reorder_point_units"]), int(row["minimum_units"]), int(row["maximum_units"]), row["source_id"],
        row["service_measure"], Decimal(str(row["promised_service"])).quantize(_SHARE), bool(row["is_withdrawn"]),
        _given(row["former_reorder_point_units"]), _given(row["former_maximum_units"]), row["former_source_id"],
        row["former_mode"], _given(row["approved_reorder_point_units"]), _given(row["approved_maximum_units"]),
    )  # fmt: skip


def _given(units: Any) -> int | None:
    return None if pd.isna(units) else int(units)


def _reason(lines: Iterable[OrderLine]) -> str:
    told = [line.levels for line in lines if line.levels]
    withdrawn = sum(levels.is_withdrawn for levels in told)
    new = sum(levels.former_maximum_units is None and not levels.is_withdrawn for levels in told)
    parts = {"new": new, "changed": len(told) - new - withdrawn, "withdrawn": withdrawn}
    of = f"levels of {len(told)} {'item' if len(told) == 1 else 'items'}"
    return f"{of}: {', '.join(f'{count} {what}' for what, count in parts.items() if count)}"
