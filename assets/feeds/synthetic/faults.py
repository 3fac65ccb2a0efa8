"""Faults on request, each by name: pure transformations of the batches of a day.

A fault changes only what it names, and only batches of the last ``days`` business dates;
histories stay as they were. What a gate should say of each stands beside it. Not here:
judging anything.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from assets.feeds.synthetic.batch import FeedBatch
from assets.feeds.synthetic.catalogue import Catalogue
from assets.kernel.errors import EquipoiseError

_ALL_DAYS = 10**6
_STOCK = ("on_hand_units", "reserved_units", "blocked_units")


@dataclass(frozen=True)
class Fault:
    """One fault.

    Parameters
    ----------
    name : str
        One of ``FAULTS``.
    site : str
        Site concerned; empty for the first store, where the fault needs a site.
    item : str
        Item concerned; empty for what the fault's description says.
    days : int
        Business dates at the end that it spoils.
    factor : float
        How much, where the fault has a measure.
    """

    name: str
    site: str
    item: str
    days: int
    factor: float

    @property
    def kind(self) -> FaultKind:
        """What the fault does and what is expected of it."""
        return FAULTS[self.name]

    def located(self, catalogue: Catalogue) -> Fault:
        """Return the fault with the default site (and item) of a world filled in.

        Raises
        ------
        EquipoiseError
            If the world has no such site or item, or the site does not range the item.
        """
        site = self.site or str(catalogue.sites.ids[0])
        ranged = sorted(catalogue.item_ids[catalogue.site_ids == site])
        item = self.item or (ranged[0] if self.kind.needs_item and ranged else "")
        if not ranged or (item and item not in ranged):
            raise EquipoiseError(
                f"the world has no item {item or '(any)'} at site {site}",
                where=f"fault {self.name}",
                remedy=f"Name a site such as {catalogue.sites.ids[0]} and an item that it ranges, such as "
                f"{(ranged or catalogue.items.ids)[0]}",
            )
        return replace(self, site=site, item=item)

    def spoils(self, batch: FeedBatch, end: dt.date) -> bool:
        """Return whether a batch lies in the days and tables of the fault."""
        recent = (end - batch.business_date).days < self.days
        return recent and batch.row_availability == "batch" and batch.table.name in self.kind.tables


Transform = Callable[[Fault, FeedBatch], tuple[FeedBatch, ...]]


@dataclass(frozen=True)
class FaultKind:
    """What a fault does.

    Attributes
    ----------
    description, expected : str
        What it does, and the verdict that a gate should reach.
    tables : tuple of str
        Raw tables it touches.
    transform : callable
        (fault, batch) to the batches that are sent instead.
    days, factor
        Defaults of the fault.
    needs_item : bool
        Whether it concerns one item.
    """

    description: str
    expected: str
    tables: tuple[str, ...]
    transform: Transform
    days: int = 1
    factor: float = 1.0
    needs_item: bool = False


def fault(name: str, *, site: str = "", item: str = "", days: int = 0, factor: float = 0.0) -> Fault:
    """Return a fault by name.

    Parameters
    ----------
    name : str
        One of ``FAULTS``.
    site, item : str
        What it concerns; empty for the default.
    days : int
        Business dates it spoils; 0 for the fault's own.
    factor : float
        How much; 0 for the fault's own.

    Raises
    ------
    EquipoiseError
        If there is no such fault.

    Examples
    --------
    >>> fault("stale_feed", site="store-03").days
    3
    """
    if name not in FAULTS:
        raise EquipoiseError(
            f"there is no fault called {name!r}", where="synthetic faults", remedy=f"Use one of {', '.join(FAULTS)}"
        )
    kind = FAULTS[name]
    return Fault(name, site, item, days or kind.days, factor or kind.factor)


def spoil(batch: FeedBatch, faults: Iterable[Fault], end: dt.date) -> tuple[FeedBatch, ...]:
    """Return the batches that are sent instead of ``batch`` when ``end`` is the last business date."""
    batches: tuple[FeedBatch, ...] = (batch,)
    for one in faults:
        batches = tuple(
            spoilt
            for sent in batches
            for spoilt in (one.kind.transform(one, sent) if one.spoils(sent, end) else (sent,))
        )
    return batches


def _rows_of(fault: Fault, data: pd.DataFrame) -> np.ndarray:
    chosen = data["site_id"] == fault.site
    return (chosen & (data["item_id"] == fault.item)).to_numpy() if fault.item else chosen.to_numpy()


def _without_site(fault: Fault, batch: FeedBatch) -> tuple[FeedBatch, ...]:
    kept = batch.data[batch.data["site_id"] != fault.site].reset_index(drop=True)
    return (batch._replace(data=kept),)


def _negative(fault: Fault, batch: FeedBatch) -> tuple[FeedBatch, ...]:
    units = batch.data["on_hand_units"].to_numpy(np.int64).copy()
    first = np.flatnonzero(_rows_of(fault, batch.data))[:1]
    units[first] = -units[first] - 7
    return (batch._replace(data=batch.data.assign(on_hand_units=units)),)


def _multiplied(fault: Fault, batch: FeedBatch) -> tuple[FeedBatch, ...]:
    data, rows = batch.data.copy(), _rows_of(fault, batch.data)
    for name in (*_STOCK, "sold_units"):
        if name in data.columns:
            data.loc[rows, name] = np.rint(data.loc[rows, name] * fault.factor).astype(np.int64)
    return (batch._replace(data=data),)


def _sent_twice(fault: Fault, batch: FeedBatch) -> tuple[FeedBatch, ...]:  # noqa: ARG001
    return (batch, batch)


def _renamed(fault: Fault, batch: FeedBatch) -> tuple[FeedBatch, ...]:  # noqa: ARG001
    return (batch._replace(data=batch.data.rename(columns={"on_hand_units": "qty_on_hand"})),)


def _outlying(fault: Fault, batch: FeedBatch) -> tuple[FeedBatch, ...]:
    data, rows = batch.data.copy(), _rows_of(fault, batch.data)
    data.loc[rows, "sold_units"] = ((data.loc[rows, "sold_units"] + 10) * fault.factor).astype(np.int64)
    return (batch._replace(data=data),)


FAULTS: dict[str, FaultKind] = {
    "stale_feed": FaultKind(
        "The site's stock is not in the batches of the last three days.",
        "hold_outbound at the site: its last count is older than the contract allows",
        ("wms_inventory",),
        _without_site,
        days=3,
    ),
    "missing_site": FaultKind(
        "The site never reported: no stock, sales or movements in any daily batch.",
        "hold at the site: nothing is known of its stock",
        ("wms_inventory", "demand_sales", "wms_stock_movements"),
        _without_site,
        days=_ALL_DAYS,
    ),
    "stale_tills": FaultKind(
        "The site's sales are not in the batches of the last three days.",
        "warn at the site: its tills are silent",
        ("demand_sales",),
        _without_site,
        days=3,
    ),
    "negative_stock": FaultKind(
        "One item of the site (its first) is counted as less than nothing.",
        "hold of the item at the site: phantom stock",
        ("wms_inventory",),
        _negative,
        needs_item=True,
    ),
    "unit_error_x12": FaultKind(
        "The site's stock and sales (of one item, if named) are told in twelfths: twelve times too many.",
        "hold of the site (of the item, if one is named): a unit-of-measure jump",
        ("wms_inventory", "demand_sales"),
        _multiplied,
        factor=12.0,
    ),
    "duplicate_batch": FaultKind(
        "The stock batch of the last day is sent twice.",
        "pass: the same batch twice is one batch",
        ("wms_inventory",),
        _sent_twice,
    ),
    "schema_drift": FaultKind(
        "The stock batch of the last day calls on_hand_units qty_on_hand.",
        "hold_outbound everywhere: the batch is rejected and the last good count is too old; warn if it is not",
        ("wms_inventory",),
        _renamed,
    ),
    "outliers": FaultKind(
        "One item of the site (its first) sells forty times as much on the last day.",
        "warn for the item at the site",
        ("demand_sales",),
        _outlying,
        factor=40.0,
        needs_item=True,
    ),
    "distribution_shift": FaultKind(
        "The site sells two and a half times as much throughout the last week.",
        "warn at the site: sales left their reference distribution",
        ("demand_sales",),
        _multiplied,
        days=7,
        factor=2.5,
    ),
}
