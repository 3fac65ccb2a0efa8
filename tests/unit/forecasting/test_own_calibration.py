"""What is published of a segment comes of its own calibration, and what dies is calibrated as what may end."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from unit.forecasting.conftest import World, demand_rows
from unit.forecasting.test_published_calibration import HORIZON, poisson

from assets.forecasting.evaluation import backtest
from assets.forecasting.evaluation.outcomes import joined
from assets.forecasting.evaluation.published import network_calibration, segment_calibration
from assets.forecasting.evaluation.scorecard import score_of
from assets.forecasting.forecast import DemandForecast
from assets.forecasting.models.candidates import candidate
from assets.forecasting.registry.championship import selected
from assets.kernel.calendar import Bucket
from assets.kernel.frames.forecasts import QUANTILE_COLUMNS, QUANTILE_LEVELS

MODEL = "HistoricAverage"
CALM, WILD = "smooth", "erratic"


@pytest.fixture(scope="module")
def calm_and_wild(release) -> DemandForecast:
    """Forty series of 20 a day: half of one segment vary little, half of another a lot."""
    random, parts, ranged = np.random.default_rng(3), [], []
    for place in range(40):
        segment = CALM if place < 20 else WILD
        units = random.binomial(25, 0.8, 120) if segment == CALM else random.geometric(1 / 21, 120) - 1
        parts.append(demand_rows(units, item=f"item-{place:02d}"))
        ranged.append((f"item-{place:02d}", "store-0", segment))
    world = World(pd.concat(parts), pd.DataFrame(ranged, columns=["item_id", "site_id", "demand_segment"]))
    menus = dict.fromkeys(release.forecast.candidates, (MODEL,))
    return world.forecast(
        release.model_copy(update={"forecast": release.forecast.model_copy(update={"candidates": menus})})
    )


@pytest.mark.parametrize("segment", [CALM, WILD])
def test_quantiles_and_deviations_of_a_segment_are_those_of_its_own_calibration(calm_and_wild, segment):
    selection, made = calm_and_wild.selection, calm_and_wild.forecast
    own = selection.choice_of(segment).calibration
    rows = made[made["demand_segment"] == segment].sort_values(["item_id", "bucket_index"])
    # What the champion said before its means were corrected.
    mean = rows["mean_units"].to_numpy().reshape(20, -1) / own.mean_factor
    cumulative, level = np.cumsum(mean, axis=1), mean.mean(axis=1)
    published = rows[list(QUANTILE_COLUMNS)].to_numpy().reshape(20, mean.shape[1], len(QUANTILE_COLUMNS))
    np.testing.assert_allclose(published, own.quantiles_of(cumulative, level), rtol=1e-6, atol=1e-6)
    deviation = rows["cumulative_std_units"].to_numpy().reshape(mean.shape)
    np.testing.assert_allclose(deviation, own.deviation_of(cumulative, level), rtol=1e-6)
    # The law of all would be another one: the test could not pass by it.
    low, high = (QUANTILE_LEVELS.index(bound) for bound in (0.2, 0.8))
    laws = [law.quantiles_of(cumulative, level)[:, -1] for law in (own, selection.network)]
    width, of_all = (law[:, high] - law[:, low] for law in laws)
    assert (np.abs(width / of_all - 1.0) > 0.2).all()


def test_a_segment_that_dies_is_calibrated_as_one_whose_series_may_end_and_no_other_is():
    parts = []
    for seed, (segment, rows) in enumerate({CALM: 900, "dying": 24, "new": 24}.items()):
        outcomes = poisson(rows, seed)
        tested = backtest.Tested(candidate(MODEL, Bucket.DAY), score_of(MODEL, outcomes), outcomes)
        parts.append(backtest.SegmentBacktest(segment, np.arange(rows), (tested,)))
    index = pd.DataFrame({"item_id": [f"i{number}" for number in range(900)], "category": "any"})
    found = selected(backtest.Backtest(tuple(parts), None), HORIZON, dt.date(2025, 6, 30), "rules", index)
    network, usual = network_calibration(joined([part.outcomes for part in parts], HORIZON), HORIZON)
    for part in parts:
        own = found.choice_of(part.segment).calibration
        ending, lasting = (segment_calibration(part.outcomes, network, usual, may_end=ends) for ends in (True, False))
        expected, other = (ending, lasting) if part.segment == "dying" else (lasting, ending)
        np.testing.assert_array_equal(own.quantiles, expected.quantiles)
        if part.segment != CALM:
            assert not np.array_equal(expected.quantiles, other.quantiles)
