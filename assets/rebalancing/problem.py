"""The problem of one plan date: item-sites, moves and rules, as frozen sorted arrays.

``build_problem`` joins the snapshot, leaves out what verdicts hold and what is faulty, and
names both. Not here: value curves, the network or a solution.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from assets.kernel.network import NetworkProfile
from assets.policy.parameters import handed_over
from assets.policy.release import Release
from assets.rebalancing.announced import Standing, departed, units_of
from assets.rebalancing.carried import FINEST_STEP, carried
from assets.rebalancing.credibility import cost_of_disbelief
from assets.rebalancing.faults import (
    document_faults,
    minimum_faults,
    policy_faults,
    reached_minimums,
    setting_faults,
    way_faults,
)
from assets.rebalancing.item_sites import KEY, Floats, Ints, ItemSites, build_item_sites
from assets.rebalancing.market.departures import Departures
from assets.rebalancing.market.documents import Documents
from assets.rebalancing.market.limits import Limits
from assets.rebalancing.market.minimums import Minimums
from assets.rebalancing.market.stage import Stage
from assets.rebalancing.market.stated import limit_faults, stated_limits
from assets.rebalancing.market.stated_charges import stated_departures, stated_documents, stated_minimums
from assets.rebalancing.moves import Moves, build_moves
from assets.rebalancing.slower_ways import cost_of_deciding_early
from assets.rebalancing.snapshot import Snapshot, checked, ordered_by_erps, verdict_actions

LeadTimes = Mapping[tuple[str, str], tuple[Ints, Floats]]


@dataclass(frozen=True)
class Problem:
    """What one plan date decides about.

    Attributes
    ----------
    plan_date : date
        First day of bucket 0.
    bucket_days : int
        Length of a bucket.
    lost_sales : bool
        Whether unmet demand is lost (true) or backordered.
    release : Release
        Policy that decides.
    item_sites : ItemSites
        What is planned.
    moves : Moves
        What may move.
    held : DataFrame
        item_id, site_id, reason and stock figures of what verdicts leave out.
    faults : tuple of str
        What the snapshot got wrong; see ``consistency``.
    limits : Limits, optional
        What all items share, as feeds and policy state it; ``None`` for nothing.
    departures : Departures, optional
        Of today that cost something whatever they carry; ``None`` for none.
    minimums : Minimums, optional
        What order documents of today come to at least; ``None`` for anything.
    documents : Documents, optional
        Order documents of today at sites that handle so many; ``None`` for any number.
    lead_times : mapping
        Supplier and site to days and their probabilities, where a purchase may take one or another.
    standing : Standing
        Lines that earlier plans announced.
    steps : int
        Most money steps of a unit of currency; the same for every part, so that each decides as the whole.
    """

    plan_date: dt.date
    bucket_days: int
    lost_sales: bool
    release: Release
    item_sites: ItemSites
    moves: Moves
    held: pd.DataFrame
    faults: tuple[str, ...]
    limits: Limits | None = None
    departures: Departures | None = None
    minimums: Minimums | None = None
    documents: Documents | None = None
    lead_times: LeadTimes = field(default_factory=dict)
    standing: Standing = field(default_factory=Standing.none)
    steps: int = FINEST_STEP

    @property
    def horizon(self) -> int:
        """Number of buckets T."""
        return self.item_sites.horizon

    def consistency(self) -> list[str]:
        """Return every fault of the snapshot, with names; empty if there is none.

        Faulty parts were left out and the rest is planned, so that "infeasible" is never the
        first news.
        """
        return list(self.faults)


def build_problem(
    snapshot: Snapshot,
    *,
    release: Release,
    profile: NetworkProfile,
    plan_date: dt.date,
    announced: pd.DataFrame | None = None,
) -> Problem:
    """Join a snapshot into a problem.

    Parameters
    ----------
    snapshot : Snapshot
        Published frames of the plan date.
    release : Release
        Active policy release.
    profile : NetworkProfile
        Bucket, horizon and whether sales are lost.
    plan_date : date
        First day of bucket 0.
    announced : DataFrame, optional
        ANNOUNCED_LINES of earlier plans.

    Raises
    ------
    EquipoiseError
        If the plan date does not start a bucket.

    Notes
    -----
    Lead times are the mean of the published distribution, else the quote, rounded to days and
    then up to buckets.
    """
    calendar, horizon = profile.calendar, profile.horizon_buckets
    calendar.require_plan_date(plan_date)
    snapshot, faults = checked(snapshot)
    standing = Standing.none() if announced is None else Standing.of(announced, release.guardrails, plan_date)
    snapshot = departed(snapshot, standing.frozen, faults)
    table = settings_table(snapshot, calendar.bucket.days, faults)
    held_by, outbound = verdict_actions(table, snapshot.verdicts)
    table = table.assign(outbound_held=outbound, owed_units=0 if profile.lost_sales else table["owed_units"])
    table = table.assign(
        handed_over=handed_over(release, table["site_id"], table["category"]),
        erp_orders=ordered_by_erps(table, snapshot.levels_there),
    )
    held = table.loc[held_by != ""].assign(reason=held_by[held_by != ""])
    planned = table.loc[held_by == ""]
    item_sites = build_item_sites(
        planned, snapshot.scheduled_receipts, snapshot.forecast, calendar, plan_date, horizon,
        snapshot.protection_demand,
    )  # fmt: skip
    _note_missing_forecasts(item_sites, faults)
    moves = build_moves(
        item_sites,
        _with_lead_days(snapshot.lanes, snapshot.lead_times, "transfer"),
        _with_lead_days(snapshot.sourcing, snapshot.lead_times, "purchase"),
        snapshot.items,
        calendar,
        plan_date,
        release.guardrails,
        release.objective,
    )
    early = cost_of_deciding_early(item_sites, moves) + cost_of_disbelief(moves, release.guardrails.lateral_credibility)
    moves = replace(moves, announced=standing.units(moves, item_sites), early=early)
    faults += [*setting_faults(planned), *way_faults(item_sites, moves, snapshot.sites)]
    faults += policy_faults(item_sites, moves, snapshot.sites, release.guardrails, calendar.bucket.days)
    stage = Stage(item_sites, moves, plan_date, profile.lost_sales)
    limits = standing.use(stated_limits(stage, snapshot, release.limits, held), moves, item_sites)
    departures = stated_departures(stage, snapshot, release.objective.transport_weight)
    minimums, documents = stated_minimums(stage, snapshot), stated_documents(stage, snapshot)
    if len(standing.frozen):
        left = units_of(moves, item_sites, standing.frozen)
        departures, minimums, documents = departures.beside(left), minimums.beside(left), documents.beside(left)
    minimums = reached_minimums(item_sites, moves, minimums, limits)
    faults += [*limit_faults(limits), *document_faults(snapshot.sites, documents), *minimum_faults(minimums)]
    counted = carried(item_sites, standing.fence(moves, item_sites), release.objective, _change_price(moves, release))
    faults += counted.faults
    return Problem(
        plan_date, calendar.bucket.days, profile.lost_sales, release, counted.item_sites, counted.moves,
        held.sort_values(KEY, ignore_index=True), tuple(faults), limits,
        departures if len(departures) else None, minimums if len(minimums) else None,
        documents if len(documents) else None, _uncertain(snapshot), standing, counted.steps,
    )  # fmt: skip


def _change_price(moves: Moves, release: Release) -> float:
    return release.guardrails.announced_change_price if (moves.announced > 0).any() else 0.0


def settings_table(snapshot: Snapshot, bucket_days: int, faults: list[str]) -> pd.DataFrame:
    """Return one row per ranged item-site with its settings, stock, targets and last receipt."""
    table = snapshot.item_sites.drop(columns=["plan_date", "maximum_units"]).merge(
        snapshot.items[["item_id", "category", "unit_cost", "unit_price", "shelf_life_days", "is_sensitive"]],
        on="item_id",
    )
    table = table.rename(columns={"shortage_cost_per_unit": "given_shortage_cost"})
    table = table.merge(snapshot.sites[["site_id", "site_kind", "echelon"]], on="site_id")
    table = table.merge(_stock(snapshot.position), on=KEY, how="left")
    table = table.fillna({"available_units": 0, "incoming_units": 0, "owed_units": 0})
    maximum = snapshot.item_sites[[*KEY, "maximum_units"]].rename(columns={"maximum_units": "given_maximum"})
    targets = snapshot.targets.drop(columns=["plan_date", "echelon"])
    table = table.merge(maximum, on=KEY).merge(targets, on=KEY, how="left", indicator="target")
    missing = table.loc[table["target"] == "left_only", KEY]
    if len(missing):
        faults.append(
            f"no target: {len(missing)} item-sites, first {' '.join(missing.iloc[0])}; planned by their costs"
        )
    table["holding_cost"] = table["holding_cost_per_unit_bucket"].fillna(
        table["holding_cost_per_unit_day"] * bucket_days
    )
    margin = (table["unit_price"] - table["unit_cost"]).clip(lower=0)
    table["shortage_cost"] = table["shortage_cost_per_unit"].fillna(table["given_shortage_cost"]).fillna(margin)
    table["maximum_units"] = table["maximum_units"].fillna(table["given_maximum"]).astype("float64")
    zeros = ["base_stock_units", "protection_units", "protection_mean_units"]
    table = table.fillna(dict.fromkeys(zeros, 0)).fillna({"receipt_kind": "none", "source_id": ""})
    return table.merge(_last_receipts(snapshot.recent_receipts), on=KEY, how="left")


def _stock(position: pd.DataFrame) -> pd.DataFrame:
    there = position["on_hand_units"] - position["blocked_units"] - position["expiring_units"]
    return position[[*KEY, "first_expiry_date"]].assign(
        available_units=position["available_units"].clip(lower=0),
        owed_units=(position["reserved_units"] - there.clip(lower=0)).clip(lower=0),
        incoming_units=position["in_transit_units"] + position["on_order_units"],
    )


def _last_receipts(receipts: pd.DataFrame | None) -> pd.DataFrame:
    if receipts is None or receipts.empty:
        return pd.DataFrame(
            {
                "item_id": pd.Series(dtype=object),
                "site_id": pd.Series(dtype=object),
                "last_receipt": pd.Series(dtype="datetime64[s]"),
            }
        )
    last = receipts.groupby(KEY)["received_date"].max()
    return last.rename("last_receipt").reset_index()


def _with_lead_days(table: pd.DataFrame, lead_times: pd.DataFrame, kind: str) -> pd.DataFrame:
    """Return lanes or sourcing with ``lead_days``: the published mean, else the quote."""
    transfer = kind == "transfer"
    key = ["source_id", "site_id", "mode"]
    names = dict(
        zip(
            key,
            ["origin_id", "destination_id", "mode"] if transfer else ["supplier_id", "site_id", "mode"],
            strict=True,
        )
    )
    known = lead_times.loc[lead_times["receipt_kind"] == kind]
    known = known.assign(mean_days=known["lead_time_days"] * known["probability"])
    means = known.groupby(key)["mean_days"].sum().reset_index().rename(columns=names)
    table = table if transfer else table.assign(mode="supplier")
    table = table.merge(means, on=list(names.values()), how="left")
    quoted = table["quoted_transit_days" if transfer else "quoted_lead_time_days"]
    # Half a day more than a whole number of days is noise, not another bucket.
    return table.assign(lead_days=np.floor(table["mean_days"].fillna(quoted).astype("float64") + 0.5))


def _uncertain(snapshot: Snapshot) -> LeadTimes:
    """Return the lead times of purchases that are no single number of days, where there is a choice of suppliers."""
    lead_times, choice = snapshot.lead_times, snapshot.sourcing.duplicated(KEY, keep=False)
    bought = lead_times.loc[(lead_times["receipt_kind"] == "purchase") & (lead_times["probability"] < 1.0)]
    pairs = snapshot.sourcing.loc[choice, ["supplier_id", "site_id"]].drop_duplicates()
    bought = bought.merge(pairs.rename(columns={"supplier_id": "source_id"}), on=["source_id", "site_id"])
    bought = bought.sort_values(["source_id", "site_id", "lead_time_days"], kind="stable")
    return {
        (str(supplier), str(site)): (
            rows["lead_time_days"].to_numpy(np.int64),
            rows["probability"].to_numpy(np.float64) / rows["probability"].sum(),
        )
        for (supplier, site), rows in bought.groupby(["source_id", "site_id"], sort=True)
    }


def _note_missing_forecasts(item_sites: ItemSites, faults: list[str]) -> None:
    silent = ~item_sites.has_demand & (item_sites.echelon == 0)
    if silent.any():
        first: Any = item_sites.keys().loc[silent].iloc[0]
        faults.append(
            f"no forecast: {int(silent.sum())} item-sites that meet demand, first {first.item_id} {first.site_id}; "
            "planned as if nobody asked for it"
        )
