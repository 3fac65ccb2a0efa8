"""What a run was worth: cost by kind, fill rate, stock, bullwhip, recovery, and how the software did.

Days are costed by the functions of any play of the twin, from master data alone (``scorecard_costs``). Not here:
living the days (``full``), or how scores are kept (``scorecard_file``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from assets.feeds.synthetic.catalogue import Catalogue
from assets.feeds.synthetic.transition import Stock as WorldStock
from assets.orders.documents import PREFIXES
from assets.twin.day import Floats, Stock
from assets.twin.full_record import LivedDay
from assets.twin.run import Run
from assets.twin.scorecard_costs import Costing

RECOVERY_WINDOW_DAYS = 3
TOLERANCE = 0.02
"""Share of demand by which the fill rate of three days may be below the undisturbed run's and count as recovered."""


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
