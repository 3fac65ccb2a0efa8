"""Whether transforms of counts against published quantiles are uniform where the quantiles are right."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from assets.forecasting.evaluation.calibrate import LEVELS
from assets.forecasting.evaluation.pit import calibration_error, pit_bounds, pit_coverage, pit_histogram, randomised_pit

COUNTS = {
    "poisson 0.1": stats.poisson(0.1),
    "poisson 1": stats.poisson(1),
    "poisson 5": stats.poisson(5),
    "poisson 100": stats.poisson(100),
    "negative binomial 0.3": stats.nbinom(1, 1 / 1.3),
    "negative binomial 5": stats.nbinom(0.3, 0.3 / 5.3),
    "negative binomial 30": stats.nbinom(4, 4 / 34),
}
ROWS = 20_000


def bounds(actual, quantiles):
    return pit_bounds(actual, np.tile(quantiles, (len(actual), 1)), LEVELS)


def smooth_quantiles(law, random):
    """Quantiles of demand spread half a unit to both sides, as pooled residuals around many means give."""
    spread = law.rvs(400_000, random_state=random) + random.uniform(-0.5, 0.5, 400_000)
    return np.maximum(np.quantile(spread, LEVELS), 0)


@pytest.mark.parametrize("name", COUNTS)
def test_the_pit_covers_80_percent_where_quantiles_of_either_kind_are_right(name):
    law, random = COUNTS[name], np.random.default_rng(1)
    actual = law.rvs(ROWS, random_state=random).astype(float)
    assert pit_coverage(*bounds(actual, smooth_quantiles(law, random)), 0.1, 0.9) == pytest.approx(0.8, abs=0.025)
    assert pit_coverage(*bounds(actual, law.ppf(LEVELS)), 0.1, 0.9) == pytest.approx(0.8, abs=0.03)


@pytest.mark.parametrize("name", COUNTS)
def test_the_histogram_is_flat_where_smooth_quantiles_are_right(name):
    law, random = COUNTS[name], np.random.default_rng(2)
    actual = law.rvs(ROWS, random_state=random).astype(float)
    histogram = pit_histogram(*bounds(actual, smooth_quantiles(law, random)))
    assert histogram.sum() == pytest.approx(1)
    assert calibration_error(histogram) < 0.04


def test_raw_coverage_of_small_counts_says_too_much_and_the_pit_does_not():
    actual = COUNTS["poisson 0.1"].rvs(ROWS, random_state=np.random.default_rng(3)).astype(float)
    quantiles = COUNTS["poisson 0.1"].ppf(LEVELS)
    inside = (quantiles[2] <= actual) & (actual <= quantiles[10])
    assert inside.mean() > 0.88
    assert pit_coverage(*bounds(actual, quantiles), 0.1, 0.9) < 0.83


@pytest.mark.parametrize(("factor", "least", "most"), [(0.5, 0.4, 0.6), (2.0, 0.93, 1.0)])
def test_bands_that_are_too_narrow_or_too_wide_are_seen(factor, least, most):
    random = np.random.default_rng(4)
    actual = random.poisson(50, ROWS).astype(float)
    quantiles = 50 + factor * (stats.poisson(50).ppf(LEVELS) - 50)
    assert least < pit_coverage(*bounds(actual, quantiles), 0.1, 0.9) < most
    assert calibration_error(pit_histogram(*bounds(actual, quantiles))) > 0.1


@given(st.lists(st.integers(0, 40), min_size=13, max_size=13), st.integers(0, 60))
def test_bounds_are_ordered_shares_and_meet_those_of_the_next_unit(steps, demand):
    quantiles = np.cumsum(np.array(steps, dtype=float))[None, :] / 5.0
    lower, upper = pit_bounds(np.array([float(demand)]), quantiles, LEVELS)
    following, _ = pit_bounds(np.array([demand + 1.0]), quantiles, LEVELS)
    assert 0 <= lower[0] <= upper[0] <= 1
    assert upper[0] == following[0]


def test_everything_is_at_or_above_nothing():
    lower, _ = pit_bounds(np.zeros(1), np.zeros((1, len(LEVELS))), LEVELS)
    _, upper = pit_bounds(np.full(1, 1e9), np.ones((1, len(LEVELS))), LEVELS)
    assert lower[0] == 0
    assert upper[0] == 1


def test_the_randomised_transform_covers_what_its_expectation_says():
    actual = np.random.default_rng(5).poisson(2, ROWS).astype(float)
    lower, upper = bounds(actual, stats.poisson(2).ppf(LEVELS))
    drawn = randomised_pit(lower, upper, np.arange(ROWS), np.full(ROWS, 7))
    share = np.mean((drawn >= 0.1) & (drawn < 0.9))
    assert share == pytest.approx(pit_coverage(lower, upper, 0.1, 0.9), abs=0.01)


def test_what_is_drawn_follows_the_row_and_not_its_place():
    series, origin = np.arange(50) % 10, np.arange(50) // 10
    lower, upper = np.zeros(50), np.ones(50)
    drawn, order = randomised_pit(lower, upper, series, origin), np.random.default_rng(6).permutation(50)
    assert (randomised_pit(lower, upper, series[order], origin[order]) == drawn[order]).all()
    assert len(np.unique(drawn)) == 50
    assert not (randomised_pit(lower, upper, origin, series) == drawn).all()


def test_without_an_outcome_nothing_is_said():
    none = np.empty(0)
    assert pit_coverage(none, none, 0.1, 0.9) is None
    assert calibration_error(pit_histogram(none, none)) is None
