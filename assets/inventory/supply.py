"""How each item-site is normally replenished, and which sites it serves in turn.

Here: the choice among sourcing and lanes that targets are set against, and the lead time of that
choice. Not here: what a plan may use besides (``assets.rebalancing`` sees every lane).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from assets.kernel.errors import EquipoiseError
from assets.kernel.network import departure_weekdays

Reals = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

KEY = ["item_id", "site_id"]
GROUP = ["receipt_kind", "source_id", "site_id", "mode"]
NO_SOURCE = "none"
SUPPLIER_MODE = "supplier"
COST_DECIMALS = 4


@dataclass(frozen=True)
class LeadTimes:
    """Lead time of each item-site from its normal source, as ``K`` days and their probabilities.

    Attributes
    ----------
    days : array (n, K)
        Possible lead times.
    probability : array (n, K)
        Rows add up to 1.
    """

    days: Integers
    probability: Reals

    @property
    def mean(self) -> Reals:
        """Mean lead time in days, shape (n,)."""
        mean: Reals = (self.days * self.probability).sum(axis=1)
        return mean

    @property
    def std(self) -> Reals:
        """Standard deviation in days, shape (n,)."""
        second = (self.days.astype(np.float64) ** 2 * self.probability).sum(axis=1)
        std: Reals = np.sqrt(np.maximum(second - self.mean**2, 0.0))
        return std


def normal_sources(
    item_sites: pd.DataFrame, lanes: pd.DataFrame, sourcing: pd.DataFrame, items: pd.DataFrame
) -> pd.DataFrame:
    """Choose the normal source of each item-site: cheapest landed cost, then fastest, then by name.

    A supplier may sell it there, or a site of a higher echelon that is ranged for the item may
    ship it there; since the echelon rises with every step up, sources never form a cycle whatever
    the lanes do. The landed cost of a transfer is standard cost plus freight by weight, volume and
    unit; a departure's fixed cost is shared by what else travels and does not count. A lane whose
    departure days cannot be read supplies nothing; ``assets.rebalancing`` names it.

    Parameters
    ----------
    item_sites : DataFrame
        ``item_id``, ``site_id``, ``echelon``, sorted by key.
    lanes, sourcing, items : DataFrame
        Frames ``DIM_LANE``, ``DIM_SOURCING``, ``DIM_ITEM``.

    Returns
    -------
    DataFrame
        One row per item-site, in the same order: ``receipt_kind``, ``source_id``, ``mode``,
        ``quoted_days``, ``departure_days``.
    """
    options = pd.concat([_purchases(item_sites, sourcing), _transfers(item_sites, lanes, items)])
    options["landed_cost"] = options["landed_cost"].round(COST_DECIMALS)
    order = [*KEY, "landed_cost", "quoted_days", "receipt_kind", "source_id", "mode"]
    best = options.sort_values(order, kind="stable").drop_duplicates(KEY)
    found = item_sites[KEY].merge(best, on=KEY, how="left")
    fill = {"receipt_kind": NO_SOURCE, "source_id": "", "mode": "", "departure_days": "", "quoted_days": 0}
    return found.fillna(fill).drop(columns="landed_cost").astype({"quoted_days": "int64"})


def _purchases(item_sites: pd.DataFrame, sourcing: pd.DataFrame) -> pd.DataFrame:
    found = item_sites[KEY].merge(sourcing.drop(columns="plan_date"), on=KEY, how="inner")
    return pd.DataFrame(
        {
            "item_id": found["item_id"],
            "site_id": found["site_id"],
            "receipt_kind": "purchase",
            "source_id": found["supplier_id"],
            "mode": SUPPLIER_MODE,
            "landed_cost": found["unit_cost"].astype(float),
            "quoted_days": found["quoted_lead_time_days"].astype("int64"),
            "departure_days": "",
        }
    )


def _transfers(item_sites: pd.DataFrame, lanes: pd.DataFrame, items: pd.DataFrame) -> pd.DataFrame:
    origins = item_sites[[*KEY, "echelon"]].rename(columns={"site_id": "origin_id", "echelon": "from_echelon"})
    found = item_sites[[*KEY, "echelon"]].merge(
        lanes.rename(columns={"destination_id": "site_id"}).drop(columns="plan_date"), on="site_id", how="inner"
    )
    found = found.merge(origins, on=["item_id", "origin_id"], how="inner")
    found = found[found["from_echelon"] > found["echelon"]]
    departs = found["departure_days"].fillna("").map(lambda days: bool(departure_weekdays(days)))
    found = found[departs.astype(bool)]
    cost = ["item_id", "unit_cost", "weight_kg_per_unit", "volume_m3_per_unit"]
    found = found.merge(items[cost], on="item_id", how="inner")
    freight = (
        found["cost_per_unit"]
        + found["cost_per_kg"] * found["weight_kg_per_unit"]
        + found["cost_per_m3"] * found["volume_m3_per_unit"]
    )
    return pd.DataFrame(
        {
            "item_id": found["item_id"],
            "site_id": found["site_id"],
            "receipt_kind": "transfer",
            "source_id": found["origin_id"],
            "mode": found["mode"],
            "landed_cost": (found["unit_cost"] + freight).astype(float),
            "quoted_days": found["quoted_transit_days"].astype("int64"),
            "departure_days": found["departure_days"].fillna(""),
        }
    )


def lead_times_of(sources: pd.DataFrame, lead_times: pd.DataFrame) -> LeadTimes:
    """Return the lead-time distribution of each item-site's normal source.

    Parameters
    ----------
    sources : DataFrame
        What ``normal_sources`` returned; a source that nothing was learned of keeps its quote.
    lead_times : DataFrame
        Frame ``LEAD_TIME``.
    """
    table = lead_times.sort_values([*GROUP, "lead_time_days"], kind="stable", ignore_index=True)
    number = table.groupby(GROUP, sort=True).ngroup().to_numpy(dtype=np.int64)
    place = table.groupby(GROUP, sort=True).cumcount().to_numpy(dtype=np.int64)
    width = int(place.max()) + 1 if len(table) else 1
    groups = table[GROUP].drop_duplicates(ignore_index=True)
    days = np.zeros((len(groups) + 1, width), dtype=np.int64)
    probability = np.zeros((len(groups) + 1, width))
    days[number, place] = table["lead_time_days"].to_numpy(dtype=np.int64)
    probability[number, place] = table["probability"].to_numpy(dtype=float)
    matched = sources[GROUP].merge(groups.assign(group=np.arange(len(groups))), on=GROUP, how="left")
    group = matched["group"].fillna(len(groups)).to_numpy(dtype=np.int64)
    unknown = group == len(groups)
    row_days, row_probability = days[group], probability[group]
    row_days[unknown, 0] = sources["quoted_days"].to_numpy()[unknown]
    row_probability[unknown, 0] = 1.0
    return LeadTimes(row_days, row_probability / row_probability.sum(axis=1, keepdims=True))


def departure_waits(departure_days: pd.Series[str], weekday: Integers) -> Integers:
    """Return the days until the next departure of each row.

    Parameters
    ----------
    departure_days : Series
        ISO weekdays such as ``1,3,5``; empty for every day.
    weekday : array
        ISO weekday from which it may leave.

    Examples
    --------
    >>> departure_waits(pd.Series(["", "3,5", "1"]), np.array([1, 1, 2])).tolist()
    [0, 2, 6]

    Raises
    ------
    EquipoiseError
        If a day is not an ISO weekday.
    """
    table: dict[tuple[str, int], int] = {}
    for days in sorted(set(departure_days)):
        allowed = _weekdays(days)
        for today in range(1, 8):
            table[days, today] = min((day - today) % 7 for day in allowed)
    pairs = zip(departure_days, weekday, strict=True)
    return np.array([table[days, int(today)] for days, today in pairs], dtype=np.int64)


def _weekdays(days: str) -> list[int]:
    allowed = departure_weekdays(days)
    if not allowed:
        raise EquipoiseError(
            f"{days!r} is not a list of ISO weekdays",
            where="dim_lane.departure_days",
            remedy="Send days such as 1,3,5; nothing for every day",
        )
    return allowed
