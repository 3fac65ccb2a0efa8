"""The transcript as a stranger reads it: who speaks, what a bid is, and that what limits are asked for adds up."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from market_worlds import base, limits, network, problem

from assets.rebalancing.expansion import Network
from assets.rebalancing.flow import Variant, solve_flows
from assets.rebalancing.lots import relaxed_optimum
from assets.rebalancing.market.demand_planner import needs
from assets.rebalancing.market.messages import SAVES_NOTHING
from assets.rebalancing.market.negotiate import negotiate
from assets.rebalancing.market.rounds import Budget
from assets.rebalancing.market.settlement import Settlement
from assets.rebalancing.market.supply_executor import idle, still_network
from assets.rebalancing.market.transcript import Row

SAYS = {
    "demand_planner": {"needed"},
    "supply_executor": {"proposed", "declined"},
    "constraint_evaluator": {"refused"},
    "conflict_resolver": {"scarce", "full", "free", "awarded", "charged"},
}
ASKED = re.compile(r"(?P<asked>\S+) asked for, (?P<room>\S+) there(?:: (?P<by>.*))?$")
BY = re.compile(r"(?P<amount>\S+) by (?P<count>\d+) (?P<who>new bids?|bids? as before)")


@pytest.fixture(scope="module")
def told() -> Settlement:
    made = problem(5, 3)
    return negotiate(network(made), limits(made, 3, 0.2))


@pytest.fixture(scope="module")
def cut_short() -> Settlement:
    made = problem(5, 3)
    return negotiate(network(made), limits(made, 3, 0.2), Budget(rounds=2))


def saying(found: Settlement, *outcomes: str) -> list[Row]:
    return [row for row in found.transcript if row.outcome in outcomes]


def of_limits(found: Settlement) -> Iterator[tuple[Row, re.Match[str], dict[str, tuple[float, int]]]]:
    for row in saying(found, "scarce", "full", "free"):
        match = ASKED.match(row.reason)
        assert match, row.reason
        parts = {m["who"].replace("bids", "bid"): (float(m["amount"]), int(m["count"]))
                 for m in BY.finditer(match["by"] or "")}  # fmt: skip
        yield row, match, parts


def test_every_round_is_told_and_who_got_what(told: Settlement) -> None:
    assert {row.round for row in told.transcript} == set(range(told.rounds))
    assert [row.subject for row in saying(told, "awarded")] == list(problem(5, 3).item_sites.item_ids)


def test_each_role_says_what_is_its_own(told: Settlement, cut_short: Settlement) -> None:
    for found in (told, cut_short):
        assert {row.agent for row in found.transcript} >= {"demand_planner", "supply_executor", "conflict_resolver"}
        assert all(row.outcome in SAYS[row.agent] for row in found.transcript)


def test_the_demand_planner_speaks_first_and_once_a_deal(told: Settlement) -> None:
    for deal in told.deals:
        assert [row.agent for row in deal.rows].count("demand_planner") == 1
        assert deal.rows[0].agent == "demand_planner"
    assert "5 of 5 items have a use for more" in told.deals[0].rows[0].reason


def test_no_item_is_worth_more_to_a_unit_than_the_need_that_is_stated() -> None:
    made = problem(5, 3)
    net = network(made)
    still = still_network(net)
    without = relaxed_optimum(still).cost
    need, sites = needs(net), made.item_sites
    worth = np.zeros(len(sites))
    worth[need.row] = need.worth
    assert {sites.site_ids[sites.site[row]] for row in need.row} == {"a", "b", "dc"}
    for k in range(len(net.first)):
        move = net.first[k]
        units = np.zeros(len(net.first), dtype=np.int64)
        units[k] = 1
        if made.moves.is_transfer[move]:
            continue
        item = int(sites.item[made.moves.destination[move]])
        saved = (without[item] - solve_flows(first_only(net), Variant(np.arange(net.items), units)).cost[item]) / (
            net.scale
        )
        paid = made.moves.price[move] + made.moves.transport[move]
        assert saved + paid <= worth[made.moves.destination[move]] + 1e-4


def first_only(net: Network) -> Network:
    """Return the network in which nothing leaves later than today."""
    later = (net.move >= 0) & (net.problem.moves.bucket[np.maximum(net.move, 0)] > 0)
    return replace(net, capacity=np.where(later, 0, net.capacity), solved={}, start=None)


def test_a_bid_is_what_a_plan_saves_against_waiting(told: Settlement) -> None:
    made = problem(5, 3)
    net = network(made)
    waiting = base(net) + idle(net, limits(made, 3, 0.2).ordered()).cost.sum() / net.scale
    assert sum(row.bid for row in saying(told, "awarded")) == pytest.approx(waiting - told.cost)
    # Nobody bids for what costs more than it saves: what frees storage is paid for leaving.
    assert all(row.bid >= row.price - 1e-4 for row in saying(told, "proposed"))


def test_what_a_limit_is_asked_for_adds_up_from_new_bids_and_those_as_before(told: Settlement) -> None:
    before = 0
    for row, said, parts in of_limits(told):
        assert sum(amount for amount, _ in parts.values()) == pytest.approx(row.bid, rel=1e-4, abs=1e-4)
        assert float(said["asked"]) == pytest.approx(row.bid, rel=1e-5)
        before += parts.get("bid as before", (0.0, 0))[1]
        heard = [r for r in told.transcript if (r.round, r.outcome) == (row.round, "proposed")]
        assert parts.get("new bid", (0.0, 0))[1] <= len(heard)
    assert before > 0


def test_a_limit_is_full_where_bids_fill_it_at_a_price(told: Settlement) -> None:
    seen = set()
    for row, said, _ in of_limits(told):
        room = float(said["room"])
        seen.add(row.outcome)
        expected = "scarce" if row.bid > room else "full" if row.bid == room else "free"
        assert row.outcome == expected
        assert row.price > 0 or row.outcome == "scarce"
    assert seen == {"scarce", "full", "free"}


def test_who_saves_nothing_declines_and_only_what_breaks_a_limit_is_refused(cut_short: Settlement) -> None:
    declined, refused = saying(cut_short, "declined"), saying(cut_short, "refused")
    assert declined
    assert {row.reason for row in declined} == {SAVES_NOTHING}
    assert all(SAVES_NOTHING not in row.reason for row in refused)
    assert {row.round for row in cut_short.transcript} == set(range(cut_short.rounds))


AT = re.compile(r"at the prices of round (\d+)$")


@pytest.mark.parametrize("seed", range(4))
def test_awards_and_charges_name_the_round_whose_prices_they_are_at(seed: int) -> None:
    made = problem(5, seed)
    shared = limits(made, seed, 0.2).ordered()
    found = negotiate(network(made), shared, Budget(rounds=2 + seed))
    for deal in found.deals:
        rows = [row for row in deal.rows if row.outcome in {"awarded", "charged"} and "nothing" not in row.reason]
        (settled,) = {int(match[1]) for row in rows if (match := AT.search(row.reason))}
        assert all(AT.search(row.reason) for row in rows)
        told = {row.subject: row.price for row in deal.rows if row.round == settled and row.subject in shared.names}
        prices = np.array([told.get(shared.names[k], 0.0) for k in deal.component.limits])
        assert prices.tolist() == deal.prices.tolist()
    paid = sum(row.price for row in saying(found, "awarded"))
    assert paid == pytest.approx(float(found.used @ found.prices))


def test_with_a_spent_budget_awards_pay_the_prices_of_the_settlement(cut_short: Settlement) -> None:
    paid = sum(row.price for row in saying(cut_short, "awarded"))
    assert paid == pytest.approx(float(cut_short.used @ cut_short.prices))
