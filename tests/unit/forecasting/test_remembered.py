"""What is learned of the past before the panel: holidays, promotions, and nothing where there is no more to learn."""

import datetime as dt
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from unit.forecasting.conftest import PLAN_DATE, World, demand_rows

from assets.forecasting.history.build_panel import build_panel
from assets.forecasting.history.driver_learning import learn_drivers
from assets.forecasting.history.longer_past import LongerPast
from assets.forecasting.history.panel import SeriesPanel
from assets.forecasting.history.remembered import remembered_panel
from assets.forecasting.history.without_drivers import taken_of, without_drivers
from assets.kernel.calendar import Bucket, PlanCalendar
from assets.kernel.frames.marts import DIM_EVENT

TWO_YEARS = 730
HORIZON = 7
DAILY = PlanCalendar(Bucket.DAY, "UTC")


def holiday(starts_in: int, *, name: str = "Easter") -> dict[str, object]:
    start = PLAN_DATE + dt.timedelta(days=starts_in)
    return {
        "event_id": f"{name} {start}",
        "event_name": name,
        "event_kind": "holiday",
        "start_date": start,
        "end_date": start + dt.timedelta(days=2),
        "region": None,
        "site_id": None,
        "item_id": None,
        "unit_price": None,
        "available_at": dt.datetime(2020, 1, 1),
    }


def calendar_of(*rows: dict[str, object]) -> pd.DataFrame:
    return DIM_EVENT.conform(pd.DataFrame(rows).assign(plan_date=pd.Timestamp(PLAN_DATE)))


def network(days_ago: int, *, length: int = TWO_YEARS, promoted: slice = slice(0, 0)) -> World:
    """Twelve series of eight a day, three times as many on the three days of a holiday and on promoted days."""
    random = np.random.default_rng(3)
    mean = np.full(length, 8.0)
    mean[length - days_ago : length - days_ago + 3] *= 3.0
    mean[promoted] *= 3.0
    flags = np.zeros(length, dtype=bool)
    flags[promoted] = True
    names = [(f"item-{item}", f"store-{site}") for item in range(4) for site in range(3)]
    rows = [demand_rows(random.poisson(mean), item=item, site=site).assign(is_promoted=flags) for item, site in names]
    ranged = pd.DataFrame(names, columns=["item_id", "site_id"]).assign(demand_segment="smooth")
    return World(pd.concat(rows, ignore_index=True), ranged)


def panel_of(world: World, events: pd.DataFrame | None, history: int = 364) -> SeriesPanel:
    ranged = world.features.assign(category="food", region="")
    return remembered_panel(world.demand, ranged, DAILY, PLAN_DATE, history, events=events, horizon=HORIZON)


@pytest.mark.parametrize("days_ago", [340, 364, 371, 385])
def test_a_holiday_of_last_year_is_expected_this_year_however_it_moved(release, days_ago):
    told = calendar_of(holiday(-days_ago), holiday(2))
    made = network(days_ago).forecast(release, events=told)
    mean = made.forecast.groupby("bucket_index")["mean_units"].mean().to_numpy()
    assert mean[2:5] == pytest.approx(24.0, rel=0.12)
    assert mean[[0, 1, 5, 6]] == pytest.approx(8.0, rel=0.12)
    assert made.effects.loc[made.effects["driver"] == "event", "learned_buckets"].max() == 36


def test_a_holiday_before_the_panel_leaves_the_panel_that_models_see_as_long_as_it_was():
    panel = panel_of(network(385), calendar_of(holiday(-385), holiday(2)))
    plain, ahead = without_drivers(panel)
    assert (panel.length, panel.longer.panel.length) == (364, TWO_YEARS)
    assert plain.demand.shape == (12, 364)
    assert ahead.shape == (12, HORIZON)
    assert plain.longer is None


def test_the_shorter_past_has_the_last_of_the_longer_one_s_drivers():
    world, told = network(385, promoted=slice(500, 520)), calendar_of(holiday(-385), holiday(-100), holiday(2))
    panel = panel_of(world, told)
    ranged = world.features.assign(category="food", region="")
    alone = build_panel(world.demand, ranged, DAILY, PLAN_DATE, 364, events=told, horizon=HORIZON)
    assert panel.drivers.data_digest() == alone.drivers.data_digest()
    assert np.array_equal(panel.demand, alone.demand)


def test_a_promotion_before_the_panel_teaches_its_uplift():
    events = calendar_of(holiday(2))
    world = network(0, promoted=slice(100, 120))
    assert learn_drivers(panel_of(world, events)).uplift == pytest.approx(3.0, rel=0.1)


def test_an_event_that_lasted_a_quarter_of_the_longer_past_is_a_season_for_both():
    told = calendar_of(*(holiday(-ago, name="Sale") for ago in range(60, 700, 6)), holiday(2, name="Sale"))
    plain, ahead = without_drivers(panel_of(network(0), told))
    assert (ahead == 1.0).all()
    assert (plain.driven == 1.0).all()


def test_an_origin_learns_of_its_own_past_only():
    panel = panel_of(network(385), calendar_of(holiday(-385), holiday(2)))
    cut = panel.length - 30
    longer, demand = panel.longer.panel, panel.demand.copy()
    demand[:, cut:] = 99.0
    altered = replace(
        panel,
        demand=demand,
        longer=LongerPast(
            replace(longer, demand=np.concatenate([longer.demand[:, :-30], np.full((12, 30), 99.0)], axis=1))
        ),
    )
    one, two = (without_drivers(told.until(cut)) for told in (panel, altered))
    assert np.array_equal(one[0].demand, two[0].demand)
    assert np.array_equal(one[1], two[1])


def test_a_few_older_days_are_not_worth_a_second_panel():
    told = calendar_of(holiday(-100), holiday(2))
    assert panel_of(network(100, length=366), told).longer is None
    assert panel_of(network(100, length=371), told).longer is not None


def test_without_drivers_and_season_there_is_no_longer_past():
    assert panel_of(network(0), None).longer is None
    assert panel_of(network(0, length=1_096), None).longer is None


def test_weeks_have_a_panel_as_long_as_what_is_learned():
    rows = demand_rows(np.full(400, 20), bucket=Bucket.WEEK)
    ranged = pd.DataFrame([{"item_id": "item-0", "site_id": "store-0", "demand_segment": "smooth", "category": ""}])
    told = calendar_of(holiday(-385), holiday(2))
    weekly = PlanCalendar(Bucket.WEEK, "UTC")
    assert remembered_panel(rows, ranged, weekly, PLAN_DATE, 364, events=told, horizon=4).longer is None


def test_weeks_of_a_shorter_history_remember_three_years():
    rows = demand_rows(np.full(400, 20), bucket=Bucket.WEEK)
    ranged = pd.DataFrame([{"item_id": "item-0", "site_id": "store-0", "demand_segment": "smooth", "category": ""}])
    told = calendar_of(holiday(-385), holiday(2))
    panel = remembered_panel(rows, ranged, PlanCalendar(Bucket.WEEK, "UTC"), PLAN_DATE, 60, events=told, horizon=4)
    assert (panel.length, panel.longer.panel.length) == (60, 157)
    assert panel.longer.year_place is None


def test_promotions_of_the_older_past_alone_leave_the_panel_as_it_is():
    for length in (TWO_YEARS, 1_096):
        world = network(0, length=length, promoted=slice(100, 120))
        panel = panel_of(world, None)
        assert panel.drivers is None
        assert panel.longer is None


def test_the_longer_past_is_in_the_digest_of_the_data():
    told = calendar_of(holiday(-385), holiday(2))
    world = network(385)
    older = pd.Timestamp(PLAN_DATE) - pd.Timedelta(days=400)
    more = world.demand["demand_lower_bound_units"] + (world.demand["bucket_start"] < older)
    other = replace(world, demand=world.demand.assign(demand_lower_bound_units=more))
    digests = [panel_of(one, told).data_digest() for one in (world, other, network(385))]
    assert digests[0] != digests[1]
    assert digests[0] == digests[2]


def test_a_part_of_the_series_has_their_part_of_the_longer_past():
    panel = panel_of(network(385), calendar_of(holiday(-385), holiday(2)))
    rows = np.array([7, 2])
    assert np.array_equal(panel.take(rows).longer.panel.demand, panel.longer.panel.demand[rows])
    assert np.array_equal(panel.block(slice(3, 5)).longer.panel.demand, panel.longer.panel.demand[3:5])
    assert taken_of(panel).past(slice(0, 2)).shape == (2, 364)


def test_promotions_that_stopped_a_year_ago_multiply_no_bucket_ahead():
    world = network(1, promoted=slice(0, 350))
    panel = panel_of(world, calendar_of(holiday(5)))
    effects = learn_drivers(panel)
    assert effects.uplift.mean() == pytest.approx(3.0, rel=0.1)
    ahead = effects.ahead(panel)
    assert ahead[:, :5] == pytest.approx(np.ones((12, 5)), abs=0.02)
