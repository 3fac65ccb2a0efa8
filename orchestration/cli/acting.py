"""Who acts, where a command lets them say so: a check of what is known, never a claim.

Not here: who somebody is (``governance.identity``).
"""

from __future__ import annotations

from typing import Annotated

import typer

from assets.kernel.errors import EquipoiseError
from orchestration.cli.console import Output

By = Annotated[str | None, typer.Option("--by", metavar="WHO", help="Who you are; refused if it is somebody else.")]


def acting(out: Output, by: str | None) -> str:
    """Return who acts.

    Raises
    ------
    EquipoiseError
        If they say that they are somebody else.
    """
    person = out.access.identity.person
    if by is None or by in (person, person.partition("#")[0]):
        return person
    raise EquipoiseError(
        f"you are {person}, not {by}: nobody acts for somebody else", where="--by",
        remedy="Leave it out, or let them do it themselves",
    )  # fmt: skip
