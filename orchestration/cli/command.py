"""What all commands share: the options every command takes and how its body is called.

Not here: any command, and how an error ends one (``application``, ``errors``).
"""

from __future__ import annotations

import datetime as dt
import functools
import inspect
from collections.abc import Callable
from typing import Annotated, Any, Concatenate, ParamSpec

import typer

from orchestration.cli.console import Output

P = ParamSpec("P")
_SHARED: dict[str, Any] = {
    "json": Annotated[bool, typer.Option("--json", help="Print data as JSON on stdout, and nothing else there.")],
    "debug": Annotated[bool, typer.Option("--debug", help="Print the traceback of an error, and what libraries say.")],
}


def command(body: Callable[Concatenate[Output, P], None]) -> Callable[..., None]:
    """Give ``body`` the options of every command, and the output that they imply.

    Parameters
    ----------
    body : callable
        The command; its first parameter is the output, the others are its own options.
    """
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
        with Output.on_terminal(json=json, debug=debug) as out:
            body(out, **arguments)  # type: ignore[call-arg]

    # Typer reads the command's options from these two.
    run.__signature__ = signature.replace(parameters=parameters, return_annotation=None)  # type: ignore[attr-defined]
    run.__annotations__ = {p.name: p.annotation for p in parameters}
    return run


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
