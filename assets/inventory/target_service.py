"""What targets promise together: service, stock and money by echelon and segment. Not here: any target."""

from __future__ import annotations

import numpy as np
import pandas as pd

from assets.inventory.supply import KEY
from assets.kernel.frames.targets import TARGET_SERVICE

SEGMENT = ["echelon", "abc_class", "demand_segment"]
NO_SEGMENT = "none"
_SHARES = {
    "promised_service": "promised_service",
    "cycle_service": "expected_cycle_service",
    "fill_rate": "expected_fill_rate",
    "ready_rate": "expected_ready_rate",
}


def target_service(targets: pd.DataFrame, features: pd.DataFrame) -> pd.DataFrame:
    """Add up targets by echelon, ABC class and demand segment.

    Parameters
    ----------
    targets, features : DataFrame
        Frames ``TARGETS`` and ``FEAT_ITEM_SITE``.

    Returns
    -------
    DataFrame
        Frame ``TARGET_SERVICE``. Shares are means weighted by demand; plain means where nothing is asked for.
    """
    if targets.empty:
        return TARGET_SERVICE.empty()
    known = targets.merge(features[[*KEY, "abc_class", "demand_segment"]], on=KEY, how="left")
    known = known.fillna({"abc_class": NO_SEGMENT, "demand_segment": NO_SEGMENT})
    # Upstream a segment of the site's own demand says nothing: there is none.
    known["demand_segment"] = known["demand_segment"].where(known["echelon"] == 0, NO_SEGMENT)
    groups = known.groupby(SEGMENT, sort=True)
    asked = known["demand_mean_units"] + 1e-9
    weighted = known[SEGMENT].assign(**{name: known[column] * asked for name, column in _SHARES.items()}, asked=asked)
    total = weighted.groupby(SEGMENT, sort=True).sum()
    shares = total[list(_SHARES)].div(total["asked"], axis=0).clip(0.0, 1.0)
    frame = shares.assign(
        item_sites=groups.size(),
        demand_units=groups["demand_mean_units"].sum(),
        base_stock_units=groups["base_stock_units"].sum(),
        stock_units=groups["expected_stock_units"].sum(),
        stock_amount=groups["expected_stock_amount"].sum(),
        target_amount=groups["target_amount"].sum(),
    )
    return TARGET_SERVICE.conform(frame.reset_index().assign(plan_date=targets["plan_date"].iloc[0]))


def service_by_echelon(service: pd.DataFrame) -> pd.DataFrame:
    """Return the roll-up by echelon alone, for people."""
    asked = np.maximum(service["demand_units"], 1e-9)
    weighted = service[["echelon"]].assign(**{name: service[name] * asked for name in _SHARES}, asked=asked)
    total = weighted.groupby("echelon", sort=True).sum()
    sums = service.groupby("echelon", sort=True)[["item_sites", "stock_units", "stock_amount", "target_amount"]].sum()
    return total[list(_SHARES)].div(total["asked"], axis=0).round(4).join(sums.round(2)).reset_index()
