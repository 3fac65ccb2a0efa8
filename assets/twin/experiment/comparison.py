"""What playing policies on the same demand proves: cost by kind, service, stock, and paired differences.

Differences are a policy less the reference, by window and block of items (cells), by block, and by
window, each with its interval by Student's t and with what such a design could have seen. By label
(season, disruption) they are told of the buckets that bear it. Not here: playing (``player``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from assets.kernel.errors import EquipoiseError
from assets.twin.day import Floats, Ints
from assets.twin.experiment.paired import Interval, paired
from assets.twin.experiment.played import KINDS, Played
from assets.twin.experiment.power import POWER, detectable, pairs_needed, power

STATED = 0.02
"""Difference, as a share of the reference's cost, that pairs are counted for where none is asked."""


@dataclass(frozen=True)
class Design:
    """How runs are paired.

    Attributes
    ----------
    blocks : int array, shape (n,)
        Block of each item-site; blocks are taken as independent.
    items : int array, shape (n,)
        Item of each item-site, for the bullwhip.
    labels : tuple of array, shape (T,) each
        One a window: what each bucket is told under, such as its season; nothing is told by label without.
    stated : float
        Difference, as a share of the reference's cost, whose power and pairs are told.
    """

    blocks: Ints
    items: Ints
    labels: tuple[npt.NDArray[np.object_], ...] = ()
    stated: float = STATED


def compared(played: Mapping[str, Sequence[Played]], reference: str, design: Design) -> dict[str, dict[str, Any]]:
    """Return what every policy did, and its paired differences to the reference.

    Parameters
    ----------
    played : mapping
        Policy to its windows; the windows of all are the same.
    reference : str
        The policy that others are compared with.
    design : Design
        Pairs and labels.

    Raises
    ------
    EquipoiseError
        If the reference was not played, or windows differ in number.
    """
    if reference not in played:
        raise EquipoiseError(
            f"{reference} was not played", where="experiment", remedy=f"Name one of {', '.join(played)}"
        )
    base = played[reference]
    if any(len(windows) != len(base) for windows in played.values()):
        raise EquipoiseError("policies were played on different windows", where="experiment", remedy="Play all of them")
    return {name: told(windows, design) | _difference(windows, base, design) for name, windows in played.items()}


def told(windows: Sequence[Played], design: Design) -> dict[str, Any]:
    """Return what one policy did over all windows: cost by kind, fill rate, stock, transfers, bullwhip."""
    kinds = {kind: float(sum(one.kinds[kind].sum() for one in windows)) for kind in KINDS}
    asked = sum(int(one.run.total.asked.sum()) for one in windows)
    unmet = sum(int(one.run.total.unmet.sum()) for one in windows)
    whips = [whip for one in windows if (whip := one.bullwhip(design.items)) is not None]
    return kinds | {
        "cost": float(sum(kinds.values())),
        "fill_rate": 1.0 - unmet / asked if asked else 1.0,
        "mean_stock_units": float(np.mean([one.mean_stock for one in windows])),
        "lines": sum(one.order_lines for one in windows),
        "transferred_units": sum(one.transferred_units for one in windows),
        "lateral_units": sum(one.lateral_units for one in windows),
        "lateral_freight": float(sum(one.lateral_freight for one in windows)),
        "bullwhip": float(np.mean(whips)) if whips else None,
    }


def _difference(windows: Sequence[Played], base: Sequence[Played], design: Design) -> dict[str, Any]:
    pairs = list(zip(windows, base, strict=True))
    cost = float(sum(one.cost.sum() for one in base))
    # One row a window: cost of each block less the reference's.
    cells = np.stack([_by_block(one.cost.sum(axis=0) - other.cost.sum(axis=0), design.blocks) for one, other in pairs])
    found: dict[str, Any] = {"over_reference": float(cells.sum()) / cost if cost else None}
    for name, differences in (("cells", cells.ravel()), ("blocks", cells.sum(axis=0)), ("windows", cells.sum(axis=1))):
        found[name] = interval_told(paired(differences), cost, design.stated)
    if design.labels:
        found["by_label"] = _by_label(pairs, design)
    return found


def _by_label(pairs: Sequence[tuple[Played, Played]], design: Design) -> dict[str, dict[str, Any]]:
    """Return differences of the buckets that bear each label, by window and block."""
    found = {}
    for label in sorted({str(name) for labels in design.labels for name in labels}):
        cells, cost = [], 0.0
        for (one, other), labels in zip(pairs, design.labels, strict=True):
            mine = labels == label
            if mine.any():
                cells.append(_by_block((one.cost[mine] - other.cost[mine]).sum(axis=0), design.blocks))
                cost += float(other.cost[mine].sum())
        differences = np.stack(cells)
        found[label] = {
            "over_reference": float(differences.sum()) / cost if cost else None,
            "reference_cost": cost,
            "cells": interval_told(paired(differences.ravel()), cost, design.stated),
        }
    return found


def interval_told(interval: Interval, cost: float, stated: float) -> dict[str, Any]:
    """Return an interval of mean differences as shares of a cost, and what its design could have seen.

    Parameters
    ----------
    interval : Interval
        Of the mean difference of a pair.
    cost : float
        Of the reference, over all pairs.
    stated : float
        Share of that cost whose power and pairs are told.
    """
    if cost <= 0 or interval.pairs < 2:
        return {"n": interval.pairs, "low": None, "high": None, "detectable": None, "power": None, "pairs_needed": None}
    scale, mean = interval.pairs / cost, stated * cost / interval.pairs
    least = detectable(interval.deviation, interval.pairs)
    return {
        "n": interval.pairs,
        "low": interval.low * scale,
        "high": interval.high * scale,
        "detectable": None if least is None else least * scale,
        "stated": stated,
        "asked_power": POWER,
        "power": power(mean, interval.deviation, interval.pairs),
        "pairs_needed": pairs_needed(mean, interval.deviation),
    }


def _by_block(amounts: Floats, blocks: Ints) -> Floats:
    return np.bincount(blocks, weights=amounts, minlength=int(blocks.max(initial=-1)) + 1).astype(np.float64)
