"""The guardrails: one function each, with its inequality.

A guardrail on a move returns which moves it forbids; one on stock returns the limit in
units. Nothing here solves anything. Symbols: item i, origin o, destination d, bucket t,
quantity q, cumulative supply x, plan date D.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from assets.policy.release import Guardrails
from assets.rebalancing.item_sites import UNLIMITED, Flags, Floats, Ints, ItemSites

if TYPE_CHECKING:
    from assets.rebalancing.moves import Moves

FREE = ""
BLOCKS = (
    FREE,
    "departure_days",
    "freeze_fence",
    "forbidden_lane",
    "sensitive_item",
    "cool_down",
    "outbound_hold",
    "shelf_life_on_arrival",
    "lifecycle",
    "horizon",
    "announced_freeze",
    "allowed_lane",
    "handed_over",
    "withdrawal_waits",
)
"""Names of what can forbid a move, by code."""


def forbidden_lane(moves: Moves, item_sites: ItemSites, rules: Guardrails) -> Flags:
    """``q[o, d] = 0`` for every (o, d) that the release forbids; ``*`` stands for any site."""
    return moves.is_transfer & _on_lanes(moves, item_sites, rules.forbidden_lanes)


def allowed_lane(moves: Moves, item_sites: ItemSites, rules: Guardrails) -> Flags:
    """``q[o, d] = 0`` for every (o, d) outside the lanes that the release allows, where it names any; ``*`` as before.

    Purchases are no lanes.
    """
    if not rules.allowed_lanes:
        return np.zeros(len(moves), dtype=bool)
    return moves.is_transfer & ~_on_lanes(moves, item_sites, rules.allowed_lanes)


def _on_lanes(moves: Moves, item_sites: ItemSites, lanes: tuple[tuple[str, str], ...]) -> Flags:
    destination = np.array(item_sites.site_ids, dtype=object)[item_sites.site[moves.destination]]
    found = np.zeros(len(moves), dtype=bool)
    for origin_rule, destination_rule in lanes:
        hits_origin = (moves.source_id == origin_rule) | (origin_rule == "*")
        found |= hits_origin & ((destination == destination_rule) | (destination_rule == "*"))
    return found


def sensitive_item(moves: Moves, item_sites: ItemSites, rules: Guardrails) -> Flags:
    """``q[i, o, d] = 0`` on lateral lanes for sensitive i, where the release says that they stay."""
    return moves.lateral & item_sites.is_sensitive[moves.destination] & rules.sensitive_items_stay


def cool_down(moves: Moves, item_sites: ItemSites, rules: Guardrails) -> Flags:
    """``q[i, o, d] = 0`` laterally while ``departure < last receipt of i at o + cool-down days``."""
    last = item_sites.last_receipt[moves.origin]
    until = last + np.timedelta64(rules.cool_down_days, "D")
    return moves.lateral & ~np.isnat(last) & (moves.departure < until)


def outbound_hold(moves: Moves, item_sites: ItemSites) -> Flags:
    """``q[i, o, d] = 0`` for every o under a ``hold_outbound`` verdict; it may still receive."""
    return moves.is_transfer & item_sites.outbound_held[moves.origin]


def shelf_life_on_arrival(moves: Moves, item_sites: ItemSites, bucket_days: int) -> Flags:
    """``days of sale left on arrival >= one bucket``.

    A transfer of the first bucket takes the lot that expires first, with the last day of sale
    that was counted; if it would come too late, nothing leaves on that lane, though younger lots
    may lie behind it. Purchases are new on receipt, and what leaves later is taken to be new:
    the item's shelf life less the days on the way.
    """
    transit = np.where(moves.is_transfer, (moves.arrival_date - moves.departure).astype(np.int64), 0)
    new = item_sites.shelf_life_days[moves.destination] - transit
    expiry = item_sites.first_expiry[moves.origin]
    lot = moves.is_transfer & (moves.bucket == 0) & ~np.isnat(expiry)
    counted = (expiry - moves.arrival_date).astype(np.int64) + 1
    return np.where(lot, counted, new) < bucket_days


def lifecycle(moves: Moves, item_sites: ItemSites) -> Flags:
    """``q[i, o, d] = 0`` into a d where i is delisted."""
    return np.asarray(item_sites.lifecycle[moves.destination] == "delisted")


def handed_over(moves: Moves, item_sites: ItemSites) -> Flags:
    """``q[o, d] = 0`` today into every d whose ERP took its levels, or else it would be ordered twice.

    Until the ERP has acknowledged them the plan orders. Nothing comes in, laterally neither; it may give, and the
    ERP sees that its stock fell. In later buckets the usual ways stay open: they stand for what the ERP will order.
    """
    theirs = item_sites.erp_orders & item_sites.handed_over
    return np.asarray(theirs[moves.destination] & (moves.bucket == 0))


def withdrawal_waits(moves: Moves, item_sites: ItemSites) -> Flags:
    """``q[o, d] = 0`` today into every d that is handed over no more, and whose ERP still orders by its levels.

    It does until it has acknowledged that they are withdrawn.
    """
    theirs = item_sites.erp_orders & ~item_sites.handed_over
    return np.asarray(theirs[moves.destination] & (moves.bucket == 0))


def announced_freeze(departure: NDArray[np.datetime64], plan_date: dt.date, rules: Guardrails) -> Flags:
    """``q[l] = announced[l]`` for every announced line l with ``departure < D + announced freeze days``.

    Its units count as having left: they are no choice any more, and nothing is added to the line.
    """
    return np.asarray(departure < np.datetime64(plan_date, "D") + np.timedelta64(rules.announced_freeze_days, "D"))


def announced_change(units: Ints, announced: Ints, price: Ints) -> Ints:
    """``sum_l price |q[l] - announced[l]|`` is part of the cost, over announced lines l that may be changed.

    Convex in q, so that it is two arcs: the announced units earn the price, those beyond pay it.
    """
    return np.asarray(price * np.abs(units - announced))


def donor_protection(item_sites: ItemSites) -> Ints:
    """``sum_d q[i, o, d] <= available[i, o] - max(protection, presentation minimum)`` laterally."""
    keep = np.maximum(item_sites.protection, item_sites.presentation)
    return np.maximum(0, item_sites.available - keep)


def expected_left(item_sites: ItemSites, mean_taken: Floats) -> Ints:
    """``sum_d q[i, o, d, t] <= known supply[t] - demand expected before t - protection``, later buckets.

    What demand has already taken cannot be shipped onward.

    Parameters
    ----------
    item_sites : ItemSites
        n of them.
    mean_taken : float array, shape (n, T)
        Expected demand accumulated before bucket t.
    """
    keep = np.maximum(item_sites.protection, item_sites.presentation)
    left = item_sites.known_supply - np.ceil(mean_taken).astype(np.int64) - keep[:, None]
    return np.maximum(0, left)


def maximum_stock(item_sites: ItemSites, mean_taken: Floats) -> Ints:
    """``x[i, s, t] <= max(known supply[t], maximum + demand expected before t)``, shape (n, T)."""
    limit = item_sites.maximum[:, None] + np.floor(mean_taken).astype(np.int64)
    limit = np.maximum(limit, item_sites.known_supply)
    return np.where((item_sites.maximum >= UNLIMITED)[:, None], UNLIMITED, limit)


def held_back(item_sites: ItemSites, moves: Moves) -> Ints:
    """``stock[i, c, t] <= known supply[i, c] that has come since something could last leave c``, shape (n, T).

    Of a cross-dock c: what comes in leaves in the same bucket, and what was known to be there
    leaves with the first departure. Nothing leaves in the first bucket that is not there yet.
    """
    departs = np.zeros(item_sites.known_supply.shape, dtype=bool)
    out = (moves.blocked == 0) & moves.is_transfer
    departs[moves.origin[out], moves.bucket[out]] = True
    gone = np.where(departs, item_sites.known_supply, 0)
    gone[:, 0] = np.where(departs[:, 0], item_sites.available, 0)
    return np.asarray(item_sites.known_supply - np.maximum.accumulate(gone, axis=1))


def is_lot(units: Ints, minimum: Ints, multiple: Ints) -> Flags:
    """``q = 0, or q >= MOQ and q mod multiple = 0``."""
    return np.asarray((units == 0) | ((units >= minimum) & (units % multiple == 0)))


def smallest_lot(minimum: Ints, multiple: Ints) -> Ints:
    """Smallest positive q with ``q >= MOQ`` and ``q mod multiple = 0``."""
    return np.asarray(np.maximum(1, -(-minimum // multiple)) * multiple)


def lot_below(units: Ints, minimum: Ints, multiple: Ints) -> Ints:
    """Largest lot that is at most ``units``; 0 below the MOQ."""
    below = units // multiple * multiple
    return np.where(below >= smallest_lot(minimum, multiple), below, 0)


def lot_above(units: Ints, minimum: Ints, multiple: Ints) -> Ints:
    """Smallest lot that is at least ``units`` (0 stays 0)."""
    above = np.maximum(-(-units // multiple) * multiple, smallest_lot(minimum, multiple))
    return np.where(units <= 0, 0, above)


def minimum_gain(gain: Floats, least: float) -> Flags:
    """``cost without the line - cost with it >= minimum gain`` for every lateral or expedited line that stays."""
    return gain >= least


def cycles(moves: Moves, units: Ints, chosen: Ints) -> Ints:
    """Item-sites that break ``no item is brought to and taken from a site laterally``.

    ``sum_o q[o, s] * sum_d q[s, d] = 0`` over lateral moves of the first bucket, which also
    excludes shipping both ways between two sites.

    Parameters
    ----------
    moves : Moves
        All moves.
    units : int array
        Units of the moves in ``chosen``.
    chosen : int array
        Positions of first-bucket moves.
    """
    used = chosen[(units > 0) & moves.lateral[chosen]]
    return np.intersect1d(moves.origin[used], moves.destination[used])
