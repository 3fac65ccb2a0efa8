"""What every key figure is: a numerator and a denominator for each row of a fact table.

Sums of both are right for any window and group of rows, which a mean of ratios is not. Not here: any
key figure.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd


@dataclass(frozen=True)
class Ratio:
    """Rows of a key figure, before they are added up.

    Attributes
    ----------
    numerator : Series
        Of each row of the facts.
    denominator : Series or None
        Of the same rows; ``None`` for a total, whose value is the sum of its numerators.
    """

    numerator: pd.Series[Any]
    denominator: pd.Series[Any] | None
