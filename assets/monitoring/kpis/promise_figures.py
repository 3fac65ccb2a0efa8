"""Key figures of what stock targets promised: one pure function each, of rows of promises (``promise_facts``).

Each stands beside the key figure of what was achieved. Not here: which targets count.
"""

from __future__ import annotations

import pandas as pd

from assets.monitoring.kpis.ratio import Ratio


def promised_fill_rate(promises: pd.DataFrame) -> Ratio:
    """Return the fill rate that targets of sites that meet demand expect, weighed by their demand."""
    return Ratio(promises["fill_units"], promises["demand_units"])


def promised_cycle_service(promises: pd.DataFrame) -> Ratio:
    """Return the cycle service that targets of sites that meet demand expect, every item-site alike."""
    return Ratio(promises["cycle_count"], promises["selling_count"])


def promised_ready_rate(promises: pd.DataFrame) -> Ratio:
    """Return the ready rate that targets of all sites expect, every item-site alike."""
    return Ratio(promises["ready_count"], promises["target_count"])
