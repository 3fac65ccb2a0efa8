"""Demand segments and the menu of models each chooses from.

The classification itself (Syntetos and Boylan 2005, and what goes before it) is a feature, made in dbt; here it is only
read, checked against the policy release, and turned into groups of series.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from assets.forecasting.history.arrays import Integers
from assets.kernel.errors import EquipoiseError
from assets.policy.release import ForecastRules

SEGMENTS: tuple[str, ...] = ("smooth", "erratic", "intermittent", "lumpy", "new", "dying", "seasonal", "promoted")
# Whose series may never sell again.
DYING = "dying"


def rows_by_segment(index: pd.DataFrame) -> dict[str, Integers]:
    """Return the rows of each segment that occurs, in the order of ``SEGMENTS``.

    Raises
    ------
    EquipoiseError
        If a series is in no known segment.
    """
    values = index["demand_segment"].to_numpy()
    unknown = sorted(set(values) - set(SEGMENTS))
    if unknown:
        raise EquipoiseError(
            f"demand segments {unknown} are unknown",
            where="feat_item_site.demand_segment",
            remedy=f"Use one of {', '.join(SEGMENTS)}",
        )
    rows = {segment: np.flatnonzero(values == segment) for segment in SEGMENTS}
    return {segment: found for segment, found in rows.items() if found.size}


def menu(rules: ForecastRules, segment: str) -> tuple[str, ...]:
    """Return the names of the models that a segment chooses from.

    Raises
    ------
    EquipoiseError
        If the release offers none.
    """
    names = next((models for name, models in rules.candidates.items() if name == segment), ())
    if not names:
        raise EquipoiseError(
            f"segment {segment} has no candidates",
            where="policy release, forecast.candidates",
            remedy="List at least one model for every segment",
        )
    return names
