"""What all commands share: the options every command takes, who may run it, and how its body is called.

A command declares the permission that it needs; whoever runs it is identified here, once, and what they may
not see is hidden by the output that the body gets. Not here: any command, how an error ends one
(``application``, ``errors``), or who may do what (``policy.access``).
"""

from __future__ import annotations

import datetime as dt
import functools
import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Annotated, Any, Concatenate, ParamSpec

import typer

from assets.policy.access import Permission
from orchestration.cli import errors
from orchestration.cli.console import Output

if TYPE_CHECKING:
    from orchestration.settings import Settings

P = ParamSpec("P")
Body = Callable[Concatenate[Output, P], None]
CALLED: ContextVar[str] = ContextVar("the command, as it was typed without arguments", default="equipoise")
NOTED: ContextVar[tuple[str, ...]] = ContextVar("notes on identities that were said", default=())
_SHARED: dict[str, Any] = {
    "json": Annotated[bool, typer.Option("--json", help="Print data as JSON on stdout, and nothing else there.")],
    "debug": Annotated[bool, typer.Option("--debug", help="Print the traceback of an error, and what libraries say.")],
}


def command(*, needs: Permission | None) -> Callable[[Body[P]], Callable[..., None]]:
    """Give a body the options of every command, and the output that they imply.

    Parameters
    ----------
    needs : Permission or None
        Without which it does nothing on the network of the settings; ``None`` where no network need be there. A
        body that makes a network asks by itself (``admitted``) before it touches one that is there.
    """

    def made(body: Body[P]) -> Callable[..., None]:
        signature = inspect.signature(body, eval_str=True)
        own = list(signature.parameters.values())[1:]
        shared = [
            inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=False, annotation=annotation)
            for name, annotation in _SHARED.items()
        ]
        parameters = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in own] + shared

        @functools.wraps(body)
        def run(*, json: bool, debug: bool, **arguments: Any) -> None:
            # Errors rise to `application.run`, which reads --debug as well.
            with Output.on_terminal(json=json, debug=debug) as out, _at_work(out, needs) as own_out:
                body(own_out, **arguments)  # type: ignore[call-arg]

        # Typer reads the command's options from these two.
        run.__signature__ = signature.replace(parameters=parameters, return_annotation=None)  # type: ignore[attr-defined]
        run.__annotations__ = {p.name: p.annotation for p in parameters}
        run.needs = needs  # type: ignore[attr-defined]
        return run

    return made


def access_matters() -> frozenset[Permission]:
    """Return what nobody should do by accident as somebody else: acting on orders, releases and people."""
    from assets.policy.access import Permission

    reads_and_plans = {
        Permission.READ_ORDERS, Permission.READ_SENSITIVE, Permission.LAND_DATA, Permission.PLAN,
        Permission.VERIFY_LEDGER,
    }  # fmt: skip
    return frozenset(Permission) - reads_and_plans


@contextmanager
def admitted(out: Output, settings: Settings, needs: Permission) -> Iterator[Output]:
    """Identify who runs a command on the network of some settings, and yield the output of what they may see.

    Raises
    ------
    EquipoiseError
        If they may not.
    """
    from orchestration.access import at_work

    with at_work(settings, CALLED.get(), needs) as access:
        if needs in access_matters() and access.identity.note and access.identity.note not in NOTED.get():
            out.say(access.identity.note)
            NOTED.set((*NOTED.get(), access.identity.note))
        errors.hide_by(access.shown)
        yield out.for_eyes_of(access)


@contextmanager
def admitted_if_there(out: Output, settings: Settings, needs: Permission) -> Iterator[None]:
    """Let somebody add to a network of these settings if they may, and make it where there is none yet.

    Raises
    ------
    EquipoiseError
        If it is there and they may not.
    """
    from assets.kernel.network import PROFILE_FILE

    if not (settings.network_home().root / PROFILE_FILE).exists():
        yield
        return
    with admitted(out, settings, needs):
        yield


@contextmanager
def _at_work(out: Output, needs: Permission | None) -> Iterator[Output]:
    if needs is None:
        yield out
        return
    from orchestration.settings import read_settings

    with admitted(out, read_settings(), needs) as own:
        yield own


def parse_date(text: str) -> dt.date:
    """Read a date of an option.

    Raises
    ------
    typer.BadParameter
        If it is not a calendar date written YYYY-MM-DD.
    """
    try:
        return dt.date.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is not a date written YYYY-MM-DD") from error


PlanDate = Annotated[
    dt.date | None,
    typer.Option("--date", parser=parse_date, metavar="YYYY-MM-DD", help="Plan date; the latest one if not given."),
]
"""The plan date that a reading command asks about."""
