"""The items of a world: what they cost, weigh, how long they keep and how they are asked for.

Not here: where they are ranged, or how much of them is sold.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from assets.feeds.synthetic import streams
from assets.feeds.synthetic.parameters import WorldParameters

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Texts = npt.NDArray[np.object_]

FRESH = ("dairy", "bakery", "produce")
AMBIENT = ("grocery", "beverages", "household", "personal-care", "pet", "stationery", "electronics")
_SHELF_LIFE_DAYS = {"dairy": (18, 35), "bakery": (8, 14), "produce": (9, 18)}
# Median cost of a unit by category: what a mixed-goods retailer pays.
_COST = {
    "dairy": 1.6, "bakery": 1.4, "produce": 1.9, "grocery": 2.8, "beverages": 3.5, "household": 6.0,
    "personal-care": 5.5, "pet": 7.0, "stationery": 4.0, "electronics": 32.0,
}  # fmt: skip
SEGMENTS = ("smooth", "erratic", "intermittent", "lumpy")
_SEGMENT_SHARES = (0.50, 0.22, 0.18, 0.10)
_NEW_SHARE, _ENDING_SHARE, _DELISTED_SHARE = 0.05, 0.05, 0.015
NEW_DAYS = 60


@dataclass(frozen=True)
class Items:
    """Arrays of length ``items``, in the order of their ids.

    Attributes
    ----------
    ids, category, segment : text
        ``segment`` is one of ``SEGMENTS``.
    unit_cost, unit_price : currency
        Rounded to cents.
    weight_kg, volume_m3 : float
        Per unit.
    shelf_life_days : int
        From receipt at a site; 0 keeps for ever.
    is_sensitive : bool
        A few items are.
    launch_day, decline_day, end_day : int
        Days from birth; far away where it does not happen.
    """

    ids: Texts
    category: Texts
    segment: Texts
    unit_cost: Floats
    unit_price: Floats
    weight_kg: Floats
    volume_m3: Floats
    shelf_life_days: Integers
    is_sensitive: Flags
    launch_day: Integers
    decline_day: Integers
    end_day: Integers

    def life(self, day: int) -> Floats:
        """Return the share of its full demand that each item has on a day (shape: items)."""
        ramp = np.clip((day - self.launch_day + 1) / 14.0, 0.0, 1.0)
        fade = np.exp(-np.maximum(day - self.decline_day, 0) / 35.0)
        return np.asarray(ramp * fade * (day < self.end_day), dtype=np.float64)

    def lifecycle(self, day: int) -> Texts:
        """Return new, active, ending or delisted for each item on a day."""
        stage = np.full(len(self.ids), "active", dtype=object)
        stage[(day < self.launch_day + NEW_DAYS) & (self.launch_day > 0)] = "new"
        stage[day >= self.decline_day] = "ending"
        stage[day >= self.end_day] = "delisted"
        return stage

    def frame(self) -> pd.DataFrame:
        """Return the rows of ``erp/items``."""
        shelf_life = pd.array(self.shelf_life_days, dtype="Int64")
        shelf_life[self.shelf_life_days == 0] = pd.NA
        return pd.DataFrame(
            {
                "item_id": self.ids,
                "description": [
                    f"{category.replace('-', ' ').capitalize()} {item[-4:]}"
                    for item, category in zip(self.ids, self.category, strict=True)
                ],
                "category": self.category,
                "base_unit": "each",
                "unit_cost": self.unit_cost,
                "unit_price": self.unit_price,
                "weight_kg_per_unit": self.weight_kg,
                "volume_m3_per_unit": self.volume_m3,
                "shelf_life_days": shelf_life,
                "is_sensitive": self.is_sensitive,
            }
        )


def draw_items(parameters: WorldParameters) -> Items:
    """Draw the items of a world."""
    rng = parameters.generator(streams.ITEMS)
    count = parameters.size.items
    fresh = rng.random(count) < parameters.perishable_share
    category = np.where(fresh, rng.choice(FRESH, count), rng.choice(AMBIENT, count)).astype(object)
    median = np.array([_COST[name] for name in category])
    cost = np.maximum(np.round(median * rng.lognormal(0.0, 0.45, count), 2), 0.2)
    price = np.round(cost * rng.uniform(1.35, 1.9, count), 2)
    weight = np.clip(np.round(rng.lognormal(-0.7, 0.6, count), 3), 0.05, 8.0)
    bounds = np.array([_SHELF_LIFE_DAYS.get(name, (0, 0)) for name in category])
    shelf_life = np.where(fresh, rng.integers(bounds[:, 0], bounds[:, 1] + 1), 0)
    return Items(
        ids=np.array([f"item-{index + 1:04d}" for index in range(count)], dtype=object),
        category=category,
        # What spoils is bought steadily; slow movers keep.
        segment=np.where(fresh, "smooth", rng.choice(SEGMENTS, count, p=_SEGMENT_SHARES)).astype(object),
        unit_cost=cost,
        unit_price=price,
        weight_kg=weight,
        volume_m3=np.round(weight * rng.uniform(0.002, 0.006, count), 5),
        shelf_life_days=shelf_life.astype(np.int64),
        is_sensitive=rng.random(count) < 0.02,
        **_life_days(parameters, rng),
    )


def _life_days(parameters: WorldParameters, rng: np.random.Generator) -> dict[str, Any]:
    """Draw who is launched, fades or ends late in the history; the rest is there throughout."""
    count = parameters.size.items
    fate = rng.random(count)
    age = rng.uniform(0.04, 0.3, count) * parameters.history_days
    then = np.rint(parameters.day_index(parameters.last_date) - age).astype(np.int64)
    far = np.int64(10**6)
    is_new = fate < _NEW_SHARE
    is_delisted = fate > 1 - _DELISTED_SHARE
    is_ending = (fate > 1 - _DELISTED_SHARE - _ENDING_SHARE) & ~is_delisted
    return {
        "launch_day": np.where(is_new, then, -far),
        "decline_day": np.where(is_ending | is_delisted, then, far),
        "end_day": np.where(is_delisted, then + 21, far),
    }
