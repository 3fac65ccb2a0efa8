"""Departures with a fixed cost, documents with a minimum and sites that handle so many, as feeds state them.

Over the moves of today.
Not here: limits (``stated``), and what leaves or is ordered (``closing``, ``filling``).
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.sparse import coo_array, csr_array

from assets.rebalancing.item_sites import UNLIMITED, Flags, Floats
from assets.rebalancing.market.departures import Departures, no_departures
from assets.rebalancing.market.documents import Documents, no_documents
from assets.rebalancing.market.minimums import Minimums, no_minimums
from assets.rebalancing.market.stage import Stage
from assets.rebalancing.moves import ASSUMED_FILL
from assets.rebalancing.snapshot import Snapshot

_LANE = ["origin_id", "destination_id", "mode"]


def stated_departures(stage: Stage, snapshot: Snapshot, weight: float) -> Departures:
    """Return the departures of today that cost something whatever they carry, by name.

    One an origin, destination and mode: what leaves in the first bucket leaves by its first
    departure. A truck takes what the lane states of one; else the departure is one vehicle, with
    the lane's capacity.

    Parameters
    ----------
    stage : Stage
        What is planned.
    snapshot : Snapshot
        Checked.
    weight : float
        Of transport in the release's objective.
    """
    moves, lanes = stage.moves, snapshot.lanes
    lanes = lanes.loc[lanes["fixed_cost_per_departure"] > 0].sort_values(_LANE, kind="stable", ignore_index=True)
    on = np.flatnonzero(stage.free & moves.is_transfer & (moves.bucket == 0))
    asked = pd.DataFrame(
        {"origin_id": moves.source_id[on], "destination_id": stage.destination[on], "mode": moves.mode[on]}
    )
    lane = asked.merge(lanes[_LANE].reset_index(), how="left", on=_LANE)["index"].to_numpy(np.float64)
    known = ~np.isnan(lane)
    if not known.any():
        return no_departures(len(moves))
    ridden, place = np.unique(lane[known].astype(np.int64), return_inverse=True)
    row = np.full(len(moves), -1)
    row[on[known]] = place
    used, day = lanes.iloc[ridden], {k: moves.departure[on[known]][place == k][0] for k in range(len(ridden))}
    items = snapshot.items.set_index("item_id")
    load = [stage.of_moves(stage.per_item(items[f"{what}_per_unit"])) for what in ("weight_kg", "volume_m3")]
    truck, most, sized = _trucks(used)
    return Departures(
        tuple(f"departure {' > '.join(ends[:2])} {ends[2]} {day[k]}" for k, ends in enumerate(used[_LANE].to_numpy())),
        used["fixed_cost_per_departure"].to_numpy(np.float64) * weight, most, truck, sized, row, np.stack(load, axis=1),
        np.where(row >= 0, moves.spread, 0.0), np.zeros((len(used), 2)),
        np.zeros(len(used), dtype=np.int64), np.zeros(len(used)), np.full(len(used), ASSUMED_FILL),
    )  # fmt: skip


def _trucks(lanes: pd.DataFrame) -> tuple[Floats, np.ndarray, Flags]:
    """Return what a truck of each lane takes, shape (d, 2), the most trucks, and which have a stated size."""
    stated = lanes[["truck_kg", "truck_m3"]].to_numpy(np.float64, na_value=np.nan)
    whole = lanes[["capacity_kg", "capacity_m3"]].to_numpy(np.float64, na_value=np.nan)
    sized = ~np.isnan(stated).all(axis=1)
    one = np.where(whole > 0, whole, np.inf)
    truck = np.where(sized[:, None], np.where(np.isnan(stated), np.inf, stated), one)
    fit = np.maximum(1.0, np.floor(whole / stated + 1e-9))
    fit = np.where(np.isnan(fit), float(UNLIMITED), fit).min(axis=1)
    return truck, np.where(sized, fit, 1).astype(np.int64), sized


def stated_minimums(stage: Stage, snapshot: Snapshot) -> Minimums:
    """Return what the order documents of today must come to, if there is one: in money, and in units.

    One document a supplier and receiving site: the largest minimum that any of its items states.
    """
    moves = stage.moves
    on = np.flatnonzero(stage.free & ~moves.is_transfer & (moves.bucket == 0))
    terms = snapshot.sourcing.groupby(["supplier_id", "site_id"], sort=True)[
        ["minimum_order_amount", "minimum_document_units"]
    ].max()
    asked = pd.MultiIndex.from_arrays([moves.source_id[on], stage.destination[on]])
    document = terms.index.get_indexer(asked)
    names: list[str] = []
    least: list[float] = []
    rows, columns, use = [], [], []
    for column, unit, per_unit in (
        ("minimum_order_amount", "amount", moves.price[on]),
        ("minimum_document_units", "units", np.ones(len(on))),
    ):
        asks = terms[column].astype("float64").fillna(0.0).to_numpy()
        for k in np.unique(document[(document >= 0) & (asks[document] > 0)]).tolist():
            mine = np.flatnonzero(document == k)
            supplier, site = terms.index[k]
            rows.append(np.full(len(mine), len(names)))
            columns.append(on[mine])
            use.append(per_unit[mine])
            names.append(f"document {supplier} > {site} {unit} {stage.plan_date}")
            least.append(float(asks[k]))
    if not names:
        return no_minimums(len(moves))
    table = coo_array(
        (np.concatenate(use), (np.concatenate(rows), np.concatenate(columns))), shape=(len(names), len(moves))
    )
    counted = csr_array(table)
    # What costs nothing is on no document of an amount.
    counted.eliminate_zeros()
    return Minimums(tuple(names), np.array(least), counted, np.zeros(len(names)))


def stated_documents(stage: Stage, snapshot: Snapshot) -> Documents:
    """Return the order documents of today at sites that state how many they handle a day.

    One a kind, origin and destination, however long the bucket: what a plan decides goes out together.
    What others send a site and what it sends count alike. A limit below nothing lets nothing go out.
    """
    moves, sites = stage.moves, snapshot.sites
    limited = sites.loc[sites["documents_per_day"].notna()].sort_values("site_id", ignore_index=True)
    place = pd.Series(limited.index, index=limited["site_id"], dtype="int64")
    on = np.flatnonzero(stage.free & (moves.bucket == 0))
    table = pd.DataFrame({"kind": moves.kind[on], "origin": moves.source_id[on], "destination": stage.destination[on]})
    ends = [table["origin"].where(moves.is_transfer[on]).map(place), table["destination"].map(place)]
    known = np.flatnonzero(ends[0].notna() | ends[1].notna())
    if not len(known):
        return no_documents(len(moves))
    keys = table.iloc[known].drop_duplicates().sort_values(["kind", "origin", "destination"])
    row = np.full(len(moves), -1)
    row[on[known]] = pd.MultiIndex.from_frame(keys).get_indexer(pd.MultiIndex.from_frame(table.iloc[known]))
    entries = [(end.loc[keys.index].to_numpy(np.float64), np.arange(len(keys))) for end in ends]
    site, document = (np.concatenate(parts) for parts in zip(*entries, strict=True))
    there = ~np.isnan(site)
    handles = coo_array(
        (np.ones(there.sum(), dtype=np.int64), (site[there].astype(np.int64), document[there])),
        shape=(len(limited), len(keys)),
    )  # fmt: skip
    most = np.maximum(0, limited["documents_per_day"].to_numpy(np.int64))
    return Documents(
        tuple(f"documents {site} {stage.plan_date}" for site in limited["site_id"]), most,
        tuple(" ".join(key) for key in keys.itertuples(index=False)), csr_array(handles), row,
        np.zeros(len(keys), dtype=bool),
    )  # fmt: skip
