"""Panels of weekly demand for tests of what forecasts them, without a frame or a calendar."""

import numpy as np
import pandas as pd

from assets.forecasting.history.panel import SeriesPanel
from assets.kernel.calendar import Bucket


def weekly_panel(
    units: np.ndarray, *, observed: np.ndarray | None = None, sites: int = 2, bucket: Bucket = Bucket.WEEK
) -> SeriesPanel:
    """Lay ``units`` (n, T) out as items over ``sites`` sites, two categories in turn."""
    count, length = units.shape
    index = pd.DataFrame(
        {
            "item_id": [f"item-{place // sites:03d}" for place in range(count)],
            "site_id": [f"store-{place % sites:03d}" for place in range(count)],
            "demand_segment": "smooth",
            "category": [f"category-{(place // sites) % 2}" for place in range(count)],
        }
    )
    known = np.ones(units.shape, dtype=bool) if observed is None else observed
    season = 52 if bucket is Bucket.WEEK else 7
    phase = np.arange(length, dtype=np.int64) % season
    return SeriesPanel(index, units.astype(float), known, np.zeros(count, dtype=np.int64), phase, bucket)
