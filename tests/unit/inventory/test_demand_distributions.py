"""Distributions on a lattice, and demand over a random lead time by routes that must agree."""

import doctest

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from assets.inventory.demand_distributions import families, lattice, over_lead_time
from assets.inventory.demand_distributions.families import (
    constant,
    gamma,
    negative_binomial,
    normal,
    observed,
    poisson,
    tabulated,
)
from assets.inventory.demand_distributions.lattice import Lattice, distance
from assets.inventory.demand_distributions.over_lead_time import (
    compound_moments,
    convolved,
    gamma_fit,
    negative_binomial_fit,
    windows,
)
from assets.inventory.lead_time_demand import LEVELS, CumulativeDemand, LeadTimeDemand
from assets.kernel.errors import EquipoiseError

LEAD_TIME = tabulated({2: 0.3, 3: 0.5, 5: 0.2})


@st.composite
def laws(draw: st.DrawFn, most: int = 8) -> Lattice:
    weights = draw(st.lists(st.floats(0.01, 1.0), min_size=1, max_size=most))
    mass = np.array(weights) / sum(weights)
    return Lattice(draw(st.integers(0, 4)), mass)


@pytest.mark.parametrize("module", [lattice, families, over_lead_time])
def test_the_examples_of_the_docstrings_hold(module) -> None:
    assert doctest.testmod(module).failed == 0


@given(demand=laws(), lead_time=laws(5))
@settings(max_examples=60)
def test_the_compound_sum_has_the_moments_of_the_law_of_total_variance(demand: Lattice, lead_time: Lattice) -> None:
    total = convolved(demand, lead_time)
    mean, variance = compound_moments(demand, lead_time)
    assert total.mean == pytest.approx(mean, abs=1e-8)
    assert total.variance == pytest.approx(variance, abs=1e-6)
    assert total.mass.sum() == pytest.approx(1.0, abs=1e-12)


@given(first=laws(), second=laws())
@settings(max_examples=40)
def test_sums_add_means_and_variances_and_do_not_depend_on_the_order(first: Lattice, second: Lattice) -> None:
    total, other = first.convolve(second), second.convolve(first)
    assert total.mean == pytest.approx(first.mean + second.mean)
    assert total.variance == pytest.approx(first.variance + second.variance, abs=1e-9)
    assert total.mass == pytest.approx(other.mass)


@given(law=laws(), level=st.floats(-3, 20), h=st.floats(0.1, 5), p=st.floats(0.1, 5))
@settings(max_examples=60)
def test_the_cost_of_a_level_is_the_expectation_of_its_definition(law: Lattice, level: float, h: float, p: float):
    left, short = np.maximum(level - law.points, 0) @ law.mass, np.maximum(law.points - level, 0) @ law.mass
    assert law.holding_and_shortage(np.array([level]), h, p)[0] == pytest.approx(h * left + p * short, abs=1e-9)


@given(law=laws(), ratio=st.floats(0.01, 0.99))
@settings(max_examples=40)
def test_a_quantile_is_the_least_point_that_reaches_the_ratio(law: Lattice, ratio: float) -> None:
    level = law.quantile(ratio)
    assert law.mass[law.points <= level].sum() >= ratio - 1e-9
    assert law.mass[law.points < level].sum() < ratio + 1e-9


@pytest.mark.parametrize(
    ("law", "peer"),
    [
        (poisson(6.5), stats.poisson(6.5)),
        (negative_binomial(5, 9), stats.nbinom(25 / 4, 5 / 9)),
        (negative_binomial(2, 300), stats.nbinom(4 / 298, 2 / 300)),
    ],
)
def test_families_have_the_probabilities_of_scipy(law: Lattice, peer) -> None:
    assert law.mass == pytest.approx(peer.pmf(law.points), abs=1e-11)


def test_continuous_families_keep_their_moments_on_a_fine_lattice() -> None:
    fine = gamma(5, 9, 0.05), normal(5, 3, 0.05)
    assert [law.mean for law in fine] == pytest.approx([5, 5], abs=1e-4)
    assert [law.variance for law in fine] == pytest.approx([9, 9], rel=1e-3)


def test_the_four_routes_agree_on_demand_over_a_random_lead_time() -> None:
    # Weekly demand of variance to mean 1.8, lead times of 2 to 5 weeks.
    demand = negative_binomial(5, 9)
    exact = convolved(demand, LEAD_TIME)
    generator = np.random.default_rng(3)
    history = generator.choice(demand.points.astype(np.int64), p=demand.mass, size=8_000)
    assert distance(exact, gamma_fit(demand, LEAD_TIME)) < 0.01
    assert distance(exact, negative_binomial_fit(demand, LEAD_TIME)) < 0.015
    assert distance(exact, windows(history, np.repeat([2, 3, 5], [3, 5, 2]))) < 0.025


@pytest.mark.parametrize("ratio", [0.5, 0.8, 0.9, 0.95])
def test_fits_are_within_a_unit_of_the_exact_quantile_in_a_usual_case(ratio: float) -> None:
    demand = negative_binomial(5, 9)
    exact = convolved(demand, LEAD_TIME).quantile(ratio)
    assert abs(gamma_fit(demand, LEAD_TIME).quantile(ratio) - exact) <= 1
    assert abs(negative_binomial_fit(demand, LEAD_TIME).quantile(ratio) - exact) <= 1


def test_fits_part_from_the_exact_answer_where_the_lead_time_has_two_humps() -> None:
    # Either tomorrow or in three weeks: no single hump describes it, so fits are for usual cases only.
    demand, lead_time = poisson(5), tabulated({1: 0.5, 21: 0.5})
    exact = convolved(demand, lead_time)
    assert distance(exact, gamma_fit(demand, lead_time)) > 0.1


def test_the_mixture_of_forecasts_agrees_with_the_exact_convolution() -> None:
    demand = poisson(20)
    buckets, probability = np.array([[2, 3, 5]]), np.array([[0.3, 0.5, 0.2]])
    sums = [demand.times(int(count)) for count in range(1, 6)]
    forecast = CumulativeDemand(
        np.array([[law.mean for law in sums]]),
        np.array([[law.variance for law in sums]]),
        np.array([[[law.quantile(level) for level in LEVELS] for law in sums]]),
    )
    mixed = LeadTimeDemand(forecast.upto(buckets), probability)
    exact = convolved(demand, LEAD_TIME)
    assert mixed.mean[0] == pytest.approx(exact.mean)
    assert mixed.std[0] == pytest.approx(exact.variance**0.5)
    for ratio in (0.6, 0.8, 0.9, 0.95):
        assert mixed.quantile(np.array([ratio]))[0] == pytest.approx(exact.quantile(ratio), abs=1.5)


def test_windows_keep_what_neighbouring_buckets_have_in_common() -> None:
    swinging = np.tile([0, 10], 50)
    assert windows(swinging, np.array([2])).variance == 0
    assert convolved(observed(swinging), constant(2)).variance == pytest.approx(50)


def test_a_lead_time_of_no_bucket_is_no_demand() -> None:
    assert convolved(poisson(4), constant(0)).points.tolist() == [0]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Lattice(0, np.array([0.5, 0.4])), "add up to 0.9"),
        (lambda: Lattice(0, np.array([1.5, -0.5])), "at least 0"),
        (lambda: poisson(-1), "no moments of demand"),
        (lambda: poisson(float("nan")), "no moments of demand"),
        (lambda: negative_binomial(5, 3), "variance 3 is below mean 5"),
        (lambda: observed([]), "0 observations"),
        (lambda: observed([3, -1]), "none below 0"),
        (lambda: observed([1.9]), "only whole units"),
        (lambda: observed([float("nan")]), "only whole units"),
        (lambda: normal(5, 1, 0.0), "cells of 0.0 units"),
        (lambda: gamma(5, 4, 0.0), "cells of 0.0 units"),
        (lambda: tabulated({}), "a table without a row"),
        (lambda: negative_binomial_fit(gamma(5, 4, 0.5), constant(2)), "cells of 0.5 units"),
        (lambda: convolved(poisson(1), Lattice(-1, np.ones(1))), "lead time from -1"),
        (lambda: convolved(poisson(1), gamma(2, 1, 0.5)), "whole numbers of buckets"),
        (lambda: windows(np.array([1, 2]), np.array([3])), "no longer than the history"),
        (lambda: poisson(1).convolve(gamma(2, 1, 0.5)), "Use one step"),
    ],
)
def test_what_is_no_distribution_is_refused_in_one_line(make, message: str) -> None:
    with pytest.raises(EquipoiseError, match=message) as caught:
        make()
    assert "\n" not in str(caught.value)
