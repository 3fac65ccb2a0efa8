"""The item-sites of a plan as stages of a guaranteed-service network, and the levels that its answer asks for.

Not here: how service times are found (``guaranteed_service``), or whether they are used (``placement``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assets.inventory.guaranteed_service.network import Arc, Demand, Stage, StageNetwork
from assets.inventory.guaranteed_service.placement import place_safety_stock
from assets.inventory.stochastic_service.two_moment import EchelonSystem
from assets.inventory.supply import Integers, Reals


@dataclass(frozen=True)
class GuaranteedLevels:
    """Service times and stock of ``n`` stages.

    Attributes
    ----------
    inbound, service : array (n,)
        Buckets until inputs are there, and until what is ordered leaves.
    safety_stock : array (n,)
        Units that the guarantee asks for: bounds of demand pooled over what the stage serves.
    levels : array (n,)
        Base stock: the stage's own factor of the demand that the net replenishment time leaves it to cover.
    """

    inbound: Integers
    service: Integers
    safety_stock: Reals
    levels: Reals


def guaranteed_levels(system: EchelonSystem, factor: Reals) -> GuaranteedLevels:
    """Place safety stock over the network of all stages, each item a tree of its own.

    A stage takes its review and its transit, in whole buckets rounded up. Stages that meet demand, and those
    that replenish them, are the limits: their service time is 0, because stores protect themselves against
    nothing but their own lead time.

    Parameters
    ----------
    system : EchelonSystem
    factor : array (n,)
        Safety factor of each stage; of those that meet demand it bounds the demand, at least 0.
    """
    count = len(system.parent)
    processing = np.ceil(system.review + system.transit - 1e-9).astype(np.int64)
    at_once = system.shortage > 0
    at_once[system.parent[(system.parent >= 0) & (system.echelon == 0)]] = True
    own = (system.echelon == 0) & (system.mean > 0)
    std = np.sqrt(system.variance)
    names = [f"{place:09d}" for place in range(count)]
    stages = tuple(
        Stage(
            names[place],
            int(processing[place]),
            unit_cost=float(system.holding[place]),
            max_service_time=0 if at_once[place] else None,
            demand=_demand(system.mean[place], std[place], factor[place]) if own[place] else None,
        )
        for place in range(count)
    )
    arcs = tuple(Arc(names[system.parent[place]], names[place]) for place in np.flatnonzero(system.parent >= 0))
    inbound, service = np.zeros((2, count), dtype=np.int64)
    safety_stock = np.zeros(count)
    if own.any():
        for one in place_safety_stock(StageNetwork(stages, arcs)).stages:
            place = int(one.name)
            inbound[place], service[place] = one.inbound_service_time, one.service_time
            safety_stock[place] = one.safety_stock
    return GuaranteedLevels(inbound, service, safety_stock, _levels(system, factor, processing + inbound - service))


def _demand(mean: float, std: float, factor: float) -> Demand:
    return Demand(float(mean), float(std), float(max(factor, 0.0)))


def _levels(system: EchelonSystem, factor: Reals, net: Integers) -> Reals:
    timing = np.where(net > 0, system.mean**2 * system.transit_variance, 0.0)
    levels: Reals = np.maximum(system.mean * net + factor * np.sqrt(system.variance * net + timing), 0.0)
    return levels
