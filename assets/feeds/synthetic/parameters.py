"""Parameters of a world: its size, its seed and its habits, validated where they are made.

Not here: anything drawn at random.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

import numpy as np

from assets.kernel.errors import EquipoiseError

# A Sunday: the plan of the Monday after it meets most departures.
DEMO_LAST_DATE = dt.date(2026, 11, 15)


@dataclass(frozen=True)
class WorldSize:
    """How many of everything there are.

    Parameters
    ----------
    supply_dcs, regional_warehouses, stores, items, suppliers : int
        Counts, each at least 1; warehouses cannot outnumber stores.
    stores_per_item : float
        Mean number of stores that range an item.
    """

    supply_dcs: int = 2
    regional_warehouses: int = 4
    stores: int = 18
    items: int = 500
    suppliers: int = 25
    stores_per_item: float = 6.2

    def __post_init__(self) -> None:
        for name in ("supply_dcs", "regional_warehouses", "stores", "items", "suppliers"):
            _require(getattr(self, name) >= 1, name, getattr(self, name), "at least 1")
        _require(
            self.regional_warehouses <= self.stores, "regional_warehouses", self.regional_warehouses, "at most stores"
        )
        _require(1 <= self.stores_per_item <= self.stores, "stores_per_item", self.stores_per_item, "from 1 to stores")

    @property
    def sites(self) -> int:
        """Sites that hold stock."""
        return self.supply_dcs + self.regional_warehouses + self.stores


@dataclass(frozen=True)
class WorldParameters:
    """One world, to the bit.

    Parameters
    ----------
    seed : int
        Everything random follows from it.
    size : WorldSize
        Counts.
    history_days : int
        Days that can be observed, the last of them being ``last_date``.
    last_date : date
        Last business date of the history.
    future_days : int
        Days after ``last_date`` that the calendar of events announces.
    warm_up_days : int
        Days lived before the first that can be observed, so that opening stock is a steady state.
    transaction_days, movement_days : int
        Days of purchase orders and shipments, and of stock movements, told as history.
    perishable_share, promotion_share, direct_share, allocation_share : float
        Share of items with a shelf life, of item-region-weeks on promotion, of items that suppliers
        deliver straight to regional warehouses, and of supplier-weeks in which a supplier can ship
        only a few units a day.
    truck_share : float
        Share of a departure's fixed cost and capacity, and of suppliers' least order values, that the items of the
        world stand for: below 1 in a world of few items, whose trucks carry others as well.
    imbalance : float
        0 for stores replenished alike; 1 for the demo's mix of overstocked and starved stores.
    timezone, currency : str
        Of every site.
    """

    seed: int = 7
    size: WorldSize = field(default_factory=WorldSize)
    history_days: int = 365
    last_date: dt.date = DEMO_LAST_DATE
    future_days: int = 35
    warm_up_days: int = 42
    transaction_days: int = 120
    movement_days: int = 14
    perishable_share: float = 0.15
    promotion_share: float = 0.04
    direct_share: float = 0.05
    allocation_share: float = 0.15
    truck_share: float = 1.0
    imbalance: float = 1.0
    timezone: str = "Europe/Brussels"
    currency: str = "EUR"

    def __post_init__(self) -> None:
        _require(self.seed >= 0, "seed", self.seed, "at least 0")
        _require(self.history_days >= 1, "history_days", self.history_days, "at least 1")
        for name in ("future_days", "warm_up_days", "transaction_days", "movement_days"):
            _require(getattr(self, name) >= 0, name, getattr(self, name), "at least 0")
        for name in ("perishable_share", "promotion_share", "direct_share", "allocation_share", "imbalance"):
            _require(0 <= getattr(self, name) <= 1, name, getattr(self, name), "from 0 to 1")
        _require(0 < self.truck_share <= 1, "truck_share", self.truck_share, "above 0 and at most 1")

    @classmethod
    def small(cls, seed: int = 7) -> WorldParameters:
        """Return a world for tests: 7 sites, 20 items, 120 days, made in well under a second."""
        size = WorldSize(supply_dcs=1, regional_warehouses=2, stores=4, items=20, suppliers=4, stores_per_item=2.8)
        return cls(seed=seed, size=size, history_days=120, transaction_days=60)

    @property
    def first_date(self) -> dt.date:
        """First business date that can be observed."""
        return self.last_date - dt.timedelta(days=self.history_days - 1)

    @property
    def birth(self) -> dt.date:
        """First date that is lived, warm-up included."""
        return self.first_date - dt.timedelta(days=self.warm_up_days)

    def day_index(self, date: dt.date) -> int:
        """Return the number of days from birth to ``date``."""
        return (date - self.birth).days

    def generator(self, stream: int, *keys: int) -> np.random.Generator:
        """Return the generator of one stream and key, independent of every other.

        Keys are dates' ordinals or weeks, so that a longer history draws the same days.
        """
        return np.random.default_rng([self.seed, stream, *keys])


def _require(holds: bool, name: str, value: object, rule: str) -> None:
    if not holds:
        raise EquipoiseError(f"{name} = {value}", where="world parameters", remedy=f"It must be {rule}")
