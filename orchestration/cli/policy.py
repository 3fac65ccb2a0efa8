"""`equipoise policy`: which releases there are, and what one of them says.

Not here: promoting a release, which is governance.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from assets.kernel.errors import EquipoiseError
from orchestration.cli.command import command
from orchestration.cli.console import Output, table
from orchestration.cli.reading import Record

if TYPE_CHECKING:
    from assets.policy.registry import PolicyRegistry

policy = typer.Typer(add_completion=False, no_args_is_help=True, help="List and show policy releases.")


@policy.command("list")
@command
def list_releases(out: Output) -> None:
    """List the policy releases, with their stage and content hash."""
    from assets.policy.registry import PolicyRegistry

    found = gather(PolicyRegistry())
    out.answer(found, lambda console: _show(console, found))


@policy.command("show")
@command
def show_release(
    out: Output,
    name: Annotated[str | None, typer.Argument(help="Name or version; the active release if not given.")] = None,
) -> None:
    """Show what a release decides by."""
    from assets.policy.registry import PolicyRegistry

    found = gather_one(PolicyRegistry(), name)
    out.answer(found, lambda console: _show_one(console, found))


def gather(registry: PolicyRegistry) -> list[Record]:
    """Return the releases, one record each."""
    return [
        {
            "name": release.name,
            "version": release.version,
            "stage": release.stage,
            "parent": release.parent,
            "author": release.author,
            "description": release.description,
        }
        for release in registry.releases()
    ]


def gather_one(registry: PolicyRegistry, name: str | None) -> Record:
    """Return one release with all its rules.

    Raises
    ------
    EquipoiseError
        If no release has that name or version.
    """
    releases = [registry.active()] if name is None else registry.releases()
    for release in releases:
        if name in (None, release.name, release.version):
            return {"version": release.version, **release.model_dump(mode="json")}
    raise EquipoiseError(
        f"no policy release is called {name!r}",
        where="policy registry",
        remedy=f"Use one of {', '.join(release.name for release in releases)}",
    )


def _show(console: Console, found: list[Record]) -> None:
    rows = [[r["version"], r["stage"], r["author"], r["description"]] for r in found]
    console.print(table("Policy releases", ["version", "stage", "author", "what it says"], rows))


def _show_one(console: Console, found: Record) -> None:
    import yaml

    console.print(f"# {found['version']}", markup=False)
    shown = {key: value for key, value in found.items() if key != "version"}
    console.print(yaml.safe_dump(shown, sort_keys=False).rstrip(), markup=False, soft_wrap=True)
