"""What changed since the last plan: orders, stock, targets, champions, the policy, key figures.

Not here: why an order was made (``explain``), or what key figures mean (``monitoring.kpis``).
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from assets.kernel.frames.decisions import DOCUMENTS, PLAN_SUMMARY, TARGETS
from assets.kernel.frames.forecasts import CHAMPIONS
from assets.kernel.frames.marts import FCT_INVENTORY_POSITION
from assets.monitoring.report.day import Day, Row, amounts
from assets.monitoring.report.key_figures import key_figures

_ROUTE = ["kind", "origin_id", "destination_id"]
_MOVED = 5
_SITES = 12


def changes(now: Day, before: Day | None, states: Mapping[str, int] | None) -> Row:
    """Return what is different from the last plan.

    Parameters
    ----------
    now, before : Day
        The plan date, and the last one before it that was planned.
    states : mapping, optional
        Orders of the date by state, as the ledger has them now; as they were planned if not given.

    Returns
    -------
    dict
        ``since``, ``orders`` (by kind), ``routes``, ``states``, ``stock``, ``sites``, ``targets``,
        ``champions``, ``policy`` and ``key_figures``.
    """
    documents = _documents(now)
    planned = documents["status"].value_counts().sort_index()
    earlier = _documents(before) if before else documents.iloc[:0]
    return {
        "since": before.plan_date.isoformat() if before else None,
        "orders": _by_kind(documents, earlier),
        "routes": {
            **_routes(documents, earlier),
            "revised": int((documents["revision"].astype(int) > 1).sum()),
        },
        "states": dict(sorted(states.items())) if states else {str(k): int(v) for k, v in planned.items()},
        "stock": _stock(now, before),
        "sites": _sites(now, before),
        "targets": _targets(now, before) if before else [],
        "champions": _champions(now, before) if before else [],
        "policy": {"now": _policy(now), "before": _policy(before) if before else ""},
        "key_figures": key_figures(now),
    }


def _documents(day: Day) -> pd.DataFrame:
    told = ["status", "revision", "line_count", "quantity_units", "value_amount", "gain_amount"]
    return day.part(DOCUMENTS, [*_ROUTE, *told])


def _by_kind(now: pd.DataFrame, before: pd.DataFrame) -> list[Row]:
    rows: list[Row] = []
    for kind in sorted({*now["kind"], *before["kind"]}):
        mine, theirs = now[now["kind"] == kind], before[before["kind"] == kind]
        rows.append(
            {
                "kind": kind,
                "documents": len(mine),
                "documents_before": len(theirs),
                "lines": int(mine["line_count"].sum()),
                "units": int(mine["quantity_units"].sum()),
                "value_amount": amounts(mine, "value_amount"),
                "value_before_amount": amounts(theirs, "value_amount"),
                "gain_amount": amounts(mine, "gain_amount"),
            }
        )
    return rows


def _routes(now: pd.DataFrame, before: pd.DataFrame) -> Row:
    """Return how many pairs of sender and receiver order now and did not, the other way round, and both times."""
    mine, theirs = (set(table[_ROUTE].itertuples(index=False, name=None)) for table in (now, before))
    return {"new": len(mine - theirs), "gone": len(theirs - mine), "both": len(mine & theirs)}


def _stock(now: Day, before: Day | None) -> list[Row]:
    mine, theirs = _totals(now), _totals(before) if before else {}
    return [{"what": what, "now": value, "before": theirs.get(what)} for what, value in mine.items()]


def _totals(day: Day) -> dict[str, float]:
    position = day.part(FCT_INVENTORY_POSITION, ["stock_amount", "in_transit_units", "on_order_units"])
    targets = day.part(TARGETS, ["target_amount", "expected_stock_amount"])
    if position.empty:
        return {}
    return {
        "stock at standard cost": amounts(position, "stock_amount"),
        "targets at standard cost": amounts(targets, "target_amount"),
        "units in transit": amounts(position, "in_transit_units"),
        "units on order": amounts(position, "on_order_units"),
    }


def _sites(now: Day, before: Day | None) -> list[Row]:
    """Return stock and targets of the sites that are to hold most."""
    stock = _of_sites(now, FCT_INVENTORY_POSITION.name)
    earlier = _of_sites(before, FCT_INVENTORY_POSITION.name) if before else pd.Series(dtype=float)
    targets = _of_sites(now, TARGETS.name)
    largest = sorted(stock.index, key=lambda site: (-max(stock[site], targets.get(site, 0.0)), site))[:_SITES]
    return [
        {
            "site_id": str(site),
            "stock_amount": round(float(stock[site]), 4),
            "stock_before_amount": round(float(earlier[site]), 4) if site in earlier.index else None,
            "target_amount": round(float(targets.get(site, 0.0)), 4),
        }
        for site in largest
    ]


def _of_sites(day: Day, table: str) -> pd.Series[float]:
    frame, column = {
        TARGETS.name: (TARGETS, "target_amount"),
        FCT_INVENTORY_POSITION.name: (FCT_INVENTORY_POSITION, "stock_amount"),
    }[table]
    found = day.part(frame, ["site_id", column])
    sums: pd.Series[float] = found.assign(**{column: found[column].astype(float)}).groupby("site_id")[column].sum()
    return sums


def _targets(now: Day, before: Day) -> list[Row]:
    """Return the base stocks that moved most money."""
    columns = ["item_id", "site_id", "base_stock_units", "target_amount"]
    both = now.part(TARGETS, columns).merge(
        before.part(TARGETS, columns), on=["item_id", "site_id"], suffixes=("", "_before")
    )
    moved = both["target_amount"].astype(float) - both["target_amount_before"].astype(float)
    both = both.assign(change_amount=moved, _size=-moved.abs())
    most = both[moved != 0].sort_values(["_size", "item_id", "site_id"], kind="stable").head(_MOVED)
    return [
        {
            "item_id": row["item_id"],
            "site_id": row["site_id"],
            "base_stock_before_units": int(row["base_stock_units_before"]),
            "base_stock_units": int(row["base_stock_units"]),
            "change_amount": round(float(row["change_amount"]), 4),
        }
        for row in most.to_dict("records")
    ]


def _champions(now: Day, before: Day) -> list[Row]:
    mine = now.part(CHAMPIONS, ["demand_segment", "champion", "champion_reason"])
    theirs = before.part(CHAMPIONS, ["demand_segment", "champion"])
    both = mine.merge(theirs, on="demand_segment", how="left", suffixes=("", "_before"))
    changed = both[both["champion"] != both["champion_before"]].sort_values("demand_segment")
    return [
        {
            "segment": row["demand_segment"],
            "before": row["champion_before"] if isinstance(row["champion_before"], str) else "",
            "now": row["champion"],
            "reason": row["champion_reason"],
        }
        for row in changed.to_dict("records")
    ]


def _policy(day: Day) -> str:
    found = day.part(PLAN_SUMMARY, ["policy", "policy_release"])
    mine = found.loc[found["policy"] == "joint_plan", "policy_release"]
    return str(mine.iloc[0]) if len(mine) else ""
