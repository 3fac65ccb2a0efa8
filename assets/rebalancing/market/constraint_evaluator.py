"""The constraint evaluator: which plans policy or capacity forbids, and by which rule.

Policy by itself: lots, cycles and least gains of what starts today. Capacity beside the others:
what was asked for of limits that others fill. Guardrails are in the network that everybody plans
on (``assets.rebalancing.constraints``). Not here: adding an award up anew (``verify``).
"""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array

from assets.rebalancing import constraints
from assets.rebalancing.expansion import Network
from assets.rebalancing.item_sites import Flags, Ints
from assets.rebalancing.market.messages import Proposals, Refusal
from assets.rebalancing.market.transcript import Row, saved

AGENT = "constraint_evaluator"


def whole(network: Network, columns: Ints, units: csr_array) -> Flags:
    """Return which plans keep lots, go in no cycles and have no line that a least gain could forbid.

    Parameters
    ----------
    network : Network
        Whose moves they are.
    columns : int array
        Move behind each column of ``units``.
    units : sparse int array
        A plan a row.
    """
    moves = network.problem.moves
    row, units_, move = np.repeat(np.arange(units.shape[0]), np.diff(units.indptr)), units.data, columns[units.indices]
    now = (moves.bucket[move] == 0) & (units_ > 0)
    lot = constraints.is_lot(units_, moves.minimum[move], np.maximum(1, moves.multiple[move]))
    bad = now & ~lot
    if network.problem.release.guardrails.minimum_gain_amount > 0:
        bad |= now & ~moves.usual[move]
    result: Flags = np.asarray(np.bincount(row[bad], minlength=units.shape[0]) == 0)
    sideways = now & moves.lateral[move]
    sites = np.int64(len(network.problem.item_sites))
    given, taken = (row[sideways] * sites + ends[move[sideways]] for ends in (moves.origin, moves.destination))
    result[np.intersect1d(given, taken) // max(1, sites)] = False
    return result


def refused(network: Network, waiting: Proposals, plan: Refusal, round_: int) -> Row:
    """Return the row of a plan that saves something and breaks a limit, with its name.

    Parameters
    ----------
    network : Network
        Of the items that share the limits.
    waiting : Proposals
        What each item costs if nothing moves, in order.
    plan : Refusal
        What was not granted.
    round_ : int
        Whose number the row bears.
    """
    saving = float(saved(waiting, [plan.item], [plan.cost], network.scale)[0])
    reason = f"{plan.reason}: {plan.limit}" if plan.limit else plan.reason
    name = network.problem.item_sites.item_ids[plan.item]
    return Row(round_, AGENT, name, saving, plan.payment, "refused", reason)
