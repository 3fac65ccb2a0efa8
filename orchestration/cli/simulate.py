"""`equipoise simulate` and `equipoise drill`: a scenario lived day by day, and what it was worth.

Not here: the run (``orchestration.simulation_run``), scenarios and scores (``assets.twin``).
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from assets.policy.access import Permission
from orchestration.cli.command import command
from orchestration.cli.console import Output, percent
from orchestration.cli.simulate_text import show, show_scenarios

if TYPE_CHECKING:
    from collections.abc import Iterator

    from assets.twin.full_record import LivedDay
    from orchestration.simulation_run import OnDay

DAYS = 28
Scenario = Annotated[
    str | None,
    typer.Argument(metavar="SCENARIO", help="A scenario's name or YAML file; all names are listed if it is left out."),
]
Days = Annotated[int, typer.Option(min=1, max=366, help="Days that the run lasts.")]
Restart = Annotated[bool, typer.Option("--restart", help="Forget the days that were lived before.")]


@command(needs=None)
def simulate(
    out: Output,
    scenario: Scenario = None,
    days: Days = DAYS,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the world.")] = 7,
    world: Annotated[str, typer.Option(help="five (5 sites, 50 items), small (7, 20) or sample (24, 500).")] = "five",
    speed: Annotated[
        str, typer.Option(help="full: through the graph and the gateway; direct: the same functions.")
    ] = "full",
    alone: Annotated[bool, typer.Option("--alone", help="Leave out the undisturbed run beside it.")] = False,
    restart: Restart = False,
    time: Annotated[bool, typer.Option("--time", help="Say what each day took, and the machine's load.")] = False,
) -> None:
    """Live a scenario in a simulated network, and say what our orders and min/max were worth.

    Killed, it goes on with the day that it was in when it is called again.
    """
    from assets.twin.scenario import named_scenario, shipped_scenarios

    if scenario is None:
        found = [{"scenario": name, "title": named_scenario(name).title} for name in shipped_scenarios()]
        out.answer(found, lambda console: show_scenarios(console, found))
        return
    from orchestration.settings import read_settings

    settings = read_settings()
    with _days_told(out, say_time=time) as on_day:
        from orchestration.simulation_run import Request, simulate, world_of

        request = Request(scenario, world_of(_kind(world), seed), days, _speed(speed))
        request.staged()  # what cannot happen is said before anything is made
        found_card = simulate(settings, request, restart=restart, beside_undisturbed=not alone, on_day=on_day)
    _answer(out, found_card)


@command(needs=Permission.PLAN)
def drill(
    out: Output,
    scenario: Annotated[str, typer.Argument(metavar="SCENARIO", help="A scenario's name or YAML file.")],
    days: Days = DAYS,
    restart: Restart = False,
    time: Annotated[bool, typer.Option("--time", help="Say what each day took, and the machine's load.")] = False,
) -> None:
    """Live a scenario from today's snapshot of the network, in a copy of it: what is blocked, what comes twice.

    The release that is active decides, and its approvals hold. The network itself is not touched.
    """
    from orchestration.settings import read_settings

    settings = read_settings()
    with _days_told(out, say_time=time) as on_day:
        from orchestration.simulation_drill import drill

        found = drill(settings, scenario, days, restart=restart, on_day=on_day)
    _answer(out, found)


def _answer(out: Output, found: dict[str, Any]) -> None:
    def shown(console: Console) -> None:
        show(console, found)

    out.answer(found, shown)


@contextmanager
def _days_told(out: Output, *, say_time: bool) -> Iterator[OnDay | None]:
    """Say each day as it has been lived."""
    if out.json:
        yield None
        return
    with out.steps("Simulating") as on_step:

        def on_day(run: str, number: int, count: int, lived: LivedDay) -> None:
            flows, software = lived.day.flows, lived.software
            asked = int(flows.demanded.sum())
            served = percent(int(flows.sold.sum()) / asked if asked else 1.0)
            faults = f", plan failed: {software.error}" if not software.planned else ""
            blocked = f", {software.blocked} blocked" if software.blocked else ""
            took = f", {lived.seconds:.1f} s at load {_load():.1f}" if say_time else ""
            out.say(
                f"  {run}, day {number} of {count} ({lived.day.date}): {software.issued} orders sent{blocked}, "
                f"{served} of demand served{took}{faults}"
            )
            on_step(f"{run}, day {number + 1} of {count}", "started", 0.0)

        yield on_day


def _load() -> float:
    import os

    return os.getloadavg()[0]


def _kind(name: str) -> Any:
    from orchestration.simulation_run import WorldKind

    return _one_of(WorldKind, name, "--world")


def _speed(name: str) -> Any:
    from orchestration.simulation_run import Speed

    return _one_of(Speed, name, "--speed")


def _one_of(kinds: Any, name: str, option: str) -> Any:
    if name not in set(kinds):
        raise typer.BadParameter(f"{option} is one of {', '.join(kinds)}, not {name!r}")
    return kinds(name)
