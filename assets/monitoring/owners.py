"""Who answers for what is amiss: the team of the feed or stage, and the site where it is one place.

The same teams stand on the assets. Not here: who may do what (``policy.access``).
"""

from __future__ import annotations

from assets.feeds.contract import contract
from assets.kernel.frames.decisions import PLAN_LINES, TARGETS
from assets.kernel.frames.forecasts import DEMAND_FORECAST

FORECASTERS = "planning-science"
PLANNERS = "replenishment"
EVERYTHING = "data-platform"
"""Answers for the feeds together, and for whatever nobody else is named for."""
STAGES = {DEMAND_FORECAST.name: FORECASTERS, TARGETS.name: FORECASTERS, PLAN_LINES.name: PLANNERS}
"""Table that a stage makes to the team of the stage."""


def owner_of(feed: str, site_id: str = "") -> str:
    """Return who answers for a feed or table, at a site where one is given.

    >>> owner_of("wms_inventory", "store-03"), owner_of("demand_forecast"), owner_of("all")
    ('warehouse-operations at store-03', 'planning-science', 'data-platform')
    """
    teams = {table.name: table.owner for table in contract()} | STAGES
    team = teams.get(feed, EVERYTHING)
    return f"{team} at {site_id}" if site_id else team
