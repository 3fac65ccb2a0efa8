"""What stands out: found where it is, seldom where it is not, and cut for the models of levels."""

import numpy as np
import pytest
from forecasting_panels import weekly_panel

from assets.forecasting.history.anomalies import Anomaly, find_outliers, find_shifts
from assets.forecasting.history.censoring import fill_censored
from assets.kernel.calendar import Bucket

LENGTH = {Bucket.DAY: 182, Bucket.WEEK: 104}


def counts(bucket: Bucket, level: float, ratio: float, series: int = 300, seed: int = 0) -> np.ndarray:
    random, shape = np.random.default_rng(seed), (series, LENGTH[bucket])
    if ratio == 1:
        return random.poisson(level, shape).astype(float)
    return random.negative_binomial(level / (ratio - 1), 1 / ratio, shape).astype(float)


def everywhere(units: np.ndarray) -> np.ndarray:
    return np.ones(units.shape, dtype=bool)


@pytest.mark.parametrize("bucket", list(Bucket))
@pytest.mark.parametrize("level", [0.05, 0.3, 2, 10, 50])
@pytest.mark.parametrize("ratio", [1, 3, 10])
def test_noise_seldom_stands_out(bucket, level, ratio):
    units = counts(bucket, level, ratio)
    assert len(find_outliers(units, everywhere(units), bucket).row) <= 3
    assert len(find_shifts(units, everywhere(units), bucket).row) <= 3


@pytest.mark.parametrize("bucket", list(Bucket))
@pytest.mark.parametrize(("level", "size"), [(0.3, 20), (2, 20), (10, 50), (50, 150)])
def test_a_spike_is_found_where_it_is(bucket, level, size):
    units = counts(bucket, level, 1)
    units[:, 60] += size
    found = find_outliers(units, everywhere(units), bucket)
    assert (found.kind == Anomaly.SPIKE).all()
    assert len(np.unique(found.row[found.column == 60])) > 0.9 * len(units)
    assert found.usual[found.column == 60].mean() == pytest.approx(level, rel=0.2, abs=0.3)


@pytest.mark.parametrize("bucket", list(Bucket))
@pytest.mark.parametrize("level", [0.3, 8])
@pytest.mark.parametrize("size", [900, 20_000, 1e6, 1e9])
@pytest.mark.parametrize("ago", [(1,), (10,), (1, 2), (3, 40)])
def test_spikes_are_found_and_cut_however_large_beside_another_too(bucket, level, size, ago):
    units, columns = counts(bucket, level, 1, series=40), sorted(-each for each in ago)
    units[3, columns] = size
    found = find_outliers(units, everywhere(units), bucket)
    places = found.column[found.row == 3] - LENGTH[bucket]
    assert places.tolist() == columns
    assert found.usual[found.row == 3] == pytest.approx(level, rel=0.5, abs=0.9)
    history = fill_censored(weekly_panel(units, bucket=bucket), np.ones((40, 52 if bucket is Bucket.WEEK else 7)))
    assert (history.level[3, columns] < 10 * level + 5).all()


def test_an_unexplained_silence_of_a_fast_series_is_a_dip():
    units = counts(Bucket.DAY, 50, 1)
    units[:, 60] = 0
    found = find_outliers(units, everywhere(units), Bucket.DAY)
    assert set(found.kind) == {Anomaly.DIP}
    assert set(found.column) == {60}
    assert (found.evidence < -5).all()


@pytest.mark.parametrize("bucket", list(Bucket))
@pytest.mark.parametrize(("factor", "kind"), [(2.0, Anomaly.LEVEL_UP), (0.5, Anomaly.LEVEL_DOWN)])
def test_a_level_that_moved_is_found_once_and_near(bucket, factor, kind):
    units, middle = counts(bucket, 20, 1), LENGTH[bucket] // 2
    units[:, middle:] = np.round(factor * units[:, middle:])
    found = find_shifts(units, everywhere(units), bucket)
    near = np.abs(found.column - middle) <= 4
    assert len(np.unique(found.row[near])) > 0.9 * len(units)
    assert len(found.row) < 1.1 * len(units)
    assert set(found.kind[near]) == {kind}
    assert (found.found / found.usual)[near].mean() == pytest.approx(factor, rel=0.1)


def test_what_is_not_known_is_never_looked_at():
    units = counts(Bucket.DAY, 10, 1)
    units[:, 60] = 500
    known = everywhere(units)
    known[:, 60] = False
    assert 60 not in find_outliers(units, known, Bucket.DAY).column
    assert len(find_outliers(units, ~everywhere(units), Bucket.DAY).row) == 0
    assert len(find_shifts(units, ~everywhere(units), Bucket.DAY).row) == 0


def test_an_unusual_order_of_a_lumpy_series_is_usual():
    random = np.random.default_rng(4)
    units = np.where(random.random((300, 182)) < 0.05, random.integers(5, 30, (300, 182)), 0).astype(float)
    assert len(find_outliers(units, everywhere(units), Bucket.DAY).row) <= 3


def test_models_of_levels_are_shown_less_of_a_spike_and_all_of_a_shift():
    units = counts(Bucket.DAY, 10, 1, series=4)
    units[0, 150] = 300
    units[1, 120:] *= 3
    history = fill_censored(weekly_panel(units, bucket=Bucket.DAY), np.ones((4, 7)))
    assert 10 < history.level[0, 150] < 40
    assert history.units[0, 150] == history.level[0, 150]
    units[0, 150] = history.level[0, 150]
    assert (history.level == units).all()


def test_the_order_of_series_changes_nothing():
    units = counts(Bucket.DAY, 2, 3, series=50)
    units[7, 30] = 80
    found, turned = (find_outliers(u, everywhere(u), Bucket.DAY) for u in (units, units[::-1]))
    assert (found.row == 49 - turned.row[::-1]).all()
    assert sorted(found.evidence) == sorted(turned.evidence)
