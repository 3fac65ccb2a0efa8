"""`equipoise report`: the page that a planner reads over coffee, and its short form on the terminal.

Not here: what it says (``assets.monitoring.report``), or how it is sent (``orchestration.report``).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assets.kernel.errors import EquipoiseError
from assets.kernel.frames.quality import FEED_ALERTS
from assets.kernel.published import Published
from assets.policy.access import Permission
from orchestration.cli.command import PlanDate, command
from orchestration.cli.console import Output
from orchestration.cli.reading import planned_date

if TYPE_CHECKING:
    from assets.monitoring.report.waits import Inbox
    from orchestration.access import Access

File = Annotated[
    Path | None,
    typer.Option("--out", metavar="FILE", help="Write the page there; among the network's reports if not given."),
]


@command(needs=Permission.READ_ORDERS)
def report(out: Output, date: PlanDate = None, file: File = None) -> None:
    """Write one HTML page: what waits for you, what the plan is worth, what changed, what to distrust.

    It needs nothing beside itself, no network and no script, and prints on A4. Its short form is printed here.
    """
    from assets.monitoring.report.digest import digest_text
    from assets.monitoring.report.page import page
    from orchestration.report import page_path, report_of, write_page

    access = out.access
    # The gate of the feeds speaks even where a `stop` skipped all that follows.
    plan_date = planned_date(Published(access.home.published), FEED_ALERTS, date)
    path = page_path(access.home, plan_date) if file is None else html_file(file)
    with out.working(f"Writing the report of {plan_date}"):
        told = out.shown(report_of(access.settings, access.store, plan_date, waiting(access)))
        write_page(path, page(told))
    out.answer(
        {**told, "page": str(path)},
        lambda console: console.print(digest_text(told), markup=False, soft_wrap=True, end=""),
    )
    out.say(f"Page written to {path}.")


def waiting(access: Access) -> Inbox:
    """Return what waits for people, as `equipoise inbox` tells it."""
    from assets.monitoring.report.waits import Inbox
    from orchestration.cli.inbox import gather

    found = gather(access)
    return Inbox(found["plan_date"], found["stopped"], found["waiting"])


def html_file(path: Path) -> Path:
    """Return a file that is called what it will be.

    Raises
    ------
    EquipoiseError
        If the name does not end in ``.html``, or names a folder.
    """
    if path.suffix.lower() not in (".html", ".htm") or path.is_dir():
        raise EquipoiseError(
            "the report is an HTML page", where=f"--out {path}", remedy="Let the file's name end in .html"
        )
    return path
