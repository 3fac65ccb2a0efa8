"""`equipoise pause` and `equipoise resume`: where nothing leaves for now. Plans go on.

Not here: what a pause holds back (``governance.pause``).
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from assets.kernel.errors import EquipoiseError
from assets.kernel.telling import Record, plain
from assets.policy.access import Permission
from orchestration.cli.command import command, parse_date
from orchestration.cli.console import Output, table

if TYPE_CHECKING:
    from assets.governance.events import PauseScope
    from orchestration.access import Access

_SCOPE = "all, site=SITE, supplier=SUPPLIER or 'lane=ORIGIN>DESTINATION'."


@command(needs=Permission.READ_ORDERS)
def pause(
    out: Output,
    scope: Annotated[str | None, typer.Argument(metavar="[SCOPE]", help=f"{_SCOPE} Without one, list.")] = None,
    reason: Annotated[str, typer.Option("--reason", help="Why.")] = "",
    until: Annotated[
        dt.date | None,
        typer.Option("--until", parser=parse_date, metavar="YYYY-MM-DD", help="First day on which it goes on."),
    ] = None,
) -> None:
    """Let nothing leave somewhere until it is resumed; without a scope, list what is paused."""
    from assets.governance.events import PAUSE
    from assets.governance.log import settle
    from assets.governance.pause import pause as paused
    from assets.governance.pause import scope_of
    from assets.policy.access import require

    access = out.access
    if scope is not None:
        require(access.identity, Permission.PAUSE)
        where = scope_of(scope)
        _require_known(access, where)
        settle(
            access.log, PAUSE,
            lambda history: paused(
                history, where, by=access.identity, at=access.clock.now(), today=access.today, why=reason, until=until
            ),
        )  # fmt: skip
    found = gather(access)
    out.answer(found, lambda console: show(console, found))


@command(needs=Permission.PAUSE)
def resume(
    out: Output,
    scope: Annotated[str, typer.Argument(metavar="SCOPE", help=_SCOPE)],
    reason: Annotated[str, typer.Option("--reason", help="Why.")],
) -> None:
    """Let orders leave there again, with the next dispatch."""
    from assets.governance.events import PAUSE
    from assets.governance.log import settle
    from assets.governance.pause import resume as resumed
    from assets.governance.pause import scope_of

    access, where = out.access, scope_of(scope)
    settle(
        access.log, PAUSE,
        lambda history: resumed(
            history, where, by=access.identity, at=access.clock.now(), today=access.today, why=reason
        ),
    )  # fmt: skip
    found = gather(access)
    out.answer(found, lambda console: show(console, found))


def gather(access: Access) -> list[Record]:
    """Return what is paused today."""
    from assets.governance.events import PAUSE
    from assets.governance.pause import pause_state

    return [
        plain({"scope": scope_text(one.scope), "since": one.since, "until": one.until, "by": one.by, "why": one.why})
        for one in pause_state(access.log.history(PAUSE), access.today).pauses
    ]


def scope_text(scope: PauseScope) -> str:
    """Return a scope as it is typed."""
    return f"{scope.kind}={scope.name}" if scope.name else str(scope.kind)


def show(console: Console, found: list[Record]) -> None:
    """Print what is paused for people."""
    if not found:
        console.print("Nothing is paused.")
        return
    rows = [[one["scope"], one["since"], one["until"], one["by"], one["why"]] for one in found]
    console.print(table("Paused: nothing leaves there", ["scope", "since", "until", "by", "why"], rows))


def _require_known(access: Access, scope: PauseScope) -> None:
    """Raise if a network that was planned has no such site or supplier: a wrong name would hold nothing back."""
    from assets.governance.events import PauseKind
    from assets.kernel.frames.marts import DIM_SITE, DIM_SOURCING
    from assets.kernel.published import Published

    published = Published(access.home.published)
    dates = [dates[-1] for frame in (DIM_SITE, DIM_SOURCING) if (dates := published.plan_dates(frame.name))]
    if scope.kind is PauseKind.ALL or len(dates) < 2:
        return
    sites = set(published.read(DIM_SITE, dates[0])["site_id"])
    suppliers = set(published.read(DIM_SOURCING, dates[1])["supplier_id"])
    known = {PauseKind.SITE: sites, PauseKind.SUPPLIER: suppliers}.get(scope.kind, sites | suppliers)
    for name in scope.name.split(">") if scope.kind is PauseKind.LANE else [scope.name]:
        if name not in known:
            raise EquipoiseError(
                f"the network has no such place: {name}", where=f"pause of {scope_text(scope)}",
                remedy=f"Name one of {', '.join(sorted(known)[:20])}",
            )  # fmt: skip
