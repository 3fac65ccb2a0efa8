"""`equipoise demo`: the sample world, one day of it planned, a summary worth reading.

Not here: the world (``assets.feeds.synthetic``) and planning.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from assets.kernel.identifiers import digest
from assets.policy.access import Permission
from orchestration.cli.command import admitted, admitted_if_there, command
from orchestration.cli.console import Output
from orchestration.cli.plan import run_and_report

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assets.feeds.synthetic import Fault
    from assets.kernel.home import NetworkHome
    from orchestration.settings import Settings

NETWORK = "sample"
SEED = 7


@command(needs=None)
def demo(
    out: Output,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the world.")] = SEED,
    small: Annotated[bool, typer.Option("--small", help="A world of 7 sites and 20 items, for a quick look.")] = False,
    fault: Annotated[
        list[str] | None,
        typer.Option(help="Spoil the feeds, as NAME, NAME:SITE or NAME:SITE:ITEM; may be given again."),
    ] = None,
) -> None:
    """Make the sample world, plan one day of it and say what was decided.

    Making the same world again changes nothing; other options make another network beside it.
    """
    from orchestration.settings import read_settings

    settings = read_settings()
    # The demo plans its own network, whatever the environment chose before.
    chosen = settings.model_copy(update={"network": network_name(seed, small=small, faults=fault or ())})
    with admitted_if_there(out, chosen, Permission.PLAN):
        with out.working("Making the sample world"):
            home = prepare(settings, seed=seed, small=small, faults=fault or ())
        settings.activate(home.root.name)
    with admitted(out, chosen, Permission.PLAN) as own:
        run_and_report(own, chosen, home.profile.declared_date)


LONGEST_NAME = 63
"""Dagster tags what it runs with the network's name, and takes no longer tag."""


def network_name(seed: int, *, small: bool, faults: Sequence[str] = ()) -> str:
    """Return the name of the network of a world: a different world never mixes with the first.

    >>> network_name(7, small=False), network_name(3, small=True)
    ('sample', 'sample-small-3')
    >>> network_name(7, small=False, faults=["stale_feed:store-02"])
    'sample-stale_feed-store-02'
    """
    parts = [NETWORK, *(["small"] if small else []), *([str(seed)] if seed != SEED else [])]
    name = "-".join([*parts, *(fault.replace(":", "-") for fault in faults)])
    if len(name) <= LONGEST_NAME:
        return name
    mark = digest(name)[:8]
    return f"{name[: LONGEST_NAME - len(mark) - 1]}-{mark}"


def prepare(settings: Settings, *, seed: int, small: bool, faults: Sequence[str] = ()) -> NetworkHome:
    """Write the sample network's profile and land its feeds; the same batch again is one batch."""
    from assets.feeds.landing import LandingArea
    from assets.feeds.synthetic import World, WorldParameters, demo_dates, demo_profile, emit

    parameters = WorldParameters.small(seed) if small else WorldParameters(seed=seed)
    spoilt = [_fault(text) for text in faults]
    name = network_name(seed, small=small, faults=faults)
    home = settings.home_of(name)
    profile = demo_profile(parameters).model_copy(update={"name": name})
    profile.write(home.root)
    start, end = demo_dates(parameters)
    emit(World(parameters), LandingArea(home.landing, profile.clock), start, end, spoilt)
    return home


def _fault(text: str) -> Fault:
    from assets.feeds.synthetic import fault

    name, site, item, *_ = [*text.split(":"), "", ""]
    return fault(name, site=site, item=item)
