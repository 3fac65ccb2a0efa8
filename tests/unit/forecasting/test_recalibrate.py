"""What choosing models anew would change: champions, losses and volumes of each segment, now and after."""

import datetime as dt

import pandas as pd
import pytest
from unit.forecasting.conftest import PLAN_DATE, World

from assets.forecasting.forecast import DemandForecast
from assets.forecasting.recalibrate import at_decision_level, changes, total
from assets.kernel.frames.forecasts import QUANTILE_COLUMNS, QUANTILE_LEVELS
from assets.policy.release import Release

COSTS = pd.DataFrame({"item_id": ["item-0", "item-1", "item-2"], "unit_cost": [2.0, 2.0, 2.0]})
SEGMENT = "intermittent"
"""All series of the small world are."""


@pytest.fixture(scope="module")
def world(worlds) -> World:
    """Return a small world."""
    made: World = worlds(items=3, sites=2)
    return made


def short(release: Release, *menu: str) -> Release:
    """Return the release with one menu and one origin."""
    rules = release.forecast.model_copy(
        update={"candidates": dict.fromkeys(release.forecast.candidates, menu), "origins": 1}
    )
    return release.model_copy(update={"forecast": rules})


@pytest.fixture(scope="module")
def standing(world: World, release: Release) -> DemandForecast:
    """Return a forecast by the only model of its menu."""
    return world.forecast(short(release, "WindowAverage"))


def test_a_refit_that_finds_the_same_changes_nothing(world: World, release: Release, standing: DemandForecast) -> None:
    again = world.forecast(short(release, "WindowAverage"), standing=standing.selection)
    found = changes(standing.forecast, standing.selection, again, COSTS)
    assert [one.segment for one in found] == [SEGMENT]
    assert all(one.now == one.after and one.champion_now == one.champion_after for one in found)
    assert sum(one.series for one in found) == 6


def test_another_champion_is_shown_beside_the_one_in_force_with_losses_of_one_backtest(
    world: World, release: Release
) -> None:
    menu = short(release, "WindowAverage", "HistoricAverage")
    refitted = world.forecast(menu)
    [choice] = refitted.selection.choices
    scored = {score.model: score.pinball_loss for score in choice.scores}
    (other,) = set(scored) - {choice.champion}
    before = refitted.selection.replaced(SEGMENT, other, "Ann", "it is right", PLAN_DATE)
    (one,) = changes(world.forecast(menu, selection=before).forecast, before, refitted, COSTS)
    assert (one.champion_now, one.champion_after) == (other, choice.champion)
    assert (one.loss_now, one.loss_after) == (scored[other], scored[choice.champion])
    assert one.loss_now > one.loss_after
    assert one.verdict == choice.reason
    assert one.now != one.after


def test_volumes_are_sums_over_the_horizon_and_money_is_at_unit_cost(world: World, standing: DemandForecast) -> None:
    last = standing.forecast[standing.forecast["bucket_index"] == world.horizon - 1]
    whole = total(one.now for one in changes(standing.forecast, standing.selection, standing, COSTS))
    assert whole.expected_units == pytest.approx(last["cumulative_mean_units"].sum())
    assert whole.expected_amount == pytest.approx(2.0 * whole.expected_units)
    assert whole.decision_units > whole.expected_units
    free = total(one.now for one in changes(standing.forecast, standing.selection, standing, COSTS.iloc[:0]))
    assert (free.expected_units, free.expected_amount) == (whole.expected_units, 0.0)


@pytest.mark.parametrize("level", [QUANTILE_LEVELS[0], 0.5, 0.925, QUANTILE_LEVELS[-1]])
def test_the_quantile_at_a_decision_level_lies_between_its_published_neighbours(level: float) -> None:
    row = dict(zip(QUANTILE_COLUMNS, map(float, range(len(QUANTILE_COLUMNS))), strict=True)) | {"decision_level": level}
    (units,) = at_decision_level(pd.DataFrame([row]))
    below = max(place for place, each in enumerate(QUANTILE_LEVELS) if each <= level)
    assert below <= units <= min(below + 1, len(QUANTILE_LEVELS) - 1)
    assert units == below or level not in QUANTILE_LEVELS


def test_who_put_a_model_there_is_the_verdict(standing: DemandForecast) -> None:
    by = standing.selection.replaced(SEGMENT, "WindowAverage", "Ann", "it is right", PLAN_DATE + dt.timedelta(days=1))
    pinned = DemandForecast(standing.forecast, standing.scores, by)
    (one,) = changes(standing.forecast, standing.selection, pinned, COSTS)
    assert one.verdict == "put there by Ann: it is right"
