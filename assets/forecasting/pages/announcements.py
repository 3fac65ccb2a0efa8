"""What the calendar says of one series, and the effects that forecasts count with: promotions, prices and events.

Not here: learning the effects (``history.driver_learning``), or drawing them (``fan_chart``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from assets.forecasting.history.announced import PROMOTION
from assets.forecasting.history.effects_table import EVENT, NETWORK, PRICE


@dataclass(frozen=True)
class Announcement:
    """One announced promotion, price or event of a series.

    Attributes
    ----------
    driver : str
        promotion, price or event.
    name : str
        Of the event, or the promotion.
    first_date, last_date : date
        Of what lies in the days asked for.
    effect : float or None
        Factor of demand, for a price the elasticity, as learned in the category; None where nothing was learned.
    category : str
        In which it was learned.
    """

    driver: str
    name: str
    first_date: dt.date
    last_date: dt.date
    effect: float | None
    category: str


@dataclass(frozen=True)
class Calendar:
    """What is announced, and what is known of it.

    Attributes
    ----------
    events : DataFrame
        Frame ``DIM_EVENT``.
    effects : DataFrame
        Frame ``FORECAST_EFFECTS``.
    items, sites : DataFrame
        Frames ``DIM_ITEM`` and ``DIM_SITE``: the category of an item, the region of a site.
    """

    events: pd.DataFrame
    effects: pd.DataFrame
    items: pd.DataFrame
    sites: pd.DataFrame

    def of(self, item: str, site: str, first: dt.date, last: dt.date) -> list[Announcement]:
        """Return what is announced of a series from one day to another, in the order of days."""
        events = self.events
        region = _only(self.sites, "site_id", site, "region")
        concerned = pd.Series(True, index=events.index)
        for name, own in (("item_id", item), ("site_id", site), ("region", region)):
            concerned &= events[name].isna() | (events[name] == own)
        begins, ends = pd.Timestamp(first), pd.Timestamp(last)
        touching = events[concerned & (events["start_date"] <= ends) & (events["end_date"] >= begins)]
        category = _only(self.items, "item_id", item, "category")
        found = []
        for row in touching.sort_values(["start_date", "event_id"]).to_dict("records"):
            driver = _driver(row)
            if driver:
                days = max(row["start_date"], begins).date(), min(row["end_date"], ends).date()
                found.append(Announcement(driver, row["event_name"], *days, *self._effect(driver, row, category)))
        return list(dict.fromkeys(found))

    def _effect(self, driver: str, event: dict[Hashable, Any], category: str) -> tuple[float | None, str]:
        """Return the effect in a category, and its name; that of the network where the category has none."""
        name = event["event_name"] if driver == EVENT else ""
        effects = self.effects[(self.effects["driver"] == driver) & (self.effects["driver_name"] == name)]
        if not (effects["learned_buckets"] > 0).any():
            return None, category
        for place in (category, NETWORK):
            told = effects.loc[effects["category"] == place, "effect"]
            if len(told):
                return float(told.iloc[0]), place
        return None, category


def _driver(event: dict[Hashable, Any]) -> str:
    """Return as what forecasts count an event; nothing for one of an item without promotion or price."""
    if pd.isna(event["item_id"]):
        return EVENT
    if event["event_kind"] == PROMOTION:
        return PROMOTION
    return "" if pd.isna(event["unit_price"]) else PRICE


def _only(table: pd.DataFrame, key: str, value: str, column: str) -> str:
    found = table.loc[table[key] == value, column]
    return str(found.iloc[0]) if len(found) and pd.notna(found.iloc[0]) else ""
