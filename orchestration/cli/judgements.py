"""`equipoise verdicts`: what the gates of a plan found. Not here: judging, or alerts (``alerts``)."""

from __future__ import annotations

import datetime as dt
from enum import StrEnum
from typing import Annotated, Any

import typer
from rich.console import Console

from assets.kernel.frames.quality import ACTIONS, FORECAST_VERDICTS, PLAN_VERDICTS, VERDICTS
from assets.kernel.home import NetworkHome
from assets.kernel.published import Published
from assets.kernel.telling import Record, counted
from assets.policy.access import Permission
from orchestration.cli.command import PlanDate, command
from orchestration.cli.console import Output, table
from orchestration.cli.reading import open_network, planned_date, read_if_any

Action = StrEnum("Action", {action.upper(): action for action in ACTIONS})  # type: ignore[misc]


@command(needs=Permission.READ_ORDERS)
def verdicts(
    out: Output,
    date: PlanDate = None,
    action: Annotated[Action | None, typer.Option(help="Only verdicts that ask for this.")] = None,
    site: Annotated[str | None, typer.Option(help="Only verdicts that speak of this site.")] = None,
) -> None:
    """List what the quality gates found, the strictest first.

    Verdicts on the items of one site share a row; feeds that passed are counted, unless
    `--action pass` asks for them.
    """
    home = open_network()
    plan_date = planned_date(Published(home.published), VERDICTS, date)
    found = gather_verdicts(home, plan_date, str(action) if action else None, site)
    out.answer(found, lambda console: _show_verdicts(console, found, plan_date, str(action) if action else None))


def gather_verdicts(home: NetworkHome, plan_date: dt.date, action: str | None, site: str | None) -> list[Record]:
    """Return the verdicts of a plan's gates, strictest first."""
    kept = [
        row
        for row in verdicts_of(Published(home.published), plan_date)
        if (action is None or row["action"] == action) and (site is None or row["site_id"] == site)
    ]
    return sorted(
        kept, key=lambda row: (-ACTIONS.index(row["action"]), row["feed"], row["rule"], row["site_id"], row["item_id"])
    )


def verdicts_of(published: Published, plan_date: dt.date) -> list[Record]:
    """Return the verdicts of every gate that judged a plan date."""
    frames = (VERDICTS, FORECAST_VERDICTS, PLAN_VERDICTS)
    return [row for frame in frames for row in read_if_any(published, frame, plan_date)]


def _show_verdicts(console: Console, found: list[Record], plan_date: dt.date, action: str | None) -> None:
    shown = found if action else [row for row in found if row["action"] != "pass"]
    if rows := by_site(shown):
        heads = ["action", "feed", "site", "rule", "items", "rows", "what is wrong"]
        console.print(table(f"Verdicts of {plan_date}", heads, rows))
    passed = [row for row in found if row["action"] == "pass"]
    console.print(f"{counted(shown, 'verdict')}; {counted(passed, 'feed')} passed. `--json` lists each.")


def by_site(found: list[Record]) -> list[list[Any]]:
    """Return verdicts with those of a site's items in one row: items, offending rows and the worst message."""
    groups: dict[tuple[str, ...], list[Record]] = {}
    for row in found:
        groups.setdefault(tuple(row[key] for key in ("action", "feed", "site_id", "rule")), []).append(row)
    return [
        [
            *group,
            len({row["item_id"] for row in rows if row["item_id"]}) or None,
            sum(row["offender_count"] for row in rows),
            max(rows, key=lambda row: row["anomaly_score"])["message"],
        ]
        for group, rows in groups.items()
    ]
