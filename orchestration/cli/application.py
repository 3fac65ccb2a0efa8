"""The table of commands, and how one is found, run and ended.

A command's module is imported when the command is invoked, so that `equipoise --help` imports
none of them. Not here: what any command does.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.exceptions import TyperException

from orchestration.cli import errors
from orchestration.cli.command import CALLED, NOTED

PROGRAM = "equipoise"


@dataclass(frozen=True)
class Listed:
    """A command as the help lists it.

    Parameters
    ----------
    target : str
        ``module:attribute`` below this package: a function, or a ``typer.Typer`` of subcommands.
    summary : str
        One line of help.
    panel : str
        Heading it stands under.
    """

    target: str
    summary: str
    panel: str


_START, _PLAN, _ASK, _DECIDE, _KEEP = "Start", "Plan", "Ask", "Decide and send", "Keep in order"
COMMANDS: dict[str, Listed] = {
    "demo": Listed("demo:demo", "Make the sample world, plan one day of it and say what was decided.", _START),
    "import": Listed("feeds:import_network", "Bring a public data set into the landing area as a network.", _START),
    "land": Listed("feeds:land", "Land feed files, or the tables of a database.", _START),
    "plan": Listed("plan:plan", "Plan a date: judge, forecast, decide, make order documents.", _PLAN),
    "replay": Listed("replay:replay", "Decide a planned date again; exit 1 if anything differs.", _PLAN),
    "simulate": Listed("simulate:simulate", "Live a scenario day by day, and say what it was worth.", _PLAN),
    "drill": Listed("simulate:drill", "Live a scenario from today's snapshot of the network.", _PLAN),
    "orders": Listed("orders:orders", "List order documents.", _ASK),
    "forecast": Listed("forecast:forecast", "Draw the demand forecast of an item at a site, and its past.", _ASK),
    "targets": Listed("targets:targets", "Show what stock targets promise, and what other ones would do.", _ASK),
    "explain": Listed("explain:explain", "Say why an order, or an item at a site, was decided so.", _ASK),
    "lineage": Listed("lineage:lineage", "Trace an order, or an item at a site, to its feed batches.", _ASK),
    "impact": Listed("impact:impact", "Say what depends on a supplier, lane, site or item.", _ASK),
    "market": Listed("market:market", "Tell which shared limits were scarce, and what was said of them.", _ASK),
    "experiment": Listed("experiment:experiment", "Play releases and baselines over recorded demand, paired.", _ASK),
    "verdicts": Listed("judgements:verdicts", "List what the quality gates found.", _ASK),
    "alerts": Listed("alerts:alerts", "List the alerts of a plan, the most money at stake first.", _ASK),
    "report": Listed("report:report", "Write the day as one HTML page, and print it in a few lines.", _ASK),
    "regret": Listed("regret:regret", "Say what decisions about orders were worth by hindsight.", _ASK),
    "kpis": Listed("kpis:kpis", "Show service, stock, supply and forecast figures, and how they changed.", _ASK),
    "inbox": Listed("inbox:inbox", "List what waits for a person, the most money at stake first.", _DECIDE),
    "approve": Listed("decisions:approve", "Agree to an order.", _DECIDE),
    "reject": Listed("decisions:reject", "Say no to an order that was not sent.", _DECIDE),
    "override": Listed("decisions:override", "Change the units of a line; somebody else approves it.", _DECIDE),
    "cancel": Listed("decisions:cancel", "Have an order carried out no further.", _DECIDE),
    "dispatch": Listed("dispatch:dispatch", "Send what may leave, and take in what the other side says.", _DECIDE),
    "reconcile": Listed("reconcile:reconcile", "Compare the ledger with the other side, and mend it.", _DECIDE),
    "pause": Listed("pause:pause", "Let nothing leave somewhere, or list where nothing does.", _DECIDE),
    "resume": Listed("pause:resume", "Let orders leave there again.", _DECIDE),
    "features": Listed("features:features", "List, pin or roll back feature sets.", _KEEP),
    "models": Listed("models:models", "List, show, promote or roll back forecasting models.", _KEEP),
    "ledger": Listed("ledger:ledger", "Verify the order ledger, or make its view of orders again.", _KEEP),
    "policy": Listed("policy:policy", "List, compare, promote or roll back policy releases.", _KEEP),
    "access": Listed("access:access", "Grant roles and tokens, and see who did what.", _KEEP),
    "bench": Listed("bench:bench", "Run a benchmark and print what it measured.", _KEEP),
    "doctor": Listed("doctor:doctor", "Check the installation and say what is wrong.", _KEEP),
    "ui": Listed("ui:ui", "Serve the Dagster UI for the network.", _KEEP),
}


class LazyGroup(TyperGroup):
    """A group that lists its commands from `COMMANDS` and imports one when it is invoked."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Return name, command and remaining arguments, the command now loaded."""
        name, _, rest = super().resolve_command(ctx, args)
        loaded = load(str(name))
        within = [rest[0]] if rest and rest[0] in getattr(loaded, "commands", {}) else []
        CALLED.set(" ".join([PROGRAM, str(name), *within]))
        return name, loaded, rest


def load(name: str) -> Any:
    """Import the command called ``name`` and return it."""
    listed = COMMANDS[name]
    module, attribute = listed.target.split(":")
    target = getattr(importlib.import_module(f"{__package__}.{module}"), attribute)
    if not isinstance(target, typer.Typer):
        application = typer.Typer(add_completion=False)
        application.command(name)(target)
        target = application
    command = typer.main.get_command(target)
    command.name = name
    return command


def build() -> TyperGroup:
    """Return the whole command, with a stand-in for every subcommand."""
    stand_ins: dict[str, Any] = {
        name: TyperCommand(name=name, help=listed.summary, rich_help_panel=listed.panel)
        for name, listed in COMMANDS.items()
    }
    # Called without a name of a command, it shows its help.
    return LazyGroup(
        name=PROGRAM,
        commands=stand_ins,
        help="Keep stock where it earns most: buy, move, expedite or wait, for every item and site.",
        epilog="Every command takes --json (data on stdout) and --debug (the traceback of an error).",
        no_args_is_help=True,
    )


def run(arguments: Sequence[str]) -> int:
    """Run the command line.

    Parameters
    ----------
    arguments : sequence of str
        What was typed after ``equipoise``.

    Returns
    -------
    int
        0 on success, 1 on failure, 2 on a wrong argument, 130 when interrupted.
    """
    errors.hide_by(None)
    NOTED.set(())
    try:
        code = build().main(list(arguments), prog_name=PROGRAM, standalone_mode=False)
        sys.stdout.flush()
        # Typer turns Ctrl-C into this code and says nothing.
        return errors.interrupted() if code == errors.INTERRUPTED else int(code or 0)
    except TyperException as error:
        return errors.usage(error)
    except BrokenPipeError:
        return errors.FAILED
    except typer.Abort:
        return errors.interrupted()
    except Exception as error:
        return errors.failure(error, debug="--debug" in arguments)
    finally:
        _leave_a_broken_pipe()


def _leave_a_broken_pipe() -> None:
    """Drop what is unsaid where the reader of a pipe has gone (`equipoise orders | head`).

    Rich and Typer meet the broken pipe first as often as not, and each ends the process in its
    own way; what their buffers still hold would be an error again when the interpreter ends.
    """
    stdout = sys.__stdout__
    if stdout is None or stdout.closed:
        return
    try:
        stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stdout.fileno())
