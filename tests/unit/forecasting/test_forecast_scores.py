import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from assets.forecasting.analogue import negative_binomial_quantiles
from assets.forecasting.backtest import backtest, cross_calibrated
from assets.forecasting.calibrate import LEVELS, Outcomes, calibrate, untested
from assets.forecasting.candidates import candidate, forecast_means
from assets.forecasting.censoring import fill_censored
from assets.forecasting.scores import bias, coverage, pinball_loss, wape
from assets.forecasting.series import build_panel
from assets.kernel.calendar import Bucket, PlanCalendar
from assets.kernel.errors import EquipoiseError

MENU = [
    "SeasonalExponentialSmoothing",
    "SimpleExponentialSmoothing",
    "OptimizedTheta",
    "SeasonalWindowAverage",
    "TSB",
    "CrostonSBA",
    "IMAPA",
    "WindowAverage",
    "HistoricAverage",
]


def outcomes_of(random, rows=400, horizon=4, level=6.0):
    daily = random.poisson(level, (rows, horizon))
    ones = np.ones((rows, horizon))
    origin = np.arange(rows, dtype=np.int64) % 3
    return Outcomes(np.full(rows, level), np.cumsum(ones * level, 1), np.cumsum(daily, 1) * 1.0, ones > 0, origin)


def panel_of(world):
    calendar = PlanCalendar(world.bucket, "UTC")
    import datetime as dt

    return build_panel(world.demand, world.features.assign(category=""), calendar, dt.date(2025, 6, 30), 364)


def test_a_perfect_forecast_scores_nothing():
    actual = np.array([1.0, 5.0, 0.0])
    assert pinball_loss(actual, actual, 0.9) == 0
    assert wape(actual, actual) == 0
    assert bias(actual, actual) == 0
    assert coverage(actual, actual, actual) == 1


def test_scores_without_outcomes_are_numbers():
    none = np.empty(0)
    assert pinball_loss(none, none, 0.9) == 0
    assert wape(none, none) == 0
    assert coverage(none, none, none) is None


@given(arrays(float, 30, elements=st.floats(0, 100)), st.sampled_from([0.1, 0.5, 0.9]))
def test_the_quantile_minimises_the_pinball_loss(actual, level):
    best = np.quantile(actual, level, method="inverted_cdf")
    least = pinball_loss(actual, np.full(30, best), level)
    for other in (0.0, best - 1, best + 1, actual.mean()):
        assert least <= pinball_loss(actual, np.full(30, other), level) + 1e-9


def test_calibration_recovers_the_quantiles_of_poisson_demand():
    random = np.random.default_rng(2)
    calibration = calibrate(outcomes_of(random, rows=4000), untested(4))
    mean = np.array([[6.0, 12.0, 18.0, 24.0]])
    found = calibration.quantiles_of(mean, np.array([6.0]))[0, -1]
    assert found == pytest.approx(stats.poisson(24).ppf(LEVELS), abs=1.3)


def test_few_residuals_take_the_wider_pool():
    random = np.random.default_rng(2)
    few, wide = outcomes_of(random, rows=10), untested(4)
    assert (calibrate(few, wide).quantiles == wide.quantiles).all()


def test_a_bucket_that_is_not_scored_teaches_nothing():
    outcomes = outcomes_of(np.random.default_rng(2))
    spoiled = outcomes.actual.copy()
    spoiled[:100] += 1e6
    scored = outcomes.scored.copy()
    scored[:100] = False
    hidden = Outcomes(outcomes.level, outcomes.expected, spoiled, scored, outcomes.origin)
    clean = outcomes.rows(np.arange(400) >= 100)
    assert (calibrate(hidden, untested(4)).quantiles == calibrate(clean, untested(4)).quantiles).any()
    assert calibrate(hidden, untested(4)).quantiles.max() < 100


def test_an_outcome_is_calibrated_on_other_origins_only():
    outcomes = outcomes_of(np.random.default_rng(2))
    shifted = outcomes.actual.copy()
    shifted[outcomes.origin == 0] += 500
    changed = Outcomes(outcomes.level, outcomes.expected, shifted, outcomes.scored, outcomes.origin)
    own = outcomes.origin == 0
    assert (cross_calibrated(changed)[own] == cross_calibrated(outcomes)[own]).all()


@given(
    st.lists(st.floats(0, 50), min_size=1, max_size=6),
    st.floats(0.05, 50),
)
def test_negative_binomial_quantiles_are_those_of_scipy(means, shape):
    mean = np.array([means])
    found = negative_binomial_quantiles(mean, np.array([shape]))
    expected = stats.nbinom(shape, shape / (shape + mean[..., None])).ppf(LEVELS)
    # At a boundary between two whole numbers the two may round apart.
    assert np.abs(found - np.maximum(expected, 0)).max() <= 1


@pytest.mark.parametrize("name", MENU)
@pytest.mark.parametrize("bucket", list(Bucket))
def test_every_candidate_of_the_menu_forecasts_any_series(name, bucket, worlds):
    panel = panel_of(worlds(items=3, sites=1, length=60, bucket=bucket))
    choice = candidate(name, bucket, panel.season_length)
    rows = np.arange(panel.size)
    mean = forecast_means(choice, panel, fill_censored(panel), rows, np.arange(5, dtype=np.int64))
    assert mean.shape == (3, 5)
    assert np.isfinite(mean).all()
    assert (mean >= 0).all()


def test_the_menu_of_the_shipped_release_is_known(release):
    for names in release.forecast.candidates.values():
        for name in names:
            assert candidate(name, Bucket.DAY, 7).name == name


def test_an_unknown_model_is_refused_with_the_known_ones():
    with pytest.raises(EquipoiseError, match=r"Prophet is unknown.*TSB"):
        candidate("Prophet", Bucket.DAY, 7)


def test_an_origin_sees_only_what_precedes_it(worlds, release):
    world = worlds(items=4)
    panel = panel_of(world)
    altered = panel.demand.copy()
    altered[:, -7:] *= 50
    from dataclasses import replace

    before = backtest(panel, release.forecast, 7)
    after = backtest(replace(panel, demand=altered), release.forecast, 7)
    for one, other in zip(before, after, strict=True):
        # The last seven buckets are only the outcome of the first origin, and history to none.
        if one.champion == other.champion:
            assert (one.outcomes.expected == other.outcomes.expected).all()


def test_ties_go_to_the_earlier_model_of_the_menu(rows, release, world):
    features = world.features.head(1).assign(item_id="flat", site_id="s", demand_segment="smooth")
    flat = type(world)(rows(np.full(90, 5), item="flat", site="s"), features)
    found = backtest(panel_of(flat), release.forecast, 7)[0]
    assert found.champion.name == release.forecast.candidates["smooth"][0]
