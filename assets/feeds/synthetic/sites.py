"""The sites of a world and the lanes between them.

Not here: which items a site ranges.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from assets.feeds.synthetic import streams
from assets.feeds.synthetic.items import Flags, Integers, Texts
from assets.feeds.synthetic.parameters import WorldParameters

REGIONS = ("north", "south", "east", "west", "centre", "coast", "hills", "islands")
_DEPARTURES = ("1,3,5", "1,4,6", "1,2,4,5")
_LATERAL_DEPARTURES = "1,2,3,4,5"


@dataclass(frozen=True)
class Sites:
    """Arrays of length ``sites``: stores first, then regional warehouses, then supply DCs.

    Attributes
    ----------
    ids, kind : text
        ``kind`` is store, regional_warehouse or supply_dc.
    region : int
        Number of the region; supply DCs serve all and sit in region 0.
    """

    ids: Texts
    kind: Texts
    region: Integers
    timezone: str

    def of_kind(self, kind: str) -> Integers:
        """Return the numbers of the sites of one kind."""
        return np.flatnonzero(self.kind == kind)

    @property
    def region_name(self) -> Texts:
        """Name of each site's region."""
        return np.array([region_name(number) for number in self.region], dtype=object)

    def frame(self) -> pd.DataFrame:
        """Return the rows of ``erp/sites``."""
        label = {"store": "Store", "regional_warehouse": "Regional warehouse", "supply_dc": "Supply DC"}
        return pd.DataFrame(
            {
                "site_id": self.ids,
                "site_name": [
                    f"{label[kind]} {site.rsplit('-', 1)[1]} {region}"
                    for site, kind, region in zip(self.ids, self.kind, self.region_name, strict=True)
                ],
                "site_kind": self.kind,
                "region": self.region_name,
                "timezone": self.timezone,
                "is_open": True,
            }
        )


def region_name(number: int) -> str:
    """Return the name of a region.

    >>> region_name(0), region_name(8)
    ('north', 'region-9')
    """
    return REGIONS[number] if number < len(REGIONS) else f"region-{number + 1}"


@dataclass(frozen=True)
class Lanes:
    """Arrays of length ``lanes``.

    Attributes
    ----------
    origin, destination : int
        Numbers of the sites.
    transit_days : int
        As quoted, at least 1.
    departs : bool, shape (lanes, 7)
        Whether a departure leaves on a weekday, Monday first.
    frame : DataFrame
        Rows of ``tms/lanes`` in the same order.
    """

    origin: Integers
    destination: Integers
    transit_days: Integers
    departs: Flags
    frame: pd.DataFrame


def draw_sites(parameters: WorldParameters) -> Sites:
    """Lay out the sites; stores are spread evenly over the regions."""
    size = parameters.size
    stores = np.arange(size.stores) * size.regional_warehouses // size.stores
    ids = [
        *(f"store-{index + 1:02d}" for index in range(size.stores)),
        *(f"rw-{index + 1}" for index in range(size.regional_warehouses)),
        *(f"dc-{index + 1}" for index in range(size.supply_dcs)),
    ]
    kinds = (
        ["store"] * size.stores + ["regional_warehouse"] * size.regional_warehouses + ["supply_dc"] * size.supply_dcs
    )
    region = np.concatenate([stores, np.arange(size.regional_warehouses), np.zeros(size.supply_dcs)])
    return Sites(np.array(ids, object), np.array(kinds, object), region.astype(np.int64), parameters.timezone)


_CAPACITY_KG = {"truck": 4000.0, "van": 400.0}


def draw_lanes(parameters: WorldParameters, sites: Sites) -> Lanes:
    """Draw the lanes: DC to warehouse, warehouse to its stores, and store to store in a region."""
    rng = parameters.generator(streams.LANES)
    rows = [*_trunk_lanes(sites, rng), *_store_lanes(sites, rng), *_lateral_lanes(sites, rng)]
    frame = pd.DataFrame(rows).assign(is_allowed=True)
    frame["capacity_kg"] = frame["mode"].map(_CAPACITY_KG) * parameters.truck_share
    frame["fixed_cost_per_departure"] = (frame["fixed_cost_per_departure"] * parameters.truck_share).round(2)
    departs = np.array([[str(day) in days for day in range(1, 8)] for days in frame["departure_days"]])
    numbers = frame[["origin", "destination"]].to_numpy(np.int64)
    ids = pd.DataFrame({"origin_id": sites.ids[numbers[:, 0]], "destination_id": sites.ids[numbers[:, 1]]})
    return Lanes(
        origin=numbers[:, 0],
        destination=numbers[:, 1],
        transit_days=frame["quoted_transit_days"].to_numpy(np.int64),
        departs=departs,
        frame=pd.concat([ids, frame.drop(columns=["origin", "destination"])], axis=1),
    )


def _trunk_lanes(sites: Sites, rng: np.random.Generator) -> list[dict[str, object]]:
    return [
        _lane(origin, destination, "truck", 90.0, 0.04, 6.0, 0.02, "1,4", int(rng.integers(2, 4)), rng)
        for origin in sites.of_kind("supply_dc")
        for destination in sites.of_kind("regional_warehouse")
    ]


def _store_lanes(sites: Sites, rng: np.random.Generator) -> list[dict[str, object]]:
    warehouses = sites.of_kind("regional_warehouse")
    return [
        _lane(
            warehouses[sites.region[store]], store, "truck", 35.0, 0.06, 9.0, 0.03,
            _DEPARTURES[int(rng.integers(len(_DEPARTURES)))], int(rng.integers(1, 3)), rng,
        )
        for store in sites.of_kind("store")
    ]  # fmt: skip


def _lateral_lanes(sites: Sites, rng: np.random.Generator) -> list[dict[str, object]]:
    stores = sites.of_kind("store")
    return [
        _lane(origin, destination, "van", 14.0, 0.10, 14.0, 0.05, _LATERAL_DEPARTURES, 1, rng)
        for origin in stores
        for destination in stores
        if origin != destination and sites.region[origin] == sites.region[destination]
    ]


def _lane(
    origin: int, destination: int, mode: str, fixed: float, per_kg: float, per_m3: float, per_unit: float,
    departure_days: str, transit_days: int, rng: np.random.Generator,
) -> dict[str, object]:  # fmt: skip
    distance = rng.uniform(0.8, 1.3)
    return {
        "origin": int(origin),
        "destination": int(destination),
        "mode": mode,
        "fixed_cost_per_departure": round(fixed * distance, 2),
        "cost_per_kg": round(per_kg * distance, 4),
        "cost_per_m3": round(per_m3 * distance, 2),
        "cost_per_unit": per_unit,
        "departure_days": departure_days,
        "quoted_transit_days": transit_days,
    }
