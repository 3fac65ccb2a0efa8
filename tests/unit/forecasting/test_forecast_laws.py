"""Laws of a forecast: ordered quantiles, and what scale and order may change."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.forecasting.history.build_panel import build_panel
from assets.forecasting.history.censoring import fill_censored
from assets.forecasting.history.seasonality import season_factors
from assets.forecasting.models.candidates import candidate, forecast_means
from assets.kernel.calendar import Bucket, PlanCalendar
from assets.kernel.frames.forecasts import QUANTILE_COLUMNS

VALUES = ["mean_units", "cumulative_mean_units", "cumulative_std_units", *QUANTILE_COLUMNS]
CHEAP = settings(max_examples=5, deadline=None)
SEEDS = st.integers(0, 2**16)


def only(release, model: str):
    menus = dict.fromkeys(release.forecast.candidates, (model,))
    return release.model_copy(update={"forecast": release.forecast.model_copy(update={"candidates": menus})})


@pytest.fixture(scope="module")
def one_model(release):
    """Menus of one model each: a champion that changes is no matter of scale."""
    return only(release, "TSB")


def renamed(world, names: dict[str, str]):
    demand, features = (frame.replace({"item_id": names}) for frame in (world.demand, world.features))
    return type(world)(demand, features, world.bucket, world.horizon)


@CHEAP
@given(seed=SEEDS, horizon=st.integers(1, 9))
def test_quantiles_never_cross_and_never_fall_with_the_horizon(worlds, one_model, seed, horizon):
    world = worlds(items=3, sites=2, length=70, seed=seed)
    found = type(world)(world.demand, world.features, world.bucket, horizon).forecast(one_model).forecast
    quantiles = found[list(QUANTILE_COLUMNS)].to_numpy().reshape(-1, horizon, len(QUANTILE_COLUMNS))
    assert (np.diff(quantiles, axis=2) >= 0).all()
    assert (np.diff(quantiles, axis=1) >= 0).all()


def _sold(world, multiple: int):
    units = world.demand["demand_lower_bound_units"] * multiple
    return type(world)(world.demand.assign(demand_lower_bound_units=units), world.features, world.bucket)


@CHEAP
@given(seed=SEEDS, multiple=st.integers(2, 100))
def test_a_network_that_sells_a_multiple_has_a_multiple_of_the_forecast(worlds, one_model, seed, multiple):
    """Means to rounding; quantiles to 3 %, as residuals are scaled by the root of the mean plus 0.05 units.

    Where units are counted it is otherwise, and meant to be: season factors borrow by them (no
    season here: weekly and shorter than two years), and so do analogues. A segment of few outcomes
    moves the levels of a wider law by transforms half a unit wide, so that a quantile may fall on
    the other side of a gap between outcomes: one in twenty may be farther.
    """
    world = worlds(items=4, sites=6, length=60, bucket=Bucket.WEEK, seed=seed)
    once, times = (_sold(world, units).forecast(one_model).forecast for units in (20, 20 * multiple))
    known = (once["model"] == "TSB").to_numpy()
    means = [frame.loc[known, "mean_units"].to_numpy() for frame in (times, once)]
    np.testing.assert_allclose(means[0], means[1] * multiple, rtol=1e-9)
    quantiles = [frame.loc[known, list(QUANTILE_COLUMNS)].to_numpy() for frame in (times, once)]
    size = once.loc[known, "cumulative_q99_units"].to_numpy()[:, None] * multiple
    assert (np.abs(quantiles[0] - quantiles[1] * multiple) <= 0.03 * size).mean() > 0.95


@pytest.mark.parametrize("multiple", [3, 10])
@pytest.mark.parametrize("seed", [0, 1])
def test_boosted_trees_hardly_depend_on_scale_for_most_series(worlds, release, seed, multiple):
    """Half of the series within 2 %; trees split on counts, so that single ones are farther off (README)."""
    world = worlds(items=8, sites=4, length=120, seed=seed)
    once, times = (_sold(world, units).forecast(only(release, "Boosted")).forecast for units in (1, multiple))
    last = (once["bucket_index"] == world.horizon - 1) & (once["model"] == "Boosted")
    for name in ("cumulative_mean_units", "cumulative_q50_units"):
        ratio = times.loc[last, name].to_numpy() / (multiple * once.loc[last, name].to_numpy())
        assert np.median(np.abs(ratio - 1.0)) < (0.02 if name == "cumulative_mean_units" else 0.03)


@CHEAP
@given(seed=SEEDS)
def test_the_order_of_rows_changes_no_bit(worlds, release, seed):
    world = worlds(items=3, sites=2, length=50, seed=seed)
    shuffled = type(world)(
        world.demand.sample(frac=1, random_state=seed), world.features.sample(frac=1, random_state=seed)
    )
    one, two = world.forecast(release), shuffled.forecast(release)
    pd.testing.assert_frame_equal(one.forecast, two.forecast, check_exact=True)
    pd.testing.assert_frame_equal(one.scores, two.scores, check_exact=True)


@pytest.mark.parametrize("model", ["TSB", "ShrunkenMean"])
@pytest.mark.parametrize("seed", range(5))
def test_series_in_another_order_keep_their_forecasts(worlds, release, model, seed):
    """To rounding: what is pooled over series is summed in their order. Trees are not so (README)."""
    world, menu = worlds(items=8, sites=4, length=120, seed=seed), only(release, model)
    names = {f"item-{number}": f"item-{7 - number}" for number in range(8)}
    one = world.forecast(menu).forecast
    other = renamed(world, names).forecast(menu).forecast.replace({"item_id": names})
    other = other.sort_values(["item_id", "site_id", "bucket_index"], ignore_index=True)
    np.testing.assert_allclose(other[VALUES].to_numpy(), one[VALUES].to_numpy(), rtol=1e-9, atol=1e-9)


@CHEAP
@given(seed=SEEDS)
def test_the_same_input_gives_the_same_bits(worlds, release, seed):
    world = worlds(items=2, sites=2, length=50, seed=seed)
    one, two = world.forecast(release), world.forecast(release)
    pd.testing.assert_frame_equal(one.forecast, two.forecast, check_exact=True)
    assert one.selection.version == two.selection.version


@pytest.mark.parametrize("name", ["OptimizedTheta", "ADIDA", "IMAPA", "AutoETS", "TSB", "SeasonalExponentialSmoothing"])
def test_the_row_a_series_stands_in_changes_no_bit(worlds, name):
    """Compiled sums depend on where an array begins in memory, unless it always begins aligned."""
    world, plan_date = worlds(items=3, sites=3, length=75), pd.Timestamp("2025-06-30").date()
    ranged = world.features.assign(category="")
    panel = build_panel(world.demand, ranged, PlanCalendar(Bucket.DAY, "UTC"), plan_date, 364)
    factors, choice = season_factors(panel), candidate(name, Bucket.DAY, 7)
    rows = np.array([1, 2, 5, 8])
    part = panel.take(rows)
    phase = np.arange(7)
    among = forecast_means(choice, panel, fill_censored(panel, factors), rows, phase)
    alone = forecast_means(choice, part, fill_censored(part, factors[rows]), np.arange(len(rows)), phase)
    np.testing.assert_array_equal(among, alone)
