"""`equipoise policy`: which releases there are, what one says, what changes between two, and who decides next.

Not here: the rules of stages and rollbacks (``assets.governance``), carrying a rollback out
(``policy_rollback``), or searching (``policy_search``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from assets.kernel.errors import EquipoiseError
from assets.kernel.telling import Record, counted, plain
from assets.policy.access import Permission
from orchestration.cli.command import command
from orchestration.cli.console import Output, table
from orchestration.cli.policy_search import search

if TYPE_CHECKING:
    from assets.governance.events import Evidence
    from assets.policy.registry import PolicyRegistry
    from orchestration.access import Access

policy = typer.Typer(add_completion=False, no_args_is_help=True, help="List, compare, promote or roll back releases.")
policy.command("search")(search)
Name = Annotated[str, typer.Argument(metavar="NAME", help="Name or version of a release.")]
Reason = Annotated[str, typer.Option("--reason", help="Why.")]


@policy.command("list")
@command(needs=Permission.READ_ORDERS)
def list_releases(out: Output) -> None:
    """List the policy releases, with their stage and content hash."""
    found = gather(registry(out.access))
    out.answer(found, lambda console: _show(console, found))
    _tell_of_unfinished(out)


@policy.command("show")
@command(needs=Permission.READ_ORDERS)
def show_release(
    out: Output,
    name: Annotated[str | None, typer.Argument(help="Name or version; the active release if not given.")] = None,
) -> None:
    """Show what a release decides by, who brought it to its stage, and what speaks for it."""
    found = {**gather_one(registry(out.access), name)}
    found["history"] = gather_history(out.access, str(found["name"]))
    out.answer(found, lambda console: _show_one(console, found))
    _tell_of_unfinished(out)


@policy.command("diff")
@command(needs=Permission.READ_ORDERS)
def diff(
    out: Output,
    before: Annotated[str, typer.Argument(metavar="A", help="Name or version.")],
    after: Annotated[str, typer.Argument(metavar="B", help="Name or version.")],
    money: Annotated[
        bool, typer.Option("--money/--no-money", help="Plan the latest snapshot under both, and compare the cost.")
    ] = True,
) -> None:
    """Say in words, and in money on the latest snapshot, what B decides otherwise than A."""
    from orchestration.cli.policy_money import gather_diff

    with out.working("Comparing"):
        found = gather_diff(out.access, before, after, money=money)
    lines = "\n".join([*found["words"], *found["money"]])
    out.answer(found, lambda console: console.print(lines, markup=False))


@policy.command("promote")
@command(needs=Permission.DRAFT_RELEASE)
def promote(
    out: Output,
    name: Name,
    reason: Reason,
    evidence: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KIND:SOURCE:NAME=VALUE UNIT,...",
            help="What speaks for it (backtest, simulation, shadow, canary), where it can be found, its numbers.",
        ),
    ] = None,
) -> None:
    """Move a release one stage on: draft, shadow, canary, active. What its shadow or canary showed speaks for it."""
    from orchestration.rollout import promote_on

    at = out.access
    attached = tuple(evidence_of(text) for text in evidence or ())
    promote_on(at.settings, at.store, name, by=at.identity, why=reason, evidence=attached)
    _show_stage(out, name)


@policy.command("retire")
@command(needs=Permission.DRAFT_RELEASE)
def retire(out: Output, name: Name, reason: Reason) -> None:
    """Retire a draft or a shadow."""
    from assets.governance.stages import retire as retired

    at = out.access
    _settled(
        out, name,
        lambda _: retired(name, registry(at).releases(), by=at.identity, at=at.clock.now(), why=reason),
    )  # fmt: skip


@policy.command("rollback")
@command(needs=Permission.ROLL_BACK_RELEASE)
def roll_back(out: Output, name: Name, reason: Reason) -> None:
    """Take a canary or the active release back; say, and do, what becomes of the orders that it made."""
    from orchestration.cli.policy_rollback import roll_back as taken_back
    from orchestration.cli.policy_rollback import show

    found = out.shown(taken_back(out.access, name, reason))
    out.answer(found, lambda console: show(console, found))


@policy.command("lift")
@command(needs=Permission.APPROVE)
def lift(
    out: Output, order_id: Annotated[str, typer.Argument(metavar="ORDER", help="Order that is held.")], reason: Reason
) -> None:
    """Let an order go that a rollback holds, or say that one which a rollback left to people was seen to."""
    from assets.governance.disposition import lift_hold
    from assets.governance.events import RELEASES
    from assets.governance.log import settle
    from assets.orders.store import require_order
    from orchestration.rollout import finish_rollbacks

    at = out.access
    finish_rollbacks(at.store, at.home.profile, at.clock)
    order = require_order(at.store, order_id)
    settle(
        at.log, RELEASES,
        lambda history: lift_hold(order, history, by=at.identity, at=at.clock.now(), why=reason),
    )  # fmt: skip
    out.answer({"order_id": order_id}, lambda console: console.print(f"{order_id} goes on as it is.", markup=False))


def registry(access: Access) -> PolicyRegistry:
    """Return the releases of the network."""
    from orchestration.policies import registry_of

    return registry_of(access.home, access.store)


def gather(found: PolicyRegistry) -> list[Record]:
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
        for release in found.releases()
    ]


def gather_one(found: PolicyRegistry, name: str | None) -> Record:
    """Return one release with all its rules.

    Raises
    ------
    EquipoiseError
        If no release has that name or version.
    """
    releases = [found.active()] if name is None else found.releases()
    for release in releases:
        if name in (None, release.name, release.version):
            return {"version": release.version, **release.model_dump(mode="json")}
    raise EquipoiseError(
        f"no policy release is called {name!r}",
        where="policy registry",
        remedy=f"Use one of {', '.join(release.name for release in releases)}",
    )


def gather_history(access: Access, name: str) -> list[Record]:
    """Return how a release came to its stage, with the evidence that was attached."""
    from dataclasses import asdict

    from assets.governance.events import RELEASES, StageChanged

    history = access.log.history(RELEASES)
    own = [asdict(one) for one in history if isinstance(one, StageChanged) and one.release == name]
    told: list[Record] = plain(own)
    return told


def evidence_of(text: str) -> Evidence:
    """Return evidence as it is typed: ``shadow:run-7:cost=0.97 share,lost_sales=0.01``.

    Raises
    ------
    EquipoiseError
        If it is not written so.
    """
    from decimal import Decimal, InvalidOperation

    from assets.governance.events import Evidence, EvidenceKind, Figure

    kind, _, rest = text.partition(":")
    source, _, numbers = rest.rpartition(":")
    try:
        figures = []
        for one in numbers.split(","):
            name, _, told = one.partition("=")
            value, _, unit = told.strip().partition(" ")
            figures.append(Figure(name.strip(), Decimal(value), unit.strip()))
        return Evidence(EvidenceKind(kind.strip()), source.strip(), tuple(figures))
    except (ValueError, InvalidOperation) as error:
        raise EquipoiseError(
            f"{text!r} is no evidence", where="--evidence",
            remedy=f"Write KIND:SOURCE:NAME=VALUE UNIT,... with a kind of {', '.join(EvidenceKind)}",
        ) from error  # fmt: skip


def _settled(out: Output, name: str, decide: Any) -> None:
    from assets.governance.events import RELEASES
    from assets.governance.log import settle
    from orchestration.rollout import finish_rollbacks

    finish_rollbacks(out.access.store, out.access.home.profile, out.access.clock)
    settle(out.access.log, RELEASES, decide)
    _show_stage(out, name)


def _tell_of_unfinished(out: Output) -> None:
    """Say of which rollback something is still to be done: reading changes nothing."""
    from assets.governance.carrying_out import unfinished
    from assets.governance.events import RELEASES

    for rolled in unfinished(out.access.log.history(RELEASES)):
        out.say(
            f"{counted(rolled.orders or (), 'order')} of {rolled.version}, taken back at {rolled.at:%Y-%m-%d %H:%M} "
            "UTC, still to be seen to: `equipoise dispatch` or the next plan goes on, once they or their goods came."
        )


def _show_stage(out: Output, name: str) -> None:
    found = gather_one(registry(out.access), name)
    line = f"{found['version']} is {found['stage']} now."
    out.answer(found, lambda console: console.print(line, markup=False))


def _show(console: Console, found: list[Record]) -> None:
    rows = [[r["version"], r["stage"], r["author"], r["description"]] for r in found]
    console.print(table("Policy releases", ["version", "stage", "author", "what it says"], rows))


def _show_one(console: Console, found: Record) -> None:
    import yaml

    console.print(f"# {found['version']}", markup=False)
    shown = {key: value for key, value in found.items() if key not in ("version", "history")}
    console.print(yaml.safe_dump(shown, sort_keys=False).rstrip(), markup=False, soft_wrap=True)
    for one in found["history"]:
        told = f"# {one['at'][:10]} {one['before']} to {one['after']} by {one['by']}: {one['why']}"
        for piece in one["evidence"]:
            numbers = ", ".join(f"{f['name']} {f['value']:g} {f['unit']}".rstrip() for f in piece["figures"])
            told += f" [{piece['kind']} {piece['source']}: {numbers}]"
        console.print(told, markup=False, soft_wrap=True)
