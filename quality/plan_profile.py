"""Measures of a plan: what no plan may break, whoever made it.

Computed from the lines, independently of the planner; what a plan intends for later is judged by
the limits that it publishes. Not here: bounds (``suites/``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from assets.kernel.frames.quality import PROFILES
from assets.kernel.network import lane_cycles
from quality.verdicts import held

FEED = "plan_lines"
_KEY = ["item_id", "site_id"]
_TRANSFER = "transfer"
_ROUNDING = 1e-9
"""Share by which sums in another order may differ."""


@dataclass(frozen=True)
class SharedUse:
    """What a plan's items share: frames ``DIM_LANE``, ``DIM_ITEM``, ``SHARED_LIMITS`` and ``PLAN_SUMMARY``."""

    lanes: pd.DataFrame
    items: pd.DataFrame
    limits: pd.DataFrame
    summary: pd.DataFrame


def profile_plan(
    lines: pd.DataFrame,
    position: pd.DataFrame,
    sourcing: pd.DataFrame,
    verdicts: Sequence[pd.DataFrame],
    plan_date: dt.date,
    shared: SharedUse | None = None,
) -> pd.DataFrame:
    """Measure a plan against stock, verdicts, the suppliers' terms and what items share.

    Parameters
    ----------
    lines, position, sourcing : DataFrame
        Conform to ``PLAN_LINES``, ``FCT_INVENTORY_POSITION`` and ``DIM_SOURCING``.
    verdicts : sequence of DataFrame
        Those that the plan had to obey, by gate.
    plan_date : date
        Plan.
    shared : SharedUse, optional
        What items share; not judged if not given.

    Returns
    -------
    DataFrame
        Conforms to ``PROFILES``; items only where something is broken.
    """
    measured = [
        overdrawn(lines, position),
        moved_although_held(lines, verdicts),
        cycles(lines),
        quantities(lines),
        terms(lines, sourcing),
        dates(lines, plan_date),
        *([] if shared is None else [overloads(lines, shared), broken_limits(shared), fallback(shared)]),
    ]
    parts = [pd.DataFrame({"item_id": [""], "site_id": [""], "measure": ["rows"], "value": [float(len(lines))]})]
    for table in measured:
        long = table.melt(_KEY, var_name="measure", value_name="value")
        parts.append(long.loc[long["value"] > 0])
    whole = pd.concat([part.astype({"value": "float64"}) for part in parts], ignore_index=True)
    return PROFILES.conform(whole.assign(feed=FEED, plan_date=pd.Timestamp(plan_date)))


def overdrawn(lines: pd.DataFrame, position: pd.DataFrame) -> pd.DataFrame:
    """Return units sent beyond what is available: sum over lines out of a site <= available."""
    sent = _sum(lines.loc[lines["kind"] == _TRANSFER], "origin_id", "quantity_units")
    both = sent.merge(position[[*_KEY, "available_units"]], on=_KEY, how="left")
    over = both["quantity_units"] - both["available_units"].fillna(0)
    return both[_KEY].assign(overdrawn_units=over)


def moved_although_held(lines: pd.DataFrame, verdicts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Return units that touch a held item and site: none in or out under hold, none out under hold_outbound."""
    inbound = _sum(lines, "destination_id", "quantity_units")
    outbound = _sum(lines.loc[lines["kind"] == _TRANSFER], "origin_id", "quantity_units")
    both = inbound.merge(outbound, on=_KEY, how="outer", suffixes=("_in", "_out")).fillna(0)
    asked = held(pd.concat(list(verdicts), ignore_index=True), both)
    units = both["quantity_units_in"] * asked["hold"] + both["quantity_units_out"] * asked["hold_outbound"]
    return both[_KEY].assign(held_units=units)


def cycles(lines: pd.DataFrame) -> pd.DataFrame:
    """Return the sites that one item is shipped around in a circle."""
    moves = lines.loc[lines["kind"] == _TRANSFER, ["item_id", "origin_id", "destination_id"]]
    both_ways = set(zip(moves["item_id"], moves["origin_id"], strict=True)) & set(
        zip(moves["item_id"], moves["destination_id"], strict=True)
    )
    suspects = moves.loc[moves["item_id"].isin({item for item, _ in both_ways})]
    found = [
        {"item_id": item, "site_id": site, "cycle_sites": float(len(group))}
        for item, arcs in suspects.groupby("item_id")
        for group in lane_cycles(zip(arcs["origin_id"], arcs["destination_id"], strict=True))
        for site in group
    ]
    own = moves.loc[moves["origin_id"] == moves["destination_id"]].drop_duplicates()
    itself = pd.DataFrame({"item_id": own["item_id"], "site_id": own["origin_id"], "cycle_sites": 1.0})
    return pd.concat(
        [pd.DataFrame(found, columns=[*_KEY, "cycle_sites"]).astype({"cycle_sites": "float64"}), itself],
        ignore_index=True,
    ).drop_duplicates(_KEY)


def overloads(lines: pd.DataFrame, shared: SharedUse) -> pd.DataFrame:
    """Return kilograms beyond what departures to a site carry: sum over the lines of a lane and mode <= capacity."""
    lane = ["origin_id", "destination_id", "mode"]
    loaded = lines.merge(shared.items[["item_id", "weight_kg_per_unit"]], on="item_id")
    loaded = loaded.assign(kg=loaded["quantity_units"] * loaded["weight_kg_per_unit"])
    use = loaded.groupby([*lane, "departure_date"], as_index=False)["kg"].sum()
    both = use.merge(shared.lanes[[*lane, "capacity_kg"]], on=lane)
    over = both["kg"] - both["capacity_kg"] * (1 + _ROUNDING)
    worst = over.clip(lower=0).fillna(0.0).groupby(both["destination_id"]).sum()
    return pd.DataFrame({"item_id": "", "site_id": worst.index.to_numpy(object), "overloaded_kg": worst.to_numpy()})


def broken_limits(shared: SharedUse) -> pd.DataFrame:
    """Return how many shared limits the plan breaks, now or later: used <= capacity - fixed, and never below 0.

    Of a document: it is empty, or used >= capacity - fixed.
    """
    room, used = (shared.limits["capacity"] - shared.limits["fixed"]).clip(lower=0), shared.limits["used"]
    slack = _ROUNDING * room.clip(lower=1)
    document = shared.limits["kind"] == "document"
    broken = (used > room + slack).where(~document, (used > 0) & (used < room - slack))
    return pd.DataFrame({"item_id": [""], "site_id": [""], "broken_limits": [float(broken.sum())]})


def fallback(shared: SharedUse) -> pd.DataFrame:
    """Return 1 where the market's award failed its verification, so that nothing starts."""
    failed = (shared.summary["settled_by"] == "fallback").any()
    return pd.DataFrame({"item_id": [""], "site_id": [""], "market_fallback": [float(failed)]})


def quantities(lines: pd.DataFrame) -> pd.DataFrame:
    """Return lines whose quantity is not above zero."""
    return _count(lines, lines["quantity_units"] <= 0, "nonpositive_lines")


def terms(lines: pd.DataFrame, sourcing: pd.DataFrame) -> pd.DataFrame:
    """Return purchase lines off the order multiple, below the minimum, or without a source."""
    bought = lines.loc[lines["kind"] != _TRANSFER]
    columns = ["item_id", "supplier_id", "site_id", "order_multiple_units", "minimum_order_units"]
    known = sourcing[columns].rename(columns={"supplier_id": "origin_id", "site_id": "destination_id"})
    both = bought.merge(known, on=["item_id", "origin_id", "destination_id"], how="left")
    unsourced = both["order_multiple_units"].isna()
    off = both["quantity_units"] % both["order_multiple_units"].fillna(1).clip(lower=1) != 0
    small = both["quantity_units"] < both["minimum_order_units"].fillna(0)
    # An expedite may come from a site; only suppliers have terms.
    purchase = both["kind"] == "purchase"
    broken = _count(both, (off | small) & ~unsourced, "broken_multiples")
    return broken.merge(_count(both, unsourced & purchase, "unsourced_lines"), on=_KEY, how="outer").fillna(0)


def dates(lines: pd.DataFrame, plan_date: dt.date) -> pd.DataFrame:
    """Return lines that leave before the plan date or arrive before they leave."""
    early = lines["departure_date"] < pd.Timestamp(plan_date)
    return _count(lines, early | (lines["arrival_date"] < lines["departure_date"]), "impossible_dates")


def _sum(lines: pd.DataFrame, site: str, column: str) -> pd.DataFrame:
    named = lines[["item_id", site, column]].rename(columns={site: "site_id"})
    return named.groupby(_KEY, as_index=False)[[column]].sum()


def _count(lines: pd.DataFrame, broken: pd.Series[bool], name: str) -> pd.DataFrame:
    named = lines.loc[broken, ["item_id", "destination_id"]].rename(columns={"destination_id": "site_id"})
    return named.assign(**{name: 1}).groupby(_KEY, as_index=False)[[name]].sum()
