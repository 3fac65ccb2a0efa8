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
from assets.kernel.telling import Record, counted
from assets.policy.access import Permission
from orchestration.cli.command import admitted_if_there, command, parse_date
from orchestration.cli.console import Output, cell, table
from orchestration.cli.reading import open_network

if TYPE_CHECKING:
    from assets.feeds.envelope import Envelope
    from assets.feeds.landing import LandReport
    from assets.kernel.home import NetworkHome

BusinessDate = Annotated[
    dt.date | None,
    typer.Option(
        "--date",
        parser=parse_date,
        metavar="YYYY-MM-DD",
        help="Business date of what names none. Without it each fact is known from its own day, and the other "
        "tables of --sql are of the clock's yesterday.",
    ),
]


@command(needs=None)
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
    own = settings.model_copy(update={"network": name})
    with admitted_if_there(out, own, Permission.LAND_DATA), out.working(f"Importing {name}"):
        report = IMPORTERS[name](directory, home, WallClock())
    settings.activate(name)
    totals = ("sold_units", "on_hand_units", "under_way_units")
    landed = {**describe_network(home), **{key: getattr(report, key) for key in totals}}
    out.answer(landed, lambda console: show_network(console, landed))


@command(needs=Permission.LAND_DATA)
def land(
    out: Output,
    directory: Annotated[
        Path | None, typer.Argument(metavar="[DIR]", help="<source>/<table>/[date/] or <source>_<table>* files.")
    ] = None,
    sql: Annotated[
        str | None, typer.Option(metavar="URL", help="SQLAlchemy URL of a database to read instead.")
    ] = None,
    erp: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="ERP",
            help="Read an ERP that takes our orders instead (tryton), where EQUIPOISE_GATEWAY_URL says.",
        ),
    ] = None,
    date: BusinessDate = None,
) -> None:
    """Land feed files, the tables of a database, or what an ERP knows; what landed before is one batch still."""
    from assets.feeds.landing import LandingArea

    if sum(given is not None for given in (directory, sql, erp)) != 1:
        raise typer.BadParameter("give a folder of feed files, --sql and the URL of a database, or --from and an ERP")
    home = open_network()
    profile = home.profile
    area = LandingArea(home.landing, profile.clock)
    with out.working("Landing"):
        day = date or profile.clock.today() - dt.timedelta(days=1)
        if erp is not None:
            report = _read_from(erp, home, day)
        elif sql is not None:
            # Only a date given says that the whole table became known then; without one a history
            # is known row by row, so that past dates can be planned.
            report = area.land_sql(
                sql,
                business_date=day,
                timezone=profile.timezone,
                row_availability="batch" if date else "row",
            )
        else:
            folder = require_folder(Path(str(directory)))
            report = area.land_files(folder, timezone=profile.timezone, default_date=date)
    landed = gather(report)
    out.answer(landed, lambda console: show(console, landed))
    if landed["problems"]:
        for problem in landed["problems"]:
            out.say(f"{problem['where']}: {problem['what']}. {problem['remedy']}")
        raise typer.Exit(1)


def _read_from(erp: str, home: NetworkHome, day: dt.date) -> LandReport:
    from orchestration.erp_feeds import ERPS, land_from_tryton
    from orchestration.settings import read_settings

    if erp not in ERPS:
        raise EquipoiseError(f"{erp!r} is no ERP that can be read", where="--from", remedy=f"Use {', '.join(ERPS)}")
    return land_from_tryton(read_settings(), home, day)


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
        "problems": [{"what": p.what, "where": p.where, "remedy": p.remedy} for p in report.problems],
    }


def show(console: Console, landed: Record) -> None:
    """Print what landing came to for people."""
    if landed["landed"]:
        console.print(table("Landed", ["feed", "batches", "rows", "first", "last"], _by_feed(landed["landed"])))
    console.print(
        f"{counted(landed['landed'], 'new batch')}, {len(landed['repeated'])} that had landed before, "
        f"{counted(landed['problems'], 'problem')}."
    )


def describe_network(home: NetworkHome) -> Record:
    """Return what a network says of itself and which batches have landed for it."""
    from assets.feeds.landing import LandingArea

    profile = home.profile
    batches = LandingArea(home.landing, profile.clock).batches()
    return {
        "network": profile.name,
        "title": profile.title,
        "home": str(home.root),
        "bucket": str(profile.bucket),
        "first_plan_date": profile.first_plan_date.isoformat(),
        "declared_date": profile.declared_date.isoformat() if profile.declared_date else None,
        "feeds": [
            dict(zip(("feed", "batches", "rows", "first", "last"), row, strict=True))
            for row in _by_feed([_batch(envelope) for envelope in batches])
        ],
    }


def show_network(console: Console, landed: Record) -> None:
    """Print a network and its feeds for people."""
    rows = [list(feed.values()) for feed in landed["feeds"]]
    console.print(table(f"Network {landed['network']}", ["feed", "batches", "rows", "first", "last"], rows))
    if "sold_units" in landed:
        sold, on_hand, under_way = (cell(landed[f"{name}_units"]) for name in ("sold", "on_hand", "under_way"))
        console.print(f"{sold} units sold in the history, {on_hand} on hand, {under_way} under way.")
    console.print(
        f"It plans by the {landed['bucket']}, from {landed['first_plan_date']}. It is the active network now."
    )
    date = landed["declared_date"]
    console.print(f"Next: equipoise plan --date {date}" if date else "Next: equipoise plan")


def _batch(envelope: Envelope) -> Record:
    return {
        "feed": f"{envelope.source}_{envelope.table}",
        "batch_id": envelope.batch_id,
        "business_date": envelope.business_date.isoformat(),
        "row_count": envelope.row_count,
        "content_hash": envelope.content_hash,
    }


def _by_feed(batches: list[Record]) -> list[list[Any]]:
    """Return feed, batches, rows, first and last business date, a row per feed."""
    feeds: dict[str, list[Record]] = {}
    for batch in batches:
        feeds.setdefault(batch["feed"], []).append(batch)
    return [
        [
            feed,
            len(sent),
            sum(batch["row_count"] for batch in sent),
            min(batch["business_date"] for batch in sent),
            max(batch["business_date"] for batch in sent),
        ]
        for feed, sent in sorted(feeds.items())
    ]
