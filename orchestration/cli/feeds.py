"""`equipoise import` and `equipoise land`: batches into the landing area.

Not here: reading a source (``assets.feeds``), and judging rows.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from assets.kernel.errors import EquipoiseError
from orchestration.cli.command import command, parse_date
from orchestration.cli.console import Output, table
from orchestration.cli.reading import Record, open_network

if TYPE_CHECKING:
    from assets.feeds.landing import LandReport

BusinessDate = Annotated[
    dt.date | None,
    typer.Option(
        "--date",
        parser=parse_date,
        metavar="YYYY-MM-DD",
        help="Business date of files and tables that name none; the clock's yesterday for --sql.",
    ),
]


@command
def import_network(
    out: Output,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Data set, such as vn2 or favorita.")],
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of its files as published.")],
) -> None:
    """Bring a public data set into the landing area, in the feed contract, and make it the active network."""
    from assets.feeds.importers.registry import IMPORTERS
    from assets.kernel.clock import WallClock
    from orchestration.settings import read_settings

    settings = read_settings()
    if name not in IMPORTERS:
        raise EquipoiseError(
            f"no importer is called {name!r}", where="equipoise import", remedy=f"Use one of {', '.join(IMPORTERS)}"
        )
    require_folder(directory)
    home = settings.home_of(name)
    with out.working(f"Importing {name}"):
        IMPORTERS[name](directory, home, WallClock())
    settings.activate(name)
    landed = describe_network(home)
    out.answer(landed, lambda console: show_network(console, landed))


@command
def land(
    out: Output,
    directory: Annotated[
        Path | None, typer.Argument(metavar="[DIR]", help="<source>/<table>/[date/] or <source>_<table>* files.")
    ] = None,
    sql: Annotated[str | None, typer.Option(metavar="URL", help="SQLAlchemy URL of a database to read instead.")] = None,
    date: BusinessDate = None,
) -> None:
    """Land feed files, or the tables of a database; what landed before is one batch still."""
    from assets.feeds.landing import LandingArea

    if (directory is None) == (sql is None):
        raise typer.BadParameter("give a folder of feed files, or --sql and the URL of a database")
    home = open_network()
    profile = home.profile
    area = LandingArea(home.landing, profile.clock)
    with out.working("Landing"):
        if sql is not None:
            day = date or profile.clock.today() - dt.timedelta(days=1)
            report = area.land_sql(sql, business_date=day, timezone=profile.timezone)
        else:
            folder = require_folder(Path(str(directory)))
            report = area.land_files(folder, timezone=profile.timezone, default_date=date)
    landed = gather(report)
    out.answer(landed, lambda console: show(console, landed))
    if landed["problems"]:
        for problem in landed["problems"]:
            out.say(problem)
        raise typer.Exit(1)


def require_folder(directory: Path) -> Path:
    """Return ``directory`` if it is a folder.

    Raises
    ------
    EquipoiseError
        If it is not.
    """
    if not directory.is_dir():
        raise EquipoiseError("there is no such folder", where=str(directory), remedy="Give the folder of the files")
    return directory


def gather(report: LandReport) -> Record:
    """Return what landing came to."""
    return {
        "landed": [_batch(envelope) for envelope in report.landed],
        "repeated": [_batch(envelope) for envelope in report.repeated],
        "problems": [str(problem) for problem in report.problems],
    }
