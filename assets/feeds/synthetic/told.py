"""Master data as a day's conditions have them: what a network is told of closed lanes, new sites and other prices.

What stands still comes back as it is. Not here: any condition (``conditions``).
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from assets.feeds.synthetic.catalogue import Catalogue
from assets.feeds.synthetic.conditions import Conditions

RANGED_AHEAD_DAYS = 14
"""Days before a store opens from which the ERP ranges items there."""
_COSTS = ("fixed_cost_per_departure", "cost_per_kg", "cost_per_m3", "cost_per_unit")


def sites(catalogue: Catalogue, day: int) -> pd.DataFrame:
    """Return the rows of ``erp/sites``: a store that opens later is closed."""
    frame, places = catalogue.sites.frame(), catalogue.places
    later = np.unique(places.site[places.opening_day - RANGED_AHEAD_DAYS > day])
    return frame.assign(is_open=~np.isin(np.arange(len(frame)), later)) if len(later) else frame


def ranged(catalogue: Catalogue, frame: pd.DataFrame, day: int) -> pd.DataFrame:
    """Return the rows of items and sites that the ERP knows on a day."""
    places = catalogue.places
    later = np.unique(places.site[places.opening_day - RANGED_AHEAD_DAYS > day])
    return frame[~frame["site_id"].isin(catalogue.sites.ids[later])] if len(later) else frame


def sourcing(catalogue: Catalogue, conditions: Conditions | None) -> pd.DataFrame:
    """Return the rows of ``erp/sourcing`` with the lead times quoted today."""
    frame = catalogue.sourcing.frame
    return frame if conditions is None else frame.assign(quoted_lead_time_days=conditions.supply_days)


def lanes(catalogue: Catalogue, conditions: Conditions | None) -> pd.DataFrame:
    """Return the rows of ``tms/lanes`` with the prices and transit of today; closed ones are not allowed."""
    frame = catalogue.lanes.frame
    if conditions is None:
        return frame
    dearer = {name: np.round(frame[name] * conditions.freight_factor, 4) for name in _COSTS}
    return frame.assign(
        **dearer, quoted_transit_days=conditions.transit_days, is_allowed=frame["is_allowed"] & conditions.leaves
    )
