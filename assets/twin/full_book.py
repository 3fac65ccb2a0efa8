"""The other side's book of our orders: what it has taken in, what waits for its departure, what is under way.

It becomes the world's orders of a day, and what the day made of them goes back as statements that count from the
beginning. Not here: how orders reach it, or the world (``feeds.synthetic``).
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace

import numpy as np

from assets.feeds.synthetic.catalogue import Catalogue
from assets.feeds.synthetic.transition import Flows, Orders

PURCHASE = "purchase"


@dataclass(frozen=True)
class SentLine:
    """A line that the other side has taken in.

    Attributes
    ----------
    reference, line_number : str, int
        Our order and its line.
    kind : str
        ``purchase``, or anything that moves between sites.
    item_id, origin_id, destination_id : str
        What, from where (a supplier for a purchase), to where.
    units : int
        Promised.
    departure_date, arrival_date : date
        Not before this day, and when it is expected.
    mode : str
        Of transport; ``supplier`` for a purchase.
    """

    reference: str
    line_number: int
    kind: str
    item_id: str
    origin_id: str
    destination_id: str
    units: int
    departure_date: dt.date
    arrival_date: dt.date
    mode: str


@dataclass(frozen=True)
class OpenLine:
    """A line of an order that is not over, counted from the beginning.

    Attributes
    ----------
    line : SentLine
        As it was taken in.
    promised, shipped, received : int
        Base units.
    left : bool
        Whether its departure, or its purchase, has been; what did not leave then never will.
    arrives : date or None
        When it arrives, once that is settled; only the world knows.
    """

    line: SentLine
    promised: int
    shipped: int = 0
    received: int = 0
    left: bool = False
    arrives: dt.date | None = None

    @property
    def is_over(self) -> bool:
        """Whether nothing of it is to come."""
        return self.left and self.received >= self.promised


@dataclass(frozen=True)
class Book:
    """All lines of orders that are not over.

    Attributes
    ----------
    open : tuple of OpenLine
        In the order of reference and line number; all lines of an order until the last is over.
    taken : frozenset of str
        References of every order that was ever taken in.
    """

    open: tuple[OpenLine, ...] = ()
    taken: frozenset[str] = frozenset()

    def with_sent(self, lines: Iterable[SentLine]) -> Book:
        """Return the book with the lines of orders that it has not taken in yet."""
        new = [line for line in lines if line.reference not in self.taken]
        opened = [*self.open, *(OpenLine(line, line.units) for line in new)]
        opened.sort(key=lambda one: (one.line.reference, one.line.line_number))
        return Book(tuple(opened), self.taken | {line.reference for line in new})

    def due(self, catalogue: Catalogue, date: dt.date) -> Due:
        """Return what leaves or is bought on a day."""
        return Due.of(self, catalogue, date)

    def dump(self) -> str:
        """Return the book as text."""
        rows = [asdict(one) for one in self.open]
        return json.dumps({"open": rows, "taken": sorted(self.taken)}, default=str, sort_keys=True)

    @classmethod
    def load(cls, text: str) -> Book:
        """Return the book that a text holds."""
        content = json.loads(text)
        return cls(tuple(_open_line(row) for row in content["open"]), frozenset(content["taken"]))


@dataclass(frozen=True)
class Due:
    """The lines of a day, and the world's orders that they are.

    Attributes
    ----------
    transfers, purchases : tuple of int
        Places in the book of the lines behind each of the world's orders.
    impossible : tuple of int
        Places in the book of lines that no lane or source of the world can carry out.
    orders : Orders
        The world's.
    """

    transfers: tuple[int, ...]
    purchases: tuple[int, ...]
    impossible: tuple[int, ...]
    orders: Orders = field(repr=False)

    @classmethod
    def of(cls, book: Book, catalogue: Catalogue, date: dt.date) -> Due:
        """Return what of a book is due on a day."""
        ways = _Ways(catalogue)
        found: dict[str, list[tuple[int, int, int, int]]] = {"transfer": [], PURCHASE: []}
        impossible = []
        for place, one in enumerate(book.open):
            if one.left or one.line.departure_date > date:
                continue
            way = ways.of(one.line)
            if way is None:
                impossible.append(place)
            elif one.line.kind == PURCHASE:
                found[PURCHASE].append((place, *way))
            elif catalogue.lanes.departs[way[0], date.weekday()]:
                found["transfer"].append((place, *way))
        moved, bought = found["transfer"], found[PURCHASE]
        return cls(
            tuple(row[0] for row in moved), tuple(row[0] for row in bought), tuple(impossible),
            _orders(book, moved, bought),
        )  # fmt: skip

    def settled(self, book: Book, flows: Flows, date: dt.date) -> tuple[Book, tuple[OpenLine, ...]]:
        """Return the book after the day has passed, and every line that the day changed.

        Parameters
        ----------
        book : Book
            From which the day's orders were taken.
        flows : Flows
            What the day made of them.
        date : date
            The day.
        """
        after = list(book.open)
        for place, one in enumerate(after):
            if one.arrives == date:
                # Nothing is known of what a supplier leaves out before the goods are there.
                after[place] = replace(one, promised=one.shipped, received=one.shipped)
        for place, units, days in zip(self.transfers, flows.shipped_units, flows.arrival_days, strict=True):
            after[place] = _gone(after[place], int(units), date, int(days), promised=int(units))
        for place, units, days in zip(self.purchases, flows.supplied_units, flows.lead_days, strict=True):
            after[place] = _gone(after[place], int(units), date, int(days), promised=after[place].promised)
        for place in self.impossible:
            after[place] = replace(after[place], promised=0, left=True)
        changed = tuple(new for old, new in zip(book.open, after, strict=True) if old != new)
        going_on = {one.line.reference for one in after if not one.is_over}
        kept = tuple(one for one in after if one.line.reference in going_on)
        return Book(kept, book.taken), changed


class _Ways:
    """Lanes and sources of a world by the names that orders use."""

    def __init__(self, catalogue: Catalogue) -> None:
        sites, items, lanes, sourcing = catalogue.sites, catalogue.items, catalogue.lanes, catalogue.sourcing
        self._at = catalogue.places.at
        self._site = {name: number for number, name in enumerate(sites.ids)}
        self._item = {name: number for number, name in enumerate(items.ids)}
        ends = zip(sites.ids[lanes.origin], sites.ids[lanes.destination], strict=True)
        self._lane = {pair: number for number, pair in enumerate(ends)}
        suppliers = sourcing.supplier_ids[sourcing.supplier]
        keys = zip(suppliers, catalogue.site_ids[sourcing.place], catalogue.item_ids[sourcing.place], strict=True)
        self._source = {key: number for number, key in enumerate(keys)}

    def of(self, line: SentLine) -> tuple[int, int, int] | None:
        """Return lane and both places, or the row of the sourcing and its place twice; ``None`` if there is none."""
        if line.kind == PURCHASE:
            row = self._source.get((line.origin_id, line.destination_id, line.item_id))
            return None if row is None else (row, -1, -1)
        lane, item = self._lane.get((line.origin_id, line.destination_id)), self._item.get(line.item_id)
        if lane is None or item is None:
            return None
        origin = int(self._at[self._site[line.origin_id], item])
        destination = int(self._at[self._site[line.destination_id], item])
        return (lane, origin, destination) if origin >= 0 and destination >= 0 else None


def _orders(book: Book, moved: list[tuple[int, int, int, int]], bought: list[tuple[int, int, int, int]]) -> Orders:
    def column(rows: list[tuple[int, int, int, int]], number: int) -> np.ndarray:
        return np.array([row[number] for row in rows], dtype=np.int64)

    def told(rows: list[tuple[int, int, int, int]]) -> tuple[np.ndarray, np.ndarray]:
        lines = [book.open[row[0]] for row in rows]
        references = np.array([one.line.reference for one in lines], dtype=object)
        return np.array([one.promised for one in lines], dtype=np.int64), references

    (moved_units, moved_for), (bought_units, bought_for) = told(moved), told(bought)
    return Orders(
        lane=column(moved, 1), origin=column(moved, 2), destination=column(moved, 3), transfer_units=moved_units,
        sourcing_row=column(bought, 1), purchase_units=bought_units,
        transfer_reference=moved_for, purchase_reference=bought_for,
    )  # fmt: skip


def _gone(one: OpenLine, units: int, date: dt.date, days: int, *, promised: int) -> OpenLine:
    if units == 0:
        return replace(one, promised=0, left=True)
    arrives = date + dt.timedelta(days=days)
    return replace(one, promised=promised, shipped=units, left=True, arrives=arrives)


def _open_line(row: Mapping[str, object]) -> OpenLine:
    content = dict(row)
    line = dict(content.pop("line"))  # type: ignore[call-overload]
    for name in ("departure_date", "arrival_date"):
        line[name] = dt.date.fromisoformat(str(line[name]))
    arrives = content.pop("arrives")
    return OpenLine(
        SentLine(**line), arrives=dt.date.fromisoformat(str(arrives)) if arrives else None,
        **content,  # type: ignore[arg-type]
    )  # fmt: skip
