"""The level that models are compared at: each series' critical ratio, the release's quantile where nothing is told."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from assets.forecasting.evaluation.calibrate import LEVELS
from assets.forecasting.evaluation.outcomes import Outcomes
from assets.forecasting.evaluation.promotion import decision_losses
from assets.forecasting.evaluation.scorecard import at_quantile_level, cross_calibrated, score_of
from assets.forecasting.history.ranged import with_decision_levels

FEATURES = pd.DataFrame({"item_id": ["a", "b"], "site_id": ["s", "s"], "abc_class": ["A", "C"]})
ITEMS = pd.DataFrame({"item_id": ["a", "b"], "unit_cost": 1.0, "unit_price": 3.0})


def settings(**columns: object) -> pd.DataFrame:
    told = {"shortage_cost_per_unit": np.nan, "service_target": np.nan, **columns}
    return FEATURES[["item_id", "site_id"]].assign(holding_cost_per_unit_day=0.1, review_days=1, **told)


def ratios(release, items=ITEMS, told=None):
    return with_decision_levels(FEATURES, FEATURES, items, told, release)["decision_level"].tolist()


def outcomes_of(ratio: np.ndarray, mean: float = 6.0, rows: int = 300) -> Outcomes:
    random, ones = np.random.default_rng(3), np.ones(rows)
    demand, series = random.poisson(6.0, (rows, 3)) * 1.0, np.arange(rows)
    known = np.ones((rows, 3), dtype=bool)
    return Outcomes(np.full((rows, 3), mean), demand, known, series, series % 3, ones, ones, ratio, 0.0 * demand)


def test_costs_and_classes_decide_and_the_release_where_neither_is_told(release):
    by_class = [release.targets.default_service_target[name] for name in ("A", "C")]
    assert ratios(release, told=settings()) == by_class
    assert ratios(release, told=settings(shortage_cost_per_unit=0.9)) == pytest.approx([0.9, 0.9])
    usual = [release.forecast.decision_quantile] * 2
    assert ratios(release) == usual


def test_an_item_site_that_no_feed_settles_has_the_releases_quantile(release):
    assert ratios(release, told=settings().head(1)) == [
        release.targets.default_service_target["A"],
        release.forecast.decision_quantile,
    ]


def test_levels_stay_within_the_published_ones(release):
    dear, cheap = (ratios(release, told=settings(shortage_cost_per_unit=cost)) for cost in (1e6, 0.0))
    assert (dear, cheap) == ([0.99, 0.99], [0.01, 0.01])


def test_where_a_fill_rate_is_promised_the_releases_quantile_counts(release):
    targets = release.targets.model_copy(update={"service_measure": {"A": "fill_rate"}})
    by_fill = release.model_copy(update={"targets": targets})
    usual = release.forecast.decision_quantile
    assert ratios(by_fill, told=settings()) == [usual, release.targets.default_service_target["C"]]


def test_each_row_has_the_quantile_of_its_own_level():
    quantiles = np.sort(np.random.default_rng(4).random((5, 2, len(LEVELS))), axis=2)
    levels = np.array([0.05, 0.5, 0.875, 0.99, 0.01])
    expected = [[np.interp(level, LEVELS, told) for told in row] for level, row in zip(levels, quantiles, strict=True)]
    np.testing.assert_allclose(at_quantile_level(quantiles, levels), expected, rtol=1e-12)


def test_a_forecast_publishes_the_levels_that_its_champions_were_chosen_at(worlds, release):
    world = worlds(items=2, sites=2, length=60)
    items = pd.DataFrame({"item_id": ["item-0", "item-1"], "category": "", "unit_cost": 1.0, "unit_price": 3.0})
    told = world.features[["item_id", "site_id"]].assign(
        lifecycle="active", holding_cost_per_unit_day=0.1, review_days=1, service_target=np.nan,
        shortage_cost_per_unit=[0.9, 0.3, 0.9, 0.3],
    )  # fmt: skip
    classed = replace(world, features=world.features.assign(abc_class="A"))
    made = classed.forecast(release, items=items, settings=told.sample(frac=1.0, random_state=1))
    levels = made.forecast.groupby(["item_id", "site_id"])["decision_level"].unique()
    assert [one.tolist() for one in levels] == [[0.9], [pytest.approx(0.75)], [0.9], [pytest.approx(0.75)]]
    other = classed.forecast(release, items=items, settings=told.assign(shortage_cost_per_unit=9.9))
    assert other.scores["pinball_loss"].tolist() != made.scores["pinball_loss"].tolist()


def test_the_loss_of_a_series_is_that_of_its_own_ratio():
    high, low = (decision_losses(outcomes_of(np.full(300, level))) for level in (0.95, 0.6))
    mixed = decision_losses(outcomes_of(np.where(np.arange(300) < 150, 0.95, 0.6)))
    assert np.array_equal(mixed, np.where(np.arange(300) < 150, high, low))


def test_who_wins_depends_on_what_a_stock_out_is_worth():
    # Two candidates whose errors differ in shape: one is often a little off, the other seldom far too low.
    often, seldom = outcomes_of(np.full(300, 0.6)), outcomes_of(np.full(300, 0.6))
    random = np.random.default_rng(5)
    often = replace(often, demand=6.0 + 2.5 * random.standard_normal((300, 3)))
    seldom = replace(seldom, demand=6.0 + np.where(random.random((300, 3)) < 0.08, 9.0, 0.0))

    def winner(level: float) -> bool:
        one, other = (
            score_of("m", replace(each, decision_level=np.full(300, level))).pinball_loss for each in (often, seldom)
        )
        return one < other

    assert (winner(0.6), winner(0.97)) == (False, True)


def test_scores_are_of_means_corrected_by_what_other_origins_lack():
    low = outcomes_of(np.full(300, 0.9), mean=3.0)
    corrected, _ = cross_calibrated(low)
    assert corrected.mean.mean() == pytest.approx(6.0, rel=0.05)
    assert score_of("m", low).bias == pytest.approx(0.0, abs=0.05)
    # An origin's own demand does not correct it.
    last = low.origin == 2
    moved = replace(low, demand=np.where(last[:, None], 3.0 * low.demand, low.demand))
    assert np.array_equal(cross_calibrated(moved)[0].mean[last], corrected.mean[last])
