"""Which items are sensitive, by what is known before a plan has said so and after; and which orders hold some.

Items are read from files, so that nobody meets a lock, and what the ledger holds beyond them counts as sensitive.
Not here: who may see them (``access``), or hiding them (``policy.masking``).
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from assets.feeds.contract import feed_table
from assets.feeds.landing import LandingArea
from assets.feeds.transport import FORMATS, open_file
from assets.kernel.errors import EquipoiseError
from assets.kernel.frames.marts import DIM_ITEM
from assets.kernel.home import NetworkHome
from assets.kernel.published import Publication, Published
from assets.orders.store import OrderFilter, OrderStore
from assets.policy.masking import Mask, texts_in
from assets.policy.oversight import MaskingRules

Shown = TypeVar("Shown")
_ITEM, _FLAG = "item_id", "is_sensitive"
_YES = frozenset({"true", "t", "1", "yes"})
_ORDER = re.compile(r"\b(?:[A-Z]+-)?[0-9a-f]{8,64}\b")
"""What may be the id of an order; the ledger says which are."""


def sensitive_items(home: NetworkHome, store: OrderStore) -> frozenset[str]:
    """Return the sensitive items of a network, and those of its ledger of which this home does not know.

    Raises
    ------
    EquipoiseError
        As ``known_sensitive``.
    """
    return known_sensitive(home) | unknown_items(Published(home.published), store, home.profile.name)


def known_sensitive(home: NetworkHome) -> frozenset[str]:
    """Return the sensitive items that a home knows: those of its latest plan, and of the newest item master landed.

    The master counts as well because gates and raw tables speak of items before a plan does, and because a plan
    that a gate stopped has no items.

    Raises
    ------
    EquipoiseError
        If the plan's items cannot be read, so that nothing is shown that should be hidden.
    """
    landing = LandingArea(home.landing, home.profile.clock)
    return planned_sensitive(Published(home.published)) | landed_sensitive(landing)


def planned_sensitive(published: Published) -> frozenset[str]:
    """Return the items that are sensitive by the latest plan that speaks of each; none where nothing was planned.

    An item that left the item master stays what it was: the ledger and earlier plans speak of it still.

    Raises
    ------
    EquipoiseError
        If the item master of the latest plan cannot be read.
    """
    dates = published.plan_dates(DIM_ITEM.name)
    if not dates:
        return frozenset()
    items = published.part(DIM_ITEM, dates[-1], [_ITEM, _FLAG])
    if items is None:
        raise EquipoiseError(
            "which items are sensitive cannot be read", where=f"table {DIM_ITEM.name} of {dates[-1]}",
            remedy=f"Run `equipoise plan --date {dates[-1]}`",
        )  # fmt: skip
    return frozenset(items.loc[items[_FLAG], _ITEM]) | _once_sensitive(published, dates[:-1]) - set(items[_ITEM])


def _once_sensitive(published: Published, dates: Sequence[dt.date]) -> frozenset[str]:
    """Return the items that were sensitive by any of some plans, in one reading of two columns."""
    found = (published.latest(DIM_ITEM.name, date) for date in dates)
    paths = [str(published.root / one.path) for one in found if one is not None]
    if not paths:
        return frozenset()
    # Of what another version of Equipoise published the columns are looked for by name.
    tables = ds.dataset(paths, schema=pa.schema([(_ITEM, pa.string()), (_FLAG, pa.bool_())]), format="parquet")
    return frozenset(tables.to_table(columns=[_ITEM], filter=pc.field(_FLAG)).column(_ITEM).to_pylist())


def unknown_items(published: Published, store: OrderStore, network: str) -> frozenset[str]:
    """Return the items of orders that were planned later than any plan published here: on another host, or lost here.

    They count as sensitive: only the tables of their plan could say that they are not.
    """
    dates = published.plan_dates(DIM_ITEM.name)
    later = store.orders(OrderFilter(network=network, planned_after=dates[-1] if dates else None))
    return frozenset(line.item_id for order in later for line in (*order.document.lines, *order.standing.lines))


def landed_sensitive(landing: LandingArea) -> frozenset[str]:
    """Return the sensitive items of the newest item master that can be read; none where none was landed.

    A batch that cannot be read is rejected when it is taken in, so that nothing speaks of its items.
    """
    for envelope in reversed(landing.batches(feed_table("erp", "items"))):
        files = sorted(path for path in landing.directory(envelope).rglob("*") if path.suffix in FORMATS)
        try:
            return frozenset().union(*map(_flagged, files))
        except (EquipoiseError, KeyError):
            continue
    return frozenset()


class SensitiveItems:
    """The sensitive items of a network, read again when a plan or a master was added.

    Parameters
    ----------
    home : NetworkHome
        The network.
    store : OrderStore
        Its ledger.
    """

    def __init__(self, home: NetworkHome, store: OrderStore) -> None:
        self._home = home
        self._store = store
        self._read: tuple[object, frozenset[str]] = (None, frozenset())

    def now(self) -> frozenset[str]:
        """Return them as known now."""
        published = Published(self._home.published)
        dates = published.plan_dates(DIM_ITEM.name)
        planned = published.latest(DIM_ITEM.name, dates[-1]) if dates else None
        landing = LandingArea(self._home.landing, self._home.profile.clock)
        state = (planned, landing.batch_ids(feed_table("erp", "items")))
        if state != self._read[0]:
            self._read = (state, known_sensitive(self._home))
        return self._read[1] | unknown_items(published, self._store, self._home.profile.name)


@dataclass(frozen=True)
class Hidden:
    """What is hidden of something that is shown.

    Attributes
    ----------
    items : frozenset of str
        Sensitive items, and items of the orders that are named of which no plan here knows.
    orders : frozenset of str
        Orders that hold some: what is told of them as a whole would tell of these.
    """

    items: frozenset[str]
    orders: frozenset[str]

    def masked(self, shown: Shown, rules: MaskingRules) -> Shown:
        """Return something shown without it; the same where it names nothing that is hidden."""
        told: Shown = Mask(self.items, rules, self.orders).of(shown) if self.items else shown
        return told


class NamedOrders:
    """Orders that something shown names, and what of them is hidden.

    Parameters
    ----------
    store : OrderStore
        The ledger.
    sensitive : frozenset of str
        Sensitive items.
    published : Published
        The plans of this home: only they could say of an item that it is not sensitive.
    """

    def __init__(self, store: OrderStore, sensitive: frozenset[str], published: Published) -> None:
        self._store = store
        self._sensitive = sensitive
        self._published = published
        self._held: dict[str, frozenset[str]] = {}

    def hidden_of(self, shown: Any) -> Hidden:
        """Return what is hidden of a table, a record, a list of them, or a text."""
        return self.hidden_in(set(texts_in(shown)))

    def hidden_in(self, texts: Iterable[str]) -> Hidden:
        """Return what is hidden of what some texts tell."""
        named = {found for text in texts for found in _ORDER.findall(text)}
        unread = tuple(sorted(named - self._held.keys()))
        if unread:
            self._held |= dict.fromkeys(unread, frozenset())
            for order in self._store.orders(OrderFilter(order_ids=unread)):
                lines = (*order.document.lines, *order.standing.lines)
                self._held[order.order_id] = frozenset(line.item_id for line in lines)
        items = self._sensitive | self._unplanned(frozenset().union(*(self._held[one] for one in named)))
        return Hidden(items, frozenset(one for one in named if self._held[one] & items))

    def _unplanned(self, items: frozenset[str]) -> frozenset[str]:
        """Return the items that no plan here names; the latest, which names nearly all, is asked alone first."""
        if not items:
            return items
        dates = self._published.plan_dates(DIM_ITEM.name)
        for asked in (dates[-1:], dates):
            if items:
                items -= self._planned(asked)
        return items

    def _planned(self, dates: Sequence[dt.date]) -> frozenset[str]:
        found = (self._published.latest(DIM_ITEM.name, date) for date in dates)
        return _items_of(self._published.root, tuple(one for one in found if one is not None))


# Kept because a run's events ask it again and again; what was published is known by its digest.
@lru_cache(maxsize=4)
def _items_of(root: Path, plans: tuple[Publication, ...]) -> frozenset[str]:
    """Return the items that any of some published item masters names, in one reading of one column."""
    paths = [str(path) for one in plans if (path := root / one.path).is_file()]
    if not paths:
        return frozenset()
    tables = ds.dataset(paths, schema=pa.schema([(_ITEM, pa.string())]), format="parquet")
    return frozenset(pc.unique(tables.to_table(columns=[_ITEM])[_ITEM]).to_pylist())


def _flagged(path: Path) -> frozenset[str]:
    """Return the items that a file flags.

    Raises
    ------
    EquipoiseError, KeyError
        If it cannot be read, or has not the columns.
    """
    sent = open_file(path)
    names = {name.lower(): name for name in sent.schema.names}
    item, flag = names[_ITEM], names[_FLAG]
    table = pq.read_table(path, columns=[item, flag]) if sent.table is None else sent.table
    pairs = zip(table.column(item).to_pylist(), table.column(flag).to_pylist(), strict=True)
    return frozenset(str(one) for one, said in pairs if str(said).strip().lower() in _YES)
