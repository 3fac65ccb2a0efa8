"""What is exposed while a part of the network is out: stock, cover, demand at risk and money.

Two bounds stand beside each other, because nobody has planned yet: what is short if every site
lives on its own stock, and what is short if all sites that are touched share theirs; a site that is out
shares nothing. Both count until a supplier that is left can deliver; a neighbour's stock is shared, but
is no new supply. Not here:
what depends on what (``supply_graph``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from assets.kernel.errors import EquipoiseError
from assets.rebalancing.impact.event import Event
from assets.rebalancing.impact.supply_graph import SupplyGraph
from assets.rebalancing.item_sites import KEY

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
COLUMNS = (
    *KEY, "echelon", "is_direct", "is_cut_off", "other_source", "other_source_days", "supplied_days",
    "available_units", "incoming_units", "lost_incoming_units", "demand_units", "cover_buckets",
    "short_units", "short_amount",
)  # fmt: skip


@dataclass(frozen=True)
class State:
    """Published frames of a plan date that say what is there and what will be asked for.

    Attributes
    ----------
    position, receipts, forecast, targets, lines : DataFrame
        Frames ``FCT_INVENTORY_POSITION``, ``FCT_SCHEDULED_RECEIPT``, ``DEMAND_FORECAST``, ``TARGETS``
        and ``PLAN_LINES``.
    bucket_days : int
        Length of a bucket.
    """

    position: pd.DataFrame
    receipts: pd.DataFrame
    forecast: pd.DataFrame
    targets: pd.DataFrame
    lines: pd.DataFrame
    bucket_days: int


@dataclass(frozen=True)
class Impact:
    """What an event touches.

    Attributes
    ----------
    item_sites : DataFrame
        ``COLUMNS``, dearest shortage first: what is touched; is_direct where a way into it is out,
        is_cut_off where no supplier reaches it any more; the quickest other source, which may be a
        neighbour with stock, and its days; days until a supplier's units can come down the echelons
        (null for never); stock that can be used, coming, and lost with the event; expected demand of
        the horizon; buckets until stock and what comes run out (the horizon's if they do not); units
        and money short until those days are over, if nothing else is sent.
    receipts : DataFrame
        Rows of ``FCT_SCHEDULED_RECEIPT`` that would not come.
    lines : DataFrame
        Rows of ``PLAN_LINES`` that could not be carried out.
    short_alone_amount, short_shared_amount : float
        Expected loss in currency if each site lives on its own stock, and if all that are touched but a
        site that is out share theirs and supply comes by any way that is left: what a plan can reach
        lies between.
    """

    item_sites: pd.DataFrame
    receipts: pd.DataFrame
    lines: pd.DataFrame
    short_alone_amount: float
    short_shared_amount: float


def impact_of(event: Event, graph: SupplyGraph, state: State) -> Impact:
    """Say what an event touches, and what is exposed until it is over or gone round.

    Parameters
    ----------
    event : Event
        What is supposed to be out.
    graph : SupplyGraph
        Of the plan date.
    state : State
        Of the same plan date.

    Raises
    ------
    EquipoiseError
        If the network has nothing of that name.
    """
    out = event.takes_out(graph.ways).to_numpy()
    direct = graph.named(event)
    if not (out.any() or direct.any()):
        raise EquipoiseError(
            f"nothing that is ranged depends on {event.kind} {event.name}", where="impact",
            remedy="Name a supplier, lane, site or item of the plan, as `equipoise explain` shows them",
        )  # fmt: skip
    touched = graph.touched(direct, out)
    receipts = state.receipts.loc[event.takes_out(state.receipts.rename(columns={"receipt_kind": "kind"}))]
    ends = {"origin_id": "source_id", "destination_id": "site_id"}
    lines = state.lines.loc[event.takes_out(state.lines.rename(columns=ends))]
    table = graph.nodes.assign(is_direct=direct | _into(graph, out), is_cut_off=graph.supplied(np.zeros_like(out)))
    table["is_cut_off"] &= ~graph.supplied(out)
    down, any_way = (graph.days_until_supplied(touched, out, sideways=sideways) for sideways in (False, True))
    table["supplied_days"], any_way = np.where(np.isinf(down), np.nan, down), any_way[touched]
    table = table.loc[touched].merge(_other_sources(graph, out, state.position), on=KEY, how="left")
    table = _with_stock(table, state, receipts)
    demand, supply = _cumulative(table, state, receipts)
    table = _short(table, demand, supply, state.bucket_days)
    alone = float(table["short_amount"].sum())
    locked = (table["site_id"] == event.name).to_numpy() & (event.kind == "site")
    shared = _shared(table, _asked(demand, any_way, state.bucket_days), supply, locked)
    order = ["short_amount", "demand_units", *KEY]
    table = table.sort_values(order, ascending=[False, False, True, True], ignore_index=True)
    return Impact(table[list(COLUMNS)], receipts, lines, alone, shared)


def _into(graph: SupplyGraph, out: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    found = np.zeros(len(graph.nodes), dtype=bool)
    found[graph.ways["into"].to_numpy()[out]] = True
    return found


def _other_sources(graph: SupplyGraph, out: npt.NDArray[np.bool_], position: pd.DataFrame) -> pd.DataFrame:
    """Return the quickest way into each item-site that is not out and whose origin still has something to send.

    A supplier, a site that a supplier reaches, or a neighbour that has stock now.
    """
    origin, supplied = graph.ways["from"].to_numpy(), graph.supplied(out)
    there = graph.nodes.merge(position[[*KEY, "available_units"]], on=KEY, how="left")["available_units"]
    has_stock = (there > 0).fillna(False).to_numpy(dtype=bool)
    fed = (origin < 0) | supplied[origin] | (graph.ways["is_lateral"].to_numpy() & has_stock[origin])
    left = graph.ways.loc[~out & fed].sort_values([*KEY, "lead_days", "is_lateral", "source_id", "mode"])
    best: pd.DataFrame = left.drop_duplicates(KEY)[[*KEY, "source_id", "lead_days"]]
    return best.rename(columns={"source_id": "other_source", "lead_days": "other_source_days"})


def _with_stock(table: pd.DataFrame, state: State, lost: pd.DataFrame) -> pd.DataFrame:
    position = state.position.assign(
        incoming_units=state.position["in_transit_units"] + state.position["on_order_units"]
    )
    table = table.merge(position[[*KEY, "available_units", "incoming_units"]], on=KEY, how="left")
    gone = lost.groupby(KEY)["receipt_units"].sum().rename("lost_incoming_units").reset_index()
    table = table.merge(gone, on=KEY, how="left")
    table = table.merge(state.targets[[*KEY, "shortage_cost_per_unit"]], on=KEY, how="left")
    zeros = ["available_units", "incoming_units", "lost_incoming_units", "shortage_cost_per_unit"]
    return table.fillna({**dict.fromkeys(zeros, 0), "other_source": ""})


def _cumulative(table: pd.DataFrame, state: State, lost: pd.DataFrame) -> tuple[Floats, Floats]:
    """Return expected demand and supply without the event's, each accumulated by bucket, shape (rows, T)."""
    horizon = int(state.forecast["bucket_index"].max()) + 1 if len(state.forecast) else 1
    row = table[KEY].assign(row=np.arange(len(table)))
    demand, supply = np.zeros((len(table), horizon)), np.zeros((len(table), horizon))
    asked = state.forecast[[*KEY, "bucket_index", "mean_units"]].merge(row, on=KEY)
    np.add.at(demand, (asked["row"].to_numpy(), asked["bucket_index"].to_numpy()), asked["mean_units"].to_numpy())
    coming = state.receipts.drop(index=lost.index).merge(row, on=KEY)
    days = (coming["expected_date"] - coming["plan_date"]).dt.days.to_numpy()
    # As the plan counts: what comes within a bucket can be sold from the next one on.
    bucket = np.maximum(0, -(-days // state.bucket_days))
    near = bucket < horizon
    np.add.at(supply, (coming["row"].to_numpy()[near], bucket[near]), coming["receipt_units"].to_numpy()[near])
    supply[:, 0] += table["available_units"].to_numpy()
    return demand.cumsum(axis=1), supply.cumsum(axis=1)


def _asked(demand: Floats, days: Floats, bucket_days: int) -> Floats:
    """Return accumulated demand that supply after so many days cannot meet: it stands still from there on."""
    horizon = demand.shape[1]
    until = np.minimum(horizon, np.ceil(days / bucket_days)).astype(np.int64)
    before = np.concatenate([np.zeros((len(demand), 1)), demand], axis=1)
    return np.asarray(np.take_along_axis(before, np.minimum(np.arange(1, horizon + 1), until[:, None]), axis=1))


def _short(table: pd.DataFrame, demand: Floats, supply: Floats, bucket_days: int) -> pd.DataFrame:
    """Add what each item-site is short of alone: the greatest excess of demand before it is supplied again."""
    days = table["supplied_days"].fillna(np.inf).to_numpy(dtype=np.float64)
    short = (_asked(demand, days, bucket_days) - supply).max(axis=1, initial=0.0)
    ran_out = demand > supply
    cover = np.where(ran_out.any(axis=1), ran_out.argmax(axis=1), demand.shape[1])
    amount = short * table["shortage_cost_per_unit"].to_numpy(dtype=float)
    return table.assign(demand_units=demand[:, -1], cover_buckets=cover, short_units=short, short_amount=amount)


def _shared(table: pd.DataFrame, asked: Floats, supply: Floats, locked: Flags) -> float:
    """Return the money short with stock shared: the greatest excess of an item's sites together, at their lowest price.

    A site that is supplied again asks for nothing more, but what it has left is still there for the others. Stock
    that is locked in serves its own site only.
    """
    pool = table.assign(locked=locked).groupby(["item_id", "locked"], sort=True).ngroup().to_numpy(dtype=np.int64)
    count = int(pool.max(initial=-1)) + 1
    together, cheapest = np.zeros((count, asked.shape[1])), np.full(count, np.inf)
    np.add.at(together, pool, asked - supply)
    asks = table["demand_units"].to_numpy(dtype=float) > 0
    np.minimum.at(cheapest, pool[asks], table["shortage_cost_per_unit"].to_numpy(dtype=float)[asks])
    pooled = together.max(axis=1, initial=0.0)
    return float((pooled * np.where(np.isfinite(cheapest), cheapest, 0.0)).sum())
