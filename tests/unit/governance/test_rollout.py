"""The part of the network that a canary decides for: whole components, or a cut whose leakage is told."""

from decimal import Decimal
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.governance.cut import CENTS, LEAST_FILL, balanced_cut
from assets.governance.rollout import Canary, Link, Node, assign
from assets.kernel.errors import EquipoiseError


def network(amounts: list[int], links: list[tuple[int, int, int]]) -> tuple[tuple[Node, ...], tuple[Link, ...]]:
    nodes = tuple(Node(f"n{at}", Decimal(amount)) for at, amount in enumerate(amounts))
    return nodes, tuple(Link(f"n{a}", f"n{b}", Decimal(weight)) for a, b, weight in links)


@st.composite
def networks(draw: st.DrawFn) -> tuple[tuple[Node, ...], tuple[Link, ...]]:
    amounts = draw(st.lists(st.integers(1, 50), min_size=2, max_size=12))
    ends = st.integers(0, len(amounts) - 1)
    return network(amounts, draw(st.lists(st.tuples(ends, ends, st.integers(0, 20)), max_size=16)))


@given(networks(), st.floats(0.05, 0.9), st.sampled_from(["a@1", "b@2"]))
def test_a_canary_never_has_more_than_its_share_and_tells_its_leakage(
    net: tuple[tuple[Node, ...], tuple[Link, ...]], share: float, version: str
) -> None:
    nodes, links = net
    try:
        canary = assign(nodes, links, share, version)
    except EquipoiseError:
        # Every single node is larger than the share.
        assert all(float(node.amount) > share * float(sum(n.amount for n in nodes)) - 0.01 for node in nodes)
        return
    money = {node.name: node.amount for node in nodes}
    assert canary.amount == sum(money[name] for name in canary.members)
    assert 0 < canary.share <= share
    crossing = [link for link in links if canary.decides_for(link.one) != canary.decides_for(link.other)]
    assert canary.leakage_amount == sum((link.amount for link in crossing), Decimal(0))
    if not canary.cut_components:
        assert crossing == []


@given(networks())
def test_the_order_in_which_a_network_is_told_does_not_matter(
    net: tuple[tuple[Node, ...], tuple[Link, ...]],
) -> None:
    nodes, links = net
    try:
        expected: Canary | None = assign(nodes, links, 0.4, "a@1")
    except EquipoiseError:
        return
    turned = tuple(Link(link.other, link.one, link.amount) for link in reversed(links))
    assert assign(tuple(reversed(nodes)), turned, 0.4, "a@1") == expected


def test_small_components_come_whole() -> None:
    nodes, links = network([10] * 10, [(0, 1, 5), (2, 3, 5)])
    canary = assign(nodes, links, 0.3, "a@1")
    assert (canary.share, canary.leakage_amount, canary.cut_components) == (0.3, 0, 0)


def test_another_release_draws_another_part() -> None:
    nodes, links = network([10] * 20, [])
    assert len({assign(nodes, links, 0.2, f"r@{version}").members for version in range(5)}) > 1


def test_two_groups_that_hang_together_by_one_thin_link_are_cut_there() -> None:
    inside = [(a, b, 50) for group in (range(6), range(6, 12)) for a, b in combinations(group, 2)]
    nodes, links = network([10] * 12, [*inside, (5, 6, 3)])
    canary = assign(nodes, links, 0.5, "a@1")
    assert canary.members in ({f"n{at}" for at in range(6)}, {f"n{at}" for at in range(6, 12)})
    assert (canary.leakage_amount, canary.cut_components) == (3, 1)


def test_a_cut_of_small_components_leaks_little_more_than_the_best_there_is() -> None:
    worse = total = 0
    for seed in range(40):
        count = 9
        weights = {(a, b): (seed * 7 + a * 13 + b * 29) % 11 for a, b in combinations(range(count), 2)}
        pairs = {pair: w for pair, w in weights.items() if w % 3 == 0 or pair[1] == pair[0] + 1}
        money = {f"n{at}": 100 * (1 + (seed + at * 5) % 7) for at in range(count)}
        links: dict[str, dict[str, int]] = {name: {} for name in money}
        for (a, b), weight in pairs.items():
            links[f"n{a}"][f"n{b}"] = links[f"n{b}"][f"n{a}"] = weight + 1
        room = sum(money.values()) // 2
        found = balanced_cut(frozenset(money), money, links, room, "a@1")
        best = min(_leakages(money, links, room))
        assert LEAST_FILL * room <= found.amount <= room
        assert found.leakage >= best
        worse, total = worse + found.leakage - best, total + best
    assert worse <= 0.25 * total


def _leakages(money: dict[str, int], links: dict[str, dict[str, int]], room: int) -> list[int]:
    parts = [set(members) for size in range(1, len(money)) for members in combinations(money, size)]
    return [
        sum(w for name in members for other, w in links[name].items() if other not in members)
        for members in parts
        if LEAST_FILL * room <= sum(money[name] for name in members) <= room
    ]


def test_a_share_that_is_smaller_than_every_part_is_told() -> None:
    nodes, links = network([50, 50], [])
    with pytest.raises(EquipoiseError, match=r"no part of the network is as small as 10.0%"):
        assign(nodes, links, 0.1, "a@1")


def test_a_network_without_money_or_with_a_stranger_is_told() -> None:
    with pytest.raises(EquipoiseError, match="no money moves"):
        assign(*network([0, 0], []), 0.1, "a@1")
    with pytest.raises(EquipoiseError, match="which is no node"):
        assign((Node("n0", Decimal(1)),), (Link("n0", "n9", Decimal(1)),), 0.1, "a@1")
    assert CENTS == 100
