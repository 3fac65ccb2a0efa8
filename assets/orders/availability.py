"""What may be reserved of each stock: on hand less what is protected, by a plan date's snapshot.

Read from the published tables of the plan, so that what is promised is what the plan knew. Not here: who
asks for it (``reservations``), or what the planner leaves a donor (``inventory``).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import pandas as pd

from assets.kernel.frames.decisions import TARGETS
from assets.kernel.frames.marts import DIM_SITE, FCT_INVENTORY_POSITION
from assets.kernel.published import Published
from assets.orders.store import Shown, StockGuard

_KEY = ["site_id", "item_id"]


@dataclass(frozen=True)
class Availability:
    """What a snapshot leaves to orders.

    Attributes
    ----------
    guard : StockGuard
        Units by site and item.
    stock_sites : frozenset of str
        Sites whose stock is ours; every other origin is a supplier.
    """

    guard: StockGuard
    stock_sites: frozenset[str]


def availability(published: Published, network: str, plan_date: dt.date, shown: Shown | None = None) -> Availability:
    """Return what the snapshot behind a plan leaves to orders.

    A site that meets demand itself gives only what is beyond its own protection; one that supplies others
    gives all that it has free, which is what it is there for.

    Parameters
    ----------
    shown : mapping, optional
        Order, site and item to units that the snapshot no longer counts at their origin.

    Raises
    ------
    EquipoiseError
        If the tables of the plan date are not published.
    """
    sites = published.read(DIM_SITE, plan_date)
    position = published.read(FCT_INVENTORY_POSITION, plan_date)[[*_KEY, "available_units"]]
    targets = published.read(TARGETS, plan_date)[[*_KEY, "protection_units"]]
    guard = StockGuard(network, left_to_orders(sites, position, targets), shown or {}, plan_date)
    return Availability(guard, frozenset(sites["site_id"]))


def left_to_orders(sites: pd.DataFrame, position: pd.DataFrame, targets: pd.DataFrame) -> dict[tuple[str, str], int]:
    """Return units by site and item: ``available - protection`` where demand is met, else ``available``.

    Parameters
    ----------
    sites, position, targets : DataFrame
        Columns of ``DIM_SITE`` (site_id, echelon), ``FCT_INVENTORY_POSITION`` (available_units) and ``TARGETS``
        (protection_units).
    """
    retail = set(sites.loc[sites["echelon"] == 0, "site_id"])
    joined = position.merge(targets, on=_KEY, how="left")
    protected = joined["protection_units"].fillna(0).where(joined["site_id"].isin(retail), 0)
    left = (joined["available_units"] - protected).clip(lower=0).astype("int64")
    return {
        (str(site), str(item)): int(units)
        for site, item, units in zip(joined["site_id"], joined["item_id"], left, strict=True)
    }
