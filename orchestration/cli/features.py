"""`equipoise features`: which feature sets there are, and which one plans use from now on.

Not here: how a feature is computed (dbt), and what a set holds (``assets.features``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from assets.kernel.telling import Record
from assets.policy.access import Permission
from orchestration.cli.command import command
from orchestration.cli.console import Output, table
from orchestration.cli.reading import open_network

if TYPE_CHECKING:
    from assets.features.registry import FeatureRegistry, FeatureSet

features = typer.Typer(add_completion=False, no_args_is_help=True, help="List, pin or roll back feature sets.")


@features.command("list")
@command(needs=Permission.READ_ORDERS)
def list_sets(out: Output) -> None:
    """List the feature sets, which one is in force, and the network's pins."""
    found = gather(open_registry())
    out.answer(found, lambda console: _show(console, found))


@features.command("pin")
@command(needs=Permission.PROMOTE_RELEASE)
def pin_set(
    out: Output, name: Annotated[str, typer.Argument(help="Feature set to use from the next plan on.")]
) -> None:
    """Put a feature set in force from the next plan on."""
    chosen = describe(open_registry().pin(name))
    out.answer(chosen, lambda console: console.print(f"{chosen['version']} is in force from the next plan on."))


@features.command("rollback")
@command(needs=Permission.ROLL_BACK_RELEASE)
def roll_back(out: Output) -> None:
    """Put the feature set before the last pin in force again."""
    chosen = describe(open_registry().rollback())
    out.answer(chosen, lambda console: console.print(f"{chosen['version']} is in force again from the next plan on."))


def open_registry() -> FeatureRegistry:
    """Return the feature sets as the network pins them."""
    from assets.features.registry import FeatureRegistry

    return FeatureRegistry(open_network().root)


def gather(registry: FeatureRegistry) -> Record:
    """Return the sets, the one in force marked, and the history of pins."""
    active = registry.active().version
    return {
        "sets": [{**describe(found), "active": found.version == active} for found in registry.available()],
        "pins": [vars(pin) for pin in registry.history()],
    }


def describe(found: FeatureSet) -> Record:
    """Return a feature set with its parameters."""
    return {"version": found.version, **found.model_dump(mode="json")}


def _show(console: Console, found: Record) -> None:
    rows = [[s["version"], "in force" if s["active"] else "", s["description"]] for s in found["sets"]]
    console.print(table("Feature sets", ["version", "", "what it defines"], rows))
    for pin in found["pins"]:
        console.print(f"{pin['action']}: {pin['version']}", markup=False)
