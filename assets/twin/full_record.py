"""What a run has lived, kept a file a day, so that a killed run goes on with the day that it was in.

A day's file appears whole or not at all and holds all that the next day needs. Not here: living a day (``full``).
"""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import json
import os
import zipfile
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np

from assets.feeds.synthetic.transition import Flows, Orders, Stock
from assets.feeds.synthetic.world import Day
from assets.kernel.errors import EquipoiseError
from assets.twin.full_book import Book

_TEXT = {"transfer_reference", "purchase_reference"}


@dataclass(frozen=True)
class Software:
    """What the software did on a day.

    Attributes
    ----------
    planned : bool
        Whether the plan was made.
    error : str
        Why it was not; empty if it was.
    documents, lines, issued : int
        Order documents and lines of the plan, and documents that left.
    blocked : int
        Documents of the plan that did not leave that day: they wait for people, or something holds them.
    in_outbox : int
        Documents that are on their way in the evening.
    duplicates : int
        Orders that the other side made a second time, from the beginning on.
    held : int
        Verdicts of the gates that hold something.
    """

    planned: bool = True
    error: str = ""
    documents: int = 0
    lines: int = 0
    issued: int = 0
    blocked: int = 0
    in_outbox: int = 0
    duplicates: int = 0
    held: int = 0


@dataclass(frozen=True)
class LivedDay:
    """A day of a run.

    Attributes
    ----------
    day : Day
        Orders, flows, and what was counted in the evening.
    stock : Stock
        In the evening.
    book : Book
        The other side's, in the evening.
    software : Software
        Of the day.
    seconds : float
        What it took; in no digest.
    """

    day: Day
    stock: Stock
    book: Book = field(default_factory=Book)
    software: Software = field(default_factory=Software)
    seconds: float = 0.0

    @property
    def digest(self) -> str:
        """Digest of all but the seconds."""
        told = hashlib.sha256()
        for name, values in sorted(_arrays(self).items()):
            told.update(name.encode() + np.ascontiguousarray(values).tobytes())
        told.update(json.dumps(asdict(self.software), sort_keys=True).encode())
        return told.hexdigest()


def digest_of(days: tuple[LivedDay, ...]) -> str:
    """Return the digest of a run."""
    told = hashlib.sha256()
    for one in days:
        told.update(f"{one.day.date} {one.digest}\n".encode())
    return told.hexdigest()


@dataclass(frozen=True)
class RunRecord:
    """The folder of a run.

    Attributes
    ----------
    folder : Path
        Made on first use.
    """

    folder: Path

    def keep(self, lived: LivedDay) -> None:
        """Write a day, whole or not at all."""
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self._path(lived.day.date)
        partial = path.with_name(f".{path.name}.{os.getpid()}")
        told = _arrays(lived)
        told |= {"software": np.array(json.dumps(asdict(lived.software))), "seconds": np.array(str(lived.seconds))}
        with partial.open("wb") as out:
            np.savez_compressed(out, **told)
            out.flush()
            os.fsync(out.fileno())
        os.replace(partial, path)

    def days(self, dates: tuple[dt.date, ...]) -> tuple[LivedDay, ...]:
        """Return the days from the first date on that were lived without a gap.

        Raises
        ------
        EquipoiseError
            If a day's file cannot be read.
        """
        lived = []
        for date in dates:
            if not self._path(date).exists():
                break
            lived.append(self._read(date))
        return tuple(lived)

    def _read(self, date: dt.date) -> LivedDay:
        path = self._path(date)
        try:
            with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as kept:
                told = {name: kept[name] for name in kept.files}
        except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
            raise EquipoiseError(
                f"the day cannot be read: {error}", where=str(path), remedy="Start the run anew with --restart"
            ) from error
        flows = Flows(**{f.name: told[f"flows.{f.name}"] for f in fields(Flows)})
        stock = Stock(**{f.name: told[f"stock.{f.name}"] for f in fields(Stock)})
        day = Day(date, _orders(told), flows, stock.on_hand, stock.blocked)
        software = Software(**json.loads(str(told["software"])))
        return LivedDay(day, stock, Book.load(str(told["book"])), software, float(told["seconds"]))

    def _path(self, date: dt.date) -> Path:
        return self.folder / f"{date.isoformat()}.npz"


def _arrays(lived: LivedDay) -> dict[str, Any]:
    """Return all that decides of the next day, by name."""
    told: dict[str, Any] = {"book": np.array(lived.book.dump())}
    for name, part in (("orders", lived.day.orders), ("flows", lived.day.flows), ("stock", lived.stock)):
        for one in fields(part):
            values = getattr(part, one.name)
            if values is not None:
                told[f"{name}.{one.name}"] = values.astype(str) if one.name in _TEXT else values
    return told


def _orders(told: dict[str, Any]) -> Orders:
    kept: dict[str, Any] = {}
    for one in fields(Orders):
        values = told.get(f"orders.{one.name}")
        kept[one.name] = values.astype(object) if one.name in _TEXT and values is not None else values
    return Orders(**kept)
