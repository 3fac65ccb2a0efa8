"""Key figures of stock: one pure function each, of rows of daily stock (``RPT_DAILY_STOCK``).

Stock and what was sold beside it come from the same site and day, so that days without a count
bias nothing. Not here: which rows count.
"""

from __future__ import annotations

import pandas as pd

from assets.monitoring.kpis.ratio import Ratio

DAYS_PER_YEAR = 365


def ready_rate(stock: pd.DataFrame) -> Ratio:
    """Return item-site days that ended with stock over those counted (measure P3 of Silver, Pyke and Thomas 2017)."""
    return Ratio(stock["stocked_count"], stock["counted_count"])


def days_of_inventory(stock: pd.DataFrame) -> Ratio:
    """Return stock over what the same sites sold a day, both at standard cost; none for sites that sell nothing.

    ASCM SCOR AM.2.2, inventory days of supply, with the cost of sales of the window in place of a forecast.
    """
    return Ratio(stock["stock_amount"], stock["cost_of_sales_amount"])


def inventory_turns(stock: pd.DataFrame) -> Ratio:
    """Return how often a year the stock is sold: 365 over days of inventory."""
    return Ratio(stock["cost_of_sales_amount"] * DAYS_PER_YEAR, stock["stock_amount"])


def carrying_cost(stock: pd.DataFrame) -> Ratio:
    """Return what holding the stock costs over the cost of what was sold beside it, by the feeds' holding rates."""
    return Ratio(stock["carrying_amount"], stock["cost_of_sales_amount"])


def obsolescence(stock: pd.DataFrame) -> Ratio:
    """Return the share of stock that is past its expiry, or that nobody bought for 91 days, at standard cost."""
    return Ratio(stock["obsolete_amount"], stock["stock_amount"])


def scrap_rate(stock: pd.DataFrame) -> Ratio:
    """Return what was scrapped over the cost of what was sold, on days with movements."""
    return Ratio(stock["scrapped_amount"], stock["moved_cost_amount"])
