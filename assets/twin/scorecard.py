"""What a run was worth: cost by kind, fill rate, stock, bullwhip, recovery, and how the software did.

A run's days are costed by the same functions as any play of the twin (``day``, ``run``, ``tariff``), from master
data alone. Not here: living the days (``full``), or how scores are kept and shown (``scorecard_file``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from assets.feeds.synthetic.catalogue import Catalogue
from assets.feeds.synthetic.transition import Stock as WorldStock
from assets.feeds.synthetic.world import World
from assets.orders.documents import PREFIXES
from assets.policy.critical_ratio import critical_ratios
from assets.policy.release import Release
from assets.twin.day import Floats, Flows, Ints, Rates, Stock
from assets.twin.full_record import LivedDay
from assets.twin.run import Run
from assets.twin.tariff import departure_shares, landed_costs, unit_freight

DAYS_OF_YEAR = 365
RECOVERY_WINDOW_DAYS = 3
TOLERANCE = 0.02
"""Share of demand by which the fill rate of three days may be below the undisturbed run's and count as recovered."""
_DEPARTURE = ("fixed_cost_per_departure", "truck_kg", "truck_m3")


@dataclass(frozen=True)
class Score:
    """One run.

    Attributes
    ----------
    holding, shortage, transport, expedite, purchases : float
        Currency; freight of expedited lines is in ``expedite`` alone, purchases are net of the rise of stock and
        of goods sold, so that what spoils or is lost is in them.
    fill_rate : float
        Share of demand that was sold.
    lost_units, stock_out_days : int
        Units asked for and not sold; days on which an item was asked for at a store that had too few.
    stock_units : float
        Mean of the evenings, all sites.
    transfer_units, lateral_units, purchase_units, scrapped_units : int
        Over the run.
    bullwhip : float
        Variance of units bought a day over variance of units asked for a day, items added up.
    """

    holding: float
    shortage: float
    transport: float
    expedite: float
    purchases: float
    fill_rate: float
    lost_units: int
    stock_out_days: int
    stock_units: float
    transfer_units: int
    lateral_units: int
    purchase_units: int
    scrapped_units: int
    bullwhip: float

    @property
    def cost(self) -> float:
        """All kinds added up."""
        return self.holding + self.shortage + self.transport + self.expedite + self.purchases

    def told(self) -> dict[str, Any]:
        """Return it as a plain record, cost first."""
        rounded = {name: round(v, 4) if isinstance(v, float) else v for name, v in asdict(self).items()}
        return {"cost": round(self.cost, 4), **rounded}


class Costing:
    """What things cost in a world, from its master data.

    Parameters
    ----------
    world : World
        The world; what disrupts it changes the price of freight.
    release : Release
        Gives the service of item-sites of which the feed states neither cost nor target.
    """

    def __init__(self, world: World, release: Release) -> None:
        self._world = world
        self._release = release

    @cached_property
    def rates(self) -> Rates:
        """Holding, shortage and landed cost of each place, per unit and day."""
        catalogue = self._catalogue
        day = self._world.parameters.day_index(self._world.parameters.last_date)
        settings = catalogue.settings(day).merge(
            catalogue.items.frame()[["item_id", "unit_cost", "unit_price"]], on="item_id", how="left"
        )
        holding = settings["unit_cost"] * settings["holding_rate_per_year"] / DAYS_OF_YEAR
        # The default service of the release is by class; the world states a cost or a target of every place.
        settings = settings.assign(holding_cost_per_unit_day=holding, abc_class="C")
        lanes = catalogue.lanes.frame
        ways = unit_freight(lanes[lanes["mode"] == "truck"], catalogue.items.frame())
        places = pd.DataFrame({"item_id": catalogue.item_ids, "site_id": catalogue.site_ids})
        landed = landed_costs(places, catalogue.sourcing.frame, ways)
        shortage = critical_ratios(settings, self._release).shortage_cost
        return Rates(holding.to_numpy(np.float64), shortage, landed, lost_sales=True)

    def flows(self, lived: LivedDay) -> Flows:
        """Return a day of the world as the twin costs it."""
        catalogue, day, rates = self._catalogue, lived.day, self.rates
        flows, orders, count = day.flows, day.orders, len(catalogue.places)
        asked, sold = _at_stores(flows.demanded, count), _at_stores(flows.sold, count)
        moving = rates.holding[orders.origin] * flows.arrival_days * flows.shipped_units
        bought_for = catalogue.sourcing.place[orders.sourcing_row]
        price = catalogue.sourcing.frame["unit_cost"].to_numpy(np.float64)[orders.sourcing_row]
        return Flows(
            bought=_summed(count, bought_for, flows.supplied_units).astype(np.int64),
            sent=flows.issued,
            received=flows.received,
            asked=asked,
            sold=sold,
            unmet=asked - sold,
            holding=rates.holding * day.on_hand + _summed(count, orders.origin, moving),
            shortage=rates.shortage * (asked - sold),
            transport=_summed(count, orders.destination, self.freight(lived)),
            paid=_summed(count, bought_for, price * flows.supplied_units),
        )

    def freight(self, lived: LivedDay) -> Floats:
        """Return currency that each transfer line of a day pays: by unit, and its share of the departure."""
        catalogue, orders, units = self._catalogue, lived.day.orders, lived.day.flows.shipped_units
        item = catalogue.places.item[orders.destination]
        lanes = catalogue.lanes.frame.reindex(columns=[*catalogue.lanes.frame.columns, *_DEPARTURE[1:]])
        mine = lanes.iloc[orders.lane].reset_index(drop=True)
        weight, volume = catalogue.items.weight_kg[item], catalogue.items.volume_m3[item]
        by_unit = mine["cost_per_unit"] + mine["cost_per_kg"] * weight + mine["cost_per_m3"] * volume
        riding = mine[["origin_id", "destination_id", "mode"]].assign(
            quantity_units=units, weight_kg_per_unit=weight, volume_m3_per_unit=volume
        )
        left = (units > 0).astype(np.float64)
        share = np.zeros(len(units))
        if left.any():
            rows = np.flatnonzero(left)
            share[rows] = departure_shares(riding.iloc[rows].reset_index(drop=True), lanes)
        conditions = self._world.conditions(lived.day.date)
        dearer = np.ones(len(lanes)) if conditions is None else conditions.freight_factor
        return np.asarray((by_unit.to_numpy(np.float64) + share) * units * dearer[orders.lane])

    @property
    def _catalogue(self) -> Catalogue:
        return self._world.catalogue


def score(costing: Costing, opening: WorldStock, days: Sequence[LivedDay], catalogue: Catalogue) -> Score:
    """Return the score of a run.

    Parameters
    ----------
    costing : Costing
        Of its world.
    opening : Stock
        Of the world before the first day.
    days : sequence of LivedDay
        At least one.
    catalogue : Catalogue
        Of the world.
    """
    played = Run(
        _stock(opening), _stock(days[-1].stock), tuple(costing.flows(one) for one in days), costing.rates
    )  # fmt: skip
    total = played.total
    expedited = sum(float(costing.freight(one)[_is_expedited(one)].sum()) for one in days)
    lateral = (catalogue.lanes.frame["mode"] == "van").to_numpy()
    demanded = np.array([int(one.day.flows.demanded.sum()) for one in days])
    sold = np.array([int(one.day.flows.sold.sum()) for one in days])
    shipped = [(one.day.orders.lane, one.day.flows.shipped_units) for one in days]
    return Score(
        holding=float(total.holding.sum()),
        shortage=float(total.shortage.sum()),
        transport=float(total.transport.sum()) - expedited,
        expedite=expedited,
        purchases=float(played.purchase.sum()),
        fill_rate=played.fill_rate,
        lost_units=int((demanded - sold).sum()),
        stock_out_days=sum(int((one.day.flows.demanded > one.day.flows.sellable).sum()) for one in days),
        stock_units=float(np.mean([int(one.day.on_hand.sum()) for one in days])),
        transfer_units=sum(int(units.sum()) for _, units in shipped),
        lateral_units=sum(int(units[lateral[lane]].sum()) for lane, units in shipped),
        purchase_units=sum(int(one.day.orders.purchase_units.sum()) for one in days),
        scrapped_units=sum(int(one.day.flows.scrapped.sum()) for one in days),
        bullwhip=_bullwhip(days, catalogue),
    )


def fill_by_day(days: Sequence[LivedDay]) -> Floats:
    """Return the fill rate of the last three days by day; 1 where nobody asked."""
    asked = np.array([int(one.day.flows.demanded.sum()) for one in days], dtype=np.float64)
    sold = np.array([int(one.day.flows.sold.sum()) for one in days], dtype=np.float64)

    def trailing(values: Floats) -> Floats:
        summed = np.cumsum(values)
        before = np.concatenate([np.zeros(RECOVERY_WINDOW_DAYS), summed])[: len(values)]
        return np.asarray(summed - before)

    total = trailing(asked)
    return np.asarray(np.where(total > 0, trailing(sold) / np.where(total > 0, total, 1.0), 1.0))


def days_to_recover(
    stressed: Sequence[LivedDay], undisturbed: Sequence[LivedDay], last_event_day: int, tolerance: float = TOLERANCE
) -> int | None:
    """Return days from the end of the last event until the fill rate is back, and stays so for three days.

    Parameters
    ----------
    last_event_day : int
        Day of the run, counted from 1; 0 where nothing happened.

    Returns
    -------
    int or None
        0 if it was never behind; ``None`` if the run ended before it was back.
    """
    behind = fill_by_day(stressed) < fill_by_day(undisturbed) - tolerance
    after = behind[last_event_day:]
    for days in range(len(after)):
        if not after[days : days + RECOVERY_WINDOW_DAYS].any():
            return days
    return 0 if not len(after) else None


def software_score(days: Sequence[LivedDay], first_event_day: int, last_event_day: int) -> dict[str, Any]:
    """Return how the software did: plans that failed, what was blocked, duplicates, hours until all was well again.

    Hours are counted in whole days of the run from the end of the last event: until a plan is made and sent with
    nothing left in the outbox and no more held than before the first event. ``None`` if that never came.
    """
    told = [one.software for one in days]
    usual = max((one.held for one in told[: max(first_event_day - 1, 1)]), default=0)
    well = [one.planned and one.in_outbox == 0 and one.held <= usual for one in told]
    after = well[last_event_day:]
    return {
        "failed_plans": sum(not one.planned for one in told),
        "documents": sum(one.documents for one in told),
        "issued": sum(one.issued for one in told),
        "blocked": sum(one.blocked for one in told),
        "held_verdict_days": sum(one.held > usual for one in told),
        "duplicates": max((one.duplicates for one in told), default=0),
        "hours_to_recover": next((24 * number for number, good in enumerate(after) if good), None if after else 0),
    }


def dates_of(days: Sequence[LivedDay]) -> tuple[dt.date, dt.date]:
    """Return the first and the last day of a run."""
    return days[0].day.date, days[-1].day.date


def _bullwhip(days: Sequence[LivedDay], catalogue: Catalogue) -> float:
    items = len(catalogue.items.ids)
    bought, asked = np.zeros((len(days), items)), np.zeros((len(days), items))
    of_stores = catalogue.places.item[: catalogue.places.store_count]
    for number, one in enumerate(days):
        of_rows = catalogue.places.item[catalogue.sourcing.place[one.day.orders.sourcing_row]]
        np.add.at(bought[number], of_rows, one.day.orders.purchase_units)
        np.add.at(asked[number], of_stores, one.day.flows.demanded)
    spread = float(asked.var(axis=0).sum())
    return float(bought.var(axis=0).sum()) / spread if spread else 0.0


def _is_expedited(lived: LivedDay) -> np.ndarray:
    references = lived.day.orders.transfer_reference
    if references is None:
        return np.zeros(len(lived.day.orders.lane), dtype=np.bool_)
    return np.array([str(name).startswith(f"{PREFIXES['expedite']}-") for name in references], dtype=np.bool_)


def _stock(stock: WorldStock) -> Stock:
    return Stock(stock.on_hand, stock.due.T, np.zeros(len(stock.on_hand), dtype=np.int64))


def _at_stores(units: Ints, count: int) -> Ints:
    return np.concatenate([units, np.zeros(count - len(units), dtype=np.int64)])


def _summed(count: int, place: Ints, amount: np.ndarray) -> Floats:
    return np.bincount(place, weights=amount, minlength=count).astype(np.float64)
