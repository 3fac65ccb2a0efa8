"""Promotions, prices and events as drivers: effects recovered, announced buckets known, nothing after an origin."""

import datetime as dt
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from unit.forecasting.conftest import demand_rows

from assets.forecasting.evaluation.backtest import known_at
from assets.forecasting.history.announced import announced
from assets.forecasting.history.build_panel import build_panel
from assets.forecasting.history.censoring import fill_censored
from assets.forecasting.history.driver_learning import learn_drivers
from assets.forecasting.history.drivers import Announced, Drivers
from assets.forecasting.history.effects_table import NETWORK, effects_page, effects_table
from assets.forecasting.history.panel import SeriesPanel
from assets.forecasting.history.without_drivers import taken_of, without_drivers
from assets.forecasting.models.candidates import candidate, forecast_means
from assets.kernel.calendar import Bucket, PlanCalendar
from assets.kernel.frames.marts import DIM_EVENT
from tests.forecasting_panels import weekly_panel

PLAN_DATE = dt.date(2026, 3, 9)  # a Monday
HORIZON, LENGTH, SERIES = 14, 200, 40
DAILY = PlanCalendar(Bucket.DAY, "UTC")
LONG_AGO = dt.datetime(2020, 1, 1)  # before any origin


def event(name: str, start: dt.date, days: int = 1, *, kind: str = "holiday", **of: object) -> dict[str, object]:
    concerned = {"region": None, "site_id": None, "item_id": None, "unit_price": None, **of}
    ident = f"{name}-{start}-{'-'.join(str(value) for value in of.values())}"
    last = start + dt.timedelta(days=days - 1)
    return {
        "event_id": ident,
        "event_name": name,
        "event_kind": kind,
        "start_date": start,
        "end_date": last,
        "available_at": LONG_AGO,
        **concerned,
    }


def events(*rows: dict[str, object]) -> pd.DataFrame:
    return (
        DIM_EVENT.conform(pd.DataFrame(rows).assign(plan_date=pd.Timestamp(PLAN_DATE))) if rows else DIM_EVENT.empty()
    )


def grid(panel: SeriesPanel, told: pd.DataFrame, calendar: PlanCalendar = DAILY, horizon: int = HORIZON) -> Announced:
    index = panel.index[["item_id", "site_id"]].assign(region="north")
    return announced(told, index, calendar, PLAN_DATE, panel.length, horizon)


def driven_panel(
    *, uplift: float = 2.0, seed: int = 1, told: pd.DataFrame | None = None, mean: float = 8.0, promoted: bool = True
) -> SeriesPanel:
    """Forty series of which each has four promotions of a week, at different times."""
    random = np.random.default_rng(seed)
    flags = np.zeros((SERIES, LENGTH), dtype=bool)
    if promoted:
        for row in range(SERIES):
            for start in random.choice(np.arange(5, LENGTH - 30, 14), 4, replace=False):
                flags[row, start : start + 7] = True
    units = random.poisson(mean * np.where(flags, uplift, 1.0))
    panel = weekly_panel(units, bucket=Bucket.DAY)
    calendar = grid(panel, events() if told is None else told)
    planned = calendar.planned.copy()
    planned[:, :LENGTH] |= flags
    return replace(panel, drivers=Drivers(flags, None, replace(calendar, planned=planned), HORIZON))


def unannounced_panel(*, share: float = 0.1, uplift: float = 3.0) -> SeriesPanel:
    """Forty series with promotions on days of their own that tills flag and no calendar announces."""
    random = np.random.default_rng(4)
    flags = random.random((SERIES, LENGTH)) < share
    panel = weekly_panel(random.poisson(4.0 * np.where(flags, uplift, 1.0)), bucket=Bucket.DAY)
    return replace(panel, drivers=Drivers(flags, None, grid(panel, events()), HORIZON))


def columns_of(date: dt.date, days: int = 1) -> slice:
    first = LENGTH - (PLAN_DATE - date).days
    return slice(first, first + days)


def test_the_uplift_of_promotions_is_recovered():
    effects = learn_drivers(driven_panel(uplift=2.0))
    assert effects.category_uplift[-1] == pytest.approx(2.0, rel=0.04)
    assert effects.uplift == pytest.approx(2.0, rel=0.15)


def test_without_its_promotions_a_series_is_at_its_level():
    panel = driven_panel(uplift=2.5)
    flags = panel.drivers.promoted
    plain, _ = without_drivers(panel)
    assert plain.demand[flags].mean() == pytest.approx(plain.demand[~flags].mean(), rel=0.04)
    assert plain.drivers is None


def test_a_series_with_an_uplift_of_its_own_keeps_most_of_it():
    panel = driven_panel(uplift=1.5, mean=40.0)
    flags = panel.drivers.promoted[0]
    demand = panel.demand.copy()
    demand[:2, flags] *= 2.0  # both sites of the item
    demand[1, panel.drivers.promoted[1]] = panel.demand[1, panel.drivers.promoted[1]] * 2.0
    uplift = learn_drivers(replace(panel, demand=demand)).uplift
    assert uplift[0] > 2.5
    assert uplift[2:] == pytest.approx(1.5, rel=0.15)


def test_a_promoted_bucket_ahead_is_multiplied_and_only_it():
    told = events(event("Promotion", PLAN_DATE + dt.timedelta(days=3), 2, kind="promotion", item_id="item-000"))
    panel = driven_panel(told=told)
    _, ahead = without_drivers(panel)
    assert (ahead[:2, [3, 4]] > 1.7).all()
    ahead[:2, [3, 4]] = 1.0
    assert (ahead == 1.0).all()


def test_models_of_level_see_the_promotion_ahead_and_not_those_behind():
    told = events(event("Promotion", PLAN_DATE, 1, kind="promotion", item_id="item-000"))
    panel = driven_panel(uplift=3.0, told=told)
    history = fill_censored(panel)
    ahead = history.ahead(np.arange(2), np.arange(HORIZON) % 7)
    assert ahead[:, 0] / ahead[:, 7] == pytest.approx(learn_drivers(panel).uplift[:2])
    assert history.level.mean() == pytest.approx(8.0, rel=0.05)
    assert history.units.mean() == pytest.approx(8.0, rel=0.05)
    assert history.driven_ahead(np.array([0]), HORIZON + 3).shape == (1, HORIZON + 3)


def test_a_promotion_without_any_past_changes_nothing_and_says_so():
    told = events(event("Promotion", PLAN_DATE, 7, kind="promotion", item_id="item-000"))
    panel = driven_panel(promoted=False, told=told)
    effects = learn_drivers(panel)
    assert (effects.ahead(panel) == 1.0).all()
    table = effects_table(taken_of(panel, effects), PLAN_DATE).set_index(["driver", "category"])
    row = table.loc[("promotion", NETWORK)]
    assert (row["effect"], row["learned_buckets"], row["ahead_buckets"], row["is_used"]) == (1.0, 0, 14, False)


def test_a_promotion_of_an_item_without_a_past_takes_the_uplift_of_its_category():
    told = events(event("Promotion", PLAN_DATE, 7, kind="promotion", item_id="item-000"))
    panel = driven_panel(told=told)
    never = panel.drivers.promoted.copy()
    never[:2] = False
    demand = panel.demand.copy()
    demand[:2] = 8.0
    panel = replace(panel, demand=demand, drivers=replace(panel.drivers, promoted=never))
    effects = learn_drivers(panel)
    assert effects.ahead(panel)[:2, :7] == pytest.approx(effects.category_uplift[0])


def test_promotions_that_nobody_announces_stay_in_the_mean_ahead():
    panel = unannounced_panel()
    history = fill_censored(panel)
    ahead = history.ahead(np.arange(SERIES), np.arange(HORIZON) % 7)
    assert history.level.mean() == pytest.approx(4.0, rel=0.03)
    assert (history.level.mean(axis=1, keepdims=True) * ahead).mean() == pytest.approx(panel.demand.mean(), rel=0.02)


def test_where_every_past_promotion_was_announced_none_is_expected_beside_the_calendar():
    panel = unannounced_panel()
    planned = panel.drivers.announced.planned.copy()
    planned[:, :LENGTH] |= panel.drivers.promoted
    told = replace(panel.drivers, announced=replace(panel.drivers.announced, planned=planned))
    assert (without_drivers(replace(panel, drivers=told))[1] == 1.0).all()


def test_an_item_that_is_never_promoted_expects_next_to_none_and_the_others_theirs():
    panel = unannounced_panel(share=0.3)
    flags = panel.drivers.promoted.copy()
    flags[:2] = False
    demand = np.where(flags == panel.drivers.promoted, panel.demand, 4.0)
    panel = replace(panel, demand=demand, drivers=replace(panel.drivers, promoted=flags))
    found = learn_drivers(panel).unannounced
    assert (found[:2] < 0.04).all()
    assert found[2:].mean() == pytest.approx(flags[2:].mean(), rel=0.02)


def test_an_origin_expects_unannounced_promotions_from_what_was_before_it():
    cut, panel = 150, unannounced_panel()
    late = panel.drivers.promoted | (np.arange(LENGTH) >= cut)
    altered = replace(panel, drivers=replace(panel.drivers, promoted=late))
    ahead = without_drivers(panel.until(cut))[1]
    assert np.array_equal(ahead, without_drivers(altered.until(cut))[1])
    assert ahead.mean() == pytest.approx(1.2, abs=0.03)


def built(flagged: np.ndarray, told: pd.DataFrame) -> SeriesPanel:
    """Demand of one series that is 30 in its promotion and 10 else, at a lower price then."""
    promoted = np.zeros(LENGTH, dtype=bool)
    promoted[100:110] = True
    rows = demand_rows(np.where(promoted, 30, 10), plan_date=PLAN_DATE)
    rows = rows.assign(is_promoted=flagged, unit_price=np.where(promoted, 3.0, 4.0))
    index = pd.DataFrame([{"item_id": "item-0", "site_id": "store-0", "demand_segment": "smooth", "category": "c"}])
    return build_panel(rows, index, DAILY, PLAN_DATE, 364, events=told, horizon=HORIZON)


def test_a_promotion_that_only_the_calendar_tells_of_teaches_as_one_that_tills_flag():
    start = PLAN_DATE - dt.timedelta(days=LENGTH - 100)
    told = events(event("Promotion", start, 10, kind="promotion", item_id="item-0"))
    by_calendar = built(np.zeros(LENGTH, dtype=bool), told)
    by_both = built(np.isin(np.arange(LENGTH), np.arange(100, 110)), told)
    assert learn_drivers(by_calendar).uplift[0] > 1.5
    assert by_calendar.drivers.price is None, "a promotion's price is no price outside promotions"
    assert by_calendar.data_digest() == by_both.data_digest()


def test_a_bucket_that_tills_flag_is_promoted_whatever_the_calendar_says():
    flagged = np.arange(LENGTH) == 50
    start = PLAN_DATE - dt.timedelta(days=LENGTH - 100)
    told = events(event("Promotion", start, 10, kind="promotion", item_id="item-0"))
    assert np.flatnonzero(built(flagged, told).drivers.promoted[0]).tolist() == [50, *range(100, 110)]


def test_the_uplift_of_censored_promotions_is_not_learned():
    panel = driven_panel(uplift=2.0)
    flags = panel.drivers.promoted
    panel = replace(panel, demand=np.where(flags, 0.0, panel.demand), observed=~flags)
    assert learn_drivers(panel).uplift == pytest.approx(1.0)


def test_no_effect_leaves_its_bounds():
    assert learn_drivers(driven_panel(uplift=60.0)).uplift.max() <= 10.0
    assert learn_drivers(driven_panel(uplift=0.0, mean=500.0)).uplift.min() >= 0.1


def moved(demand: np.ndarray, days: list[dt.date], factor: float) -> np.ndarray:
    changed = demand.copy()
    for day in days:
        changed[:, columns_of(day)] *= factor
    return changed


def test_a_holiday_that_moves_is_matched_by_its_name():
    past = [PLAN_DATE - dt.timedelta(days=ago) for ago in (150, 97, 33)]
    coming = PLAN_DATE + dt.timedelta(days=5)
    told = events(*(event("Moving Feast", day) for day in [*past, coming]))
    panel = driven_panel(promoted=False, told=told, mean=20.0)
    panel = replace(panel, demand=moved(panel.demand, past, 0.5))
    ahead = learn_drivers(panel).ahead(panel)
    assert ahead[:, 5] == pytest.approx(0.5, abs=0.05)
    assert np.delete(ahead, 5, axis=1) == pytest.approx(1.0)


@pytest.mark.parametrize("size", [900, 9000, 1e6])
@pytest.mark.parametrize("ago", [30, 34, 60])
def test_a_spike_of_one_series_leaves_what_all_learned_of_a_holiday(size, ago):
    past = [PLAN_DATE - dt.timedelta(days=each) for each in (150, 97, 33)]
    coming = PLAN_DATE + dt.timedelta(days=5)
    panel = driven_panel(promoted=False, told=events(*(event("Moving Feast", day) for day in [*past, coming])))
    panel = replace(panel, demand=moved(panel.demand, past, 2.5))
    spiky = panel.demand.copy()
    spiky[3, -ago] = size
    calm, found = (learn_drivers(each).ahead(each)[:, 5] for each in (panel, replace(panel, demand=spiky)))
    assert found == pytest.approx(calm, rel=0.01)


@pytest.mark.parametrize("size", [900, 9000, 1e6])
def test_a_spike_on_a_promoted_day_leaves_the_uplift_of_other_series(size):
    panel = driven_panel()
    spiky = panel.demand.copy()
    spiky[3, np.flatnonzero(panel.drivers.promoted[3])[10]] = size
    calm, found = (learn_drivers(each).uplift for each in (panel, replace(panel, demand=spiky)))
    # Its own item is sold at another site too.
    others = np.setdiff1d(np.arange(SERIES), [2, 3])
    assert found[others] == pytest.approx(calm[others], rel=0.03)


def test_an_event_that_changed_nothing_stays_near_one():
    past = [PLAN_DATE - dt.timedelta(days=ago) for ago in (150, 97, 33)]
    told = events(*(event("Nothing Much", day) for day in [*past, PLAN_DATE]))
    panel = driven_panel(promoted=False, told=told, mean=20.0)
    assert learn_drivers(panel).ahead(panel) == pytest.approx(1.0, abs=0.04)


def test_an_event_of_one_region_leaves_the_others_alone():
    told = events(
        event("Fair", PLAN_DATE - dt.timedelta(days=30), region="south"), event("Fair", PLAN_DATE, region="south")
    )
    panel = driven_panel(promoted=False, told=told)
    assert not panel.drivers.announced.shares.any()


def test_an_event_that_lasts_a_season_is_no_event():
    told = events(event("Summer", PLAN_DATE - dt.timedelta(days=100), 80), event("Summer", PLAN_DATE, 30))
    panel = driven_panel(promoted=False, told=told)
    assert (learn_drivers(panel).events == 1.0).all()


def test_a_week_counts_the_share_of_the_holidays_days():
    panel = weekly_panel(np.full((2, 30), 5))
    told = events(event("Two Days", PLAN_DATE - dt.timedelta(days=1), 2))
    shares = grid(panel, told, PlanCalendar(Bucket.WEEK, "UTC"), 4).shares
    assert shares[0, 0, [29, 30]] == pytest.approx(1 / 7)
    assert shares.sum() == pytest.approx(2 / 7)


def test_the_effect_of_a_day_is_learned_from_weeks_that_hold_it():
    random = np.random.default_rng(5)
    weeks = [60, 90, 120]
    panel = weekly_panel(random.poisson(70.0, (40, 150)))
    demand = panel.demand.copy()
    demand[:, weeks] *= 1.0 + 3.0 / 7.0  # one day of seven sells four times as much
    days = [PLAN_DATE - dt.timedelta(days=7 * (150 - week)) for week in weeks]
    told = events(*(event("Feast", day) for day in [*days, PLAN_DATE]))
    calendar = grid(panel, told, PlanCalendar(Bucket.WEEK, "UTC"), 4)
    drivers = Drivers(np.zeros(demand.shape, dtype=bool), None, calendar, 4)
    ahead = learn_drivers(replace(panel, demand=demand, drivers=drivers)).ahead(replace(panel, drivers=drivers))
    assert ahead[:, 0] == pytest.approx(1.0 + 3.0 / 7.0, rel=0.05)
    assert (ahead[:, 1:] == 1.0).all()


def priced_panel(elasticity: float, *, known: bool = True) -> SeriesPanel:
    """Prices that change by a tenth every fortnight; unknown where nothing was sold."""
    random = np.random.default_rng(3)
    steps = random.choice([0.9, 1.0, 1.1], (SERIES, LENGTH // 14 + 1))
    price = np.repeat(steps, 14, axis=1)[:, :LENGTH].astype(np.float32) * 4
    price[:, -40:] = 4.0
    units = random.poisson(12 * (price / 4.0) ** elasticity)
    panel = weekly_panel(units, bucket=Bucket.DAY)
    told = np.where((units > 0) & known, price, np.float32(np.nan))
    plan = grid(panel, events(event("New price", PLAN_DATE, 7, kind="other", item_id="item-000", unit_price=3.6)))
    return replace(panel, drivers=Drivers(np.zeros(units.shape, dtype=bool), told, plan, HORIZON))


def test_the_elasticity_of_prices_is_recovered_and_used_where_a_price_is_announced():
    panel = priced_panel(-2.0)
    effects = learn_drivers(panel)
    assert effects.elasticity == pytest.approx(-2.0, rel=0.15)
    ahead = effects.ahead(panel)
    assert ahead[:2, :7] == pytest.approx(0.9**-2.0, rel=0.05)
    # Without an announced price the shelf keeps the usual one.
    assert (ahead[:, 7:] == 1.0).all()
    assert (ahead[2:] == 1.0).all()


def test_a_price_above_the_usual_never_sells_more():
    assert (learn_drivers(priced_panel(1.5)).elasticity == 0.0).all()


@pytest.mark.parametrize("told", [True, False])
def test_a_price_announced_where_none_is_known_changes_nothing_and_says_so(told):
    """Whether no price is known, or the tills tell of none that varies, so that the panel holds none."""
    panel = priced_panel(-2.0, known=False)
    if not told:
        panel = replace(panel, drivers=replace(panel.drivers, price=None))
    assert (learn_drivers(panel).ahead(panel) == 1.0).all()
    table = effects_table(taken_of(panel), PLAN_DATE).set_index(["driver", "category"])
    row = table.loc[("price", NETWORK)]
    assert (row["learned_buckets"], row["ahead_buckets"], row["is_used"]) == (0, 2 * 7, False)
    assert effects_page(table.reset_index())["announced_without_a_past"] > 0


def test_scaled_demand_has_the_same_elasticity_and_an_uplift_as_sure_or_surer():
    panel = driven_panel(mean=400.0)
    scaled = replace(panel, demand=panel.demand * 100.0)
    assert learn_drivers(scaled).uplift == pytest.approx(learn_drivers(panel).uplift, rel=0.03)


def test_the_order_of_series_changes_no_bit():
    past = [PLAN_DATE - dt.timedelta(days=ago) for ago in (150, 97)]
    told = events(*(event("Feast", day) for day in [*past, PLAN_DATE]))
    panel = driven_panel(told=told)
    other = np.random.default_rng(9).permutation(panel.size)
    straight, shuffled = learn_drivers(panel), learn_drivers(panel.take(other))
    assert np.array_equal(straight.uplift[other], shuffled.uplift)
    assert np.array_equal(straight.ahead(panel)[other], shuffled.ahead(panel.take(other)))


def test_the_order_of_series_leaves_the_table_of_effects_as_it_is():
    panel = driven_panel()
    flags = panel.drivers.promoted.copy()
    flags[::4] = False  # so that series, and categories, differ in what was learned
    panel = replace(panel, drivers=replace(panel.drivers, promoted=flags))
    shuffled = panel.take(np.random.default_rng(9).permutation(panel.size))
    tables = [effects_table(taken_of(one), PLAN_DATE) for one in (panel, shuffled)]
    pd.testing.assert_frame_equal(*tables, check_exact=True)


def test_unannounced_promotions_are_expected_alike_in_any_order_of_series():
    panel = unannounced_panel()
    other = np.random.default_rng(9).permutation(panel.size)
    assert np.array_equal(without_drivers(panel)[1][other], without_drivers(panel.take(other))[1])


def test_an_origin_knows_what_is_announced_and_nothing_that_happened_after_it():
    cut = 150
    start = PLAN_DATE - dt.timedelta(days=LENGTH - cut - 2)
    told = events(event("Promotion", start, 3, kind="promotion", item_id="item-000"))
    panel = driven_panel(told=told)
    altered = replace(
        panel,
        demand=np.where(np.arange(LENGTH) < cut, panel.demand, 99.0),
        drivers=replace(panel.drivers, promoted=panel.drivers.promoted & (np.arange(LENGTH) < cut)),
    )
    first, second = learn_drivers(panel.until(cut)), learn_drivers(altered.until(cut))
    assert np.array_equal(first.uplift, second.uplift)
    ahead = first.ahead(panel.until(cut))
    assert ahead.shape == (SERIES, HORIZON)
    assert np.array_equal(ahead, second.ahead(altered.until(cut)))
    assert (ahead[:2, 2:5] > 1.5).all()
    assert np.array_equal(without_drivers(panel.until(cut))[0].demand, without_drivers(altered.until(cut))[0].demand)


def told_at(column: int, *, days_late: int = 0) -> dt.datetime:
    """Return a time just before, or that many days after, the cutoff of the origin at a column."""
    origin = PLAN_DATE - dt.timedelta(days=LENGTH - column)
    return dt.datetime.combine(origin, dt.time(4)) + dt.timedelta(days=days_late)


def at_column(name: str, column: int, days: int, **of: object) -> dict[str, object]:
    return event(name, PLAN_DATE - dt.timedelta(days=LENGTH - column), days, **of)


@pytest.mark.parametrize("kind", ["promotion", "price", "event"])
def test_an_origin_sees_ahead_only_what_was_announced_by_its_cutoff(kind):
    cut = 150
    of = {
        "promotion": {"kind": "promotion", "item_id": "item-000"},
        "price": {"kind": "other", "item_id": "item-000", "unit_price": 3.0},
        "event": {"kind": "holiday"},
    }[kind]
    panel = weekly_panel(np.full((SERIES, LENGTH), 5), bucket=Bucket.DAY)

    def ahead(days_late: int, origin: int) -> np.ndarray:
        told = grid(panel, events(at_column("X", cut + 2, 3, available_at=told_at(cut, days_late=days_late), **of)))
        known = told.until(origin, HORIZON)
        if kind == "event":
            return np.flatnonzero(known.shares[0, 0, origin:])
        cells = known.planned if kind == "promotion" else np.isfinite(known.price)
        return np.flatnonzero(cells[0, origin:])

    assert ahead(0, cut).tolist() == [2, 3, 4]
    assert ahead(1, cut).tolist() == []
    assert ahead(1, cut + 1).tolist() == [1, 2, 3], "the next origin had been told"
    assert ahead(40, LENGTH - HORIZON).tolist() == []


def test_what_was_announced_late_is_history_once_it_is_past():
    late = at_column("Promotion", 120, 7, kind="promotion", item_id="item-000", available_at=told_at(190))
    panel = weekly_panel(np.full((SERIES, LENGTH), 5), bucket=Bucket.DAY)
    told = grid(panel, events(late))
    assert np.flatnonzero(told.until(150, HORIZON).planned[0]).tolist() == list(range(120, 127))
    assert not told.until(120, HORIZON).planned.any()
    assert not told.until(150, HORIZON).until(120, HORIZON).planned.any()
    # The plan itself knows all that it is told, also with hindsight.
    ahead = at_column(
        "Promotion", LENGTH + 1, 2, kind="promotion", item_id="item-000", available_at=told_at(LENGTH + 9)
    )
    assert np.flatnonzero(grid(panel, events(ahead)).until(LENGTH, HORIZON).planned[0]).tolist() == [
        LENGTH + 1,
        LENGTH + 2,
    ]


def test_of_several_promotions_of_a_bucket_the_first_announced_says_since_when():
    of = {"kind": "promotion", "item_id": "item-000"}
    early = at_column("A", 150, 4, available_at=told_at(100), **of)
    late = at_column("B", 152, 4, available_at=told_at(151), **of)
    panel = weekly_panel(np.full((SERIES, LENGTH), 5), bucket=Bucket.DAY)
    for rows in ((early, late), (late, early)):
        known = grid(panel, events(*rows)).until(150, HORIZON)
        assert np.flatnonzero(known.planned[0]).tolist() == [150, 151, 152, 153]


def test_the_backtest_forecasts_a_promotion_only_from_origins_that_had_been_told():
    cut = 150

    def factor(available_at: dt.datetime) -> float:
        told = events(
            at_column("Promotion", cut + 2, 3, kind="promotion", item_id="item-000", available_at=available_at)
        )
        panel = driven_panel(told=told)
        known = known_at(panel, cut, HORIZON, np.arange(SERIES))
        return float(known.history.driven[0, 2:5].mean())

    assert factor(told_at(cut)) > 1.5
    assert factor(told_at(cut, days_late=1)) == pytest.approx(factor(told_at(cut + 40)))
    assert factor(told_at(cut, days_late=1)) < 1.1


def test_since_when_something_is_announced_changes_the_digest_of_the_data():
    for of in ({"kind": "promotion", "item_id": "item-000"}, {"kind": "holiday"}):
        digests = [
            driven_panel(told=events(at_column("X", 150, 3, available_at=told_at(column), **of))).data_digest()
            for column in (100, 101)
        ]
        assert digests[0] != digests[1]


def test_what_is_announced_changes_the_digest_of_the_data():
    told = events(event("Promotion", PLAN_DATE, 1, kind="promotion", item_id="item-000"))
    with_one, without = driven_panel(told=told), driven_panel()
    assert with_one.data_digest() != without.data_digest()
    assert with_one.data_digest() == driven_panel(told=told).data_digest()


def test_a_panel_without_drivers_is_left_as_it_is():
    panel = weekly_panel(np.full((2, 30), 5))
    plain, ahead = without_drivers(panel)
    assert plain is panel
    assert ahead is None


def test_a_closure_right_before_the_plan_tells_nothing_of_the_level():
    """Two days on which everything is closed, seen three times before, and once more until yesterday."""
    days = [LENGTH - ago for ago in (150, 100, 50, 2)]
    told = events(*(event("closed", PLAN_DATE - dt.timedelta(days=LENGTH - day), 2) for day in days))
    closed = np.isin(np.arange(LENGTH), [*days, *(day + 1 for day in days)])
    units = np.random.default_rng(1).poisson(np.where(closed, 0.0, 20.0), (SERIES, LENGTH))
    panel = weekly_panel(units, bucket=Bucket.DAY)
    planned = grid(panel, told)
    drivers = Drivers(np.zeros(units.shape, dtype=bool), None, planned, HORIZON)
    plain, ahead = without_drivers(replace(panel, drivers=drivers))
    assert not plain.observed[:, closed].any()
    assert (plain.demand[:, closed] == 0).all()
    assert plain.observed[:, ~closed].all()
    np.testing.assert_array_equal(ahead, 1.0)
    phase = np.arange(LENGTH, LENGTH + HORIZON) % 7
    for name in ("SimpleExponentialSmoothing", "ShrunkenMean", "TSB"):
        means = forecast_means(candidate(name, Bucket.DAY), plain, fill_censored(plain), np.arange(SERIES), phase)
        assert means.mean() == pytest.approx(20.0, rel=0.02), name
