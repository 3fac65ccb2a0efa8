"""The snapshot a plan is made from: published frames, checked and cut to what can be planned.

Faulty rows are left out and named; the rest is planned. Not here: arrays or solving.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from assets.kernel.frames import Frame, Kind
from assets.kernel.frames.decisions import LEVELS_THERE, PROTECTION_DEMAND, TARGETS
from assets.kernel.frames.forecasts import DEMAND_FORECAST, LEAD_TIME
from assets.kernel.frames.marts import (
    DIM_ITEM,
    DIM_ITEM_SITE,
    DIM_LANE,
    DIM_SITE,
    DIM_SOURCING,
    FCT_INVENTORY_POSITION,
    FCT_LEAD_TIME,
    FCT_OPEN_ORDER,
    FCT_SCHEDULED_RECEIPT,
)
from assets.kernel.frames.quality import FORECAST_VERDICTS, VERDICTS
from assets.kernel.network import departure_weekdays
from assets.kernel.published import Published
from assets.rebalancing.item_sites import KEY

READ: tuple[Frame, ...] = (
    FCT_INVENTORY_POSITION, FCT_SCHEDULED_RECEIPT, FCT_LEAD_TIME, FCT_OPEN_ORDER, DIM_ITEM, DIM_SITE, DIM_LANE,
    DIM_SOURCING, DIM_ITEM_SITE, DEMAND_FORECAST, LEAD_TIME, TARGETS, PROTECTION_DEMAND, VERDICTS, FORECAST_VERDICTS,
)  # fmt: skip
"""What a plan is made from, besides the policy release and the network's profile."""

_ROWS = {
    "items": DIM_ITEM, "sites": DIM_SITE, "lanes": DIM_LANE, "sourcing": DIM_SOURCING, "item_sites": DIM_ITEM_SITE,
    "position": FCT_INVENTORY_POSITION, "targets": TARGETS, "forecast": DEMAND_FORECAST,
}  # fmt: skip
"""Tables of a snapshot in which a key stands once."""
_NUMBERS = frozenset({Kind.INTEGER, Kind.REAL, Kind.MONEY})


@dataclass(frozen=True)
class Snapshot:
    """Published frames of one plan date.

    Attributes
    ----------
    position, scheduled_receipts : DataFrame
        FCT_INVENTORY_POSITION, FCT_SCHEDULED_RECEIPT.
    forecast, lead_times, targets : DataFrame
        DEMAND_FORECAST, LEAD_TIME, TARGETS.
    items, sites, lanes, sourcing, item_sites : DataFrame
        DIM_ITEM, DIM_SITE, DIM_LANE, DIM_SOURCING, DIM_ITEM_SITE.
    verdicts : DataFrame
        VERDICTS, of every gate that has spoken.
    recent_receipts : DataFrame or None
        item_id, site_id and received_date of receipts, for the cool-down; FCT_LEAD_TIME will do.
    protection_demand : DataFrame or None
        PROTECTION_DEMAND; without it demand between two arrivals is derived from the forecast.
    open_orders : DataFrame or None
        FCT_OPEN_ORDER; without it nothing counts as ordered before.
    levels_there : DataFrame or None
        LEVELS_THERE; without it no ERP orders anything by itself.
    """

    position: pd.DataFrame
    scheduled_receipts: pd.DataFrame
    forecast: pd.DataFrame
    lead_times: pd.DataFrame
    targets: pd.DataFrame
    items: pd.DataFrame
    sites: pd.DataFrame
    lanes: pd.DataFrame
    sourcing: pd.DataFrame
    item_sites: pd.DataFrame
    verdicts: pd.DataFrame
    recent_receipts: pd.DataFrame | None = None
    protection_demand: pd.DataFrame | None = None
    open_orders: pd.DataFrame | None = None
    levels_there: pd.DataFrame | None = None


def from_published(tables: Mapping[str, pd.DataFrame]) -> Snapshot:
    """Return the snapshot of published tables, by name; ``forecast_verdicts`` join ``verdicts``."""
    verdicts = [tables["verdicts"], tables["forecast_verdicts"]]
    return Snapshot(
        position=tables["fct_inventory_position"],
        scheduled_receipts=tables["fct_scheduled_receipt"],
        forecast=tables["demand_forecast"],
        lead_times=tables["lead_time"],
        targets=tables["targets"],
        items=tables["dim_item"],
        sites=tables["dim_site"],
        lanes=tables["dim_lane"],
        sourcing=tables["dim_sourcing"],
        item_sites=tables["dim_item_site"],
        verdicts=pd.concat([table for table in verdicts if len(table)] or verdicts[:1], ignore_index=True),
        recent_receipts=tables["fct_lead_time"],
        protection_demand=tables["protection_demand"],
        open_orders=tables.get("fct_open_order"),
        levels_there=tables.get(LEVELS_THERE.name),
    )


def levels_beside(published: Published, plan_date: dt.date, run_id: str = "") -> dict[str, pd.DataFrame]:
    """Return the levels in ERPs that a run's plan knew of, by name; nothing where a plan of then knew of none."""
    known = published.latest(LEVELS_THERE.name, plan_date) is not None
    return {LEVELS_THERE.name: published.beside(LEVELS_THERE, plan_date, run_id)} if known else {}


def ordered_by_erps(table: pd.DataFrame, levels_there: pd.DataFrame | None) -> NDArray[np.bool_]:
    """Return which rows an ERP orders for by itself: it took levels on an earlier date, and they stand.

    Parameters
    ----------
    table : DataFrame
        item_id and site_id.
    levels_there : DataFrame or None
        LEVELS_THERE.
    """
    if levels_there is None:
        return np.zeros(len(table), dtype=bool)
    stand = levels_there["erp_orders"].astype(bool) & ~levels_there["of_this_date"].astype(bool)
    keys = set(levels_there.loc[stand, KEY].itertuples(index=False, name=None))
    return np.array([key in keys for key in table[KEY].itertuples(index=False, name=None)], dtype=bool)


def checked(snapshot: Snapshot) -> tuple[Snapshot, list[str]]:
    """Return the snapshot without faulty rows, and one sentence per kind of fault.

    Examples of faults: a lane to an unknown site, a negative or missing cost, an order
    multiple below 1, a ranged item that has no master record, a row that is stated twice.
    """
    faults: list[str] = []
    snapshot = _without_bad_numbers(_once(snapshot, faults), faults)
    sites, named = set(snapshot.sites["site_id"]), set(snapshot.items["item_id"])
    costs = ["unit_cost", "unit_price", "weight_kg_per_unit", "volume_m3_per_unit"]
    what = "item with a negative or missing cost, price, weight or volume"
    items = _keep(snapshot.items, _not_negative(snapshot.items, costs), ["item_id"], what, faults)
    spoilt = named - set(items["item_id"])
    lanes, sourcing, settings = snapshot.lanes, snapshot.sourcing, snapshot.item_sites
    lane_name, source_name = ["origin_id", "destination_id", "mode"], ["item_id", "supplier_id", "site_id"]
    ends = lanes["origin_id"].isin(sites) & lanes["destination_id"].isin(sites)
    lanes = _keep(lanes, ends, lane_name, "lane to or from an unknown site", faults)
    lanes = _keep(lanes, lanes["origin_id"] != lanes["destination_id"], lane_name, "lane from a site to itself", faults)
    costs = ["fixed_cost_per_departure", "cost_per_kg", "cost_per_m3", "cost_per_unit", "quoted_transit_days"]
    lanes = _keep(lanes, _not_negative(lanes, costs), lane_name, "lane with a negative or missing cost or time", faults)
    lanes = _without_size(lanes, lane_name, faults)
    readable = lanes["departure_days"].map(lambda days: bool(departure_weekdays(days)))
    lanes = _keep(lanes, readable, lane_name, "lane whose departure days are not ISO weekdays", faults)
    sourcing = sourcing.loc[~sourcing["item_id"].isin(spoilt)]
    known = sourcing["site_id"].isin(sites) & sourcing["item_id"].isin(named)
    sourcing = _keep(sourcing, known, source_name, "sourcing of an unknown item or site", faults)
    sourcing = _keep(sourcing, sourcing["order_multiple_units"] >= 1, source_name, "order multiple below 1", faults)
    costs = ["unit_cost", "minimum_order_units", "quoted_lead_time_days", "minimum_order_amount"]
    sourcing = _keep(
        sourcing, _not_negative(sourcing, costs), source_name, "negative or missing purchase terms", faults
    )
    below = sourcing["minimum_document_units"].fillna(0) < 0
    sourcing = _keep(sourcing, ~below, source_name, "minimum of a document below nothing", faults)
    sourcing = _without_negative_capacity(sourcing, source_name, faults)
    settings = settings.loc[~settings["item_id"].isin(spoilt)]
    known = settings["site_id"].isin(sites) & settings["item_id"].isin(named)
    settings = _keep(settings, known, KEY, "settings of an unknown item or site", faults)
    settings = _keep(
        settings,
        _not_negative(settings, ["holding_cost_per_unit_day"]),
        KEY,
        "negative or missing holding cost",
        faults,
    )
    given = settings["shortage_cost_per_unit"].isna() | _not_negative(settings, ["shortage_cost_per_unit"])
    settings = _keep(settings, given, KEY, "negative shortage cost", faults)
    stray = (
        snapshot.position.merge(snapshot.item_sites[KEY].drop_duplicates(), on=KEY, how="left", indicator=True)[
            "_merge"
        ]
        == "left_only"
    )
    stray &= ~snapshot.position["item_id"].isin(spoilt).to_numpy(bool)
    _keep(snapshot.position, ~stray, KEY, "stock where the item is not ranged", faults)
    return replace(snapshot, lanes=lanes, sourcing=sourcing, item_sites=settings, items=items), faults


def _once(snapshot: Snapshot, faults: list[str]) -> Snapshot:
    """Return a snapshot in which each row stands once, the first of those with its key."""
    for name, frame in _ROWS.items():
        table, key = getattr(snapshot, name), [column for column in frame.key if column != "plan_date"]
        again = table.duplicated(key)
        if again.any():
            note(table.loc[again], key, f"row of {frame.name} that is stated twice; the first holds", faults)
            snapshot = replace(snapshot, **{name: table.loc[~again]})
    return snapshot


def _without_bad_numbers(snapshot: Snapshot, faults: list[str]) -> Snapshot:
    """Return a snapshot without targets that are negative, and forecasts that are, or that miss a number."""
    targets, settings, forecast = snapshot.targets, snapshot.item_sites, snapshot.forecast
    costs = ["holding_cost_per_unit_bucket", "shortage_cost_per_unit"]
    units = ["base_stock_units", "protection_units", "protection_mean_units"]
    below = (targets[[*costs, *units]].apply(pd.to_numeric) < 0).any(axis=1)
    targets = _keep(targets, ~below, KEY, "target with negative units or a negative cost; left out", faults)
    least = settings["presentation_minimum_units"]
    what = "presentation minimum below nothing; taken for nothing"
    note(settings.loc[(least < 0).fillna(False).to_numpy(bool)], KEY, what, faults)
    settings = settings.assign(presentation_minimum_units=least.clip(lower=0))
    numbers = [c.name for c in DEMAND_FORECAST.columns if c.kind in _NUMBERS and not c.nullable and c.name in forecast]
    told = forecast[numbers].to_numpy(np.float64)
    wrong = np.asarray(~(told >= 0).all(axis=1))
    bad = forecast.loc[wrong][KEY]
    if len(bad):
        note(bad, KEY, "forecast with a negative or missing number; left out", faults)
        out = pd.MultiIndex.from_frame(forecast[KEY]).isin(pd.MultiIndex.from_frame(bad))
        forecast = forecast.loc[~out]
    return replace(snapshot, targets=targets, item_sites=settings, forecast=forecast)


def _without_negative_capacity(sourcing: pd.DataFrame, name: list[str], faults: list[str]) -> pd.DataFrame:
    """Return sourcing whose capacities are nothing where they are less."""
    bad = (sourcing["capacity_units_per_day"] < 0).fillna(False).to_numpy(bool)
    note(sourcing.loc[bad], name, "capacity of a purchase below nothing; nothing is bought there", faults)
    return (
        sourcing.assign(capacity_units_per_day=sourcing["capacity_units_per_day"].mask(bad, 0))
        if bad.any()
        else sourcing
    )


def _without_size(lanes: pd.DataFrame, name: list[str], faults: list[str]) -> pd.DataFrame:
    """Return lanes without trucks that take nothing: their departures are one vehicle."""
    sizes = ["truck_kg", "truck_m3"]
    bad = (lanes[sizes] <= 0).any(axis=1)
    note(lanes.loc[bad], name, "truck that takes nothing; its size is left out, the departure is one vehicle", faults)
    return lanes.assign(**{size: lanes[size].mask(bad) for size in sizes}) if bad.any() else lanes


def _not_negative(table: pd.DataFrame, columns: list[str]) -> pd.Series[bool]:
    values = table[columns].apply(pd.to_numeric, errors="coerce").to_numpy(np.float64)
    return pd.Series((np.isfinite(values) & (values >= 0)).all(axis=1), index=table.index)


def _keep(table: pd.DataFrame, good: pd.Series[bool], name: list[str], what: str, faults: list[str]) -> pd.DataFrame:
    """Return the good rows and note the others."""
    note(table.loc[~good.to_numpy(bool)], name, what, faults)
    return table.loc[good.to_numpy(bool)]


def note(bad: pd.DataFrame, name: list[str], what: str, faults: list[str]) -> None:
    """Add what is wrong with rows to the faults, three of them by name; nothing if there is none."""
    rows = bad[name].drop_duplicates().sort_values(name)
    if len(rows):
        named = "; ".join(" ".join(map(str, row)) for row in rows.head(3).itertuples(index=False))
        more = f" and {len(rows) - 3} more" if len(rows) > 3 else ""
        faults.append(f"{what}: {named}{more}")


def verdict_actions(keys: pd.DataFrame, verdicts: pd.DataFrame) -> tuple[pd.Series[str], pd.Series[bool]]:
    """Return what verdicts ask of each item-site.

    Parameters
    ----------
    keys : DataFrame
        item_id and site_id.
    verdicts : DataFrame
        VERDICTS; an empty site or item stands for all.

    Returns
    -------
    held : Series of str
        The rule that leaves it out of the plan (hold or stop); empty for none.
    outbound : Series of bool
        Whether it may receive but not give.
    """
    held, outbound = pd.Series("", index=keys.index), pd.Series(False, index=keys.index)
    acting = verdicts.loc[verdicts["action"].isin(["hold", "stop", "hold_outbound"])]
    acting = acting.sort_values(["rule", "feed", "site_id", "item_id"], kind="stable").fillna(
        {"site_id": "", "item_id": ""}
    )
    wide = pd.Series("", index=keys.index)
    for item, site in (
        (keys["item_id"], keys["site_id"]),
        (keys["item_id"], wide),
        (wide, keys["site_id"]),
        (wide, wide),
    ):
        for action in ("hold", "hold_outbound"):
            rows = acting.loc[(acting["action"] == "hold_outbound") == (action == "hold_outbound")]
            rules = {(r.item_id, r.site_id): f"{r.rule} ({r.feed})" for r in rows.itertuples()}
            found = pd.Series([rules.get(k, "") for k in zip(item, site, strict=True)], index=keys.index, dtype=object)
            if action == "hold":
                held = held.where(held != "", found)
            else:
                outbound |= found != ""
    return held, outbound
