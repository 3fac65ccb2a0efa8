"""Deseasonalised demand and its shrunken exponential mean."""

import doctest

import numpy as np
import pytest
from forecasting_panels import weekly_panel

from assets.forecasting.history import levels, seasonality, spikes, windows
from assets.forecasting.history.levels import deseasonalised, exponential_mean
from assets.forecasting.history.seasonality import season_factors
from assets.kernel.calendar import Bucket

LENGTH = {Bucket.DAY: 120, Bucket.WEEK: 110}


@pytest.mark.parametrize("module", [levels, seasonality, spikes, windows])
def test_the_examples_of_docstrings_hold(module) -> None:
    assert doctest.testmod(module, extraglobs={"np": np}).failed == 0


def test_unknown_buckets_neither_count_nor_age_the_exponential_mean() -> None:
    known = np.array([[True, False, False, True]])
    values = np.array([[4.0, 100.0, 100.0, 8.0]])

    assert exponential_mean(values, known, 0.5) == pytest.approx([(0.5 * 4 + 8) / 1.5])
    assert exponential_mean(values, np.zeros_like(known), 0.5).tolist() == [0.0]


def test_a_season_that_all_series_share_is_in_the_means_ahead() -> None:
    year = np.where((np.arange(52) >= 20) & (np.arange(52) < 30), 20.0, 8.0)
    panel = weekly_panel(np.tile(year, (20, 2)))

    seasonal = deseasonalised(panel).base_means(np.array([25, 40]))
    flat = deseasonalised(panel, seasonal=False).base_means(np.array([25, 40]))

    assert (seasonal[:, 0] > 2 * seasonal[:, 1]).all()
    assert flat[:, 0] == pytest.approx(flat[:, 1])


def test_one_wholesale_order_leaves_the_level_where_it_was() -> None:
    units = np.full((2, 60), 2.0)
    units[0, -1] = 900.0

    spiked, calm = deseasonalised(weekly_panel(units), seasonal=False).base
    assert calm == pytest.approx(2.0)
    assert spiked == pytest.approx(2.0)


def test_a_series_that_never_sold_keeps_a_level_above_zero() -> None:
    assert (deseasonalised(weekly_panel(np.zeros((2, 60)))).base > 0).all()


def poisson(bucket: Bucket, mean: float, series: int = 40) -> np.ndarray:
    return np.random.default_rng(5).poisson(mean, (series, LENGTH[bucket])).astype(float)


@pytest.mark.parametrize("bucket", list(Bucket))
@pytest.mark.parametrize("ago", [1, 2, 3, 10, 60])
@pytest.mark.parametrize("size", [900, 1e6])
def test_a_huge_spike_counts_as_the_largest_other_cell_however_recent(bucket, ago, size) -> None:
    units = poisson(bucket, 8)
    calm = deseasonalised(weekly_panel(units, bucket=bucket)).base[3]
    units[3, -ago] = size
    found = deseasonalised(weekly_panel(units, bucket=bucket))
    assert found.values[3, -ago] <= 1.1 * np.delete(found.values[3], LENGTH[bucket] - ago).max()
    assert found.base[3] == pytest.approx(calm, abs=0.8)


def test_an_order_of_a_few_times_the_level_counts_and_less_the_larger_it_is() -> None:
    units = np.full((4, 120), 8.0)
    units[:, -10] = 50.0, 60.0, 100.0, 1000.0
    found = deseasonalised(weekly_panel(units, bucket=Bucket.DAY), seasonal=False).values[:, -10]
    # Six times the others and six units are 54; the largest other cell is 8.
    assert found == pytest.approx([50.0, 54**2 / 60, 54**2 / 100, 8.0])


@pytest.mark.parametrize("bucket", list(Bucket))
@pytest.mark.parametrize("ago", [(1, 2), (2, 30), (20, 21)])
def test_two_spikes_do_not_hide_each_other(bucket, ago) -> None:
    units = poisson(bucket, 8)
    units[3, [-each for each in ago]] = 9000, 900
    found = deseasonalised(weekly_panel(units, bucket=bucket), seasonal=False).values[3]
    assert found.max() < 75


@pytest.mark.parametrize("bucket", list(Bucket))
def test_a_spike_beside_buckets_of_which_nothing_is_known_is_cut(bucket) -> None:
    units = poisson(bucket, 8)
    units[3, -10] = 900
    known = np.ones(units.shape, dtype=bool)
    known[3, -14:] = False
    known[3, -10] = True
    found = deseasonalised(weekly_panel(units, observed=known, bucket=bucket))
    assert found.values[3, -10] < 75


@pytest.mark.parametrize("bucket", list(Bucket))
@pytest.mark.parametrize("share", [0.03, 0.05, 0.2])
def test_orders_of_a_lumpy_series_are_no_spikes(bucket, share) -> None:
    random = np.random.default_rng(4)
    shape = (300, 2 * LENGTH[bucket])
    units = np.where(random.random(shape) < share, random.integers(10, 30, shape), 0).astype(float)
    found = deseasonalised(weekly_panel(units, bucket=bucket), seasonal=False).values
    assert (found < units).sum() <= 0.01 * (units > 0).sum()
    assert found.sum() > 0.997 * units.sum()


def test_the_second_sale_of_a_series_that_seldom_sells_is_no_spike() -> None:
    units = np.zeros((2, 100))
    units[:, [30, 80]] = 50.0, 60.0
    assert (deseasonalised(weekly_panel(units, bucket=Bucket.DAY), seasonal=False).values == units).all()


def test_a_day_of_the_week_that_sells_nearly_all_is_no_spike() -> None:
    units = np.random.default_rng(3).poisson(np.where(np.arange(140) % 7 == 5, 200.0, 1.0), (12, 140)).astype(float)
    assert (deseasonalised(weekly_panel(units, bucket=Bucket.DAY), seasonal=False).values == units).all()


@pytest.mark.parametrize("bucket", list(Bucket))
@pytest.mark.parametrize("mean", [1, 8])
@pytest.mark.parametrize("ago", [(1,), (2,), (3,), (1, 2), (20,)])
@pytest.mark.parametrize("size", [900, 1e5])
def test_a_spike_bends_the_season_of_no_series(bucket, mean, ago, size) -> None:
    units = poisson(bucket, mean)
    calm = season_factors(weekly_panel(units, bucket=bucket))
    units[3, [-each for each in ago]] = size
    found = season_factors(weekly_panel(units, bucket=bucket))
    # A week of the year is seen twice: what is left of the spike shows in it.
    near = 0.1 if bucket is Bucket.WEEK else 0.03
    assert np.delete(found, 3, axis=0) == pytest.approx(np.delete(calm, 3, axis=0), rel=near)
    assert (found[3] / calm[3]).max() < 2.0
    assert (found[3] / calm[3]).min() > 0.7


def test_a_week_of_the_year_that_sells_much_in_both_years_keeps_its_season() -> None:
    units = poisson(Bucket.WEEK, 20)
    units[:, [50, 102]] *= 6.0
    # Smoothed by 1-2-1, over a level of 22, and a little shrunk.
    assert season_factors(weekly_panel(units))[:, 50].mean() == pytest.approx(14 / 4 * 20 / 22, rel=0.12)
