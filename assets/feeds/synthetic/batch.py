"""A batch on its way from the world to the landing area."""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

import pandas as pd

from assets.feeds.contract import FeedTable
from assets.feeds.envelope import RowAvailability


class FeedBatch(NamedTuple):
    """One batch before it is landed.

    Attributes
    ----------
    table : FeedTable
        Table of the contract.
    business_date : date
        Last business date it speaks of.
    data : DataFrame
        Its rows; they conform to the frame unless a fault spoilt them.
    row_availability : str
        ``row`` for histories.
    """

    table: FeedTable
    business_date: dt.date
    data: pd.DataFrame
    row_availability: RowAvailability = "batch"
