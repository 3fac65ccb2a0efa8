"""The index of a panel: which item and site each row is, and what is said of the series as a whole.

Not here: what a series sold (``panel``), or which item-sites are asked for (``ranged``).
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from assets.forecasting.history.arrays import Integers

KEY = ["item_id", "site_id"]
# Column of an index: the quantile that models of a series are compared at.
DECISION_LEVEL = "decision_level"


def codes_of(index: pd.DataFrame, name: str) -> Integers:
    """Return the place of each row's value among the sorted ones of a column, shape (n,)."""
    codes: Integers = np.unique(index[name].to_numpy(dtype=str), return_inverse=True)[1].astype(np.int64)
    return codes


def key_order(index: pd.DataFrame) -> Integers:
    """Return the rows of an index in the order of their keys."""
    return np.lexsort([index[name].to_numpy(dtype=str) for name in reversed(KEY)])
