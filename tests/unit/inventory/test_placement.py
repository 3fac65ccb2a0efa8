"""Where stock stands: never dearer than every site for itself, never against a limit, the same all week."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from assets.inventory.guaranteed_stages import guaranteed_levels
from assets.inventory.master_data import MasterData
from assets.inventory.placement import place_stock
from assets.inventory.recent_demand import DEMAND_COLUMNS, recent_demand, week_of
from assets.inventory.stochastic_service.two_moment import EchelonSystem
from assets.inventory.targets import set_targets
from assets.kernel.calendar import Bucket, PlanCalendar
from assets.kernel.frames.marts import FCT_LEAD_TIME, FCT_OPEN_ORDER, FEAT_LEAD_TIME
from assets.kernel.frames.targets import PLACEMENT

MONDAY = dt.date(2025, 6, 30)
DAILY = PlanCalendar(Bucket.DAY, "UTC")
STORES = {f"s{number}": 4.0 for number in range(6)}


def demand_of(rates, until="2025-07-06", days=120, seed=2):
    starts = pd.date_range(end=until, periods=days)
    rng = np.random.default_rng(seed)
    parts = [
        pd.DataFrame({"item_id": "i", "site_id": site, "bucket_start": starts})
        .assign(demand_lower_bound_units=rng.poisson(rate, days), is_censored=False)
        for site, rate in rates.items()
    ]  # fmt: skip
    return pd.concat(parts, ignore_index=True)[DEMAND_COLUMNS]


@pytest.fixture
def chain(network):
    """A maker, a hub with its branch, and six stores behind the branch."""
    lanes = [{"origin_id": "hub", "destination_id": "branch", "quoted_transit_days": 3}]
    lanes += [{"origin_id": "branch", "destination_id": site} for site in STORES]
    return network.with_(
        rates={("i", site): rate for site, rate in STORES.items()},
        settings={("i", site): {} for site in (*STORES, "branch", "hub")},
        echelons={**dict.fromkeys(STORES, 0), "branch": 1, "hub": 2},
        lanes=tuple(lanes),
    )


def placed(chain, release, plan_date=MONDAY, demand=None):
    frames = chain.frames()
    return place_stock(
        demand_of(STORES) if demand is None else demand, FCT_LEAD_TIME.empty(), FCT_OPEN_ORDER.empty(),
        FEAT_LEAD_TIME.empty(), MasterData(*frames[2:]), release, DAILY, plan_date,
    )  # fmt: skip


def test_no_item_costs_more_than_with_every_site_for_itself(chain, release):
    made = placed(chain, release)
    assert made["placed_cost_amount"].sum() < made["local_cost_amount"].sum() * 0.99
    assert made["placed_cost_amount"].sum() <= made["guaranteed_cost_amount"].sum()
    assert set(made.loc[made["echelon"] > 0, "placement"]) <= {"guaranteed_service", "stochastic_service"}


def test_stores_keep_their_own_base_stock(chain, release):
    made = placed(chain, release)
    stores = made["echelon"] == 0
    assert (made.loc[stores, "placement"] == "local").all()
    assert made.loc[stores, "safety_factor"].isna().all()
    local, moved = chain.targets(release), targets_with(chain, release, made)
    same = ["base_stock_units", "protection_units", "shortage_cost_per_unit", "protection_mean_units"]
    at_stores = local["echelon"] == 0
    pd.testing.assert_frame_equal(local.loc[at_stores, same], moved.loc[at_stores, same])


def targets_with(chain, release, placement):
    forecast, lead_times, *master = chain.frames()
    return set_targets(forecast, lead_times, MasterData(*master), release, DAILY, MONDAY, placement)


def test_a_placed_warehouse_holds_what_its_factor_says(chain, release):
    made = placed(chain, release)
    moved = targets_with(chain, release, made).set_index("site_id")
    for site in ("hub", "branch"):
        target, factor = moved.loc[site], made.set_index("site_id").loc[site, "safety_factor"]
        asked = target["protection_mean_units"] + factor * target["protection_std_units"]
        assert target["base_stock_units"] == max(0, int(np.ceil(asked - 0.5 - 1e-9)))
        assert target["placement"] == made.set_index("site_id").loc[site, "placement"]


def test_a_placement_lasts_from_monday_to_sunday_and_sees_nothing_of_the_week(chain, release):
    kept = ["placement", "safety_factor", "service_buckets", "local_cost_amount", "placed_cost_amount"]
    first = placed(chain, release)
    for day in range(1, 7):
        later = placed(chain, release, MONDAY + dt.timedelta(days=day))
        pd.testing.assert_frame_equal(first[kept], later[kept], check_exact=True)
    storm = demand_of(STORES)
    storm.loc[storm["bucket_start"] >= pd.Timestamp(MONDAY), "demand_lower_bound_units"] = 500
    pd.testing.assert_frame_equal(first[kept], placed(chain, release, demand=storm)[kept], check_exact=True)
    next_week = placed(chain, release, MONDAY + dt.timedelta(days=7), storm)
    assert not next_week["placed_cost_amount"].equals(first["placed_cost_amount"])


def test_a_receipt_of_the_week_changes_no_placement(chain, release):
    frames = chain.frames()
    quote = {
        "plan_date": pd.Timestamp(MONDAY), "receipt_kind": "purchase", "source_id": "maker", "site_id": "hub",
        "mode": "supplier", "observation_count": 0, "quoted_days": 10.0, "mean_days": 10.0, "std_days": 0.0,
        "feature_set_version": "1",
    }  # fmt: skip
    order = {
        "observation_id": "purchase/1", "receipt_kind": "purchase", "source_id": "maker", "site_id": "hub",
        "mode": "supplier", "item_id": "i", "started_date": pd.Timestamp(MONDAY) - pd.Timedelta(days=20),
        "quoted_days": 10,
    }  # fmt: skip
    came = {"received_date": pd.Timestamp("2025-07-02"), "lead_time_days": 22, "available_at": MONDAY, "batch_id": "b"}
    receipt = FCT_LEAD_TIME.conform(pd.DataFrame([{**order, **came}]))
    waiting = FCT_OPEN_ORDER.conform(pd.DataFrame([{**order, "plan_date": MONDAY, "open_units": 1}]))

    def made_of(received, still_open, day):
        return place_stock(
            demand_of(STORES), received, still_open, FEAT_LEAD_TIME.conform(pd.DataFrame([quote])),
            MasterData(*frames[2:]), release, DAILY, day,
        ).drop(columns="plan_date")  # fmt: skip

    monday = made_of(FCT_LEAD_TIME.empty(), waiting, MONDAY)
    friday = made_of(receipt, FCT_OPEN_ORDER.empty(), MONDAY + dt.timedelta(days=4))
    pd.testing.assert_frame_equal(monday, friday, check_exact=True)


def test_the_order_of_rows_changes_nothing(chain, release):
    shuffled = demand_of(STORES).sample(frac=1, random_state=1)
    pd.testing.assert_frame_equal(placed(chain, release), placed(chain, release, demand=shuffled), check_exact=True)


def test_without_history_every_site_looks_after_itself(chain, release):
    made = placed(chain, release, demand=demand_of(STORES).iloc[:0])
    assert (made["placement"] == "local").all()
    PLACEMENT.conform(made)


def test_a_delisted_item_needs_no_stock_anywhere(chain, release):
    ending = chain.with_(settings={key: {"lifecycle": "delisted"} for key in chain.settings})
    made = placed(ending, release)
    assert (made["placement"] == "local").all()
    assert made["placed_cost_amount"].sum() == pytest.approx(0, abs=1e-6)


def system_of(transit, review=1.0, stores=6):
    """A hub over a branch over stores; units of a store vary as a Poisson's."""
    rates = np.array([4.0 * stores, 4.0 * stores, *[4.0] * stores])
    count = stores + 2
    return EchelonSystem(
        parent=np.array([-1, 0, *[1] * stores]),
        echelon=np.array([2, 1, *[0] * stores]),
        mean=rates,
        variance=rates,
        transit=np.array(transit + [2.0] * stores),
        transit_variance=np.zeros(count),
        wait_variance=np.zeros(count),
        review=np.full(count, review),
        holding=np.full(count, 0.01),
        shortage=np.array([0.0, 0.0, *[1.0] * stores]),
    )


@pytest.mark.parametrize("transit", [[10.0, 3.0], [1.0, 9.0], [0.0, 0.0], [30.0, 1.0]])
def test_guaranteed_service_holds_nothing_back_from_a_store(transit):
    stages = guaranteed_levels(system_of(transit), np.full(8, 2.0))
    assert (stages.service[1:] == 0).all()
    assert (stages.inbound[2:] == 0).all()
    assert stages.inbound[1] == stages.service[0]
    net = stages.inbound + np.ceil(system_of(transit).transit + 1) - stages.service
    assert (net >= 0).all()
    assert ((net > 0) == (stages.safety_stock > 0)).all()


def test_demand_is_that_of_the_quarter_before_the_week_without_empty_shelves():
    seen = demand_of({"a": 5.0}, until="2025-07-02", days=200)
    seen.loc[seen.index % 2 == 0, ["is_censored", "demand_lower_bound_units"]] = [True, 0]
    mean, variance = recent_demand(seen, pd.DataFrame({"item_id": ["i", "i"], "site_id": ["a", "b"]}), MONDAY)
    inside = seen[(seen["bucket_start"] < "2025-06-30") & (seen["bucket_start"] >= "2025-03-31") & ~seen["is_censored"]]
    assert mean[0] == pytest.approx(inside["demand_lower_bound_units"].mean())
    assert variance[0] == pytest.approx(max(inside["demand_lower_bound_units"].var(), mean[0]))
    assert (mean[1], variance[1]) == (0, 0)


def test_weeks_start_on_monday():
    mondays = [week_of(dt.date(2025, 6, day)) for day in (23, 29, 30)]
    assert mondays == [dt.date(2025, 6, 23), dt.date(2025, 6, 23), MONDAY]
