"""Rows of service: daily service, with what stock-outs hid and its price. Not here: reading, or any figure."""

from __future__ import annotations

import pandas as pd

_CELL = ["day", "site_id", "demand_segment"]
SERVED = ("new", "active")
"""Lifecycles of item-sites that service is promised for."""


def service_facts(
    service: pd.DataFrame, lost: pd.DataFrame, item_sites: pd.DataFrame, prices: pd.DataFrame, bucket_days: int
) -> pd.DataFrame:
    """Return daily service with what was lost to empty shelves.

    Parameters
    ----------
    service : DataFrame
        Frame ``RPT_DAILY_SERVICE``.
    lost : DataFrame
        ``item_id``, ``site_id``, ``bucket_start`` and ``lost_units`` of ``DEMAND_ESTIMATE``.
    item_sites : DataFrame
        As ``served_item_sites`` returns it; what was lost elsewhere is no failure of service.
    prices : DataFrame
        ``item_id`` and ``unit_price``.
    bucket_days : int
        Days of a planning bucket.
    """
    known = lost.merge(item_sites, on=["item_id", "site_id"]).merge(prices, on="item_id", how="left")
    amount = known["lost_units"] * known["unit_price"].fillna(0.0)
    known = known.rename(columns={"bucket_start": "day"}).assign(lost_amount=amount)
    sums = known.groupby(_CELL, sort=True)[["lost_units", "lost_amount"]].sum().reset_index()
    both = service.merge(sums, on=_CELL, how="left").fillna({"lost_units": 0.0, "lost_amount": 0.0})
    return both.assign(bucket_days=bucket_days)


def served_item_sites(settings: pd.DataFrame, features: pd.DataFrame) -> pd.DataFrame:
    """Return ``item_id``, ``site_id`` and ``demand_segment`` of item-sites that service is promised for.

    Parameters
    ----------
    settings : DataFrame
        ``item_id``, ``site_id`` and ``lifecycle`` of ``DIM_ITEM_SITE``.
    features : DataFrame
        ``item_id``, ``site_id`` and ``demand_segment`` of ``FEAT_ITEM_SITE``.
    """
    served = settings.loc[settings["lifecycle"].isin(SERVED), ["item_id", "site_id"]]
    return served.merge(features, on=["item_id", "site_id"])
