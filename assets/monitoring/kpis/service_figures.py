"""Key figures of service at the sites that meet demand: one pure function each, of rows of daily service.

Rows are those of ``RPT_DAILY_SERVICE`` with ``lost_units`` and ``lost_amount``. Demand is censored: what was
asked for of an empty shelf is an estimate, and said so. Not here: which rows count.
"""

from __future__ import annotations

import pandas as pd

from assets.monitoring.kpis.ratio import Ratio


def fill_rate(service: pd.DataFrame) -> Ratio:
    """Return units sold over units asked for, those lost to an empty shelf being estimated.

    Measure P2 of Silver, Pyke and Thomas (2017), type 2 service.

    >>> found = fill_rate(pd.DataFrame({"served_units": [9], "lost_units": [1.0]}))
    >>> float(found.numerator.iloc[0] / found.denominator.iloc[0])
    0.9
    """
    return Ratio(service["served_units"], service["served_units"] + service["lost_units"])


def cycle_service(service: pd.DataFrame) -> Ratio:
    """Return replenishment cycles without an empty shelf over cycles closed.

    Measure P1 of Silver, Pyke and Thomas (2017), type 1 service. A cycle goes from one receipt to the next.
    """
    return Ratio(service["served_cycle_count"], service["closed_cycle_count"])


def stock_out_rate(service: pd.DataFrame) -> Ratio:
    """Return item-site buckets with an empty shelf for some of them over those known (Gruen and Corsten 2008)."""
    return Ratio(service["stocked_out_count"], service["known_count"])


def stock_out_days(service: pd.DataFrame) -> Ratio:
    """Return the days that shelves stood empty, parts of days added up over item-sites."""
    return Ratio((service["known_count"] - service["in_stock_buckets"]) * service["bucket_days"], None)


def on_shelf_availability(service: pd.DataFrame) -> Ratio:
    """Return the share of opening time with stock on the shelf, every item-site alike (ECR Europe 2003)."""
    return Ratio(service["in_stock_buckets"], service["known_count"])


def lost_sales(service: pd.DataFrame) -> Ratio:
    """Return the estimate of what was lost to empty shelves, at list price."""
    return Ratio(service["lost_amount"], None)
