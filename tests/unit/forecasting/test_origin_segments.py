"""Segments at earlier origins: what was known there decides, as the feature would have."""

import numpy as np
import pytest
from forecasting_panels import weekly_panel

from assets.features.registry import FeatureRegistry
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
    assert (limits.adi, limits.cv2, limits.dying_ratio) == (
        standard.adi_threshold,
        standard.cv2_threshold,
        standard.dying_ratio,
    )


def test_series_are_classified_by_interval_and_variation():
    panel = series(smooth=[2, 4], erratic=[1, 1, 1, 20], intermittent=[0, 0, 3], lumpy=[0, 0, 1, 0, 0, 30])
    assert list(classified(panel)) == ["smooth", "erratic", "intermittent", "lumpy"]


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
