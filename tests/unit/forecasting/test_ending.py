"""What is declared to end: nothing after it has ended, less and less while it ends; what dies unasked falls too."""

import numpy as np
import pandas as pd
import pytest
from forecasting_panels import weekly_panel
from unit.forecasting.conftest import demand_rows

from assets.forecasting.history.ending import fading, lifecycles
from assets.forecasting.intervals import interval_calibration, interval_forecast
from assets.forecasting.segment_forecasts import ENDED
from assets.kernel.calendar import Bucket
from assets.kernel.frames.forecasts import QUANTILE_COLUMNS


def settings(world, **stages: str) -> pd.DataFrame:
    """Settings of a world's item-sites, whose lifecycle is active unless the item is named."""
    keys = world.features[["item_id", "site_id"]]
    return keys.assign(lifecycle=keys["item_id"].str.replace("-", "_").map(stages).fillna("active"))


def test_nothing_is_expected_of_what_is_delisted(world, release):
    made = world.forecast(release, settings=settings(world, item_5="delisted"))
    ended = made.forecast["item_id"] == "item-5"
    figures = ["mean_units", "cumulative_mean_units", "cumulative_std_units", *QUANTILE_COLUMNS]
    assert (made.forecast.loc[ended, figures] == 0).all(axis=None)
    assert set(made.forecast.loc[ended, "model"]) == {ENDED}
    known = interval_forecast(made.forecast, interval_calibration(made.selection, made.forecast["plan_date"].iloc[0]))
    rows = np.flatnonzero(known.series["item_id"] == "item-5")
    demand = known.over(rows, np.zeros(len(rows), dtype=np.int64), np.full(len(rows), 3))
    assert not demand.std.any()
    assert not demand.quantiles.any()


def test_a_lifecycle_changes_no_other_series(world, release, made):
    other = world.forecast(release, settings=settings(world, item_5="delisted", item_4="ending"))
    same = ~made.forecast["item_id"].isin(["item-4", "item-5"])
    figures = ["mean_units", *QUANTILE_COLUMNS]
    pd.testing.assert_frame_equal(made.forecast.loc[same, figures], other.forecast.loc[same, figures])


def test_without_settings_nothing_is_declared(world):
    assert set(lifecycles(world.features, None)) == {""}
    assert set(lifecycles(world.features, settings(world).head(1))) == {"active", ""}


def test_what_is_ending_is_forecast_to_go_on_falling(worlds, release):
    world = worlds(items=3)
    fall = np.round(40 * np.exp(-np.arange(120) / 40))
    world = world.with_series(demand_rows(fall, item="item-9", site="store-0"), "item-9", "store-0", "smooth")
    held, faded = (
        made.forecast.query("item_id == 'item-9'")["mean_units"].to_numpy()
        for made in (world.forecast(release), world.forecast(release, settings=settings(world, item_9="ending")))
    )
    assert (faded < 0.95 * held).all()
    assert (np.diff(faded / held) < 0).all()


@pytest.mark.parametrize("bucket", list(Bucket))
def test_demand_fades_as_it_faded_lately_and_never_grows(bucket):
    width = 28 if bucket is Bucket.DAY else 8
    units = np.full((3, 2 * width), 20.0)
    units[0, width:], units[1, width:] = 10.0, 60.0
    found = fading(weekly_panel(units, bucket=bucket), np.array([True, True, False]), 4)
    assert (np.diff(found[0]) < 0).all()
    assert (found[0] < 1).all()
    assert (found[1:] == 1).all()


def test_unknown_buckets_are_no_fade():
    units, known = np.full((1, 56), 20.0), np.ones((1, 56), dtype=bool)
    units[:, 42:], known[:, 42:] = 0, False
    assert fading(weekly_panel(units, observed=known, bucket=Bucket.DAY), np.array([True]), 3).min() == 1


def test_a_dying_series_is_forecast_below_its_mean_and_lower_with_every_silent_week(worlds, release):
    world = worlds(items=3)
    means = []
    for silent in (30, 60):
        units = np.concatenate([np.full(120 - silent, 10), np.zeros(silent)])
        found = world.with_series(demand_rows(units, item="item-9", site="store-0"), "item-9", "store-0", "dying")
        means.append(found.forecast(release).forecast.query("item_id == 'item-9'")["mean_units"].mean())
    assert means[0] < 0.5 * 10
    assert means[1] < 0.5 * means[0]
