"""One item of a recorded plan, solved again on the plan's own terms until it gives the plan's lines.

What others use of shared limits stands. An item that negotiated is tried at the published prices,
then at these prices within the room that others leave, then within that room for nothing, as
leftovers are given; each of them where it pays for departures that nobody else rides on, then on those
of the plan. Where none gives the plan's lines, nothing can be told of what would change them. Not here:
changed inputs (``inputs``), and reading (``recorded``).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from assets.kernel.errors import EquipoiseError
from assets.kernel.identifiers import digest
from assets.rebalancing.item_sites import Floats, Ints
from assets.rebalancing.market.scarcity import is_scarce
from assets.rebalancing.problem import Problem
from assets.rebalancing.what_if.case import Case, Decision, decide
from assets.rebalancing.what_if.charged_terms import as_decided, at_their_bills, pins
from assets.rebalancing.what_if.copies import alone
from assets.rebalancing.what_if.recorded import Recorded

ALONE = "no shared limit is scarce for it"
AT_PRICES = "at the published prices of shared limits"
BESIDE = "at the published prices of shared limits, in the room that others leave"
LEFTOVER = "in the room of shared limits that others leave, for nothing"
BILLS = "; it pays for departures that nobody else rides on"
AS_DECIDED = "; departures leave as the plan decided"


class NotReproducedError(EquipoiseError):
    """An item that, solved again, does not give the plan's lines."""


@dataclass(frozen=True)
class OneItem:
    """An item and the terms on which it gives the plan's lines.

    Attributes
    ----------
    case : Case
        As published.
    decision : Decision
        The plan's.
    terms : str
        In words.
    """

    case: Case
    decision: Decision
    terms: str


def one_item(plan: Recorded, item_id: str) -> OneItem:
    """Return an item of a plan on the terms on which it gives the plan's lines.

    Parameters
    ----------
    plan : Recorded
        With the problem rebuilt.
    item_id : str
        An item that it plans.

    Raises
    ------
    NotReproducedError
        If its lines are not what solving it again gives; both digests are told.
    """
    lines = plan.lines.loc[plan.lines["item_id"] == item_id]
    found: dict[str, Decision] = {}
    for case, ways in _cases(plan, item_id):
        terms = {name + ways: one for name, one in _terms(case, _with_price_or_asked(plan, case)).items()}
        found = dict(zip(terms, decide(list(terms.values())), strict=True))
        for name, decision in found.items():
            if case.standing.sum() == lines["quantity_units"].sum() and np.array_equal(decision.units, case.standing):
                return OneItem(terms[name], decision, name)
    published, again = _digest_of_lines(lines), _digest_of_units(case.problem, next(iter(found.values())).units)
    raise NotReproducedError(
        "solved again from the published tables, the item does not give the plan's lines "
        f"(lines {published[:12]}, solved again {again[:12]}): inputs have changed since, or the market gave it what "
        "it would not choose by itself",
        where=f"item {item_id}",
        remedy="Plan the date again, or see `equipoise replay`",
    )


def lifted(plan: Recorded, item_id: str) -> Case:
    """Return an item at the published prices of shared limits, its lines unknown."""
    case = _cases(plan, item_id)[0][0]
    return next(iter(_terms(case, _with_price_or_asked(plan, case)).values()))


def row_of(problem: Problem, site_id: str) -> int | None:
    """Return an item-site of a problem of one item; ``None`` if the item is not planned there."""
    found = np.flatnonzero(np.array(problem.item_sites.site_ids, dtype=object)[problem.item_sites.site] == site_id)
    return int(found[0]) if len(found) else None


def move_of(problem: Problem, line: pd.Series[Any]) -> int | None:
    """Return the move of one item that a line orders; ``None`` if there is none."""
    row = row_of(problem, str(line["destination_id"]))
    moves = problem.moves
    found = (moves.bucket == 0) & (moves.destination == (-1 if row is None else row))
    for name, column in (("kind", "kind"), ("source_id", "origin_id"), ("mode", "mode")):
        found &= getattr(moves, name) == line[column]
    places = np.flatnonzero(found)
    return int(places[0]) if len(places) else None


def _cases(plan: Recorded, item_id: str) -> list[tuple[Case, str]]:
    """Return the item with what others leave of every limit: paying for departures, and on those of the plan."""
    ids = plan.problem.item_sites.item_ids
    if item_id not in ids:
        raise EquipoiseError(
            "the rebuilt plan does not plan the item", where=f"item {item_id}", remedy="Plan the date again"
        )
    one = alone(plan.problem, ids.index(item_id))
    if one.departures is not None:
        one = replace(one, departures=one.departures.decided_at(plan.shared_limits))
    spread = one.moves.spread if one.departures is None else one.departures.spread_of(one.moves.spread)
    standing = _units_of(one, plan.lines.loc[plan.lines["item_id"] == item_id])
    fixed = pins(one, plan.shared_limits, standing)
    if one.departures is None:
        return [(_case(plan, item_id, *as_decided(one, plan), standing, fixed, spread), "")]
    return [
        (_case(plan, item_id, *at_their_bills(one, plan), standing, fixed, spread), BILLS),
        (_case(plan, item_id, *as_decided(one, plan), standing, fixed, spread), AS_DECIDED),
    ]


def _case(
    plan: Recorded, item_id: str, problem: Problem, closed: Ints, standing: Ints, fixed: Ints, spread: Floats
) -> Case:
    """Return the item with what others leave of every limit, for nothing."""
    names = list(problem.limits.names) if problem.limits is not None else []
    table = plan.shared_limits.set_index("limit_id").reindex(names)
    mine = plan.graph.loc[plan.graph["item_id"] == item_id].set_index("limit_id")["used"].reindex(names)
    room = (table["capacity"] - table["fixed"]).clip(lower=0.0)
    # A limit that no plan could fill is not in the graph, and holds nobody.
    allowed = (room - table["used"] + mine).astype("float64").fillna(np.inf)
    return Case(problem, np.zeros(len(names)), np.asarray(allowed, dtype=np.float64), standing, fixed, closed, spread)


def _with_price_or_asked(plan: Recorded, case: Case) -> Floats:
    """Return the price of every limit that is scarce; NaN for the others."""
    table = plan.shared_limits.set_index("limit_id").reindex(list(case.limits.names))
    figures = table[["price", "capacity", "fixed", "asked"]].to_numpy(np.float64)
    price, capacity, fixed, asked = (np.asarray(column, dtype=np.float64) for column in figures.T)
    scarce = table["deal"].notna().to_numpy(bool) & is_scarce(price, np.maximum(0.0, capacity - fixed), asked)
    return np.asarray(np.where(scarce, price, np.nan), dtype=np.float64)


def _terms(case: Case, prices: Floats) -> dict[str, Case]:
    """Return the item on each of the terms that may have given its lines."""
    scarce = ~np.isnan(prices)
    if not scarce.any():
        return {ALONE: case}
    paid = np.where(scarce, prices, 0.0)
    priced = replace(case, prices=paid)
    return {
        AT_PRICES: replace(priced, allowed=np.where(paid > 0, np.inf, case.allowed)),
        BESIDE: priced,
        LEFTOVER: case,
    }


def _units_of(problem: Problem, lines: pd.DataFrame) -> Ints:
    """Return the units that lines order of every move; a line whose move is there no longer orders nothing."""
    units = np.zeros(len(problem.moves), dtype=np.int64)
    for _, line in lines.iterrows():
        move = move_of(problem, line)
        if move is not None:
            units[move] += int(line["quantity_units"])
    return units


def _digest_of_lines(lines: pd.DataFrame) -> str:
    names = ["kind", "origin_id", "destination_id", "mode", "quantity_units"]
    return digest(sorted([str(value) for value in row] for row in lines[names].itertuples(index=False)))


def _digest_of_units(problem: Problem, units: Ints) -> str:
    moves, sites = problem.moves, problem.item_sites
    rows = [
        [moves.kind[m], moves.source_id[m], sites.site_ids[sites.site[moves.destination[m]]], moves.mode[m], units[m]]
        for m in np.flatnonzero(units)
    ]
    return digest(sorted([str(value) for value in row] for row in rows))
