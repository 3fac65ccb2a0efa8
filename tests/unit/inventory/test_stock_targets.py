import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import stats

from assets.inventory.master_data import MasterData
from assets.inventory.pages import targets_page
from assets.inventory.supply import departure_waits
from assets.inventory.target_service import target_service
from assets.inventory.targets import set_targets
from assets.kernel.calendar import Bucket, PlanCalendar
from assets.kernel.errors import EquipoiseError
from assets.kernel.frames.decisions import TARGETS
from assets.kernel.frames.forecasts import DEMAND_FORECAST


def test_base_stock_is_the_quantile_over_review_and_lead_time(network, release):
    target = network.target(release, "a")
    assert target["protection_buckets"] == 3
    assert target["critical_ratio"] == pytest.approx(1 / 1.01)
    assert target["protection_mean_units"] == pytest.approx(15)
    assert target["base_stock_units"] == pytest.approx(stats.poisson(15).ppf(1 / 1.01), abs=1)
    assert target["safety_stock_units"] == target["base_stock_units"] - 15
    assert target["reorder_point_units"] == target["base_stock_units"] - 1
    assert target["target_amount"] == target["base_stock_units"] * 4.0


def test_stores_are_served_by_the_hub_and_the_hub_by_its_supplier(network, release):
    made = network.targets(release).set_index("site_id")
    assert made["receipt_kind"].to_dict() == {"a": "transfer", "b": "transfer", "hub": "purchase"}
    assert made["source_id"].to_dict() == {"a": "hub", "b": "hub", "hub": "maker"}
    assert made["lead_time_mean_days"].to_dict() == {"a": 2, "b": 2, "hub": 10}


def test_the_hub_carries_the_demand_of_the_stores_it_serves(network, release):
    hub = network.target(release, "hub")
    assert hub["protection_mean_units"] == pytest.approx((5 + 3) * 11)
    assert hub["protection_std_units"] == pytest.approx(((5 + 3) * 11) ** 0.5)


@pytest.mark.parametrize("correlation", [0.0, 0.3, 1.0])
def test_a_hub_covers_what_its_stores_are_surprised_by_together(network, release, correlation):
    stores = np.array([5.0, 3.0]) * 11
    variance = (1 - correlation) * stores.sum() + correlation * np.sqrt(stores).sum() ** 2
    hub = network.with_(correlation=correlation).target(release, "hub")
    assert hub["protection_std_units"] == pytest.approx(variance**0.5)
    assert hub["protection_mean_units"] == pytest.approx(stores.sum())


def test_the_more_stores_stray_together_the_more_a_hub_holds_and_the_stores_no_more(network, release):
    made = [network.with_(correlation=r).targets(release).set_index("site_id") for r in (0.0, 0.2, 0.5, 1.0)]
    held = [targets.loc["hub", "base_stock_units"] for targets in made]
    assert held == sorted(held)
    assert held[0] < held[-1]
    for targets in made[1:]:
        assert (targets.loc[["a", "b"], "base_stock_units"] == made[0].loc[["a", "b"], "base_stock_units"]).all()


def test_a_hub_of_one_store_holds_the_same_however_stores_stray_together(network, release):
    alone = network.with_(rates={("i", "a"): 5.0})
    apart, together = (alone.with_(correlation=r).target(release, "hub") for r in (0.0, 0.7))
    assert together["base_stock_units"] == apart["base_stock_units"]
    assert together["protection_std_units"] == pytest.approx(apart["protection_std_units"], rel=1e-12)


def test_a_store_that_buys_for_itself_burdens_no_hub(network, release):
    cheap = {"item_id": "i", "site_id": "a", "unit_cost": 3.0, "quoted_lead_time_days": 1}
    bought = network.with_(sourcing=(*network.sourcing, cheap))
    assert bought.target(release, "a")["receipt_kind"] == "purchase"
    assert bought.target(release, "hub")["protection_mean_units"] == pytest.approx(3 * 11)


def test_of_equal_costs_the_faster_source_and_then_the_first_name_is_normal(network, release):
    fast = {"origin_id": "hub", "destination_id": "a", "mode": "van", "quoted_transit_days": 1}
    assert network.with_(lanes=(*network.lanes, fast)).target(release, "a")["lead_time_mean_days"] == 1
    twin = network.with_(
        echelons={**network.echelons, "hub2": 1},
        settings={**network.settings, ("i", "hub2"): {}},
        lanes=(*network.lanes, {"origin_id": "hub2", "destination_id": "a"}),
    )
    assert twin.target(release, "a")["source_id"] == "hub"


def test_lanes_between_stores_that_run_both_ways_do_not_loop(network, release):
    ring = ({"origin_id": "a", "destination_id": "b"}, {"origin_id": "b", "destination_id": "a"})
    back = ({"origin_id": "a", "destination_id": "hub"},)
    made = network.with_(lanes=(*network.lanes, *ring, *back)).targets(release)
    pd.testing.assert_frame_equal(made, network.targets(release))


def test_a_hub_that_does_not_range_the_item_serves_nobody(network, release):
    without = network.with_(settings={("i", "a"): {}, ("i", "b"): {}}, sourcing=())
    target = without.target(release, "a")
    assert (target["receipt_kind"], target["source_id"]) == ("none", "")
    # What it has must last the horizon: 21 days of 5 units.
    assert target["protection_mean_units"] == pytest.approx(105)
    assert target["protection_units"] > 100


def test_a_lead_time_that_varies_needs_more_stock(network, release, lead_time_rows):
    steady = network.with_(lead_times=lead_time_rows({4: 1.0})).target(release, "a")
    varying = network.with_(lead_times=lead_time_rows({1: 0.5, 7: 0.5})).target(release, "a")
    assert varying["lead_time_mean_days"] == steady["lead_time_mean_days"] == 4
    assert varying["lead_time_std_days"] == pytest.approx(3)
    assert varying["protection_mean_units"] == pytest.approx(steady["protection_mean_units"])
    assert varying["base_stock_units"] > steady["base_stock_units"]


def test_waiting_for_a_departure_prolongs_protection(network, release):
    # Ordered next on Tuesday, the truck leaves on Wednesday or Friday.
    lanes = ({"origin_id": "hub", "destination_id": "a", "departure_days": "3,5"}, network.lanes[1])
    assert network.with_(lanes=lanes).target(release, "a")["protection_buckets"] == 4


def test_a_service_target_without_cost_implies_the_shortage_cost(network, release):
    setting = {("i", "a"): {"shortage_cost_per_unit": None, "service_target": 0.9}}
    target = network.with_(settings={**network.settings, **setting}).target(release, "a")
    assert target["critical_ratio"] == pytest.approx(0.9)
    assert target["critical_ratio_source"] == "service"
    assert target["shortage_cost_per_unit"] == pytest.approx(0.01 * 0.9 / 0.1)
    assert np.isnan(target["service_price_per_unit"])


def test_a_service_target_beside_a_cost_is_a_floor(network, release):
    def with_target(service):
        setting = {("i", "a"): {"shortage_cost_per_unit": 0.04, "service_target": service}}
        return network.with_(settings={**network.settings, **setting}).target(release, "a")

    lax, strict = with_target(0.5), with_target(0.95)
    assert (lax["critical_ratio_source"], lax["critical_ratio"]) == ("cost", pytest.approx(0.8))
    assert lax["shortage_cost_per_unit"] == pytest.approx(0.04)
    assert (lax["service_price_per_unit"], strict["service_price_per_unit"]) == (0.0, pytest.approx(0.15))
    assert (strict["critical_ratio_source"], strict["critical_ratio"]) == ("service", pytest.approx(0.95))
    assert strict["shortage_cost_per_unit"] == pytest.approx(0.19)


@pytest.mark.parametrize(("abc_class", "ratio"), [("A", 0.97), ("B", 0.95), ("C", 0.90)])
def test_without_cost_or_target_the_release_decides_by_class(network, release, abc_class, ratio):
    settings_ = {key: {"shortage_cost_per_unit": None} for key in network.settings}
    target = network.with_(settings=settings_, abc_class=abc_class).target(release, "a")
    assert target["critical_ratio"] == pytest.approx(ratio)


def test_a_target_by_fill_rate_needs_less_stock_and_says_so(network, release):
    without = network.with_(settings={key: {"shortage_cost_per_unit": None} for key in network.settings})
    rules = release.targets.model_copy(update={"service_measure": {"A": "fill_rate"}})
    filled = without.target(release.model_copy(update={"targets": rules}), "a")
    covered = without.target(release, "a")
    assert (filled["service_measure"], filled["promised_service"]) == ("fill_rate", pytest.approx(0.97))
    assert (covered["service_measure"], covered["promised_service"]) == ("cycle_service", pytest.approx(0.97))
    assert filled["base_stock_units"] < covered["base_stock_units"]
    assert filled["critical_ratio"] < 0.97
    ratio = filled["critical_ratio"]
    assert filled["shortage_cost_per_unit"] == pytest.approx(0.01 * ratio / (1 - ratio), abs=1e-4)


@pytest.mark.parametrize("measure", [{}, {"A": "fill_rate"}], ids=["cycle_service", "fill_rate"])
def test_the_shortage_cost_that_a_target_implies_is_weighed_once_by_the_objective(network, release, measure):
    without = network.with_(settings={key: {"shortage_cost_per_unit": None} for key in network.settings})
    rules = release.targets.model_copy(update={"service_measure": measure})
    plain, heavy = (
        without.target(
            release.model_copy(
                update={"targets": rules, "objective": release.objective.model_copy(update={"shortage_weight": weight})}
            ),
            "a",
        )
        for weight in (1.0, 2.0)
    )
    assert heavy["critical_ratio"] == plain["critical_ratio"]
    assert 2.0 * heavy["shortage_cost_per_unit"] == pytest.approx(plain["shortage_cost_per_unit"], abs=2e-4)


def test_a_feeds_own_target_is_a_cycle_service_whatever_the_release_measures(network, release):
    rules = release.targets.model_copy(update={"service_measure": {"A": "fill_rate"}})
    told = network.with_(
        settings={**network.settings, ("i", "a"): {"shortage_cost_per_unit": None, "service_target": 0.9}}
    )
    target = told.target(release.model_copy(update={"targets": rules}), "a")
    assert (target["service_measure"], target["critical_ratio"]) == ("cycle_service", pytest.approx(0.9))


def test_a_store_whose_warehouse_runs_dry_is_expected_to_fill_less(network, release):
    dry = network.with_(settings={**network.settings, ("i", "hub"): {"maximum_units": 40}})
    full, starved = network.target(release, "a"), dry.target(release, "a")
    assert starved["base_stock_units"] == full["base_stock_units"]
    assert starved["promised_service"] == full["promised_service"]
    assert starved["expected_fill_rate"] < full["expected_fill_rate"]
    assert starved["expected_stock_amount"] == pytest.approx(starved["expected_stock_units"] * 4.0, abs=1e-4)


def test_the_roll_up_weighs_service_by_demand_and_adds_stock_up(network, release):
    made = network.targets(release)
    features = made[["item_id", "site_id"]].assign(abc_class="A", demand_segment="smooth")
    service = target_service(made, features).set_index("echelon")
    stores = made[made["echelon"] == 0]
    weighted = np.average(stores["expected_fill_rate"], weights=stores["demand_mean_units"])
    assert service.loc[0, "fill_rate"] == pytest.approx(weighted)
    assert service.loc[0, "stock_units"] == pytest.approx(stores["expected_stock_units"].sum())
    assert service.loc[0, "target_amount"] == pytest.approx(stores["target_amount"].sum())
    assert service["demand_segment"].to_dict() == {0: "smooth", 1: "none"}
    assert service["item_sites"].sum() == len(made)


def test_a_longer_review_lowers_the_ratio_and_lengthens_protection(network, release):
    weekly = network.with_(settings={**network.settings, ("i", "a"): {"review_days": 7}})
    target = weekly.target(release, "a")
    assert target["critical_ratio"] == pytest.approx(1 / 1.07)
    assert target["protection_buckets"] == 9


def test_free_holding_neither_divides_by_zero_nor_loses_the_shortage_cost(network, release):
    free = {"holding_cost_per_unit_day": 0.0}
    silent = {**free, "shortage_cost_per_unit": None, "service_target": 0.9}
    made = network.with_(settings={**network.settings, ("i", "a"): free, ("i", "b"): silent})
    assert made.target(release, "a")["critical_ratio"] == pytest.approx(0.999)
    assert made.target(release, "b")["shortage_cost_per_unit"] == pytest.approx(2.0)


def test_presentation_minimum_and_maximum_bound_the_base_stock(network, release):
    low = {("i", "a"): {"presentation_minimum_units": 100}, ("i", "b"): {"maximum_units": 4}}
    made = network.with_(settings={**network.settings, **low})
    shown, capped = made.target(release, "a"), made.target(release, "b")
    assert shown["base_stock_units"] == shown["protection_units"] == 100
    assert capped["base_stock_units"] == 4
    assert capped["protection_units"] <= 4


def test_a_donor_keeps_less_than_its_base_stock_and_more_than_nothing(network, release):
    target = network.target(release, "a")
    assert 0 < target["protection_units"] <= target["base_stock_units"]
    assert target["protection_units"] == pytest.approx(stats.poisson(10).ppf(0.7), abs=1)


def test_a_delisted_item_has_no_target_and_no_claim_upstream(network, release):
    made = network.with_(settings={**network.settings, ("i", "a"): {"lifecycle": "delisted"}})
    assert made.target(release, "a")["base_stock_units"] == 0
    assert made.target(release, "hub")["protection_mean_units"] == pytest.approx(3 * 11)


def test_an_item_that_hardly_sells_is_not_stocked_for_a_fraction(network, release):
    slow = network.with_(rates={("i", "a"): 0.0005, ("i", "b"): 3.0})
    setting = {("i", "a"): {"shortage_cost_per_unit": None, "service_target": 0.9}}
    assert slow.with_(settings={**network.settings, **setting}).target(release, "a")["base_stock_units"] == 0


def test_a_weekly_network_counts_protection_in_weeks(network, release):
    # Ordered now, sold from week 2; with the next review that is three weeks to cover.
    weekly = network.with_(
        bucket=Bucket.WEEK,
        lanes=({"origin_id": "hub", "destination_id": "a", "quoted_transit_days": 14}, network.lanes[1]),
        settings={key: {"review_days": 7} for key in network.settings},
    )
    target = weekly.target(release, "a")
    assert target["protection_buckets"] == 3
    assert target["holding_cost_per_unit_bucket"] == pytest.approx(0.07)


def test_a_day_of_holding_a_cheap_item_is_not_rounded_away(network, release):
    cheap = network.with_(settings={key: {"holding_cost_per_unit_day": 0.2 / 365} for key in network.settings})
    assert cheap.target(release, "a")["holding_cost_per_unit_bucket"] == 0.2 / 365


def test_closed_sites_have_no_targets_and_no_sites_no_rows(network, release):
    open_only = network.with_(echelons={"a": 0, "hub": 1})
    assert set(open_only.targets(release)["site_id"]) == {"a", "hub"}
    assert network.with_(echelons={"elsewhere": 0}).targets(release).empty


def test_a_network_without_lanes_or_suppliers_still_has_targets(network, release):
    made = network.with_(lanes=(), sourcing=()).targets(release)
    assert (made["receipt_kind"] == "none").all()
    TARGETS.conform(made)


def test_without_any_forecast_only_the_presentation_minimum_is_stocked(network, release):
    shown = network.with_(settings={key: {"presentation_minimum_units": 2} for key in network.settings})
    _, lead_times, *master = shown.frames()
    made = set_targets(
        DEMAND_FORECAST.empty(),
        lead_times,
        MasterData(*master),
        release,
        PlanCalendar(Bucket.DAY, "UTC"),
        dt.date(2025, 6, 30),
    )
    assert (made["base_stock_units"] == 2).all()


@pytest.mark.parametrize("days", ["Mon", "8", "1;3", "1,,3"])
def test_a_lane_whose_departure_days_cannot_be_read_supplies_nothing(network, release, days):
    lanes = ({"origin_id": "hub", "destination_id": "a", "departure_days": days}, network.lanes[1])
    targets = network.with_(lanes=lanes).targets(release).set_index("site_id")
    assert targets["receipt_kind"].tolist() == ["none", "transfer", "purchase"]


def test_departure_days_that_are_no_weekdays_are_named():
    with pytest.raises(EquipoiseError, match="'Mon' is not a list of ISO weekdays"):
        departure_waits(pd.Series(["Mon"]), np.array([1]))


def test_the_page_sums_up_by_echelon(network, release):
    page = targets_page(network.targets(release))
    assert page["item_sites"] == 3
    assert page["by_echelon"]["echelon"].tolist() == [0, 1]
    assert page["protection_and_promise"].startswith(b"\x89PNG")


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rate=st.floats(0, 40),
    cost=st.floats(0.001, 20),
    days=st.dictionaries(st.integers(0, 20), st.floats(0.1, 1), min_size=1, max_size=4),
)
def test_targets_keep_their_laws_in_any_order_of_rows(rate, cost, days, network, release, lead_time_rows):
    shares = {day: share / sum(days.values()) for day, share in days.items()}

    def made_with(price):
        setting = {**network.settings, ("i", "a"): {"shortage_cost_per_unit": price}}
        return network.with_(
            rates={("i", "a"): rate, ("i", "b"): 3.0}, settings=setting, lead_times=lead_time_rows(shares)
        )

    cheap, dear = made_with(cost), made_with(cost * 2)
    first, second = cheap.targets(release), dear.targets(release)
    assert (second["base_stock_units"] >= first["base_stock_units"]).all()
    assert (first["protection_units"] <= first["base_stock_units"]).all()
    assert np.isfinite(first["protection_std_units"]).all()
    pd.testing.assert_frame_equal(first, cheap.targets(release, shuffled=True), check_exact=True)
