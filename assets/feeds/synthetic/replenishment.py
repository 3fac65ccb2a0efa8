"""The rule the world's own planners follow: (s, S) on the inventory position of each place.

It believes in the rates the parameters were once set with, a month behind the life of items
and biased by store. That is what leaves stock where it does not sell.
"""

from __future__ import annotations

import datetime as dt

import numpy as np

from assets.feeds.synthetic.catalogue import Catalogue
from assets.feeds.synthetic.items import Flags, Floats, Integers
from assets.feeds.synthetic.transition import Orders, Stock

_BELIEF_LAG_DAYS = 21
_LAUNCH_STOCK_DAYS = 25
_SAFETY_FACTOR = 1.3
_STORE_CYCLE_DAYS, _WAREHOUSE_CYCLE_DAYS, _PURCHASE_CYCLE_DAYS = 4.0, 4.0, 7.0
_REVIEW_DAYS = 3.0
_SHELF_LIFE_USE, _KEEPS_FOR_EVER_DAYS = 0.5, 10**6


def order_up_to(catalogue: Catalogue, stock: Stock, date: dt.date) -> Orders:
    """Return what the world orders on the morning of a day.

    s = belief x (lead time + review) + z x sqrt(belief x (lead time + review)), and S = s plus one
    cycle of demand, both times the place's bias (Silver, Pyke and Thomas 2017, ch. 6).
    """
    belief, lead = _belief(catalogue, date), _lead_days(catalogue)
    places = catalogue.places
    exposure = belief * (lead + _REVIEW_DAYS)
    is_store = np.arange(len(places)) < places.store_count
    cycle = np.where(is_store, _STORE_CYCLE_DAYS, _WAREHOUSE_CYCLE_DAYS)
    cycle = np.where(places.supply_row >= 0, _PURCHASE_CYCLE_DAYS, cycle)
    reorder = (exposure + _SAFETY_FACTOR * np.sqrt(exposure)) * places.bias
    up_to = np.where(belief > 0, np.ceil(reorder + np.maximum(belief * cycle * places.bias, 1)), 0)
    # Nobody orders what is known to spoil on the shelf.
    life = np.where(catalogue.shelf_life_days > 0, catalogue.shelf_life_days, _KEEPS_FOR_EVER_DAYS)
    up_to = np.minimum(up_to, np.ceil(belief * (lead + life * _SHELF_LIFE_USE) * places.bias))
    wanted = up_to.astype(np.int64) - stock.position
    orders_today = _opportunity(catalogue, date) & (stock.position <= reorder) & (wanted > 0)
    return _orders(catalogue, wanted, orders_today, date)


def _orders(catalogue: Catalogue, wanted: Integers, orders_today: Flags, date: dt.date) -> Orders:
    places, lanes, sourcing = catalogue.places, catalogue.lanes, catalogue.sourcing
    shipped = np.flatnonzero(orders_today & (places.supply_lane >= 0))
    # Whoever is served first changes every day, so that a shortage is shared over time.
    shipped = np.roll(shipped, date.toordinal() * 7919 % max(len(shipped), 1))
    lane = places.supply_lane[shipped]
    rows = places.supply_row[np.flatnonzero(orders_today & (places.supply_row >= 0))]
    multiple = sourcing.multiple_units[rows]
    units = np.maximum(wanted[sourcing.place[rows]], sourcing.minimum_units[rows])
    return Orders(
        lane=lane,
        origin=places.at[lanes.origin[lane], places.item[shipped]],
        destination=shipped,
        transfer_units=wanted[shipped],
        sourcing_row=rows,
        purchase_units=-(-units // multiple) * multiple,
    )


def _belief(catalogue: Catalogue, date: dt.date) -> Floats:
    """Return the units a day that each place is believed to need."""
    day = catalogue.parameters.day_index(date)
    items = catalogue.items
    late = items.life(day - _BELIEF_LAG_DAYS)
    launching = (items.launch_day > 0) & (day >= items.launch_day - _LAUNCH_STOCK_DAYS)
    late = np.where(launching & (items.decline_day > day), 1.0, late)
    opens = day >= catalogue.places.opening_day - _LAUNCH_STOCK_DAYS
    return np.asarray(catalogue.places.rate * late[catalogue.places.item] * opens)


def _lead_days(catalogue: Catalogue) -> Floats:
    places, sourcing = catalogue.places, catalogue.sourcing
    lead = catalogue.lanes.transit_days[places.supply_lane].astype(np.float64) + 1
    bought = places.supply_row >= 0
    late = sourcing.lead_time_days + sourcing.unreliability[sourcing.supplier] + 4
    lead[bought] = late[places.supply_row[bought]]
    return lead


def _opportunity(catalogue: Catalogue, date: dt.date) -> Flags:
    """Return which places may order today: their lane departs, or their supplier's weekday it is."""
    places, sourcing = catalogue.places, catalogue.sourcing
    weekday = date.weekday()
    departs: Flags = catalogue.lanes.departs[places.supply_lane, weekday] & (places.supply_lane >= 0)
    bought = places.supply_row >= 0
    departs[bought] = (sourcing.order_weekday[sourcing.supplier] == weekday)[places.supply_row[bought]]
    return departs
