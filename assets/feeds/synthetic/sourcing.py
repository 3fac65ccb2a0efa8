"""The suppliers of a world: what they sell to whom, in which lots and how late."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from assets.feeds.synthetic import streams
from assets.feeds.synthetic.items import Floats, Integers, Items, Texts
from assets.feeds.synthetic.parameters import WorldParameters

_COUNTRIES = ("BE", "DE", "FR", "IT", "NL", "PL")


@dataclass(frozen=True)
class Sourcing:
    """Arrays of length ``rows``: one bought place each, in the order of places.

    Attributes
    ----------
    place, supplier : int
        Numbers of place and supplier.
    minimum_units, multiple_units, lead_time_days : int
        Order lot and quoted lead time.
    order_weekday : int
        Weekday on which the replenishment rule buys from the supplier, Monday is 0.
    supplier_ids, unreliability : arrays over suppliers
        Ids, and mean days of delay beyond the quote.
    frame : DataFrame
        Rows of ``erp/sourcing`` in the same order.
    """

    place: Integers
    supplier: Integers
    minimum_units: Integers
    multiple_units: Integers
    lead_time_days: Integers
    order_weekday: Integers
    supplier_ids: Texts
    unreliability: Floats
    frame: pd.DataFrame

    def suppliers_frame(self, capacity: Floats) -> pd.DataFrame:
        """Return the rows of ``erp/suppliers`` with what each ships a day; not a number where it is unlimited."""
        numbers = range(len(self.supplier_ids))
        return pd.DataFrame(
            {
                "supplier_id": self.supplier_ids,
                "supplier_name": [f"Supplier {number + 1:02d}" for number in numbers],
                "country": [_COUNTRIES[number % len(_COUNTRIES)] for number in numbers],
                "capacity_units_per_day": pd.Series(capacity).astype("Int64"),
            }
        )


def draw_sourcing(
    parameters: WorldParameters, items: Items, site_ids: Texts, item: Integers, site: Integers, bought: np.ndarray
) -> Sourcing:
    """Draw who supplies each bought place; an item has one supplier, with one lot and lead time."""
    rng = parameters.generator(streams.SOURCING)
    count, suppliers = parameters.size.items, parameters.size.suppliers
    supplier_of_item = rng.integers(0, suppliers, count)
    quoted = rng.integers(3, 9, suppliers)
    minimum_amount = rng.choice([0.0, 50.0, 100.0, 150.0], suppliers)
    unreliability = rng.uniform(0.2, 1.6, suppliers)
    multiple = rng.choice([1, 4, 6, 12], count, p=[0.2, 0.3, 0.3, 0.2])
    multiple = np.where(items.unit_cost > 20, 1, multiple)
    minimum = multiple * rng.integers(1, 4, count)
    capacity = pd.array(40 * multiple, dtype="Int64")
    capacity[rng.random(count) < 0.85] = pd.NA
    place = np.flatnonzero(bought)
    row_item = item[place]
    supplier = supplier_of_item[row_item]
    ids = np.array([f"supplier-{index + 1:02d}" for index in range(suppliers)], dtype=object)
    frame = pd.DataFrame(
        {
            "item_id": items.ids[row_item],
            "supplier_id": ids[supplier],
            "site_id": site_ids[site[place]],
            "unit_cost": items.unit_cost[row_item],
            "minimum_order_units": minimum[row_item],
            "order_multiple_units": multiple[row_item],
            "quoted_lead_time_days": quoted[supplier],
            "minimum_order_amount": minimum_amount[supplier] * parameters.truck_share,
            "capacity_units_per_day": capacity[row_item],
        }
    )
    return Sourcing(
        place=place,
        supplier=supplier,
        minimum_units=minimum[row_item],
        multiple_units=multiple[row_item],
        lead_time_days=quoted[supplier],
        order_weekday=supplier % 5,
        supplier_ids=ids,
        unreliability=unreliability,
        frame=frame,
    )
