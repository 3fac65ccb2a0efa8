import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from assets.inventory.lead_time_demand import (
    LEVELS,
    CumulativeDemand,
    LeadTimeDemand,
    distribution_function,
    gamma_quantiles,
)
from assets.inventory.single_echelon.base_stock import base_stock_empirical, base_stock_normal
from assets.inventory.single_echelon.newsvendor import critical_ratio, newsvendor_poisson
from assets.kernel.errors import EquipoiseError


def normal_demand(mean=20.0, std=4.0, horizon=8, rows=1):
    buckets = np.arange(1, horizon + 1)
    means, variances = np.tile(mean * buckets, (rows, 1)), np.tile(std**2 * buckets, (rows, 1))
    quantiles = means[..., None] + np.sqrt(variances)[..., None] * stats.norm.ppf(LEVELS)
    return CumulativeDemand(means, variances, quantiles)


def over(demand, buckets, probability):
    return LeadTimeDemand(demand.upto(np.array([buckets])), np.array([probability]))


def test_over_a_certain_lead_time_it_is_the_forecast():
    demand = normal_demand()
    certain = over(demand, [5], [1.0])
    assert certain.mean[0] == pytest.approx(100)
    assert certain.std[0] == pytest.approx(4 * 5**0.5)
    for level in (0.1, 0.5, 0.9, 0.95):
        expected = demand.quantiles[0, 4, int(np.flatnonzero(level == LEVELS)[0])]
        assert certain.quantile(np.array([level]))[0] == pytest.approx(expected, abs=1e-6)


def test_a_random_lead_time_adds_its_variance():
    # Var = E[L] var(D) + var(L) E[D]^2 (Silver, Pyke and Thomas 2017, section 6.10).
    mixed = over(normal_demand(), [4, 6], [0.5, 0.5])
    assert mixed.mean[0] == pytest.approx(100)
    assert mixed.std[0] ** 2 == pytest.approx(5 * 16 + 1 * 400)


def test_the_mixture_s_quantile_is_that_of_the_mixture():
    mixed = over(normal_demand(), [2, 6], [0.5, 0.5])
    at = mixed.quantile(np.array([0.9]))[0]
    parts = [stats.norm(40, 4 * 2**0.5), stats.norm(120, 4 * 6**0.5)]
    assert np.mean([part.cdf(at) for part in parts]) == pytest.approx(0.9, abs=0.01)


def test_beyond_the_horizon_demand_goes_on_at_the_same_rate():
    longer = over(normal_demand(horizon=4), [8], [1.0])
    assert longer.mean[0] == pytest.approx(160)
    assert longer.std[0] == pytest.approx(4 * 8**0.5)
    assert longer.quantile(np.array([0.9]))[0] == pytest.approx(stats.norm(160, 4 * 8**0.5).ppf(0.9), abs=0.1)


def test_no_bucket_is_no_demand():
    none = over(normal_demand(), [0], [1.0])
    assert none.mean[0] == 0
    assert none.quantile(np.array([0.99]))[0] == pytest.approx(0, abs=1e-6)


def test_the_tail_beyond_the_last_quantile_decays():
    quantiles = normal_demand().quantiles[:, 4]
    high = [float(distribution_function(quantiles, np.array([x]))[0]) for x in (121.0, 125.0, 140.0, 500.0)]
    assert 0.99 < high[0] < high[1] < high[2] <= high[3] <= 1


def test_where_quantiles_coincide_the_probability_jumps():
    counts = np.array([[0.0] * 7 + [1.0] * 4 + [2.0] * 2])
    assert distribution_function(counts, np.array([0.0]))[0] == pytest.approx(0.5)
    assert distribution_function(counts, np.array([1.0]))[0] == pytest.approx(0.9)
    assert distribution_function(counts, np.array([-0.1]))[0] == 0


def test_gamma_quantiles_are_those_of_scipy():
    found = gamma_quantiles(np.array([[10.0, 0.0, 5.0]]), np.array([[40.0, 0.0, 0.0]]))
    assert found[0, 0] == pytest.approx(stats.gamma(2.5, scale=4).ppf(LEVELS))
    assert (found[0, 1] == 0).all()
    assert (found[0, 2] == 5).all()


def test_a_newsvendor_without_costs_is_refused():
    with pytest.raises(EquipoiseError, match="no critical ratio"):
        critical_ratio(0.0, 0.0)


def test_no_demand_needs_no_stock():
    assert newsvendor_poisson(1.0, 4.0, 0.0).level == 0
    assert newsvendor_poisson(1.0, 4.0, 0.0).cost == 0


def test_the_empirical_base_stock_is_an_observed_demand():
    assert base_stock_empirical(1.0, 9.0, [5, 1, 8, 2, 9, 4, 3, 7, 6, 10]) == 9


QUANTILE_STEPS = st.lists(st.floats(0, 20), min_size=13, max_size=13)


@settings(max_examples=80, deadline=None)
@given(
    steps=st.lists(QUANTILE_STEPS, min_size=1, max_size=4),
    weights=st.lists(st.floats(0.05, 1), min_size=4, max_size=4),
    ratios=st.lists(st.floats(0.001, 0.999), min_size=2, max_size=6),
)
def test_the_quantile_never_falls_when_the_ratio_rises(steps, weights, ratios):
    quantiles = np.cumsum(np.cumsum(np.array(steps), axis=1), axis=0)[None]
    horizon = quantiles.shape[1]
    means = quantiles[:, :, 6]
    demand = CumulativeDemand(means, means, quantiles)
    probability = np.array(weights[:horizon]) / sum(weights[:horizon])
    mixed = LeadTimeDemand(demand.upto(np.arange(1, horizon + 1)[None]), probability[None])
    found = [float(mixed.quantile(np.array([ratio]))[0]) for ratio in sorted(ratios)]
    assert (np.diff(found) >= 0).all()
    assert min(found) >= 0


@settings(max_examples=50, deadline=None)
@given(st.floats(0.01, 10), st.floats(0.01, 10), st.floats(1, 100), st.floats(0, 20))
def test_the_base_stock_of_normal_demand_rises_with_the_shortage_cost(h, p, mean, std):
    assert base_stock_normal(h, 2 * p, mean, std, 3).level >= base_stock_normal(h, p, mean, std, 3).level
