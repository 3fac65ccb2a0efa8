"""Laws of the guaranteed-service placement, against enumeration that shares no code with it."""

import itertools
import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.inventory.guaranteed_service.levels import network_levels
from assets.inventory.guaranteed_service.network import Arc, Demand, Stage, StageNetwork
from assets.inventory.guaranteed_service.placement import place_safety_stock
from assets.inventory.guaranteed_service.tree import fold_trees
from assets.kernel.errors import EquipoiseError

NAMES = "abcdef"
LIMIT = st.none() | st.integers(0, 3)


@st.composite
def networks(draw: st.DrawFn, *, tree: bool, most: int = 5) -> StageNetwork:
    """A network whose arcs run from earlier names to later ones, or on a tree either way round."""
    count = draw(st.integers(1, most))
    arcs = {}
    for at in range(1, count):
        linked = draw(st.sets(st.integers(0, at - 1), min_size=1, max_size=1 if tree else 3))
        for other in sorted(linked):
            ends = (other, at) if not tree or draw(st.booleans()) else (at, other)
            arcs[ends] = Arc(NAMES[ends[0]], NAMES[ends[1]], draw(st.sampled_from([1.0, 1.0, 2.0])))
    ends_up = {arc.upstream for arc in arcs.values()}
    return StageNetwork(
        tuple(draw(stages(NAMES[at], sells=NAMES[at] not in ends_up)) for at in range(count)),
        tuple(arcs.values()),
        draw(st.sampled_from([0.25, 1.0])),
    )


@st.composite
def stages(draw: st.DrawFn, name: str, *, sells: bool) -> Stage:
    sells = sells or draw(st.integers(0, 4)) == 0
    amounts = st.floats(0.5, 20.0).map(lambda one: round(one, 2))
    return Stage(
        name,
        draw(st.integers(0, 3)),
        added_cost=draw(amounts),
        max_service_time=draw(LIMIT),
        supply_time=draw(st.sampled_from([0, 0, 0, 2])),
        max_inbound_service_time=draw(st.none() | st.integers(2, 4)),
        demand=Demand(5.0, draw(amounts), 1.5) if sells else None,
        pooling=draw(st.sampled_from([1.0, 2.0, 3.0])),
    )


def enumerated(network: StageNetwork) -> float:
    """Return the least cost over every combination of outbound service times."""
    order = network.order()
    stage = {one.name: one for one in network.stages}
    inputs = {name: [arc for arc in network.arcs if arc.downstream == name] for name in order}
    outputs = {name: [arc for arc in network.arcs if arc.upstream == name] for name in order}
    value: dict[str, float] = {}
    for name in order:
        value[name] = stage[name].added_cost + sum(arc.units * value[arc.upstream] for arc in inputs[name])

    def ways(name: str, end: str) -> float:
        return float(name == end) + sum(arc.units * ways(arc.downstream, end) for arc in outputs[name])

    weight = {}
    for name in order:
        power = stage[name].pooling
        bounds = [ways(name, e.name) * e.demand.safety_factor * e.demand.std for e in network.stages if e.demand]
        weight[name] = network.holding_rate * value[name] * sum(bound**power for bound in bounds) ** (1 / power)
    longest = sum(one.processing_time + one.supply_time for one in network.stages)
    best = math.inf

    def extend(at: int, quoted: dict[str, int], cost: float) -> None:
        nonlocal best
        if at == len(order):
            best = min(best, cost)
            return
        one = stage[order[at]]
        inbound = max([one.supply_time, *(quoted[arc.upstream] for arc in inputs[one.name])])
        if one.max_inbound_service_time is not None and inbound > one.max_inbound_service_time:
            return
        last = min(inbound + one.processing_time, longest if one.max_service_time is None else one.max_service_time)
        for service in range(last + 1):
            spent = weight[one.name] * math.sqrt(inbound + one.processing_time - service)
            extend(at + 1, {**quoted, one.name: service}, cost + spent)

    extend(0, {}, 0.0)
    return best


@settings(max_examples=25)
@given(networks(tree=True))
def test_the_dynamic_program_on_a_tree_finds_the_enumerated_optimum(network):
    placed = place_safety_stock(network)
    assert placed.core_size == 0
    assert placed.cost == pytest.approx(enumerated(network), rel=1e-9, abs=1e-9)
    assert placed.gap <= 1e-12


@settings(max_examples=15)
@given(networks(tree=True))
def test_the_integer_program_agrees_with_the_dynamic_program(network):
    tree, general = place_safety_stock(network), place_safety_stock(network, fold=False)
    assert general.core_size == len(network.stages)
    assert general.cost == pytest.approx(tree.cost, rel=1e-7, abs=1e-7)
    assert general.bound == pytest.approx(tree.cost, rel=1e-6, abs=1e-6)


@settings(max_examples=25)
@given(networks(tree=False))
def test_a_general_network_finds_the_enumerated_optimum(network):
    placed = place_safety_stock(network)
    assert placed.cost == pytest.approx(enumerated(network), rel=1e-7, abs=1e-7)
    assert placed.gap <= 1e-6


@settings(max_examples=20)
@given(networks(tree=False))
def test_every_promise_can_be_kept(network):
    placed = {one.name: one for one in place_safety_stock(network).stages}
    for stage in network.stages:
        one = placed[stage.name]
        assert one.net_replenishment_time >= 0
        assert 0 <= one.service_time <= (math.inf if stage.max_service_time is None else stage.max_service_time)
        assert one.inbound_service_time >= stage.supply_time
        if stage.max_inbound_service_time is not None:
            assert one.inbound_service_time <= stage.max_inbound_service_time
    for arc in network.arcs:
        assert placed[arc.downstream].inbound_service_time >= placed[arc.upstream].service_time


@settings(max_examples=15)
@given(networks(tree=False), st.sampled_from([1e-6, 0.5, 3.0, 1e6]))
def test_dearer_stock_costs_as_much_more(network, factor):
    dearer = replace(network, holding_rate=network.holding_rate * factor)
    assert place_safety_stock(dearer).cost == pytest.approx(factor * place_safety_stock(network).cost, rel=1e-7)


@settings(max_examples=15)
@given(networks(tree=False), st.integers(0, 4), st.sampled_from(["max_service_time", "max_inbound_service_time"]))
def test_relaxing_a_limit_never_costs_more(network, at, limit):
    at %= len(network.stages)
    free = replace(network.stages[at], **{limit: None})
    relaxed = replace(network, stages=(*network.stages[:at], free, *network.stages[at + 1 :]))
    assert place_safety_stock(relaxed).cost <= place_safety_stock(network).cost * (1 + 1e-7) + 1e-9


@settings(max_examples=15)
@given(networks(tree=False), st.permutations(NAMES))
def test_names_of_stages_change_nothing(network, names):
    new = dict(zip(NAMES, names, strict=True))
    renamed = replace(
        network,
        stages=tuple(replace(stage, name=new[stage.name]) for stage in network.stages),
        arcs=tuple(replace(arc, upstream=new[arc.upstream], downstream=new[arc.downstream]) for arc in network.arcs),
    )
    assert place_safety_stock(renamed).cost == pytest.approx(place_safety_stock(network).cost, rel=1e-7, abs=1e-9)


@settings(max_examples=15)
@given(networks(tree=False))
def test_the_order_of_stages_and_arcs_changes_no_bit(network):
    turned = replace(network, stages=network.stages[::-1], arcs=network.arcs[::-1])
    assert place_safety_stock(turned) == place_safety_stock(network) == place_safety_stock(network)


def test_folding_in_blocks_changes_no_bit(monkeypatch):
    stages = [Stage(name, 4, added_cost=1.0) for name in "abcd"]
    sold = replace(stages[-1], demand=Demand(5.0, 2.0, 1.5), max_service_time=1)
    network = StageNetwork((*stages[:-1], sold), tuple(itertools.starmap(Arc, itertools.pairwise("abcd"))))
    whole = place_safety_stock(network)
    monkeypatch.setattr("assets.inventory.guaranteed_service.tree.BLOCK", 1)
    assert place_safety_stock(network) == whole


def test_networks_that_do_not_touch_are_solved_beside_each_other():
    lines = [
        StageNetwork((Stage(a, 3, added_cost=2.0), Stage(b, 2, added_cost=5.0, **sold)), (Arc(a, b),))
        for a, b, sold in (
            ("a", "b", {"demand": Demand(4.0, 2.0, 1.6), "max_service_time": 0}),
            ("c", "d", {"demand": Demand(9.0, 7.0, 1.6), "max_service_time": 1}),
        )
    ]
    both = StageNetwork(lines[0].stages + lines[1].stages, lines[0].arcs + lines[1].arcs)
    assert place_safety_stock(both).cost == pytest.approx(sum(place_safety_stock(line).cost for line in lines))


def test_demands_pool_as_the_stage_says():
    shops = tuple(Stage(name, 1, demand=Demand(1.0, std, 2.0)) for name, std in (("x", 3.0), ("y", 4.0)))
    arcs = (Arc("hub", "x"), Arc("hub", "y"))
    bounds = {
        power: network_levels(StageNetwork((Stage("hub", 1, pooling=power), *shops), arcs))[0].demand_bound
        for power in (1.0, 2.0, 400.0)
    }
    assert bounds[1.0] == pytest.approx(14.0)
    assert bounds[2.0] == pytest.approx(10.0)
    assert bounds[400.0] == pytest.approx(8.0)


def test_two_ways_to_one_demand_are_not_independent():
    stages = (Stage("a", 1), Stage("b", 1), Stage("c", 1), Stage("d", 1, demand=Demand(2.0, 3.0, 1.0)))
    arcs = (Arc("a", "b", 2.0), Arc("a", "c"), Arc("b", "d"), Arc("c", "d", 3.0))
    top = network_levels(StageNetwork(stages, arcs))[0]
    assert (top.name, top.demand_mean, top.demand_bound) == ("a", 10.0, 15.0)


def test_only_the_core_goes_to_the_integer_program():
    stages = (*(Stage(name, 1) for name in "abcde"), Stage("f", 1, demand=Demand(2.0, 3.0, 1.0)))
    arcs = (Arc("a", "b"), Arc("b", "c"), Arc("b", "d"), Arc("c", "e"), Arc("d", "e"), Arc("e", "f"))
    folding = fold_trees(network_levels(StageNetwork(stages, arcs)))
    assert [folding.stages[at].level.name for at in folding.core] == ["b", "c", "d", "e"]


BROKEN = {
    "stage a: processing time -1 is not a whole number of at least 0": {"processing_time": -1},
    "stage a: processing time 1.5 is not a whole number of at least 0": {"processing_time": 1.5},
    "stage a: longest service time -2 is not a whole number of at least 0": {"max_service_time": -2},
    "stage a: supply time nan is not a whole number of at least 0": {"supply_time": math.nan},
    "stage a: supply time 5 is above the longest inbound service time 4": {
        "supply_time": 5,
        "max_inbound_service_time": 4,
    },
    "stage a: added cost -1.0 is not at least 0": {"added_cost": -1.0},
    "stage a: unit cost inf is not at least 0": {"unit_cost": math.inf},
    "stage a: pooling 0.5 is not at least 1": {"pooling": 0.5},
    "stage a: demand std -3.0 is not at least 0": {"demand": Demand(1.0, -3.0, 1.0)},
    "stage a: demand mean nan is not at least 0": {"demand": Demand(math.nan, 3.0, 1.0)},
}


@pytest.mark.parametrize("fault", BROKEN)
def test_a_fault_of_a_stage_is_named(fault):
    stages = (replace(Stage("a", 1), **BROKEN[fault]), Stage("b", 1, demand=Demand(1.0, 1.0, 1.0)))
    network = StageNetwork(stages, (Arc("a", "b"),))
    assert network.consistency() == [fault]
    with pytest.raises(EquipoiseError, match="Correct what is named"):
        place_safety_stock(network)


def test_faults_of_a_network_are_all_named():
    stages = (Stage("a", 1), Stage("a", 1), Stage("b", 1))
    arcs = (Arc("a", "b"), Arc("a", "b"), Arc("b", "a"), Arc("b", "b"), Arc("x", "b"), Arc("b", "y", 0.0))
    faults = StageNetwork(stages, arcs, holding_rate=-0.1).consistency()
    assert faults[:-1] == [
        "holding rate -0.1 is not at least 0",
        "stage a: named 2 times",
        "arc a -> b: given more than once",
        "arc x -> b: there is no stage x",
        "arc b -> y: there is no stage y",
        "arc b -> y: units 0.0 are not above 0",
        "no stage has demand",
    ]
    assert faults[-1].startswith("cycle ")


def test_an_empty_network_has_no_demand():
    assert StageNetwork(()).consistency() == ["no stage has demand"]


def test_demand_that_never_varies_needs_no_stock():
    placed = place_safety_stock(StageNetwork((Stage("a", 3, added_cost=1.0, demand=Demand(4.0, 0.0, 2.0)),)))
    assert (placed.cost, placed.gap) == (0.0, 0.0)
