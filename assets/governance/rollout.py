"""Which part of the network a canary decides for: whole connected components, up to a share by money.

Where the components are too large for the share, one of them is cut (``cut``), and the money that flows over the
cut is reported as leakage: what happens on one side of it is felt on the other, so that the comparison is blurred
by as much. Not here: how the canary is judged (``guards``).
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

import networkx as nx

from assets.governance.cut import CENTS, Links, balanced_cut
from assets.kernel.errors import EquipoiseError
from assets.kernel.identifiers import digest

FULL_ENOUGH = Fraction(1, 2)
"""Of the share, from which on no component is cut."""
_COMPONENTS_TRIED = 3


@dataclass(frozen=True)
class Node:
    """What is decided together, as an item or an item at a site, and the money that it moves."""

    name: str
    amount: Decimal


@dataclass(frozen=True)
class Link:
    """Two nodes that share a limit or pass goods on, and the money that passes between them."""

    one: str
    other: str
    amount: Decimal


@dataclass(frozen=True)
class Canary:
    """The part that a release decides for.

    Attributes
    ----------
    members : frozenset of str
        Names of nodes.
    amount, total_amount : Decimal
        Money of the members, and of the whole network.
    leakage_amount : Decimal
        Money on links between members and others; 0 where no component was cut.
    components, cut_components : int
        Components that are wholly in it, and those that are partly.
    """

    members: frozenset[str]
    amount: Decimal
    total_amount: Decimal
    leakage_amount: Decimal = Decimal(0)
    components: int = 0
    cut_components: int = 0

    @property
    def share(self) -> float:
        """Of the network's money."""
        return float(self.amount / self.total_amount)

    def decides_for(self, name: str) -> bool:
        """Tell whether the canary decides for a node."""
        return name in self.members


def assign(nodes: tuple[Node, ...], links: tuple[Link, ...], share: float, version: str) -> Canary:
    """Return the part of a network that a release decides for as canary.

    Components come in an order that the release's version draws by lot, the same on every machine, and join
    while they fit. Where less than half of the share came together, one of those left is cut.

    Parameters
    ----------
    nodes : tuple of Node
        The whole network.
    links : tuple of Link
        Its coordination graph.
    share : float
        Most of the money that the canary may decide for.
    version : str
        Of the release.

    Raises
    ------
    EquipoiseError
        If a link names no node, if no money moves, or if no part is as small as the share.
    """
    money = {node.name: int(node.amount * CENTS) for node in nodes}
    graph = _graph(money, links)
    total = sum(money.values())
    if total <= 0:
        raise EquipoiseError("no money moves in the network", where="canary", remedy="Plan first")
    # By its digits: 0.3 of 100 is 30.
    room = int(Fraction(str(share)) * total)
    components = sorted(
        (frozenset(found) for found in nx.connected_components(graph)), key=lambda one: digest(version, min(one))
    )
    members, left, taken = _whole_components(components, money, room)
    part: frozenset[str] = frozenset()
    if taken < FULL_ENOUGH * room:
        part = _part_of_one(left, money, _weights(graph), room - taken, version)
    members |= part
    if not sum(money[name] for name in members):
        raise EquipoiseError(
            f"no part of the network is as small as {share:.1%} of its money",
            where="canary",
            remedy="Give the release a larger rollout.share",
        )
    leakage = sum(weight for one, other, weight in graph.edges(data="cents") if (one in members) != (other in members))
    return Canary(
        members,
        Decimal(sum(money[name] for name in members)) / CENTS,
        Decimal(total) / CENTS,
        Decimal(leakage) / CENTS,
        len(components) - len(left),
        int(bool(part)),
    )


def _whole_components(
    components: list[frozenset[str]], money: dict[str, int], room: int
) -> tuple[frozenset[str], list[frozenset[str]], int]:
    """Return the nodes of the components that fit in turn, the components that did not, and the money taken."""
    members: list[str] = []
    left: list[frozenset[str]] = []
    taken = 0
    for component in components:
        amount = sum(money[name] for name in component)
        if taken + amount <= room:
            members += component
            taken += amount
        else:
            left.append(component)
    return frozenset(members), left, taken


def _graph(money: dict[str, int], links: tuple[Link, ...]) -> nx.Graph:
    graph = nx.Graph()
    graph.add_nodes_from(money)
    for link in links:
        strangers = [end for end in (link.one, link.other) if end not in money]
        if strangers:
            raise EquipoiseError(
                f"a link names {min(strangers)}, which is no node", where="canary", remedy="Give every end as a node"
            )
        if link.one != link.other:
            before = graph.get_edge_data(link.one, link.other, {"cents": 0})["cents"]
            graph.add_edge(link.one, link.other, cents=before + int(link.amount * CENTS))
    return graph


def _weights(graph: nx.Graph) -> Links:
    return {name: {other: data["cents"] for other, data in graph.adj[name].items()} for name in graph}


def _part_of_one(
    left: list[frozenset[str]], money: dict[str, int], links: Links, room: int, version: str
) -> frozenset[str]:
    """Return the part of one component that leaks least for the money that it brings."""
    can_be = [one for one in left if any(0 < money[name] <= room for name in one)]
    smallest = sorted(can_be, key=lambda one: (sum(money[name] for name in one), min(one)))[:_COMPONENTS_TRIED]
    cuts = [balanced_cut(component, money, links, room, version) for component in smallest]
    found = [cut for cut in cuts if cut.members]
    best = min(found, key=lambda cut: (Fraction(cut.leakage, cut.amount), min(cut.members)), default=None)
    return best.members if best else frozenset()
