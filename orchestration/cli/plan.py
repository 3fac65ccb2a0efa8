"""`equipoise plan`: the daily job in this process, and what came of it.

Not here: planning (``orchestration.planning``).
"""

from __future__ import annotations

import datetime as dt
from contextlib import closing
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from assets.kernel.calendar import AsKnown
from assets.kernel.errors import EquipoiseError
from assets.kernel.telling import Record, plain
from assets.policy.access import Permission
from orchestration.cli.command import command, parse_date
from orchestration.cli.console import Output

if TYPE_CHECKING:
    from assets.kernel.network import NetworkProfile
    from orchestration.planning import PlanRun
    from orchestration.settings import Settings

Date = Annotated[
    dt.date | None,
    typer.Option(parser=parse_date, metavar="YYYY-MM-DD", help="Plan date; the network's current one if not given."),
]
Knowledge = Annotated[
    AsKnown, typer.Option("--as-known", help="then: what was known at the cutoff; now: with hindsight, marked so.")
]
Only = Annotated[
    list[str] | None,
    typer.Option(
        "--only",
        metavar="item=I|site=S",
        help="Plan only the items touched again, on top of the date's plan; give it several times for more.",
    ),
]


@command(needs=Permission.PLAN)
def plan(out: Output, date: Date = None, as_known: Knowledge = AsKnown.THEN, only: Only = None) -> None:
    """Plan a date: judge the feeds, forecast, decide, make order documents.

    A past date is planned as it was known then, in channel `backfill`, and issues nothing.
    Planning a date again gives the same documents.
    """
    from orchestration.settings import read_settings

    run_and_report(out, read_settings(), date, as_known, tuple(only or ()))


def run_and_report(
    out: Output,
    settings: Settings,
    date: dt.date | None,
    as_known: AsKnown = AsKnown.THEN,
    only: tuple[str, ...] = (),
) -> None:
    """Plan a date and report what came of it."""
    # Before anything heavy is imported: a missing network is said at once.
    _ = settings.network_home().profile
    with out.steps("Planning") as on_step:
        from orchestration.planning import plan_day

        run = plan_day(settings, date, as_known=as_known, only=only, on_step=on_step)
    report(out, settings, run, as_known)


def report(out: Output, settings: Settings, run: PlanRun, as_known: AsKnown = AsKnown.THEN) -> None:
    """Show what a run came to, and what to ask next.

    Raises
    ------
    EquipoiseError
        If a step failed; what the gates found is shown first.
    """
    from orchestration.cli import market, summary

    def show(console: Console) -> None:
        summary.show(console, day)
        market.show_in_short(console, day["market"])

    day = gather(settings, run, as_known)
    out.answer(day, show)
    if not run.success:
        raise failed(run)
    if not out.json:
        for line in next_commands(day):
            out.say(line)


def gather(settings: Settings, run: PlanRun, as_known: AsKnown) -> Record:
    """Return what a run came to, with its seconds by stage."""
    from assets.kernel.published import Published
    from assets.orders.documents import channel_of
    from orchestration.cli import market, summary
    from orchestration.cli.documents import remarks
    from orchestration.ledger import open_ledger
    from orchestration.policies import registry_of

    home = settings.network_home()
    profile, published = home.profile, Published(home.published)
    day = summary.gather(home, run.plan_date) if run.success else _nothing(profile, run)
    with closing(open_ledger(settings, profile.clock)) as store:
        window_days = registry_of(home, store).active().dispatch.window_days
    channel = channel_of(
        run.plan_date, profile.clock.today(), profile.calendar, as_known=as_known, dispatch_days=window_days
    )
    facts: Record = {
        "success": run.success,
        "run_id": run.run_id,
        "as_known": as_known.value,
        "channel": str(channel),
        "remarks": remarks(published, run.plan_date, run.documents),
        "market": market.in_short(published, run.plan_date) if run.success else None,
        "seconds": run.seconds_by_stage,
        "seconds_total": round(run.seconds, 2),
        "refit_requested": run.refit_requested,
        "alerts": len(run.delivered_alerts),
        "failed_step": run.failed_step or None,
        "error": run.error or None,
    }
    return {**day, **plain(facts)}


def failed(run: PlanRun) -> EquipoiseError:
    """Return the error that a failed run ends with."""
    told = run.error.removeprefix(f"{EquipoiseError.__module__}.{EquipoiseError.__qualname__}: ")
    return EquipoiseError(
        told or "the run failed",
        where=f"plan {run.plan_date}, step {run.failed_step or 'unknown'}",
        remedy=f"See `equipoise verdicts --date {run.plan_date}`, or run {run.run_id} in `equipoise ui`",
    )


def next_commands(day: dict[str, Any]) -> list[str]:
    """Return what a person may want to ask after a plan, as lines to type."""
    example = day.get("example_order")
    date = day["plan_date"]
    lines = ["", "Next:", f"  equipoise orders --date {date}"]
    if example:
        lines += [f"  equipoise explain {example}", f"  equipoise lineage {example}"]
    return [*lines, f"  equipoise verdicts --date {date}", f"  equipoise replay --date {date}", "  equipoise ui"]


def _nothing(profile: NetworkProfile, run: PlanRun) -> Record:
    """Return a day of which nothing was decided: tables of an earlier run must not stand in for it."""
    return {
        "network": profile.name,
        "currency": profile.currency,
        "plan_date": run.plan_date.isoformat(),
        "plan": None,
        "policies": [],
        "documents": [],
        "decisions": {},
        "held": [],
        "faults": [],
        "verdicts": dict(run.verdicts),
        "models": None,
    }
