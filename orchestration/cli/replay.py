"""`equipoise replay`: decide a planned date again and compare, table by table.

Not here: deciding again (``orchestration.replay``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console

from assets.kernel.errors import EquipoiseError
from assets.kernel.frames.decisions import PLAN_SUMMARY
from assets.kernel.published import Published
from assets.kernel.telling import Record
from assets.policy.access import Permission
from orchestration.cli.command import PlanDate, command
from orchestration.cli.console import Output, table
from orchestration.cli.reading import open_network, planned_date

if TYPE_CHECKING:
    from orchestration.replay import ReplayReport


@command(needs=Permission.PLAN)
def replay(out: Output, date: PlanDate = None) -> None:
    """Decide a planned date again from the recorded inputs; exit 1 if any digest differs."""
    from orchestration.settings import read_settings

    settings = read_settings()
    plan_date = planned_date(Published(open_network().published), PLAN_SUMMARY, date)
    with out.working(f"Replaying {plan_date}"):
        from orchestration import replay as again

        report = gather(again.replay(settings, plan_date))
    out.answer(report, lambda console: show(console, report))
    if not report["identical"]:
        changed = f"rows of {', '.join(report['feeds'])} changed" if report["feeds"] else "no raw row changed"
        raise EquipoiseError(
            f"{', '.join(report['differing'])} differ; {changed}",
            where=f"replay of {plan_date}",
            remedy="The first table named is where the two runs part; plan again to accept the present rows",
        )


def gather(report: ReplayReport) -> Record:
    """Return a replay's outcome as a dictionary."""
    return {
        "plan_date": report.plan_date.isoformat(),
        "identical": not report.differing,
        "differing": list(report.differing),
        "feeds": list(report.feeds),
        "only": list(report.only),
        "base_run_id": report.base_run_id or None,
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
    if report["only"]:
        told = f"Only {', '.join(report['only'])} decided again; rows of other items are those of run "
        console.print(f"{told}{report['base_run_id']}, as recorded.", markup=False)
    console.print("Every table is the same." if report["identical"] else f"{len(report['differing'])} tables differ.")
