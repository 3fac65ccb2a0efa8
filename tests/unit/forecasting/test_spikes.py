"""One order of a series, however large, is no forecast of it: what each model makes of one spike."""

from functools import cache

import numpy as np
import pytest
from forecasting_panels import weekly_panel

from assets.forecasting.history.censoring import fill_censored
from assets.forecasting.models.boosted import fit_boosted
from assets.forecasting.models.candidates import candidate
from assets.forecasting.models.known import Known
from assets.kernel.calendar import Bucket

LENGTH, AHEAD = {Bucket.DAY: 120, Bucket.WEEK: 110}, {Bucket.DAY: 7, Bucket.WEEK: 4}
MODELS = ("ShrunkenMean", "Boosted", "Combination", "SimpleExponentialSmoothing", "TSB", "OptimizedTheta", "IMAPA")
SPIKED = 3


@cache
def expected(bucket: Bucket, size: float | None, ago: int) -> dict[str, float]:
    """Demand over the horizon of one of 40 series of 8, by model."""
    units = np.random.default_rng(5).poisson(8.0, (40, LENGTH[bucket])).astype(float)
    if size is not None:
        units[SPIKED, -ago] = size
    panel = weekly_panel(units, bucket=bucket)
    phase = np.arange(panel.length, panel.length + AHEAD[bucket]) % panel.season_length
    known = Known(panel, fill_censored(panel), phase, panel, np.arange(panel.size), fit_boosted(panel, phase))
    row = np.array([SPIKED])
    return {name: float(candidate(name, bucket).forecast(known, row).mean.sum()) for name in MODELS}


@pytest.mark.parametrize("bucket", list(Bucket))
@pytest.mark.parametrize(("size", "ago"), [(900, 1), (900, 2), (900, 10), (100_000, 1), (100_000, 10)])
def test_a_spike_moves_the_forecast_of_its_own_series_by_less_than_an_eighth(bucket, size, ago):
    calm, found = expected(bucket, None, 0), expected(bucket, size, ago)
    assert found == pytest.approx(calm, rel=1 / 8)
