"""What drift found after a plan, handed to the models of the plans after it.

It is no edge of the graph: the table of a plan date becomes a request in the registry once the
run has ended, where alerts are delivered. Not here: judging drift (``assets.monitoring``), or
what a request leads to (``assets.forecasting.registry.log``).
"""

from __future__ import annotations

import datetime as dt

from assets.forecasting.registry.registry import ModelRegistry
from assets.kernel.calendar import AsKnown
from assets.kernel.frames.monitoring import FORECAST_DRIFT
from assets.kernel.home import NetworkHome
from assets.kernel.published import Published
from assets.orders.standing import as_known_of


def request_refits(home: NetworkHome, plan_date: dt.date) -> list[str]:
    """Ask for a refit in the plans after a date whose drift table does, once however often it is called.

    A plan with hindsight asks for nothing: what it saw was not known then.

    Returns
    -------
    list of str
        Segments that ask for it, in order.
    """
    published = Published(home.published)
    latest = published.latest(FORECAST_DRIFT.name, plan_date)
    if latest is None or as_known_of(published, plan_date, latest.run_id) == AsKnown.NOW:
        return []
    drift = published.read(FORECAST_DRIFT, plan_date)
    asking = drift[drift["recalibration_requested"]].drop_duplicates("demand_segment")
    segments = [str(segment) for segment in asking["demand_segment"]]
    if segments:
        reasons = [f"{row.demand_segment}: {row.reason}" for row in asking.itertuples()]
        ModelRegistry(home.root).request_refit(plan_date, tuple(segments), "; ".join(reasons))
    return segments
