"""Freight of a unit and landed cost, from master data alone."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from assets.twin.tariff import departure_shares, landed_costs, unit_freight


def test_landed_cost_is_the_cheapest_way_from_a_supplier() -> None:
    places = pd.DataFrame({"item_id": "i", "site_id": ["a", "b", "w"]})
    lanes = pd.DataFrame(
        [("w", "a", 1.0), ("w", "b", 5.0), ("a", "b", 2.0)], columns=["origin_id", "destination_id", "cost_per_unit"]
    ).assign(mode="van", cost_per_kg=0.5, cost_per_m3=0.0, fixed_cost_per_departure=0.0, capacity_kg=np.nan)
    items = pd.DataFrame({"item_id": ["i"], "weight_kg_per_unit": [2.0], "volume_m3_per_unit": [0.0]})
    sourcing = pd.DataFrame({"item_id": ["i"], "site_id": ["w"], "unit_cost": [10.0]})
    freight = unit_freight(lanes, items)
    assert freight["freight"].tolist() == [2.0, 6.0, 3.0]
    assert landed_costs(places, sourcing, freight).tolist() == [12.0, 15.0, 10.0]


def test_a_departure_is_paid_by_the_room_that_a_unit_takes_in_half_of_it() -> None:
    lanes = pd.DataFrame(
        {"origin_id": ["w"], "destination_id": ["a"], "mode": ["truck"], "cost_per_unit": [0.0], "cost_per_kg": [0.0],
         "cost_per_m3": [0.0], "fixed_cost_per_departure": [30.0], "capacity_kg": [300.0]}
    )  # fmt: skip
    items = pd.DataFrame({"item_id": ["i"], "weight_kg_per_unit": [5.0], "volume_m3_per_unit": [0.1]})
    assert unit_freight(lanes, items)["freight"].tolist() == [pytest.approx(1.0)]
    assert unit_freight(lanes, items, departures=False)["freight"].tolist() == [0.0]


def sent_of(*lines: tuple[str, str, str, int, float]) -> pd.DataFrame:
    columns = ["origin_id", "destination_id", "mode", "quantity_units", "weight_kg_per_unit"]
    return pd.DataFrame(lines, columns=columns).assign(volume_m3_per_unit=0.1)


def test_those_who_ride_pay_the_whole_departure_by_weight() -> None:
    lanes = pd.DataFrame(
        [
            ("w", "a", "truck", 30.0, np.nan, np.nan),
            ("w", "b", "truck", 30.0, 100.0, np.nan),
            ("w", "c", "truck", 30.0, np.nan, 0.25),
        ],
        columns=["origin_id", "destination_id", "mode", "fixed_cost_per_departure", "truck_kg", "truck_m3"],
    )
    sent = sent_of(
        ("w", "a", "truck", 10, 3.0), ("w", "b", "truck", 50, 5.0), ("w", "a", "truck", 20, 1.5),
        ("w", "c", "truck", 4, 0.0), ("w", "d", "truck", 1, 1.0),
    )  # fmt: skip
    paid = departure_shares(sent, lanes) * sent["quantity_units"]
    # Two lines of 30 kg share one vehicle; 250 kg take three trucks of 100, 0.4 m3 two of 0.25.
    assert paid.tolist() == [pytest.approx(15.0), pytest.approx(90.0), pytest.approx(15.0), pytest.approx(60.0), 0.0]
