"""How a lived history becomes feeds: which batch of which table goes out on which day.

Before the first day one batch of history per dated table, each row known from its own date
on; then, day by day, snapshots of master data and stock, the day's sales and movements, and
the orders and shipments that changed. Not here: what the rows say (``catalogue``,
``observations``, ``transactions``), and what spoils them (``faults``).
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from assets.feeds.contract import feed_table
from assets.feeds.envelope import Envelope, RowAvailability, batch_available_at
from assets.feeds.landing import LandingArea
from assets.feeds.synthetic import announcements, observations, streams, told
from assets.feeds.synthetic.batch import FeedBatch
from assets.feeds.synthetic.faults import Fault, spoil
from assets.feeds.synthetic.transactions import (
    Transactions,
    purchase_order_lines,
    purchase_orders_as_of,
    shipment_lines,
    shipments_as_of,
)
from assets.feeds.synthetic.world import Day, World
from assets.kernel.errors import EquipoiseError

_ONE_DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class EmitReport:
    """What was landed.

    Attributes
    ----------
    start, end : date
        First and last business date of the daily batches.
    envelopes : tuple of Envelope
        In the order they were sent.
    faults : tuple of Fault
        What was spoilt on request, with site and item filled in.
    """

    start: dt.date
    end: dt.date
    envelopes: tuple[Envelope, ...]
    faults: tuple[Fault, ...] = ()

    @property
    def rows_by_table(self) -> dict[str, int]:
        """Rows by raw table, such as ``wms_inventory``."""
        rows: Counter[str] = Counter()
        for envelope in self.envelopes:
            rows[f"{envelope.source}_{envelope.table}"] += envelope.row_count
        return dict(sorted(rows.items()))


def emit(world: World, landing: LandingArea, start: dt.date, end: dt.date, faults: Iterable[Fault] = ()) -> EmitReport:
    """Land the feeds of a world.

    Parameters
    ----------
    world : World
        The world.
    landing : LandingArea
        Where batches go; the same batch again is one batch.
    start, end : date
        First and last business date of the daily batches.
    faults : iterable of Fault
        What to spoil.

    Raises
    ------
    EquipoiseError
        If the dates lie outside the history, or a fault names a site or item that is not there.
    """
    located = tuple(fault.located(world.catalogue) for fault in faults)
    envelopes = [
        landing.land_frame(
            batch.table,
            batch.data,
            batch.business_date,
            available_at=batch_available_at(batch.table, batch.business_date, world.parameters.timezone),
            row_availability=batch.row_availability,
        )
        for sent in feeds(world, start, end)
        for batch in spoil(sent, located, end)
    ]
    return EmitReport(start, end, tuple(envelopes), located)


def feeds(world: World, start: dt.date, end: dt.date) -> Iterator[FeedBatch]:
    """Return the batches of the business dates from ``start`` to ``end``, history first.

    Raises
    ------
    EquipoiseError
        If the dates lie outside the history.
    """
    parameters = world.parameters
    if not parameters.first_date <= start <= end <= world.last_lived:
        raise EquipoiseError(
            f"dates {start} to {end} lie outside the history or stand in the wrong order",
            where="synthetic world",
            remedy=f"Ask for dates from {parameters.first_date} to {world.last_lived}",
        )
    return _feeds(world, start, end)


def _feeds(world: World, start: dt.date, end: dt.date) -> Iterator[FeedBatch]:
    orders, shipments = purchase_order_lines(world), shipment_lines(world)
    yield from _history(world, start, orders, shipments)
    for number in range((end - start).days + 1):
        date = start + dt.timedelta(days=number)
        yield from _day(world, date, orders, shipments, is_first=date == start)


def day_feeds(world: World, date: dt.date) -> Iterator[FeedBatch]:
    """Return the batches of one business date of a world whose earlier ones have been sent."""
    yield from _day(world, date, purchase_order_lines(world), shipment_lines(world), is_first=False)


def _day(
    world: World, date: dt.date, orders: Transactions, shipments: Transactions, *, is_first: bool
) -> Iterator[FeedBatch]:
    yield from _master_data(world, date)
    yield from _observed(world, _days(world, date, date)[0])
    chosen = [lines.open_on(date) if is_first else lines.changed_on(date) for lines in (orders, shipments)]
    yield _batch("erp.purchase_orders", date, purchase_orders_as_of(orders, chosen[0], date))
    yield _batch("tms.shipments", date, shipments_as_of(shipments, chosen[1], date))
    if date.weekday() == 0 or is_first:
        last = date + dt.timedelta(days=world.parameters.future_days)
        yield _batch("demand.events", date, announcements.events(world, world.parameters.first_date, last))
    if date.weekday() == 0:
        yield _batch("suppliers.signals", date, _signals(world, date, date))


def _history(world: World, start: dt.date, orders: Transactions, shipments: Transactions) -> Iterator[FeedBatch]:
    """Tell what ended before ``start``; what is still open then is told by the first day."""
    parameters, last = world.parameters, start - _ONE_DAY
    if last < parameters.first_date:
        return
    since = max(parameters.first_date, start - dt.timedelta(days=parameters.transaction_days))
    moved = max(parameters.first_date, start - dt.timedelta(days=parameters.movement_days))
    yield _batch("demand.sales", last, observations.sales(world, _days(world, parameters.first_date, last)), "row")
    received, arrived = orders.ended_between(since, last), shipments.ended_between(since, last)
    yield _batch("erp.purchase_orders", last, purchase_orders_as_of(orders, received, last), "row")
    yield _batch("tms.shipments", last, shipments_as_of(shipments, arrived, last), "row")
    if moved <= last:
        yield _batch("wms.stock_movements", last, observations.movements(world, _days(world, moved, last)), "row")
    signals = _signals(world, since, last)
    if len(signals):
        yield _batch("suppliers.signals", last, signals, "row")


def _master_data(world: World, date: dt.date) -> Iterator[FeedBatch]:
    catalogue, day, conditions = world.catalogue, world.parameters.day_index(date), world.conditions(date)
    yield _batch("erp.items", date, catalogue.items.frame())
    yield _batch("erp.sites", date, told.sites(catalogue, day))
    yield _batch("erp.suppliers", date, catalogue.sourcing.suppliers_frame(_allocation(world, date)))
    yield _batch("erp.sourcing", date, told.sourcing(catalogue, conditions))
    yield _batch("erp.item_site_settings", date, told.ranged(catalogue, catalogue.settings(day), day))
    yield _batch("tms.lanes", date, told.lanes(catalogue, conditions))


def _allocation(world: World, date: dt.date) -> np.ndarray:
    """Return what each supplier ships a day in a date's week, all items together; nothing where it is unlimited."""
    monday = date - dt.timedelta(days=date.weekday())
    rng = world.parameters.generator(streams.ALLOCATION, monday.toordinal())
    suppliers = world.parameters.size.suppliers
    scarce = rng.random(suppliers) < world.parameters.allocation_share
    return np.where(scarce, rng.integers(2, 7, suppliers), np.nan)


def _observed(world: World, day: Day) -> Iterator[FeedBatch]:
    stock = told.ranged(world.catalogue, observations.inventory(world, day), world.parameters.day_index(day.date))
    yield _batch("wms.inventory", day.date, stock)
    yield _batch("demand.sales", day.date, observations.sales(world, [day]))
    yield _batch("wms.stock_movements", day.date, observations.movements(world, [day]))


def _signals(world: World, first: dt.date, last: dt.date) -> pd.DataFrame:
    """Return what suppliers say on the Mondays between two dates."""
    sourcing = world.catalogue.sourcing
    pairs = sourcing.frame.assign(supplier=sourcing.supplier, multiple=sourcing.multiple_units)
    pairs = pairs.drop_duplicates(["supplier_id", "item_id"])
    said = []
    for ordinal in range(first.toordinal(), last.toordinal() + 1):
        if ordinal % 7 != 1:  # Mondays
            continue
        rng = world.parameters.generator(streams.SIGNALS, ordinal)
        reliability = 1 - 0.25 * sourcing.unreliability[pairs["supplier"]] + rng.normal(0, 0.03, len(pairs))
        capacity = pd.array(pairs["multiple"].to_numpy() * 20, dtype="Int64")
        capacity[rng.random(len(pairs)) > 0.03] = pd.NA
        said.append(
            pairs[["supplier_id", "item_id"]].assign(
                signal_date=np.datetime64(dt.date.fromordinal(ordinal), "us"),
                capacity_units_per_day=capacity,
                confirmed_date=np.datetime64("NaT", "us"),
                reliability_share=np.round(np.clip(reliability, 0.3, 1.0), 3),
            )
        )
    return pd.concat(said, ignore_index=True) if said else pd.DataFrame()


def _days(world: World, first: dt.date, last: dt.date) -> list[Day]:
    index = world.parameters.day_index
    return list(world.history.days[index(first) : index(last) + 1])


def _batch(name: str, date: dt.date, data: pd.DataFrame, row_availability: RowAvailability = "batch") -> FeedBatch:
    table = feed_table(*name.split("."))
    # What joined the contract later is sent where the world knows it.
    names = [column.name for column in table.frame.columns if not column.optional or column.name in data.columns]
    return FeedBatch(table, date, data[names].reset_index(drop=True), row_availability)
