"""Days forecast one after the other: chosen once and updated after, the same to the bit whenever planned again."""

import datetime as dt
from functools import partial
from pathlib import Path

import pandas as pd
import pytest
from unit.forecasting.conftest import PLAN_DATE, World

from assets.forecasting.daily import Day, DayForecast, forecast_day
from assets.forecasting.forecast import forecast_demand
from assets.forecasting.pages.champions_page import champions_frame
from assets.forecasting.registry.acts import promote
from assets.forecasting.registry.records import Procedure, Terms
from assets.forecasting.registry.registry import ModelRegistry
from assets.kernel.calendar import PlanCalendar
from assets.policy.release import Release

TERMS = Terms(rules="rules", feature_set="standard@1", as_known="then")
NEXT = PLAN_DATE + dt.timedelta(days=1)


@pytest.fixture(scope="module")
def forecast(worlds, release: Release):
    """Return a function that forecasts a date of a small world with a registry."""
    menus = release.forecast.candidates | {"smooth": ("OptimizedTheta", "HistoricAverage")}
    rules = release.forecast.model_copy(update={"candidates": menus, "origins": 1})
    world: World = worlds(items=5, sites=2)

    def make(home: Path, date: dt.date) -> DayForecast:
        told = world.demand, world.features, release.model_copy(update={"forecast": rules})
        each = partial(forecast_demand, *told, PlanCalendar(world.bucket, "UTC"), date, world.horizon)
        procedure = Procedure(refit_days=7, promotion_margin=0.01)
        return forecast_day(ModelRegistry(home), Day(date, TERMS, str(date), "standard@1", procedure), each)

    return make


def same(one: DayForecast, two: DayForecast) -> None:
    for frame in ("forecast", "scores"):
        pd.testing.assert_frame_equal(getattr(one.made, frame), getattr(two.made, frame), check_exact=True)
    pd.testing.assert_frame_equal(champions_frame(one), champions_frame(two), check_exact=True)


def test_a_day_that_selected_and_the_one_that_updated_are_the_same_when_planned_again(forecast, tmp_path: Path) -> None:
    first, second = forecast(tmp_path, PLAN_DATE), forecast(tmp_path, NEXT)
    assert second.entered == first.entered
    assert first.used.model_version != second.used.model_version
    same(forecast(tmp_path, NEXT), second)
    same(forecast(tmp_path, PLAN_DATE), first)


def test_a_replay_from_the_registry_as_it_was_is_the_same(forecast, tmp_path: Path) -> None:
    week = PLAN_DATE + dt.timedelta(days=7)
    made = {date: forecast(tmp_path / "home", date) for date in (PLAN_DATE, NEXT, week)}
    assert made[week].entered.standing == made[PLAN_DATE].entered.version
    for date, recorded in made.items():
        scratch = tmp_path / date.isoformat()
        ModelRegistry(tmp_path / "home").copy_before(date, TERMS, scratch)
        same(forecast(scratch, date), recorded)


def test_a_model_that_a_person_put_in_forecasts_its_segment(forecast, tmp_path: Path) -> None:
    before = champions_frame(forecast(tmp_path, PLAN_DATE)).set_index("demand_segment")["champion"]["smooth"]
    other = ({"OptimizedTheta", "HistoricAverage"} - {before}).pop()
    ModelRegistry(tmp_path).decide(lambda registry: promote(registry, "smooth", other, "Ann", "looks better"))
    after = forecast(tmp_path, NEXT)
    smooth = after.made.forecast.query("demand_segment == 'smooth'")
    assert set(smooth["model"]) == {other}
    assert champions_frame(after).set_index("demand_segment").loc["smooth", "promoted_by"] == "Ann"
    stored = ModelRegistry(tmp_path).selection(after.used.version).choice_of("smooth")
    assert (stored.by, stored.reason, stored.since) == ("Ann", "looks better", NEXT)
