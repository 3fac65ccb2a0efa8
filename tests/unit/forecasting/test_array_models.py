"""The array forms of the models against statsforecast, which defines them."""

import numpy as np
import pytest

from assets.forecasting.models.array_models import ARRAY_MODELS, means_since
from assets.forecasting.models.candidates import candidate
from assets.forecasting.models.series_models import definition
from assets.kernel.calendar import Bucket

SEASON = {Bucket.DAY: 7, Bucket.WEEK: 52}


def histories(length: int, shortest: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Histories of every kind of intermittence; half begin late, each has demand."""
    random, count = np.random.default_rng(seed), 60
    sold = random.random((count, length)) < random.random((count, 1)) ** 1.5
    values = random.gamma(1, 3, (count, length)) * sold
    values[:, -1] += (values[:, -shortest:] == 0).all(axis=1)
    begins = np.where(random.random(count) < 0.5, 0, random.integers(0, length - shortest + 1, count))
    values[np.arange(length) < begins[:, None]] = 0.0
    return values, begins


@pytest.mark.parametrize("bucket", list(Bucket))
@pytest.mark.parametrize("name", sorted(ARRAY_MODELS))
@pytest.mark.parametrize("length", [110, 157, 401])
def test_the_array_form_is_statsforecast_s_model_to_the_bit(name, bucket, length):
    choice = candidate(name, bucket, SEASON[bucket])
    values, begins = histories(length, choice.minimum_history, seed=length)
    model = definition(choice)
    theirs = [model.forecast(y=values[row, begin:].copy(), h=60)["mean"] for row, begin in enumerate(begins)]
    ours = ARRAY_MODELS[name](values, begins, 60, choice.parameters)
    np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("name", ["TSB", "CrostonSBA"])
def test_a_single_sale_is_the_size_of_demand(name):
    choice = candidate(name, Bucket.WEEK, 52)
    values = np.zeros((1, 30))
    values[0, 11] = 7.0
    theirs = definition(choice).forecast(y=values[0].copy(), h=3)["mean"]
    np.testing.assert_array_equal(ARRAY_MODELS[name](values, np.array([0]), 3, choice.parameters)[0], theirs)


def test_a_series_that_never_began_has_a_mean_of_zero():
    assert means_since(np.ones((2, 4)), np.array([1, 4])).tolist() == [1.0, 0.0]
