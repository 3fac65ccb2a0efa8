"""Item-sites with what decides their targets, and which of them replenishes which. Not here: how much."""

from __future__ import annotations

import numpy as np
import pandas as pd

from assets.inventory.master_data import MasterData
from assets.inventory.supply import KEY, Integers

DELISTED = "delisted"


def item_site_settings(master: MasterData) -> pd.DataFrame:
    """Return the settings of item-sites at open sites: kind, echelon, costs, classes; by item and site."""
    found = master.item_sites.merge(master.sites[["site_id", "site_kind", "echelon"]], on="site_id", how="inner")
    found = found.merge(master.items[["item_id", "unit_cost", "unit_price"]], on="item_id", how="inner")
    features = master.features
    classes = [name for name in ("abc_class", "demand_segment") if name in features]
    found = found.merge(features[[*KEY, *classes]], on=KEY, how="left")
    return found.sort_values(KEY, kind="stable", ignore_index=True)


def normal_parents(settings: pd.DataFrame, sources: pd.DataFrame) -> Integers:
    """Return the row of ``settings`` that normally replenishes each row; -1 for a supplier, none, or a delisted item.

    Parameters
    ----------
    settings, sources : DataFrame
        What ``item_site_settings`` and ``supply.normal_sources`` returned.
    """
    position = settings[KEY].assign(position=np.arange(len(settings)))
    upstream = sources[["item_id", "source_id"]].rename(columns={"source_id": "site_id"})
    origin = upstream.merge(position, on=KEY, how="left")["position"].fillna(-1).to_numpy(dtype=np.int64)
    served = (sources["receipt_kind"] == "transfer").to_numpy() & (settings["lifecycle"] != DELISTED).to_numpy()
    parents: Integers = np.where(served, origin, -1)
    return parents
