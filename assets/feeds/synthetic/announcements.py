"""What a world announces: its calendar of events, and the promotions of items weeks ahead.

Not here: what they do to demand (``demand``), and when they are told (``emission``).
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from assets.feeds.synthetic.catalogue import Catalogue
from assets.feeds.synthetic.demand import EVENTS, promotions
from assets.feeds.synthetic.disruptions import Promotion
from assets.feeds.synthetic.sites import region_name

if TYPE_CHECKING:
    from assets.feeds.synthetic.world import World

# A region whose leaflet shows at least this share of all items has an event of its own.
_LEAFLET_SHARE = 0.05


def events(world: World, first: dt.date, last: dt.date) -> pd.DataFrame:
    """Return the rows of ``demand/events`` that start between two dates, past ones included."""
    catalogue = world.catalogue
    rows = _calendar(first, last) + _leaflets(catalogue, first, last)
    told = pd.DataFrame(rows, columns=["event_id", "event_name", "event_kind", "region", "start_date", "end_date"])
    told = told.assign(item_id=None, site_id=None, unit_price=np.nan)
    planned = _item_promotions(catalogue, first, last)
    # Column by column: pandas drops the type of a column without a single value.
    parts = [told, planned, *_extra_promotions(world, first, last)]
    return pd.DataFrame({name: np.concatenate([part[name] for part in parts]) for name in told.columns})


def _calendar(first: dt.date, last: dt.date) -> list[dict[str, object]]:
    return [
        {
            "event_id": f"{name.lower().replace(' ', '-')}-{year}",
            "event_name": name,
            "event_kind": kind,
            "region": None,
            "start_date": start,
            "end_date": start + dt.timedelta(days=days - 1),
        }
        for year in range(first.year, last.year + 1)
        for month, number, days, name, kind, _ in EVENTS
        if first <= (start := dt.date(year, month, number)) <= last
    ]


def _leaflets(catalogue: Catalogue, first: dt.date, last: dt.date) -> list[dict[str, object]]:
    """Tell the weeks in which a region promotes at least one item in twenty."""
    return [
        {
            "event_id": f"leaflet-{region_name(region)}-{week}",
            "event_name": f"Leaflet {region_name(region)}",
            "event_kind": "promotion",
            "region": region_name(region),
            "start_date": dt.date.fromordinal(week * 7),
            "end_date": dt.date.fromordinal(week * 7 + 6),
        }
        for week in _weeks(first, last)
        for region in range(catalogue.parameters.size.regional_warehouses)
        if promotions(catalogue.parameters, week)[0][region].mean() >= _LEAFLET_SHARE
    ]


def _item_promotions(catalogue: Catalogue, first: dt.date, last: dt.date) -> pd.DataFrame:
    """Tell which items a region promotes in each week, and at what price."""
    weeks = _weeks(first, last)
    drawn = [promotions(catalogue.parameters, week) for week in weeks]
    size = catalogue.parameters.size
    shape = (len(weeks), size.regional_warehouses, size.items)
    place, region, item = np.nonzero(np.array([promoted for promoted, _ in drawn], dtype=bool).reshape(shape))
    cut = np.array([cut for _, cut in drawn], dtype=np.float64).reshape(shape)[place, region, item]
    regions = np.array([region_name(number) for number in range(shape[1])], dtype=object)[region]
    items, week = catalogue.items.ids[item], place + weeks.start
    keys = zip(regions, items, week.tolist(), strict=True)
    return pd.DataFrame(
        {
            "event_id": [f"promotion-{own}-{name}-{number}" for own, name, number in keys],
            "event_name": "Promotion",
            "event_kind": "promotion",
            "region": regions,
            "start_date": [dt.date.fromordinal(number * 7) for number in week.tolist()],
            "end_date": [dt.date.fromordinal(number * 7 + 6) for number in week.tolist()],
            "item_id": items,
            "site_id": None,
            "unit_price": np.round(catalogue.items.unit_price[item] * (1 - cut), 2),
        }
    )


def _extra_promotions(world: World, first: dt.date, last: dt.date) -> list[pd.DataFrame]:
    """Tell promotions that the seed does not know of, in the same words."""
    items, made = world.catalogue.items, []
    regions = [region_name(number) for number in range(world.parameters.size.regional_warehouses)]
    for one in world.disruptions:
        if not isinstance(one, Promotion) or not first <= one.span.first <= last:
            continue
        number = np.tile(np.flatnonzero(np.isin(items.ids, one.items)), len(regions))
        region = np.repeat(np.array(regions, dtype=object), len(number) // len(regions))
        keys = zip(region, items.ids[number], strict=True)
        made.append(
            pd.DataFrame(
                {
                    "event_id": [f"promotion-{own}-{name}-{one.span.first:%Y%m%d}" for own, name in keys],
                    "event_name": "Promotion",
                    "event_kind": "promotion",
                    "region": region,
                    "start_date": one.span.first,
                    "end_date": one.span.last,
                    "item_id": items.ids[number],
                    "site_id": None,
                    "unit_price": np.round(items.unit_price[number] * (1 - one.price_cut), 2),
                }
            )
        )
    return made


def _weeks(first: dt.date, last: dt.date) -> range:
    """Return the weeks, each starting on a Sunday, that start between two dates."""
    return range(-(-first.toordinal() // 7), last.toordinal() // 7 + 1)
