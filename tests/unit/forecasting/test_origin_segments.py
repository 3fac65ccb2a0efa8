"""Segments at earlier origins: what was known there decides, as the feature would have."""

from dataclasses import replace

import numpy as np
import pytest
from forecasting_panels import weekly_panel

from assets.features.registry import FeatureRegistry
from assets.forecasting.history.announced import Announced
from assets.forecasting.history.drivers import Drivers
from assets.forecasting.history.origin_segments import LIMITS, classified, segments_at
from assets.kernel.calendar import Bucket

LENGTH = 60


def series(**units):
    return weekly_panel(np.array([np.resize(np.array(values, dtype=float), LENGTH) for values in units.values()]))


@pytest.mark.parametrize("bucket", list(Bucket))
def test_the_limits_are_those_of_the_standard_feature_set(bucket, tmp_path):
    standard = next(found for found in FeatureRegistry(tmp_path).available() if found.name == "standard")
    limits = LIMITS[bucket]
    assert limits.recent_buckets == standard.recent_window_buckets.of(bucket)
    assert limits.history_buckets == standard.history_window_buckets.of(bucket)
    assert limits.new_buckets == standard.new_item_buckets.of(bucket)
    assert (limits.adi, limits.cv2, limits.dying_ratio, limits.promoted_share, limits.seasonal_strength) == (
        standard.adi_threshold,
        standard.cv2_threshold,
        standard.dying_ratio,
        standard.promoted_share,
        standard.seasonal_strength,
    )


def test_series_are_classified_by_interval_and_variation():
    panel = series(smooth=[2, 4], erratic=[1, 1, 1, 20], intermittent=[0, 0, 3], lumpy=[0, 0, 1, 0, 0, 30])
    assert list(classified(panel)) == ["smooth", "erratic", "intermittent", "lumpy"]


def promoted_in(panel, promoted):
    told = Announced(np.zeros(promoted.shape, dtype=bool), None, (), np.zeros((1, 0, panel.length), dtype=np.float32),
                     np.zeros(panel.size, dtype=np.int64))  # fmt: skip
    return replace(panel, drivers=Drivers(promoted, None, told, 0))


@pytest.mark.parametrize("bucket", list(Bucket))
def test_the_season_names_a_series_from_two_whole_seasons_on(bucket):
    season = 52 if bucket is Bucket.WEEK else 7
    phase = np.arange(2 * season) % season
    wave = 10 + 5 * np.sin(2 * np.pi * phase / season)
    units = np.random.default_rng(2).poisson(wave, (20, 2 * season)).astype(float)
    panel = weekly_panel(np.tile(units, (1, 4)) if bucket is Bucket.DAY else units, bucket=bucket)
    assert (classified(panel) == "seasonal").mean() > 0.9
    assert "seasonal" not in classified(panel.until(2 * season - 1))
    flat = np.random.default_rng(3).poisson(10, panel.demand.shape).astype(float)
    assert (classified(replace(panel, demand=flat)) == "seasonal").mean() < 0.1


def test_promotions_go_before_the_season_and_what_is_dying_or_new_before_both():
    panel = weekly_panel(np.resize([2.0, 4, 3, 3, 3, 2, 9], (4, 120)), bucket=Bucket.DAY)
    panel.demand[2, -56:] = 0
    panel.demand[3, :-10] = 0
    promoted = np.zeros(panel.demand.shape, dtype=bool)
    promoted[1:, ::10] = True
    assert list(classified(promoted_in(panel, promoted))) == ["seasonal", "promoted", "dying", "new"]


def test_what_fell_is_dying_and_what_began_lately_is_new():
    fallen, fresh, never = np.full(LENGTH, 5.0), np.zeros(LENGTH), np.zeros(LENGTH)
    fallen[-13:], fresh[-4:] = 0.2, 3.0
    assert list(classified(weekly_panel(np.stack([fallen, fresh, never])))) == ["dying", "new", "dying"]


def test_a_series_that_died_since_is_not_dying_at_an_origin_before():
    fallen = np.full((1, LENGTH), 5.0)
    fallen[:, -13:] = 0.0
    panel = weekly_panel(fallen)
    panel.index["demand_segment"] = "dying"
    now, before = segments_at(panel, [LENGTH, LENGTH - 14])
    assert (now[0], before[0]) == ("dying", "smooth")


def test_nothing_after_the_origin_decides():
    random = np.random.default_rng(3)
    units = random.poisson(1.0, (20, LENGTH)).astype(float)
    changed = np.where(np.arange(LENGTH) >= 40, 50.0, units)
    assert (classified(weekly_panel(units).until(40)) == classified(weekly_panel(changed).until(40))).all()


def test_the_told_segment_stands_where_nothing_changed():
    panel = series(told=[2, 4], other=[3, 5])
    panel.index["demand_segment"] = ["lumpy", "smooth"]
    assert list(segments_at(panel, [LENGTH - 8])[0]) == ["lumpy", "smooth"]


def test_what_is_seasonal_now_was_so_before_two_seasons_could_tell():
    phase = np.arange(120) % 52
    wave = 20 + 12 * np.sin(2 * np.pi * phase / 52)
    panel = weekly_panel(np.random.default_rng(5).poisson(wave, (30, 120)).astype(float))
    panel = replace(panel, index=panel.index.assign(demand_segment=classified(panel)))
    now = panel.index["demand_segment"].to_numpy() == "seasonal"
    assert now.mean() > 0.9
    before, late = segments_at(panel, [90, 112])
    assert (before[now] == "seasonal").all()
    assert "seasonal" not in classified(panel.until(90))
    assert (late == classified(panel.until(112))).all()


def test_a_series_that_was_new_then_was_new_though_it_is_seasonal_now():
    phase = np.arange(120) % 52
    units = np.random.default_rng(6).poisson(20 + 12 * np.sin(2 * np.pi * phase / 52), (10, 120)).astype(float)
    units[0, :6] = 0.0
    panel = weekly_panel(units)
    panel = replace(panel, index=panel.index.assign(demand_segment=classified(panel)))
    assert segments_at(panel, [10])[0][0] == "new"
