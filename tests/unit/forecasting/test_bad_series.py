"""Series that no model was made for: each is forecast, says with what, and spoils no other."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from unit.forecasting.conftest import World

from assets.forecasting.models import series_models
from assets.forecasting.models.series_models import FALLBACK
from assets.kernel.calendar import Bucket
from assets.kernel.errors import EquipoiseError
from assets.kernel.frames.forecasts import QUANTILE_COLUMNS
from assets.kernel.frames.marts import DIM_EVENT

STRANGE = "strange"
PLAN = pd.Timestamp("2025-06-30")


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

    def forecast(rows, release=plain, segment="smooth", **told):
        made = small.with_series(rows, STRANGE, "store-0", segment).forecast(release, **told).forecast
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


def test_a_series_of_nothing_but_returns_is_one_of_zeros(forecast_of, rows):
    returned, none = series(rows, [-3] * 90), series(rows, [0] * 90)
    returned["demand_lower_bound_units"] = -3
    found = forecast_of(returned)
    pd.testing.assert_frame_equal(found, forecast_of(none), check_exact=True)
    assert set(found["model"]) == {"analogue"}


def test_fractions_of_a_unit_are_demand(forecast_of, rows):
    fractional = series(rows, [1] * 90)
    fractional["demand_lower_bound_units"] = np.tile([0.25, 0.75, 0.5], 30)
    assert forecast_of(fractional)["mean_units"].mean() == pytest.approx(0.5, rel=0.2)


def test_a_gap_is_unknown_and_does_not_lower_the_forecast(forecast_of, rows):
    whole = series(rows, np.random.default_rng(2).poisson(8, 90))
    gapped = whole.drop(index=[*range(10, 40), *range(80, 88)])
    before, after = (forecast_of(demand)["mean_units"].mean() for demand in (whole, gapped))
    assert after == pytest.approx(before, rel=0.2)


def test_of_every_second_bucket_unknown_the_others_tell_the_level(forecast_of, rows):
    whole = series(rows, np.random.default_rng(2).poisson(8, 90))
    before, after = (forecast_of(demand)["mean_units"].mean() for demand in (whole, whole.iloc[::2]))
    assert after == pytest.approx(before, rel=0.2)


def event(kind: str, days: int, **of: object) -> pd.DataFrame:
    """One event of the strange series from the plan date on."""
    told = {
        "plan_date": PLAN, "event_id": "e1", "event_kind": kind, "event_name": "promo", "start_date": PLAN,
        "end_date": PLAN + pd.Timedelta(days=days - 1), "item_id": STRANGE, "available_at": pd.Timestamp("2025-01-01"),
    }  # fmt: skip
    return DIM_EVENT.conform(pd.DataFrame([dict.fromkeys(DIM_EVENT.names) | told | of]))


def test_a_promotion_ahead_of_a_series_that_never_had_one_changes_nothing(small, plain, forecast_of, rows):
    told = series(rows, np.random.default_rng(2).poisson(8, 90))
    promotion = event("promotion", 3)
    columns = ["mean_units", *QUANTILE_COLUMNS]
    found = forecast_of(told, events=promotion)
    np.testing.assert_allclose(found[columns], forecast_of(told)[columns], rtol=1e-9)
    effects = small.with_series(told, STRANGE, "store-0").forecast(plain, events=promotion).effects
    assert not effects["is_used"].any()


@pytest.mark.parametrize("ahead", [False, True])
def test_a_price_that_nobody_tells_any_more_is_the_last_one_told(ahead, forecast_of, rows):
    """Demand of the usual price is expected where none is told ahead, that of an announced one where one is.

    From day 60 on the till tells none, and the shelf keeps the last one.
    """
    day = np.arange(90)
    price = np.where((day % 20 < 6) & (day < 60), 0.7, 1.0)
    told = series(rows, np.random.default_rng(2).poisson(20.0 * price**-2.0))
    told["unit_price"] = np.where(day < 60, price, np.nan)
    found = forecast_of(told, events=event("price", 7, unit_price=0.7) if ahead else None)["mean_units"]
    assert found.mean() == pytest.approx(20.0 * 0.7**-2.0 if ahead else 20.0, rel=0.15)


STRANGERS = {
    "constant": ([4] * 90, {}, "SimpleExponentialSmoothing"),
    "zeros": ([0] * 90, {}, "analogue"),
    "single": ([3], {}, "analogue"),
    "sold-out": ([5] * 60, {"censored": np.ones(60, dtype=bool)}, "analogue"),
    "returns": ([6, -4, 5] * 30, {}, "SimpleExponentialSmoothing"),
    "huge": ([900_000] * 90, {}, "SimpleExponentialSmoothing"),
    "silent": ([9] * 45 + [0] * 45, {}, "SimpleExponentialSmoothing"),
}


@pytest.mark.parametrize("among", [True, False])
def test_many_strange_series_at_once_are_forecast_each_with_its_model(small, plain, rows, among):
    world = small if among else replace(small, demand=small.demand.head(0), features=small.features.head(0))
    for place, (name, (units, told, _)) in enumerate(STRANGERS.items()):
        segment = ("smooth", "lumpy", "new", "dying", "seasonal", "erratic", "intermittent")[place]
        world = world.with_series(rows(np.array(units), item=name, site="store-0", **told), name, "store-0", segment)
    made = world.forecast(plain).forecast
    check_laws(made)
    models = made.drop_duplicates("item_id").set_index("item_id")["model"]
    assert {name: models[name] for name in STRANGERS} == {name: model for name, (_, _, model) in STRANGERS.items()}


@pytest.mark.parametrize(
    ("bucket", "ago", "silent"),
    [(Bucket.DAY, 10, 0), (Bucket.WEEK, 10, 0), (Bucket.WEEK, 1, 0), (Bucket.DAY, 1, 0), (Bucket.DAY, 10, 3)],
)
@pytest.mark.parametrize("size", [900, 100_000])
def test_a_spike_of_one_series_leaves_the_forecast_of_its_neighbours(plain, rows, bucket, ago, silent, size):
    """One among 40 series of 8: days have a season that it must not move, 60 weeks have none.

    Yesterday too, and where nothing is known of the days around it.
    """
    random = np.random.default_rng(5)
    units = random.poisson(8, (40, 60 if bucket is Bucket.WEEK else 120))
    spiky = units.copy()
    spiky[3, -ago] = size
    hidden = np.zeros(units.shape, dtype=bool)
    hidden[3, units.shape[1] - ago - silent : units.shape[1] - ago] = True
    features = pd.DataFrame({"item_id": [f"item-{k}" for k in range(40)], "site_id": "s", "demand_segment": "smooth"})

    def forecast(cells):
        parts = [
            rows(row, item=f"item-{k}", site="s", bucket=bucket, censored=hidden[k]) for k, row in enumerate(cells)
        ]
        return World(pd.concat(parts, ignore_index=True), features, bucket).forecast(plain).forecast

    before, after = (made[made["item_id"] != "item-3"] for made in (forecast(units), forecast(spiky)))
    for name in ("mean_units", "cumulative_std_units", "cumulative_q99_units"):
        assert after[name].to_numpy() == pytest.approx(before[name].to_numpy(), rel=0.03)


def test_an_item_site_that_is_ranged_twice_is_one_line_with_a_remedy(small, plain):
    twice = replace(small, features=pd.concat([small.features, small.features.head(2)], ignore_index=True))
    with pytest.raises(EquipoiseError, match="2 item-sites stand twice, first item-0 at store-0"):
        twice.forecast(plain)


@pytest.mark.parametrize("horizon", [0, -1])
def test_nothing_ahead_is_one_line_with_a_remedy(small, plain, horizon):
    with pytest.raises(EquipoiseError, match="Forecast at least one"):
        replace(small, horizon=horizon).forecast(plain)


def test_a_network_younger_than_one_horizon_is_forecast_and_has_no_scores(plain, worlds):
    made = worlds(items=2, sites=2, length=10).forecast(plain)
    check_laws(made.forecast)
    numbers = ["pinball_loss", "wape", "bias", "mase", "coverage_80", "pit_coverage_80"]
    assert made.scores[numbers].isna().all().all()
    assert (made.scores["origin_count"] == 0).all()


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
