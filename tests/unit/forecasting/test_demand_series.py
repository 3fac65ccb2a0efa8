import datetime as dt

import numpy as np
import pandas as pd
import pytest
from forecasting_panels import weekly_panel

from assets.forecasting.history.build_panel import build_panel
from assets.forecasting.history.censoring import fill_censored
from assets.forecasting.history.driver_presence import has_drivers
from assets.forecasting.history.phase import season_phase
from assets.forecasting.history.row_blocks import row_blocks
from assets.forecasting.history.seasonality import season_factors
from assets.forecasting.history.segments import menu, rows_by_segment
from assets.kernel.calendar import Bucket, PlanCalendar
from assets.kernel.errors import EquipoiseError
from assets.kernel.frames.marts import DIM_EVENT

PLAN_DATE = dt.date(2025, 6, 30)
DAYS = PlanCalendar(Bucket.DAY, "UTC")
WEEKS = PlanCalendar(Bucket.WEEK, "UTC")


def panel_of(demand, pairs, calendar=DAYS, history=364, category="c"):
    index = pd.DataFrame(pairs, columns=["item_id", "site_id"]).assign(demand_segment="smooth", category=category)
    return build_panel(demand, index, calendar, PLAN_DATE, history)


def test_the_last_column_is_the_bucket_before_the_plan_date(rows):
    panel = panel_of(rows(np.arange(10)), [("item-0", "store-0")])
    assert panel.length == 10
    assert panel.demand[0, -1] == 9
    assert panel.phase[-1] == (PLAN_DATE - dt.timedelta(days=1)).weekday()


def test_weekly_series_lie_on_the_weekly_grid(rows):
    panel = panel_of(rows(np.arange(5), bucket=Bucket.WEEK), [("item-0", "store-0")], WEEKS)
    assert panel.demand.tolist() == [[0, 1, 2, 3, 4]]


def test_rows_from_the_plan_date_on_are_not_looked_at(rows):
    late = rows(np.array([99]), plan_date=PLAN_DATE + dt.timedelta(days=1))
    panel = panel_of(pd.concat([rows(np.array([1, 2])), late]), [("item-0", "store-0")])
    assert panel.demand.tolist() == [[1, 2]]


def test_of_two_versions_of_a_bucket_the_latest_counts(rows):
    first, second = rows(np.array([5])), rows(np.array([8]))
    second["available_at"] += pd.Timedelta(days=3)
    for order in ([first, second], [second, first]):
        assert panel_of(pd.concat(order), [("item-0", "store-0")]).demand.tolist() == [[8]]


def test_a_bucket_without_a_row_is_unknown_though_the_site_reported(rows):
    refused = rows(np.array([3, 0, 4])).drop(index=1)
    other = rows(np.array([1, 1, 1]), item="item-1")
    panel = panel_of(pd.concat([refused, other]), [("item-0", "store-0"), ("item-1", "store-0")])
    assert panel.observed.tolist() == [[True, False, True], [True, True, True]]


def test_a_row_of_zero_is_no_demand(rows):
    panel = panel_of(rows(np.array([3, 0, 4])), [("item-0", "store-0")])
    assert (panel.observed.tolist(), panel.demand.tolist()) == ([[True, True, True]], [[3, 0, 4]])


def test_a_day_that_was_refused_does_not_lower_the_level(rows):
    told = rows(np.full(60, 5))
    panel = panel_of(told.drop(index=[20, 59]), [("item-0", "store-0")])
    assert fill_censored(panel).units[0, [20, 58]] == pytest.approx(5.0)


def test_a_silent_till_is_unknown_and_not_without_customers(rows):
    silent = rows(np.array([3, 3, 3]), plan_date=PLAN_DATE - dt.timedelta(days=2))
    other = rows(np.array([1, 1, 1, 1, 1]), item="item-1", site="store-1")
    panel = panel_of(pd.concat([silent, other]), [("item-0", "store-0"), ("item-1", "store-1")])
    assert panel.observed[0].tolist() == [True, True, True, False, False]


def test_history_is_cut_at_the_release_s_length(rows):
    assert panel_of(rows(np.arange(30)), [("item-0", "store-0")], history=10).length == 10


def test_a_censored_bucket_is_filled_with_what_that_weekday_sells(rows):
    units = 20 * np.tile([2, 4, 4, 4, 4, 20, 4], 20)
    empty = np.zeros(140, dtype=bool)
    saturday, wednesday = 138, 135
    empty[[saturday, wednesday]] = True
    panel = panel_of(rows(np.where(empty, 0, units), censored=empty), [("item-0", "store-0")])
    filled = fill_censored(panel).units[0]
    assert filled[saturday] == pytest.approx(400, rel=0.05)
    assert filled[wednesday] == pytest.approx(80, rel=0.05)


def test_what_was_sold_before_the_shelf_ran_empty_is_a_lower_bound(rows):
    units, empty = np.full(60, 5), np.zeros(60, dtype=bool)
    units[-1], empty[-1] = 12, True
    panel = panel_of(rows(units, censored=empty), [("item-0", "store-0")])
    assert 12 < fill_censored(panel).units[0, -1] < 14


def test_a_fill_does_not_look_ahead(rows):
    units, empty = np.concatenate([np.full(60, 2), np.full(60, 50)]), np.zeros(120, dtype=bool)
    units[55], empty[55] = 0, True
    panel = panel_of(rows(units, censored=empty), [("item-0", "store-0")])
    assert fill_censored(panel.until(60)).level[0, 55] == pytest.approx(2, rel=0.05)


def test_a_series_without_one_observed_bucket_is_at_least_its_lower_bounds(rows):
    units = np.array([0, 3, 0, 1])
    panel = panel_of(rows(units, censored=np.ones(4, dtype=bool)), [("item-0", "store-0")])
    history = fill_censored(panel)
    assert np.isfinite(history.level).all()
    assert (history.units[0] >= [0, 3, 0, 1]).all()
    assert (history.units[0] < 6).all()


def test_season_factors_average_one_and_find_the_weekday_pattern(rows):
    pattern = np.array([0.6, 0.8, 1.0, 1.0, 1.2, 1.6, 0.8])
    units = np.random.default_rng(1).poisson(40 * np.tile(pattern, 30))
    factors = season_factors(panel_of(rows(units), [("item-0", "store-0")]))
    monday_first = np.roll(pattern, (PLAN_DATE - dt.timedelta(days=210)).weekday())
    assert factors.mean(axis=1) == pytest.approx(1.0)
    assert factors[0] == pytest.approx(monday_first / pattern.mean(), abs=0.1)


def test_less_than_two_seasons_have_no_factors(rows):
    weekly = panel_of(rows(np.arange(100), bucket=Bucket.WEEK), [("item-0", "store-0")], WEEKS)
    assert (season_factors(weekly) == 1.0).all()


def test_iso_week_53_counts_as_week_52():
    phases = season_phase(WEEKS, dt.date(2020, 12, 21), 0, 3)
    assert phases.tolist() == [51, 51, 0]


def test_the_data_digest_sees_a_changed_unit_and_not_the_order_of_rows(rows):
    units = np.arange(20)
    pairs = [("item-0", "store-0")]
    digest = panel_of(rows(units), pairs).data_digest()
    assert panel_of(rows(units).sample(frac=1, random_state=3), pairs).data_digest() == digest
    units[4] += 1
    assert panel_of(rows(units), pairs).data_digest() != digest


def test_an_unknown_segment_is_refused_by_name():
    with pytest.raises(EquipoiseError, match="fashionable"):
        rows_by_segment(pd.DataFrame({"demand_segment": ["fashionable"]}))


def test_a_segment_without_candidates_is_refused(release):
    empty = release.forecast.model_copy(update={"candidates": {"smooth": ("TSB",)}})
    with pytest.raises(EquipoiseError, match="lumpy has no candidates"):
        menu(empty, "lumpy")


def flagged(demand, place, **values):
    """Return demand with other values in one of its rows."""
    label = demand.index[place]
    return demand.assign(**{name: demand[name].mask(demand.index == label, value) for name, value in values.items()})


@pytest.mark.parametrize(
    ("values", "place", "known"),
    [
        ({}, 0, False),
        ({"is_promoted": True}, 5, True),
        ({"is_promoted": True}, 0, False),
        ({"unit_price": 2.0}, 5, True),
        ({"unit_price": 2.0}, 0, False),
        ({"unit_price": np.nan}, 5, False),
        ({"is_promoted": True, "unit_price": 2.0}, 5, True),
    ],
)
def test_tables_have_drivers_where_their_panel_does(rows, values, place, known):
    """The first of the ten buckets lies before the history."""
    demand = flagged(rows(np.arange(1, 11)), place, **values)
    both = pd.concat([demand, rows(np.full(10, 3), item="item-1")], ignore_index=True)
    assert has_drivers(both, DIM_EVENT.empty(), DAYS, PLAN_DATE, 9) is known
    panel = panel_of(both, [("item-0", "store-0"), ("item-1", "store-0")], history=9)
    assert (panel.drivers is not None) is known
    # In any order of rows.
    assert has_drivers(both.sample(frac=1, random_state=1), DIM_EVENT.empty(), DAYS, PLAN_DATE, 9) is known


def test_an_event_is_a_driver_and_no_row_is_none(rows):
    none = rows(np.arange(3)).head(0)
    one = pd.DataFrame({"event_id": ["e"]})
    assert has_drivers(none, one, DAYS, PLAN_DATE, 9)
    assert not has_drivers(none, DIM_EVENT.empty(), DAYS, PLAN_DATE, 9)


@pytest.mark.parametrize(("size", "length"), [(0, 5), (1, 9), (5000, 0), (5000, 40), (5000, 3000)])
def test_blocks_are_all_rows_once_and_in_order(size, length):
    blocks = list(row_blocks(size, length))
    assert [row for rows in blocks for row in range(rows.start, rows.stop)] == list(range(size))
    assert max((rows.stop - rows.start for rows in blocks), default=0) <= 2048


def test_a_history_is_the_same_to_the_bit_however_its_series_are_cut_into_blocks():
    random = np.random.default_rng(3)
    panel = weekly_panel(
        random.negative_binomial(1, 0.3, (700, 130)).astype(float), observed=random.random((700, 130)) > 0.1
    )
    factors = season_factors(panel)
    whole = fill_censored(panel, factors)
    for rows in (slice(0, 3), slice(3, 400), slice(400, 700)):
        part = fill_censored(panel.block(rows), factors[rows])
        assert (part.level == whole.level[rows]).all()
        assert (part.units == whole.units[rows]).all()


def test_all_series_in_their_order_are_the_panel_itself():
    panel = weekly_panel(np.ones((4, 30)))
    assert panel.take(np.arange(4)) is panel
    assert list(panel.take(np.array([2, 1])).index["item_id"]) == list(panel.index["item_id"].iloc[[2, 1]])
