"""`equipoise replay`: decide a planned date again and compare, table by table.

Not here: deciding again (``orchestration.planning``).
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import typer
from rich.console import Console

from assets.kernel.frames.decisions import PLAN_SUMMARY
from assets.kernel.published import Published
from orchestration.cli.command import PlanDate, command
from orchestration.cli.console import Output, table
from orchestration.cli.reading import Record, open_network, planned_date

if TYPE_CHECKING:
    from orchestration.planning import ReplayReport


@command
def replay(out: Output, date: PlanDate = None) -> None:
    """Decide a planned date again from the recorded inputs; exit 1 if any digest differs."""
    from orchestration import planning
    from orchestration.settings import read_settings

    settings = read_settings()
    plan_date = planned_date(Published(open_network().published), PLAN_SUMMARY, date)
    with out.working(f"Replaying {plan_date}"):
        report = gather(planning.replay(settings, plan_date), plan_date)
    out.answer(report, lambda console: show(console, report))
    if report["differing"]:
        out.say(f"replay {plan_date}: differs in {', '.join(report['differing'])}. See the digests above")
        raise typer.Exit(1)


def gather(report: ReplayReport, plan_date: dt.date) -> Record:
    """Return a replay's outcome as a dictionary."""
    return {
        "plan_date": plan_date.isoformat(),
        "identical": not report.differing,
        "differing": list(report.differing),
        "tables": [
            {"table": name, "recorded_digest": recorded, "replayed_digest": replayed, "same": recorded == replayed}
            for name, recorded, replayed in report.tables
        ],
    }


def show(console: Console, report: Record) -> None:
    """Print a replay's outcome for people."""
    rows = [
        [row["table"], (row["recorded_digest"] or "")[:16], (row["replayed_digest"] or "")[:16], row["same"]]
        for row in report["tables"]
    ]
    console.print(table(f"Replay of {report['plan_date']}", ["table", "recorded", "replayed", "same"], rows))
    console.print("Every table is the same." if report["identical"] else f"{len(report['differing'])} tables differ.")
