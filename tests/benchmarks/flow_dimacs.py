"""Min-cost flow instances in the DIMACS format. Not here: solving them."""

from __future__ import annotations

from pathlib import Path

import numpy as np


def read(path: Path) -> tuple[np.ndarray, ...]:
    """Return tail, head, capacity and cost of every arc, and the supply of every node, counted from 0.

    Lines are ``p min nodes arcs``, ``n node supply`` and ``a tail head lower capacity cost``.
    """
    supply, arcs = np.zeros(0, dtype=np.int64), []
    for line in path.read_text().splitlines():
        kind, *rest = line.split() or ["c"]
        if kind == "p":
            supply = np.zeros(int(rest[1]), dtype=np.int64)
        elif kind == "n":
            supply[int(rest[0]) - 1] = int(rest[1])
        elif kind == "a":
            arcs.append([int(value) for value in rest])
    tail, head, lower, capacity, cost = np.array(arcs).T
    assert (lower == 0).all()
    return tail - 1, head - 1, capacity, cost, supply
