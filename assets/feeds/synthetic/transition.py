"""How a day passes: a pure function from yesterday's stock, today's orders and chance to today's stock.

The order of a day: what is due arrives, what is ordered departs, customers buy, damage and
decay take their share, and the site is counted. Not here: who decides the orders
(``replenishment``, or a planner), and drawing chance (``chance``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assets.feeds.synthetic.catalogue import Catalogue
from assets.feeds.synthetic.chance import Chance
from assets.feeds.synthetic.conditions import LONGEST_LEAD_DAYS, Conditions, usual
from assets.feeds.synthetic.items import Flags, Floats, Integers, Texts


@dataclass(frozen=True)
class Stock:
    """Stock at the end of a day, arrays over places.

    Attributes
    ----------
    on_hand : int
        Physically there, blocked units included.
    blocked : int
        Damaged, waiting to be scrapped.
    due : int, shape (LONGEST_LEAD_DAYS, places)
        ``due[k]`` arrives on the morning of the (k + 1)-th day from now.
    fresh : int, shape (longest shelf life + 1, places)
        Units received by age in days, today's first; what bounds the stock of perishables.
    """

    on_hand: Integers
    blocked: Integers
    due: Integers
    fresh: Integers

    @property
    def position(self) -> Integers:
        """Sellable on hand plus everything under way."""
        return np.asarray(self.on_hand - self.blocked + self.due.sum(axis=0))


@dataclass(frozen=True)
class Orders:
    """What is ordered on a day.

    Attributes
    ----------
    lane, origin, destination, transfer_units : int
        One transfer line each: lane, places at both ends, units wanted. Where the origin has
        less than all want, earlier lines are served first.
    sourcing_row, purchase_units : int
        One purchase line each.
    transfer_reference, purchase_reference : text, optional
        Order document of each line, where it is not the world's own planners who ordered.
    """

    lane: Integers
    origin: Integers
    destination: Integers
    transfer_units: Integers
    sourcing_row: Integers
    purchase_units: Integers
    transfer_reference: Texts | None = None
    purchase_reference: Texts | None = None


@dataclass(frozen=True)
class Flows:
    """What happened on a day.

    Attributes
    ----------
    received, issued, scrapped, adjusted : int, over places
        Changes of stock; ``adjusted`` is signed.
    demanded, sold, sellable : int, over places of stores
        Asked for, sold, and on the shelf when the doors opened.
    price, promoted : over places of stores
        As on the shelf.
    shipped_units, arrival_days : int, over transfer lines
        What left, and in how many days it arrives.
    supplied_units, lead_days : int, over purchase lines
        What the supplier will deliver, and in how many days.
    """

    received: Integers
    issued: Integers
    scrapped: Integers
    adjusted: Integers
    demanded: Integers
    sold: Integers
    sellable: Integers
    price: Floats
    promoted: Flags
    shipped_units: Integers
    arrival_days: Integers
    supplied_units: Integers
    lead_days: Integers


def opening_stock(catalogue: Catalogue) -> Stock:
    """Return the stock a world is born with: about ten days of demand, nothing under way."""
    count = len(catalogue.places)
    alive = (catalogue.items.life(0)[catalogue.places.item] > 0) & (catalogue.places.opening_day <= 0)
    on_hand = np.where(alive, np.ceil(catalogue.places.rate * 10), 0).astype(np.int64)
    fresh = np.zeros((int(catalogue.shelf_life_days.max(initial=0)) + 1, count), dtype=np.int64)
    fresh[0] = on_hand
    due = np.zeros((LONGEST_LEAD_DAYS, count), dtype=np.int64)
    return Stock(on_hand, np.zeros(count, dtype=np.int64), due, fresh)


def advance(
    catalogue: Catalogue, stock: Stock, orders: Orders, chance: Chance, conditions: Conditions | None = None
) -> tuple[Stock, Flows]:
    """Let one day pass.

    Parameters
    ----------
    catalogue : Catalogue
        The network.
    stock : Stock
        At the end of the day before.
    orders : Orders
        Decided this morning from that stock.
    chance : Chance
        Demand, delays and mishaps of the day.
    conditions : Conditions, optional
        What disrupts it; nothing if not given.

    Returns
    -------
    (Stock, Flows)
        At the end of the day; ``on_hand`` changes by exactly received - issued - sold - scrapped
        + adjusted.
    """
    ways = conditions or usual(catalogue)
    received = stock.due[0]
    due = np.vstack([stock.due[1:], np.zeros_like(received)[None]])
    on_hand = stock.on_hand + received
    shipped = _ration(on_hand - stock.blocked, orders, ways.leaves)
    issued = _add_up(len(on_hand), orders.origin, shipped)
    arrival_days = np.maximum(ways.transit_days[orders.lane] + chance.lane_delay_days[orders.lane], 1)
    arrival_days = ways.taken_in(arrival_days, catalogue.places.site[orders.destination])
    np.add.at(due, (arrival_days - 1, orders.destination), shipped)
    place = catalogue.sourcing.place[orders.sourcing_row]
    lead_days = np.clip(ways.supply_days[orders.sourcing_row] + chance.supply_delay_days[place], 1, LONGEST_LEAD_DAYS)
    lead_days = ways.taken_in(lead_days, catalogue.places.site[place])
    supplied = np.where(chance.is_short[place], orders.purchase_units * 4 // 5, orders.purchase_units)
    supplied = supplied * ways.supply_percent[orders.sourcing_row] // 100
    np.add.at(due, (lead_days - 1, place), supplied)

    stores = catalogue.places.store_count
    sellable = (on_hand - issued - stock.blocked)[:stores]
    sold = np.minimum(sellable, chance.demand.units)
    on_hand = on_hand - issued - _pad(sold, len(on_hand))
    on_hand, blocked, adjusted = _mishaps(on_hand, stock.blocked, chance)
    fresh = np.vstack([received[None], stock.fresh[:-1]])
    scrapped = _scrap(catalogue, on_hand, blocked, fresh, chance)
    on_hand = on_hand - scrapped
    blocked = np.minimum(np.where(chance.is_cleared, 0, blocked), on_hand)
    flows = Flows(
        received, issued, scrapped, adjusted, chance.demand.units, sold, sellable,
        chance.demand.price, chance.demand.promoted, shipped, arrival_days, supplied, lead_days,
    )  # fmt: skip
    return Stock(on_hand, blocked, due, fresh), flows


def _ration(available: Integers, orders: Orders, leaves: Flags) -> Integers:
    """Serve each origin's transfer lines in order until its stock is gone; nothing leaves over a closed lane."""
    by_origin = np.argsort(orders.origin, kind="stable")
    asked = np.where(leaves[orders.lane], orders.transfer_units, 0)
    origin, wanted = orders.origin[by_origin], asked[by_origin]
    before = np.cumsum(wanted) - wanted
    first = np.searchsorted(origin, origin, side="left")
    before = before - before[first] if len(origin) else before
    shipped = np.empty_like(wanted)
    shipped[by_origin] = np.clip(available[origin] - before, 0, wanted)
    return shipped


def _mishaps(on_hand: Integers, blocked: Integers, chance: Chance) -> tuple[Integers, Integers, Integers]:
    adjusted = np.where(chance.is_lost & (on_hand > blocked), -1, 0)
    on_hand = on_hand + adjusted
    damaged = chance.is_damaged & (on_hand - blocked >= 2)
    return on_hand, blocked + np.where(damaged, 2, 0), adjusted


def _scrap(catalogue: Catalogue, on_hand: Integers, blocked: Integers, fresh: Integers, chance: Chance) -> Integers:
    """Scrap what was cleared from quality hold, and what is older than its shelf life.

    Stock leaves first in, first out, so that on hand is made of the latest receipts: what
    exceeds the receipts of the last ``shelf_life_days`` days has expired. A lot received on
    day r may be sold until r + shelf life and is scrapped that evening.
    """
    cleared = np.where(chance.is_cleared, blocked, 0)
    life = catalogue.shelf_life_days
    ages = np.arange(len(fresh))[:, None]
    young = np.where(ages < life, fresh, 0).sum(axis=0)
    expired = np.where(life > 0, np.maximum(on_hand - cleared - young, 0), 0)
    return cleared + expired


def _add_up(count: int, places: Integers, units: Integers) -> Integers:
    return np.bincount(places, weights=units, minlength=count).astype(np.int64)


def _pad(units: Integers, count: int) -> Integers:
    return np.concatenate([units, np.zeros(count - len(units), dtype=np.int64)])
