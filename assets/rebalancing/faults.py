"""What settings, ways, document minimums and the policy release contradict, and how each is relaxed.

Named before anything is solved. Nothing is left out here (``snapshot`` does that with what cannot
be read); what is named is planned as the sentence says. Not here: shared limits (``market.stated``).
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from assets.kernel.network import CROSS_DOCK
from assets.policy.release import Guardrails
from assets.rebalancing import constraints
from assets.rebalancing.item_sites import KEY, UNLIMITED, Flags, ItemSites
from assets.rebalancing.market.documents import Documents
from assets.rebalancing.market.limits import Limits
from assets.rebalancing.market.minimums import STOCKS, SUPPLIER, Minimums
from assets.rebalancing.moves import Moves
from assets.rebalancing.snapshot import note

SOURCE = ["item_id", "source_id", "site_id"]


def setting_faults(table: pd.DataFrame) -> list[str]:
    """Return what the settings of item-sites contradict, one sentence a kind.

    Parameters
    ----------
    table : DataFrame
        What ``problem.settings_table`` returned, of what is planned.
    """
    faults: list[str] = []
    most = table["maximum_units"].fillna(np.inf)
    sells = table["echelon"] == 0
    for bad, what in (
        (table["presentation_minimum_units"] > most, "presentation minimum above the maximum stock; the maximum holds"),
        (table["protection_units"] > most, "protection above the maximum stock; nothing is given until it is reached"),
        (table["protection_units"] > table["base_stock_units"], "protection above the base stock; as a donor it holds"),
        (table["unit_cost"] == 0, "unit cost of nothing; stock left at the end is worth what it costs to replace"),
        (table["holding_cost"] == 0, "holding cost of nothing; stock is free to keep"),
        (
            table["handed_over"] & (table["receipt_kind"] == "none"),
            "left to its ERP, and its targets name no source today; the levels that it has stay",
        ),
        (sells & (table["shortage_cost"] == 0), "shortage cost of nothing; nothing is brought there to be sold"),
    ):
        note(table.loc[bad.to_numpy(bool)], KEY, what, faults)
    return faults


def way_faults(item_sites: ItemSites, moves: Moves, sites: pd.DataFrame) -> list[str]:
    """Return what stock and the ways to move it contradict, one sentence a kind.

    Parameters
    ----------
    item_sites, moves : ItemSites, Moves
        Of the plan.
    sites : DataFrame
        DIM_SITE.
    """
    faults: list[str] = []
    keys, free = item_sites.keys(), moves.blocked == 0
    reached = np.zeros(len(item_sites), dtype=bool)
    reached[moves.destination[free]] = True
    lives = item_sites.lifecycle != "delisted"
    note(
        keys[lives & ~reached & ~item_sites.erp_orders],
        KEY,
        "no way in within the horizon; it lasts with what it has",
        faults,
    )
    for bad, what in _bad_lots(item_sites, moves):
        note(_names(item_sites, moves, bad), SOURCE, what, faults)
    kind = sites.set_index("site_id")["site_kind"].reindex(list(item_sites.site_ids))
    docks = (kind == CROSS_DOCK).to_numpy(bool)[item_sites.site]
    asked = docks & item_sites.has_demand
    note(keys[asked], KEY, "demand forecast at a cross-dock; planned as a site with stock", faults)
    left = constraints.held_back(item_sites, moves)[:, -1] >= item_sites.known_supply[:, -1]
    stuck = item_sites.cross_dock & (item_sites.available > 0) & left
    note(keys[stuck], KEY, "stock at a cross-dock that nothing takes away within the horizon; it stays", faults)
    return faults


def _bad_lots(item_sites: ItemSites, moves: Moves) -> list[tuple[Flags, str]]:
    lot = constraints.smallest_lot(moves.minimum, np.maximum(1, moves.multiple))
    most = item_sites.maximum[moves.destination]
    first = (moves.bucket == 0) & ~moves.is_transfer
    holds = (most < UNLIMITED) & ~item_sites.cross_dock[moves.destination]
    return [
        (first & (moves.capacity < lot), "smallest lot above what the supplier can send; nothing is bought there"),
        (first & holds & (most < lot), "smallest lot above the maximum stock; bought only as demand makes room"),
    ]


def _names(item_sites: ItemSites, moves: Moves, chosen: Flags) -> pd.DataFrame:
    keys = item_sites.keys().iloc[moves.destination[chosen]]
    return keys.assign(source_id=moves.source_id[chosen])


def document_faults(sites: pd.DataFrame, documents: Documents) -> list[str]:
    """Return what is stated of order documents that a site handles and cannot be kept, one sentence a kind.

    Parameters
    ----------
    sites : DataFrame
        DIM_SITE.
    documents : Documents
        Of today, with those that stand.
    """
    faults: list[str] = []
    negative = sites["documents_per_day"].fillna(0).to_numpy(np.int64) < 0
    note(sites.loc[negative], ["site_id"], "handles less than no document; none goes out", faults)
    over = documents.stand() > documents.most
    names = pd.DataFrame({"site": np.array(documents.sites, dtype=object)[over]})
    note(names, ["site"], "exceeded by documents that stand; no more goes out", faults)
    return faults


def reached_minimums(item_sites: ItemSites, moves: Moves, minimums: Minimums, limits: Limits) -> Minimums:
    """Return documents with the most that each can come to, in whole lots.

    Parameters
    ----------
    item_sites, moves : ItemSites, Moves
        Of the plan.
    minimums : Minimums
        Of today's documents over the same moves, with lines that stand.
    limits : Limits
        That items share.
    """
    end, multiple = moves.destination, np.maximum(1, moves.multiple)
    sold = np.ceil(item_sites.mean[end, np.minimum(moves.arrival, item_sites.horizon - 1)]).astype(np.int64)
    there = item_sites.known_supply[end, np.minimum(moves.arrival, item_sites.horizon - 1)]
    room = np.maximum(0, item_sites.maximum[end] + sold + item_sites.owed[end] - there)
    # What may be sent on makes room of its own.
    gives = np.zeros(len(item_sites), dtype=bool)
    gives[moves.origin[moves.is_transfer & (moves.blocked == 0)]] = True
    held = (item_sites.maximum < UNLIMITED) & ~item_sites.cross_dock & ~gives
    room = np.where(held[end], np.minimum(moves.capacity, room), moves.capacity)
    whole, kept = (constraints.lot_below(most, moves.minimum, multiple) for most in (moves.capacity, room))
    return minimums.reached(whole, kept, limits)


def minimum_faults(minimums: Minimums) -> list[str]:
    """Return the documents whose minimum is above all that can be on them, one sentence a kind of hindrance.

    Parameters
    ----------
    minimums : Minimums
        As ``reached_minimums`` returned them.
    """
    faults: list[str] = []
    by, names = np.array(minimums.hindered_by, dtype=object), np.array(minimums.names, dtype=object)
    reach = minimums.reach if minimums.reach is not None else np.zeros(len(names))
    for known, what in (
        (by == SUPPLIER, "minimum above all that its supplier can send; nothing is bought on it"),
        (by == STOCKS, "minimum above what maximum stocks leave room for; nothing is bought on it"),
    ):
        note(pd.DataFrame({"document": names[known]}), ["document"], what, faults)
    for_good = minimums.for_good if minimums.for_good is not None else minimums.never
    shared = np.flatnonzero(for_good & (by != SUPPLIER) & (by != STOCKS))
    told = [f"{names[k]} comes to {reach[k]:.2f} within {by[k]}" for k in shared.tolist()]
    note(
        pd.DataFrame({"told": told}),
        ["told"],
        "minimum above what a shared limit lets in; nothing is bought on it",
        faults,
    )
    return faults


def policy_faults(
    item_sites: ItemSites, moves: Moves, sites: pd.DataFrame, rules: Guardrails, bucket_days: int
) -> list[str]:
    """Return where the policy release leaves nothing to decide or names what there is not, one sentence a kind.

    Parameters
    ----------
    item_sites, moves : ItemSites, Moves
        Of the plan; every way is among the moves of the first bucket, free or not.
    sites : DataFrame
        DIM_SITE.
    rules : Guardrails
        Of the release.
    bucket_days : int
        Length of a bucket.
    """
    faults: list[str] = []
    days = item_sites.horizon * bucket_days
    if rules.freeze_days >= days:
        faults.append(f"freeze fence of {rules.freeze_days} days in a horizon of {days}; nothing can start")
    for kind, lanes in (("forbids", rules.forbidden_lanes), ("allows", rules.allowed_lanes)):
        unknown = [lane for lane in lanes if not set(lane) <= {"*", *sites["site_id"]}]
        names = pd.DataFrame(unknown, columns=["origin_id", "destination_id"])
        note(
            names,
            ["origin_id", "destination_id"],
            f"policy release {kind} a lane of a site that is not; correct it",
            faults,
        )
    shut = constraints.forbidden_lane(moves, item_sites, rules) | constraints.allowed_lane(moves, item_sites, rules)
    shut |= constraints.sensitive_item(moves, item_sites, rules)
    into, count, way = item_sites.site[moves.destination], len(item_sites.site_ids), moves.bucket == 0
    ways, closed = np.bincount(into[way], minlength=count), np.bincount(into[way & shut], minlength=count)
    none = (ways > 0) & (closed == ways)
    if none.any() and (none == (ways > 0)).all():
        faults.append("policy release forbids every way into every site; nothing moves")
    else:
        names = pd.DataFrame({"site_id": np.array(item_sites.site_ids, dtype=object)[none]})
        note(names, ["site_id"], "policy release forbids every way into a site; it lasts with what it has", faults)
    return faults
