"""Sample paths of demand and the dispersion they are drawn with."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from forecasting_panels import weekly_panel
from scipy.special import ndtri

from assets.forecasting.evaluation.calibrate import LEVELS, untested
from assets.forecasting.intervals import interval_calibration
from assets.forecasting.paths import Dispersion, estimated_dispersion, sample_paths
from assets.forecasting.published_paths import published_paths
from assets.forecasting.registry.selection import Selection
from assets.kernel.frames.forecasts import QUANTILE_COLUMNS

MEAN = np.array([[0.5, 0.5, 0.5], [8.0, 8.0, 8.0]])


def test_the_same_seed_draws_the_same_paths_and_another_seed_others() -> None:
    drawn = sample_paths(MEAN, Dispersion(), 50, seed=4)

    assert np.array_equal(drawn, sample_paths(MEAN, Dispersion(), 50, seed=4))
    assert not np.array_equal(drawn, sample_paths(MEAN, Dispersion(), 50, seed=5))
    assert drawn.shape == (2, 3, 50)
    assert drawn.min() >= 0


def test_paths_keep_mean_and_variance() -> None:
    paths = sample_paths(MEAN, Dispersion(ratio=1.5, growth=0.1, level_cv2=0.0), 40_000, seed=1)

    assert paths.mean(axis=2) == pytest.approx(MEAN, rel=0.03)
    assert paths.var(axis=2) == pytest.approx(MEAN * (1.5 + 0.1 * MEAN), rel=0.05)


def test_a_shared_level_ties_the_buckets_of_a_path_together() -> None:
    apart = sample_paths(MEAN[1:], Dispersion(level_cv2=0.0), 20_000, seed=1)[0]
    tied = sample_paths(MEAN[1:], Dispersion(level_cv2=0.5), 20_000, seed=1)[0]

    assert abs(np.corrcoef(apart)[0, 1]) < 0.03
    assert np.corrcoef(tied)[0, 1] > 0.3


def test_a_mean_of_zero_has_paths_of_zero() -> None:
    assert not sample_paths(np.zeros((1, 2)), Dispersion(), 20, seed=1).any()


def test_dispersion_of_poisson_demand_is_near_one_and_of_wilder_demand_above() -> None:
    random = np.random.default_rng(3)
    level = np.linspace(0.5, 12.0, 60)[:, None]
    poisson = random.poisson(level, (60, 80)).astype(float)
    wild = random.negative_binomial(level / 2.0, 1 / 3, (60, 80)).astype(float)  # variance 3 x mean

    tame = estimated_dispersion(weekly_panel(poisson), 3)
    assert tame.variance_ratio(np.array([1.0, 10.0])) == pytest.approx([1.1, 1.1], abs=0.25)
    assert estimated_dispersion(weekly_panel(wild), 3).variance_ratio(np.array([6.0]))[0] > 2.0


def test_a_few_wholesale_orders_do_not_move_the_dispersion_much() -> None:
    random = np.random.default_rng(3)
    poisson = random.poisson(np.linspace(2.0, 12.0, 60)[:, None], (60, 80)).astype(float)
    spiked = poisson.copy()
    spiked[::20, 60] = 500.0

    calm, shaken = (estimated_dispersion(weekly_panel(units), 3) for units in (poisson, spiked))
    assert shaken.variance_ratio(np.array([6.0])) == pytest.approx(calm.variance_ratio(np.array([6.0])), rel=0.5)


def test_without_history_the_stated_dispersion_stands() -> None:
    assert estimated_dispersion(weekly_panel(np.zeros((2, 2))), 3) == Dispersion()


def test_all_zero_demand_has_a_dispersion_within_bounds() -> None:
    found = estimated_dispersion(weekly_panel(np.zeros((30, 80))), 3)

    assert 1.0 <= found.ratio <= 4.0
    assert 0.0 <= found.growth <= 1.0


def published(means: dict[str, list[float]]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A forecast of normal cumulative demand with a level error, and the calibration beside it."""
    rows = []
    for item, mean in means.items():
        cumulative = np.cumsum(mean)
        std = np.sqrt(2.0 * cumulative + 0.04 * cumulative**2)
        quantiles = np.maximum.accumulate(np.maximum(cumulative[:, None] + std[:, None] * ndtri(LEVELS), 0.0), axis=0)
        for bucket in range(len(mean)):
            told = {"item_id": item, "site_id": "s", "bucket_index": bucket, "demand_segment": "smooth", "model": "m"}
            told |= {"cumulative_mean_units": cumulative[bucket], "cumulative_std_units": std[bucket]}
            rows.append(told | dict(zip(QUANTILE_COLUMNS, quantiles[bucket], strict=True)))
    selection = Selection(dt.date(2025, 6, 30), "rules", (), untested(4), pd.DataFrame())
    return pd.DataFrame(rows), interval_calibration(selection, selection.made_for)


def test_published_paths_have_the_published_distribution_of_cumulative_demand() -> None:
    forecast, calibration = published({"a": [5.0, 8.0, 2.0, 20.0], "b": [0.4] * 4, "z": [0.0] * 4})
    series, paths = published_paths(forecast, calibration, 2000, seed=1)

    assert list(series["item_id"]) == ["a", "b", "z"]
    assert paths.shape == (3, 4, 2000)
    assert paths.min() >= 0
    found = np.quantile(paths.cumsum(axis=1), LEVELS, axis=2).transpose(1, 2, 0)
    told = forecast[list(QUANTILE_COLUMNS)].to_numpy().reshape(3, 4, len(LEVELS))
    # Whole units are half a unit off at most, the draw of 2,000 a little more in the tails.
    assert np.abs(found - told).max() <= 0.75


def test_published_paths_follow_seed_and_key_not_the_order_of_rows() -> None:
    forecast, calibration = published({"a": [5.0, 8.0, 2.0, 20.0], "b": [0.4] * 4})
    paths = published_paths(forecast, calibration, 50, seed=1)[1]
    shuffled = published_paths(forecast.sample(frac=1.0, random_state=3), calibration, 50, seed=1)[1]

    assert np.array_equal(paths, shuffled)
    assert not np.array_equal(paths, published_paths(forecast, calibration, 50, seed=2)[1])
