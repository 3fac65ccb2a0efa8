"""What the page of alerts shows, as plain values. Not here: Dagster."""

from __future__ import annotations

import pandas as pd

from assets.kernel.page import Page
from assets.monitoring.alerts import SEVERITIES, gravest_first, message

_SHOWN = 20


def alerts_page(alerts: pd.DataFrame) -> Page:
    """Return the number of alerts by severity and the gravest of them."""
    counts = alerts["severity"].value_counts()
    gravest = gravest_first(alerts).head(_SHOWN).to_dict("records")
    rows = [(*message(row), str(row["remedy"])) for row in gravest]
    return {
        **{f"{severity}_alerts": int(counts.get(severity, 0)) for severity in reversed(SEVERITIES)},
        "alerts": pd.DataFrame(rows, columns=["title", "body", "remedy"]),
    }
