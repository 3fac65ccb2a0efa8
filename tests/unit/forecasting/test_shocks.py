"""What the series of an origin share: estimated from a few origins, and widening what they tell."""

import numpy as np
import pytest
from scipy import stats

from assets.forecasting.evaluation.calibrate import LEVELS, MEDIAN
from assets.forecasting.evaluation.shocks import origin_sums, shared_share, stretch


def residuals(shock: float, origins: int, series: int, seed: int, worlds: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Residuals of unit variance, each world a column; a share ``shock`` of it is common to an origin."""
    random = np.random.default_rng(seed)
    common = np.repeat(random.normal(size=(origins, worlds)), series, axis=0)
    own = random.normal(size=(origins * series, worlds))
    return np.sqrt(shock) * common + np.sqrt(1 - shock) * own, np.repeat(np.arange(origins), series)


def sums_of(values: np.ndarray, origin: np.ndarray):
    return origin_sums(values, np.ones(values.shape, dtype=bool), np.zeros(len(values), dtype=np.int64), origin, 1)


@pytest.mark.parametrize("shock", [0.0, 0.2, 0.6])
def test_the_share_between_origins_is_found_on_average(shock):
    share = shared_share(sums_of(*residuals(shock, 40, 50, 1, worlds=60)))
    assert share.mean() == pytest.approx(shock, abs=0.03)


def test_one_origin_says_nothing_of_what_is_shared():
    values, origin = residuals(0.5, 1, 50, 2)
    assert shared_share(sums_of(values, origin)) == 0.0


def test_what_is_not_scored_and_the_order_of_rows_change_nothing():
    values, origin = residuals(0.4, 4, 30, 3, worlds=5)
    hidden = np.random.default_rng(4).random(values.shape) < 0.3
    pool = np.arange(len(values)) % 2
    plain = origin_sums(values, ~hidden, pool, origin, 2)
    spoiled = origin_sums(np.where(hidden, 1e6, values), ~hidden, pool, origin, 2)
    turned = origin_sums(values[::-1], ~hidden[::-1], pool[::-1], origin[::-1], 2)
    np.testing.assert_allclose(shared_share(spoiled), shared_share(plain))
    np.testing.assert_allclose(shared_share(turned), shared_share(plain))


def test_the_next_origin_is_covered_where_the_pool_alone_is_too_narrow():
    shock, worlds = 0.4, 400
    values, origin = residuals(shock, 4, 60, 5, worlds)
    seen, ahead = origin < 3, origin == 3
    usual = np.full(worlds, shock)
    factor = stretch(sums_of(values[seen], origin[seen]), usual).quantiles[0]
    quantiles = np.quantile(values[seen], LEVELS, axis=0).T
    middle = quantiles[:, [MEDIAN]]
    wide = middle + factor * (quantiles - middle)
    low, high = np.flatnonzero(np.isclose(LEVELS, 0.1))[0], np.flatnonzero(np.isclose(LEVELS, 0.9))[0]

    def covered(law: np.ndarray) -> float:
        return float(np.mean((values[ahead] >= law[:, low]) & (values[ahead] <= law[:, high])))

    assert covered(quantiles) < 0.74
    assert 0.77 < covered(wide) < 0.83


def test_factors_go_to_one_as_origins_grow_and_to_nothing_else_without_a_shock():
    few, many = (stretch(sums_of(*residuals(0.3, count, 40, 6)), np.array([0.3])).quantiles[0, 0] for count in (3, 200))
    assert (few >= many).all()
    assert few[0] > 1.1
    assert many == pytest.approx(np.ones(len(LEVELS)), abs=0.01)
    quiet = stretch(sums_of(*residuals(0.0, 200, 40, 7)), np.array([0.0]))
    assert quiet.deviation == pytest.approx(1.0, abs=0.01)


def test_all_shared_and_one_origin_stay_finite():
    values, origin = np.full((10, 2), 3.0), np.zeros(10, dtype=np.int64)
    found = stretch(sums_of(values, origin), np.array([0.0, 1.0]))
    assert np.isfinite(found.quantiles).all()
    assert (np.diff(found.deviation[0]) > 0).all()
    assert (found.quantiles >= 1.0).all()


def test_tails_are_students_of_the_origins_that_told():
    """Where everything is shared and three origins tell as much as is usual, quantiles are of four degrees."""
    values = np.repeat([[-1.0], [0.0], [1.0]], 50, axis=0)
    found = stretch(sums_of(values, np.repeat(np.arange(3), 50)), np.array([1.0]))
    tail = found.quantiles[0, 0, -1] / found.deviation[0, 0]
    # 0.9 is the most that counts as shared: a little of the variance is that of the series.
    assert stats.t(5.0).ppf(0.99) < tail * stats.norm.ppf(0.99) < stats.t(4.0).ppf(0.99)
