"""A part of a connected component that brings about as much money as there is room for, and leaks little.

The part grows from a seed by the neighbour that is tied to it most (Battiti and Bertossi 1999, min-max greedy),
and is then refined by moving single nodes while that lessens the leakage (Fiduccia and Mattheyses 1982, one pass
at a time). A heuristic: no bound is claimed; the leakage that it reports is exact. Amounts are whole cents.
"""

from __future__ import annotations

import heapq
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from assets.kernel.identifiers import digest

CENTS = 100
LEAST_FILL = Fraction(1, 2)
"""Of the room that a part must fill where it can."""
_SEEDS = 16
_PASSES = 8

Links = Mapping[str, Mapping[str, int]]


@dataclass(frozen=True)
class Cut:
    """A part of a component: its nodes, their cents, and the cents on links that leave it."""

    members: frozenset[str]
    amount: int
    leakage: int


def balanced_cut(component: frozenset[str], money: Mapping[str, int], links: Links, room: int, salt: str) -> Cut:
    """Return a part of a component of at most ``room`` cents that leaks little; empty if no node is so small.

    Parameters
    ----------
    component : frozenset of str
        Connected nodes.
    money : dict
        Node to cents.
    links : dict
        Node to neighbour to cents.
    room : int
        Most cents of the part.
    salt : str
        Draws the seeds by lot, the same on every machine.
    """
    small = [name for name in component if 0 < money[name] <= room]
    seeds = sorted(small, key=lambda name: (digest(salt, name), name))[:_SEEDS]
    cuts = [_refined(_grown(seed, component, money, links, room), component, money, links, room) for seed in seeds]
    if not cuts:
        return Cut(frozenset(), 0, 0)
    return min(
        cuts, key=lambda cut: (cut.amount < LEAST_FILL * room, Fraction(cut.leakage, cut.amount), min(cut.members))
    )


def _grown(seed: str, component: frozenset[str], money: Mapping[str, int], links: Links, room: int) -> Cut:
    """Grow from a seed and return the best part on the way that fills enough, or else the largest."""
    members: dict[str, None] = {}
    amount = leakage = 0
    tied: dict[str, int] = {seed: 0}
    queue = [(0, seed)]
    best = (0, 0, 0)
    while queue:
        _, name = heapq.heappop(queue)
        if name in members or amount + money[name] > room:
            continue
        members[name] = None
        amount += money[name]
        leakage += sum(links[name].values()) - 2 * tied[name]
        for other, weight in links[name].items():
            if other not in members and other in component:
                tied[other] = tied.get(other, 0) + weight
                heapq.heappush(queue, (sum(links[other].values()) - 2 * tied[other], other))
        _, filled, leaked = best
        if filled < LEAST_FILL * room or leakage * filled < leaked * amount:
            best = (len(members), amount, leakage)
    return Cut(frozenset(list(members)[: best[0]]), *best[1:])


def _refined(cut: Cut, component: frozenset[str], money: Mapping[str, int], links: Links, room: int) -> Cut:
    """Move single nodes in or out while less leaks and the part stays between its bounds."""
    members, amount, leakage = set(cut.members), cut.amount, cut.leakage
    least = min(cut.amount, int(LEAST_FILL * room) + 1)
    for _ in range(_PASSES):
        moved = False
        border = {other for name in members for other in links[name] if other in component}
        for name in sorted(members | border):
            inside = sum(weight for other, weight in links[name].items() if other in members)
            outside = sum(links[name].values()) - inside
            joins = name not in members
            change = outside - inside if joins else inside - outside
            after = amount + money[name] if joins else amount - money[name]
            if change < 0 and least <= after <= room and after > 0:
                members ^= {name}
                amount, leakage, moved = after, leakage + change, True
        if not moved:
            break
    return Cut(frozenset(members), amount, leakage)
