"""Copies of an item that pay for departures nobody else pays for: which of them leave, and what it does then.

As the plan decides it (``market.closing``, then whole lots), every copy by itself, whatever the copies
beside it. Not here: what an item pays (``charged_terms``), and shared limits (``case``).
"""

from __future__ import annotations

import numpy as np

from assets.rebalancing.choice import Choice, choose
from assets.rebalancing.costs import units_of_flow
from assets.rebalancing.expansion import Network
from assets.rebalancing.flow import Flow
from assets.rebalancing.item_sites import Flags, Floats
from assets.rebalancing.market.closing import close
from assets.rebalancing.market.departure_search import LEAST_SAVING
from assets.rebalancing.market.departures import Departures
from assets.rebalancing.market.parts import shut
from assets.rebalancing.merged import every_unit
from assets.rebalancing.worth import worth_in_lots


def billed(network: Network) -> Choice:
    """Return what every copy does, on the departures that leave for it.

    Parameters
    ----------
    network : Network
        Copies side by side, everything open; its departures are those of the copies, as many of each.
    """
    departures = departures_of(network)
    opened = close(network, departures)
    stays, choice = opened.shut, choose(shut(opened.network, departures.moves_of(opened.shut)))
    poor = _poor(choice, departures)
    for closed in (poor > 0, _worst(poor, network.items)):
        if not (closed & ~stays).any():
            continue
        tried = choose(shut(opened.network, departures.moves_of(stays | closed)))
        cheaper = np.repeat(_cost(tried) < _cost(choice) - LEAST_SAVING, len(departures) // network.items)
        if cheaper.any():
            stays = stays | (closed & cheaper)
            choice = choose(shut(opened.network, departures.moves_of(stays)))
    return choice


def departures_of(network: Network) -> Departures:
    """Return the departures of a network that has some."""
    departures = network.problem.departures
    assert departures is not None
    return departures


def bills(network: Network, flow: Flow) -> Floats:
    """Return what departures cost each copy beyond the shares by which units decide, in currency, shape (copies,)."""
    beyond = departures_of(network).beyond(units_of_flow(network, flow))
    return np.asarray(beyond.reshape(network.items, -1).sum(axis=1))


def _poor(choice: Choice, departures: Departures) -> Floats:
    """Return by how much each departure costs more than its lines save in whole lots; 0 for none."""
    every = every_unit(choice.network, choice.units)
    asked = departures.beyond(every)
    worth = worth_in_lots(choice.network, departures.row, asked, choice.units, choice.flow.cost)
    lost = np.where(departures.paid == 0, asked - worth, 0.0)
    return np.where(lost > LEAST_SAVING, lost, 0.0)


def _worst(poor: Floats, copies: int) -> Flags:
    """Return of each copy the one that costs most more than it saves."""
    table = poor.reshape(copies, -1)
    worst = np.zeros(table.shape, dtype=bool)
    worst[np.arange(copies), table.argmax(axis=1)] = table.max(axis=1) > 0
    return worst.ravel()


def _cost(choice: Choice) -> Floats:
    """Return what each copy costs with its departures, in currency, shape (copies,)."""
    return np.asarray(choice.flow.cost / choice.network.scale + bills(choice.network, choice.flow))
