"""What is known of a network on a plan date, as targets read it. Not here: what follows from it (``situation``)."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True)
class MasterData:
    """Items, sites and the ways between them.

    Attributes
    ----------
    item_sites, sites, lanes, sourcing, items, features : DataFrame
        Frames ``DIM_ITEM_SITE``, ``DIM_SITE``, ``DIM_LANE``, ``DIM_SOURCING``, ``DIM_ITEM``,
        ``FEAT_ITEM_SITE``.
    """

    item_sites: pd.DataFrame
    sites: pd.DataFrame
    lanes: pd.DataFrame
    sourcing: pd.DataFrame
    items: pd.DataFrame
    features: pd.DataFrame
