"""Forecasts over items, sites, regions and categories: they add up, and change only what they improve."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from forecasting_panels import weekly_panel
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.forecasting.evaluation.backtest import backtest
from assets.forecasting.hierarchy.coherence import coherence_test
from assets.forecasting.hierarchy.coherence_scores import coherence_scores
from assets.forecasting.hierarchy.forecast import forecast_hierarchy
from assets.forecasting.hierarchy.hierarchy import LEVELS, Hierarchy, build_hierarchy, summed_panel
from assets.forecasting.hierarchy.named_means import means_by_name
from assets.forecasting.hierarchy.reconcile import BOTTOM_UP, METHODS, WLS_VAR, reconciled_bottom, reconciled_means
from assets.forecasting.history.build_panel import build_panel
from assets.forecasting.history.censoring import fill_censored
from assets.kernel.calendar import Bucket, PlanCalendar
from assets.kernel.errors import EquipoiseError
from assets.kernel.frames.marts import DIM_EVENT
from assets.policy.release import ForecastRules

HORIZON = 4


@st.composite
def networks(draw: st.DrawFn) -> tuple[pd.DataFrame, dict[str, str], int]:
    names = draw(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 3)), min_size=1, max_size=15, unique=True))
    items = {item: f"category-{draw(st.integers(0, 1))}" for item in range(5)}
    rows = sorted((f"item-{item}", f"store-{site}", items[item]) for item, site in names)
    regions = {f"store-{site}": f"region-{draw(st.integers(0, 1))}" for site in range(3)}
    return pd.DataFrame(rows, columns=["item_id", "site_id", "category"]), regions, draw(st.integers(0, 99))


def drawn(hierarchy: Hierarchy, seed: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    bottom = random.poisson(1.0, (hierarchy.series_count, HORIZON)) * random.gamma(2.0, 3.0)
    return hierarchy.sums(bottom) * random.uniform(0.0, 2.0, (hierarchy.group_count, HORIZON)), bottom


@given(networks())
@settings(max_examples=25, deadline=None)
def test_every_level_adds_up_to_the_same_total(network: tuple[pd.DataFrame, dict[str, str], int]) -> None:
    index, regions, seed = network
    hierarchy = build_hierarchy(index, regions)
    groups = hierarchy.sums(drawn(hierarchy, seed)[1])

    totals = [groups[rows].sum(axis=0) for rows in hierarchy.levels.values()]

    assert list(hierarchy.levels) == list(LEVELS)
    np.testing.assert_allclose(totals, np.tile(totals[0], (len(LEVELS), 1)), atol=1e-9)


@given(networks(), st.sampled_from(METHODS))
@settings(max_examples=25, deadline=None)
def test_reconciled_means_are_finite_and_never_negative(
    network: tuple[pd.DataFrame, dict[str, str], int], method: str
) -> None:
    index, regions, seed = network
    hierarchy = build_hierarchy(index, regions)
    groups, bottom = drawn(hierarchy, seed)
    variance = np.concatenate([groups, bottom]).mean(axis=1)

    found = reconciled_bottom(method, hierarchy, groups, bottom, variance)

    assert found.shape == bottom.shape
    assert np.isfinite(found).all()
    assert (found >= 0).all()


@pytest.mark.parametrize("method", METHODS)
def test_forecasts_that_agree_already_are_left_as_they_are(method: str) -> None:
    panel = weekly_panel(np.ones((12, 10)))
    hierarchy = build_hierarchy(panel.index)
    bottom = np.tile(np.arange(1.0, 13.0)[:, None], (1, HORIZON))

    found = reconciled_bottom(method, hierarchy, hierarchy.sums(bottom), bottom, np.ones(hierarchy.group_count + 12))

    np.testing.assert_allclose(found, bottom, rtol=1e-4)


def test_least_squares_equals_its_closed_form() -> None:
    index = weekly_panel(np.ones((40, 5)), sites=4).index
    hierarchy = build_hierarchy(index, {"store-000": "north", "store-001": "north"})
    random = np.random.default_rng(3)
    bottom = random.gamma(4.0, 2.0, (40, HORIZON))
    groups = hierarchy.sums(bottom) * random.normal(1.0, 0.05, (hierarchy.group_count, 1))
    summing = hierarchy.summing.toarray()
    weights = np.concatenate([summing.sum(axis=1), np.ones(40)])

    found = reconciled_bottom("wls_struct", hierarchy, groups, bottom)

    inverse = np.linalg.inv(np.diag(weights[: len(groups)]) + summing @ summing.T)
    expected = bottom + summing.T @ inverse @ (groups - summing @ bottom)
    np.testing.assert_allclose(found, np.maximum(expected, 0.0), atol=1e-5)


def test_the_whole_shared_out_keeps_its_total_and_the_shares() -> None:
    hierarchy = build_hierarchy(weekly_panel(np.ones((6, 5))).index)
    bottom = np.tile(np.arange(1.0, 7.0)[:, None], (1, HORIZON))
    groups = 2.0 * hierarchy.sums(bottom)

    np.testing.assert_allclose(reconciled_bottom("top_down", hierarchy, groups, bottom), 2.0 * bottom)


def test_a_group_more_certain_than_its_members_pulls_harder() -> None:
    hierarchy = build_hierarchy(weekly_panel(np.ones((4, 5))).index)
    bottom = np.ones((4, HORIZON))
    groups = 1.5 * hierarchy.sums(bottom)
    own = np.ones(4)

    sure = reconciled_bottom(WLS_VAR, hierarchy, groups, bottom, np.concatenate([np.full(len(groups), 0.01), own]))
    vague = reconciled_bottom(WLS_VAR, hierarchy, groups, bottom, np.concatenate([np.full(len(groups), 100.0), own]))

    np.testing.assert_allclose(sure, 1.5, atol=0.02)
    np.testing.assert_allclose(vague, 1.0, atol=0.1)


def test_nothing_is_reconciled_of_a_network_that_sells_nothing() -> None:
    hierarchy = build_hierarchy(weekly_panel(np.ones((4, 5))).index)
    none = np.zeros((4, HORIZON))

    assert not reconciled_bottom("wls_struct", hierarchy, hierarchy.sums(none), none).any()


def test_an_unknown_method_and_missing_variances_are_named() -> None:
    hierarchy = build_hierarchy(weekly_panel(np.ones((2, 5))).index)
    ones = np.ones((2, HORIZON))

    with pytest.raises(EquipoiseError, match="method mystery is unknown"):
        reconciled_bottom("mystery", hierarchy, hierarchy.sums(ones), ones)
    with pytest.raises(EquipoiseError, match="needs the variance"):
        reconciled_bottom(WLS_VAR, hierarchy, hierarchy.sums(ones), ones)


def test_a_stock_out_does_not_look_like_a_fall_of_the_group() -> None:
    units = np.full((4, 30), 10.0)
    observed = np.ones(units.shape, dtype=bool)
    observed[0, 20:], units[0, 20:] = False, 0.0
    panel = weekly_panel(units, observed=observed)
    hierarchy = build_hierarchy(panel.index)

    summed, _ = summed_panel(panel, fill_censored(panel), hierarchy)

    np.testing.assert_allclose(summed.demand[hierarchy.levels["network"]], 40.0)


def test_a_site_without_a_region_is_in_a_group_of_its_own() -> None:
    hierarchy = build_hierarchy(weekly_panel(np.ones((4, 5))).index, {"store-000": "north"})

    assert hierarchy.members[hierarchy.levels["region"]].tolist() == ["", "north"]


def test_reconciled_means_do_not_depend_on_the_order_of_the_series() -> None:
    random = np.random.default_rng(5)
    panel = weekly_panel(random.poisson(4.0, (12, 60)).astype(float))
    means, phase = random.gamma(4.0, 1.0, (12, HORIZON)), np.arange(HORIZON)
    order = random.permutation(12)
    models = dict.fromkeys(LEVELS, "SimpleExponentialSmoothing")

    found = reconciled_means("wls_struct", panel, fill_censored(panel), means, phase, models)
    shuffled = panel.take(order)
    again = reconciled_means("wls_struct", shuffled, fill_censored(shuffled), means[order], phase, models)

    np.testing.assert_allclose(again, found[order], rtol=1e-4)


def test_bottom_up_returns_the_means_it_was_given() -> None:
    panel = weekly_panel(np.ones((4, 20)))
    means = np.full((4, HORIZON), 3.0)
    models = dict.fromkeys(LEVELS, "SimpleExponentialSmoothing")

    assert (reconciled_means(BOTTOM_UP, panel, fill_censored(panel), means, np.arange(HORIZON), models) == means).all()


@pytest.fixture(scope="module")
def rules(release) -> ForecastRules:
    return release.forecast


def biased(factor: float):
    """Item-site forecast of which every other item is wrong by a factor, which its groups know better."""
    honest = means_by_name(weekly_panel(np.ones((60, 1))).index.assign(model="HistoricAverage"))

    def told(known):
        odd = np.unique(known.panel.index["item_id"], return_inverse=True)[1] % 2 == 1
        return np.where(odd[:, None], factor, 1.0) * honest(known)

    return told


def test_a_bias_that_the_groups_see_is_corrected_and_passes_the_margin(rules: ForecastRules) -> None:
    panel = weekly_panel(np.random.default_rng(1).poisson(20.0, (60, 80)).astype(float))

    scores = coherence_scores(coherence_test(panel, {}, biased(1.6), 4, HORIZON), rules)

    assert scores.used != BOTTOM_UP
    gain = next(score.gain for score in scores.methods if score.method == scores.used)
    assert gain is not None
    assert gain > rules.promotion_margin


def test_backtested_means_are_corrected_as_the_published_ones() -> None:
    panel = weekly_panel(np.random.default_rng(3).poisson(20.0, (12, 80)).astype(float))
    named = panel.index.assign(model="HistoricAverage")

    plain, halved = (
        coherence_test(panel, {}, means_by_name(each), 2, HORIZON) for each in (named, named.assign(mean_factor=0.5))
    )

    assert len(plain.origins) == 2
    for one, other in zip(plain.origins, halved.origins, strict=True):
        assert (one.bottom > 0).any()
        np.testing.assert_allclose(other.bottom, 0.5 * one.bottom)


def test_groups_that_know_nothing_more_change_nothing(rules: ForecastRules) -> None:
    panel = weekly_panel(np.random.default_rng(2).poisson(20.0, (60, 80)).astype(float))

    assert coherence_scores(coherence_test(panel, {}, biased(1.0), 4, HORIZON), rules).used == BOTTOM_UP


def test_a_history_too_short_for_an_origin_changes_nothing(rules: ForecastRules) -> None:
    panel = weekly_panel(np.ones((60, 6)))

    scores = coherence_scores(coherence_test(panel, {}, biased(1.6), 4, HORIZON), rules)

    assert (scores.used, scores.origin_count) == (BOTTOM_UP, 0)


def frames_of(world, release, events=None, *, told=True):
    made = world.forecast(release, events=events)
    names = world.features["item_id"].drop_duplicates()
    items = pd.DataFrame({"item_id": names, "category": [f"category-{place % 2}" for place in range(len(names))]})
    sites = pd.DataFrame({"site_id": ["store-0", "store-1", "store-2"], "region": ["north", "north", "south"]})
    calendar = PlanCalendar(Bucket.DAY, "UTC")
    plan_date = made.forecast["plan_date"].iloc[0].date()
    known = events if told else None
    return made, forecast_hierarchy(
        made.forecast, world.demand, items, sites, release, calendar, plan_date, events=known
    )


@pytest.fixture(scope="module")
def published(world, release):
    return frames_of(world, release)


def test_published_groups_are_the_sums_of_the_published_item_sites(published) -> None:
    made, found = published
    bottom = made.forecast.groupby(["site_id", "bucket_index"])["mean_units"].sum()
    sites = found.forecast[found.forecast["level"] == "site"].set_index(["member", "bucket_index"])["mean_units"]
    whole = found.forecast.groupby(["level", "bucket_index"])["mean_units"].sum().unstack()

    np.testing.assert_allclose(sites.to_numpy(), bottom.loc[sites.index.tolist()].to_numpy(), atol=1e-6)
    np.testing.assert_allclose(whole.to_numpy(), np.tile(whole.loc["network"], (len(LEVELS), 1)), atol=1e-6)


def test_spread_is_published_only_of_levels_with_enough_residuals(published) -> None:
    spread = published[1].forecast.groupby("level")["cumulative_std_units"].apply(lambda values: values.notna().all())

    assert not spread["network"]
    told = published[1].forecast.dropna(subset=["cumulative_std_units"])
    assert (told["cumulative_q10_units"] <= told["cumulative_q90_units"]).all()


def test_coherence_names_the_method_in_use_and_the_loss_of_every_other(published) -> None:
    coherence = published[1].coherence

    assert set(coherence["method"]) == {"base", *METHODS}
    assert coherence[coherence["is_used"]]["method"].unique().tolist() == [BOTTOM_UP]
    losses = coherence.groupby("method")["item_site_pinball_loss"].nunique()
    assert (losses.drop("base") == 1).all()
    assert (coherence[coherence["method"] == BOTTOM_UP]["gain"] == 0).all()


def test_the_same_input_publishes_the_same_bits(published, world, release) -> None:
    again = frames_of(world, release)[1]

    pd.testing.assert_frame_equal(again.forecast, published[1].forecast, check_exact=True)
    pd.testing.assert_frame_equal(again.coherence, published[1].coherence, check_exact=True)


def test_an_empty_forecast_publishes_empty_frames(published, world, release) -> None:
    made, _ = published
    none = replace(made, forecast=made.forecast.head(0)).forecast
    calendar = PlanCalendar(Bucket.DAY, "UTC")

    found = forecast_hierarchy(none, world.demand, pd.DataFrame(), pd.DataFrame(), release, calendar, pd.Timestamp(0))

    assert found.forecast.empty
    assert found.coherence.empty


def test_a_large_network_is_tested_on_whole_items(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assets.forecasting.hierarchy.coherence.MOST_SERIES", 20)
    panel = weekly_panel(np.random.default_rng(2).poisson(20.0, (60, 40)).astype(float))

    test = coherence_test(panel, {}, biased(1.0), 2, HORIZON)

    assert test.is_part
    assert test.panel.size == 20
    assert (test.panel.index.groupby("item_id").size() == 2).all()


PLAN_DATE = pd.Timestamp("2025-06-30")


def sold_on_promotion(world):
    """The world with promotions of all items, of three days every two weeks, that treble demand; and their calendar."""
    rows = [
        {
            "event_id": f"{item}-{weeks}",
            "event_name": "Promotion",
            "event_kind": "promotion",
            "start_date": PLAN_DATE - pd.Timedelta(weeks=weeks),
            "end_date": PLAN_DATE - pd.Timedelta(weeks=weeks) + pd.Timedelta(days=2),
            "item_id": item,
            "plan_date": PLAN_DATE,
            "available_at": PLAN_DATE - pd.Timedelta(weeks=weeks + 12),
            **dict.fromkeys(("region", "site_id", "unit_price")),
        }
        for item in world.features["item_id"].unique()
        for weeks in range(0, 18, 2)
    ]
    promoted = ((PLAN_DATE - world.demand["bucket_start"]).dt.days % 14).isin([0, 13, 12])
    units = world.demand["demand_lower_bound_units"] * np.where(promoted, 3, 1)
    return replace(world, demand=world.demand.assign(demand_lower_bound_units=units)), DIM_EVENT.conform(
        pd.DataFrame(rows)
    )


@pytest.fixture(scope="module")
def promoted(world, release):
    driven, events = sold_on_promotion(world)
    return frames_of(driven, release, events), frames_of(driven, release, events, told=False)


def test_announced_promotions_are_known_to_the_test_as_to_the_published_forecast(promoted) -> None:
    (_, told), (_, untold) = promoted

    def wape(coherence, method, level):
        chosen = (coherence["method"] == method) & (coherence["level"] == level)
        return coherence.loc[chosen, "wape"].item()

    assert wape(told.coherence, BOTTOM_UP, "item_site") < 0.8 * wape(untold.coherence, BOTTOM_UP, "item_site")
    assert wape(told.coherence, "base", "network") < 0.5 * wape(untold.coherence, "base", "network")


def test_a_groups_own_forecast_knows_what_is_announced_ahead(promoted) -> None:
    table = promoted[0][1].forecast
    network = table[table["level"] == "network"].sort_values("bucket_index")

    np.testing.assert_allclose(network["base_mean_units"], network["mean_units"], rtol=0.15)


@pytest.mark.parametrize("model", ["ShrunkenMean", "SimpleExponentialSmoothing", "Boosted"])
def test_the_item_site_forecast_of_the_test_is_that_of_the_champions_backtest(world, release, model: str) -> None:
    driven, events = sold_on_promotion(world)
    ranged = driven.features.assign(demand_segment="smooth", category="", region="")
    calendar = PlanCalendar(Bucket.DAY, "UTC")
    panel = build_panel(driven.demand, ranged, calendar, PLAN_DATE.date(), 120, events=events, horizon=7)
    rules = release.forecast.model_copy(update={"candidates": {"smooth": (model,)}, "origins": 2})
    expected = backtest(panel, rules, 7).segments[0].outcomes

    test = coherence_test(panel, {}, means_by_name(panel.index.assign(model=model)), 2, 7)

    for origin in test.origins:
        chosen = expected.origin == origin.cut
        np.testing.assert_allclose(origin.bottom[expected.series[chosen]], expected.mean[chosen])
