"""The boosted model of all series, and the exponential mean it corrects."""

from dataclasses import replace

import numpy as np
import pytest
from forecasting_panels import weekly_panel

from assets.forecasting.history.levels import deseasonalised
from assets.forecasting.history.panel import SeriesPanel
from assets.forecasting.models.boosted import BoostedModel, boosted_means, fit_boosted
from assets.forecasting.models.boosted_lessons import Boosting, training_origins
from assets.kernel.calendar import Bucket

AHEAD = np.array([10, 11, 12])
QUICK = Boosting(rounds=15, least_examples_in_leaf=20)
LONGER = Boosting(rounds=100, least_examples_in_leaf=20)


@pytest.fixture(scope="module")
def panel() -> SeriesPanel:
    random = np.random.default_rng(11)
    level = np.geomspace(0.3, 30.0, 24)[:, None]
    return weekly_panel(random.poisson(level, (24, 70)), observed=random.random((24, 70)) > 0.05)


def reordered(panel: SeriesPanel, order: np.ndarray) -> SeriesPanel:
    return replace(
        panel,
        index=panel.index.iloc[order].reset_index(drop=True),
        demand=panel.demand[order],
        observed=panel.observed[order],
        begins=panel.begins[order],
    )


def test_the_same_panel_has_the_same_means_to_the_bit(panel: SeriesPanel) -> None:
    first, second = (boosted_means(panel, AHEAD, boosting=QUICK) for _ in range(2))

    assert np.array_equal(first, second)


def test_the_order_of_the_series_does_not_matter(panel: SeriesPanel) -> None:
    order = np.random.default_rng(2).permutation(panel.size)

    shuffled = boosted_means(reordered(panel, order), AHEAD, boosting=QUICK)

    assert np.array_equal(shuffled, boosted_means(panel, AHEAD, boosting=QUICK)[order])


def test_means_of_steady_demand_stay_near_its_level(panel: SeriesPanel) -> None:
    means = boosted_means(panel, AHEAD, boosting=QUICK)

    assert np.isfinite(means).all()
    assert (means > 0).all()
    assert means.sum() == pytest.approx(3 * np.geomspace(0.3, 30.0, 24).sum(), rel=0.15)


def test_what_happens_after_every_quiet_week_is_learned() -> None:
    # All series rest in even weeks; the exponential mean cannot know.
    units = np.tile(np.array([0.0, 20.0]), (40, 40))

    means = boosted_means(weekly_panel(units), AHEAD[:2], boosting=replace(QUICK, rounds=60))

    assert means[:, 1].mean() > 1.5 * means[:, 0].mean()


def test_a_fitted_model_forecasts_a_later_panel_without_a_refit(panel: SeriesPanel) -> None:
    model = fit_boosted(panel.until(69), AHEAD, boosting=QUICK)

    assert model.means(panel, AHEAD).shape == (panel.size, 3)


def test_origins_made_before_give_the_same_model(panel: SeriesPanel) -> None:
    made: dict = {}
    fit_boosted(panel.until(69), panel.phase[69:70], boosting=QUICK, made=made)
    again = fit_boosted(panel, AHEAD[:1], boosting=QUICK, made=made)

    assert np.array_equal(again.means(panel, AHEAD[:1]), boosted_means(panel, AHEAD[:1], boosting=QUICK))


def test_a_panel_that_teaches_nothing_keeps_the_exponential_mean() -> None:
    panel = weekly_panel(np.full((2, 10), 4.0))

    assert boosted_means(panel, AHEAD) == pytest.approx(deseasonalised(panel).base_means(AHEAD))


@pytest.mark.parametrize(
    ("units", "seen"),
    [(np.zeros((30, 70)), True), (np.full((30, 70), 3.0), False), (np.full((30, 1), 3.0), True)],
    ids=["all-zero", "all-censored", "single-point"],
)
def test_no_panel_leads_to_a_number_that_is_none(units: np.ndarray, seen: bool) -> None:
    means = boosted_means(weekly_panel(units, observed=np.full(units.shape, seen)), AHEAD, boosting=QUICK)

    assert np.isfinite(means).all()
    assert (means >= 0).all()


def test_a_large_daily_panel_teaches_at_a_few_evenly_spaced_origins() -> None:
    panel = weekly_panel(np.ones((4870, 364)), bucket=Bucket.DAY)
    origins, ahead = training_origins(panel, 28, Boosting())

    assert len(origins) * len(ahead) * panel.size <= 200_000
    assert ahead.tolist() == [0, 9, 18, 27]
    assert len(origins) == 10
    assert np.ptp(np.diff(origins)) <= 1


def promoted_panel() -> SeriesPanel:
    """Sixty series of 90 weeks, every sixth promoted at threefold demand and followed by a week of half."""
    random = np.random.default_rng(8)
    promoted = random.random((60, 92)) < 1 / 6
    after = np.zeros_like(promoted)
    after[:, 1:] = promoted[:, :-1]
    driven = np.where(promoted, 3.0, 1.0)
    units = random.poisson(20.0 * driven[:, :90] * np.where(after, 0.5, 1.0)[:, :90])
    panel = weekly_panel(units / driven[:, :90])
    return replace(panel, driven=driven.astype(np.float32))


def test_what_follows_a_promotion_is_learned_where_promotions_are_told() -> None:
    panel = promoted_panel()
    just_promoted = panel.until(84)
    rows = just_promoted.driven[:, 83] > 1
    told = fit_boosted(panel, AHEAD, boosting=LONGER)
    untold = fit_boosted(replace(panel, driven=None), AHEAD, boosting=LONGER)

    next_week = [model.means(just_promoted, AHEAD)[:, 0] for model in (told, untold)]
    seen, blind = (means[rows].mean() / means[~rows].mean() for means in next_week)

    assert (told.driven, untold.driven) == (True, False)
    # Half is right; a hundred slow trees have learned most of it.
    assert seen < 0.75
    assert blind > 0.9


def test_a_model_that_saw_drivers_forecasts_where_none_are_known_and_the_other_way_round() -> None:
    panel = promoted_panel()
    plain = replace(panel, driven=None)
    for model in (fit_boosted(panel, AHEAD, boosting=QUICK), fit_boosted(plain, AHEAD, boosting=QUICK)):
        kept = BoostedModel.of_document(model.document())
        assert kept == model
        for each in (panel, plain):
            assert np.isfinite(kept.means(each, AHEAD)).all()
