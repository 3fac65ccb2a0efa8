"""What reading commands share: the network's published tables as plain records.

Commands read published tables and the ledger, never the warehouse, so that none of them
meets a lock while a run writes. Not here: what a command makes of the records.
"""

from __future__ import annotations

import datetime as dt

import pandas as pd

from assets.kernel.errors import EquipoiseError
from assets.kernel.frames import Frame, Kind
from assets.kernel.home import NetworkHome
from assets.kernel.published import Published
from assets.kernel.telling import Record, plain


def open_network() -> NetworkHome:
    """Return the home of the network that the settings choose.

    Raises
    ------
    EquipoiseError
        If none is chosen, or if it has no profile.
    """
    from orchestration.settings import read_settings

    home = read_settings().network_home()
    # Reads the profile now, so that a missing network is the first thing said.
    _ = home.profile
    return home


def planned_date(published: Published, frame: Frame, asked: dt.date | None) -> dt.date:
    """Return the date asked for, or the latest one that ``frame`` was published for.

    Raises
    ------
    EquipoiseError
        If that date was not planned.
    """
    dates = published.plan_dates(frame.name)
    if asked in dates or (asked is None and dates):
        return asked or dates[-1]
    raise EquipoiseError(
        f"{asked} is not planned" if dates else "nothing is planned yet",
        where=f"table {frame.name}",
        remedy=(f"Planned so far: {_few(dates)}; to add one, run" if dates else "Run")
        + (f" `equipoise plan --date {asked}`" if asked else " `equipoise plan`"),
    )


def _few(dates: list[dt.date]) -> str:
    named = [day.isoformat() for day in dates]
    return ", ".join(named) if len(named) <= 4 else f"{named[0]} to {named[-1]} ({len(named)} dates)"


def records(frame: Frame, data: pd.DataFrame) -> list[Record]:
    """Return the rows of ``data``, which conform to ``frame``, as JSON-like dictionaries."""
    dates = [column.name for column in frame.columns if column.kind is Kind.DATE]
    whole = data.assign(**{name: data[name].dt.date for name in dates})
    return [{str(key): plain(value) for key, value in row.items()} for row in whole.to_dict("records")]


def read(published: Published, frame: Frame, plan_date: dt.date, **equal: str) -> list[Record]:
    """Return the published rows of ``frame`` for a plan date whose values are as named, as records."""
    data = published.read(frame, plan_date)
    for name, value in equal.items():
        data = data[data[name] == value]
    return records(frame, data)


def read_if_any(published: Published, frame: Frame, plan_date: dt.date, **equal: str) -> list[Record]:
    """Return what ``read`` does, or nothing where the run did not get so far."""
    return read(published, frame, plan_date, **equal) if published.latest(frame.name, plan_date) else []


def only(rows: list[Record]) -> Record | None:
    """Return the first of ``rows``, or ``None`` of none."""
    return rows[0] if rows else None
