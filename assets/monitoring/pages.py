"""What the page of alerts shows, as plain values. Not here: Dagster."""

from __future__ import annotations

import pandas as pd

from assets.monitoring.alerts import SEVERITIES, gravest_first, message

_SHOWN = 20


def alerts_page(alerts: pd.DataFrame) -> dict[str, int | list[dict[str, str]]]:
    """Return the number of alerts by severity and the gravest of them."""
    counts = alerts["severity"].value_counts()
    page: dict[str, int | list[dict[str, str]]] = {f"{s}_alerts": int(counts.get(s, 0)) for s in reversed(SEVERITIES)}
    gravest = gravest_first(alerts).head(_SHOWN)
    page["alerts"] = [
        {"title": title, "body": body, "remedy": str(row["remedy"])}
        for row in gravest.to_dict("records")
        for title, body in [message(row)]
    ]
    return page
