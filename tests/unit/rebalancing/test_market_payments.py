"""What a site pays for scarce room: what the others lose by it, found here by planning them without it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from market_worlds import limits, network, problem
from small_networks import PLAN_DATE, poisson_forecast, profile, release, snapshot

from assets.rebalancing.consolidated import consolidated
from assets.rebalancing.expansion import Network, expand
from assets.rebalancing.item_sites import Ints
from assets.rebalancing.market import kinds, mixing
from assets.rebalancing.market.limits import Limits, together
from assets.rebalancing.market.negotiate import negotiate
from assets.rebalancing.market.parts import part
from assets.rebalancing.market.payments import room_by_sites
from assets.rebalancing.market.settlement import Settlement
from assets.rebalancing.plan import solve
from assets.rebalancing.problem import Problem, build_problem

HORIZON, ITEMS, SITES = 4, 12, ("a", "b", "c")


def stores(seed: int, multiple: int, factor: float = 1.0) -> Problem:
    """Return items of three stores in turn, each of one; ``a`` says that a shortage costs ``factor`` times as much."""
    rng = np.random.default_rng(seed)
    rows, forecast, sourcing = [], [], []
    for k in range(ITEMS):
        item, site = f"i{k:02d}", SITES[k % 3]
        price = float(rng.uniform(4, 9)) * (factor if site == "a" else 1.0)
        rows.append({"item_id": item, "site_id": site, "available_units": int(rng.integers(0, 3)), "source_id": "sup",
                     "shortage_cost_per_unit": price})  # fmt: skip
        forecast += poisson_forecast(item, site, float(rng.choice([1.0, 2.0])), HORIZON)
        sourcing.append({"item_id": item, "supplier_id": "sup", "site_id": site, "quoted_lead_time_days": 1,
                         "unit_cost": float(rng.integers(3, 7)), "order_multiple_units": multiple})  # fmt: skip
    made = snapshot(rows, forecast, sourcing=sourcing)
    return build_problem(made, release=release(), profile=profile(HORIZON), plan_date=PLAN_DATE)


def shared(made: Problem) -> Limits:
    return kinds.supplier_capacity(made, "sup", 0, 18.0)


def of_site(found: Settlement, made: Problem, site: str) -> float:
    return float(found.paid[made.item_sites.site_ids.index(site)])


def alone(net: Network, items: Ints, rows: Limits) -> float:
    """Return what items cost if the limits are theirs."""
    some = part(net, items)
    return negotiate(some.network, rows.take(slice(None), some.moves)).cost


@pytest.mark.parametrize("multiple", [1, 3])
@pytest.mark.parametrize("seed", range(3))
def test_a_site_pays_what_the_others_lose_by_it(seed: int, multiple: int) -> None:
    made = stores(seed, multiple)
    net, rows = expand(made), shared(made)
    found = negotiate(net, rows)
    assert found.paid.max() > 0
    for k, site in enumerate(SITES):
        others = np.flatnonzero(np.arange(ITEMS) % 3 != k)
        taken = rows.used(np.where(np.isin(made.item_sites.item[made.moves.destination], others), 0, found.units))
        beside = replace(rows, fixed=rows.fixed + taken)
        lost = alone(net, others, beside) - alone(net, others, rows)
        assert of_site(found, made, site) == pytest.approx(lost, abs=1e-4)


def test_no_site_pays_more_than_it_saves_or_than_its_room_is_worth_at_whole_units() -> None:
    made = stores(1, 1)
    found = negotiate(expand(made), shared(made))
    charged = {row.subject: row for row in found.transcript if row.outcome == "charged"}
    assert {row.subject: row.price for row in charged.values()} == {
        site: of_site(found, made, site) for site in SITES if of_site(found, made, site) > 0
    }
    awarded = {row.subject: row.bid for row in found.transcript if row.outcome == "awarded"}
    for k, site in enumerate(SITES):
        saved = sum(awarded[f"i{n:02d}"] for n in range(k, ITEMS, 3))
        assert charged[site].price <= min(saved, charged[site].bid) + 1e-6


def test_room_that_only_one_site_can_use_costs_it_nothing() -> None:
    made = stores(2, 1)
    rows = kinds.dock_in(made, "a", 1, 3.0)
    found = negotiate(expand(made), rows)
    assert found.prices[0] > 0
    assert of_site(found, made, "a") == pytest.approx(0.0, abs=1e-6)


def test_what_a_site_pays_does_not_hang_on_how_much_more_it_says_while_it_gets_the_same() -> None:
    truth = stores(0, 3)
    once, twice = ((made, negotiate(expand(made), shared(made))) for made in (truth, stores(0, 3, 1.02)))
    today = truth.moves.bucket == 0
    assert once[1].units[today].tolist() == twice[1].units[today].tolist()
    assert of_site(once[1], once[0], "a") == pytest.approx(of_site(twice[1], twice[0], "a"), abs=1e-5)


def test_in_a_large_market_a_site_pays_the_prices_of_its_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mixing, "WHOLE_ROWS", 0)
    made = stores(0, 1)
    rows = shared(made)
    found = negotiate(expand(made), rows)
    site = made.item_sites.site[made.moves.destination]
    today = np.where(made.moves.bucket == 0, found.units, 0)
    for name in SITES:
        mine = np.where(site == made.item_sites.site_ids.index(name), today, 0)
        assert of_site(found, made, name) == pytest.approx(float(rows.used(mine) @ found.prices))


def test_in_a_large_market_a_site_whose_lines_free_more_room_than_they_take_is_paid_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(mixing, "WHOLE_ROWS", 0)
    stock = {(f"i{k:02d}", site): units for k in range(3) for site, units in (("a", 8), ("b", 0))}
    made = problem(5, 1, stock=stock)
    net = network(made)
    rows = together([kinds.storage(made, "a", bucket, 12.0, np.ones(5)) for bucket in (1, 2)]).ordered()
    found = negotiate(net, rows)
    worth = dict(zip(made.item_sites.site_ids, room_by_sites(net, rows, found.prices, found.units), strict=True))
    assert worth["b"] < 0 < worth["a"], "b takes from the full store a what a cannot keep"
    assert of_site(found, made, "b") == 0.0
    said = {row.subject: row.price for row in found.transcript if row.outcome == "charged"}
    assert said == {"a": pytest.approx(worth["a"])}
    assert sum(said.values()) == pytest.approx(found.paid.sum())


@pytest.mark.parametrize("seed", range(3))
def test_sites_of_one_item_pay_no_less_than_nothing_and_the_transcript_says_what(seed: int) -> None:
    made = problem(5, seed)
    found = negotiate(network(made), limits(made, seed, 0.2))
    assert (found.paid >= 0).all()
    said = {row.subject: row.price for row in found.transcript if row.outcome == "charged"}
    sites = made.item_sites.site_ids
    assert said == {sites[k]: found.paid[k] for k in np.flatnonzero(found.paid > 0)} | {
        site: 0.0 for site in said if found.paid[sites.index(site)] == 0
    }
    assert sum(said.values()) == pytest.approx(sum(deal.paid.sum() for deal in found.deals))


def test_the_plan_tells_what_a_site_pays_and_departures_are_paid_by_those_whom_they_serve() -> None:
    made = problem(4, 1, trucks=1.0)
    made = replace(made, limits=limits(made, 1, 0.3))
    assert made.limits is not None
    assert made.departures is not None
    done = consolidated(expand(made), made.limits)
    bills = made.departures.bill(done.found.every_unit)
    assert bills > 0
    assert done.paid.sum() == pytest.approx(bills + done.found.settlement.paid.sum())
    plan = solve(made)
    charged = plan.transcript.loc[plan.transcript["outcome"] == "charged"]
    assert set(charged["subject"]) <= {"a", "b", "dc"}
    assert len(charged) > 0
