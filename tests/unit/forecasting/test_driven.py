"""A boosted regression on drivers: what it may know, what it finds, and the point it submits."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.forecasting.models.driven import DrivenModel, View, earlier_errors, point, relative_error
from assets.forecasting.models.driven_features import DrivenPanel, FeatureRows
from assets.forecasting.models.elasticity import driver_effects
from assets.kernel.errors import EquipoiseError

STEPS = (2, 3)
ELASTICITY = -2.5
SMALL = (View(corrects_effects=True, trees=15, least_rows=10), View(corrects_effects=False, trees=15, least_rows=10))


def panel(series: int = 12, length: int = 40, seed: int = 4) -> DrivenPanel:
    """Demand that answers to price with one elasticity, half of the weeks on offer."""
    random = np.random.default_rng(seed)
    price = np.log(np.where(random.random((series, length)) < 0.5, 1.0, 0.7))
    level = random.normal(5.0, 0.5, (series, 1))
    units = np.exp(level + ELASTICITY * price + random.normal(0.0, 0.1, price.shape))
    units[random.random(units.shape) < 0.05] = np.nan
    own = np.stack([price, (price < -0.1).astype(float)], axis=2)
    groups = np.stack([np.arange(series) % 3, np.arange(series) // 3], axis=1)
    return DrivenPanel(units, own, own[:, :, :1], random.normal(size=(series, length, 2)), groups)


def test_units_after_the_origin_change_no_forecast() -> None:
    before = panel()
    units = before.units.copy()
    units[:, 31:] = 7.0 * np.nan_to_num(units[:, 31:]) + 3.0
    known, other = (DrivenModel(given, STEPS, SMALL).centre(30) for given in (before, replace(before, units=units)))
    assert np.array_equal(known, other)


def test_drivers_beyond_the_last_step_change_no_forecast() -> None:
    before = panel()
    own, market = before.own.copy(), before.market.copy()
    own[:, 34:], market[:, 34:] = 9.0, -9.0
    after = replace(before, own=own, regressors=own[:, :, :1], market=market)
    known, other = (DrivenModel(given, STEPS, SMALL).centre(30) for given in (before, after))
    assert np.array_equal(known, other)


def test_the_same_seed_gives_the_same_bits_and_another_does_not() -> None:
    first, again = (DrivenModel(panel(), STEPS, SMALL).centre(30) for _ in range(2))
    other = DrivenModel(panel(), STEPS, [replace(view, seeds=(2,)) for view in SMALL]).centre(30)
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_a_price_cut_ahead_raises_the_forecast_by_its_elasticity() -> None:
    dear, cheap = (panel(), panel())
    for ahead, price in ((dear, 0.0), (cheap, np.log(0.7))):
        ahead.own[:, 32], ahead.regressors[:, 32] = (price, price < -0.1), price
    lift = DrivenModel(cheap, STEPS, SMALL[:1]).centre(30)[:, 0] - DrivenModel(dear, STEPS, SMALL[:1]).centre(30)[:, 0]
    assert np.median(lift) == pytest.approx(ELASTICITY * np.log(0.7), rel=0.2)


def test_forecasts_are_finite_where_a_driver_or_a_series_is_unknown() -> None:
    given = panel()
    given.units[0, :31] = np.nan
    given.own[1, 32], given.regressors[1, 32], given.market[2] = np.nan, np.nan, np.nan
    assert np.isfinite(DrivenModel(given, STEPS, SMALL).centre(30)).all()


def test_an_origin_with_nothing_to_learn_from_is_refused_in_one_line() -> None:
    with pytest.raises(EquipoiseError, match="Give at least 22 known buckets"):
        DrivenModel(panel(), STEPS, SMALL).centre(19)


def test_drivers_that_cover_fewer_buckets_than_demand_are_refused() -> None:
    given = panel()
    with pytest.raises(EquipoiseError, match="market"):
        replace(given, market=given.market[:, :-1])


def test_features_of_an_origin_do_not_depend_on_which_were_asked_before() -> None:
    alone, after = FeatureRows(panel()), FeatureRows(panel())
    after.at(35, 3)
    assert np.array_equal(alone.at(30, 2).expected, after.at(30, 2).expected)


def test_a_series_without_variation_of_its_own_borrows_the_effect_of_its_group() -> None:
    given = panel()
    given.own[0], given.regressors[0] = 0.0, 0.0
    given.regressors[0, -1] = -0.4
    found = driver_effects(given.log_demand[:, :-1], given.regressors, given.groups[:, 0])
    assert found.effect[0, -1] == pytest.approx(ELASTICITY * -0.4, rel=0.25)


def test_the_scale_of_a_driver_changes_no_effect() -> None:
    given = panel()
    plain, scaled = (
        driver_effects(given.log_demand, factor * given.regressors, given.groups[:, 0]).effect for factor in (1, 50)
    )
    np.testing.assert_allclose(plain, scaled, atol=1e-9)


def test_the_gradient_is_the_slope_of_the_relative_error() -> None:
    class Data:
        def get_label(self) -> np.ndarray:
            return np.array([0.0, 1.0, 2.0])

    forecast, small = np.array([0.5, 0.5, 2.2]), 1e-6
    loss = [np.abs(np.exp(forecast + change - Data().get_label()) - 1.0) for change in (-small, small)]
    np.testing.assert_allclose(relative_error(forecast, Data())[0], (loss[1] - loss[0]) / (2 * small), rtol=1e-5)


@given(st.lists(st.floats(-2.0, 2.0), min_size=1, max_size=20), st.floats(-0.5, 0.5))
def test_no_other_point_has_a_smaller_mean_percentage_error(errors: list[float], change: float) -> None:
    outcomes = np.exp(np.array(errors))
    best = point(np.zeros(1), np.array(errors), "relative")[0]
    assert np.mean(np.abs(best - outcomes) / outcomes) <= np.mean(np.abs(best + change - outcomes) / outcomes) + 1e-9


@given(st.lists(st.floats(-2.0, 2.0), min_size=1, max_size=20))
def test_the_percentage_point_is_never_above_the_median_of_the_outcomes(errors: list[float]) -> None:
    found = np.array(errors)
    below = np.exp(np.quantile(found, 0.5, method="higher"))
    assert point(np.zeros(1), found, "relative")[0] <= below + 1e-12


def test_errors_count_only_once_their_outcome_is_known() -> None:
    log_demand = np.arange(10.0)[None, :]
    centres = {4: np.zeros((1, 2)), 6: np.zeros((1, 2)), 8: np.zeros((1, 2))}
    assert list(earlier_errors(centres, log_demand, STEPS, origin=8)) == [6.0, 7.0, 8.0]


def test_without_earlier_errors_the_centre_is_the_point() -> None:
    assert point(np.log([3.0]), np.empty(0))[0] == pytest.approx(3.0)
