"""Lines that earlier plans announced: which of them a plan may still change, and how the others stand.

A line leaves inside the first bucket of its plan date, so that only plans of the same date can
have announced what could be changed. Not here: where announcements are kept (``Announcements`` is
the port), what changing one costs (``constraints``, ``expansion``), and counting (``changes``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import pandas as pd

from assets.kernel.frames.decisions import ANNOUNCED_LINES, DECISIONS, PLAN_LINES
from assets.policy.release import Guardrails
from assets.rebalancing import constraints
from assets.rebalancing.item_sites import KEY, Ints, ItemSites
from assets.rebalancing.market.limits import Limits
from assets.rebalancing.moves import Moves
from assets.rebalancing.snapshot import Snapshot

LINE = ["kind", "item_id", "origin_id", "destination_id", "mode", "departure_date"]
"""What a line is; another quantity is a change of it, anything else is another line."""

FREEZE, PRICE = "announced_freeze", "announced_change"
"""Names of the two guardrails, as lines and decisions carry them."""

_COUNTED_BY_STOCK = ("dock_in", "storage", "other")
"""Limits that count what is due or lies there: lines that stand are among it already."""


class Announcements(Protocol):
    """Where lines are found that orders of a date announced before it is planned."""

    def of(self, plan_date: dt.date) -> pd.DataFrame:
        """Return ANNOUNCED_LINES of a plan date."""


@dataclass(frozen=True)
class Told:
    """Announcements as somebody recorded them."""

    lines: pd.DataFrame

    def of(self, plan_date: dt.date) -> pd.DataFrame:
        """Return the recorded lines of a plan date."""
        return self.lines.loc[self.lines["plan_date"] == pd.Timestamp(plan_date)]


@dataclass(frozen=True)
class Standing:
    """Announced lines of the items of a problem.

    Attributes
    ----------
    open : DataFrame
        ANNOUNCED_LINES that may be changed at a price.
    frozen : DataFrame
        ANNOUNCED_LINES that stand whatever is decided.
    """

    open: pd.DataFrame
    frozen: pd.DataFrame

    @classmethod
    def of(cls, lines: pd.DataFrame, rules: Guardrails, plan_date: dt.date) -> Standing:
        """Sort announced lines by what the release asks for; none count where it asks for nothing."""
        frozen = constraints.announced_freeze(lines["departure_date"].to_numpy("datetime64[D]"), plan_date, rules)
        return cls(lines.loc[~frozen & (rules.announced_change_price > 0)], lines.loc[frozen])

    @classmethod
    def none(cls) -> Standing:
        """Return what stands where nothing was announced."""
        return cls(ANNOUNCED_LINES.empty(), ANNOUNCED_LINES.empty())

    @property
    def every(self) -> pd.DataFrame:
        """Both kinds together."""
        return _together(self.open, self.frozen) if len(self.open) + len(self.frozen) else self.open

    def units(self, moves: Moves, item_sites: ItemSites) -> Ints:
        """Return the units of open lines by move, shape (m,)."""
        return units_of(moves, item_sites, self.open)

    def fence(self, moves: Moves, item_sites: ItemSites) -> Moves:
        """Return moves to which nothing is added where a line is frozen."""
        held = (units_of(moves, item_sites, self.frozen) > 0) & (moves.blocked == 0)
        return replace(moves, blocked=np.where(held, constraints.BLOCKS.index(FREEZE), moves.blocked))

    def use(self, limits: Limits, moves: Moves, item_sites: ItemSites) -> Limits:
        """Return limits of which frozen lines use up their part."""
        if self.frozen.empty:
            return limits
        used = limits.used(units_of(moves, item_sites, self.frozen))
        return replace(limits, fixed=limits.fixed + np.where(np.isin(limits.kinds, _COUNTED_BY_STOCK), 0.0, used))


def wanted(announcements: Announcements, rules: Guardrails, plan_date: dt.date) -> pd.DataFrame:
    """Return the announced lines of a date where a release looks at them, else none."""
    counts = rules.announced_change_price > 0 or rules.announced_freeze_days > 0
    return announcements.of(plan_date) if counts else ANNOUNCED_LINES.empty()


def units_of(moves: Moves, item_sites: ItemSites, lines: pd.DataFrame) -> Ints:
    """Return the units of every move that lines order, shape (m,).

    Parameters
    ----------
    moves, item_sites : Moves, ItemSites
        Of a problem.
    lines : DataFrame
        ``LINE`` and quantity_units; a line whose move is there no longer orders nothing.
    """
    found = lines[[*LINE, "quantity_units"]].merge(_named(moves, item_sites), on=LINE)
    units = np.zeros(len(moves), dtype=np.int64)
    np.add.at(units, found["move"].to_numpy(np.int64), found["quantity_units"].to_numpy(np.int64))
    return units


def ordered(moves: Moves, item_sites: ItemSites, units: Ints) -> pd.DataFrame:
    """Return what units of every move order now, as ``LINE`` and quantity_units."""
    named = _named(moves, item_sites)
    quantity = units[named["move"].to_numpy(np.int64)]
    return named.assign(quantity_units=quantity).loc[quantity > 0, [*LINE, "quantity_units"]]


def _named(moves: Moves, item_sites: ItemSites) -> pd.DataFrame:
    """Return the moves of the first bucket by what a line of theirs would be called, with their position."""
    now, keys = np.flatnonzero(moves.bucket == 0), item_sites.keys()
    first = moves.take(now)
    return pd.DataFrame(
        {
            "kind": first.kind,
            "item_id": keys["item_id"].to_numpy()[first.destination],
            "origin_id": first.source_id,
            "destination_id": keys["site_id"].to_numpy()[first.destination],
            "mode": first.mode,
            "departure_date": pd.to_datetime(first.departure).astype("datetime64[us]"),
            "move": now,
        }
    )


def departed(snapshot: Snapshot, frozen: pd.DataFrame, faults: list[str]) -> Snapshot:
    """Return a snapshot in which frozen lines have left: their units are gone at the origin and due at the destination.

    Where less is there than they take, they take what there is, and a fault says so.
    """
    if frozen.empty:
        return snapshot
    sent = frozen["kind"] != "purchase"
    position, key = snapshot.position.reset_index(drop=True), pd.MultiIndex.from_frame(snapshot.position[KEY])
    taken = _by_site(frozen.loc[sent], "origin_id", key)
    short = taken > position["available_units"].to_numpy(np.int64)
    if short.any():
        first = position.loc[short, KEY].iloc[0]
        faults.append(f"announced lines inside the freeze take more than is there: {' '.join(first)}")
    position = position.assign(
        available_units=np.maximum(0, position["available_units"].to_numpy(np.int64) - taken),
        in_transit_units=position["in_transit_units"] + _by_site(frozen.loc[sent], "destination_id", key),
        on_order_units=position["on_order_units"] + _by_site(frozen.loc[~sent], "destination_id", key),
    )
    due = pd.DataFrame(
        {
            "plan_date": frozen["plan_date"],
            "item_id": frozen["item_id"],
            "site_id": frozen["destination_id"],
            "expected_date": frozen["arrival_date"],
            "receipt_kind": sent.map({True: "transfer", False: "purchase"}),
            "source_id": frozen["origin_id"],
            "receipt_units": frozen["quantity_units"],
            "is_late": False,
        }
    )
    return replace(snapshot, position=position, scheduled_receipts=_together(snapshot.scheduled_receipts, due))


def _by_site(lines: pd.DataFrame, end: str, key: pd.MultiIndex) -> Ints:
    units = lines.groupby(["item_id", end])["quantity_units"].sum()
    return units.rename_axis(KEY).reindex(key).fillna(0).to_numpy(np.int64)


def with_frozen_lines(lines: pd.DataFrame, frozen: pd.DataFrame) -> pd.DataFrame:
    """Return PLAN_LINES with those that stand, as they were announced."""
    if frozen.empty:
        return lines
    stand = frozen.assign(
        limits_amount=0.0, binding_constraints=FREEZE, next_best="none: it was announced and departs within the freeze"
    )
    return PLAN_LINES.conform(_together(lines, stand[PLAN_LINES.names]))


def with_frozen_decisions(decisions: pd.DataFrame, frozen: pd.DataFrame) -> pd.DataFrame:
    """Return DECISIONS in which the units of frozen lines are told, and who only waits besides acts by them."""
    table, key = decisions.copy(), pd.MultiIndex.from_frame(decisions[KEY])
    for kind, verb in (("transfer", "move_in"), ("purchase", "buy"), ("expedite", "expedite")):
        of_kind = frozen.loc[frozen["kind"] == kind]
        _told(table, _by_site(of_kind, "destination_id", key), "inbound_units", verb)
        if kind != "purchase":
            _told(table, _by_site(of_kind, "origin_id", key), "outbound_units", "move_out")
    return DECISIONS.conform(table)


def _told(table: pd.DataFrame, units: Ints, column: str, verb: str) -> None:
    """Add units that stand to rows of decisions, in place."""
    stands = units > 0
    names = table["binding_constraints"].where(table["binding_constraints"] != "", FREEZE)
    named = names.where(names.str.contains(FREEZE), names + "," + FREEZE)
    way = "come in" if column == "inbound_units" else "go out"
    told = table["reason"] + "; " + pd.Series(units, index=table.index).astype(str) + f" units announced before {way}"
    table[column] += units
    table.loc[stands & (table["decision"] == "wait"), "decision"] = verb
    table.loc[stands, "reason"] = told[stands]
    table.loc[stands, "binding_constraints"] = named[stands]


def with_kept_lines(lines: pd.DataFrame, kept: Collection[tuple[object, ...]], price: float) -> pd.DataFrame:
    """Return PLAN_LINES in which those that only the price of a change keeps say so.

    Parameters
    ----------
    lines : DataFrame
        PLAN_LINES.
    kept : collection of tuple
        ``LINE`` of each such line.
    price : float
        Currency per unit changed.
    """
    if not kept:
        return lines
    keys = pd.Series(list(lines[LINE].itertuples(index=False, name=None)), index=lines.index)
    mine = keys.isin(list(kept))
    names = lines["binding_constraints"]
    named = (names + ",").where(names != "", "") + PRICE
    said = lines["reason"] + f"; it was announced so, and each unit changed costs {price:.2f}"
    return PLAN_LINES.conform(
        lines.assign(binding_constraints=names.where(~mine, named), reason=lines["reason"].where(~mine, said))
    )


def _together(lines: pd.DataFrame, more: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([part for part in (lines, more) if len(part)], ignore_index=True)
