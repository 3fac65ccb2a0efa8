"""Models over days: chosen once, updated after, found again by replays and backfills in whatever order."""

import datetime as dt
import json
from pathlib import Path

import pandas as pd
import pytest
from bad_networks import typed
from networks import copied

from assets.features.registry import FeatureRegistry
from assets.forecasting.registry.records import Entered
from assets.forecasting.registry.registry import ModelRegistry
from assets.kernel.frames.decisions import DOCUMENTS
from assets.kernel.frames.forecasts import CHAMPIONS, DEMAND_FORECAST
from assets.kernel.published import Published
from orchestration.planning import plan_day
from orchestration.replay import replay
from orchestration.settings import Settings

pytestmark = pytest.mark.slow

RUN = ["run_id"]


def today(settings: Settings) -> dt.date:
    return settings.network_home().profile.clock.today()


def published(settings: Settings) -> Published:
    return Published(settings.network_home().published)


def planned(settings: Settings, date: dt.date) -> pd.DataFrame:
    """Plan a date and return its documents without the run that made them."""
    run = plan_day(settings, date)
    assert run.success, f"{run.failed_step}: {run.error}"
    return published(settings).read(DOCUMENTS, date).drop(columns=RUN)


def champions(settings: Settings, date: dt.date) -> pd.DataFrame:
    return published(settings).read(CHAMPIONS, date)


@pytest.fixture(scope="module")
def two_days(planned_settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Return a network of which two earlier days in a row were planned, the first before the second."""
    settings = copied(planned_settings, tmp_path_factory.mktemp("two_days"))
    for days in (3, 2):
        planned(settings, today(settings) - dt.timedelta(days=days))
    return settings


def first_and_second(settings: Settings) -> tuple[dt.date, dt.date]:
    return today(settings) - dt.timedelta(days=3), today(settings) - dt.timedelta(days=2)


def test_the_first_day_selects_and_the_next_updates_with_its_models(two_days: Settings) -> None:
    first, second = first_and_second(two_days)
    assert champions(two_days, first)["is_refit"].all()
    assert not champions(two_days, second)["is_refit"].any()
    assert set(champions(two_days, second)["selected_for"].dt.date) == {first}
    assert set(champions(two_days, first)["selection_version"]) == set(champions(two_days, second)["selection_version"])


def test_every_forecast_names_the_model_version_that_the_registry_knows(two_days: Settings) -> None:
    for date in first_and_second(two_days):
        stamps = set(published(two_days).read(DEMAND_FORECAST, date)["model_version"])
        assert stamps == set(champions(two_days, date)["model_version"])
        [stamp] = stamps
        shown = json.loads(typed(two_days, "models", "show", stamp, "--json").out)
        assert shown["version"] == champions(two_days, date)["selection_version"].iloc[0]


def test_both_days_replay_to_every_digest(two_days: Settings) -> None:
    for date in first_and_second(two_days):
        assert replay(two_days, date).differing == []


def test_days_planned_again_in_the_other_order_give_the_same_documents(two_days: Settings) -> None:
    dates = first_and_second(two_days)
    before = {date: published(two_days).read(DOCUMENTS, date).drop(columns=RUN) for date in dates}
    index = (ModelRegistry(two_days.network_home().root).folder / "index.jsonl").read_bytes()
    for date in reversed(dates):
        pd.testing.assert_frame_equal(planned(two_days, date), before[date], check_exact=True)
    assert (ModelRegistry(two_days.network_home().root).folder / "index.jsonl").read_bytes() == index


def test_days_planned_backwards_never_see_a_later_choice_and_stay_as_they_are(
    planned_settings: Settings, tmp_path: Path
) -> None:
    settings = copied(planned_settings, tmp_path)
    dates = [today(settings) - dt.timedelta(days=days) for days in (1, 2, 3)]
    made = {date: planned(settings, date) for date in dates}
    for date in dates:
        assert set(champions(settings, date)["selected_for"].dt.date) == {date}
    for date in reversed(dates):
        pd.testing.assert_frame_equal(planned(settings, date), made[date], check_exact=True)


def test_a_feature_set_pinned_between_two_days_chooses_its_own_models(two_days: Settings, tmp_path: Path) -> None:
    settings = copied(two_days, tmp_path)
    home, after = settings.network_home(), today(settings) - dt.timedelta(days=1)
    FeatureRegistry(home.root).pin("responsive")
    planned(settings, after)
    assert champions(settings, after)["is_refit"].all()
    entries = [entry for entry in ModelRegistry(home.root).log().of(Entered) if entry.made_for == after]
    assert [entry.terms.feature_set.split("@")[0] for entry in entries] == ["responsive"]
