"""Series that no model was made for: each is forecast, says with what, and spoils no other."""

import numpy as np
import pandas as pd
import pytest

from assets.forecasting.models import series_models
from assets.forecasting.models.series_models import FALLBACK
from assets.kernel.frames.forecasts import QUANTILE_COLUMNS

STRANGE = "strange"


@pytest.fixture(scope="module")
def plain(release):
    """Menus of one model each, so that nothing but the series decides."""
    menus = dict.fromkeys(release.forecast.candidates, ("SimpleExponentialSmoothing",))
    return release.model_copy(update={"forecast": release.forecast.model_copy(update={"candidates": menus})})


@pytest.fixture(scope="module")
def small(worlds):
    return worlds(items=3, sites=2, length=90)


@pytest.fixture
def forecast_of(small, plain):
    """Return the forecast of one more series among ordinary ones, the laws checked for all."""

    def forecast(rows, release=plain, segment="smooth"):
        made = small.with_series(rows, STRANGE, "store-0", segment).forecast(release).forecast
        check_laws(made)
        assert len(made) == (len(small.features) + 1) * small.horizon
        return made[made["item_id"] == STRANGE]

    return forecast


def check_laws(forecast: pd.DataFrame) -> None:
    quantiles = forecast[list(QUANTILE_COLUMNS)].to_numpy()
    values = forecast[["mean_units", "cumulative_mean_units", "cumulative_std_units"]].to_numpy()
    assert np.isfinite(quantiles).all()
    assert np.isfinite(values).all()
    assert (values >= 0).all()
    assert (quantiles >= 0).all()
    assert (np.diff(quantiles, axis=1) >= 0).all(), "quantiles cross"
    assert (forecast["model"] != "").all()


def series(rows, units, **told):
    return rows(np.asarray(units), item=STRANGE, site="store-0", **told)


def test_a_constant_series_is_forecast_at_its_constant(forecast_of, rows):
    found = forecast_of(series(rows, [4] * 90))
    assert found["mean_units"].to_numpy() == pytest.approx(np.full(7, 4.0), rel=0.3)
    assert found["mean_units"].mean() == pytest.approx(4.0, rel=0.1)


def test_a_series_of_zeros_is_forecast_from_its_analogues(forecast_of, rows):
    found = forecast_of(series(rows, [0] * 90))
    assert set(found["model"]) == {"analogue"}
    assert found["mean_units"].max() < 0.2


def test_a_single_point_is_forecast_from_its_analogues(forecast_of, rows):
    assert set(forecast_of(series(rows, [3]))["model"]) == {"analogue"}


def test_a_series_that_was_always_sold_out_is_forecast_from_its_analogues(forecast_of, rows):
    found = forecast_of(series(rows, [5] * 60, censored=np.ones(60, dtype=bool)))
    assert set(found["model"]) == {"analogue"}
    assert found["mean_units"].mean() >= 5.0 * 0.9, "what was certainly sold is a lower bound"


def test_returns_count_as_no_demand(forecast_of, rows):
    units = np.tile([6, -4, 5], 30)
    returned, none = series(rows, units), series(rows, np.maximum(units, 0))
    returned["demand_lower_bound_units"] = units
    pd.testing.assert_frame_equal(forecast_of(returned), forecast_of(none), check_exact=True)


def test_fractions_of_a_unit_are_demand(forecast_of, rows):
    fractional = series(rows, [1] * 90)
    fractional["demand_lower_bound_units"] = np.tile([0.25, 0.75, 0.5], 30)
    assert forecast_of(fractional)["mean_units"].mean() == pytest.approx(0.5, rel=0.2)


def test_a_gap_is_unknown_and_does_not_lower_the_forecast(forecast_of, rows):
    whole = series(rows, np.random.default_rng(2).poisson(8, 90))
    gapped = whole.drop(index=[*range(10, 40), *range(80, 88)])
    before, after = (forecast_of(demand)["mean_units"].mean() for demand in (whole, gapped))
    assert after == pytest.approx(before, rel=0.2)


def test_rows_told_twice_count_once(forecast_of, rows):
    told = series(rows, np.random.default_rng(2).poisson(8, 90))
    twice = pd.concat([told, told.iloc[20:70]], ignore_index=True)
    pd.testing.assert_frame_equal(forecast_of(twice), forecast_of(told), check_exact=True)


def test_of_rows_that_contradict_each_other_the_order_decides_nothing(forecast_of, rows):
    told = series(rows, np.random.default_rng(2).poisson(8, 90))
    other = told.assign(demand_lower_bound_units=told["demand_lower_bound_units"] + 3)
    one, two = (forecast_of(pd.concat(order, ignore_index=True)) for order in ([told, other], [other, told]))
    pd.testing.assert_frame_equal(one, two, check_exact=True)


def test_demand_that_is_no_number_is_unknown(forecast_of, rows):
    told = series(rows, np.random.default_rng(2).poisson(8, 90)).astype({"demand_lower_bound_units": "float64"})
    gapped, nameless = told.drop(index=[30, 89]), told.copy()
    nameless.loc[[30, 89], "demand_lower_bound_units"] = [np.nan, np.inf]
    columns = ["mean_units", *QUANTILE_COLUMNS]
    pd.testing.assert_frame_equal(forecast_of(nameless)[columns], forecast_of(gapped)[columns], check_exact=True)


def test_of_twenty_years_the_release_s_history_is_looked_at(forecast_of, rows, plain):
    units = np.random.default_rng(2).poisson(8, 20 * 365)
    long, short = (forecast_of(series(rows, part)) for part in (units, units[-plain.forecast.history_buckets :]))
    pd.testing.assert_frame_equal(long, short, check_exact=True)


def test_a_series_too_short_for_its_champion_says_what_it_is_forecast_with(forecast_of, rows, release):
    menus = dict.fromkeys(release.forecast.candidates, ("WindowAverage",))
    window = release.model_copy(update={"forecast": release.forecast.model_copy(update={"candidates": menus})})
    assert set(forecast_of(series(rows, [3, 5] * 6), window)["model"]) == {FALLBACK}
    assert set(forecast_of(series(rows, [3, 5] * 20), window)["model"]) == {"WindowAverage"}


class Broken:
    """A model that fails as optimisers do, or returns no number."""

    def __init__(self, answer: float | None) -> None:
        self.answer = answer

    def forecast(self, y: np.ndarray, h: int) -> dict[str, np.ndarray]:
        if self.answer is None:
            raise ZeroDivisionError("no model able to be fitted")
        return {"mean": np.full(h, self.answer), "seen": y}


@pytest.mark.parametrize("answer", [None, np.nan, np.inf])
def test_a_model_that_fails_on_a_series_is_stood_in_for_by_its_mean_and_says_so(
    answer, forecast_of, rows, release, monkeypatch
):
    menus = dict.fromkeys(release.forecast.candidates, ("IMAPA",))
    imapa = release.model_copy(update={"forecast": release.forecast.model_copy(update={"candidates": menus})})
    monkeypatch.setattr(series_models, "definition", lambda choice: Broken(answer))  # noqa: ARG005
    found = forecast_of(series(rows, np.random.default_rng(2).poisson(8, 90)), imapa)
    assert set(found["model"]) == {FALLBACK}
    assert found["mean_units"].mean() == pytest.approx(8.0, rel=0.15)
