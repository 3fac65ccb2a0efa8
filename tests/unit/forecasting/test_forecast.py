import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.forecasting.forecast import forecast_demand
from assets.forecasting.pages.forecast_page import forecast_page, scores_page
from assets.kernel.calendar import Bucket, PlanCalendar
from assets.kernel.frames.forecasts import DEMAND_FORECAST, FORECAST_SCORES, QUANTILE_COLUMNS
from assets.kernel.frames.marts import FCT_DEMAND

QUANTILES = list(QUANTILE_COLUMNS)


def check_laws(forecast: pd.DataFrame) -> None:
    values = forecast[[*QUANTILES, "mean_units", "cumulative_mean_units", "cumulative_std_units"]].to_numpy()
    assert np.isfinite(values).all()
    assert (values >= 0).all()
    assert (np.diff(forecast[QUANTILES].to_numpy(), axis=1) >= 0).all(), "quantiles cross"
    for _, series in forecast.groupby(["item_id", "site_id"]):
        ahead = series.sort_values("bucket_index")[[*QUANTILES, "cumulative_mean_units"]].to_numpy()
        assert (np.diff(ahead, axis=0) >= -1e-12).all(), "cumulative demand falls"


def of(forecast: pd.DataFrame, item: str, site: str) -> pd.DataFrame:
    return forecast[(forecast["item_id"] == item) & (forecast["site_id"] == site)]


def test_every_ranged_item_site_has_every_bucket(made, world):
    assert len(made.forecast) == len(world.features) * world.horizon
    DEMAND_FORECAST.conform(made.forecast)
    FORECAST_SCORES.conform(made.scores)
    check_laws(made.forecast)


def test_the_forecast_is_near_the_rate_that_made_the_demand(made):
    first = of(made.forecast, "item-5", "store-1")
    assert first["cumulative_mean_units"].iloc[-1] == pytest.approx(0.3 * 2**5 * 7, rel=0.15)


def test_each_segment_has_one_champion_with_the_least_loss(made):
    for _, scores in made.scores.groupby("demand_segment"):
        champion = scores[scores["is_champion"]]
        assert len(champion) == 1
        assert champion["pinball_loss"].iloc[0] == pytest.approx(scores["pinball_loss"].min(), abs=1e-8)


def test_the_80_percent_band_holds_about_80_percent(made):
    champions = made.scores[made.scores["is_champion"]]
    assert champions["coverage_80"].between(0.65, 0.93).all()


def test_rows_in_another_order_give_the_same_forecast_to_the_bit(world, made, release):
    shuffled = type(world)(world.demand.sample(frac=1, random_state=11), world.features.sample(frac=1, random_state=12))
    again = shuffled.forecast(release)
    pd.testing.assert_frame_equal(again.forecast, made.forecast, check_exact=True)
    pd.testing.assert_frame_equal(again.scores, made.scores, check_exact=True)


def test_the_model_version_changes_with_data_and_with_candidates(world, made, release):
    before = made.forecast["model_version"].iloc[0]
    altered = world.demand.copy()
    altered.loc[5, "demand_lower_bound_units"] += 1
    assert type(world)(altered, world.features).forecast(release).forecast["model_version"].iloc[0] != before
    menus = {**release.forecast.candidates, "smooth": ("SimpleExponentialSmoothing",)}
    rules = release.forecast.model_copy(update={"candidates": menus})
    other = world.forecast(release.model_copy(update={"forecast": rules}))
    assert other.forecast["model_version"].iloc[0] != before


@pytest.mark.parametrize(
    ("units", "censored"),
    [
        pytest.param(None, None, id="zero history"),
        pytest.param([3], [False], id="one bucket of history"),
        pytest.param([0] * 90, [False] * 90, id="all-zero history"),
        pytest.param([0] * 60, [True] * 60, id="all censored"),
        pytest.param([0] * 89 + [500], [False] * 90, id="one spike"),
        pytest.param([2**31 - 1] * 40, [False] * 40, id="huge numbers"),
    ],
)
def test_a_strange_history_still_has_a_forecast(units, censored, world, rows, release):
    extra = None
    if units is not None:
        extra = rows(np.array(units), item="strange", site="store-0", censored=np.array(censored))
    made = world.with_series(extra, "strange", "store-0").forecast(release)
    check_laws(made.forecast)
    assert len(of(made.forecast, "strange", "store-0")) == world.horizon


def test_a_new_item_borrows_from_the_same_item_elsewhere(world, release):
    ranged = world.with_series(None, "item-5", "store-9").forecast(release).forecast
    new, old = of(ranged, "item-5", "store-9"), of(ranged, "item-5", "store-0")
    assert (new["model"] == "analogue").all()
    assert new["cumulative_mean_units"].iloc[-1] == pytest.approx(old["cumulative_mean_units"].iloc[-1], rel=0.2)
    width = {name: f["cumulative_q95_units"] - f["cumulative_q05_units"] for name, f in (("n", new), ("o", old))}
    assert width["n"].iloc[-1] > width["o"].iloc[-1]


def test_a_new_item_without_a_sibling_borrows_from_its_category(world, release):
    items = pd.DataFrame({"item_id": [*(f"item-{n}" for n in range(6)), "novel"], "category": ["a"] * 5 + ["b", "b"]})
    made = world.with_series(None, "novel", "store-0").forecast(release, items=items).forecast
    last = of(made, "novel", "store-0")["cumulative_mean_units"].iloc[-1]
    assert last == pytest.approx(of(made, "item-5", "store-0")["cumulative_mean_units"].iloc[-1], rel=0.25)


def test_a_network_that_never_sold_anything_forecasts_almost_nothing(rows, release, world):
    features = pd.DataFrame({"item_id": ["a", "b"], "site_id": ["s", "s"], "demand_segment": ["new", "lumpy"]})
    nothing = type(world)(FCT_DEMAND.empty(), features).forecast(release)
    check_laws(nothing.forecast)
    assert (nothing.forecast["model"] == "uninformed").all()
    assert (nothing.forecast["cumulative_q50_units"] == 0).all()
    assert nothing.forecast["cumulative_q99_units"].max() > 0
    silent = rows(np.zeros(80), item="a", site="s")
    quiet = type(world)(silent, features.head(1)).forecast(release)
    assert quiet.forecast["cumulative_q95_units"].max() == 0


def test_a_short_history_is_forecast_without_a_backtest(rows, release, world):
    features = pd.DataFrame({"item_id": ["a"], "site_id": ["s"], "demand_segment": ["smooth"]})
    made = type(world)(rows(np.full(10, 4), item="a", site="s"), features).forecast(release)
    check_laws(made.forecast)
    assert (made.scores["origin_count"] == 0).all()
    assert made.forecast["cumulative_mean_units"].iloc[-1] == pytest.approx(4 * 7, rel=0.05)


def test_nothing_ranged_is_an_empty_forecast(world, release):
    made = type(world)(world.demand, world.features.head(0)).forecast(release)
    assert made.forecast.empty
    assert made.scores.empty


def test_a_site_that_serves_others_is_forecast_only_where_it_sells(world, rows, release):
    sites = pd.DataFrame({"site_id": ["store-0", "store-1", "store-2", "hub"], "echelon": [0, 0, 0, 1]})
    extra = rows(np.full(60, 2), item="item-1", site="hub")
    ranged = world.with_series(None, "item-0", "hub").with_series(extra, "item-1", "hub")
    forecast = ranged.forecast(release, sites=sites).forecast
    assert of(forecast, "item-0", "hub").empty
    assert not of(forecast, "item-1", "hub").empty


def test_a_stock_out_does_not_lower_the_forecast(worlds, release):
    full = worlds(seed=3, items=4)
    emptied = full.demand.copy()
    last_days = emptied["bucket_start"] >= emptied["bucket_start"].max() - pd.Timedelta(days=6)
    gone = last_days & (emptied["item_id"] == "item-3")
    emptied.loc[gone, ["sold_units", "demand_lower_bound_units"]] = 0
    emptied.loc[gone, "is_censored"] = True
    with_gap = type(full)(emptied, full.features).forecast(release).forecast
    ahead = of(with_gap, "item-3", "store-0")["cumulative_mean_units"].iloc[-1]
    assert ahead == pytest.approx(0.3 * 2**3 * 7, rel=0.3)


def test_weekly_networks_are_forecast_by_the_week(worlds, release):
    world = worlds(bucket=Bucket.WEEK, length=110, items=4, sites=2)
    made = world.forecast(release)
    check_laws(made.forecast)
    starts = made.forecast["bucket_start"].drop_duplicates().sort_values()
    assert (starts.dt.weekday == 0).all()


def test_the_page_shows_totals_a_fan_and_the_champions(made, world):
    page = forecast_page(made.forecast, world.demand, made.scores)
    assert list(page["scorecard"]["demand_segment"]) == ["intermittent", "smooth"]
    assert page["series"] == len(world.features)
    assert page["largest_series"].startswith(b"\x89PNG")
    scores = scores_page(made.scores)
    assert scores["calibration"].startswith(b"\x89PNG")
    assert list(scores["champions"]["demand_segment"]) == ["intermittent", "smooth"]


@settings(max_examples=15, deadline=None)
@given(
    lengths=st.lists(st.integers(0, 40), min_size=1, max_size=4),
    seed=st.integers(0, 2**16),
    horizon=st.integers(1, 9),
    segment=st.sampled_from(["smooth", "erratic", "intermittent", "lumpy", "new", "dying"]),
)
def test_whatever_the_history_the_laws_of_a_forecast_hold(lengths, seed, horizon, segment, release, rows):
    random = np.random.default_rng(seed)
    parts = [FCT_DEMAND.empty()]
    for number, length in enumerate(lengths):
        if length:
            units = random.negative_binomial(1, 0.3, length)
            censored = random.random(length) < 0.3
            parts.append(rows(units, item=f"i{number}", site=f"s{number % 2}", censored=censored))
    demand = pd.concat([p for p in parts if len(p)], ignore_index=True) if any(lengths) else parts[0]
    features = pd.DataFrame(
        {
            "item_id": [f"i{number}" for number in range(len(lengths))],
            "site_id": [f"s{number % 2}" for number in range(len(lengths))],
            "demand_segment": segment,
        }
    )
    calendar = PlanCalendar(Bucket.DAY, "UTC")
    plan_date = pd.Timestamp("2025-06-30").date()
    made = forecast_demand(demand, features, release, calendar, plan_date, horizon)
    check_laws(made.forecast)
    assert len(made.forecast) == len(lengths) * horizon
