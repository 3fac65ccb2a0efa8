"""Deseasonalised demand and its shrunken exponential mean."""

import doctest

import numpy as np
import pytest
from forecasting_panels import weekly_panel

from assets.forecasting.history import levels as module
from assets.forecasting.history.levels import deseasonalised, exponential_mean


def test_the_example_of_the_docstring_holds() -> None:
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


def test_one_wholesale_order_is_cut_to_a_multiple_of_the_level() -> None:
    units = np.full((2, 60), 2.0)
    units[0, -1] = 900.0

    spiked, calm = deseasonalised(weekly_panel(units), seasonal=False).base
    assert calm == pytest.approx(2.0)
    assert spiked < 20.0


def test_a_series_that_never_sold_keeps_a_level_above_zero() -> None:
    assert (deseasonalised(weekly_panel(np.zeros((2, 60)))).base > 0).all()
